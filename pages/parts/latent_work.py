"""How far a latent map is: starts the work in a process of its own, shows its progress and what went wrong."""

from __future__ import annotations

import time

import streamlit as st

from core import worker
from core.latent import PROJECTORS, Projection, ProjectionState, load_projection, projection_state
from core.runs import Run

_PATIENCE_S = 30.0  # how long a process may take from being asked to its first sign of life
_ASKED = "latent-asked"  # session: when which map of which weights was asked for


def latest_map(run: Run, method: str) -> Projection | None:
    """Show how far the map of a run is, and return the one there is, which may be of older weights.

    A quick map is started unasked, others by a button. Raises RunNotFound.
    """
    state = projection_state(run, method)
    if state.state == "absent" and run.has_weights() and PROJECTORS[method].quick and not _was_asked(run, method):
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
    starting = state.state in ("absent", "failed") and _is_starting(run, method)
    return "starting" if starting else state.state, run.weights_version()


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
        st.progress(state.fraction, text=f"{projector.title} map: {state.message or 'starting a process'}")
    elif state.state in ("absent", "failed"):
        if note := " ".join(part for part in (state.message, projector.blurb * (state.state == "absent")) if part):
            st.caption(plain(note))
        label = "Compute it again" if state.state == "failed" else f"Compute the {projector.title} map"
        if run.has_weights() and st.button(label, key=f"compute-{method}", icon=":material/scatter_plot:"):
            _ask(run, method)
            st.rerun()


def _ask(run: Run, method: str) -> None:
    st.session_state.setdefault(_ASKED, {})[run.id, method, run.weights_version()] = time.monotonic()
    worker.submit_projection(run, method)


def _was_asked(run: Run, method: str) -> bool:
    return (run.id, method, run.weights_version()) in st.session_state.get(_ASKED, {})


def _is_starting(run: Run, method: str) -> bool:
    since = st.session_state.get(_ASKED, {}).get((run.id, method, run.weights_version()))
    return since is not None and time.monotonic() - since < _PATIENCE_S


def plain(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#$~:|" else c for c in text)
