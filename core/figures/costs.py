"""What classifiers' accuracy costs: over how much they learn, with the front of those that are worth it, and in a
sentence: plain Plotly figures (dicts).

Errors are on a logarithmic axis, too, with the accuracy they leave beside it: from 99 to 99.5 % is as far as from 98 to
99 %, for both halve the errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.figures.axes import QUIET, middle, new_layout
from core.figures.binning import short
from core.figures.curves import Figure, plotly_text
from core.figures.palette import run_mark

_PERCENT = "\N{NO-BREAK SPACE}%"
_NAME = 24  # letters of a run's name beside its point
_FEWEST = 1e-4  # the least share of errors that is drawn: none has no place on the axis
_TICKS = (0.9, 0.8, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)  # shares of errors
# Names must fit in plots of these sizes, in CSS pixels: then they fit in those between, too.
_WIDTHS, _HEIGHT = (270, 300, 340, 420, 500, 600, 700, 800), 230
_LETTER, _LINE, _AWAY, _MARK = 6.4, 15, 9, 6  # CSS pixels: of a name's letter and line, from a point to it, of a mark
# Of a name by its point: the anchors that Plotly knows it by, and how it is shifted away.
_PLACES = {
    "right": ("left", "middle", {"xshift": _AWAY}),
    "left": ("right", "middle", {"xshift": -_AWAY}),
    "above": ("center", "bottom", {"yshift": _AWAY}),
    "below": ("center", "top", {"yshift": -_AWAY}),
}

Box = tuple[float, float, float, float]  # left, bottom, right and top in CSS pixels


@dataclass(frozen=True)
class Priced:
    """A run and what it costs, > 0, say learned parameters; mark: its number; accuracy with its interval, 0 to 1."""

    name: str
    mark: int
    cost: float
    accuracy: float
    low: float
    high: float


def cost_chart(runs: Sequence[Priced], front: np.ndarray, title: str, unit: str = "") -> Figure:
    """Return accuracies with their intervals over the costs, in the runs' colours and marks.

    front: bool (m,), the runs that no other one dominates, see `comparison.pareto_front`; they are joined by steps: up
    to the next one's cost, nothing is more accurate. title: of the axis; unit: after a cost in words. A name stands
    beside its point where it touches nothing; a hand over a point is told all.
    """
    layout = new_layout() | {"margin": {"l": 62, "r": 14, "t": 16, "b": 46}, "dragmode": False}
    layout["xaxis"] = {"title": {"text": title, "standoff": 6}, "type": "log", "zeroline": False, "fixedrange": True}
    layout["yaxis"] = {"title": {"text": "Accuracy", "standoff": 6}, "type": "log", "zeroline": False}
    layout["yaxis"] |= {"fixedrange": True, "tickvals": list(_TICKS)}
    layout["yaxis"]["ticktext"] = [f"{100 * (1 - share):g}{_PERCENT}" for share in _TICKS]
    if not runs:
        layout["annotations"].append(middle("no run is chosen"))
        return {"data": [], "layout": layout}
    x_range, y_range = _ranges(runs)
    layout["xaxis"] |= {"range": [short(end) for end in x_range], "tickformat": "~s"}
    layout["xaxis"]["dtick"] = 1 if x_range[1] - x_range[0] > 1.2 else "D2"
    layout["yaxis"]["range"] = [short(end) for end in y_range]
    places = name_places(runs, x_range, y_range)
    layout["annotations"] += [_name(one, place) for one, place in zip(runs, places, strict=True) if place]
    return {"data": [_steps(runs, front, x_range), _points(runs, front, unit)], "layout": layout}


def describe_costs(runs: Sequence[Priced], front: np.ndarray, what: str) -> str:
    """Return one sentence: which runs are on the front. what: of which they need little, say "learned parameters"."""
    if len(runs) < 2:
        return ""
    names = [one.name for one in _cheapest_first(runs, front)]
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "is" if len(names) == 1 else "are"
    return f"{told} {verb} on the front: no other chosen run is as accurate with as few {what}."


def name_places(runs: Sequence[Priced], x_range: tuple[float, float], y_range: tuple[float, float]) -> list[str]:
    """Return for each run where its name stands, one of _PLACES, "" where it would touch a point or another name.

    The ranges are of the logarithms to base 10, y from the most errors to the fewest. The best are named first.
    """
    places = [""] * len(runs)
    spots = [[_spot(one, x_range, y_range, width) for one in runs] for width in _WIDTHS]
    taken = [[_mark_box(spot) for spot in some] for some in spots]
    for i in sorted(range(len(runs)), key=lambda i: -runs[i].accuracy):
        for place in _PLACES:
            boxes = [_name_box(some[i], _cut(runs[i].name), place) for some in spots]
            if all(_is_free(box, width, taken[w]) for w, (box, width) in enumerate(zip(boxes, _WIDTHS, strict=True))):
                places[i] = place
                for w, box in enumerate(boxes):
                    taken[w].append(box)
                break
    return places


def _errors(accuracy: float) -> float:
    return max(1 - accuracy, _FEWEST)


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1].rstrip()}…"


def _cheapest_first(runs: Sequence[Priced], front: np.ndarray) -> list[Priced]:
    return sorted((one for one, on in zip(runs, front, strict=True) if on), key=lambda one: one.cost)


def _ranges(runs: Sequence[Priced]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The logarithms that the axes show: of costs rising, of errors falling."""
    costs = [math.log10(one.cost) for one in runs]
    aside = 0.14 * (max(costs) - min(costs)) or 0.5
    most, least = (math.log10(_errors(end)) for end in (min(one.low for one in runs), max(one.high for one in runs)))
    pad = 0.12 * (most - least) or 0.1
    return (min(costs) - aside, max(costs) + aside), (most + pad, least - pad)


def _steps(runs: Sequence[Priced], front: np.ndarray, x_range: tuple[float, float]) -> Figure:
    best = _cheapest_first(runs, front)
    x = [*(one.cost for one in best), 10 ** x_range[1]]
    y = [_errors(one.accuracy) for one in (*best, best[-1])]
    line = {"color": QUIET, "width": 1.6, "dash": "dot", "shape": "hv"}
    facts = {"type": "scatter", "mode": "lines", "line": line, "hoverinfo": "skip", "showlegend": False}
    return {**facts, "x": [short(value) for value in x], "y": [short(value) for value in y]}


def _points(runs: Sequence[Priced], front: np.ndarray, unit: str) -> Figure:
    marks = [run_mark(one.mark) for one in runs]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [short(one.cost) for one in runs],
        "y": [short(_errors(one.accuracy)) for one in runs],
        "marker": {"color": [mark.color for mark in marks], "symbol": [mark.marker for mark in marks], "size": 10},
        "error_y": {
            "array": [short(max(0.0, _errors(one.low) - _errors(one.accuracy))) for one in runs],
            "arrayminus": [short(max(0.0, _errors(one.accuracy) - _errors(one.high))) for one in runs],
            "color": QUIET,
            "thickness": 1.4,
            "width": 4,
        },
        "hovertext": [_told(one, bool(on), unit) for one, on in zip(runs, front, strict=True)],
        "hoverinfo": "text",
    }


def _told(one: Priced, on: bool, unit: str) -> str:
    cost = f"{one.cost:,.0f}" if one.cost >= 100 else f"{one.cost:.3g}"
    band = f"95{_PERCENT} from {100 * one.low:.4g} to {100 * one.high:.4g}{_PERCENT}"
    lines = [f"<b>{plotly_text(one.name)}</b>", f"{cost} {unit}".strip(), f"{100 * one.accuracy:.4g}{_PERCENT}, {band}"]
    return "<br>".join([*lines, *["on the front"] * on])


def _name(one: Priced, place: str) -> dict[str, Any]:
    """A name as an annotation beside its mark, or beyond its interval."""
    x_anchor, y_anchor, shift = _PLACES[place]
    at = {"above": one.high, "below": one.low}.get(place, one.accuracy)
    facts = {"text": plotly_text(_cut(one.name)), "name": "class", "showarrow": False, "borderpad": 0, **shift}
    place_of = {"x": math.log10(one.cost), "y": math.log10(_errors(at))}
    return {**facts, **place_of, "xanchor": x_anchor, "yanchor": y_anchor}


def _spot(
    one: Priced, x_range: tuple[float, float], y_range: tuple[float, float], width: float
) -> tuple[float, float, float, float]:
    """Where a point is from the left and from below, and from where to where its interval reaches, in pixels."""

    def up(accuracy: float) -> float:
        return (math.log10(_errors(accuracy)) - y_range[0]) / (y_range[1] - y_range[0]) * _HEIGHT

    x = (math.log10(one.cost) - x_range[0]) / (x_range[1] - x_range[0]) * width
    return x, up(one.accuracy), up(one.low), up(one.high)


def _mark_box(spot: tuple[float, float, float, float]) -> Box:
    x, _, low, high = spot
    return x - _MARK, low - _MARK, x + _MARK, high + _MARK


def _name_box(spot: tuple[float, float, float, float], name: str, place: str) -> Box:
    width = _LETTER * len(name)
    x, y, low, high = spot
    left = {"right": x + _AWAY, "left": x - _AWAY - width}.get(place, x - width / 2)
    bottom = {"above": high + _AWAY, "below": low - _AWAY - _LINE}.get(place, y - _LINE / 2)
    return left, bottom, left + width, bottom + _LINE


def _is_free(box: Box, width: float, taken: Sequence[Box]) -> bool:
    left, bottom, right, top = box
    if left < 0 or right > width or bottom < 0 or top > _HEIGHT:
        return False
    return all(right <= one[0] or left >= one[2] or top <= one[1] or bottom >= one[3] for one in taken)
