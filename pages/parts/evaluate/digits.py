"""The digits themselves, in the order in which they say most of a reader: its surest errors, its doubts, its losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from core.data.label_errors import doubted_labels
from pages.parts.evaluate.gallery import gallery
from pages.parts.evaluate.readings import Digits, Reading, pick_reading
from pages.parts.shared.controls.address import select
from pages.parts.shared.style import guarded, say

_KINDS = {
    "wrong": "Misread, the surest first",
    "loss": "Highest loss first",
    "unsure": "Least sure first",
    "right": "Read rightly, the least sure first",
    "all": "Misread by every chosen run",
}
_MOST = 1000  # digits of a gallery
_LOOKED_AT = (15, 50, 100)  # digits of highest loss


@guarded()
def digits_part(readings: Sequence[Reading]) -> None:
    """Show the digits of one run in the chosen order, each with its class, what is read, and how sure."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="digits-controls"):
        one = pick_reading("Classifier", readings)
        same = [other.digits for other in readings if other.digits.dataset == one.digits.dataset]
        kinds = {kind: title for kind, title in _KINDS.items() if kind != "all" or len(same) > 1}
        kind = select("Order", "order", kinds, "wrong", 300)
    digits = one.digits
    if kind == "all":
        rows = np.flatnonzero(np.logical_and.reduce([other.predicted != other.labels for other in same]))
        say(f"{len(rows):,} of {len(digits.labels):,} digits are misread by all {len(same)} chosen runs.")
    else:
        rows = _ORDERS[kind](digits)
        first = f", of which the first {_MOST:,} can be shown" if len(rows) > _MOST else ""
        say(f"{len(rows):,} of {len(digits.labels):,} digits, as {one.run.name} reads them{first}.")
    doubted = doubted_labels(digits.dataset, digits.split)
    if len(doubted):
        say(_about_doubted(doubted, rows if kind == "loss" else None))
    captions = [_caption(digits, row) + ("\N{NO-BREAK SPACE}*" if row in doubted else "") for row in rows[:_MOST]]
    gallery(digits, rows[:_MOST], captions, key=f"digits-{one.run.id}-{kind}", label=_KINDS[kind])


def _surest_errors(digits: Digits) -> np.ndarray:
    rows = np.flatnonzero(digits.predicted != digits.labels)
    return rows[np.argsort(-digits.confidence[rows], kind="stable")]


def _highest_losses(digits: Digits) -> np.ndarray:
    return np.argsort(digits.probabilities[np.arange(len(digits.labels)), digits.labels], kind="stable")


def _least_sure(digits: Digits) -> np.ndarray:
    return np.argsort(digits.confidence, kind="stable")


def _barely_right(digits: Digits) -> np.ndarray:
    rows = np.flatnonzero(digits.predicted == digits.labels)
    return rows[np.argsort(digits.confidence[rows], kind="stable")]


_ORDERS: dict[str, Callable[[Digits], np.ndarray]] = {
    "wrong": _surest_errors,
    "loss": _highest_losses,
    "unsure": _least_sure,
    "right": _barely_right,
}


def _caption(digits: Digits, row: int) -> str:
    true, read = digits.classes[digits.labels[row]], digits.classes[digits.predicted[row]]
    sure = f"{100 * digits.confidence[row]:.0f} %"
    return f"{true}, {sure}" if true == read else f"{true} as {read}, {sure}"


def _about_doubted(doubted: np.ndarray, by_loss: np.ndarray | None) -> str:
    text = f"Fewer than 3 of 5 people agree with the labels of {len(doubted)} test digits: they have a star here."
    if by_loss is None:
        return text
    found = [f"{np.isin(doubted, by_loss[:count]).sum()} among the first {count}" for count in _LOOKED_AT]
    return f"{text} In this order {', '.join(found)}."
