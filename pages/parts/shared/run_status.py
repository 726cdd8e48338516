"""How runs stand: one dense line per run with its status, progress, speed and time left, and its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.measures.scores import figure_of
from core.runs import checkpoint
from core.runs.log import History, images_per_second
from core.runs.run import ENDINGS, RESUMABLE, Run, Status
from pages.parts.shared.run_controls import COMPACT, refusal, run_buttons
from pages.parts.shared.run_mark import mark_html, run_mark
from pages.parts.shared.style import guarded

_TRY_AGAIN = "Press Resume to try again, or change the settings and press Train."
_STYLE = """
<style>
.rs { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; line-height: 1.35; font-size: 14px; }
.rs-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
.rs-badge { font-size: 12px; padding: 1px 8px; border-radius: 999px; align-self: start;
  border: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.rs-badge.rs-running { background: color-mix(in srgb, currentColor 12%, transparent); }
.rs-badge:is(.rs-failed, .rs-diverged, .rs-interrupted) { color: color-mix(in srgb, #d2534d 70%, currentColor); }
.rs-bar { grid-column: 1 / -1; height: 4px; border-radius: 2px; overflow: hidden;
  background: color-mix(in srgb, currentColor 14%, transparent); }
.rs-bar b { display: block; height: 100%; border-radius: 2px; transition: width .4s linear; }
.rs-facts { grid-column: 1 / -1; font-size: 13px; opacity: .8; font-variant-numeric: tabular-nums; }
.stElementContainer:has(> .stHtml .rs-told) { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
</style>
"""


def run_statuses(runs: Sequence[Run]) -> None:
    """Show how runs stand, and tell those who do not see the page: once for all of them, and only what is new."""
    told = [f"{run.name}: {status}." for run in runs if (status := run_status(run))]
    st.html(f'<p class="rs-told" role="status">{escape(" ".join(told))}</p>')


def run_status(run: Run) -> Status | None:
    """Show how one run stands, with the buttons for what can be done to it; return its status, None if it is gone."""
    with guarded():
        status, history, message = run.status(), run.history(), run.message()
        with st.container(
            horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", key=f"status-{run.id}"
        ):
            st.html(_STYLE + COMPACT + _line(run, status, history, message))
            run_buttons(run, status)
        refusal(run.id)
        return status
    return None


def _line(run: Run, status: Status, history: History, message: str) -> str:
    mark, share = run_mark(run), history.share_done
    figure = figure_of(run) if status in ENDINGS else None
    told = _fit_facts(status, history) if run.spec.learns == "at once" else _facts(status, history, run.config.epochs)
    facts = " · ".join([*told, *([figure.words] if figure else [])])
    notes = [note for note in (_notes(status, message), _begins_again(run, status, history)) if note]
    bar = (
        f'<div class="rs-bar" role="progressbar" aria-label="Training progress" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * share:.0f}">'
        f'<b style="width:{share:.1%};background:{mark.color}"></b></div>'
    )
    return (
        f'<div class="rs"><span class="rs-name" title="{escape(run.name)}">{mark_html(mark)}{escape(run.name)}</span>'
        f'<span class="rs-badge rs-{status}">{status}</span>{bar}'
        f'<span class="rs-facts">{facts}</span>'
        + "".join(f'<span class="rs-facts">{escape(note)}</span>' for note in notes)
        + "</div>"
    )


def _notes(status: Status, message: str) -> str:
    """Return why the run ended or what it waits for, and what to do."""
    if message in ("Stopped on request.", "Paused on request."):
        return ""  # who pressed the button needs not be told so
    return f"{message} {_TRY_AGAIN}" if status == Status.FAILED and "Resume" not in message else message


def _begins_again(run: Run, status: Status, history: History) -> str:
    """Return what Resume begins again, of a run that ended within an epoch or a fit; "" for any other."""
    if run.spec.learns == "at once":
        ended = status in RESUMABLE and status != Status.INTERRUPTED and 0 < history.fitted < 1
        return "Resume fits it anew: what was fitted in part is not kept." if ended else ""
    done = history.epochs[-1] if history.epochs else None
    if status not in RESUMABLE or not history.steps or (done and done.step >= history.steps[-1].step):
        return ""
    epoch = done.epoch + 1 if done and (run.folder / checkpoint.NAME).exists() else 1
    if status == Status.INTERRUPTED:
        return f"It begins epoch {epoch} again."
    return f"Resume begins epoch {epoch} again: what is kept is the state after each whole epoch."


def _facts(status: Status, history: History, epochs: int) -> list[str]:
    if not history.steps:
        return [{Status.STARTING: "starting a process", Status.RUNNING: "preparing"}.get(status, "no step yet")]
    last = history.steps[-1]
    done = f"epoch {last.epoch:.2f}" if status == Status.RUNNING else f"{round(history.epochs_done, 2):g}"
    facts = [f"{done} of {epochs}" + ("" if status == Status.RUNNING else f" epoch{'s' * (epochs != 1)}")]
    if speed := images_per_second(history):
        facts.append(f"{speed:,.0f} images/s")
    return _with_time(facts, status, history)


def _fit_facts(status: Status, history: History) -> list[str]:
    if not history.fitted:
        return [{Status.STARTING: "starting a process", Status.RUNNING: "preparing"}.get(status, "not fitted")]
    if history.fitted < 1:
        return _with_time([f"{history.fitted:.0%} fitted".replace("%", "\N{NO-BREAK SPACE}%")], status, history)
    return ["fitted, being measured" if status == Status.RUNNING else "fitted at once", f"{history.seconds:,.1f} s"]


def _with_time(facts: list[str], status: Status, history: History) -> list[str]:
    facts.append(f"{history.seconds:,.1f} s")
    if status == Status.RUNNING:
        left = history.seconds * (1 / share - 1) if (share := history.share_done) else 0.0
        facts[-1] += " so far"
        facts.append(f"{_about(left)} left")
    return facts


def _about(seconds: float) -> str:
    # An estimate has no tenths.
    return f"about {seconds:.0f} s" if seconds < 9.95 else f"about {time_in_words(seconds)}"


def time_in_words(seconds: float) -> str:
    """Return a time in words a person reads at a glance: 0.4 s, 18 s, 2 min 05 s, 1 h 02 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
