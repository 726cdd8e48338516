"""Draw: a pad, what each chosen model reads in it while the pen moves, and panels that show how it comes to that."""

import streamlit as st

from core.runs.store import store
from pages.parts.draw.controls import (
    chosen_map,
    describe_calibration,
    describe_main,
    folded,
    pick_calibrated,
    pick_map,
    pick_panels,
    request_references,
    to_the_pad,
)
from pages.parts.draw.steps_cost import steps_cost
from pages.parts.pad.address import leave_digit, take_digit
from pages.parts.pad.component import pad
from pages.parts.shared.controls.pickers import has_learned, pick_runs
from pages.parts.shared.style import page_header, say

page_header("Draw", "Digit Lab shows how networks read handwriting: draw a digit and watch them read it.")
to_the_pad()

MOST = 64  # models on the page


def favourites() -> list[str]:
    """The shipped classifiers, best first, with the newest that has learned for an epoch, and one autoencoder."""
    runs = [run for run in store().runs() if run.has_weights()]
    own = (run for run in runs if run.spec.task == "classify" and not run.shipped and not run.active())
    news = (run.id for run in own if has_learned(run))
    newest = next(news, None)
    offered = {run.id for run in runs if run.shipped} | {newest}
    return [run_id for run_id in ("cnn", newest, "mlp", "softmax", "conv-autoencoder") if run_id and run_id in offered]


folded()
with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="draw-controls"):
    with st.container(key="draw-models"):
        chosen = pick_runs("Models", key="draw-runs", max_selections=MOST, default=favourites())
    panels = pick_panels()
    calibrated = pick_calibrated()
    latent = pick_map() if "map" in panels else None
take_digit()
place = st.container()
with st.container():  # below the pad, so that nothing moves when the map is there
    shown_map = chosen_map(*latent) if latent else None
    if about := describe_main(chosen):
        say(about)
    if calibrated:
        say(describe_calibration(chosen))


@st.fragment
def drawing() -> None:
    """Only this part runs again when the pen comes up."""
    request_references([*chosen, *([latent[0]] if latent else [])])
    drawn = pad(key="draw-pad", runs=chosen, panels=panels, latent=shown_map, teaches=True, calibrated=calibrated)
    leave_digit(drawn)


with place:
    drawing()
if "steps" in panels:
    steps_cost(chosen)
