"""How many wrong labels are found among the digits of highest loss: a plain Plotly figure, with a sentence for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.figures.axes import guide, new_layout, upright
from core.figures.binning import short
from core.figures.curves import Figure
from core.figures.palette import rgb
from core.figures.threshold_curves import Line, line_trace

_RAMPS = (("#8fb3ff", "#0b2a7a"), ("#2f5bd0", "#dbe6ff"))  # from early to late, on the light and on the dark page
MEAN_COLORS = ("#c2410c", "#ffb37a")


def epoch_colors(place: float) -> tuple[str, str]:
    """Return the colours of an epoch on the light and on the dark page; place: from 0, the first, to 1, the last."""
    light, dark = (_between(*ramp, place) for ramp in _RAMPS)
    return light, dark


def _between(first: str, last: str, place: float) -> str:
    mixed = (round(a + place * (b - a)) for a, b in zip(rgb(first), rgb(last), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def found_by_loss(lines: Sequence[Line], share: float, looked_at: float) -> Figure:
    """Return the share of the wrong labels that is found over the share of the digits that is looked at, on a log axis.

    lines: x and y from 0 to 1, both rising; share: of wrong labels among all, where a perfect search is at its end;
    looked_at: marked.
    """
    low = min(looked_at, share or 1.0) / 20
    grid = np.geomspace(low, 1, 120)
    data = [
        _guide("perfect", grid, np.minimum(1.0, grid / share) if share else grid, "dot"),
        _guide("by chance", grid, grid, "dash"),
        *map(_line, lines),
    ]
    layout = new_layout() | {"margin": {"l": 56, "r": 14, "t": 14, "b": 40}, "showlegend": True}
    layout["legend"] = {"font": {"size": 11}, "tracegroupgap": 0}
    layout["xaxis"] = {
        "title": {"text": "Digits looked at, the highest loss first", "standoff": 6},
        "type": "log",
        "dtick": "D2",
        "range": [short(float(np.log10(low))), 0.0],
        "tickformat": "~%",
        "zeroline": False,
    }
    layout["yaxis"] = {
        "title": {"text": "Wrong labels found", "standoff": 6},
        "range": [-0.015, 1.015],
        "tickformat": "~%",
        "zeroline": False,
    }
    layout["shapes"] = [upright(looked_at)]
    layout["meta"] = {"narrow": {"legend": {"orientation": "h", "x": 0, "y": -0.27, "yanchor": "top"}}}
    return {"data": data, "layout": layout}


def describe_found(found: Mapping[str, float], looked_at: float) -> str:
    """Return one sentence: the share that each line, by its name, has found at the share that is looked at."""
    told = [f"{100 * share:.1f} % ({name})" for name, share in found.items()]
    return f"Of the wrong labels, among the first {100 * looked_at:.3g} % of the digits are {', '.join(told)}."


def _line(line: Line) -> Figure:
    kept = line.x > 0  # a logarithm has no zero
    seen = replace(line, x=line.x[kept], y=line.y[kept])
    return line_trace(seen, line.name, "linear", "%{x:.2%} looked at<br>%{y:.1%} found")


def _guide(name: str, x: np.ndarray, y: np.ndarray, dash: str) -> Figure:
    line = guide([short(value) for value in x], [short(value) for value in y])
    return line | {"name": name, "showlegend": True, "line": line["line"] | {"dash": dash}}
