"""How far a latent map is: quick ones are asked for unasked, and follow a run that goes on learning."""

from __future__ import annotations

import time
from contextlib import suppress

import streamlit as st

from core.jobs.state import JobState
from core.latent.maps import MAPS, load_projection, takes
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS
from core.runs.run import Run
from pages.parts.shared.controls.dataset_picker import is_fetching
from pages.parts.shared.job import Wish, ask, offer, progress_bar, roughly
from pages.parts.shared.style import say

_EVERY_S = 0.5
_FOLLOW_S = 10.0  # between two maps of a run that goes on learning; each costs a process


def latest_map(run: Run, method: str, sample: str = "test") -> Projection | None:
    """Show how far the map of a run is, and return the one there is, which may be of older weights.

    A quick map is asked for unasked, others by a button; what is computed can be cancelled. Raises RunNotFound.
    """
    wish = _wish(run, method, sample)
    state = wish.state()
    if _is_due(wish, state) and ask(wish):
        state = wish.state()
    # Streamlit polls for as long as the fragment is shown: only while something can change by itself.
    polls = state.under_way or run.active()
    shown = _look(wish, state)
    st.fragment(_status, run_every=_EVERY_S if polls else None, key=f"map-status-{wish.key}")(wish, shown)
    with suppress(ValueError):  # a damaged one: the status says so
        return load_projection(run, method, sample)
    return None


def _wish(run: Run, method: str, sample: str) -> Wish:
    projector = PROJECTORS[method]
    blurb = f"{projector.blurb} It takes {roughly(takes(run, method, sample))}."
    return Wish(MAPS, run, (method, sample), f"{projector.title} map", f"Compute the {projector.title} map", blurb)


def _is_due(wish: Wish, state: JobState) -> bool:
    """Say whether to have the map computed unasked; of a run that trains only every few seconds.

    While the run's digits are on their way it is not made of others: the one that ships is shown when they are here.
    """
    if state.state != "absent" or not PROJECTORS[wish.parameters[0]].quick or not wish.run.has_weights():
        return False
    if is_fetching(wish.run.config.dataset):
        return False
    if not wish.run.active():
        return True
    with suppress(OSError):
        file = wish.run.projection_file(MAPS.job(wish.run, *wish.parameters).name)
        return time.time() - file.stat().st_mtime > _FOLLOW_S
    return True


def _look(wish: Wish, state: JobState) -> tuple[str, str, bool, bool]:
    """What the page depends on: when it changes, the whole page is drawn again.

    Not the weights: those of a small run that trains are new several times a second.
    """
    method, sample = wish.parameters
    stored = None
    with suppress(ValueError):
        stored = load_projection(wish.run, method, sample)
    return state.state, stored.version if stored else "", wish.run.active(), _is_due(wish, state)


def _status(wish: Wish, shown: tuple[str, str, bool, bool]) -> None:
    try:
        state = wish.state()
        look = _look(wish, state)
    except ValueError as error:  # the run is gone
        say(error)
        return
    if look != shown:
        st.rerun()
    run = wish.run
    follows = PROJECTORS[wish.parameters[0]].quick and run.active() and run.has_weights()
    # Where there is a map already, the next one comes without a bar, which would push it down and let it up again.
    if state.under_way and not (follows and look[1]):
        progress_bar(wish, state)
    elif follows and (state.under_way or state.state == "absent"):
        st.caption("The map follows the model while it learns.")
    elif state.state != "ready":
        offer(wish, state)
