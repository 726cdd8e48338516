"""How far a latent map is: starts the work in a process of its own, shows its progress and what went wrong."""

from __future__ import annotations

import math
import time

import streamlit as st

from core import worker
from core.latent import PROJECTORS, Projection, ProjectionState, load_projection, projection_state
from core.runs import Run
from pages.parts.style import plain

_FOLLOW_S = 10.0  # between two maps of a run that goes on learning; each costs a process
_PATIENCE_S = 30.0  # how long a process may take from being asked to its first sign of life
_ASKED = "latent-asked"  # session: when which map of which weights was asked for


def latest_map(run: Run, method: str) -> Projection | None:
    """Show how far the map of a run is, and return the one there is, which may be of older weights.

    A quick map is started unasked, others by a button. Raises RunNotFound.
    """
    state = projection_state(run, method)
    look = _look(run, method, state)
    if look[0] == "due":
        _ask(run, method)
        look = _look(run, method, state)
    # Streamlit polls for as long as the fragment is shown: only while something can change by itself.
    polls = look[0] in ("computing", "starting") or run.active()
    st.fragment(_status, run_every=0.5 if polls else None, key=f"map-status-{run.id}-{method}")(run, method, look)
    try:
        return load_projection(run, method)
    except ValueError:
        return None  # the status says why


def _look(run: Run, method: str, state: ProjectionState) -> tuple[str, int]:
    """What the page depends on: when it changes, the whole page is drawn again."""
    version, asked = run.weights_version(), st.session_state.get(_ASKED, {})
    waited = time.monotonic() - asked.get((run.id, method, version), -math.inf)
    if state.state in ("absent", "failed") and waited < _PATIENCE_S:
        return "starting", version
    if state.state == "absent" and version and waited == math.inf and PROJECTORS[method].quick:
        last = max(
            (at for (run_id, kind, _), at in asked.items() if (run_id, kind) == (run.id, method)), default=-math.inf
        )
        if not run.active() or time.monotonic() - last > _FOLLOW_S:
            return "due", version
    return state.state, version


def _status(run: Run, method: str, shown: tuple[str, int]) -> None:
    try:
        state = projection_state(run, method)
        look = _look(run, method, state)
    except ValueError as error:  # the run is gone
        st.caption(plain(str(error)))
        return
    if look != shown:
        st.rerun()
    projector = PROJECTORS[method]
    if look[0] in ("computing", "starting"):
        doing = state.message if look[0] == "computing" and state.message else "starting a process"
        st.progress(state.fraction, text=f"{projector.title} map: {doing}")
    elif state.state == "absent" and projector.quick and run.active() and run.has_weights():
        st.caption("The map follows the model while it learns.")
    elif state.state in ("absent", "failed"):
        blurb = projector.blurb if state.state == "absent" and run.has_weights() else ""
        label = "Compute it again" if state.state == "failed" else f"Compute the {projector.title} map"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if run.has_weights() and st.button(label, key=f"compute-{method}", icon=":material/scatter_plot:"):
                _ask(run, method)
                st.rerun()
            st.caption(plain(f"{state.message} {blurb}".strip()))


def _ask(run: Run, method: str) -> None:
    st.session_state.setdefault(_ASKED, {})[run.id, method, run.weights_version()] = time.monotonic()
    worker.submit_projection(run, method)
