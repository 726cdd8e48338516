"""The saved drawings as a file: taken along, and brought in with a report of each line that could not be read."""

from __future__ import annotations

import streamlit as st

from core.ink.collection import drawings
from core.ink.drawing import MAX_BYTES
from pages.parts.shared.run_controls import refusable, refusal
from pages.parts.shared.style import count
from pages.parts.shared.table import table
from pages.parts.shared.upload import download, upload

_REPORT = "drawings-report"  # session: what became of the last file
_SHOWN = 20  # lines of a report


def export_drawings(count: int) -> None:
    """Offer all drawings as one file; it is made when it is asked for."""
    download("Export", drawings().export, "drawings.jsonl", key="drawings-export", disabled=not count)


def import_drawings() -> None:
    """Let people bring in a file of drawings; `import_report` shows what came of it."""
    upload(
        "Import",
        "Drawings taken along here or elsewhere (.jsonl)",
        ["jsonl", "json", "txt"],
        key="drawings-bring",
        max_bytes=MAX_BYTES,
        busy_text="Reading the drawings",
        take=_read,
    )


def _read(content: bytes) -> None:
    st.session_state[_REPORT] = drawings().import_lines(content)


def import_report() -> None:
    """Say what became of the file that was brought in last: what came, and which lines did not and why."""
    if (done := st.session_state.get(_REPORT)) is None:
        return
    added, skipped = done.added, done.skipped
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="deleted-drawings-report"):
        lines = f" {count(len(skipped), 'line')} skipped:" if skipped else ""
        st.markdown(f"Brought in {count(len(added), 'drawing')}.{lines}", width="content")
        if skipped:
            report = "".join(f"line {number}: {why}\n" for number, why in skipped)
            download("Report", report, "skipped-lines.txt", key="drawings-report-file")
        if added:
            st.button("Undo", key="drawings-import-undo", icon=":material/undo:", on_click=_forget, args=(True,))
        st.button("Dismiss", key="drawings-import-dismiss", type="tertiary", on_click=_forget, args=(False,))
    refusal("drawings-import")
    if skipped:
        rows = [(f"line {number:,}", why) for number, why in skipped[:_SHOWN]]
        if (rest := len(skipped) - _SHOWN) > 0:
            rows.append(("…", f"and {count(rest, 'line')} more, in the report"))
        table(rows, name="dr-report", label="Lines that were skipped", look="words")


def _forget(take_back: bool) -> None:
    with refusable("drawings-import"):
        if take_back:
            drawings().delete({drawing.id for drawing in st.session_state[_REPORT].added})
        st.session_state.pop(_REPORT, None)
