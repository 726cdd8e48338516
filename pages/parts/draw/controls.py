"""What people choose on the Draw page beside the models: the panels, and whose map of latent space follows the pen."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from core.jobs import submit
from core.latent.codes import CODES
from core.latent.maps import MAPS
from core.latent.projectors import PROJECTORS
from core.measures.reference import REFERENCE
from core.runs.run import Run
from core.runs.store import store
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.map_job import latest_map
from pages.parts.shared.pickers import dataset_note, pick_among
from pages.parts.shared.style import say

PANELS = {"growth": "Growth", "map": "Map", "steps": "Steps"}
_FIRST = "vae-2"  # its codes are two numbers, so its map is all there is of them
# The panels' buttons are as high as what stands beside them; on a narrow page the models have a line of their own.
_LEVEL = """<style>
.st-key-show button { min-height: 2.5rem; }
@media (max-width: 640px) { .st-key-draw-controls > :has(.st-key-draw-models) { min-width: 100%; } }
</style>"""


def pick_panels() -> list[str]:
    """Let people choose what is shown below the pad, in the address and remembered; return it in the page's order."""
    st.html(_LEVEL)
    if "River" in (linked := st.query_params.get_all("show")):  # what a panel was called when the link was made
        st.session_state["show"] = [name for name, title in PANELS.items() if title in linked or title == "Growth"]
        st.query_params["show"] = [PANELS[name] for name in st.session_state["show"]]
    picked = st.pills(
        "Show",
        list(PANELS),
        selection_mode="multi",
        default=["growth", "map"],
        format_func=PANELS.__getitem__,
        key="show",
        persist_state="session",
        bind="query-params",
    )
    return [name for name in PANELS if name in (picked or [])]


def pick_map() -> tuple[Run, str] | None:
    """Let people choose an autoencoder and the way its codes are laid out; None when there is no autoencoder."""
    offered = [run for run in store().runs("reconstruct") if run.has_weights()]
    remembered: dict[str, Any] = {"persist_state": "session", "bind": "query-params"} if offered else {}
    run = pick_among("Map of", offered, key="map-of", first=_FIRST, width=200, **remembered) or next(
        iter(offered), None
    )
    if run is None:
        return None
    methods = _methods(run)
    method = st.selectbox(
        "Method",
        methods,
        help="How the codes are laid out in two dimensions.",
        format_func=lambda name: PROJECTORS[name].title if name in PROJECTORS else str(name),
        key="map-by",
        persist_state="session",
        bind="query-params",
        width=120,
    )
    return run, method if method in methods else methods[0]


def _methods(run: Run) -> list[str]:
    # A slow map is minutes of work: it is computed on the Latent space page, and offered here once it is there.
    size = run.config.params.get("code_size")
    fitting = [row for row in PROJECTORS.values() if row.fits(size if isinstance(size, int) else 0)]
    return [row.name for row in fitting if row.quick or MAPS.load_current(run, row.name, "test") is not None]


def chosen_map(run: Run, method: str) -> dict[str, Any] | None:
    """Say how far the map is, start a quick one unasked, and describe it for the pad; None when its run is gone."""
    try:
        dataset_note(run.config.dataset)
        stored = latest_map(run, method)
        if stored and stored.basis is None and not stored.has_codes:  # a drawing's place is among the codes
            follow(Wish(CODES, run, ("test",), f"The codes of {run.name}"))
    except ValueError as error:
        say(error)
        return None
    version = stored.weights_version if stored else None
    title = PROJECTORS[method].title
    return {"run": run.id, "name": run.name, "method": method, "title": title, "version": version}


def request_references(runs: list[Run]) -> None:
    """Have the test digits measured with the autoencoders among the runs: answers then tell how unusual the ink is.

    What failed or was ended is tried again once a session, for this part of the page has no button.
    """
    tried = st.session_state.setdefault("references-tried", set())
    for run in runs:
        with suppress(ValueError):  # the run's card says what is wrong
            if run.spec.task != "reconstruct" or not run.has_weights() or run.active():
                continue
            state = REFERENCE.state(run).state
            if state == "absent" or (state in ("failed", "interrupted", "cancelled") and run.id not in tried):
                tried.add(run.id)
                submit.request(REFERENCE, run)
