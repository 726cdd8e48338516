"""What learning from drawings changed: before and after side by side, with what it cost on the test set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.ink.drawing import Drawing, images, labels
from core.measures.drawing_reads import UNREAD, read, reading, readings, refused
from core.runs.finetune import learned_from
from core.runs.run import Run, RunNotFound
from core.runs.store import store
from pages.parts.drawings.readings import Accuracy, test_accuracy
from pages.parts.shared.controls.pickers import pick_among
from pages.parts.shared.run_status import run_status
from pages.parts.shared.strips import Caption, image_tiles
from pages.parts.shared.style import guarded, plain, say
from pages.parts.shared.table import Cell, table

TAUGHT = "hand-learned"  # session: the run whose change is shown
_SHOWN = 30  # pictures of each kind


def before_after(everything: Sequence[Drawing]) -> None:
    """Show what learning changed, of the newest run that learned from drawings or of another; nothing without one."""
    runs = {run.id: run for run in store().runs("classify") if run.config.start}
    if not runs:
        return
    st.header("Before and after", anchor=False)
    state = st.session_state
    if state.get(TAUGHT) not in runs:
        state[TAUGHT] = next(iter(runs))
    if len(runs) > 1:
        key, options = f"taught-pick-{state[TAUGHT]}", {"width": 420, "label_visibility": "collapsed"}
        picked = pick_among("Run that learned", list(runs.values()), key=key, first=state[TAUGHT], **options)
        if picked and picked.id != state[TAUGHT]:
            state[TAUGHT] = picked.id
            st.rerun()
    run = runs[state[TAUGHT]]
    busy = _busy(run)
    st.fragment(_result, run_every=0.5 if busy else None, key=f"taught-{run.id}")(run, everything, busy)


def _busy(run: Run) -> bool:
    try:
        return run.active() or reading(run) or reading(run, before=True)
    except RunNotFound:
        return False


def _result(run: Run, everything: Sequence[Drawing], was_busy: bool) -> None:
    begun = False
    with guarded():
        with st.container(width=640):
            run_status(run)
        if run.has_weights():
            learned = _learned(run.folder)
            mine = {drawing.id for drawing in learned}
            begun = _compare(
                run, learned, [drawing for drawing in everything if drawing.aside and drawing.id not in mine]
            )
    if _busy(run) != was_busy or (begun and not was_busy):
        st.rerun()


@lru_cache(maxsize=32)
def _learned(folder: Path) -> tuple[Drawing, ...]:
    # The same objects each time, by which it is remembered what was read; the drawings of a run never change.
    return learned_from(Run(folder))


def _compare(run: Run, learned: Sequence[Drawing], aside: Sequence[Drawing]) -> bool:
    """Show the figures before and after, and the drawings that are read otherwise now; say whether reading began."""
    both = [*aside, *learned]
    begun = read(run, both, before=True) | read(run, both)
    if why := refused(run, before=True) or refused(run):
        say(why)
        return begun
    was, now, meant = readings(run, both, before=True), readings(run, both), labels(both)
    figures, changed = st.columns([1, 1.4], gap="large")
    with figures:
        parts = {"Kept aside": slice(0, len(aside)), "Learned from": slice(len(aside), None)}
        shares = {title: (Accuracy.of(was[p], meant[p]), Accuracy.of(now[p], meant[p])) for title, p in parts.items()}
        tested = _tested(run)
        _table(run, shares, tested)
        say(describe_change(run, shares["Kept aside"], tested))
    if not (np.concatenate([was, now]) == UNREAD).any():
        with changed:
            _tiles("Read right only now", both, was, now, (was != meant) & (now == meant))
            _tiles("Read right only before", both, was, now, (was == meant) & (now != meant))
    return begun


def _tested(run: Run) -> tuple[float | None, float | None]:
    """Return what share of the test set is read right before and after, where it is known."""
    try:
        before = test_accuracy(store().get(run.config.start))
    except RunNotFound:
        before = None  # the run it began from was deleted
    return before, test_accuracy(run)


def describe_change(run: Run, aside: tuple[Accuracy, Accuracy], tested: tuple[float | None, float | None]) -> str:
    """Say in a sentence what learning brought, and what it cost."""
    was, now = aside
    if was.unread or now.unread:
        return "The drawings are being read."
    if not now.count:
        text = "No drawing is kept aside yet, so nobody can tell whether it helped."
    else:
        text = f"Of {now.count:,} drawings kept aside it reads {now.right:,} right, and read {was.right:,} before."
    if tested[0] is not None and tested[1] is not None:
        points, title = 100 * (tested[1] - tested[0]), DATASETS[run.config.dataset].title
        text += f" On {title} it {'costs' if points < 0 else 'brings'} {abs(points):.2f} points."
    return text


def _table(run: Run, shares: dict[str, tuple[Accuracy, Accuracy]], tested: tuple[float | None, float | None]) -> None:
    rows: list[list[str | Cell]] = [
        [title, before.cell(), after.cell(), _points(before.share, after.share)]
        for title, (before, after) in shares.items()
    ]
    cells = ["–" if value is None else f"{100 * value:.2f} %" for value in tested]
    rows.append([f"{DATASETS[run.config.dataset].title}, test set", *cells, _points(*tested, decimals=2)])
    table(rows, ("Digits", "Before", "After", "Change"), name="lr-change", label="Read right before and after learning")


def _points(before: float | None, after: float | None, decimals: int = 1) -> Cell:
    if before is None or after is None:
        return Cell("–")
    return Cell(f"{100 * (after - before):+.{decimals}f} points".replace("-", "−"), bold=True)


def _tiles(title: str, both: Sequence[Drawing], was: np.ndarray, now: np.ndarray, which: np.ndarray) -> None:
    """Show drawings with what was read in them before and what is read now."""
    places = np.flatnonzero(which)
    more = f", of which {_SHOWN}" if len(places) > _SHOWN else ""
    st.markdown(f"{plain(title)}: {len(places):,}{more}")
    if len(places):
        wrong = title.endswith("before")
        captions = [Caption(f"{was[i]} → {now[i]}", wrong=wrong) for i in places[:_SHOWN]]
        image_tiles(images([both[i] for i in places[:_SHOWN]]), captions, label=title)
