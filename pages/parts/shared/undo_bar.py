"""What was deleted in this session, a line each, with a way to have it back from the trash."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.parts.shared.run_controls import refusal
from pages.parts.shared.style import plain
from pages.parts.shared.trash import Trash, restore


@dataclass(frozen=True)
class Deletion:
    """What was deleted at once. key: tells it from all others; what: its words; trashed: its keys in the trash;
    hidden: whether it was hidden instead.
    """

    key: str
    what: str
    trashed: tuple[str, ...]
    hidden: bool = False


def remember_deletion(place: str, deletion: Deletion, most: int | None = None) -> None:
    """Keep a deletion for the undo bar of a page, at most so many of them."""
    kept = [one for one in st.session_state.get(f"{place}-deleted", []) if one.key != deletion.key]
    st.session_state[f"{place}-deleted"] = [*kept, deletion][-most:] if most else [*kept, deletion]


def undo_bar(trash: Trash) -> None:
    """Show a line for each deletion of this session that lies in the trash, until it is restored or dismissed."""
    there = {one.key for one in trash.entries}
    for deletion in st.session_state.get(f"{trash.place}-deleted", []):
        if there.isdisjoint(deletion.trashed):
            continue  # somebody restored it
        key, done = deletion.key, "Hid" if deletion.hidden else "Deleted"
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"deleted-{key}"):
            st.markdown(f"{done} {plain(deletion.what)}.", width="content")
            st.button("Undo", key=f"undo-{key}", icon=":material/undo:", on_click=_undo, args=(trash, deletion))
            st.button("Dismiss", key=f"dismiss-{key}", type="tertiary", on_click=_forget, args=(trash.place, deletion))
    refusal(trash.refusals)


def _undo(trash: Trash, deletion: Deletion) -> None:
    if restore(trash, deletion.trashed):
        _forget(trash.place, deletion)


def _forget(place: str, deletion: Deletion) -> None:
    kept = st.session_state.get(f"{place}-deleted", [])
    st.session_state[f"{place}-deleted"] = [one for one in kept if one is not deletion]
