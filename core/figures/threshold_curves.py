"""Curves over all thresholds of a classifier, one class against the rest: ROC, and precision over recall.

Plain Plotly figures (dicts), with a sentence for each. Curves are of few points: all of them are sent to the browser.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.figures.axes import guide, middle, new_layout
from core.figures.binning import short
from core.figures.curves import Figure, plotly_text
from core.figures.palette import DIGIT_COLORS

_CORNER = 0.1  # how much of each axis a close look shows


@dataclass(frozen=True, eq=False)
class Line:
    """One class's curve, or a mean of several. x, y: (m,), as they are drawn; area: below it, NaN if undefined.

    colors: on the light and on the dark page, see `class_colors`. strong: a wider line, for a mean.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    area: float
    colors: tuple[str, str]
    strong: bool = False


@dataclass(frozen=True)
class Chosen:
    """The threshold that is set now: its place on a curve, and the number of that curve."""

    x: float
    y: float
    threshold: float
    line: int = 0


def class_colors(label: int) -> tuple[str, str]:
    """Return the colours of a class on the light and on the dark page."""
    return DIGIT_COLORS["light"][label % 10], DIGIT_COLORS["dark"][label % 10]


def roc(lines: Sequence[Line], *, chosen: Chosen | None = None, corner: bool = False) -> Figure:
    """Return true over false positive rates, with the diagonal that guessing has. corner: a close look at the best."""
    hover = "false positive rate %{x:.2%}<br>true positive rate %{y:.2%}"
    ranges = ((0.0, _CORNER), (1 - _CORNER, 1.0)) if corner else ((0.0, 1.0), (0.0, 1.0))
    data = [guide([0, 1], [0, 1]), *(_line(line, "linear", hover) for line in lines)]
    titles = "False positive rate", "True positive rate"
    return _over_thresholds(data, lines, chosen, titles, ranges, "AUC")


def precision_recall(
    lines: Sequence[Line], *, prevalence: float | None = None, chosen: Chosen | None = None, corner: bool = False
) -> Figure:
    """Return precision over recall, in steps. prevalence: the share of the class, which guessing has as precision."""
    hover = "recall %{x:.2%}<br>precision %{y:.2%}"
    near = (1 - _CORNER, 1.0) if corner else (0.0, 1.0)
    data = [] if prevalence is None else [guide([0, 1], [short(prevalence)] * 2)]
    data += [_line(line, "vh", hover) for line in lines]
    return _over_thresholds(data, lines, chosen, ("Recall", "Precision"), (near, near), "AP")


def with_chosen(figure: Figure, lines: Sequence[Line], chosen: Chosen) -> Figure:
    """Return a figure of these lines with a mark at a threshold; none is seen where its place is undefined (NaN).

    It shares everything else with the figure: that is what makes one for each of many thresholds.
    """
    light, dark = lines[chosen.line].colors
    there = not (math.isnan(chosen.x) or math.isnan(chosen.y))
    mark = {
        "type": "scatter",
        "mode": "markers",
        "x": [short(chosen.x)] if there else [],
        "y": [short(chosen.y)] if there else [],
        "marker": {"color": light, "symbol": "circle-open", "size": 13, "line": {"width": 2.5}},
        "hovertemplate": f"threshold {chosen.threshold:.6g}<extra></extra>",
        "showlegend": False,
        "meta": {"light": light, "dark": dark},
        "cliponaxis": False,
    }
    return {"data": [*figure["data"], mark], "layout": figure["layout"]}


def describe_roc(lines: Sequence[Line]) -> str:
    """Return one sentence: the areas under the curves."""
    return _describe(lines, "area under the ROC curve", "0.5")


def describe_precision_recall(lines: Sequence[Line], prevalence: float | None = None) -> str:
    """Return one sentence: the average precisions."""
    return _describe(lines, "average precision", "" if prevalence is None else f"{prevalence:.3g}")


def _describe(lines: Sequence[Line], what: str, guessing: str) -> str:
    known = [line for line in lines if not math.isnan(line.area)]
    if not known:
        return f"There is no {what}: {'no digits of this class' if lines else 'no class is chosen'}."
    single, means = [line for line in known if not line.strong], [line for line in known if line.strong]
    told = [f"{line.area:.4f} ({line.name})" for line in sorted(single, key=lambda line: line.area)]
    parts = [f"goes from {told[0]} to {told[-1]}"] if len(told) > 2 else [f"is {' and '.join(told)}"] if told else []
    parts += [f"{'' if parts else 'is '}{line.area:.4f} ({line.name})" for line in means]
    parts += [f"guessing has {guessing}"] if guessing else []
    return f"The {what} {'; '.join(parts)}."


def line_trace(line: Line, name: str, shape: str, hover: str) -> Figure:
    """Return a line as it is drawn; name: in the legend; shape: of it between points; hover: below its own name."""
    light, dark = line.colors
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plotly_text(name),
        "x": [short(value) for value in np.asarray(line.x, float)],
        "y": [short(value) for value in np.asarray(line.y, float)],
        "line": {"color": light, "width": 2.6 if line.strong else 1.5, "shape": shape},
        "hovertemplate": f"<b>{plotly_text(line.name)}</b><br>{hover}<extra></extra>",
        "meta": {"light": light, "dark": dark},
    }


def _line(line: Line, shape: str, hover: str) -> Figure:
    return line_trace(line, f"{line.name}: {_area(line.area)}", shape, hover)


def _area(area: float) -> str:
    return "–" if math.isnan(area) else f"{area:.4f}"


def _over_thresholds(
    data: list[Figure],
    lines: Sequence[Line],
    chosen: Chosen | None,
    titles: tuple[str, str],
    ranges: tuple[tuple[float, float], tuple[float, float]],
    area: str,
) -> Figure:
    layout = new_layout() | {"margin": {"l": 56, "r": 14, "t": 14, "b": 40}, "showlegend": bool(lines)}
    layout["uirevision"] = str(ranges)  # a zoom into another view means nothing
    layout["legend"] = {"title": {"text": area}, "font": {"size": 11}, "tracegroupgap": 0}
    for axis, text, (low, high) in zip(("xaxis", "yaxis"), titles, ranges, strict=True):
        air = 0.015 * (high - low)
        layout[axis] = {
            "title": {"text": text, "standoff": 6},
            "range": [short(low - air), short(high + air)],
            "tickformat": "~%",
            "zeroline": False,
        }
    if not any(len(line.x) for line in lines):
        layout["annotations"].append(middle("no digits of this class" if lines else "no class is chosen"))
    below = {"orientation": "h", "x": 0, "y": -0.27, "yanchor": "top"}
    below |= {"title": {"text": f"{area} ", "side": "left"}}
    layout["meta"] = {"narrow": {"legend": below}}
    figure = {"data": data, "layout": layout}
    return with_chosen(figure, lines, chosen) if chosen else figure
