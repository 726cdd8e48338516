"""Latent space: maps of an autoencoder's codes to walk over, with the decoder's picture of any place."""

from contextlib import suppress

import streamlit as st

from core.figures.terms import explain
from core.latent.maps import load_projection
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS
from core.runs.run import Run
from pages.parts.latent import trust
from pages.parts.latent.codes import codes_followed
from pages.parts.latent.color import measured
from pages.parts.latent.controls import FIRST_RUN, Choice, methods_of, pick_view
from pages.parts.latent.maps import read_component_value, show_maps
from pages.parts.latent.panel import Shown
from pages.parts.latent.tools import TOOLS, use_tool
from pages.parts.shared.controls.address import segments
from pages.parts.shared.controls.dataset_picker import dataset_note
from pages.parts.shared.controls.pickers import pick_run
from pages.parts.shared.map_job import latest_map
from pages.parts.shared.style import guarded, page_header, say

page_header("Latent space", "Walk over a map of the codes and see what the decoder draws at any place.")


def explore(choice: Choice, shown: list[Shown]) -> None:
    """The maps, and beside them what was chosen to do with them; alone run again for a click on a map."""
    read_component_value(shown)
    tool = segments("What to do", "do", TOOLS, next(iter(TOOLS)), hidden=True)
    # Two maps stand side by side: what to do with them comes below.
    left, right = (st.container(), st.container()) if len(shown) > 1 else st.columns([3, 2], gap="medium")
    with left:
        show_maps(choice, shown, forming=tool == "forming")
        if "displacement" in choice.layers and tool != "trust":  # which has it measured, too
            for run, projection in shown:
                trust.measured(run, projection)
        codes_followed(choice, shown)
    with right:
        st.fragment(use_tool, key=f"tool-{tool}")(tool, choice, shown)


def maps_of(choice: Choice) -> list[Shown]:
    """Return the maps that are there; the others are computed, with their progress. Raises RunNotFound."""
    maps: list[tuple[Run, Projection | None]] = []
    for run, method in choice.maps:
        maps.append((run, latest_map(run, method, choice.sample)))
    return alike(maps) or meanwhile(choice)


def alike(maps: list[tuple[Run, Projection | None]]) -> list[Shown]:
    """Return the maps that are there and of the same digits as the first; nothing where that is not there."""
    first = maps[0][1]
    if first is None:
        return []
    return [(run, found) for run, found in maps if found is not None and found.dataset == first.dataset]


def meanwhile(choice: Choice) -> list[Shown]:
    """Return what is there, to walk on while the map that was chosen takes its time: the same map of fewer digits, else
    another map of the run.
    """
    (run, method), *_ = choice.maps
    if choice.sample != "test" and (fewer := alike([(one, there(one, by, "test")) for one, by in choice.maps])):
        say(f"Until then the map of the {len(fewer[0][1].points):,} test digits.")
        return fewer
    others = {} if PROJECTORS[method].quick else methods_of(run)
    for sample in dict.fromkeys((choice.sample, "test")):
        for other, title in others.items():
            if other != method and (found := there(run, other, sample)):
                say(f"Until then another map: {title} of {len(found.points):,} digits.")
                return [(run, found)]
    return []


def there(run: Run, method: str, sample: str) -> Projection | None:
    """Return a map that is there, and can be used."""
    with suppress(ValueError):
        return load_projection(run, method, sample)
    return None


@guarded()
def page() -> None:
    with st.container(key="latent-controls", horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=190):
            run = pick_run(
                "Autoencoder",
                task="reconstruct",
                key="latent-run",
                first=FIRST_RUN,
                tip=explain("autoencoder", "code", "VAE"),
            )
        choice = None if run is None else pick_view(run)
    if run is None or choice is None:
        st.caption("No autoencoder is trained yet: train one on the Train page.")
        return
    dataset_note(run.config.dataset)
    shown = maps_of(choice)
    measured(choice, shown[0][1].sample if shown else choice.sample)
    if shown:
        st.fragment(explore, key="explore")(choice, shown)


page()
