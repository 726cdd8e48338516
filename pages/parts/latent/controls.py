"""The controls of the Latent space page: which maps are shown and how, in the address and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.data.samples import SAMPLES, size
from core.latent.projectors import PROJECTORS
from core.runs.run import Run, digits_of
from core.runs.store import store
from pages.parts.shared.controls.address import is_told, pills, put, segments, select
from pages.parts.shared.controls.pickers import run_labels

FIRST_RUN = "vae-2"  # its codes are two numbers, so that its map is all there is of them
_MAP_TIP = "  \n".join(f"{row.title}: {row.blurb}" for row in PROJECTORS.values())
_LAYERS_TIP = (
    "Pictures: the digits themselves, where there is room for them.  \n"
    "Background: what the decoder draws at each place.  \n"
    "Moved apart: digits whose nearest codes the map laid further away than other points."
)
_RUN = "latent-map-of"  # session: the run whose maps were offered last
LAYERS = {"pictures": "Pictures", "plane": "Background", "displacement": "Moved apart"}
# The buttons are as high as the select boxes beside them; on a narrow page two share a line, so that the map is near.
_LEVEL = """<style>
.st-key-latent-controls [data-testid="stButtonGroup"] button:not([data-testid="stWidgetLabel"] button) {
  min-height: 2.5rem; }
@media (max-width: 640px) {
  .st-key-latent-controls { gap: 0.5rem; }
  .st-key-latent-controls > :is(:first-child, .st-key-latent-color, .st-key-latent-with) {
    flex: 1 1 calc(50% - 0.5rem); }
  .st-key-latent-controls > :first-child > * { width: 100%; }
  .st-key-latent-controls > .st-key-latent-map { order: 1; flex-basis: 100%; }
  .st-key-latent-controls > .st-key-latent-digits { order: 2; }
  .st-key-latent-controls > .st-key-latent-beside { order: 2; flex: 1 1 0; }
  .st-key-latent-controls > .st-key-latent-show { order: 3; }
}
</style>"""


@dataclass(frozen=True)
class Color:
    """A way to colour the points. needs: the task of the second run that it takes, "" for none."""

    title: str
    kind: Literal["class", "number", "difference"]
    needs: str = ""
    unit: str = ""
    log: bool = False


# By the names of core.latent.columns.
COLORS = {
    "class": Color("Class", "class"),
    "predicted": Color("Predicted class", "class", "classify"),
    "wrong": Color("Read wrongly", "class", "classify"),
    "error": Color("Reconstruction error", "number", unit="mean squared error"),
    "loss": Color("Loss", "number", "classify", unit="nats", log=True),
    "difference": Color("Difference to a run", "difference", "reconstruct", unit="mean squared error"),
}


@dataclass(frozen=True)
class Choice:
    """What to show: maps are (run, method), the second beside the first; other is the run that the colour needs."""

    maps: tuple[tuple[Run, str], ...]
    sample: str
    color: str
    other: Run | None
    layers: tuple[str, ...]


def pick_view(run: Run) -> Choice:
    """Show the controls for the maps of a run and return what is chosen."""
    st.html(_LEVEL)
    dataset = digits_of(run)
    alike = {one.id: one for one in store().runs() if one.has_weights() and digits_of(one) == dataset}
    method = _pick_method(run)
    counts = {name: f"{row.title.removesuffix(' digits')} {size(dataset, name):,}" for name, row in SAMPLES.items()}
    sample = segments("Digits", "digits", counts, "test")
    color = select("Colour by", "color", {name: row.title for name, row in COLORS.items()}, "class", 150)
    other = _pick_other(run, COLORS[color].needs, alike)
    beside = _pick_beside(run, method, alike)
    layers = pills("Layers", "show", LAYERS, _LAYERS_TIP)
    return Choice(((run, method), *beside), sample, color, other, layers)


def _pick_method(run: Run) -> str:
    """Let people choose a map: at first the code itself where it has two numbers, for it is all there is of them."""
    methods = methods_of(run)
    first = next((name for name in methods if PROJECTORS[name].kind == "itself"), "pca")
    if st.session_state.get(_RUN, run.id) != run.id and not is_told("map"):
        put("map", first)  # the last run's was not chosen either
    st.session_state[_RUN] = run.id
    return segments("Map", "map", methods, first, tip=_MAP_TIP)


def methods_of(run: Run) -> dict[str, str]:
    """Return name and title of the projections that fit the codes of a run."""
    code_size = run.config.params.get("code_size")
    return {
        name: row.title for name, row in PROJECTORS.items() if row.fits(code_size if isinstance(code_size, int) else 0)
    }


def _pick_other(run: Run, task: str, alike: Mapping[str, Run]) -> Run | None:
    """The run that a colour needs beside the map's own, in the address as with=run."""
    if not task:
        return None
    fitting = [one for one in alike.values() if one.spec.task == task and one.id != run.id]
    first = next((one.id for one in fitting if one.shipped), fitting[0].id if fitting else "")
    label, tip = "Read by", "The classifier whose answers colour the points."
    if task != "classify":
        label, tip = "Error difference to", "How much worse than this run each digit is redrawn."
    return alike.get(select(label, "with", run_labels(fitting) or {"": "None is trained"}, first, 200, tip))


def _pick_beside(run: Run, method: str, alike: Mapping[str, Run]) -> tuple[tuple[Run, str], ...]:
    """A second map, by another projection of the run or of another run: in the address as beside=run:method."""
    others = [one for one in alike.values() if one.spec.task == "reconstruct" and one.id != run.id]
    names = {run.id: "This run", **run_labels(others)}
    maps = {f"{one.id}:{by}": (one, by) for one in (run, *others) for by in methods_of(one)}
    maps.pop(f"{run.id}:{method}", None)
    titles = {key: f"{names[one.id]}, {PROJECTORS[by].title}" for key, (one, by) in maps.items()}
    key = select("Second map", "beside", {"": "Nothing", **titles}, "", 165, "Points of one light up on the other.")
    return (maps[key],) if key else ()
