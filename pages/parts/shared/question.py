"""Asking once before something is done that many would miss: an answer counts for what was asked about, and no more."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.parts.shared.style import plain


@dataclass(frozen=True)
class Question:
    """A question. key: its place in the session; about: what it would be done to; text: its words, free text;
    yes: the label of the button that does it.
    """

    key: str
    about: Hashable
    text: str
    yes: str


def ask(key: str, about: Hashable) -> None:
    """Have the question about this asked from now on."""
    st.session_state[f"{key}-asked"] = about


def asked(key: str) -> Hashable:
    """Return what is asked about now, None when nothing is."""
    return st.session_state.get(f"{key}-asked")


def question_line(question: Question, on_yes: Callable[..., None], args: Sequence[object] = ()) -> None:
    """Show the question, if it is asked, with its answers."""
    key = question.key
    if asked(key) != question.about:
        return
    with st.container(gap="xsmall", key=f"ask-{key}"):
        st.markdown(plain(question.text))
        with st.container(horizontal=True, gap="small"):
            st.button(question.yes, key=f"{key}-yes", type="primary", on_click=_do, args=(key, on_yes, args))
            st.button("Cancel", key=f"{key}-no", on_click=_forget, args=(key,))


def _do(key: str, on_yes: Callable[..., None], args: Sequence[object]) -> None:
    _forget(key)
    on_yes(*args)


def _forget(key: str) -> None:
    st.session_state.pop(f"{key}-asked", None)


def in_words(names: Sequence[str], most: int) -> str:
    """Return names as a list in words, the first so many of them: A, B and C; A, B and 4 more."""
    shown = [*names[:most], *([f"{len(names) - most:,} more"] if len(names) > most else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
