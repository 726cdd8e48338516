"""What people choose on the Draw page beside the models: the panels, and whose map of latent space follows the pen."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from core.data.datasets import is_ready
from core.jobs import submit
from core.jobs.stored import Stored
from core.latent.codes import CODES
from core.latent.maps import MAPS
from core.latent.projectors import PROJECTORS
from core.measures.calibration import CALIBRATION
from core.measures.reference import REFERENCE
from core.runs.run import Run
from core.runs.store import store
from pages.parts.shared.controls.dataset_picker import dataset_note
from pages.parts.shared.controls.pickers import pick_among
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.map_job import latest_map
from pages.parts.shared.style import say

PANELS = {"growth": "Growth", "map": "Map", "steps": "Steps"}
_CALIBRATED = (
    "Nets say how sure they are on scales of their own. Calibrated, what is called 90 % is right in 9 of 10 cases: one "
    "temperature for each model, fitted on half of the test digits."
)
_TOLD = 3  # models whose calibration is told
_FIRST = "vae-2"  # its codes are two numbers, so its map is all there is of them
# The panels' buttons are as high as what stands beside them; on a narrow page the models have a line of their own.
_LEVEL = """<style>
.st-key-show button { min-height: 2.5rem; }
.st-key-draw-fold { display: none; }
@media (max-width: 640px) {
  .st-key-draw-controls > :has(.st-key-draw-models) { min-width: 100%; }
  .st-key-draw-fold { display: block; }
  .stMain:has(.st-key-draw-fold input:not(:checked)) [data-testid="stLayoutWrapper"]:has(> .st-key-draw-controls) {
    display: none;
  }
}
</style>"""
_SKIP = """<style>
.stElementContainer:has(> .stHtml .digitlab-skip) { position: absolute; width: auto; }
.digitlab-skip { position: absolute; z-index: 10; padding: 0.4rem 0.8rem; white-space: nowrap; }
.digitlab-skip:not(:focus) { width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); }
.digitlab-skip:focus { color: Canvas; background: CanvasText; outline: 2px solid; outline-offset: 2px; }
</style><a class="digitlab-skip" href="#pad">Skip to the pad</a>"""


def to_the_pad() -> None:
    """A link that is seen once it has the focus: over all choices to the pad, whose script obeys it."""
    st.html(_SKIP)


def folded() -> None:
    """On a phone the choices are folded away, and this shows them; elsewhere there is room, and it is not seen."""
    st.toggle("Models and panels", key="draw-fold")


def pick_panels() -> list[str]:
    """Let people choose what is shown below the pad, in the address and remembered; return it in the page's order."""
    st.html(_LEVEL)
    linked = st.query_params.get_all("show")
    # People write "steps"; and "River" is what a panel was called when an old link was made.
    wanted = {"growth" if word.lower() == "river" else word.lower() for word in linked}
    known = [name for name in PANELS if name in wanted]
    if known and not set(linked) <= set(PANELS.values()):
        st.query_params["show"] = [PANELS[name] for name in known]
        st.rerun()  # Streamlit reads the address before the page does
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


def pick_calibrated() -> bool:
    """Let people choose whether classifiers answer at their own temperature; in the address and remembered."""
    return st.toggle(
        "Calibrated", value=True, key="calibrated", help=_CALIBRATED, persist_state="session", bind="query-params"
    )


def describe_main(runs: list[Run]) -> str:
    """Return the note of the main model, the first that reads digits; empty where it has none."""
    main = next((run for run in runs if run.spec.task == "classify"), None)
    return f"{main.name}: {' '.join(main.note.split())}" if main and main.note else ""


def describe_calibration(runs: list[Run]) -> str:
    """Say what the temperatures of these classifiers do; empty while none is known."""
    found = [(run.name, known) for run in runs if (known := CALIBRATION.load_current(run)) is not None]
    if not found:
        return ""
    parts = [
        f"{name} is {100 * one.confidence:.1f} % sure on average ({100 * one.confidence_before:.1f} % before) and "
        f"{100 * one.accuracy:.1f} % right"
        for name, one in found[:_TOLD]
    ]
    return f"Calibrated on half of the test digits, on the other half {'; '.join(parts)}."


def request_references(runs: list[Run]) -> None:
    """Have the test digits measured with these runs: answers then tell how unusual the ink is, and are calibrated.

    What failed or was ended is tried again once a session, for this part of the page has no button.
    """
    tried = st.session_state.setdefault("references-tried", set())
    for run in runs:
        with suppress(ValueError):  # the run's card says what is wrong
            reads = run.spec.task == "classify"
            if not run.has_weights() or run.active() or (reads and not is_ready(run.config.dataset)):
                continue
            wanted: Stored[Any] = CALIBRATION if reads else REFERENCE
            state = wanted.state(run).state
            if state == "absent" or (state in ("failed", "interrupted", "cancelled") and run.id not in tried):
                tried.add(run.id)
                submit.request(wanted, run)
