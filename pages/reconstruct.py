"""Reconstruct: digits, what each chosen autoencoder makes of them, and where it errs, with PCA as the line to beat."""

from itertools import islice

import streamlit as st

from core.data import datasets
from core.data.datasets import DATASETS, Dataset
from core.figures.terms import explain
from core.measures import pca
from core.runs.run import Run
from core.runs.store import store
from pages.parts.pad.component import pad
from pages.parts.reconstruct.controls import DRAWING, View, choose, controls
from pages.parts.reconstruct.reconstructions import (
    Redrawer,
    cleaner,
    cleaners,
    describe_errors,
    drawing_strip,
    fits_pca,
    rows_of,
    score,
    score_table,
)
from pages.parts.shared.controls.dataset_picker import dataset_note
from pages.parts.shared.controls.pickers import choose_runs, has_learned, pick_runs
from pages.parts.shared.strips import StripRow, error_legend, image_strip
from pages.parts.shared.style import guarded, page_header, plain, say

page_header("Reconstruct", "Compare digits with what autoencoders redraw from a short code.")


MOST = 4  # runs on the page


def favourites() -> list[str]:
    """Two shipped autoencoders, and the newest that has learned for an epoch."""
    able = [run for run in store().runs("reconstruct") if run.has_weights()]
    own = (run.id for run in able if not run.shipped and has_learned(run))
    return [run.id for run in able if run.shipped][:2] + list(islice(own, 1))


def redrawers(runs: list[Run]) -> list[Redrawer]:
    """Load the runs; say in one line each why some cannot be."""
    loaded = []
    for run in runs:
        with guarded():
            loaded.append(Redrawer.of_run(run))
    return loaded


def pictures(digits: Dataset, view: View, lines: list[Redrawer]) -> None:
    """Draw the digits over what each line makes of them."""
    if view.kind == DRAWING:
        left, right = st.columns(2, gap="medium")
        with left:
            drawn = pad(key="reconstruct-pad", runs=[], show_answers=False).image
        with right:
            drawing_strip(lines, drawn, view.with_error, view.noise)
    else:
        images, names = choose(digits, view.kind)
        seen = view.noise.on(images)
        noisy = [StripRow("With noise", seen, str(view.noise))] if view.noise.active else []
        rows = [row for line in lines for row in rows_of(line, images, seen, view.with_error)]
        image_strip([StripRow("Original", images, f"{DATASETS[digits.name].title}, test"), *noisy, *rows], names)


def comparison(runs: list[Run], was_active: bool) -> None:
    """The digits, what became of them, and the table; alone run again for a control, a pen-up or new weights."""
    if was_active and not any(run.active() for run in runs):
        st.rerun()
    source = next((run.config.dataset for run in runs), "mnist")
    digits = datasets.load(source if datasets.is_ready(source) else "digits")
    view = controls(digits)
    left, right = st.columns([2, 1], gap="large")
    lines = redrawers(runs)
    places = [(line.dataset, line.code_size) for line in lines if fits_pca(line.code_size)]
    sizes = dict.fromkeys(place for place in places if datasets.is_ready(place[0]))
    with left:
        place = st.empty()
        known = [size for size in sizes if view.with_pca and pca.has_pca(size[0])]
        with place.container():
            pictures(digits, view, lines + [Redrawer.of_pca(*size) for size in known])
        if view.with_error:
            error_legend()
    with right:
        with st.container():  # of its own, so that its spinner does not lie over the table
            scores = [score(line, view.noise) for line in lines]
        if scores:
            score_table(scores)
            say(describe_errors(scores, view.noise))
        if said := cleaners(lines):
            say(said)
        if able := cleaner(lines, view.noise):
            ids = [*(run.id for run in runs[: MOST - 1]), able.id]
            label = plain(f"Add {able.name}, which learned to take this off")
            if st.button(label, on_click=choose_runs, args=("reconstruct-runs", ids)):
                st.rerun()
    if view.with_pca and len(known) < len(sizes):
        st.rerun()  # the table has found the components meanwhile


chosen = pick_runs(
    "Autoencoders",
    task="reconstruct",
    key="reconstruct-runs",
    max_selections=MOST,
    default=favourites(),
    tip=explain("autoencoder", "code"),
)
for name in dict.fromkeys(run.config.dataset for run in chosen):
    dataset_note(name)
if not chosen:
    offered = store().runs("reconstruct")
    st.caption("Choose an autoencoder." if offered else "No autoencoder is trained yet: train one on the Train page.")
active = any(run.active() for run in chosen)
st.fragment(comparison, run_every=2.0 if active else None, key="reconstruct-comparison")(chosen, active)
