"""What the chosen classifiers make of spoilt test digits: by a dial from harmless to severe, and as in MNIST-C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.data import datasets
from core.data.datasets import Split
from core.figures.sweeps import Swept, describe_sweep, sweep_chart
from core.measures.predictions import ensure_numbers
from core.models.contract import Differentiable
from core.robustness.dials import BATCH, DIALS, Dial, spoilt
from core.robustness.sweep import SWEEP, Sweep
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.evaluate.mnist_c import mnist_c
from pages.parts.evaluate.readings import Reading
from pages.parts.evaluate.same import of_same_digits
from pages.parts.figure.component import live_figure
from pages.parts.shared.controls.address import segments, select, steps
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.strips import Caption, StripRow, TextRow, image_strip
from pages.parts.shared.style import guarded, say

_KINDS = {"dial": "One dial", "mnist-c": "MNIST-C"}
_SHOWN_FIRST = 3  # the place of a dial's value at the first visit: in most, where it begins to hurt
_HEIGHT = 400


@guarded()
def sabotage_part(readings: Sequence[Reading]) -> None:
    """Show the accuracies over the range of the chosen dial and some digits at one of its values, or the table."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="sabotage-controls"):
        kind = segments("Spoil by", "spoil", _KINDS, "dial")
        titles = {name: dial.title for name, dial in DIALS.items()}
        dial = DIALS[select("Dial", "dial", titles, "shift", 220)] if kind == "dial" else None
    if readings[0].digits.split != "test":
        say("Here test digits are spoilt, whatever digits are chosen above.")
    same = of_same_digits(readings)
    runs, dataset = [one.run for one in same], same[0].digits.dataset
    if dial is None:
        mnist_c(runs, dataset)
        return
    of = f"the first {dial.count:,}" if 0 < dial.count < len(same[0].digits.labels) else "all"
    say(f"{dial.blurb} Measured on {of} test digits.")
    able = [run for run in runs if _fits(run, dial)]
    for run in able:
        with guarded():
            follow(Wish(SWEEP, run, (dial.name,), f"{dial.title}, {run.name}"))
    st.fragment(_turned, key="sabotage-part")(able, dataset, dial)


def _fits(run: Run, dial: Dial) -> bool:
    """Say whether a dial can be turned on a run; why not is told in a line."""
    with guarded():
        if not dial.attack or isinstance(load_model(run), Differentiable):
            return True
        say(f"{run.name} knows no gradient, so it cannot be attacked by its own: it is left out. Choose another dial.")
    return False


@guarded()
def _turned(runs: Sequence[Run], dataset: str, dial: Dial) -> None:
    """Show the chart, the dial, and some digits as they look at its value with what each run reads."""
    known = {}
    for run in runs:
        with guarded():
            if (found := SWEEP.load_current(run, dial.name)) is not None:
                known[run.id] = found
    texts = [dial.text(value) for value in dial.values]
    chart = st.container()
    titles = {f"{value:g}": text for value, text in zip(dial.values, texts, strict=True)}
    picked = steps(dial.axis, "at", titles, f"{dial.values[_SHOWN_FIRST]:g}")
    place = list(titles).index(picked)
    with chart:
        _chart([run for run in runs if run.id in known], known, dial, texts, place)
    _strip(runs, known, datasets.load(dataset), dial, place)


def _chart(runs: Sequence[Run], known: Mapping[str, Sweep], dial: Dial, texts: Sequence[str], place: int) -> None:
    lines = [Swept(run.name, run.mark, known[run.id].accuracy, *known[run.id].interval) for run in runs]
    text = describe_sweep(lines, texts, dial.values.index(dial.harmless), place)
    figure = sweep_chart(lines, dial.axis, dial.values, texts, place)
    live_figure(figure, key="sabotage", height=_HEIGHT, label=text)
    say(text)


def _strip(runs: Sequence[Run], known: Mapping[str, Sweep], digits: datasets.Dataset, dial: Dial, place: int) -> None:
    """Show the first test digit of each class, spoilt, with what the runs read; under an attack, spoilt for each."""
    labels, rows = np.unique(digits.test.labels[:BATCH], return_index=True)
    first = digits.test[: int(rows.max()) + 1]
    lines: list[StripRow | TextRow] = []
    if not dial.attack:
        (images,) = spoilt(dial, dial.values[place], first)
        lines.append(StripRow("Test digits", images[rows], dial.text(dial.values[place])))
    for run in runs:
        with guarded():
            seen, read = _read(run, first, dial, place, rows)
            right = f"{100 * known[run.id].accuracy[place]:.2f} % right" if run.id in known else ""
            if dial.attack:
                lines.append(StripRow(run.name, seen, right, mark=run_mark(run)))
            pairs = zip(read, first.labels[rows], strict=True)
            texts = [Caption(str(digits.classes[label]), bool(label != true)) for label, true in pairs]
            lines.append(TextRow("", texts, "reads") if dial.attack else TextRow(run.name, texts, right, run_mark(run)))
    if lines:
        image_strip(lines, [str(digits.classes[label]) for label in labels], wrap=True)


def _read(run: Run, first: Split, dial: Dial, place: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return some of the digits as they are spoilt for a run, uint8 (m, 28, 28), and what it reads in them, (m,)."""
    model = load_model(run)
    (images,) = spoilt(dial, dial.values[place], first, model)
    probabilities = model.predict_proba(images[rows])
    ensure_numbers(probabilities)
    return images[rows], probabilities.argmax(1)
