"""A digit of a data set in the address of a page with the pad: it is on the pad, as strokes, until one draws."""

from __future__ import annotations

import re

import numpy as np
import streamlit as st

from core.data import samples
from core.data.datasets import DATASETS
from core.ink.trace import trace
from core.untrusted import shown
from pages.parts.pad.component import PadDrawing, put_on_pad
from pages.parts.shared.style import guarded

_NAME = "digit"  # in the address
_TAKEN = "digit-on-pad"  # session: what the address said, and the stamp of the drawing that was made of it


def digit_name(dataset: str, split: str, number: int) -> str:
    """Return a digit as the address names it: mnist-test-582."""
    return f"{dataset}-{split}-{number}"


def take_digit() -> None:
    """Put the digit that the address names on the pad, once; what is no digit is told in a sentence."""
    asked = st.query_params.get(_NAME)
    taken = st.session_state.get(_TAKEN)
    if asked is None:
        st.session_state.pop(_TAKEN, None)
    elif taken is None or taken[0] != asked:
        st.session_state[_TAKEN] = asked, None
        with guarded():
            strokes, width = trace(picture_of(asked))
            st.session_state[_TAKEN] = asked, put_on_pad(strokes, width).stamp


def leave_digit(drawing: PadDrawing) -> None:
    """Take the digit out of the address once something else is on the pad."""
    taken = st.session_state.get(_TAKEN)
    if taken is not None and taken[1] not in (None, drawing.stamp):
        st.session_state.pop(_TAKEN)
        st.query_params.pop(_NAME, None)


def picture_of(name: str) -> np.ndarray:
    """Return the digit of a name, uint8 (28, 28), that comes from an address. ValueError where there is none."""
    found = re.fullmatch("([a-z0-9-]{1,40})-(test|train)-([0-9]{1,9})", name)
    if not found or found[1] not in DATASETS:
        example = digit_name("mnist", "test", 582)
        raise ValueError(f"The address names no digit with {shown(name)}. Name one as {example} does.")
    dataset, split, number = found[1], found[2], int(found[3])
    tests = samples.size(dataset, "test")
    count = tests if split == "test" else samples.size(dataset, "all") - tests
    if number >= count:
        raise ValueError(
            f"{DATASETS[dataset].title} has no {split} digit {number:,}. Choose one from 0 to {count - 1:,}."
        )
    picture: np.ndarray = samples.images_of(dataset, np.array([number + tests * (split == "train")]))[0]
    return picture
