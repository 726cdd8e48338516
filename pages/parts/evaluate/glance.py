"""At a glance: the figures of the chosen classifiers on test and training digits, and those of each class."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from core.spreadsheet import Columns
from pages.parts.evaluate.readings import SPLITS, Reading, pick_reading, readings, share_text
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.style import say
from pages.parts.shared.table import Cell, table

_HEAD = ("Digits", "Right", "95 % interval", "Errors", "Top 2", "Log loss", "Brier score", "ECE")
_MEANING = (
    "Top 2: the right digit is among the two most probable. Log loss: minus the logarithm of the probability of the "
    "right digit, in nats, on average. Brier score: the squared distance of the ten probabilities from the right "
    "answer. ECE: how far the probability of what is read is from how often that is right, before calibration. Of the "
    "last three, less is better."
)


def glance_part(shown: Sequence[Reading]) -> None:
    """Show the figures of all, with those of the other split where they are known, and of each class of one run."""
    (other,) = (split for split in SPLITS if split != shown[0].digits.split)
    known = {one.run.id: one for one in readings([one.run for one in shown], other)}
    overview_table([line for one in shown for line in (one, known.get(one.run.id)) if line])
    for run in (one.run for one in shown if one.run.config.label_noise):
        share = f"{100 * run.config.label_noise:g} %"
        say(f"{run.name} learned with wrong labels on {share} of all training digits. Here the right ones count.")
    class_table(pick_reading("Classes of", shown))


def overview_table(lines: Sequence[Reading]) -> None:
    """Show the figures of each run, a line for each of the splits that it has read."""
    rows: list[list[str | Cell]] = []
    for one in lines:
        found = one.digits.overview
        low, high = found.interval
        rows.append(
            [
                Cell(one.run.name, mark=run_mark(one.run), below=SPLITS[one.digits.split]),
                f"{found.count:,}",
                f"{100 * found.accuracy:.2f} %",
                f"{100 * low:.2f}\N{EN DASH}{100 * high:.2f}",
                f"{found.errors:,}",
                f"{100 * found.top2_accuracy:.2f} %",
                f"{found.log_loss:.4f}",
                f"{found.brier:.4f}",
                f"{found.ece:.4f}",
            ]
        )
    label = "Figures of the chosen classifiers"
    table(rows, ["Classifier", *_HEAD], name="eg", label=label, look="wide", columns=_overview_columns(lines))
    st.caption(_MEANING)


def _overview_columns(lines: Sequence[Reading]) -> Columns:
    found = [one.digits.overview for one in lines]
    return {
        "classifier": [one.run.name for one in lines],
        "run": [one.run.id for one in lines],
        "split": [one.digits.split for one in lines],
        "digits": [one.count for one in found],
        "accuracy": [one.accuracy for one in found],
        "accuracy_low": [one.interval[0] for one in found],
        "accuracy_high": [one.interval[1] for one in found],
        "errors": [one.errors for one in found],
        "top2_accuracy": [one.top2_accuracy for one in found],
        "log_loss": [one.log_loss for one in found],
        "brier_score": [one.brier for one in found],
        "ece": [one.ece for one in found],
    }


def class_table(reading: Reading) -> None:
    """Show precision, recall and F1 of each class, with a sentence about the hardest."""
    digits = reading.digits
    found, names = digits.per_class, digits.classes
    rows: list[list[str | Cell]] = [
        [
            Cell(names[label]),
            f"{found.support[label]:,}",
            *(share_text(values[label]) for values in (found.precision, found.recall, found.f1)),
        ]
        for label in range(len(names))
    ]
    means = (found.macro_precision, found.macro_recall, found.macro_f1)
    rows.append([Cell("Mean", bold=True), f"{found.support.sum():,}", *map(share_text, means)])
    head = ["Class", "Digits", "Precision", "Recall", "F1"]
    columns = {
        "class": [*names, "mean"],
        "digits": [*found.support, found.support.sum()],
        "precision": [*found.precision, found.macro_precision],
        "recall": [*found.recall, found.macro_recall],
        "f1": [*found.f1, found.macro_f1],
    }
    label = f"Figures of each class, {reading.run.name}, {SPLITS[digits.split].lower()}"
    table(rows, head, name="ec", label=label, look="short", columns=columns)
    there = [label for label in range(len(names)) if not math.isnan(found.recall[label])]
    worst = min(there, key=lambda label: found.recall[label])
    if found.recall[worst] == 1:
        say(f"{reading.run.name} finds every digit of each class.")
        return
    say(
        f"{reading.run.name} misses {names[worst]} most often: it finds {share_text(found.recall[worst])} of the "
        f"{found.support[worst]:,}."
    )
