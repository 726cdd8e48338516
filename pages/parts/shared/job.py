"""What a map needs beside itself, such as a classifier's readings: started, followed and cancelled from the page."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.jobs import state
from core.jobs.state import Work
from core.runs.run import Run
from pages.parts.shared.style import plain

PATIENCE_S = 60.0  # how long a process may take from being asked to its first sign of life, on a busy machine
LATE = "No process has begun with it yet. Wait, or try again."
_ASKED = "latent-jobs"  # session: when which work of which weights was asked for


@dataclass(frozen=True)
class Job:
    """Work that a worker does for a run. name: of its lock; title: what it is, for people; button: the words that
    start it, "" for work that starts unasked; blurb: what it is good for and how long it takes.
    """

    run: Run
    name: str
    title: str
    state: Callable[[], Work]
    submit: Callable[[], None]
    button: str = ""
    blurb: str = ""


def follow(job: Job) -> None:
    """Show how far the work is, with what starts or ends it; nothing once it is done. Raises RunNotFound."""
    look = _look(job, job.state())
    if look == "due":
        _ask(job)
        look = "starting"
    polls = look in ("computing", "starting", "late", "waiting")
    st.fragment(_status, run_every=0.5 if polls else None, key=f"job-{job.run.id}-{job.name}")(job, look)


def _look(job: Job, work: Work) -> str:
    """What the page depends on: when it changes, the whole page is drawn again."""
    asked = st.session_state.get(_ASKED, {}).get(_key(job), -math.inf)
    waited = time.monotonic() - asked
    if work.state == "absent" and not work.message and job.run.has_weights():
        if waited < PATIENCE_S:
            return "starting"
        if waited < math.inf:
            return "late"
        if not job.button:  # the weights of a run that trains are new in no time: each would take a process
            return "waiting" if job.run.active() else "due"
    return work.state


def _status(job: Job, shown: str) -> None:
    try:
        work = job.state()
        look = _look(job, work)
    except ValueError as error:  # the run is gone
        st.caption(plain(str(error)))
        return
    if look != shown:
        st.rerun()
    if look == "ready":
        return
    if look in ("computing", "starting"):
        bar(job.run, job.name, job.title, work)
        return
    if look == "waiting":
        st.caption(plain(f"{job.title}: this waits until {job.run.name} has been trained."))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        again = job.button if job.button and look == "absent" else "Try again"
        if job.run.has_weights() and st.button(
            again, key=f"start-{job.run.id}-{job.name}", icon=":material/play_arrow:"
        ):
            _ask(job)
            st.rerun()
        st.caption(LATE if look == "late" else plain(f"{work.message} {job.blurb * (work.state == 'absent')}".strip()))


def bar(run: Run, name: str, title: str, work: Work) -> None:
    """Show how far some work is, with a button that ends it."""
    doing = work.message if work.state == "computing" and work.message else "starting a process"
    left = "" if work.remaining is None else f", {duration(work.remaining)} left"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(work.fraction, text=f"{plain(title)}: {plain(doing)}{left}", width="stretch")
        if st.button("Cancel", key=f"cancel-{run.id}-{name}", icon=":material/close:"):
            _end(run, name)


def _end(run: Run, name: str) -> None:
    try:
        state.cancel(run, name)
    except OSError as error:
        st.caption(plain(f"It could not be cancelled ({error.strerror}). Free some space or permit writing."))
        return
    st.rerun()


def _ask(job: Job) -> None:
    st.session_state.setdefault(_ASKED, {})[_key(job)] = time.monotonic()
    job.submit()


def _key(job: Job) -> tuple[str, str, int]:
    return job.run.id, job.name, job.run.weights_version()


def duration(seconds: float) -> str:
    """Say how long something takes, roughly: nobody can tell it to the second."""
    return f"about {max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"about {round(seconds / 60)} minutes"
