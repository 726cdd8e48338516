"""The digits themselves, in the order in which they say most of a reader: its surest errors, its doubts, its losses,
and what it takes for a class and is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import streamlit as st

from core.data.label_errors import doubted_labels
from pages.parts.evaluate.detail import beside_detail
from pages.parts.evaluate.gallery import gallery
from pages.parts.evaluate.readings import Digits, Reading, pick_reading
from pages.parts.shared.controls.address import select
from pages.parts.shared.style import guarded, say

_ANY = {"": "Any class"}
_KINDS = {
    "wrong": "Misread, the surest first",
    "loss": "Highest loss first",
    "unsure": "Least sure first",
    "right": "Read rightly, the least sure first",
    "all": "Misread by every chosen run",
}
# Of one class: whether a digit is of it, whether it is read as it, and how the kind is ordered.
_OF_CLASS = {
    "fn": ("False negatives, the surest first", True, False),
    "fp": ("False positives, the surest first", False, True),
    "tp": ("True positives, the least sure first", True, True),
    "tn": ("True negatives, the most like it first", False, False),
}
_MOST = 1000  # digits of a gallery
_LOOKED_AT = (15, 50, 100)  # digits of highest loss


@guarded()
def digits_part(readings: Sequence[Reading]) -> None:
    """Show the digits of one run in the chosen order, each with its class, what is read, and how sure."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="digits-controls"):
        one = pick_reading("Classifier", readings)
        digits = one.digits
        same = [other.digits for other in readings if other.digits.dataset == digits.dataset]
        names = _ANY | {str(label): str(name) for label, name in enumerate(digits.classes)}
        label = select("Class", "class", names, "", 130)
        if label:
            kind = select("Kind", "kind", {kind: title for kind, (title, _, _) in _OF_CLASS.items()}, "fn", 300)
        else:
            kinds = {kind: title for kind, title in _KINDS.items() if kind != "all" or len(same) > 1}
            kind = select("Order", "order", kinds, "wrong", 300)
    if label:
        rows = _of_class(digits, int(label), kind)
        say(_about_class(one, int(label), kind, rows))
    elif kind == "all":
        rows = np.flatnonzero(np.logical_and.reduce([other.predicted != other.labels for other in same]))
        say(f"{len(rows):,} of {len(digits.labels):,} digits are misread by all {len(same)} chosen runs.")
    else:
        rows = _ORDERS[kind](digits)
        say(f"{len(rows):,} of {len(digits.labels):,} digits, as {one.run.name} reads them{_first(rows)}.")
    doubted = doubted_labels(digits.dataset, digits.split)
    if len(doubted):
        say(_about_doubted(doubted, rows if kind == "loss" else None))
    title = f"{_OF_CLASS[kind][0].split(',')[0]} of class {names[label]}" if label else _KINDS[kind]
    captions = [_caption(digits, row) for row in rows[:_MOST]]
    key = f"digits-{one.run.id}-{kind}{label}"
    beside_detail(digits, readings, partial(gallery, digits, rows[:_MOST], captions, key=key, label=title))


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


def _of_class(digits: Digits, label: int, kind: str) -> np.ndarray:
    """Return the digits of one kind of a class: by how sure what is read is, true negatives by the class's share."""
    _, of_it, read = _OF_CLASS[kind]
    rows = np.flatnonzero(((digits.labels == label) == of_it) & ((digits.predicted == label) == read))
    order = {"tp": digits.confidence, "tn": -digits.probabilities[:, label]}.get(kind, -digits.confidence)
    return rows[np.argsort(order[rows], kind="stable")]


def _about_class(one: Reading, label: int, kind: str, rows: np.ndarray) -> str:
    _, of_it, read = _OF_CLASS[kind]
    name, total = one.digits.classes[label], int(((one.digits.labels == label) == of_it).sum())
    whose = f"of class {name}" if of_it else "of the other classes"
    what = f"as {name}" if read else f"not as {name}"
    return f"{one.run.name} reads {len(rows):,} of {total:,} digits {whose} {what}{_first(rows)}."


def _first(rows: np.ndarray) -> str:
    return f", of which the first {_MOST:,} can be shown" if len(rows) > _MOST else ""


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
