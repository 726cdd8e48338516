"""Controls whose values are in the address and are remembered while people visit other pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

_MEMORY = "address-memory"  # session: what pages have put into the address
_RENAMED = {"torn": "displacement"}  # what links made earlier call it


def wanted(name: str, first: str, key: str) -> str:
    """Return the text that a control should show; it comes from a stranger's address.

    A changed address wins (a link, the browser's back button), then what is in the widget with this key, then what
    the session remembers, because changing the page drops both the address and the widget.
    """
    address, known = st.query_params.get(name), st.session_state.get(_MEMORY, {})
    here = key in st.session_state
    if address != known.get(name) and (address is not None or here):
        return first if address is None else str(address)[:200]
    if here:
        now = st.session_state[key]
        return ",".join(map(str, now)) if isinstance(now, list) else str(now)
    return str(known.get(name, first))


def news(name: str) -> str | None:
    """Return what a stranger's address says of a control, None unless that differs from what is remembered of it."""
    address = st.query_params.get(name)
    return None if address is None or address == remembered(name) else str(address)[:200]


def remembered(name: str) -> str | None:
    """Return what the session remembers of a control, None for what is there at first."""
    known: str | None = st.session_state.get(_MEMORY, {}).get(name)
    return known


def remember(name: str, value: str, first: str) -> None:
    """Keep a value for the next visit, and in the address where it is not what is there at first."""
    known = st.session_state.setdefault(_MEMORY, {})
    if value == first:
        known.pop(name, None)
        if name in st.query_params:
            del st.query_params[name]
        return
    known[name] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def chosen(name: str, titles: Mapping[str, str], first: str) -> str:
    """Return what a control of one choice is at, before it is drawn."""
    now = wanted(name, first, _key(name))
    return now if now in titles else first


def segments(
    label: str, name: str, titles: Mapping[str, str], first: str, *, hidden: bool = False, tip: str | None = None
) -> str:
    """Let people choose one of a few, by its title."""
    look: Any = {"required": True, "label_visibility": "collapsed" if hidden else "visible", "help": tip}
    return _choose(st.segmented_control, label, name, titles, first, **look)


def select(label: str, name: str, titles: Mapping[str, str], first: str, width: int, tip: str | None = None) -> str:
    """Let people choose one of many, by its title."""
    return _choose(st.selectbox, label, name, titles, first, width=width, help=tip)


def steps(label: str, name: str, titles: Mapping[str, str], first: str, *, tip: str | None = None) -> str:
    """Let people slide to one of several that have an order, by its title."""
    return _choose(st.select_slider, label, name, titles, first, help=tip)


def _choose(
    control: Callable[..., object], label: str, name: str, titles: Mapping[str, str], first: str, **look: Any
) -> str:
    st.session_state[_key(name)] = chosen(name, titles, first)
    picked = str(
        control(label, list(titles), format_func=lambda one: titles.get(one, str(one)), key=_key(name), **look)
    )
    remember(name, picked, first)
    return picked


def pills(label: str, name: str, titles: Mapping[str, str], tip: str) -> tuple[str, ...]:
    """Let people choose any of a few, none at first; in the address with commas between."""
    now = [_RENAMED.get(one, one) for one in wanted(name, "", _key(name)).split(",")]
    st.session_state[_key(name)] = [one for one in titles if one in now]
    picked = st.pills(
        label,
        list(titles),
        selection_mode="multi",
        format_func=lambda one: titles.get(one, str(one)),
        key=_key(name),
        help=tip,
    )
    remember(name, ",".join(one for one in titles if one in picked), "")
    return tuple(one for one in titles if one in picked)


def kept(name: str) -> str:
    """Return the value of a name that no control shows, as it was `put`, or from the address; "" where there is none.

    It comes from a stranger's address.
    """
    now = wanted(name, "", _key(name))
    st.session_state.pop(_key(name), None)  # as a control's value, which goes with its page
    remember(name, now, "")
    return now


def is_told(name: str) -> bool:
    """Say whether a control is anywhere but at what is there at first, by the address or by what is remembered."""
    return name in st.query_params or name in st.session_state.get(_MEMORY, {})


def put(name: str, value: str | list[str]) -> None:
    """Choose for the control with this name before it is drawn."""
    st.session_state[_key(name)] = value


def _key(name: str) -> str:
    return f"latent-{name}"
