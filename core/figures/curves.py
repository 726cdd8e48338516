"""Learning curves as plain Plotly figures (dicts), with a sentence for each, and the palettes of all pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from core.figures.palette import RUN_COLORS, RUN_MARKERS

if TYPE_CHECKING:
    from core.runs.log import History

Figure = dict[str, Any]


_DASHES = ("", "dash", "dot", "dashdot")  # of the runs of one colour in one figure
MAX_POINTS = 400  # of one curve; more cannot be told apart on a screen and only slow the page
_PANELS = {"loss": "Loss", "accuracy": "Accuracy", "mse": "Mean squared error"}
LOSS_TITLES = {
    "cross-entropy": "Loss: cross-entropy",
    "bce": "Loss: binary cross-entropy",
    "mse": "Loss: squared error",
    "elbo": "Loss: negative ELBO (nats)",
}


@dataclass(frozen=True)
class Curves:
    """One run's curves: its name for people, its place in RUN_COLORS, the loss it minimises, its history."""

    name: str
    color: int
    loss: str
    history: History


@dataclass(frozen=True)
class ReferenceLine:
    """A level to compare with, such as PCA's error at the same code size: a dashed line in one panel."""

    label: str
    value: float
    panel: str = "mse"


def binned(x: Sequence[float], y: Sequence[float], limit: int = MAX_POINTS) -> tuple[list[float], list[float | None]]:
    """Return at most `limit` points: means of neighbours, with the first and the last point kept as they are.

    Values that are not finite are left out of the means; where nothing is left the curve has a gap (None).
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(xs) != len(ys):
        raise ValueError(f"x and y must be of the same length, got {len(xs)} and {len(ys)}. Pair them.")
    if limit < 3:
        raise ValueError(f"limit must be at least 3, got {limit}. Give more points.")
    if len(xs) > limit:
        edges = np.linspace(1, len(xs) - 1, limit - 1).astype(int)
        counts = np.diff(edges)
        finite = np.isfinite(ys)
        known = np.add.reduceat(finite[:-1], edges[:-1])
        sums = np.add.reduceat(np.where(finite, ys, 0.0)[:-1], edges[:-1])
        middle = np.divide(sums, known, out=np.full(len(known), np.nan), where=known > 0)
        xs = np.concatenate([xs[:1], np.add.reduceat(xs[:-1], edges[:-1]) / counts, xs[-1:]])
        ys = np.concatenate([ys[:1], middle, ys[-1:]])
    return [_short(v) for v in xs], [_short(v) if math.isfinite(v) else None for v in ys]


def _short(value: float) -> float:
    # Five digits are more than a screen can show, and make the message to the browser a third as long.
    return float(f"{value:.5g}")


def learning_curves(
    runs: Sequence[Curves], *, references: Sequence[ReferenceLine] = (), log_loss: bool = False
) -> Figure:
    """Return loss and accuracy (or mean squared error) over epochs, a panel each, of the runs overlaid.

    Training is a thin pale line (one value a batch), testing a strong line with a marker at each look: small for
    the sample of test digits, large for the whole test set at the end of an epoch.
    """
    panels, dashes = _panels(runs), _dashes(runs)
    data: list[dict[str, Any]] = []
    for number, panel in enumerate(panels, 1):
        axes = {"xaxis": f"x{number if number > 1 else ''}", "yaxis": f"y{number if number > 1 else ''}"}
        # What minimises the squared error has its curve in that panel; losses of other kinds would dwarf it here.
        drawn = [pair for pair in zip(runs, dashes, strict=True) if panel != "loss" or pair[0].loss != "mse"]
        traces = [trace for run, dash in drawn for trace in _traces(run, panel, dash)]
        # Plotly draws no axes without a trace, so an empty panel gets one that shows nothing.
        data += [{**trace, **axes} for trace in traces or [{"type": "scatter", "x": [None], "y": [None]}]]
        end = max([1.0, *(_last_epoch(run.history) for run in runs)])
        shown = [ref for ref in references if ref.panel == panel]
        data += [{**_reference(ref, end, place), **axes} for place, ref in enumerate(shown)]
    layout = _curve_layout(panels, runs, log_loss)
    # Other panels, or the first values in empty ones, begin a new view: a zoom into the old one means nothing there.
    layout["uirevision"] = " ".join(panels if any(run.history.steps for run in runs) else ["empty"])
    return {"data": data, "layout": layout}


def _panels(runs: Sequence[Curves]) -> list[str]:
    measured = {name for run in runs for row in run.history.steps[:1] for name in row.train}
    if not measured:
        return ["loss", "accuracy"]
    # A run that minimises the squared error itself would draw the same curve twice.
    only_mse = all(run.loss == "mse" for run in runs if run.history.steps)
    return [panel for panel in _PANELS if panel in measured and not (panel == "loss" and only_mse)]


def _dashes(runs: Sequence[Curves]) -> list[str]:
    """Return how each run's line is drawn: runs that share a colour, of which there are few, can be told apart."""
    colors = [run.color % len(RUN_COLORS) for run in runs]
    return [_DASHES[colors[:place].count(color) % len(_DASHES)] for place, color in enumerate(colors)]


def _traces(run: Curves, panel: str, dash: str) -> list[dict[str, Any]]:
    color, symbol = (cycle[run.color % len(cycle)] for cycle in (RUN_COLORS, RUN_MARKERS))
    train = _train_points(run.history, panel)
    x, y = binned([p[0] for p in train], [p[1] for p in train])
    thin = _trace(run, panel, "training", x, y) | {
        "mode": "lines" if len(x) > 1 else "markers",
        "line": {"color": color, "width": 1.1},
        "marker": {"color": color, "size": 4},
        "opacity": 0.42,
    }
    test = _test_points(run.history, panel)
    x, y = binned([p[0] for p in test], [p[1] for p in test])
    sizes = [8 if whole else 5 for _, _, whole in test] if len(test) <= MAX_POINTS else 4
    strong = _trace(run, panel, "test", x, y) | {
        "mode": "lines+markers",
        "line": {"color": color, "width": 2.2} | ({"dash": dash} if dash else {}),
        "marker": {"color": color, "size": sizes, "symbol": symbol, "line": {"width": 0}},
    }
    return [trace for trace in (thin, strong) if trace["x"]]


def _trace(run: Curves, panel: str, split: str, x: list[float], y: list[float | None]) -> dict[str, Any]:
    name = plotly_text(run.name)
    value = "%{y:.2%}" if panel == "accuracy" else "%{y:.4g}"
    hover = f"<b>{name}</b><br>{split} {_PANELS[panel].lower()} {value}<br>epoch %{{x:.2f}}<extra></extra>"
    return {"type": "scatter", "name": name, "x": x, "y": y, "connectgaps": False, "hovertemplate": hover}


def plotly_text(text: str) -> str:
    """Escape free text for Plotly, which reads tags, entities and, in templates, %{...}."""
    return escape(text).replace("%", "&#37;")


def _train_points(history: History, panel: str) -> list[tuple[float, float]]:
    return [(row.epoch, row.train[panel]) for row in history.steps if panel in row.train]


def _test_points(history: History, panel: str) -> list[tuple[float, float, bool]]:
    """Return (epoch, value, whether of the whole test set) by time; the whole set wins over a sample."""
    tested = ((row, row.test) for row in history.measured if row.test)
    points = {row.epoch: (test[panel], row.event == "epoch") for row, test in tested if panel in test}
    return [(epoch, value, whole) for epoch, (value, whole) in sorted(points.items())]


def _last_epoch(history: History) -> float:
    return history.steps[-1].epoch if history.steps else 0.0


def _reference(reference: ReferenceLine, end: float, place: int) -> dict[str, Any]:
    label = plotly_text(reference.label)
    # Levels may be close to each other: their labels stand left and right, then below.
    right, side = place % 2, "bottom" if place % 4 > 1 else "top"
    return {
        "type": "scatter",
        "x": [0, _short(end)],
        "y": [_short(reference.value)] * 2,
        "mode": "lines+text",
        "text": ["", label] if right else [label, ""],
        "textposition": f"{side} {'left' if right else 'right'}",
        "name": label,
        "line": {"dash": "dash", "width": 1.4, "color": "#8a94a0"},
        "textfont": {"size": 11},
        "hovertemplate": f"{label}: %{{y:.4f}}<extra></extra>",
    }


def _curve_layout(panels: Sequence[str], runs: Sequence[Curves], log_loss: bool) -> dict[str, Any]:
    layout = _layout()
    layout["margin"] = {"l": 52, "r": 14, "t": 30, "b": 40}
    narrow: dict[str, Any] = {}
    gap, n = 0.09, len(panels)
    wide = (1 - gap * (n - 1)) / n
    tall = (1 - 0.2 * (n - 1)) / n
    losses = {run.loss for run in runs} - {"mse"}
    titles = {**_PANELS, "loss": LOSS_TITLES.get(next(iter(losses)), "Loss") if len(losses) == 1 else "Loss"}
    for i, panel in enumerate(panels):
        tail = str(i + 1) if i else ""
        left, top = i * (wide + gap), 1 - i * (tall + 0.2)
        x = {
            "title": {"text": "Epoch", "standoff": 6},
            "rangemode": "tozero",
            "zeroline": False,
            "anchor": f"y{tail}",
        }
        layout[f"xaxis{tail}"] = {**x, "domain": [left, min(1.0, left + wide)]}
        layout[f"yaxis{tail}"] = {
            "domain": [0, 1],
            "zeroline": False,
            "anchor": f"x{tail}",
            **_scale(panel, log_loss),
        }
        narrow[f"xaxis{tail}"] = {"domain": [0, 1]}
        narrow[f"yaxis{tail}"] = {"domain": [max(0.0, top - tall), top]}
        layout["annotations"].append(_title(titles[panel], tail))
    if not any(run.history.steps for run in runs):
        for axis in (name for name in list(layout) if name[1:5] == "axis"):
            layout[axis]["range"] = [0, 1]
        layout["annotations"].append(_middle("no step yet" if runs else "The curves appear here."))
    layout["meta"] = {"narrow": narrow, "narrow_rows": n}
    return layout


def _scale(panel: str, log_loss: bool) -> dict[str, Any]:
    if panel == "accuracy":
        return {"tickformat": "~%"}
    return {"type": "log", "dtick": "D2", "tickformat": "~g"} if log_loss else {"tickformat": "~g"}


def _title(text: str, tail: str) -> dict[str, Any]:
    place = {
        "xref": f"x{tail} domain",
        "yref": f"y{tail} domain",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
    }
    return {**place, "text": f"<b>{text}</b>", "showarrow": False, "yshift": 6, "font": {"size": 13}}


def _middle(text: str) -> dict[str, Any]:
    place = {"xref": "x domain", "yref": "y domain", "x": 0.5, "y": 0.5, "xanchor": "center", "yanchor": "middle"}
    return {**place, "text": text, "name": "class", "showarrow": False, "font": {"size": 15}}


def _layout() -> dict[str, Any]:
    # A constant uirevision tells Plotly to keep what a person zoomed by hand when the data change.
    return {"uirevision": "kept", "showlegend": False, "hovermode": "closest", "annotations": []}


def describe_learning_curves(runs: Sequence[Curves]) -> str:
    """Return one sentence: where each run stands in its test measure."""
    if not runs:
        return "No run is chosen."
    return "; ".join(_describe(run) for run in runs) + "."


@lru_cache(maxsize=256)
def _describe(run: Curves) -> str:
    for panel, unit, best in (("accuracy", "{:.2%}", max), ("mse", "{:.4f}", min)):
        test = [p for p in _test_points(run.history, panel) if math.isfinite(p[1])]
        if test:
            epoch, last, _ = test[-1]
            top = best(p[1] for p in test)
            more = f" (best {unit.format(top)})" if top != last else ""
            name = "test accuracy" if panel == "accuracy" else "test mean squared error"
            return f"{run.name} has a {name} of {unit.format(last)}{more} after {_epochs(epoch)}".replace(
                "%", "\u00a0%"
            )
    train = [p for p in _train_points(run.history, "loss") if math.isfinite(p[1])]
    if train:
        return f"{run.name} has a training loss of {train[-1][1]:.4g} after {_epochs(train[-1][0])}"
    return f"{run.name} has no measurement yet"


def _epochs(epoch: float) -> str:
    return "1 epoch" if epoch == 1 else f"{round(epoch, 1):g} epochs"
