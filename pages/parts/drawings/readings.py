"""How each run reads the saved drawings: a table of classifiers, filled in the background as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.figures.palette import RUN_COLORS, RUN_GLYPHS
from core.ink.collection import drawings
from core.ink.drawing import Drawing, kept_aside, labels
from core.measures.drawing_reads import UNREAD, read, reading, readings, refused
from core.runs.run import Run, RunNotFound
from core.runs.store import store
from pages.parts.shared.pickers import run_labels
from pages.parts.shared.style import plain

_UNASKED = 20_000  # drawings times runs that are read without being asked: some seconds' work beside other work
_ASKED = "drawings-read-all"  # session: whether more than that were asked for
_STYLE = """
<style>
.dr-runs { overflow-x: auto; }
.dr-runs table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.3;
  font-variant-numeric: tabular-nums; }
.dr-runs th, .dr-runs td { padding: 4px 0 4px 12px; text-align: right; vertical-align: top; font-weight: 400; }
.dr-runs th:first-child { text-align: left; padding-left: 0; overflow-wrap: anywhere; }
.dr-runs thead th { opacity: .75; font-size: 12.5px; vertical-align: bottom; }
.dr-runs tbody tr { border-top: 1px solid var(--st-border-color); }
.dr-runs small { display: block; opacity: .7; font-size: 12px; white-space: nowrap; }
.dr-runs i { font-style: normal; margin-right: 6px; }
.dr-runs td { white-space: nowrap; }
.dr-runs .dr-wide { text-align: left; white-space: normal; opacity: .75; }
</style>
"""


@dataclass(frozen=True)
class Share:
    """How many of so many drawings are read right; `unread` of them were not read yet."""

    right: int
    count: int
    unread: int = 0

    @classmethod
    def of(cls, read_as: np.ndarray, meant: np.ndarray) -> Share:
        """Compare int64 (n,) digits that were read, UNREAD where not, with what they are meant to be."""
        return cls(int((read_as == meant).sum()), len(meant), int((read_as == UNREAD).sum()))

    @property
    def share(self) -> float | None:
        """The share that is read right; None when there are no drawings or not all are read yet."""
        return self.right / self.count if self.count and not self.unread else None

    def html(self) -> str:
        """Two lines of a cell: the share, and how many of how many."""
        if not self.count:
            return "–"
        if self.unread:
            return f"<small>{self.count - self.unread:,} of {self.count:,} read</small>"
        return f"{100 * self.right / self.count:.1f} %<small>{self.right:,} of {self.count:,}</small>"


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
    """Return the share of the run's test set that it read right at the end of its last epoch; None before the first."""
    epochs = run.history().epochs
    return epochs[-1].test.get("accuracy") if epochs else None


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
    st.subheader("How each model reads them", anchor=False)
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
    meant, aside = labels(everything), kept_aside(everything)
    rows = []
    for run in runs:
        read_as = readings(run, everything)
        rows.append((run, Share.of(read_as, meant), Share.of(read_as[aside], meant[aside])))
    rows.sort(key=lambda row: (row[1].unread > 0, -row[1].right))
    names = run_labels(runs)
    body = "".join(_row(names, *row) for row in rows)
    st.html(
        f'{_STYLE}<div class="dr-runs" tabindex="0"><table><thead><tr><th scope="col">Model</th>'
        f'<th scope="col">All drawings</th><th scope="col">Kept aside</th><th scope="col">Test set</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    if said := describe([(names[run.id], share) for run, share, _ in rows]):
        st.caption(plain(said))
    return begun


def describe(shares: Sequence[tuple[str, Share]]) -> str:
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


def _row(names: dict[str, str], run: Run, everything: Share, aside: Share) -> str:
    color, mark = (cycle[run.color % len(cycle)] for cycle in (RUN_COLORS, RUN_GLYPHS))
    try:
        # Of those it has learned from it must read more: what is kept aside tells.
        note = "<small>learned from drawings</small>" if run.config.start else ""
        value = test_accuracy(run)
    except RunNotFound:
        return ""  # deleted while we look
    look = f'<i style="color:{color}" aria-hidden="true">{mark}</i>'
    name = f'<th scope="row">{look}{escape(names[run.id])}{note}</th>'
    if why := refused(run):
        return f'<tr>{name}<td class="dr-wide" colspan="3">{escape(why)}</td></tr>'
    test = "–" if value is None else f"{100 * value:.2f} %"
    title = DATASETS[run.config.dataset].title
    return f"<tr>{name}<td>{everything.html()}</td><td>{aside.html()}</td><td>{test}<small>{title}</small></td></tr>"
