"""The maps of the Latent space page: what the atlas is given, and what is kept of what it says."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data import samples
from core.data.datasets import DATASETS
from core.latent.columns import address
from core.latent.projectors import PROJECTORS
from core.latent.selection import describe_map
from core.latent.trust import TRUST
from pages.parts.atlas.component import MapView, as_pick, atlas
from pages.parts.latent import panel, selection
from pages.parts.latent.color import coloring
from pages.parts.latent.controls import Choice
from pages.parts.latent.forming import frames_address
from pages.parts.latent.panel import Shown
from pages.parts.latent.tools import switch_tool
from pages.parts.shared.style import say

_KEY = "latent-atlas"
_HEIGHT = 460  # CSS pixels, at least: on a laptop the legend is in sight, too; a higher window has a higher map


def read_component_value(shown: Sequence[Shown]) -> None:
    """Take in what the browser has just said, before anything is drawn: a click shows its digit, a lasso its own."""
    heard = st.session_state.get(_KEY) or {}
    if panel.remember(shown, as_pick(heard.get("pick"), [len(its.points) for _, its in shown])):
        switch_tool("picked")
    if selection.read_selection(shown, heard.get("selection")):
        switch_tool("selection")


def show_maps(choice: Choice, shown: Sequence[Shown], *, forming: bool) -> None:
    """Show the maps and keep what was picked and selected on them. Raises RunNotFound."""
    run, first = shown[0]
    classes = DATASETS[first.dataset].classes
    sentence = " ".join(
        describe_map(its.points, its.labels, classes, f"map of {one.name} ({PROJECTORS[its.method].title})")
        for one, its in shown
    )
    said = atlas(
        key=_KEY,
        maps=[_view(one, choice) for one in shown],
        dataset=first.dataset,
        classes=classes,
        test_count=samples.size(first.dataset, "test"),
        selection=selection.current(shown),
        picked=panel.picks(first),
        layers=choice.layers,
        forming=frames_address(run, choice.maps[0][1]) if forming else None,
        height=_HEIGHT,
        label=sentence,
    )
    selection.remember(shown, said.selection)
    if not forming:  # the frames show fewer digits, and say so themselves
        say(sentence)


def _view(shown: Shown, choice: Choice) -> MapView:
    run, projection = shown
    method, sample, version = projection.method, projection.sample, projection.version
    displacement = None
    if "displacement" in choice.layers and TRUST.load(run, method, sample):
        displacement = address(sample, "displacement", version=version, run=run.id, method=method)
    return MapView(
        run=run.id,
        name=run.name,
        method=method,
        title=f"{run.name}, {PROJECTORS[method].title}",
        sample=sample,
        version=version,
        points=address(sample, "points", version=version, run=run.id, method=method),
        count=len(projection.points),
        coloring=coloring(run, projection, choice),
        displacement=displacement,
        decodes=run.has_weights() and (projection.has_codes or projection.basis is not None),
        distances=projection.has_codes,
    )
