"""Which classes a model takes for which, as heatmaps to click on, and in a sentence: plain Plotly figures (dicts).

Everywhere counts are int (k, k), [true, read]. Both axes are numbered by class, 0 at the left and at the top, so that a
click says the row and the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from core.figures.axes import middle, new_layout, title
from core.figures.curves import Figure, plotly_text

# Colours by their share of the strength, from nothing: through them a light and a dark page both shine.
_MORE, _LESS = "232, 112, 36", "58, 124, 214"
_STRONGEST = 0.72  # at which the page's text is still read on it
_QUIET = "rgba(128, 136, 148, 0.13)"  # ground of the diagonal
_CHOSEN = "#3778bc"
_DOT, _MINUS = "·", "−"
_PERCENT = "\N{NO-BREAK SPACE}%"
_LARGE, _LARGEST = 12, 20  # classes, from which on the numbers are small, and left out


def confusion(
    counts: np.ndarray,
    classes: Sequence[str],
    *,
    rates: bool = False,
    most: float | None = None,
    name: str = "",
    chosen: tuple[int, int] | None = None,
) -> Figure:
    """Return how many digits of each class are read as each: the errors coloured, the diagonal in quiet type.

    rates: show shares of each row, in %, instead of counts. most: what has the strongest colour, by default the largest
    error; two figures compare where both have the same, see `largest_error`. name: the title; chosen: a cell
    (true, read) to frame.
    """
    counts = _checked(counts, classes)
    values = _shares(counts) if rates else counts.astype(float)
    errors = np.where(np.eye(len(counts), dtype=bool), 0.0, values)
    texts = [[_number(value, rates) for value in row] for row in values]
    hover = [[_cell(counts, classes, t, r) for r in range(len(counts))] for t in range(len(counts))]
    strongest = most or largest_error(counts, rates=rates) or 1.0
    scale = [[0.0, f"rgba({_MORE}, 0)"], [1.0, f"rgba({_MORE}, {_STRONGEST})"]]
    figure = _figure(errors, (0.0, strongest, scale), texts, hover, classes, name, chosen)
    if not counts.any():
        figure["layout"]["annotations"].append(middle("no digits"))
    return figure


def confusion_difference(
    counts_a: np.ndarray,
    counts_b: np.ndarray,
    classes: Sequence[str],
    *,
    rates: bool = False,
    most: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    chosen: tuple[int, int] | None = None,
) -> Figure:
    """Return what A reads as each class more often than B (orange), or less often (blue): A minus B.

    names: of A and B. Otherwise as `confusion`.
    """
    a, b = _checked(counts_a, classes), _checked(counts_b, classes)
    values = _shares(a) - _shares(b) if rates else (a - b).astype(float)
    errors = np.where(np.eye(len(a), dtype=bool), 0.0, values)
    texts = [[_number(value, rates, signed=True) for value in row] for row in values]
    hover = [[_both((a, b), classes, names, t, r) for r in range(len(a))] for t in range(len(a))]
    strongest = most or _largest(errors) or 1.0
    less, more = f"rgba({_LESS}, {_STRONGEST})", f"rgba({_MORE}, {_STRONGEST})"
    scale = [[0.0, less], [0.5, f"rgba({_LESS}, 0)"], [0.5, f"rgba({_MORE}, 0)"], [1.0, more]]
    heading = f"{names[0]} {_MINUS} {names[1]}" if all(names) else ""
    return _figure(errors, (-strongest, strongest, scale), texts, hover, classes, heading, chosen)


def largest_error(*counts: np.ndarray, rates: bool = False) -> float:
    """Return the largest count, or share of a row, off the diagonals of one table or several; 0 without an error."""
    tables = [_shares(table) if rates else np.asarray(table, float) for table in counts]
    return max((_largest(np.where(np.eye(len(table), dtype=bool), 0.0, table)) for table in tables), default=0.0)


def describe_confusion(counts: np.ndarray, classes: Sequence[str], name: str = "") -> str:
    """Return one sentence: how many digits are misread, and which three confusions are the most frequent."""
    counts = _checked(counts, classes)
    total, who = int(counts.sum()), name or "The model"
    if not total:
        return f"{who} has read no digits yet."
    errors = counts - np.diag(counts.diagonal())
    wrong = int(errors.sum())
    if not wrong:
        return f"{who} reads all {total:,} digits rightly."
    worst = [(int(t), int(r)) for t, r in _largest_first(errors)]
    told = ", ".join(f"{classes[t]} as {classes[r]} ({errors[t, r]:,})" for t, r in worst)
    often = "most often" if wrong > 1 else "namely"
    return f"{who} misreads {wrong:,} of {total:,} digits ({_percent(wrong / total)}), {often} {told}."


def describe_confusion_difference(
    counts_a: np.ndarray, counts_b: np.ndarray, classes: Sequence[str], names: tuple[str, str] = ("A", "B")
) -> str:
    """Return one sentence: in which confusions two models differ the most."""
    a, b = _checked(counts_a, classes), _checked(counts_b, classes)
    gaps = a - b
    np.fill_diagonal(gaps, 0)
    worst = _largest_first(np.abs(gaps))
    if not worst:
        return f"{names[0]} and {names[1]} confuse the same classes equally often."
    told = ", ".join(f"{classes[t]} as {classes[r]} ({a[t, r]:,} and {b[t, r]:,})" for t, r in worst)
    return f"{names[0]} and {names[1]} differ most in reading {told}."


def _checked(counts: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.shape != (len(classes), len(classes)) or not len(classes):
        raise ValueError(f"Counts of the shape {counts.shape} do not fit {len(classes)} classes. Pass (k, k).")
    return counts.astype(np.int64)


def _shares(counts: np.ndarray) -> np.ndarray:
    """Return the shares of each row, NaN where it has no digit."""
    counts = np.asarray(counts)
    there = counts.sum(1, keepdims=True)
    return np.divide(counts, there, out=np.full(counts.shape, np.nan), where=there > 0)


def _largest(errors: np.ndarray) -> float:
    known = np.abs(errors[~np.isnan(errors)])
    return float(known.max()) if len(known) else 0.0


def _largest_first(errors: np.ndarray, most: int = 3) -> list[tuple[int, int]]:
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, errors.shape)
    return [(int(t), int(r)) for t, r in zip(rows, columns, strict=True) if errors[t, r]]


def _number(value: float, rates: bool, signed: bool = False) -> str:
    """Return what stands in a cell: a dot for nothing, and nothing where it is not known."""
    if np.isnan(value):
        return ""
    if not value:
        return _DOT
    sign = _MINUS if value < 0 else "+" if signed else ""
    if not rates:
        return f"{sign}{abs(value):.0f}"
    percent = 100 * abs(value)
    small = "<0.1" if percent < 0.05 else f"{percent:.1f}"
    return f"{sign}{'100' if small == '100.0' else small}"


def _cell(counts: np.ndarray, classes: Sequence[str], true: int, read: int) -> str:
    there, here = int(counts[true].sum()), int(counts[true, read])
    if not there:
        return f"No digit here is a {classes[true]}"
    return f"{classes[true]} read as {classes[read]}: {here:,} of {there:,} ({_percent(here / there)})"


def _both(
    tables: tuple[np.ndarray, np.ndarray], classes: Sequence[str], names: tuple[str, str], true: int, read: int
) -> str:
    counts, of = [int(table[true, read]) for table in tables], [int(table[true].sum()) for table in tables]
    shared = of[0] == of[1]
    parts = [
        f"{here:,}{'' if shared else f' of {there:,}'} by {name}"
        for here, there, name in zip(counts, of, names, strict=True)
    ]
    told = f"{', '.join(parts)}{f', of {of[0]:,}' if shared else ''}"
    return f"{classes[true]} read as {classes[read]}: {told}"


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{'<0.1' if 0 < percent < 0.05 else f'{percent:.1f}' if percent else '0'}{_PERCENT}"


def _figure(
    errors: np.ndarray,
    scale: tuple[float, float, list[list[object]]],
    texts: list[list[str]],
    hover: list[list[str]],
    classes: Sequence[str],
    name: str,
    chosen: tuple[int, int] | None,
) -> Figure:
    k = len(classes)
    places, gap = list(range(k)), 1 if k <= _LARGEST else 0
    low, high, colors = scale
    known = [[None if np.isnan(value) else float(f"{value:.5g}") for value in row] for row in errors]
    cells: Figure = {"type": "heatmap", "x": places, "y": places, "xgap": gap, "ygap": gap, "showscale": False}
    ground: Figure = {"z": [[1 if t == r else None for r in places] for t in places], "hoverinfo": "skip"}
    ground |= {"colorscale": [[0, _QUIET], [1, _QUIET]], "zmin": 0, "zmax": 1}
    told = [[escape(sentence) for sentence in row] for row in hover]
    shown: Figure = {"z": known, "hovertext": told, "hoverinfo": "text"}
    shown |= {"colorscale": colors, "zmin": low, "zmax": high}
    # As points, and not as the heatmap's own text: so they have the page's colour, whatever theme it has.
    loud = [(t, r) for t in places for r in places if t != r and texts[t][r] not in ("", _DOT)]
    quiet = [(t, r) for t in places for r in places if (t == r or texts[t][r] == _DOT) and texts[t][r]]
    data = [cells | ground, cells | shown]
    if k <= _LARGEST:
        data += [_written(loud, texts, k, 1.0), _written(quiet, texts, k, 0.62)]
    axis = {"range": [-0.5, k - 0.5], "tickvals": places, "ticktext": [plotly_text(c) for c in classes]}
    axis |= {"showgrid": False, "zeroline": False, "fixedrange": True, "constrain": "domain", "ticks": ""}
    layout = new_layout() | {"dragmode": False, "margin": {"l": 44, "r": 8, "t": 30, "b": 40}}
    layout["xaxis"] = axis | {
        "title": {"text": "Read as", "standoff": 6},
        "constraintoward": "left",
        "automargin": True,
    }
    layout["yaxis"] = axis | {
        "title": {"text": "True class", "standoff": 6},
        "range": [k - 0.5, -0.5],
        "scaleanchor": "x",
        "automargin": True,
    }
    layout["annotations"] = [title(plotly_text(name), "")] if name else []
    if chosen:
        true, read = chosen
        frame = {"x0": read - 0.5, "x1": read + 0.5, "y0": true - 0.5, "y1": true + 0.5}
        layout["shapes"] = [{"type": "rect", **frame, "line": {"color": _CHOSEN, "width": 2}}]
    return {"data": data, "layout": layout}


def _written(cells: list[tuple[int, int]], texts: list[list[str]], k: int, opacity: float) -> Figure:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [read for _, read in cells],
        "y": [true for true, _ in cells],
        "text": [escape(texts[true][read]) for true, read in cells],
        "textfont": {"size": 11 if k <= _LARGE else 9},
        "opacity": opacity,
        "hoverinfo": "skip",
    }
