"""How often classifiers are right: over how sure they are, and beside each other.

Plain Plotly figures (dicts), with a sentence for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core.figures.axes import QUIET, guide, middle, new_layout, title
from core.figures.binning import short
from core.figures.curves import Figure, plotly_text
from core.figures.palette import run_mark

_PERCENT = "\N{NO-BREAK SPACE}%"
_ROW, _AROUND = 30, 66  # CSS pixels of a chart of accuracies
_NAME, _SHORT_NAME = 28, 16  # letters of a run's name beside its row, and where there is little room


def reliability(
    edges: np.ndarray,
    confidence: np.ndarray,
    accuracy: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    counts: np.ndarray,
    *,
    mark: int = 0,
    name: str = "",
) -> Figure:
    """Return how often a model is right over how sure it is, with the diagonal of one that is as right as it says.

    edges: (b + 1,), of the bins; the rest (b,): mean confidence, accuracy with its band, digits. Empty bins are left
    out. Below, how many digits there are, on a logarithmic axis. mark: the number of the run's.
    """
    color, _, symbol = run_mark(mark)
    full = [int(i) for i in np.flatnonzero(np.asarray(counts) > 0)]
    x, y = [short(confidence[i]) for i in full], [short(accuracy[i]) for i in full]
    said = [_bin(edges, confidence, accuracy, low, high, counts, i) for i in full]
    points = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plotly_text(name),
        "x": x,
        "y": y,
        "line": {"color": color, "width": 1.8},
        "marker": {"color": color, "symbol": symbol, "size": 7},
        "error_y": {
            **_reach(accuracy, low, high, full),
            "color": color,
            "thickness": 1.2,
            "width": 3,
        },
        "hovertext": said,
        "hoverinfo": "text",
    }
    bars = {
        "type": "bar",
        "x": [short((edges[i] + edges[i + 1]) / 2) for i in full],
        "y": [int(counts[i]) for i in full],
        "width": [short(0.92 * (edges[i + 1] - edges[i])) for i in full],
        "marker": {"color": color, "opacity": 0.45, "line": {"width": 0}},
        "hovertext": said,
        "hoverinfo": "text",
        "yaxis": "y2",
    }
    most = math.log10(max(10, int(np.sum(counts))))  # all of them: it is the same at every temperature
    layout = new_layout() | {"margin": {"l": 60, "r": 14, "t": 30, "b": 40}, "bargap": 0}
    percent = {"tickformat": "~%", "zeroline": False, "range": [-0.01, 1.02]}
    layout["xaxis"] = percent | {"title": {"text": "Confidence", "standoff": 6}, "anchor": "y2"}
    layout["yaxis"] = percent | {"title": {"text": "Read rightly", "standoff": 6}, "domain": [0.33, 1]}
    layout["yaxis2"] = {
        "title": {"text": "Digits", "standoff": 6},
        "domain": [0, 0.24],
        "type": "log",
        "range": [-0.3, short(1.06 * most)],  # from a half, so that one digit is seen
        "dtick": 1 if most < 3 else 2,
        "tickformat": "~s",
    }
    layout["annotations"] = [title(plotly_text(name), "")] if name else []
    if not full:
        layout["annotations"].append(middle("no digits"))
    return {"data": [guide([0, 1], [0, 1]), points, bars], "layout": layout}


def classifier_chart(
    names: Sequence[str], marks: Sequence[int], accuracy: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Figure:
    """Return the accuracies of runs with their intervals, a row each, the best on top; see `chart_height`.

    marks: the numbers of the runs' marks. A click on a row says its place in `best_first` as y.
    """
    order = best_first(accuracy)
    drawn = [run_mark(marks[i]) for i in order]
    told = [f"<b>{plotly_text(names[i])}</b><br>{_percent(accuracy[i])}, {_band(low[i], high[i])}" for i in order]
    data = {
        "type": "scatter",
        "mode": "markers",
        "x": [short(accuracy[i]) for i in order],
        "y": list(range(len(order))),
        "marker": {"color": [mark.color for mark in drawn], "symbol": [mark.marker for mark in drawn], "size": 10},
        "error_x": {
            **_reach(accuracy, low, high, order),
            "color": QUIET,
            "thickness": 1.6,
            "width": 4,
        },
        "hovertext": told,
        "hoverinfo": "text",
    }
    layout = new_layout() | {"margin": {"l": 14, "r": 14, "t": 24, "b": 42}, "dragmode": False}
    layout["xaxis"] = {"title": {"text": "Accuracy", "standoff": 6}, "tickformat": "~%", "zeroline": False}
    layout["yaxis"] = {
        "range": [len(order) - 0.5, -0.5],
        "tickvals": list(range(len(order))),
        "ticktext": [plotly_text(_cut(names[i], _NAME)) for i in order],
        "zeroline": False,
        "automargin": True,
        "ticks": "",
    }
    for axis in ("xaxis", "yaxis"):
        layout[axis]["fixedrange"] = True
    if order:
        least, best = min(low[i] for i in order), max(high[i] for i in order)
        pad = 0.05 * (best - least) or 0.01
        layout["xaxis"]["range"] = [short(least - pad), short(best + pad)]
    else:
        layout["xaxis"]["range"] = [0, 1]
        layout["yaxis"]["range"] = [0.5, -0.5]
        layout["annotations"].append(middle("no run is chosen"))
    less = [plotly_text(_cut(names[i], _SHORT_NAME)) for i in order]
    layout["meta"] = {"narrow": {"yaxis": {"ticktext": less}}}
    return {"data": [data], "layout": layout}


def _reach(
    accuracy: Sequence[float] | np.ndarray,
    low: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    rows: Sequence[int] | np.ndarray,
) -> Figure:
    """How far the intervals of some rows reach up and down."""
    up, down = [(high[i] - accuracy[i]) for i in rows], [(accuracy[i] - low[i]) for i in rows]
    return {"array": [short(max(0.0, one)) for one in up], "arrayminus": [short(max(0.0, one)) for one in down]}


def best_first(accuracy: Sequence[float]) -> list[int]:
    """Return the numbers of runs by falling accuracy, equal ones as they came, without those that have none (NaN)."""
    known = [i for i, value in enumerate(accuracy) if not math.isnan(value)]
    return sorted(known, key=lambda i: -accuracy[i])


def chart_height(rows: int) -> int:
    """Return how high a chart of so many runs is, in CSS pixels."""
    return _AROUND + _ROW * max(2, rows)


def describe_reliability(confidence: np.ndarray, accuracy: np.ndarray, counts: np.ndarray, name: str = "") -> str:
    """Return one sentence: how sure a model is on average, how often it is right, and how far the two are apart."""
    counts, who = np.asarray(counts), name or "The model"
    total, full = int(counts.sum()), counts > 0
    if not total:
        return f"{who} has read no digits yet."
    weights = counts[full] / total
    sure, right = float(weights @ np.asarray(confidence)[full]), float(weights @ np.asarray(accuracy)[full])
    apart = float(weights @ np.abs(np.asarray(confidence)[full] - np.asarray(accuracy)[full]))
    return (
        f"{who} is {_percent(sure)} sure on average and right on {_percent(right)} of {total:,} digits; "
        f"bin by bin the two are {100 * apart:.2g} points apart."
    )


def describe_classifier_chart(
    names: Sequence[str], accuracy: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> str:
    """Return one sentence: which run is the most accurate, and how many intervals reach into its own."""
    order = best_first(accuracy)
    if not order:
        return "No run is chosen."
    best, rest = order[0], order[1:]
    said = f"{names[best]} has the highest accuracy, {_percent(accuracy[best])} ({_band(low[best], high[best])})"
    if not rest:
        return f"{names[best]} has an accuracy of {_percent(accuracy[best])} ({_band(low[best], high[best])})."
    near = sum(high[i] >= low[best] for i in rest)
    reach = "no other interval reaches" if not near else f"{near} of {len(rest)} other intervals reach"
    return f"{said}; {reach} into its own; {names[rest[-1]]} has the lowest, {_percent(accuracy[rest[-1]])}."


def _bin(
    edges: np.ndarray,
    confidence: np.ndarray,
    accuracy: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    counts: np.ndarray,
    i: int,
) -> str:
    count = int(counts[i])
    digits = "1 digit" if count == 1 else f"{count:,} digits"
    return (
        f"confidence {100 * edges[i]:.3g} to {_percent(edges[i + 1], 3)}, on average {_percent(confidence[i], 3)}<br>"
        f"right on {_percent(accuracy[i], 3)} ({_band(low[i], high[i])}) of {digits}"
    )


def _percent(share: float, digits: int = 4) -> str:
    return f"{100 * share:.{digits}g}{_PERCENT}"


def _band(low: float, high: float) -> str:
    return f"95{_PERCENT} from {100 * low:.3g} to {_percent(high, 3)}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
