"""Whether a classifier is as often right as it says: its reliability diagram at any temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.cache import keep_newest
from core.figures.accuracies import describe_reliability, reliability
from core.measures.calibration import BINS, CALIBRATION
from core.measures.reliability import Reliability, reliabilities
from pages.parts.evaluate.readings import Digits, Reading, pick_reading, share_text
from pages.parts.figure.moving import Position, Positions, Stop, moving_figures, pack

_EDGES = np.linspace(0, 1, BINS + 1)
_LEAST, _MOST = 0.1, 3.0  # of the slider
_NUMBERS = ("Calibration error (ECE)", "Log loss, nats", "Mean confidence", "Read rightly")
_AS_IT_IS = Stop("As it is: 1", 1.0, "The probabilities that the model gives.")


def calibration_part(readings: Sequence[Reading]) -> None:
    """Show the diagram of one run, with a slider for the temperature; alone run again when that rests."""
    one = pick_reading("Classifier", readings)
    st.fragment(_diagram, key="calibration-part")(one)


def _diagram(one: Reading) -> None:
    known = CALIBRATION.load_current(one.run)
    stops, fitted = [_AS_IT_IS], 1.0
    if known:
        fitted = min(_MOST, max(_LEAST, round(known.temperature, 2)))
        tip = "The temperature with the smallest log loss on half of the test digits, every second one."
        if fitted != round(known.temperature, 2):
            tip += f" It is beyond the slider, which stops at {fitted:g}."
        stops.append(Stop(f"Fitted: {known.temperature:.2f}", fitted, tip))
    name = f"{one.run.folder}/{one.digits.split}"
    positions = _positions(name, one.digits, one.run.name, one.run.mark, fitted)
    moving_figures(
        positions,
        key="temperature",
        label="Temperature",
        hint="logarithms of probabilities are divided by it: below 1 the model is more sure, above 1 less",
        first=1.0,
        stops=stops,
        beside=True,
    )


@keep_newest(6)  # each is 0.3 MB and takes a quarter of a second, of 60,000 digits two thirds
def _positions(name: str, digits: Digits, called: str, mark: int, fitted: float) -> Positions:
    """name: of the run's folder, and of the split in it."""
    found = reliabilities(digits.probabilities, digits.labels, temperatures(fitted))
    return pack([_position(one, called, mark) for one in found], ["reliability"], height=460, names=_NUMBERS)


def temperatures(fitted: float) -> list[float]:
    """Return the positions of the slider: in hundredths, from a half on 2 % apart, so that it looks continuous."""
    grid = np.round(np.geomspace(_LEAST, _MOST, 160), 2)
    return [float(one) for one in np.unique([*grid, 1.0, fitted])]


def _position(found: Reliability, called: str, mark: int) -> Position:
    parts = (found.confidence, found.accuracy, found.low, found.high, found.count)
    figure = reliability(_EDGES, *parts, mark=mark, name=called)
    text = describe_reliability(found.confidence, found.accuracy, found.count, called)
    said = f"{text} {_verdict(found)} ECE {found.ece:.4f}, log loss {found.log_loss:.4f} at temperature "
    numbers = (
        f"{found.ece:.4f}",
        f"{found.log_loss:.4f}",
        *map(share_text, (found.mean_confidence, found.mean_accuracy)),
    )
    return Position(found.temperature, f"{found.temperature:.2f}", [figure], [f"{said}{found.temperature:g}."], numbers)


def _verdict(found: Reliability) -> str:
    """Say whether it is over- or under-confident, where that is more than what chance makes."""
    sure, right = found.mean_confidence, found.mean_accuracy
    spread = 1.96 * (max(right * (1 - right), 1e-9) / found.count.sum()) ** 0.5
    if abs(sure - right) <= spread:
        return "On the whole it is about as sure as it is right."
    return "It is over-confident." if sure > right else "It is under-confident."
