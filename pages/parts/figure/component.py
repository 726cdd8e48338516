"""live_figure: a Plotly figure updated in place: a zoom made by hand stays. It can be clicked on."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.web.component import component, nothing

_FARTHEST = 1e9  # a place comes from a browser, and a whole number from JSON may be larger than any float
_LONGEST = 200  # letters of a category's name

_FOLDER = Path(__file__).parent
HTML = """
<div class="lf-root digitlab-waits">
  <div class="lf-plot" tabindex="0" role="group"></div>
  <div class="lf-ring" hidden></div>
  <div class="lf-save">
    <button type="button" data-format="png" title="Save as PNG, 300 dots per inch">PNG</button>
    <button type="button" data-format="svg" title="Save as SVG">SVG</button>
  </div>
  <div class="lf-note" hidden></div>
</div>
"""
_mount = component(
    "digitlab_live_figure", _FOLDER / "figure.js", html=HTML, css=[_FOLDER / "figure.css"], isolate_styles=False
)


@dataclass(frozen=True)
class Click:
    """The last click: where it was, a category's name or a number on each axis, and a number that grows with each."""

    x: str | float
    y: str | float
    n: int

    def cell(self, rows: int, columns: int) -> tuple[int, int] | None:
        """Return the row y and the column x of a heatmap of so many, None where it has no such cell."""
        x, y = self.x, self.y
        if isinstance(x, str) or isinstance(y, str) or x != int(x) or y != int(y):
            return None
        return (int(y), int(x)) if 0 <= y < rows and 0 <= x < columns else None


def live_figure(
    figure: dict[str, Any], *, key: str, height: int = 360, label: str = "", clicks: bool = False
) -> Click | None:
    """Show a figure of core.figures; return the last click on a point or a cell of it, None before the first.

    label: the figure in a sentence, for people who do not see it. height: in CSS pixels, of one row of panels.
    clicks: whether it can be clicked on; without, None is returned. By keyboard the arrows then move a ring over the
    cells of a heatmap, and Enter clicks. A saved picture is black on white, with a legend where the figure has one or
    lines of several runs, named after `key`.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", key)
    data = {"figure": figure, "height": height, "label": label, "name": name, "clicks": clicks}
    if not clicks:
        _mount(key=key, data=data)
        return None
    _mount(key=key, data=data, on_click_change=nothing)
    return last_click(key)


def last_click(key: str) -> Click | None:
    """Return the last click on the figure with this key, also before it is drawn in this run: it may change by it."""
    said = st.session_state.get(key) or {}
    return as_click(said.get("click"))


def as_click(said: object) -> Click | None:
    """Return the click if it is one; it comes from a browser, so it may be anything."""
    if not isinstance(said, dict):
        return None
    x, y, n = _place(said.get("x")), _place(said.get("y")), said.get("n")
    if x is None or y is None or isinstance(n, bool) or not isinstance(n, int) or not 0 <= n < 2**53:
        return None
    return Click(x, y, n)


def _place(said: object) -> str | float | None:
    """Return a short text or a finite number as a place on an axis, None for anything else."""
    if isinstance(said, str):
        return said if len(said) <= _LONGEST else None
    if isinstance(said, bool) or not isinstance(said, int | float) or not -math.inf < said < math.inf:
        return None
    return float(max(-_FARTHEST, min(_FARTHEST, said)))
