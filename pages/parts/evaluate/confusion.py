"""Confusion matrices of one run, or of two on one scale with their difference, and the digits of the chosen cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.figures.confusion import (
    confusion,
    confusion_difference,
    describe_confusion,
    describe_confusion_difference,
    largest_error,
)
from pages.parts.evaluate.detail import beside_detail
from pages.parts.evaluate.gallery import gallery
from pages.parts.evaluate.readings import Reading
from pages.parts.evaluate.same import of_same_digits
from pages.parts.figure.component import last_click, live_figure
from pages.parts.shared.controls.address import put, segments, select
from pages.parts.shared.style import guarded, say

_HEARD = "evaluate-cell-heard"  # session: the last click on each matrix
_UNITS = {"counts": "Counts", "rates": "Rates"}
_NONE = {"": "Any"}
_DIFFERENCE = "difference"  # the matrix of it
_HEIGHT = 440  # CSS pixels of a matrix


def confusion_part(readings: Sequence[Reading]) -> None:
    """Show the matrices of the first two runs that read the same digits, and the digits of the chosen cell.

    Alone run again by a click on a cell.
    """
    st.fragment(_confusion, key="confusion-part")(readings)


@guarded()
def _confusion(readings: Sequence[Reading]) -> None:
    shown = of_same_digits(readings)[:2]
    digits = shown[0].digits
    names = _NONE | {str(label): str(name) for label, name in enumerate(digits.classes)}
    _hear([*(one.run.id for one in shown), _DIFFERENCE])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="confusion-controls"):
        rates = segments("Cells", "cells", _UNITS, "counts") == "rates"
        true = select("Digits of class", "true", names, "", 130)
        read = select("read as", "read", names, "", 130)
    _matrices(shown, rates, (int(true), int(read)) if true and read else None)
    beside_detail(digits, readings, partial(_digits_of_cells, shown, true, read))


def _hear(names: Sequence[str]) -> None:
    """Choose the cell of a new click on one of these matrices: before anything is drawn, since it is ringed in all."""
    heard = st.session_state.setdefault(_HEARD, {})
    for name in names:
        click = last_click(_key(name))
        if click is None or heard.get(name) == click.n:
            continue
        heard[name] = click.n
        if (cell := click.cell(10, 10)) is not None:
            put("true", str(cell[0]))
            put("read", str(cell[1]))


def _key(name: str) -> str:
    return f"confusion-{name}"


def _digits_of_cells(shown: Sequence[Reading], true: str, read: str) -> None:
    if not (true and read):
        say("Click on a cell to see its digits, or choose one above.")
        return
    for one in shown:
        _digits_of_cell(one, int(true), int(read))


def _matrices(shown: Sequence[Reading], rates: bool, cell: tuple[int, int] | None) -> None:
    classes, counts = shown[0].digits.classes, [one.digits.counts for one in shown]
    look: dict[str, Any] = {"rates": rates, "chosen": cell}
    most = largest_error(*counts, rates=rates)
    columns = st.columns(3 if len(shown) == 2 else [2, 1], gap="small")
    for column, one in zip(columns, shown, strict=False):
        with column:
            figure = confusion(one.digits.counts, classes, most=most, name=one.run.name, **look)
            _figure(one.run.id, figure, describe_confusion(one.digits.counts, classes, one.run.name))
    if len(shown) == 2:
        (first, second), names = counts, (shown[0].run.name, shown[1].run.name)
        with columns[2]:
            figure = confusion_difference(first, second, classes, names=names, **look)
            _figure(_DIFFERENCE, figure, describe_confusion_difference(first, second, classes, names))


def _figure(name: str, figure: dict[str, Any], text: str) -> None:
    """Show a matrix that can be clicked on, and the sentence about it."""
    live_figure(figure, key=_key(name), height=_HEIGHT, label=text, clicks=True)
    say(text)


def _digits_of_cell(one: Reading, true: int, read: int) -> None:
    digits = one.digits
    rows, names = digits.read_as(true, read), digits.classes
    total = int((digits.labels == true).sum())
    what = "rightly" if true == read else f"as {names[read]}"
    say(f"{one.run.name} reads {len(rows):,} of {total:,} digits of class {names[true]} {what}, the surest first.")
    captions = [f"{100 * digits.probabilities[row, read]:.0f} %" for row in rows]
    gallery(digits, rows, captions, key=f"cell-{one.run.id}-{true}-{read}", label=f"Class {names[true]} read {what}")
