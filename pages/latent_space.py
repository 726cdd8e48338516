"""Latent space: a map of an autoencoder's codes to walk over, with the decoder's picture of any place."""

import pandas as pd
import streamlit as st

from core.data import DATASETS
from core.figures import describe_latent_map, latent_map, latent_points
from core.latent import PROJECTORS, Projection
from core.runs import Run
from pages.parts.latent_panel import describe_fit, panel, remember, remembered, ring
from pages.parts.latent_work import latest_map
from pages.parts.live_figure import live_figure
from pages.parts.pickers import dataset_note, pick_run
from pages.parts.style import page_header, plain

page_header("Latent space", "Walk over a map of the codes and see what the decoder draws at any place.")


def explore(run: Run, projection: Projection) -> None:
    """The map, and beside it what was picked; alone run again for a click on the map."""
    classes = DATASETS[projection.dataset].classes
    method = PROJECTORS[projection.method].title
    sentence = describe_latent_map(projection.points, projection.labels, classes, method)
    # New weights make a new map: a zoom into the old one, or a place picked there, means nothing on it.
    key = f"map-{run.id}-{projection.method}-{projection.dataset}-{projection.weights_version}"
    left, right = st.columns([2, 1], gap="medium")
    with left:
        figure = latent_map(projection.points, projection.labels, classes)
        selection = remembered(key, projection)
        if selection is not None and not (st.session_state.get(key) or {}).get("pick"):
            figure["data"].append(ring(projection, selection))  # picked elsewhere; a click here is marked by the map
        pick = live_figure(
            figure,
            key=key,
            points=pd.DataFrame(latent_points(projection.points, projection.labels, projection.indices)),
            height=560,
            hover={
                "sprites": f"/digitlab/sprites/{projection.dataset}/test/",
                "decode": {"run": run.id, "method": projection.method},
            },
            label=sentence,
        )
        st.caption(f"{plain(sentence)} {describe_fit(projection)}")
    with right:
        try:
            panel(run, projection, remember(key, projection, pick))
        except ValueError as error:
            st.caption(plain(str(error)))


with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
    with st.container(width=340):
        run = pick_run("Autoencoder", task="reconstruct", key="latent-run")
    method = st.segmented_control(
        "Map",
        list(PROJECTORS),
        format_func=lambda name: PROJECTORS[name].title,
        default="pca",
        key="map",
        persist_state="session",
        bind="query-params",
        required=True,
    )
    work = st.container(key="map-work")  # beside the controls, so that the map stays where it is
if run is None:
    st.caption("No autoencoder is trained yet: train one on the Train page.")
else:
    try:
        dataset_note(run.config.dataset)
        with work:
            projection = latest_map(run, str(method))
        if projection is not None:
            st.fragment(explore, key=f"explore-{run.id}-{method}")(run, projection)
    except ValueError as error:
        st.caption(plain(str(error)))
