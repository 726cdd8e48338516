"""How far readers agree, as a matrix of shares and in a sentence: plain Plotly figures (dicts)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.figures.axes import middle, new_layout
from core.figures.binning import short
from core.figures.curves import Figure, plotly_text
from core.figures.palette import run_mark

_COLOR, _STRONGEST = "58, 124, 214", 0.62  # at which the page's text is still read on it
_NAME, _SHORT = 26, 12  # letters of a run's name beside its row, and where there is little room
_ROW, _AROUND = 42, 74  # CSS pixels
_PERCENT = "\N{NO-BREAK SPACE}%"


def agreement_matrix(shares: np.ndarray, names: Sequence[str], marks: Sequence[int], what: str) -> Figure:
    """Return shares of the digits, float64 (m, m), of each two of m runs: in %, the larger the stronger.

    marks: the numbers of the runs' marks; columns have the marks alone, so that six of them fit on a phone. what: of
    which they are shares, said to a hand over a cell, say "the same answer".
    """
    m = len(names)
    if shares.shape != (m, m):
        raise ValueError(f"Shares of the shape {shares.shape} do not fit {m} runs. Pass one for each two.")
    places = list(range(m))
    off = shares[~np.eye(m, dtype=bool)]
    low, high = (float(off.min()), float(off.max())) if len(off) else (0.0, 1.0)
    color = [[0, f"rgba({_COLOR}, 0.06)"], [1, f"rgba({_COLOR}, {_STRONGEST})"]]
    told = [[_told(shares[i, j], names[i], names[j], what) for j in places] for i in places]
    cells: Figure = {"type": "heatmap", "x": places, "y": places, "xgap": 1, "ygap": 1, "showscale": False}
    cells |= {"z": [[short(share) for share in row] for row in shares], "hovertext": told, "hoverinfo": "text"}
    # The diagonal is each run with itself: it does not set the scale.
    cells |= {"colorscale": color, "zmin": short(low), "zmax": short(high if high > low else low + 0.01)}
    written: Figure = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "textfont": {"size": 12}}
    written |= {
        "x": [j for _ in places for j in places],
        "y": [i for i in places for _ in places],
        "text": [f"{100 * share:.2f}" if share < 1 else "100" for share in shares.ravel()],
    }
    layout = new_layout() | {"margin": {"l": 14, "r": 8, "t": 54, "b": 10}, "dragmode": False}
    glyphs = [_glyph(mark) for mark in marks]
    axis = {
        "tickvals": places,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "automargin": True,
    }
    heading = {"text": f"{what[:1].upper()}{what[1:]}, % of the digits", "standoff": 10}
    layout["xaxis"] = axis | {"range": [-0.5, m - 0.5], "side": "top", "ticktext": glyphs, "title": heading}
    layout["yaxis"] = axis | {"range": [m - 0.5, -0.5], "ticktext": _labels(glyphs, names, _NAME)}
    layout["meta"] = {"narrow": {"yaxis": {"ticktext": _labels(glyphs, names, _SHORT)}}}
    if not m:
        layout["annotations"].append(middle("no run is chosen"))
    return {"data": [cells, written], "layout": layout}


def agreement_height(runs: int) -> int:
    """Return how high a matrix of so many runs is, in CSS pixels."""
    return _AROUND + _ROW * max(2, runs)


def describe_agreement(same: np.ndarray, both_wrong: np.ndarray, names: Sequence[str]) -> str:
    """Return one sentence: which two of m >= 2 runs agree most and least; same, both_wrong: float64 (m, m)."""
    pairs = [(float(same[i, j]), i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    if not pairs:
        return ""
    (most, i, j), (least, k, n) = max(pairs), min(pairs)
    wrong = f"both misread {100 * both_wrong[i, j]:.2f}{_PERCENT}"
    first = f"{names[i]} and {names[j]} give the same answer on {100 * most:.2f}{_PERCENT} of the digits; {wrong}"
    if len(pairs) == 1:
        return f"{first}."
    return f"{first}; {names[k]} and {names[n]} agree least, on {100 * least:.2f}{_PERCENT}."


def _told(share: float, first: str, second: str, what: str) -> str:
    who = plotly_text(first) if first == second else f"{plotly_text(first)} and {plotly_text(second)}"
    return f"{who}: {what} on {100 * share:.2f}{_PERCENT}"


def _glyph(number: int) -> str:
    mark = run_mark(number)
    return f'<span style="color:{mark.color}">{mark.glyph}</span>'


def _labels(glyphs: Sequence[str], names: Sequence[str], most: int) -> list[str]:
    short_names = [name if len(name) <= most else f"{name[: most - 1].rstrip()}…" for name in names]
    return [f"{glyph} {plotly_text(name)} " for glyph, name in zip(glyphs, short_names, strict=True)]
