"""What the points of a map are coloured by: measured first where it must be, then fetched by the browser itself."""

from __future__ import annotations

import streamlit as st

from core.data.datasets import DATASETS
from core.latent.codes import CODES
from core.latent.columns import NotYet, address, scale_of, values
from core.latent.projection import Projection
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from pages.parts.atlas.component import Coloring
from pages.parts.latent.controls import COLORS, Choice
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.style import say


def measured(choice: Choice, sample: str) -> None:
    """Have what the colours need measured, with its progress; a quick note where there is no run to compare with.

    What is redrawn comes with the codes, see `codes_followed`.
    """
    needs, other = COLORS[choice.color].needs, choice.other
    if not needs:
        return
    if other is None:
        kind = "classifier" if needs == "classify" else "other autoencoder"
        st.caption(f"No {kind} of the same digits is trained yet: train one on the Train page.")
        return
    if needs == "classify":
        follow(Wish(PREDICTIONS, other, (sample,), f"What {other.name} reads"))


def coloring(run: Run, projection: Projection, choice: Choice) -> Coloring:
    """Return how to colour a map; by class while what was asked for is not there."""
    needs = bool(COLORS[choice.color].needs)
    try:
        if choice.color != "class" and (choice.other is not None or not needs):
            return _of_column(run, projection, choice, choice.other or run)
    except NotYet as error:
        if choice.color == "class":
            say(error)  # of the others it is said how far they are
    except ValueError as error:
        say(f"{error} The points are coloured by class.")
    url = address(projection.sample, "class", version=projection.version, run=run.id, method=projection.method)
    return Coloring(title="Class", kind="class", url=url, names=DATASETS[projection.dataset].classes)


def _of_column(run: Run, projection: Projection, choice: Choice, other: Run) -> Coloring:
    name, row, sample = choice.color, COLORS[choice.color], projection.sample
    found = values(name, run, other, sample)
    if len(found) != len(projection.points):
        raise ValueError(f"{other.name} has other digits. Choose another run.")
    title = row.title if not row.needs else f"{row.title}, {other.name}"
    url = address(sample, name, version=_version(name, run, other, sample), run=run.id, other=other.id)
    if row.kind == "class":
        names = ("right", "wrong") if name == "wrong" else DATASETS[projection.dataset].classes
        return Coloring(title=title, kind="class", url=url, names=names)
    low, high = scale_of(name, found)
    return Coloring(title=title, kind=row.kind, url=url, low=low, high=high, unit=row.unit, log=row.log)


def _version(name: str, run: Run, other: Run, sample: str) -> str:
    """What changes with the column."""
    if COLORS[name].needs == "classify":
        readings = PREDICTIONS.load(other, sample)
        return readings.version if readings else ""
    stored = [CODES.load(one, sample) for one in (run, other)]
    return "-".join(f"{codes.dataset}.{codes.weights_version:x}" for codes in stored if codes)
