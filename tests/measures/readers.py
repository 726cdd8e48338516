"""Probabilities and labels that metrics are tried on: any, and every kind that is easily forgotten."""

from collections.abc import Callable

import numpy as np

Case = tuple[np.ndarray, np.ndarray]


def reader(count: int, classes: int, skill: float = 2.0, seed: int = 0) -> Case:
    """Probabilities, float64 (count, classes), without ties, of a reader of some skill, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    logits = rng.normal(0, 1.5, (count, classes))
    logits[np.arange(count), labels] += skill
    said = np.exp(logits)
    return said / said.sum(1, keepdims=True), labels


def _cases() -> dict[str, Case]:
    said, labels = reader(400, 10)
    answers = said.argmax(1)
    few, few_labels = reader(60, 3, seed=1)
    tied = np.round(few * 4) + 1
    return {
        "ten classes": (said, labels),
        "three classes": (few, few_labels),
        "two classes": reader(50, 2, seed=2),
        "float32": (said.astype(np.float32), labels.astype(np.uint8)),
        "good": reader(2000, 10, skill=9.0, seed=3),
        "a class missing": (said[labels != 4], labels[labels != 4]),
        "one class only": (said[:30], np.full(30, 7)),
        "all wrong": (said, (answers + 1) % 10),
        "all right": (said, answers),
        "ties": (tied / tied.sum(1, keepdims=True), few_labels),
        "constant": (np.full((40, 4), 0.25), np.arange(40) % 4),
        "one digit": (said[:1], labels[:1]),
        "certain and right": (np.eye(10)[labels], labels),
        "certain and wrong": (np.eye(10)[(labels + 3) % 10], labels),
        "certain": (np.eye(10)[answers], labels),
        "a class never said": (np.insert(few, 1, 0.0, axis=1), np.array([0, 1, 2, 3])[few_labels + (few_labels > 0)]),
    }


CASES = _cases()

_SAID, _LABELS = reader(5, 3)
Judge = Callable[[np.ndarray, np.ndarray], object]
# What is refused, with a word of the sentence that says so.
REFUSED: dict[str, tuple[np.ndarray, np.ndarray, str]] = {
    "no digits": (np.empty((0, 10)), np.empty(0, int), "at least one"),
    "NaN": (np.where(np.eye(5, 3) > 0, np.nan, _SAID), _LABELS, "not numbers"),
    "infinite": (np.where(np.eye(5, 3) > 0, np.inf, _SAID), _LABELS, "not numbers"),
    "logits": (np.log(_SAID), _LABELS, "softmax"),
    "not of one whole": (_SAID * 0.9, _LABELS, "softmax"),
    "one axis": (_SAID[0], _LABELS[:3], "two axes"),
    "one class": (np.ones((5, 1)), np.zeros(5, int), "two axes"),
    "fewer labels": (_SAID, _LABELS[:4], "same digits"),
    "labels in a table": (_SAID, _LABELS[:, None], "one for each"),
    "a label too high": (_SAID, _LABELS + 3, "classes 0 to 2"),
    "a label below 0": (_SAID, _LABELS - 3, "classes 0 to 2"),
    "labels that are not whole": (_SAID, _LABELS / 2, "whole numbers"),
}
