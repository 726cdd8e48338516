"""How far a latent map is: starts the work in a process of its own, shows its progress and what went wrong."""

from __future__ import annotations

import math
import time

import streamlit as st

from core import worker
from core.background import CANCELLED, Work
from core.latent import PROJECTORS, Projection, load_projection, map_name, projection_state, takes
from core.runs import Run
from pages.parts.latent_jobs import bar, duration
from pages.parts.style import plain

_FOLLOW_S = 10.0  # between two maps of a run that goes on learning; each costs a process
_PATIENCE_S = 30.0  # how long a process may take from being asked to its first sign of life
_ASKED = "latent-asked"  # session: when which map of which weights was asked for


def latest_map(run: Run, method: str, sample: str = "test") -> Projection | None:
    """Show how far the map of a run is, and return the one there is, which may be of older weights.

    A quick map is started unasked, others by a button; what is computed can be cancelled. Raises RunNotFound.
    """
    state = projection_state(run, method, sample)
    look = _look(run, method, sample, state)
    if look[0] == "due":
        _ask(run, method, sample)
        look = _look(run, method, sample, state)
    # Streamlit polls for as long as the fragment is shown: only while something can change by itself.
    polls = look[0] in ("computing", "starting") or run.active()
    key = f"map-status-{run.id}-{map_name(method, sample)}"
    st.fragment(_status, run_every=0.5 if polls else None, key=key)(run, method, sample, look)
    try:
        return load_projection(run, method, sample)
    except ValueError:
        return None  # the status says why


def _look(run: Run, method: str, sample: str, state: Work) -> tuple[str, int]:
    """What the page depends on: when it changes, the whole page is drawn again."""
    version, asked = run.weights_version(), st.session_state.get(_ASKED, {})
    key = run.id, map_name(method, sample)
    waited = time.monotonic() - asked.get((*key, version), -math.inf)
    if state.message == CANCELLED or state.state in ("computing", "ready"):
        return state.state, version
    if waited < _PATIENCE_S:
        return "starting", version
    if state.state == "absent" and version and waited == math.inf and PROJECTORS[method].quick:
        last = max((at for (*one, _), at in asked.items() if tuple(one) == key), default=-math.inf)
        if not run.active() or time.monotonic() - last > _FOLLOW_S:
            return "due", version
    return state.state, version


def _status(run: Run, method: str, sample: str, shown: tuple[str, int]) -> None:
    try:
        state = projection_state(run, method, sample)
        look = _look(run, method, sample, state)
    except ValueError as error:  # the run is gone
        st.caption(plain(str(error)))
        return
    if look != shown:
        st.rerun()
    if look[0] in ("computing", "starting"):
        bar(run, map_name(method, sample), f"{PROJECTORS[method].title} map", state)
    elif state.state == "absent" and state.message != CANCELLED and _follows(run, method):
        st.caption("The map follows the model while it learns.")
    elif look[0] != "ready":
        _offer(run, method, sample, state)


def _follows(run: Run, method: str) -> bool:
    return PROJECTORS[method].quick and run.active() and run.has_weights()


def _offer(run: Run, method: str, sample: str, state: Work) -> None:
    projector, wanted = PROJECTORS[method], run.has_weights()
    again = state.state in ("failed", "interrupted")
    blurb = f"{projector.blurb} It takes {duration(takes(run, method, sample))}." if not again and wanted else ""
    label = "Compute it again" if again else f"Compute the {projector.title} map"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        key = f"compute-{run.id}-{map_name(method, sample)}"
        if wanted and st.button(label, key=key, icon=":material/scatter_plot:"):
            _ask(run, method, sample)
            st.rerun()
        st.caption(plain(f"{state.message} {blurb}".strip()))


def _ask(run: Run, method: str, sample: str) -> None:
    asked = st.session_state.setdefault(_ASKED, {})
    asked[run.id, map_name(method, sample), run.weights_version()] = time.monotonic()
    worker.submit_projection(run, method, sample)
