"""How each run reads the saved drawings: a table of classifiers, filled in the background as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.ink.collection import drawings
from core.ink.drawing import Drawing, held_out, labels
from core.measures.drawing_reads import UNREAD, read, reading, readings, refused
from core.measures.scores import figure_of
from core.runs.run import Run, RunNotFound
from core.runs.store import store
from pages.parts.shared.controls.pickers import run_labels
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.style import say
from pages.parts.shared.table import Cell, table

_UNASKED = 20_000  # drawings times runs that are read without being asked: some seconds' work beside other work
_ASKED = "drawings-read-all"  # session: whether more than that were asked for


@dataclass(frozen=True)
class Accuracy:
    """How many of so many drawings are read right; `unread` of them were not read yet."""

    right: int
    count: int
    unread: int = 0

    @classmethod
    def of(cls, read_as: np.ndarray, meant: np.ndarray) -> Accuracy:
        """Compare int64 (n,) digits that were read, UNREAD where not, with what they are meant to be."""
        return cls(int((read_as == meant).sum()), len(meant), int((read_as == UNREAD).sum()))

    @property
    def share(self) -> float | None:
        """The share that is read right; None when there are no drawings or not all are read yet."""
        return self.right / self.count if self.count and not self.unread else None

    def cell(self) -> Cell:
        """The share, and how many of how many."""
        if not self.count:
            return Cell("–")
        if self.unread:
            return Cell("", f"{self.count - self.unread:,} of {self.count:,} read")
        return Cell(f"{100 * self.right / self.count:.1f} %", f"{self.right:,} of {self.count:,}")


def readers() -> list[Run]:
    """Return the runs that can read digits: classifiers with weights that learned them, newest first."""
    found = []
    for run in store().runs("classify"):
        try:
            if run.has_weights() and run.config.of_digits:
                found.append(run)
        except RunNotFound:
            continue  # deleted while we look
    return found


def test_accuracy(run: Run) -> float | None:
    """Return the share of its whole test set that the run reads right; None where it was not measured yet."""
    figure = figure_of(run)
    return figure.value if figure else None


def ask(runs: Sequence[Run], everything: Sequence[Drawing]) -> bool:
    """Let the runs read the drawings in the background; when that is much, only on a button. Say whether any began."""
    open_now = [run for run in runs if not refused(run) and (readings(run, everything) == UNREAD).any()]
    waiting = [run for run in open_now if not reading(run)]
    if waiting and len(open_now) * len(everything) > _UNASKED and not st.session_state.get(_ASKED):
        text = f"Read {len(everything):,} drawings with {len(waiting)} model{'s' * (len(waiting) > 1)}"
        if not st.button(text, key="drawings-read", icon=":material/visibility:"):
            return False
        st.session_state[_ASKED] = True
    return sum(read(run, everything) for run in waiting) > 0


def live_readings(runs: Sequence[Run]) -> None:
    """Show how each run reads the drawings, and look again while any of them is at it."""
    st.header("How each model reads them", anchor=False)
    if not runs:
        st.caption("No classifier of digits is trained yet.")
        return
    busy = any(reading(run) for run in runs)
    st.fragment(_live, run_every=0.5 if busy else None, key="drawings-readings")(runs, busy)


def _live(runs: Sequence[Run], was_busy: bool) -> None:
    begun = readings_table(runs)
    # What has begun may be done by now, and the table was drawn before.
    if any(reading(run) for run in runs) != was_busy or (begun and not was_busy):
        st.rerun()


def readings_table(runs: Sequence[Run]) -> bool:
    """Show how many drawings each run reads right, and how many of its test set; say whether any began to read."""
    everything = drawings().all()
    begun = ask(runs, everything)
    meant, aside = labels(everything), held_out(everything)
    rows = []
    for run in runs:
        read_as = readings(run, everything)
        rows.append((run, Accuracy.of(read_as, meant), Accuracy.of(read_as[aside], meant[aside])))
    rows.sort(key=lambda row: (row[1].unread > 0, -row[1].right))
    names = run_labels(runs)
    head = ("Model", "All drawings", "Kept aside", "Test set")
    lines = [line for row in rows if (line := _line(names, *row))]
    table(lines, head, name="dr-runs", label="How each model reads the drawings", look="wide")
    if said := describe_readings([(names[run.id], share) for run, share, _ in rows]):
        say(said)
    return begun


def describe_readings(shares: Sequence[tuple[str, Accuracy]]) -> str:
    """Say in a sentence which of the named runs reads most drawings right; empty while none has read them all."""
    read_all = [(name, share) for name, share in shares if share.share is not None]
    if not read_all:
        return ""
    most = max(share.right for _, share in read_all)
    best = [name for name, share in read_all if share.right == most]
    who = best[0] if len(best) == 1 else f"{len(best)} models"
    count = read_all[0][1].count
    how_many = f"{most:,} of {count:,}" if most < count else f"all {count:,}" if count > 1 else "it"
    text = f"{who} {'reads' if len(best) == 1 else 'read'} {how_many} right"
    return f"{text}. Choose a model under “Misread by” to see its mistakes." if most < count else f"{text}."


def _line(names: dict[str, str], run: Run, everything: Accuracy, aside: Accuracy) -> list[str | Cell]:
    try:
        # Of those it has learned from it must read more: what is kept aside tells.
        note = "learned from drawings" if run.config.start else ""
        figure = figure_of(run)
    except RunNotFound:
        return []  # deleted while we look
    name = Cell(names[run.id], note, run_mark(run))
    if why := refused(run):
        return [name, Cell(why, columns=3)]
    test = figure.text if figure else "–"
    return [name, everything.cell(), aside.cell(), Cell(test, DATASETS[run.config.dataset].title)]
