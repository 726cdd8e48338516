"""Learning curves as plain Plotly figures (dicts), with a sentence for each, and the palettes of all pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from core.figures.axes import fit_few, middle, new_layout, scale, title
from core.figures.binning import MAX_POINTS, binned, short
from core.figures.palette import RUN_COLORS, run_mark

if TYPE_CHECKING:
    from core.runs.log import History

Figure = dict[str, Any]


_FAINT = 0.3  # opacity of the runs in the background
_LABEL_MARGIN = 104  # pixels for the labels of references
_DASHES = ("", "dash", "dot", "dashdot")  # of the runs of one colour in one figure
_PANELS = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "mse": "Mean squared error",
    "penalty": "Penalty",
    "reconstruction": "Reconstruction (nats)",
    "kl": "KL (nats)",
}
# What a trace shows, in its "meta": batches, learned digits, the whole test set, a sample of it, a run behind others,
# one that took no steps.
BATCHES, LEARNED, WHOLE, SAMPLE, FAINT, LEVEL = "batches", "learned", "whole", "sample", "faint", "level"
LOSS_TITLES = {
    "cross-entropy": "Loss: cross-entropy",
    "bce": "Loss: binary cross-entropy",
    "mse": "Loss: squared error",
    "elbo": "Loss: negative ELBO (nats)",
}


@dataclass(frozen=True)
class Curves:
    """One run's curves: its name for people, the number of its mark, the loss it minimises, its history.

    beta: the weight of KL in the loss of a variational run. faint: drawn as the ground for the others, which the view
    is fitted to. ended: it goes on no more. at_once: it took no steps, and has a level instead of a curve.
    """

    name: str
    mark: int
    loss: str
    history: History
    beta: float = 1.0
    faint: bool = False
    ended: bool = False
    at_once: bool = False

    @property
    def minimises_mse(self) -> bool:
        """Whether its loss is the mean squared error and nothing else, so that both are one curve."""
        return self.loss == "mse" and not any("penalty" in step.train for step in self.history.steps[:1])

    @property
    def loss_title(self) -> str:
        """What its loss is."""
        if self.loss == "elbo" and self.beta != 1:
            return f"Loss: reconstruction + {self.beta:g} KL (nats)"
        return LOSS_TITLES.get(self.loss, "Loss") if self.minimises_mse or self.loss != "mse" else "Loss with penalty"


@dataclass(frozen=True)
class ReferenceLine:
    """A level to compare with, such as PCA's error at the same code size: a dashed line in one panel."""

    label: str
    value: float
    panel: str = "mse"


def learning_curves(
    runs: Sequence[Curves], *, references: Sequence[ReferenceLine] = (), log_loss: bool = False
) -> Figure:
    """Return loss and accuracy (or mean squared error) over epochs, a panel each, of the runs overlaid.

    Training is a thin pale line (the running mean of batches) and, at the end of an epoch, open marks: training digits
    measured as test digits are. Testing is a strong line with a mark at each look: small for the sample of test digits,
    large for the whole test set at the end of an epoch.
    """
    panels, dashes = _panels(runs), _dashes(runs)
    longest = max((run.history.epochs_done for run in runs if not run.at_once), default=0.0)
    data: list[dict[str, Any]] = []
    for number, panel in enumerate(panels, 1):
        axes = {"xaxis": f"x{number if number > 1 else ''}", "yaxis": f"y{number if number > 1 else ''}"}
        # What minimises the squared error has its curve in that panel; losses of other kinds would dwarf it here.
        drawn = [pair for pair in zip(runs, dashes, strict=True) if panel != "loss" or not pair[0].minimises_mse]
        traces = [trace for run, dash in drawn if not run.at_once for trace in _traces(run, panel, dash)]
        traces += [trace for run, _ in drawn if run.at_once for trace in _level(run, panel, max(1.0, longest))]
        # Plotly draws no axes without a trace, so an empty panel gets one that shows nothing.
        data += [{**trace, **axes} for trace in traces or [{"type": "scatter", "x": [None], "y": [None]}]]
        data += [{**_reference(ref, max(1.0, longest)), **axes} for ref in references if ref.panel == panel]
    layout = _curve_layout(panels, runs, log_loss)
    span = _view(runs).get("range", [0, short(1.04 * longest)])
    for number, panel in enumerate(panels):
        tail = str(number + 1) if number else ""
        if longest:
            fit_few(data, tail, span, layout)
        _label_references([ref for ref in references if ref.panel == panel], tail, layout)
    # Other panels, or the first values in empty ones, begin a new view: a zoom into the old one means nothing there.
    layout["uirevision"] = " ".join(panels if _measured(runs) else ["empty"])
    return {"data": data, "layout": layout}


def _panels(runs: Sequence[Curves]) -> list[str]:
    measured = {name for run in runs for row in run.history.steps[:1] for name in row.train}
    if not measured:  # what they will have
        measured = {"mse" if run.loss != "cross-entropy" else "accuracy" for run in runs} or {"accuracy"}
        measured.add("loss")
    # A run that minimises the squared error itself would draw the same curve twice.
    only_mse = bool(runs) and all(run.minimises_mse for run in runs)
    return [panel for panel in _PANELS if panel in measured and not (panel == "loss" and only_mse)]


def _dashes(runs: Sequence[Curves]) -> list[str]:
    """Return how each run's line is drawn: runs that share a colour, of which there are few, can be told apart."""
    colors = [(run.mark % len(RUN_COLORS), run.at_once) for run in runs]  # a level is dashed as no curve is
    return [_DASHES[colors[:place].count(color) % len(_DASHES)] for place, color in enumerate(colors)]


def _traces(run: Curves, panel: str, dash: str) -> list[dict[str, Any]]:
    color, _, symbol = run_mark(run.mark)
    # A variational run learns from a sampled code, and is tested with the mean: two errors that do not compare.
    train = train_points(run.history, panel) if (run.loss, panel) != ("elbo", "mse") else []
    x, y = binned([p[0] for p in train], [p[1] for p in train])
    thin = _trace(run, panel, "running mean of batches,", x, y) | {
        "meta": [BATCHES],
        "mode": "lines" if len(x) > 1 else "markers",
        "line": {"color": color, "width": 1.1},
        "marker": {"color": color, "size": 4},
        "opacity": 0.55,
    }
    learned = _learned_points(run.history, panel)
    x, y = binned([p[0] for p in learned], [p[1] for p in learned])
    opened = _trace(run, panel, "training digits,", x, y) | {
        "meta": [LEARNED],
        "mode": "lines+markers",
        "line": {"color": color, "width": 1.1, "dash": "dot"},
        "marker": {"color": color, "size": 7, "symbol": f"{symbol}-open"},
    }
    test = tested_points(run.history, panel)
    x, y = binned([p[0] for p in test], [p[1] for p in test])
    sizes = [8 if whole else 5 for _, _, whole in test] if len(test) <= MAX_POINTS else 4
    strong = _trace(run, panel, "test digits,", x, y) | {
        "meta": sorted({WHOLE if whole else SAMPLE for _, _, whole in test}),
        "mode": "lines+markers",
        "line": {"color": color, "width": 2.2} | ({"dash": dash} if dash else {}),
        "marker": {"color": color, "size": sizes, "symbol": symbol, "line": {"width": 0}},
    }
    if run.faint:
        return [strong | {"opacity": _FAINT, "meta": [FAINT]}] if strong["x"] else []
    return [trace for trace in (thin, opened, strong) if trace["x"]]


def _level(run: Curves, panel: str, end: float) -> list[dict[str, Any]]:
    """Return the level of the test set that a run came to without steps, across all epochs of the others."""
    tested = run.history.epochs[-1].test if run.history.epochs else {}
    if panel not in tested:
        return []
    trace = _trace(run, panel, "test digits,", [0, short(end)], [short(tested[panel])] * 2)
    trace["hovertemplate"] = trace["hovertemplate"].replace("epoch %{x:.2f}", "fitted at once")
    line = {"color": run_mark(run.mark)[0], "width": 1.8, "dash": "longdash"}
    look = {"meta": [FAINT], "opacity": _FAINT} if run.faint else {"meta": [LEVEL]}
    return [trace | {"mode": "lines", "line": line} | look]


def _measured(runs: Sequence[Curves]) -> bool:
    return any(run.history.measured for run in runs)


def _trace(run: Curves, panel: str, split: str, x: list[float], y: list[float | None]) -> dict[str, Any]:
    name = plotly_text(run.name)
    value = "%{y:.2%}" if panel == "accuracy" else "%{y:.4g}"
    hover = f"<b>{name}</b><br>{split} {_PANELS[panel].lower()} {value}<br>epoch %{{x:.2f}}<extra></extra>"
    return {"type": "scatter", "name": name, "x": x, "y": y, "connectgaps": False, "hovertemplate": hover}


def plotly_text(text: str) -> str:
    """Escape free text for Plotly, which reads tags, entities and, in templates, %{...}."""
    return escape(text).replace("%", "&#37;")


def train_points(history: History, panel: str) -> list[tuple[float, float]]:
    """Return (epoch, running mean of batches) by time."""
    return [(row.epoch, row.train[panel]) for row in history.steps if panel in row.train]


def _learned_points(history: History, panel: str) -> list[tuple[float, float]]:
    measured = [(row.epoch, row.train_sample) for row in history.epochs]
    return [(epoch, metrics[panel]) for epoch, metrics in measured if metrics and panel in metrics]


def tested_points(history: History, panel: str) -> list[tuple[float, float, bool]]:
    """Return (epoch, value, whether of the whole test set) by time; the whole set wins over a sample."""
    tested = ((row, row.test) for row in history.measured if row.test)
    points = {row.epoch: (test[panel], row.event == "epoch") for row, test in tested if panel in test}
    return [(epoch, value, whole) for epoch, (value, whole) in sorted(points.items())]


def _reference(reference: ReferenceLine, end: float) -> dict[str, Any]:
    label = plotly_text(reference.label)
    return {
        "type": "scatter",
        "x": [0, short(end)],
        "y": [short(reference.value)] * 2,
        "mode": "lines",
        "name": label,
        "line": {"dash": "dash", "width": 1.4, "color": "#8a94a0"},
        "hovertemplate": f"{label}: %{{y:.4f}}<extra></extra>",
    }


def _label_references(references: Sequence[ReferenceLine], tail: str, layout: Figure) -> None:
    """Write the references' labels in the margin right of their panel, off the curves, the highest first."""
    log, shift, above = layout[f"yaxis{tail}"].get("type") == "log", 0, math.inf
    for reference in sorted(references, key=lambda one: -one.value):
        shift = shift - 13 if above - reference.value < 0.1 * above else 0  # below the label of a level so close
        above = reference.value
        layout["margin"]["r"] = _LABEL_MARGIN
        layout["annotations"].append(
            {
                "xref": f"x{tail} domain",
                "x": 1.0,
                "xanchor": "left",
                "xshift": 4,
                "yref": f"y{tail}",
                "y": math.log10(reference.value) if log else reference.value,
                "yshift": shift,
                "text": plotly_text(reference.label),
                "showarrow": False,
                "font": {"size": 11},
            }
        )


def _curve_layout(panels: Sequence[str], runs: Sequence[Curves], log_loss: bool) -> dict[str, Any]:
    layout = new_layout()
    layout["margin"] = {"l": 52, "r": 14, "t": 30, "b": 40}
    narrow: dict[str, Any] = {}
    gap, n = 0.09, len(panels)
    wide = (1 - gap * (n - 1)) / n
    tall = (1 - 0.2 * (n - 1)) / n
    losses = {run.loss_title for run in runs if not run.minimises_mse}
    titles = {**_PANELS, "loss": next(iter(losses)) if len(losses) == 1 else "Loss"}
    for i, panel in enumerate(panels):
        tail = str(i + 1) if i else ""
        left, top = i * (wide + gap), 1 - i * (tall + 0.2)
        x = {
            "title": {"text": "Epoch", "standoff": 6},
            "rangemode": "tozero",
            "zeroline": False,
            "anchor": f"y{tail}",
        }
        layout[f"xaxis{tail}"] = {**x, "domain": [left, min(1.0, left + wide)], **_view(runs)}
        layout[f"yaxis{tail}"] = {
            "domain": [0, 1],
            "zeroline": False,
            "anchor": f"x{tail}",
            **scale(panel, log_loss),
        }
        narrow[f"xaxis{tail}"] = {"domain": [0, 1]}
        narrow[f"yaxis{tail}"] = {"domain": [max(0.0, top - tall), top]}
        layout["annotations"].append(title(titles[panel], tail))
    if not _measured(runs):
        for axis in (name for name in list(layout) if name[1:5] == "axis"):
            layout[axis]["range"] = [0, 1]
        layout["annotations"].append(middle("no step yet" if runs else "The curves appear here."))
    layout["meta"] = {"narrow": narrow, "narrow_rows": n}
    return layout


def _view(runs: Sequence[Curves]) -> dict[str, Any]:
    """Return the range of the epochs of those in front, where others would stretch it."""
    stepped = [run for run in runs if not run.at_once]
    ends = [run.history.epochs_done for run in stepped if not run.faint]
    if len(ends) == len(stepped) or not max(ends, default=0.0):
        return {}
    return {"range": [0, short(1.04 * max(ends))]}
