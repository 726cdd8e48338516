"""live_figure: a Plotly figure updated in place: a zoom made by hand stays, and clicks and hovers count anywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd

_HERE = Path(__file__).parent
_HTML = """
<div class="lf-root">
  <div class="lf-plot" tabindex="0" role="img"></div>
  <div class="lf-save">
    <button type="button" data-format="png" title="Save as PNG, 300 dots per inch">PNG</button>
    <button type="button" data-format="svg" title="Save as SVG">SVG</button>
  </div>
  <div class="lf-note" role="status" hidden></div>
  <div class="lf-hover" aria-hidden="true" hidden>
    <figure class="lf-digit"><canvas width="28" height="28"></canvas><figcaption></figcaption></figure>
    <figure class="lf-decoded"><canvas width="28" height="28"></canvas><figcaption></figcaption></figure>
  </div>
</div>
"""
# A component must be registered once per process, not once per page: its name is its identity.
_component = st.components.v2.component(
    "digitlab_live_figure",
    html=_HTML,
    css=(_HERE / "live_figure.css").read_text(encoding="utf-8"),
    js="".join((_HERE / name).read_text(encoding="utf-8") for name in ("live_figure_save.js", "live_figure.js")),
    isolate_styles=False,
)


class Pick(TypedDict):
    """A place somebody clicked: the id of the point there or None, the place in axis units, how many-th click."""

    id: int | None
    x: float
    y: float
    n: int


class Hover(TypedDict, total=False):
    """What to show at the pointer: digits from sprite sheets below `sprites`, and what `decode` names draws there."""

    sprites: str
    decode: dict[str, str]


def live_figure(
    figure: dict[str, Any],
    *,
    key: str,
    points: pd.DataFrame | None = None,
    height: int = 360,
    on_pick: Callable[[], None] | None = None,
    hover: Hover | None = None,
    label: str = "",
) -> Pick | None:
    """Show a figure of core.figures; return the last place picked in it, None before the first.

    points: columns x, y (float32), color (uint8) and id (int32), drawn by the trace whose meta says "points".
    on_pick: called when a place is picked; without it and without `hover`, clicks do nothing. hover: pictures at
    the pointer, {"sprites": "/digitlab/sprites/mnist/test/", "decode": {"run": ..., "method": ...}}.
    label: the figure in a sentence, for people who do not see it. height: in CSS pixels, of one row of panels.
    A saved picture is black on white, with a legend where the figure has lines of several runs, named after `key`.
    """
    picks = on_pick is not None or hover is not None
    data: dict[str, Any] = {"figure": figure, "height": height, "hover": hover or {}, "picks": picks, "label": label}
    data["name"] = re.sub(r"[^A-Za-z0-9]+", "-", key)
    if points is not None:
        data["points"] = points
    result = _component(key=key, data=data, on_pick_change=on_pick or _nothing)
    return _checked(result.pick)


def _nothing() -> None: ...


def _checked(pick: Any) -> Pick | None:
    """Return the pick if it is one; it comes from a browser, so it may be anything."""
    if not isinstance(pick, dict):
        return None
    x, y, n, point = (pick.get(name) for name in ("x", "y", "n", "id"))
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in (x, y, n)):
        return None
    known = isinstance(point, int) and not isinstance(point, bool) and 0 <= point < 2**31
    return Pick(id=point if known else None, x=float(x), y=float(y), n=int(n))  # type: ignore[arg-type]
