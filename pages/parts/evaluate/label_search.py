"""Wrong labels, found by their loss: those that a run was given on purpose, or those of MNIST that people doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from core.data.label_errors import doubted_labels
from core.figures.label_search import MEAN_COLORS, describe_found, epoch_colors, found_by_loss
from core.figures.threshold_curves import Line
from core.measures.label_losses import LABEL_LOSSES, LabelLosses, learned_rows, noisy_labels
from core.measures.thresholds import rank, thinned
from core.runs.run import Run
from core.spreadsheet import Columns
from core.training.presets import PRESETS
from pages.parts.evaluate.detail import beside_detail
from pages.parts.evaluate.gallery import STAR, gallery
from pages.parts.evaluate.readings import Digits, Reading, pick_reading, share_text
from pages.parts.figure.component import live_figure
from pages.parts.shared.controls.address import select
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import Cell, table

_MEAN = "mean"
_SHARES = {"test": (0.0015, 0.005, 0.01, 0.05), "train": (0.01, 0.05, 0.1, 0.15, 0.2)}
_MOST = 1000  # digits of a gallery
_POINTS = 300  # of a line


@dataclass(frozen=True, eq=False)
class _Labels:
    """The labels of a split as a run has them, int64 (n,), and which digits are searched: rows, int64 (m,), of the
    split; wrong, bool (m,), which of those have a wrong label.
    """

    rows: np.ndarray
    labels: np.ndarray
    wrong: np.ndarray


@dataclass(frozen=True, eq=False)
class _Search:
    """Digits in the order in which they are looked at, by the loss after an epoch or by its mean over epochs.

    order: int64 (m,), their places among those searched, the highest loss first; found: int64 (m,), how many wrong
    labels are among the first 1, 2, ... of it. average_precision: of finding wrong labels by the loss.
    """

    name: str
    title: str
    order: np.ndarray
    found: np.ndarray
    average_precision: float
    colors: tuple[str, str]

    def line(self) -> Line:
        """Return the share of the wrong labels that is found over the share of the digits that is looked at."""
        n = len(self.found)
        x, y = np.arange(1, n + 1) / n, self.found / self.found[-1]
        kept = thinned(np.log(x) / np.log(n), y, _POINTS)
        return Line(self.title, x[kept], y[kept], self.average_precision, self.colors, self.name == _MEAN)


@guarded()
def label_search_part(readings: Sequence[Reading]) -> None:
    """Show how well the losses of one run find wrong labels, early and late, and the digits of highest loss."""
    one = pick_reading("Classifier", readings)
    run, digits = one.run, one.digits
    known = _doubted(digits) if digits.split == "test" else _given(run, digits)
    total, wrong = len(known.rows), int(known.wrong.sum())
    if not wrong:
        return
    follow(Wish(LABEL_LOSSES, run, (), f"The losses of {run.name}"))
    if (found := LABEL_LOSSES.load_current(run)) is None:
        return
    searches = _searches(found, digits.split, known)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="labels-controls"):
        by = select("Loss after", "by", {one.name: one.title for one in searches}, searches[-1].name, 210)
        shares = {f"{share:g}": f"{100 * share:g} %: {_count(share, total):,}" for share in _SHARES[digits.split]}
        nearest = min(_SHARES[digits.split], key=lambda share: abs(share - wrong / total))
        count = _count(float(select("Digits looked at", "looked", shares, f"{nearest:g}", 190)), total)
    _figures(searches, wrong, count)
    chosen = next(one for one in searches if one.name == by)
    beside_detail(digits, readings, partial(_found, chosen, digits, known, count))


def _count(share: float, total: int) -> int:
    return max(1, round(share * total))


def _doubted(digits: Digits) -> _Labels:
    """Return the labels of test digits, and which of them people doubt."""
    rows = np.arange(len(digits.labels))
    wrong = np.isin(rows, doubted_labels(digits.dataset, "test"))
    if wrong.any():
        say(f"Fewer than 3 of 5 people agree with the labels of {wrong.sum()} test digits. Does the loss find them?")
    else:
        say("Nobody has said which labels of these test digits are wrong. Look at those of MNIST.")
    return _Labels(rows, digits.labels, wrong)


def _given(run: Run, digits: Digits) -> _Labels:
    """Return the labels that a run learns from, and which of them it was given wrong."""
    if digits.dataset != run.config.dataset:
        raise ValueError(f"The training digits of {run.name} are not here.")
    rows, labels = learned_rows(run), noisy_labels(run)
    wrong = labels[rows] != digits.labels[rows]
    if wrong.any():
        say(f"{run.name} learned from {len(rows):,} digits, of which {wrong.sum():,} had a wrong label on purpose.")
    else:
        preset = PRESETS["wrong-labels"].title
        say(
            f"{run.name} learned from the labels as they are. Train one that did not by the preset "
            f'"{preset}", or look at test digits here.'
        )
    return _Labels(rows, labels, wrong)


def _searches(found: LabelLosses, split: str, known: _Labels) -> list[_Search]:
    losses, last = found.test if split == "test" else found.train, len(found.epochs) - 1
    made = []
    for row, epoch in enumerate(found.epochs):
        title = f"Epoch {epoch}" if row < last else "As it is now"
        made.append(_search(f"{epoch}", title, losses[row], known, epoch_colors(row / last if last else 1.0)))
    if last:
        made.append(_search(_MEAN, "Mean of these epochs", losses.mean(0), known, MEAN_COLORS))
    return made


def _search(name: str, title: str, loss: np.ndarray, known: _Labels, colors: tuple[str, str]) -> _Search:
    loss = loss[known.rows]
    order = np.argsort(-loss, kind="stable")
    return _Search(name, title, order, known.wrong[order].cumsum(), rank(loss, known.wrong).average_precision, colors)


def _figures(searches: Sequence[_Search], wrong: int, count: int) -> None:
    """Show the curves of all searches, and what each finds among the first digits."""
    total = len(searches[0].order)
    lines = [one.line() for one in searches]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        text = describe_found({one.title: int(one.found[count - 1]) / wrong for one in searches}, count / total)
        figure = found_by_loss(lines, wrong / total, count / total)
        live_figure(figure, key="label-search", height=380, label=text)
    rows: list[list[str | Cell]] = []
    best = max(searches, key=lambda one: one.average_precision)
    for one in searches:
        hits = int(one.found[count - 1])
        texts = (f"{hits:,}", share_text(hits / count), share_text(hits / wrong), f"{one.average_precision:.4f}")
        rows.append([Cell(one.title, bold=one is best), *texts])
    with right:
        head = ["Loss after", "Found", "Precision", "Recall", "AP"]
        label = f"Wrong labels among the first {count:,} digits"
        table(rows, head, name="el", label=label, look="short", columns=_columns(searches, wrong, count))
        say(
            f"Precision: the share of the first {count:,} digits that has a wrong label, by chance "
            f"{share_text(wrong / total)}. Recall: the share of the {wrong:,} wrong labels that is among them. AP: "
            "average precision, however many are looked at."
        )


def _columns(searches: Sequence[_Search], wrong: int, count: int) -> Columns:
    hits = [int(one.found[count - 1]) for one in searches]
    return {
        "loss_after": [one.title for one in searches],
        "looked_at": [count for _ in searches],
        "found": hits,
        "precision": [found / count for found in hits],
        "recall": [found / wrong for found in hits],
        "average_precision": [one.average_precision for one in searches],
    }


def _found(one: _Search, digits: Digits, known: _Labels, count: int) -> None:
    """Show the digits of highest loss, with a star where the label is wrong."""
    first = one.order[: min(count, _MOST)]
    hits, title, names = one.found[count - 1], one.title, digits.classes
    what = "doubted" if digits.split == "test" else "wrong"
    order = f"{title[0].lower()}{title[1:]}"
    most = f" The first {_MOST:,} are shown." if count > _MOST else ""
    say(f"Highest loss first, {order}: {hits:,} of {count:,} have a {what} label, and a star.{most}")
    captions = []
    for number in first:
        row = known.rows[number]
        label, true = known.labels[row], digits.labels[row]
        is_true = f", is {names[true]}" if label != true else ""
        captions.append(f"{names[label]}{is_true}" + STAR * bool(label != true))  # doubted labels get theirs anyway
    gallery(digits, known.rows[first], captions, key=f"labels-{one.name}", label="Digits of highest loss")
