"""Widgets whose values the page changes, too: wherever it does, a new widget takes the place of the old one.

A message that left the browser before it knew of the page's values carries those of the old widgets. Had the new values
the same keys, they would be undone by it. So what a widget holds is changed by people alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def widget_key(key: str) -> str:
    """Return the key of the widget that now holds the value: a new one whenever the page itself changes it."""
    turn = st.session_state.get(f"{key}-turn", 0)
    return f"{key}-{turn}" if turn else key


def value_of(key: str, default: Any = None) -> Any:
    """Return the value that the widget holds, or will hold once it is shown."""
    return st.session_state.get(widget_key(key), default)


def put(key: str, value: Any, *, again: bool = False) -> None:
    """Change the value for people, from a callback or before the widget is shown.

    Where it is the same already the widget stays, and with it the focus of whoever has just chosen it. again: tell the
    browser, too, where it is the same, since it may be called otherwise now.
    """
    state, shown = st.session_state, widget_key(key)
    if shown in state:
        if state[shown] != value:
            state[_left(shown)] = state[shown]
            state[f"{key}-turn"] = state.get(f"{key}-turn", 0) + 1
        elif not again:
            return
    state[widget_key(key)] = value


def field(key: str, then: Callable[[], None] | None = None) -> dict[str, Any]:
    """Return what a widget needs to be told to hold the value, on other pages, too; then: called once it was chosen."""
    shown = widget_key(key)
    return {"key": shown, "persist_state": "session", "on_change": _chosen, "args": (key, shown, then)}


def _chosen(key: str, shown: str, then: Callable[[], None] | None) -> None:
    # Streamlit calls this for old widgets, too. What they held when the page put in its value says nothing; what
    # somebody chose in one since, before the browser knew of the new one, is taken over.
    state = st.session_state
    if shown != widget_key(key):
        if state[shown] == state[_left(shown)]:
            return
        state[_left(shown)] = state[shown]
        put(key, state[shown])
    if then:
        then()


def _left(shown: str) -> str:
    return f"{shown}-left"  # session: what an old widget held
