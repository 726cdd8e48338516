"""What a map needs beside itself, such as a classifier's readings: started, followed and cancelled from the page."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core import background
from core.background import Work
from core.runs import Run
from pages.parts.style import plain

_PATIENCE_S = 60.0  # how long a process may take from being asked to its first sign of life, on a busy machine
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
    polls = look in ("computing", "starting")
    st.fragment(_status, run_every=0.5 if polls else None, key=f"job-{job.run.id}-{job.name}")(job, look)


def _look(job: Job, work: Work) -> str:
    """What the page depends on: when it changes, the whole page is drawn again."""
    asked = st.session_state.get(_ASKED, {}).get(_key(job), -math.inf)
    waited = time.monotonic() - asked
    if work.state == "absent" and not work.message and job.run.has_weights():
        if waited < _PATIENCE_S:
            return "starting"
        if not job.button and waited == math.inf:
            return "due"
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
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if look in ("computing", "starting"):
            doing = work.message if look == "computing" and work.message else "starting a process"
            left = f", {_duration(work.remaining)} left" if work.remaining else ""
            st.progress(work.fraction, text=plain(f"{job.title}: {doing}{left}"), width="stretch")
            if st.button("Cancel", key=f"cancel-{job.run.id}-{job.name}", icon=":material/close:"):
                _end(job)
            return
        again = "Try again" if work.state in ("failed", "interrupted") or not job.button else job.button
        if job.run.has_weights() and st.button(
            again, key=f"start-{job.run.id}-{job.name}", icon=":material/play_arrow:"
        ):
            _ask(job)
            st.rerun()
        st.caption(plain(f"{work.message} {job.blurb if work.state == 'absent' else ''}".strip()))


def _end(job: Job) -> None:
    st.session_state.get(_ASKED, {}).pop(_key(job), None)
    try:
        background.cancel(job.run, job.name)
    except OSError as error:
        st.caption(plain(f"It could not be cancelled ({error.strerror}). Free some space or permit writing."))
        return
    st.rerun()


def _ask(job: Job) -> None:
    st.session_state.setdefault(_ASKED, {})[_key(job)] = time.monotonic()
    job.submit()


def _key(job: Job) -> tuple[str, str, int]:
    return job.run.id, job.name, job.run.weights_version()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
