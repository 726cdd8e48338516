"""What was deleted in this session, a line each, with a way to have it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.parts.shared.run_controls import refusable, refusal
from pages.parts.shared.style import plain


@dataclass(frozen=True)
class Deletion:
    """What was deleted at once. key: tells it from all others; what: its words; put_back: raises ValueError where it
    cannot be.
    """

    key: str
    what: str
    put_back: Callable[[], None]


def remember_deletion(place: str, deletion: Deletion, most: int | None = None) -> None:
    """Keep a deletion for the undo bar of a page, at most so many of them."""
    kept = [*st.session_state.get(f"{place}-deleted", []), deletion]
    st.session_state[f"{place}-deleted"] = kept[-most:] if most else kept


def undo_bar(place: str) -> None:
    """Show a line for each deletion of this session, to undo it, until it is undone or dismissed."""
    for deletion in st.session_state.get(f"{place}-deleted", []):
        key = deletion.key
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"deleted-{key}"):
            st.markdown(f"Deleted {plain(deletion.what)}.", width="content")
            st.button("Undo", key=f"undo-{key}", icon=":material/undo:", on_click=_undo, args=(place, deletion))
            st.button("Dismiss", key=f"dismiss-{key}", type="tertiary", on_click=_forget, args=(place, deletion))
    refusal(f"{place}-undo")


def _undo(place: str, deletion: Deletion) -> None:
    with refusable(f"{place}-undo"):
        deletion.put_back()
        _forget(place, deletion)


def _forget(place: str, deletion: Deletion) -> None:
    kept = st.session_state.get(f"{place}-deleted", [])
    st.session_state[f"{place}-deleted"] = [one for one in kept if one is not deletion]
