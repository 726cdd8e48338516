"""How far a latent map is: starts the work in a process of its own, shows its progress and what went wrong."""

from __future__ import annotations

import math
import time

import streamlit as st

from core.jobs.state import CANCELLED, Work
from core.latent.maps import load_projection, map_name, projection_state, submit_projection, takes
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS
from core.runs.run import Run
from pages.parts.shared.job import LATE, PATIENCE_S, bar, duration
from pages.parts.shared.style import plain

_FOLLOW_S = 10.0  # between two maps of a run that goes on learning; each costs a process
_ASKED = "latent-asked"  # session: when which map of which weights was asked for, and how far it was just after


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
    polls = look[0] in ("computing", "starting", "late") or run.active()
    key = f"map-status-{run.id}-{map_name(method, sample)}"
    st.fragment(_status, run_every=0.5 if polls else None, key=key)(run, method, sample, look)
    try:
        return load_projection(run, method, sample)
    except ValueError:
        return None  # the status says why


def _look(run: Run, method: str, sample: str, state: Work) -> tuple[str, str, bool]:
    """What the page depends on: when it changes, the whole page is drawn again.

    Not the weights: those of a small run that trains are new several times a second.
    """
    try:
        stored = load_projection(run, method, sample)
    except ValueError:
        stored = None
    return _stage(run, method, sample, state), stored.version if stored else "", run.active()


def _stage(run: Run, method: str, sample: str, state: Work) -> str:
    """The state, where it is absent also whether it is "due", asked for and "starting", or "late"."""
    version, asked = run.weights_version(), st.session_state.get(_ASKED, {})
    key = run.id, map_name(method, sample)
    when, before = asked.get((*key, version), (-math.inf, None))
    waited = time.monotonic() - when
    if state.message == CANCELLED or (state.state != "absent" and state != before):
        return state.state
    if waited < math.inf:
        return "starting" if waited < PATIENCE_S else "late"
    if version and PROJECTORS[method].quick:
        last = max((at for (*one, _), (at, _) in asked.items() if tuple(one) == key), default=-math.inf)
        if not run.active() or time.monotonic() - last > _FOLLOW_S:
            return "due"
    return state.state


def _status(run: Run, method: str, sample: str, shown: tuple[str, str, bool]) -> None:
    try:
        state = projection_state(run, method, sample)
        look = _look(run, method, sample, state)
    except ValueError as error:  # the run is gone
        st.caption(plain(str(error)))
        return
    if look != shown:
        st.rerun()
    follows, stored = _follows(run, method) and state.message != CANCELLED, look[1]
    # Where there is a map already, the next one comes without a bar, which would push it down and let it up again.
    if look[0] in ("computing", "starting") and not (follows and stored):
        bar(run, map_name(method, sample), f"{PROJECTORS[method].title} map", state)
    elif follows and state.state in ("absent", "computing"):
        st.caption("The map follows the model while it learns.")
    elif look[0] != "ready":
        _offer(run, method, sample, LATE if look[0] == "late" else state.message, state)


def _follows(run: Run, method: str) -> bool:
    return PROJECTORS[method].quick and run.active() and run.has_weights()


def _offer(run: Run, method: str, sample: str, message: str, state: Work) -> None:
    projector, wanted = PROJECTORS[method], run.has_weights()
    again = state.state in ("failed", "interrupted") or message == LATE
    blurb = f"{projector.blurb} It takes {duration(takes(run, method, sample))}." if not again and wanted else ""
    label = "Compute it again" if again else f"Compute the {projector.title} map"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        key = f"compute-{run.id}-{map_name(method, sample)}"
        if wanted and st.button(label, key=key, icon=":material/scatter_plot:"):
            _ask(run, method, sample)
            st.rerun()
        st.caption(plain(f"{message} {blurb}".strip()))


def _ask(run: Run, method: str, sample: str) -> None:
    asked, version = st.session_state.setdefault(_ASKED, {}), run.weights_version()
    submit_projection(run, method, sample)
    asked[run.id, map_name(method, sample), version] = time.monotonic(), projection_state(run, method, sample)
