"""What each step on the way to 28 x 28 is worth to a classifier: measured on a button, over saved and moved digits."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.measures.preprocessing import PREPROCESSING, StepResult, StepsReport
from core.runs.run import Run
from pages.parts.pad.component import STEPS
from pages.parts.shared.controls.pickers import pick_among
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import Cell, table

TITLES = {name: title for name, (title, _) in STEPS.items()}


def steps_cost(runs: Sequence[Run]) -> None:
    """Show what switching off each step costs one of the classifiers among the runs, and measure it when asked to."""
    classifiers = [run for run in runs if run.spec.task == "classify" and run.has_weights()]
    with st.container(border=True, key="steps-cost", gap="small"):
        st.markdown("**What each step is worth**")
        if not classifiers:
            st.caption("Choose a classifier to measure what each step is worth to it.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            run = _pick(classifiers)
            status = st.container(width="stretch")
        report = PREPROCESSING.load(run)
        with guarded(), status:  # the run may be gone
            follow(_wish(run, report))
        if report is not None:
            _table(run, report)


def _pick(classifiers: Sequence[Run]) -> Run:
    if len(classifiers) == 1:
        return classifiers[0]
    return pick_among("Classifier", classifiers, key="steps-run", width=240) or classifiers[0]


def _wish(run: Run, report: StepsReport | None) -> Wish:
    button = "Measure over saved drawings and moved test digits" if report is None else "Measure again"
    blurb = "" if report else f"How often {run.name} is right with all steps, and with each switched off."
    return Wish(PREPROCESSING, run, (), run.name, button, blurb)


def _table(run: Run, report: StepsReport) -> None:
    base = next(row for row in report.rows if not row.off)
    heads = ["Switched off"]
    if report.drawings_count:
        heads += [f"{report.drawings_count:,} saved drawings", "Loss"]
    heads += [f"{report.moved_count:,} moved test digits", "Loss"]
    rows = [_line(row, base, bool(report.drawings_count)) for row in report.rows]
    table(rows, heads, name="sc", label="What switching off each step costs")
    say(describe_steps(run.name, report))


def _line(row: StepResult, base: StepResult, with_drawings: bool) -> list[str | Cell]:
    line: list[str | Cell] = [TITLES.get(row.off, row.off) if row.off else "nothing"]
    shares = [(row.drawings, base.drawings)] * with_drawings + [(row.moved, base.moved)]
    for share, before in shares:
        line += ["–" if share is None else f"{100 * share:.1f} %", _loss(share, before) if row.off else ""]
    return line


def _loss(share: float | None, before: float | None) -> str | Cell:
    if share is None or before is None:
        return ""
    points = 100 * (before - share)
    sign = "−" if points >= 0.05 else "+" if points <= -0.05 else "±"
    return Cell(f"{sign}{abs(points):.1f} points", bar=before - share)


def describe_steps(name: str, report: StepsReport) -> str:
    """Return one sentence: which step the classifier would miss most."""
    base = next(row for row in report.rows if not row.off)
    worst = min((row for row in report.rows if row.off), key=lambda row: row.moved)
    points = 100 * (base.moved - worst.moved)
    right = f"{name} reads {100 * base.moved:.1f} % of the moved test digits with all steps"
    if points < 0.05:
        return f"{right}, and no step is missed."
    step = TITLES.get(worst.off, worst.off).lower()
    return f"{right}, and misses one step most: without “{step}” {points:.1f} points are lost."
