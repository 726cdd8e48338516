"""A result that a worker computes, followed on the page: asked for, with its progress, cancelled, tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.files import disk_refusal
from core.jobs import submit
from core.jobs.state import JobState
from core.jobs.stored import Stored
from core.runs.run import Run
from pages.parts.shared.style import plain, say

_EVERY_S = 0.5
_DOING = {"waiting": "waiting for a process", "starting": "starting a process"}


@dataclass(frozen=True)
class Wish:
    """A result of a run that a page wants. title: what it is, for people; button: the words that ask for it, "" for
    what is asked for unasked; blurb: what it is good for and how long it takes.
    """

    stored: Stored[Any]
    run: Run
    parameters: tuple[str, ...]
    title: str
    button: str = ""
    blurb: str = ""

    @property
    def key(self) -> str:
        """What tells it from others on the page."""
        return f"{self.run.id}-{self.stored.job(self.run, *self.parameters).name}"

    def state(self) -> JobState:
        """Tell how far it is. Raises RunNotFound."""
        return self.stored.state(self.run, *self.parameters)

    def ask(self) -> None:
        """Have it computed. Raises ValueError when the disk does not let us."""
        submit.request(self.stored, self.run, *self.parameters)


def ask(wish: Wish) -> bool:
    """Have a result computed; where the disk does not let us, say so and return False."""
    try:
        wish.ask()
    except ValueError as error:
        say(error)
        return False
    return True


def follow(wish: Wish) -> None:
    """Show how far a result is, with what starts or ends its computation; nothing once it is there.

    What has no button is asked for unasked, once for each weights of a run that is not being trained. Raises
    RunNotFound.
    """
    state = wish.state()
    if state.state == "absent" and not wish.button and wish.run.has_weights() and not wish.run.active():
        if not ask(wish):
            return
        state = wish.state()
    waits = state.state == "absent" and not wish.button and wish.run.active()
    polls = state.under_way or waits
    st.fragment(_status, run_every=_EVERY_S if polls else None, key=f"job-{wish.key}")(wish, state.state, waits)


def _status(wish: Wish, shown: str, waits: bool) -> None:
    try:
        state = wish.state()
        if state.state != shown or (waits and not wish.run.active()):
            st.rerun()  # the whole page: what is drawn of the result is elsewhere
    except ValueError as error:  # the run is gone
        say(error)
        return
    if state.under_way:
        progress_bar(wish, state)
    elif waits:
        say(f"{wish.title}: this waits until {wish.run.name} has been trained.")
    elif state.state != "ready":
        offer(wish, state)


def progress_bar(wish: Wish, state: JobState) -> None:
    """Show how far a result is, with a button that ends its computation."""
    doing = _DOING.get(state.state, state.message or "starting")
    left = "" if state.remaining is None else f", {roughly(state.remaining)} left"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(state.fraction, text=f"{plain(wish.title)}: {plain(doing)}{left}", width="stretch")
        if st.button("Cancel", key=f"cancel-{wish.key}", icon=":material/close:"):
            _cancel(wish)


def offer(wish: Wish, state: JobState) -> None:
    """Say why a result is not there, with a button that asks for it where there are weights to compute it of."""
    again = "" if wish.button and state.state in ("absent", "cancelled") else "Try again"
    blurb = wish.blurb if not again and wish.run.has_weights() else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if wish.run.has_weights() and st.button(
            again or wish.button, key=f"start-{wish.key}", icon=":material/play_arrow:"
        ):
            if not ask(wish):
                return
            st.rerun()
        say(f"{state.message} {blurb}".strip())


def _cancel(wish: Wish) -> None:
    try:
        wish.stored.cancel(wish.run, *wish.parameters)
    except OSError as error:
        say(disk_refusal("It could not be cancelled", wish.run.folder, error))
        return
    st.rerun()


def roughly(seconds: float) -> str:
    """Say how long something takes, roughly: nobody can tell it to the second."""
    return f"about {max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"about {round(seconds / 60)} minutes"
