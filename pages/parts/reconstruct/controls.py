"""The row of controls on the Reconstruct page, and the test digits they choose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data.datasets import Dataset
from core.figures.terms import explain
from pages.parts.shared.noise import Noise, pick_noise

EACH, ONE, RANDOM, DRAWING = KINDS = ("Each class", "One class", "Random", "Drawing")
_COUNT = 10
_ERROR_TIP = "Blue where ink is missing, orange where there is too much; below, the mean squared error of the digit."
_LEVEL = "<style>.st-key-reconstruct-kind button { min-height: 2.5rem; }</style>"  # as high as what stands beside it


@dataclass(frozen=True)
class View:
    """What to show: a kind of digits, with what noise on them, and whether with error maps and PCA."""

    kind: str
    noise: Noise
    with_error: bool
    with_pca: bool


def controls(digits: Dataset) -> View:
    """Show what can be chosen, and return what is."""
    st.html(_LEVEL)
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
        with_error = st.toggle("Error maps", True, help=_ERROR_TIP, key="reconstruct-errors", persist_state="session")
        with_pca = st.toggle("PCA", True, help=explain("PCA"), key="reconstruct-pca", persist_state="session")
        noise = pick_noise("reconstruct")  # last, so that its level moves nothing when it comes
    return View(str(kind), noise, with_error, with_pca)


def choose(digits: Dataset, kind: str) -> tuple[np.ndarray, list[str]]:
    """Return up to ten test digits, uint8 (k, 28, 28), of the kind a person asked for, and the name of each."""
    rng = np.random.default_rng(st.session_state["reconstruct-seed"])
    labels = digits.test.labels
    if kind == EACH:
        indices = np.array([rng.choice(np.flatnonzero(labels == label)) for label in np.unique(labels)])
    elif kind == ONE:
        indices = rng.permutation(np.flatnonzero(labels == st.session_state["reconstruct-class"]))[:_COUNT]
    else:
        indices = rng.permutation(len(labels))[:_COUNT]
    return digits.test.images[indices], [digits.classes[label] for label in labels[indices]]
