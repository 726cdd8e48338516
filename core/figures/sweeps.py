"""The accuracy of classifiers over the range of something that spoils digits: a plain Plotly figure, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.figures.axes import guide, middle, new_layout, upright
from core.figures.binning import short
from core.figures.curves import Figure, plotly_text
from core.figures.palette import rgb, run_mark

_PERCENT = "\N{NO-BREAK SPACE}%"
_BAND = 0.16  # opacity of an interval
_GUESSING = 0.1


@dataclass(frozen=True, eq=False)
class Swept:
    """One run: its name, its mark's number, its accuracy at each value and the ends of its intervals, (k,) each."""

    name: str
    mark: int
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray


def sweep_chart(runs: Sequence[Swept], axis: str, values: Sequence[float], texts: Sequence[str], at: int) -> Figure:
    """Return accuracy over the values, a line with its band for each run, and what guessing has.

    axis: what the values are; texts: how they are written; at: the place of the value that is looked at.
    """
    x = [short(value) for value in values]
    data = [guide([x[0], x[-1]], [_GUESSING] * 2)]
    for run in runs:
        data += [_band(run, x), _line(run, x, texts)]
    layout = new_layout() | {"margin": {"l": 60, "r": 14, "t": 14, "b": 44}, "showlegend": len(runs) > 1}
    layout["uirevision"] = axis
    layout["legend"] = {"font": {"size": 12}, "tracegroupgap": 0}
    span = 0.02 * (x[-1] - x[0])
    layout["xaxis"] = {
        "title": {"text": plotly_text(axis), "standoff": 6},
        "range": [short(x[0] - span), short(x[-1] + span)],  # falling where the values fall
        "tickvals": x,
        "ticktext": list(texts),
        "zeroline": False,
    }
    layout["yaxis"] = {
        "title": {"text": "Read rightly", "standoff": 6},
        "range": [-0.015, 1.02],
        "tickformat": "~%",
        "zeroline": False,
    }
    layout["shapes"] = [upright(x[at], 1.4)]
    if not runs:
        layout["annotations"].append(middle("nothing is measured yet"))
    few = slice(None, None, 2)
    layout["meta"] = {
        "narrow": {
            "xaxis": {"tickvals": x[few], "ticktext": list(texts)[few]},
            "legend": {"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        }
    }
    return {"data": data, "layout": layout}


def describe_sweep(runs: Sequence[Swept], texts: Sequence[str], harmless: int, at: int) -> str:
    """Return one sentence: each run's accuracy on unspoilt digits, at the value looked at, and where it is lowest."""
    if not runs:
        return "Nothing is measured yet."
    told = []
    for run in runs:
        worst = int(run.accuracy.argmin())
        here = "" if at in (harmless, worst) else f"{_share(run, at)} at {texts[at]}, "
        told.append(f"{run.name} {_share(run, harmless)} at {texts[harmless]}, {here}least at {texts[worst]}, "
                    f"{_share(run, worst)}")  # fmt: skip
    return f"Read rightly: {'; '.join(told)}."


def _share(run: Swept, place: int) -> str:
    return f"{100 * run.accuracy[place]:.3g}{_PERCENT}"


def _line(run: Swept, x: list[float], texts: Sequence[str]) -> Figure:
    color, _, symbol = run_mark(run.mark)
    name = plotly_text(run.name)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": [short(value) for value in run.accuracy],
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "symbol": symbol, "size": 8, "line": {"width": 0}},
        "hovertext": [
            f"<b>{name}</b><br>{text}: {100 * share:.4g}{_PERCENT}, 95{_PERCENT} from {100 * low:.4g} to "
            f"{100 * high:.4g}{_PERCENT}"
            for text, share, low, high in zip(texts, run.accuracy, run.low, run.high, strict=True)
        ],
        "hoverinfo": "text",
    }


def _band(run: Swept, x: list[float]) -> Figure:
    red, green, blue = rgb(run_mark(run.mark).color)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x + x[::-1],
        "y": [short(value) for value in (*run.high, *run.low[::-1])],
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},{_BAND})",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
