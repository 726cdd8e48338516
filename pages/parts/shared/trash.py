"""The trash of a page: what anybody deleted or hid, to restore or delete for good; and Undo, which restores from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.trash import NotInTrash, Trashed
from pages.parts.shared.question import Question, ask, question_line
from pages.parts.shared.run_controls import refusable, refusal
from pages.parts.shared.style import plain, say

_PAGE = 6  # entries
_LOOK = """<style>
[class*="st-key-trashed-"] :is([data-testid="stMarkdownContainer"], [data-testid="stCaptionContainer"]) { margin: 0; }
[class*="st-key-trashed-"] p { line-height: 1.3; margin: 0; }
[class*="st-key-trashed-"] button { min-height: 1.9rem; padding: 0.1rem 0.55rem; }
[class*="st-key-trashed-"] button p { font-size: 0.86rem; }
</style>"""


@dataclass(frozen=True)
class Trash:
    """A trash as a page shows it. place: tells it from others; restore, erase: do that to one key of the entries, or
    raise ValueError.
    """

    place: str
    entries: Sequence[Trashed]
    restore: Callable[[str], object]
    erase: Callable[[str], object]

    @property
    def refusals(self) -> str:
        """Under which what was refused is told, beside what can be undone."""
        return f"{self.place}-trash"


def restore(trash: Trash, keys: Sequence[str]) -> bool:
    """Restore what lies under these keys; say whether nothing is left to be tried. What cannot be is told."""
    gone: NotInTrash | None = None
    with refusable(trash.refusals):
        for key in keys:
            try:
                trash.restore(key)
            except NotInTrash as error:  # by somebody else: the others can be
                gone = error
        if gone:
            raise gone
        return True
    return gone is not None


def trash_list(trash: Trash) -> None:
    """Show the trash as a button that opens it, where there is anything in it."""
    if not trash.entries:
        return
    pages, key = math.ceil(len(trash.entries) / _PAGE), f"{trash.place}-trash-page"
    with st.popover(f"Trash ({len(trash.entries):,})", icon=":material/delete_history:", key=f"{trash.place}-trash"):
        st.html(_LOOK)
        if pages > 1 and st.session_state.get(key, 1) > pages:  # there were more a moment ago
            st.session_state[key] = pages
        page = st.pagination(pages, key=key) if pages > 1 else 1
        for entry in trash.entries[(page - 1) * _PAGE : page * _PAGE]:
            _entry(trash, entry)


def _entry(trash: Trash, entry: Trashed) -> None:
    key = entry.key.replace(".", "-")
    with st.container(gap="xsmall", key=f"trashed-{key}"):
        st.markdown(plain(entry.what))
        say(". ".join(filter(None, (entry.more, _when(entry)))))
        with st.container(horizontal=True, gap="small"):
            icon = ":material/undo:"
            st.button("Restore", key=f"restore-{key}", icon=icon, on_click=_restore, args=(trash, entry.key))
            if entry.until is None:
                return
            st.button("Delete for good", key=f"erase-{key}", type="tertiary", on_click=ask, args=(f"erase-{key}", key))
        text = f"Delete {entry.what} for good? Nobody can restore it then."
        question_line(Question(f"erase-{key}", key, text, "Delete for good"), _erase, (trash, entry.key))


def _restore(trash: Trash, key: str) -> None:
    restore(trash, [key])


def _when(entry: Trashed) -> str:
    if entry.until is None:
        return f"Hidden {_clock(entry.since)}. It ships with the project and is kept."
    return f"Deleted {_clock(entry.since)}, kept until {_clock(entry.until)}."


def _clock(seconds: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(seconds))


def _erase(trash: Trash, key: str) -> None:
    with refusable(trash.refusals):
        trash.erase(key)


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
