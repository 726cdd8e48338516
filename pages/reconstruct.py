"""Reconstruct: digits, what each chosen autoencoder makes of them, and where it errs, with PCA as the line to beat."""

import numpy as np
import streamlit as st

from core import data, evaluate
from core.data import DATASETS, Dataset
from core.runs import Run, store
from pages.parts.pad import pad
from pages.parts.pickers import dataset_note, pick_runs
from pages.parts.reconstructions import Redrawer, describe, drawing_strip, rows_of, score, score_table
from pages.parts.strips import Row, error_legend, image_strip
from pages.parts.style import page_header, plain

EACH, ONE, RANDOM, DRAWING = KINDS = ("Each class", "One class", "Random", "Drawing")
COUNT = 10

page_header("Reconstruct", "Compare digits with what autoencoders redraw from a short code.")


def favourites() -> list[str]:
    """The newest autoencoder that can answer, before the shipped ones."""
    able = [run for run in store().runs("reconstruct") if run.has_weights()]
    return [run.id for run in able if not run.shipped][:1] + [run.id for run in able if run.shipped][:2]


def controls(digits: Dataset) -> tuple[str, bool, bool]:
    """Show what can be chosen; return the kind of digits, and whether to show error maps and PCA."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = st.segmented_control(
            "Digits", KINDS, default=EACH, key="reconstruct-kind", persist_state="session", required=True
        )
        if kind == ONE:
            names = digits.classes
            st.selectbox("Class", range(len(names)), format_func=names.__getitem__, key="reconstruct-class", width=130)
        seed = st.session_state.setdefault("reconstruct-seed", 0)
        if kind != DRAWING and st.button("Shuffle", key="reconstruct-shuffle", icon=":material/shuffle:"):
            st.session_state["reconstruct-seed"] = seed + 1
        with_error = st.toggle("Error maps", True, key="reconstruct-errors", persist_state="session")
        with_pca = st.toggle("PCA", True, key="reconstruct-pca", persist_state="session")
    return str(kind), with_error, with_pca


def choose(digits: Dataset, kind: str) -> tuple[np.ndarray, list[str]]:
    """Return up to ten test digits, uint8 (k, 28, 28), of the kind a person asked for, and the name of each."""
    rng = np.random.default_rng(st.session_state["reconstruct-seed"])
    labels = digits.test.labels
    if kind == EACH:
        indices = np.array([rng.choice(np.flatnonzero(labels == label)) for label in np.unique(labels)])
    elif kind == ONE:
        indices = rng.permutation(np.flatnonzero(labels == st.session_state["reconstruct-class"]))[:COUNT]
    else:
        indices = rng.permutation(len(labels))[:COUNT]
    return digits.test.images[indices], [digits.classes[label] for label in labels[indices]]


def redrawers(runs: list[Run]) -> list[Redrawer]:
    """Load the runs; say in one line each why some cannot be."""
    loaded = []
    for run in runs:
        try:
            loaded.append(Redrawer.of_run(run))
        except ValueError as error:
            st.caption(plain(str(error)))
    return loaded


def pictures(digits: Dataset, kind: str, lines: list[Redrawer], with_error: bool) -> None:
    """Draw the digits over what each line makes of them."""
    if kind == DRAWING:
        left, right = st.columns(2, gap="medium")
        with left:
            drawn = pad(key="reconstruct-pad", runs=[], show_answers=False).image
        with right:
            drawing_strip(lines, drawn, with_error)
    else:
        images, names = choose(digits, kind)
        rows = [row for line in lines for row in rows_of(line, images, with_error)]
        image_strip([Row("Original", images, f"{DATASETS[digits.name].title}, test"), *rows], names)


def comparison(runs: list[Run], was_active: bool) -> None:
    """The digits, what became of them, and the table; alone run again for a control, a pen-up or new weights."""
    if was_active and not any(run.active() for run in runs):
        st.rerun()
    source = next((run.config.dataset for run in runs), "mnist")
    digits = data.load(source if data.is_ready(source) else "digits")
    kind, with_error, with_pca = controls(digits)
    left, right = st.columns([2, 1], gap="large")
    lines = redrawers(runs)
    sizes = dict.fromkeys((line.dataset, line.code_size) for line in lines if data.is_ready(line.dataset))
    with left:
        place = st.empty()
        known = [size for size in sizes if with_pca and evaluate.has_pca(size[0])]
        with place.container():
            pictures(digits, kind, lines + [Redrawer.of_pca(*size) for size in known], with_error)
        if with_error:
            error_legend()
    with right:
        scores = [score(line) for line in lines]
        if scores:
            score_table(scores)
            st.caption(plain(describe(scores)))
    if with_pca and len(known) < len(sizes):
        st.rerun()  # the table has found the components meanwhile


chosen = pick_runs("Autoencoders", task="reconstruct", key="reconstruct-runs", max_selections=4, default=favourites())
for name in dict.fromkeys(run.config.dataset for run in chosen):
    dataset_note(name)
if not chosen:
    offered = store().runs("reconstruct")
    st.caption("Choose an autoencoder." if offered else "No autoencoder is trained yet: train one on the Train page.")
active = any(run.active() for run in chosen)
st.fragment(comparison, run_every=2.0 if active else None, key="reconstruct-comparison")(chosen, active)
