"""How a map formed while its run was trained: whether there is something to play, and having it laid out."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from core.latent.forming import FORMING, can_form, has_frames
from core.latent.projectors import PROJECTORS
from core.runs.run import Run
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.style import say


def frames_address(run: Run, method: str) -> str | None:
    """Return where the browser gets the frames of a run, None where there are none yet. Raises RunNotFound."""
    if can_form(run):
        return None
    state = FORMING.state(run, method).state
    # Of work that was cancelled, what is laid out already is shown; the whole has another address, so it is fetched.
    if state == "computing" or not (state == "ready" or has_frames(run, method)):
        return None
    return f"/digitlab/forming/{method}.json?{urlencode({'run': run.id, 'state': state})}"


def forming(run: Run, method: str) -> None:
    """Say what is played on the map, or what it takes. Raises RunNotFound."""
    if why := can_form(run):
        say(why)
        return
    title = PROJECTORS[method].title
    button = "" if PROJECTORS[method].quick else f"Lay out every epoch by {title}"
    blurb = "Each map begins from the one before, so that points travel instead of jumping."
    follow(Wish(FORMING, run, (method,), f"{title} of every epoch", button, blurb))
    if FORMING.state(run, method).state == "ready":
        live = " While the run is trained, the map moves with it." if run.active() else ""
        st.caption(
            "The same test digits from before the first step on. Play, or drag the slider below the map: each map is "
            f"turned to fit the next, so what moves has changed in the code.{live}"
        )
