"""The axes of figures, a panel each, and the words in them; tail: what a panel's axes are numbered with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

QUIET = "#8a94a0"  # of what is there to compare with
_NOT_YET = "measured first after<br>a quarter of an epoch"


def fit_few(data: Sequence[dict[str, Any]], tail: str, span: Sequence[float], layout: dict[str, Any]) -> None:
    """Fit a panel with no point, or with one level alone, where Plotly would make up a range about it.

    data: all traces; span: the range of epochs that the other panels show.
    """
    levels = {y for trace in data if trace["yaxis"] == f"y{tail}" for y in trace["y"] if y is not None}
    x, y = layout[f"xaxis{tail}"], layout[f"yaxis{tail}"]
    # A made-up range ends with the next point: only from there on is kept what was zoomed by hand.
    if len(levels) < 2:
        x |= {"range": list(span), "uirevision": "few"}
    if len(levels) == 1:
        y["rangemode"] = "tozero"
    if not levels:
        y |= {"range": [0, 1], "showticklabels": False, "uirevision": "empty"}
        layout["annotations"].append(middle(_NOT_YET, tail) | {"font": {"size": 12}})


def scale(panel: str, log_loss: bool) -> dict[str, Any]:
    """Return how a panel's values are laid out."""
    if panel == "accuracy":
        return {"tickformat": "~%"}
    return {"type": "log", "dtick": "D2", "tickformat": "~g"} if log_loss else {"tickformat": "~g"}


def title(text: str, tail: str) -> dict[str, Any]:
    """Return the title of a panel, above it to the left."""
    place = {
        "xref": f"x{tail} domain",
        "yref": f"y{tail} domain",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
    }
    return {**place, "text": f"<b>{text}</b>", "showarrow": False, "yshift": 6, "font": {"size": 13}}


def middle(text: str, tail: str = "") -> dict[str, Any]:
    """Return a word in the middle of a panel."""
    place = {
        "xref": f"x{tail} domain",
        "yref": f"y{tail} domain",
        "x": 0.5,
        "y": 0.5,
        "xanchor": "center",
        "yanchor": "middle",
    }
    return {**place, "text": text, "name": "class", "showarrow": False, "font": {"size": 15}}


def guide(x: Sequence[float], y: Sequence[float]) -> dict[str, Any]:
    """Return a dashed line to compare with, which says nothing and cannot be clicked on."""
    line = {"dash": "dash", "width": 1.2, "color": QUIET}
    still = {"hoverinfo": "skip", "showlegend": False}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": line} | still


def upright(x: float, width: float = 1) -> dict[str, Any]:
    """Return an upright line through the whole panel, behind what is drawn, at what is looked at."""
    line = {"color": QUIET, "width": width}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}


def new_layout() -> dict[str, Any]:
    """Return the layout that panels are put into."""
    # A constant uirevision tells Plotly to keep what a person zoomed by hand when the data change.
    return {"uirevision": "kept", "showlegend": False, "hovermode": "closest", "annotations": []}
