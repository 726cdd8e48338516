"""Whether a classifier is as often right as it says: its reliability diagram at any temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.figures.accuracies import describe_reliability, reliability
from core.measures.calibration import BINS, CALIBRATION
from core.measures.reliability import Reliability
from core.measures.reliability import reliability as measure
from pages.parts.evaluate.readings import Reading, pick_reading
from pages.parts.figure.component import live_figure
from pages.parts.shared.style import say

_EDGES = np.linspace(0, 1, BINS + 1)
_KEY = "temperature"
_LEAST, _MOST = 0.1, 3.0  # of the slider


def calibration_part(readings: Sequence[Reading]) -> None:
    """Show the diagram of one run, with a slider for the temperature; alone run again when that moves."""
    one = pick_reading("Classifier", readings)
    st.fragment(_diagram, key="calibration-part")(one)


def _diagram(one: Reading) -> None:
    known = CALIBRATION.load_current(one.run)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        temperature = st.slider(
            "Temperature",
            _LEAST,
            _MOST,
            1.0,
            0.01,
            key=_KEY,
            bind="query-params",
            persist_state="session",
            width=420,
            help="Logarithms of probabilities are divided by it: below 1 the model is more sure, above 1 less.",
        )
        st.button("As it is: 1", on_click=_set, args=(1.0,))
        if known:
            fitted = min(_MOST, max(_LEAST, round(known.temperature, 2)))
            tip = "The temperature with the smallest log loss on half of the test digits, every second one."
            st.button(f"Fitted: {fitted:.2f}", on_click=_set, args=(fitted,), help=tip)
    found = measure(one.digits.probabilities, one.digits.labels, temperature)
    parts = (found.confidence, found.accuracy, found.low, found.high, found.count)
    text = describe_reliability(found.confidence, found.accuracy, found.count, one.run.name)
    figure = reliability(_EDGES, *parts, mark=one.run.mark, name=one.run.name)
    left, _ = st.columns([2, 1])
    with left:
        live_figure(figure, key="reliability", height=460, label=text)
    say(f"{text} {_verdict(found)} ECE {found.ece:.4f}, log loss {found.log_loss:.4f} at temperature {temperature:g}.")


def _set(temperature: float) -> None:
    st.session_state[_KEY] = temperature


def _verdict(found: Reliability) -> str:
    """Say whether it is over- or under-confident, where that is more than what chance makes."""
    sure, right = found.mean_confidence, found.mean_accuracy
    spread = 1.96 * (max(right * (1 - right), 1e-9) / found.count.sum()) ** 0.5
    if abs(sure - right) <= spread:
        return "On the whole it is about as sure as it is right."
    return "It is over-confident." if sure > right else "It is under-confident."
