"""What can be done to a run where it stands: pause, stop, resume, train longer. Pressed twice, nothing more happens."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import streamlit as st

from core.jobs import submit
from core.runs import checkpoint
from core.runs.run import ACTIVE, RESUMABLE, Run, RunNotFound, Status
from core.runs.store import store
from pages.parts.shared.controls.pickers import announced_runs
from pages.parts.shared.question import Question, ask, asked, in_words, question_line
from pages.parts.shared.style import count, warn

MAX_EPOCHS = 1000  # of a run in all, as TrainConfig has it
_PATIENCE_S = 0.5  # a run stops within one batch, mostly a few hundredths of a second
_TOLD_S = 30.0  # how long a refusal stays below its run
# Buttons as low as the text beside them; where that is narrow their words are only read out, not shown.
COMPACT = """
<style>
:is([class*="st-key-status-"], .st-key-run-actions, .st-key-run-files, [class*="st-key-deleted-"], .st-key-stop-all,
  [class*="st-key-ask-"]) {
  :is(button, [data-testid="stPageLink-NavLink"]) { min-height: 1.9rem; padding: 0.1rem 0.55rem; }
  button p { font-size: 0.86rem; }
}
[class*="st-key-status-"] { container-type: inline-size; }
@container (max-width: 560px) {
  [class*="st-key-status-"] button, [class*="st-key-status-"] button * { gap: 0; margin: 0; }
  [class*="st-key-status-"] button p { font-size: 0; }
}
</style>
"""
_STOP_ALL = "stop-all"  # the button, and what it asks
_NAMED = 12  # runs in a question
_RESUMED = "resumed-runs"  # session: ids of the runs that were resumed here
_AGAIN = "train-again"  # session: the run whose settings the form of the Train page is to show next
_WHOLE = "A fit cannot be paused: nothing is kept of one that did not end. It stops after the part it is at."
_RISES = "One-cycle: the learning rate rises again, as if the longer run had been planned."


def run_buttons(run: Run, status: Status) -> None:
    """Show the buttons that fit the status of the run; COMPACT makes them small."""
    if status in ACTIVE:
        asked = run.requested()
        whole = run.spec.learns == "at once"
        for request, doing in (("stop", "Stopping"),) if whole else (("pause", "Pausing"), ("stop", "Stopping")):
            st.button(
                doing if asked == request else request.capitalize(),
                key=f"{request}-{run.id}",
                icon=f":material/{request}:",
                disabled=bool(asked) and (request == "pause" or asked == "stop"),
                on_click=request_end,
                args=(run, request),
                help=_WHOLE if whole else None,
            )
    elif status in RESUMABLE:
        st.button("Resume", key=f"resume-{run.id}", icon=":material/play_arrow:", on_click=resume_run, args=(run,))
    elif status == Status.FINISHED and run.config.epochs < MAX_EPOCHS and (run.folder / checkpoint.NAME).exists():
        _longer(run)


@contextmanager
def refusable(key: str) -> Iterator[None]:
    """Keep the sentence of what was refused in here, for `refusal` to show; a run that is gone refuses nothing."""
    st.session_state.pop(f"refused-{key}", None)
    try:
        yield
    except RunNotFound:
        return
    except ValueError as error:
        st.session_state[f"refused-{key}"] = (str(error), time.monotonic())


def refusal(key: str) -> None:
    """Say what was refused a moment ago, if it was."""
    text, when = st.session_state.get(f"refused-{key}", ("", 0.0))
    if text and time.monotonic() - when < _TOLD_S:
        warn(text)


def request_end(run: Run, request: str) -> None:
    """Ask a run to stop or to pause, and give it a moment to do so, so that the page shows it at once.

    A run that is gone needs no stopping.
    """
    end = time.monotonic() + _PATIENCE_S
    with refusable(run.id):
        run.request_stop() if request == "stop" else run.request_pause()
        while run.active() and time.monotonic() < end:
            time.sleep(0.02)


def resume_run(run: Run, more_key: str = "") -> None:
    """Let a run go on that ended; `more_key` is the session's number of epochs to train beyond its end.

    Does nothing when somebody else was faster.
    """
    with refusable(run.id):
        status = run.status()
        if more_key and status == Status.FINISHED:
            run.request_resume(min(MAX_EPOCHS, run.config.epochs + int(st.session_state[more_key])))
        elif not more_key and status in RESUMABLE:
            run.request_resume()
        else:
            return
        submit.train(run)
        st.session_state[_RESUMED] = {*st.session_state.get(_RESUMED, ()), run.id}


def count_active(runs: Sequence[Run]) -> int:
    """Return how many of the runs go on; a run that is gone does not."""
    count = 0
    for run in runs:
        try:
            count += run.active()
        except RunNotFound:
            continue
    return count


def stop_all(shown: Sequence[Run]) -> None:
    """Show the Stop all button when more than one run of the store is active, here or elsewhere.

    It says how many of them this session did not start, and asks before it ends any of those. shown: runs of the page.
    """
    # Not all runs are looked at: that must not take longer where there are more of them.
    active = store().at_work([*shown, *_runs(_started_here())])
    asked_about = _still_active(asked(_STOP_ALL))
    if len(active) > 1:
        mine = sum(run.id in _started_here() for run in active)
        label, icon = f"Stop all {len(active)} runs{_whose(len(active), mine)}", ":material/stop_circle:"
        st.button(label, key=_STOP_ALL, icon=icon, on_click=_stop_all)
    others = [name for run, name in asked_about if run.id not in _started_here()]
    if others:
        runs, stops = [run for run, _ in asked_about], count(len(asked_about), "run")
        text = f"Stop {stops}? Not started here: {in_words(others, _NAMED)}."
        question_line(Question(_STOP_ALL, asked(_STOP_ALL), text, f"Stop {stops}"), _stop, (runs,))
    refusal(_STOP_ALL)


def _whose(active: int, mine: int) -> str:
    others = active - mine
    if not others:
        return ", all started here"
    return f", {others} not started here" if mine else ", none started here"


def _stop_all() -> None:
    with refusable(_STOP_ALL):
        runs = store().active()
        if all(run.id in _started_here() for run in runs):
            _stop(runs)
        else:
            ask(_STOP_ALL, tuple(run.id for run in runs))


def _stop(runs: Sequence[Run]) -> None:
    with refusable(_STOP_ALL):
        store().stop(runs)


def _still_active(ids: object) -> list[tuple[Run, str]]:
    """Return those of the runs that are active, with their names."""
    found = []
    for run in _runs(ids if isinstance(ids, tuple) else ()):
        with suppress(RunNotFound):
            if run.active():
                found.append((run, run.name))
    return found


def _runs(ids: Iterable[str]) -> list[Run]:
    return [Run(store().folder / run_id) for run_id in ids]


def _started_here() -> frozenset[str]:
    return announced_runs().union(st.session_state.get(_RESUMED, ()))


def _longer(run: Run) -> None:
    epochs, key = run.config.epochs, f"more-{run.id}"
    with st.popover("Train longer", icon=":material/forward:", key=f"longer-{run.id}"):
        st.number_input("More epochs", 1, MAX_EPOCHS - epochs, min(epochs, MAX_EPOCHS - epochs), key=key)
        if run.config.schedule == "one-cycle":
            st.caption(_RISES)
        st.button("Train", key=f"longer-go-{run.id}", type="primary", on_click=resume_run, args=(run, key))


def train_again(run: Run) -> None:
    """Have the form of the Train page show the settings of this run when it is opened next."""
    st.session_state[_AGAIN] = run.id


def run_to_train_again() -> Run | None:
    """Return the run of `train_again`, once; None when there is none, or it is gone."""
    try:
        return store().get(st.session_state.pop(_AGAIN, ""))
    except RunNotFound:
        return None
