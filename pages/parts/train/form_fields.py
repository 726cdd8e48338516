"""The fields of the Train page's form: one widget a setting, with title and help from the table of settings.

No field has bounds: TrainConfig knows them, and says in a sentence what is wrong instead of clamping what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.models.contract import ModelSpec, Param, Value
from core.training.settings import AUGMENTATION_SETTINGS, SETTINGS, Setting, in_words

KEY = "form"


def whole(name: str) -> int:
    """Show the field of a setting that is a whole number."""
    return int(st.number_input(_setting(name).title, step=int(_setting(name).step), **_common(name)))


def real(name: str) -> float:
    """Show the field of a setting that is any number."""
    return float(st.number_input(_setting(name).title, step=_setting(name).step, format="%.6g", **_common(name)))


def choice(
    name: str, options: Sequence[str], key: str = "", titles: Mapping[str, str] | None = None, **more: Any
) -> str:
    """Show the field of a setting that is one of a few words; `titles`: what they are called, where not as usual."""
    common = _common(name, key)
    if st.session_state.setdefault(common["key"], options[0]) not in options:
        st.session_state[common["key"]] = options[0]
    names = titles or {}
    named = {option: names.get(option, in_words(option)) for option in options}
    return str(st.selectbox(_setting(name).title, options, format_func=named.__getitem__, **common, **more))


def param_field(spec: ModelSpec, param: Param) -> Value:
    """Show the field of one of a model's own settings."""
    key = f"{KEY}-{spec.name}-{param.name}"
    common: dict[str, Any] = {"key": key, "help": param.help or None, "persist_state": "session"}
    st.session_state.setdefault(key, param.default)
    if param.choices:
        return str(st.selectbox(param.title, param.choices, format_func=in_words, **common))
    if isinstance(param.default, bool):
        return bool(st.toggle(param.title, **common))
    if isinstance(param.default, int):
        return int(st.number_input(param.title, step=1, **common))
    if isinstance(param.default, float):
        step = 0.05 if param.high is not None and param.high <= 1 else None
        return float(st.number_input(param.title, step=step, format="%.6g", **common))
    return str(st.text_input(param.title, **common))


def _setting(name: str) -> Setting:
    return SETTINGS.get(name) or AUGMENTATION_SETTINGS[name.removeprefix("augmentation-")]


def _common(name: str, key: str = "") -> dict[str, Any]:
    return {"key": f"{KEY}-{key or name}", "help": _setting(name).help or None, "persist_state": "session"}
