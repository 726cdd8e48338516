"""What each step on the way to 28 x 28 is worth to a classifier: measured on a button, over saved and moved digits."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from html import escape

import streamlit as st

from core.jobs.state import Work
from core.measures.preprocessing import Row, StepsReport, load_steps, steps_state, submit_steps
from core.runs.run import Run
from pages.parts.pad.component import STEPS
from pages.parts.shared.pickers import run_labels
from pages.parts.shared.style import plain

TITLES = {name: title for name, (title, _) in STEPS.items()}
_PATIENCE_S = 120.0  # how long a process may take from being asked to its first sign of life, on a busy machine
_ASKED = "steps-asked"  # session: when which run was asked about, and how it stood then
_STYLE = """
<style>
.sc { overflow-x: auto; }
.sc table { border-collapse: collapse; font-size: 14px; line-height: 1.35; font-variant-numeric: tabular-nums; }
.sc th, .sc td { padding: 4px 0 4px 20px; text-align: right; white-space: nowrap; }
.sc th:first-child { padding-left: 0; text-align: left; }
.sc thead th { font-weight: 600; vertical-align: bottom; }
.sc tbody th { font-weight: 400; }
.sc tbody tr { border-top: 1px solid var(--st-border-color, #8884); }
.sc td.loss { min-width: 9.5em; }
.sc .bar { display: inline-block; height: 9px; margin-right: 8px; background: currentColor; opacity: .35; }
</style>
"""


def steps_cost(runs: Sequence[Run]) -> None:
    """Show what switching off each step costs one of the classifiers among the runs, and measure it when asked to."""
    classifiers = {run.id: run for run in runs if run.spec.task == "classify" and run.has_weights()}
    with st.container(border=True, key="steps-cost", gap="small"):
        st.markdown("**What each step is worth**")
        if not classifiers:
            st.caption("Choose a classifier to measure what each step is worth to it.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            run = _pick(classifiers)
            status = st.container(width="stretch")
        try:
            look = _look(run)
            polls = look[0] in ("computing", "starting")
            with status:
                st.fragment(_status, run_every=0.5 if polls else None, key=f"steps-status-{run.id}")(run, look)
        except ValueError as error:  # the run is gone
            st.caption(plain(str(error)))
            return
        if look[1] is not None:
            _table(run, look[1])


def _pick(classifiers: dict[str, Run]) -> Run:
    if len(classifiers) == 1:
        return next(iter(classifiers.values()))
    labels = run_labels(list(classifiers.values()))
    chosen = st.selectbox(
        "Classifier", list(classifiers), format_func=lambda one: labels.get(one, str(one)), key="steps-run", width=240
    )
    return classifiers.get(str(chosen)) or next(iter(classifiers.values()))


def _look(run: Run) -> tuple[str, StepsReport | None]:
    """What the page depends on: when it changes, the whole page is drawn again. Raises RunNotFound."""
    work, report = steps_state(run), load_steps(run)
    when, before = st.session_state.get(_ASKED, {}).get(run.id, (-math.inf, None))
    if before == (work, report) and time.monotonic() - when < _PATIENCE_S:
        return "starting", report
    if before is not None:
        del st.session_state[_ASKED][run.id]  # something has happened, or nothing will
    return work.state, report


def _status(run: Run, shown: tuple[str, StepsReport | None]) -> None:
    try:
        look, work = _look(run), steps_state(run)
    except ValueError as error:
        st.caption(plain(str(error)))
        return
    if look != shown:
        st.rerun()
    state, report = look
    if state in ("computing", "starting"):
        doing = work.message if state == "computing" and work.message else "starting a process"
        st.progress(work.fraction, text=plain(f"{run.name}: {doing}"))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if report is None or not report.current:
            _button(run, work, report)
        if words := _words(run, work, report):
            st.caption(plain(words))


def _button(run: Run, work: Work, report: StepsReport | None) -> None:
    first = report is None and work.state == "absent"
    label = "Measure over saved drawings and moved test digits" if first else "Measure again"
    if st.button(label, key="steps-measure", icon=":material/straighten:"):
        st.session_state.setdefault(_ASKED, {})[run.id] = time.monotonic(), (work, report)
        submit_steps(run)
        st.rerun()


def _words(run: Run, work: Work, report: StepsReport | None) -> str:
    if work.state in ("failed", "interrupted"):
        return work.message
    if report is None:
        return f"How often {run.name} is right with all steps, and with each switched off."
    return "" if report.current else "The model or the saved drawings have changed since this was measured."


def _table(run: Run, report: StepsReport) -> None:
    base = next(row for row in report.rows if not row.off)
    heads = ["Switched off"]
    if report.drawings_count:
        heads += [f"{report.drawings_count:,} saved drawings", "Loss"]
    heads += [f"{report.moved_count:,} moved test digits", "Loss"]
    head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in heads)
    body = "".join(_line(row, base, bool(report.drawings_count)) for row in report.rows)
    st.html(
        f"{_STYLE}<div class='sc' tabindex='0'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    st.caption(plain(describe(run.name, report)))


def _line(row: Row, base: Row, with_drawings: bool) -> str:
    title = TITLES.get(row.off, row.off) if row.off else "nothing"
    shares: list[tuple[float | None, float | None]] = [(row.moved, base.moved)]
    if with_drawings:
        shares.insert(0, (row.drawings, base.drawings))
    cells = "".join(f"<td>{_share(share)}</td>{_loss(share, before, bool(row.off))}" for share, before in shares)
    return f"<tr><th scope='row'>{escape(title)}</th>{cells}</tr>"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _loss(share: float | None, before: float | None, switched: bool) -> str:
    if share is None or before is None or not switched:
        return "<td class='loss'></td>"
    points = 100 * (before - share)
    bar = f"<i class='bar' style='width: {max(0.0, points) * 0.7:.0f}px'></i>" if points >= 0.05 else ""
    sign = "−" if points >= 0.05 else "+" if points <= -0.05 else "±"
    return f"<td class='loss'>{bar}{sign}{abs(points):.1f} points</td>"


def describe(name: str, report: StepsReport) -> str:
    """Return one sentence: which step the classifier would miss most."""
    base = next(row for row in report.rows if not row.off)
    worst = min((row for row in report.rows if row.off), key=lambda row: row.moved)
    points = 100 * (base.moved - worst.moved)
    right = f"{name} reads {100 * base.moved:.1f} % of the moved test digits with all steps"
    if points < 0.05:
        return f"{right}, and no step is missed."
    step = TITLES.get(worst.off, worst.off).lower()
    return f"{right}, and misses one step most: without “{step}” {points:.1f} points are lost."
