"""The fields of the Train page's form: one widget a setting, with title and help from the table of settings.

No field has bounds: TrainConfig knows them, and says in a sentence what is wrong instead of clamping what was typed.
The page fills the form with `put`, so that nothing that is on its way from the browser undoes it. A field that is typed
into is told its value as its default, too: a new one would show 0 before what was put in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.models.contract import ModelSpec, Param, Value
from core.training.settings import AUGMENTATION_SETTINGS, SETTINGS, Setting, in_words
from pages.parts.shared.controls import fields

KEY = "form"


def key_of(name: str) -> str:
    """Return what a field is kept under in the session; the key of its widget is another one after each `put`."""
    return f"{KEY}-{name}"


def value_of(name: str, default: Any = None) -> Any:
    """Return what is in a field, be it shown or not."""
    return fields.value_of(key_of(name), default)


def put(name: str, value: Any, *, again: bool = False) -> None:
    """Change what is in a field, before it is shown or from a callback; again: as `fields.put` has it."""
    fields.put(key_of(name), value, again=again)


def field(name: str, then: Callable[[], None] | None = None) -> dict[str, Any]:
    """Return what makes a widget the field of that name; then: called once somebody has changed it."""
    return fields.field(key_of(name), then)


def whole(name: str) -> int:
    """Show the field of a setting that is a whole number."""
    step = int(_setting(name).step)
    return int(st.number_input(_setting(name).title, value=int(value_of(name)), step=step, **_common(name)))


def real(name: str) -> float:
    """Show the field of a setting that is any number."""
    value, step = float(value_of(name)), float(_setting(name).step)
    return float(st.number_input(_setting(name).title, value=value, step=step, format="%.6g", **_common(name)))


def choice(
    name: str,
    options: Sequence[str],
    key: str = "",
    titles: Mapping[str, str] | None = None,
    then: Callable[[], None] | None = None,
) -> str:
    """Show the field of a setting that is one of a few words; `titles`: what they are called, where not as usual."""
    if value_of(key or name) not in options:
        put(key or name, options[0])
    names = titles or {}
    named = {option: names.get(option, in_words(option)) for option in options}
    common = _common(name, key, then)
    return str(st.selectbox(_setting(name).title, options, format_func=named.__getitem__, **common))


def param_name(model: str, param: str) -> str:
    """Return the name of the field of a model's own setting."""
    return f"{model}-{param}"


def param_field(spec: ModelSpec, param: Param) -> Value:
    """Show the field of one of a model's own settings."""
    name = param_name(spec.name, param.name)
    if value_of(name) is None:
        put(name, param.default)
    common = {"help": param.help or None, **field(name)}
    if param.choices:
        return str(st.selectbox(param.title, param.choices, format_func=in_words, **common))
    if isinstance(param.default, bool):
        return bool(st.toggle(param.title, **common))
    if isinstance(param.default, int):
        return int(st.number_input(param.title, value=int(value_of(name)), step=1, **common))
    if isinstance(param.default, float):
        step = 0.05 if param.high is not None and param.high <= 1 else None
        value = float(value_of(name))
        return float(st.number_input(param.title, value=value, step=step, format="%.6g", **common))
    return str(st.text_input(param.title, value=str(value_of(name)), **common))


def _setting(name: str) -> Setting:
    return SETTINGS.get(name) or AUGMENTATION_SETTINGS[name.removeprefix("augmentation-")]


def _common(name: str, key: str = "", then: Callable[[], None] | None = None) -> dict[str, Any]:
    return {"help": _setting(name).help or None, **field(key or name, then)}
