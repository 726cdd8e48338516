"""The atlas: a map of codes on the screen, or two side by side, to move over, pick from and select in."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeGuard

import numpy as np
import streamlit as st

from core.data.sprites import COLUMNS, PER_SHEET
from core.figures.palette import DIGIT_COLORS
from pages.parts.web.component import component, nothing

MAX_CORNERS = 300
LAYERS = ("pictures", "plane", "displacement")
_FARTHEST = 1e9  # map units; a place comes from a browser, and further out squares overflow
_FOLDER = Path(__file__).parent
_mount = component(
    "digitlab_atlas",
    _FOLDER / "atlas.js",
    html=(_FOLDER / "atlas.html").read_text(encoding="utf-8"),
    css=[_FOLDER / "atlas.css"],
)


@dataclass(frozen=True)
class Coloring:
    """What the points' colours say: a column, fetched from `url`, and how to read it.

    kind "class": uint8 indices into names; of two names the second stands out. "number": float32 from low to high,
    in `unit`, on a logarithmic scale where log. "difference": float32, low below and high above nothing.
    """

    title: str
    kind: Literal["class", "number", "difference"]
    url: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    log: bool = False
    names: Sequence[str] = ()


@dataclass(frozen=True)
class MapView:
    """One map: whose it is, where its columns are, and whether a decoder answers for its places.

    title: what stands above it where there are two. points, displacement and the coloring's url are addresses below the
    server's base path, such as "/digitlab/columns/test/points.bin?run=vae-2&method=pca&v=1". version changes with the
    stored map; count: digits. distances: whether it is known how far a place is from real digits, too.
    """

    run: str
    name: str
    method: str
    title: str
    sample: str
    version: str
    points: str
    count: int
    coloring: Coloring
    displacement: str | None = None
    decodes: bool = True
    distances: bool = True


@dataclass(frozen=True)
class Selection:
    """What a lasso or a box holds: a polygon in units of one map, at most MAX_CORNERS corners, by the even-odd rule.

    digits: instead of corners, what was selected on a map of more or fewer digits: see `as_digits`.
    """

    map: int
    polygon: tuple[tuple[float, float], ...]
    digits: str = ""


@dataclass(frozen=True)
class Pick:
    """A click: the digit's row or None, its place in units of one map, and how many-th it was."""

    row: int | None
    x: float
    y: float
    map: int
    n: int


@dataclass(frozen=True)
class Said:
    """What was clicked last in the browser, None before the first click; and what is selected now."""

    pick: Pick | None
    selection: Selection | None


def atlas(
    *,
    key: str,
    maps: Sequence[MapView],
    dataset: str,
    classes: Sequence[str],
    test_count: int,
    selection: Selection | None = None,
    picked: Sequence[int] = (),
    layers: Sequence[str] = (),
    forming: str | None = None,
    height: int = 560,
    label: str = "",
) -> Said:
    """Show one map or two; return what was picked and selected.

    dataset, classes, test_count: whose digits they are; row r < test_count is a test digit. selection: what the page
    remembers; whoever changed it last, page or browser, is right. picked: rows to ring, with letters if there are more.
    layers: of LAYERS. forming: address of the frames that the first map then shows instead of its points, with a
    slider. height: CSS pixels of a map, at least; one alone takes the rest of the window. label: the map in a sentence,
    for people who do not see it.
    Raises ValueError for no map, more than two, or an unknown layer.
    """
    if not 1 <= len(maps) <= 2:
        raise ValueError(f"An atlas shows one map or two, not {len(maps)}: choose one or two.")
    if unknown := [name for name in layers if name not in LAYERS]:
        raise ValueError(f"There is no layer {unknown[0]!r}. Choose of: {', '.join(LAYERS)}.")
    said = st.session_state.get(key) or {}
    heard, selected = _newest(f"{key}-selection", said.get("selection"), selection, len(maps))
    _mount(
        key=key,
        data={
            "palette": DIGIT_COLORS,
            "maps": [asdict(view) for view in maps],
            "dataset": dataset,
            "classes": list(classes),
            "test_count": test_count,
            "sheet": {"digits": PER_SHEET, "columns": COLUMNS},
            "corners": MAX_CORNERS,
            "selection": None if selected is None else asdict(selected),
            "heard": heard,
            "picked": [int(row) for row in picked],
            "layers": list(layers),
            "forming": forming,
            "height": height,
            "label": label,
        },
        on_pick_change=nothing,
        on_selection_change=nothing,
    )
    return Said(as_pick(said.get("pick"), [view.count for view in maps]), selected)


def as_pick(said: object, counts: Sequence[int]) -> Pick | None:
    """Return the pick if it is one on maps of so many digits; it comes from a browser, so it may be anything."""
    if not isinstance(said, dict):
        return None
    row, where, n = said.get("row"), said.get("map"), said.get("n")
    place = _place([said.get("x"), said.get("y")])
    if place is None or not _whole(where, len(counts)) or not _whole(n, 2**53):
        return None
    if row is not None and not _whole(row, counts[where]):
        return None
    return Pick(row, *place, where, n)


def as_selection(said: object, maps: int) -> Selection | None:
    """Return the selection if it is one on so many maps; it comes from a browser, so it may be anything."""
    if not isinstance(said, dict) or not _whole(where := said.get("map"), maps):
        return None
    corners = said.get("polygon")
    if not isinstance(corners, list) or not 3 <= len(corners) <= MAX_CORNERS:
        return None
    polygon = [_place(corner) for corner in corners]
    if any(corner is None for corner in polygon):
        return None
    return Selection(where, tuple(corner for corner in polygon if corner is not None))


def as_digits(rows: np.ndarray, count: int) -> str:
    """Return rows (m,) of a map of so many digits as base64 of a bit for each, the first digit's the highest."""
    chosen = np.zeros(count, bool)
    chosen[rows[rows < count]] = True
    return base64.b64encode(np.packbits(chosen).tobytes()).decode()


def rows_of(digits: str, count: int) -> np.ndarray:
    """Return the rows, int64 (m,) and rising, that `as_digits` made a text of."""
    return np.flatnonzero(np.unpackbits(np.frombuffer(base64.b64decode(digits), np.uint8), count=count))


def _newest(kept: str, said: object, given: Selection | None, maps: int) -> tuple[int, Selection | None]:
    """Return the number of the browser's newest word on the selection, and the selection.

    The browser's word counts when it is new, the page's when it is another than at its last run.
    """
    heard, before, current = st.session_state.get(kept) or (0, None, None)
    number = said.get("n") if isinstance(said, dict) else None
    if _whole(number, 2**53) and number > heard:
        heard, current = number, as_selection(said, maps)
    elif given != before:
        current = given
    if current is not None and current.map >= maps:
        current = None
    st.session_state[kept] = heard, given, current
    return heard, current


def _whole(value: object, limit: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit


def _place(said: object) -> tuple[float, float] | None:
    """Return a pair of finite numbers as a place, None for anything else."""
    if not isinstance(said, list) or len(said) != 2:
        return None
    if any(isinstance(v, bool) or not isinstance(v, int | float) or not -math.inf < v < math.inf for v in said):
        return None
    # A whole number from JSON may be larger than any float: clipped before it is converted.
    x, y = (float(max(-_FARTHEST, min(_FARTHEST, v))) for v in said)
    return x, y
