"""The saved drawings as tiles: filtered, chosen, relabelled, given to another hand, deleted with undo."""

from __future__ import annotations

import base64
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import streamlit as st
from PIL import Image

from core.ink.collection import DrawingSet, drawings
from core.ink.drawing import MAX_HAND, Drawing, images
from core.measures.drawing_reads import UNREAD, readings
from core.runs.run import Run
from pages.parts.shared.controls.pickers import pick_among
from pages.parts.shared.run_controls import refusable, refusal
from pages.parts.shared.style import warn
from pages.parts.shared.trash import Deletion, remember_deletion
from pages.parts.web.component import component, nothing

PAGE = 60  # tiles
_KEY, _DONE = "drawings-gallery", "drawings-done"  # the component; session: the stamp of what was done last
_UNDOABLE = 3  # deletions with a line of their own; the trash has them all
_COLUMNS = 10  # of the sheet of pictures
_EVERYBODY, _NOBODY = "Every hand", "No name"
_HTML = f"""
<div class="gallery none digitlab-waits" data-testid="gallery">
  <div class="bar">
    <span class="hint">Click to choose, Shift for a range.<span class="keys"> Then 0 to 9 relabels, Delete
      deletes.</span></span>
    <span class="count chosen"></span>
    <div class="chosen"><span class="word">They are</span>
      <div class="digits" role="group" aria-label="Relabel"></div></div>
    <form class="hand chosen"><input aria-label="Whose hand" placeholder="Whose hand" maxlength="{MAX_HAND}">
      <button type="submit">Set</button></form>
    <button type="button" class="delete chosen">Delete</button>
    <button type="button" class="all chosen"></button>
    <button type="button" class="nothing chosen">None</button>
  </div>
  <div class="tiles" role="listbox" aria-multiselectable="true" aria-label="Saved drawings"></div>
  <p class="words" aria-live="polite"></p>
</div>
"""
_FOLDER = Path(__file__).parent
_mount = component("digitlab_gallery", _FOLDER / "gallery.js", html=_HTML, css=[_FOLDER / "gallery.css"])


def gallery(readers: Sequence[Run]) -> None:
    """Show the filters and the drawings that pass them; to be run in a fragment."""
    try:
        everything = drawings().all()
        passed, texts = _filtered(everything, readers)
    except ValueError as error:
        warn(error)
        return
    if _apply_request(drawings(), passed):
        st.rerun()
    refusal("drawings")
    if not passed:
        st.caption("No drawing passes this filter." if everything else "")
        return
    with st.container(key="drawings-pages"):
        shown = _page(passed)
    _mount(key=_KEY, data=_data(shown, len(passed), texts), on_act_change=nothing)
    st.caption("○ kept aside: no model learns from it, so that it can tell whether learning helped.")


def _filtered(everything: Sequence[Drawing], readers: Sequence[Run]) -> tuple[list[Drawing], dict[str, str]]:
    """Show the filters; return what passes them, newest first, and the texts under tiles where a filter has its own."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="drawings-filters"):
        wanted = st.pills(
            "Meant to be",
            range(10),
            selection_mode="multi",
            key="label",
            wrap=True,
            persist_state="session",
            bind="query-params",
        )
        hands = sorted({drawing.hand for drawing in everything})
        names = [_EVERYBODY, *(hand or _NOBODY for hand in hands)]
        whose = _EVERYBODY
        if len(hands) > 1:
            whose = st.selectbox("Hand", names, key="drawings-hand", width=140, persist_state="session")
        misreader = pick_among(
            "Misread by", readers, key="misread", first=None, placeholder="No matter which", width=200,
            persist_state="session", bind="query-params",
        )  # fmt: skip
    passed = [drawing for drawing in everything if not wanted or drawing.label in wanted]
    if whose != _EVERYBODY:
        passed = [drawing for drawing in passed if (drawing.hand or _NOBODY) == whose]
    texts = {}
    if misreader:
        read = readings(misreader, passed)
        wrong = [(d, r) for d, r in zip(passed, read.tolist(), strict=True) if r not in (UNREAD, d.label)]
        passed, texts = [d for d, _ in wrong], {d.id: f"reads {r}, is {d.label}" for d, r in wrong}
    return sorted(passed, key=lambda drawing: -drawing.saved), texts


def _page(passed: Sequence[Drawing]) -> Sequence[Drawing]:
    """Return the drawings of the page that is chosen; nothing is shown where there is one page only."""
    pages, key = math.ceil(len(passed) / PAGE), "drawings-page"
    if pages < 2:
        return passed
    if st.session_state.get(key, 1) > pages:  # there were more drawings a moment ago
        st.session_state[key] = pages
    page = st.pagination(pages, key=key)
    return passed[(page - 1) * PAGE : page * PAGE]


def _data(shown: Sequence[Drawing], total: int, texts: dict[str, str]) -> dict[str, Any]:
    tiles = []
    for drawing in shown:
        text = texts.get(drawing.id, str(drawing.label))
        when = time.strftime("%d %b %Y %H:%M", time.localtime(drawing.saved))
        facts = [f"{drawing.label}", *([f"by {drawing.hand}"] if drawing.hand else []), when]
        facts += [text] * (drawing.id in texts) + ["kept aside"] * drawing.aside
        tiles.append({"id": drawing.id, "text": text, "aside": drawing.aside, "spoken": ", ".join(facts)})
    return {"tiles": tiles, "total": total, "wide": bool(texts), "sheet": _sheet(images(shown)), "columns": _COLUMNS}


def _sheet(pictures: np.ndarray) -> str:
    """Return uint8 pictures (n, 28, 28) as one PNG address, ten in a row."""
    rows = math.ceil(len(pictures) / _COLUMNS)
    cells = np.zeros((rows * _COLUMNS, 28, 28), np.uint8)
    cells[: len(pictures)] = pictures
    sheet = cells.reshape(rows, _COLUMNS, 28, 28).swapaxes(1, 2).reshape(rows * 28, _COLUMNS * 28)
    png = io.BytesIO()
    Image.fromarray(sheet).save(png, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def _apply_request(saved: DrawingSet, passed: Sequence[Drawing]) -> bool:
    """Do what was asked for in the browser, once; say whether something was done."""
    act = (st.session_state.get(_KEY) or {}).get("act")
    if not isinstance(act, dict) or not isinstance(stamp := act.get("stamp"), int):
        return False
    if stamp == st.session_state.get(_DONE):
        return False
    st.session_state[_DONE] = stamp
    offered = {drawing.id for drawing in passed}
    asked, value = act.get("ids"), cast("Any", act.get("value"))  # whatever it is, the set refuses what it cannot be
    chosen = offered if asked is None else {i for i in asked if i in offered} if _are_ids(asked) else set()
    with refusable("drawings"):
        if act.get("what") == "relabel":
            saved.relabel(chosen, value)
        elif act.get("what") == "hand":
            saved.rename_hand(chosen, value)
        elif act.get("what") == "delete" and (gone := saved.delete(chosen)):
            remember_deletion("drawings", Deletion(gone.key, gone.what, (gone.key,)), most=_UNDOABLE)
    return True


def _are_ids(asked: object) -> bool:
    return isinstance(asked, list) and len(asked) <= PAGE and all(isinstance(i, str) for i in asked)
