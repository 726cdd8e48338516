"""What the chosen classifiers' accuracy costs, in learned parameters and in time, and how far they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from core.figures.agreement import agreement_height, agreement_matrix, describe_agreement
from core.figures.costs import Priced, cost_chart, describe_costs
from core.measures.comparison import agreement, pareto_front
from core.measures.scores import SCORES
from core.runs.run import Run
from pages.parts.evaluate.readings import Reading
from pages.parts.figure.component import live_figure
from pages.parts.shared.controls.address import segments
from pages.parts.shared.question import in_words
from pages.parts.shared.style import guarded, say

_HEIGHT = 300
_SHARES = {"same": "Same answer", "right": "Both right", "wrong": "Both wrong"}
_TOLD = {"same": "the same answer", "right": "both are right", "wrong": "both are wrong"}


def cost_charts(readings: Sequence[Reading]) -> None:
    """Show accuracy over learned parameters and over the time of training; runs of which that is unknown are named."""
    left, right = st.columns(2, gap="medium")
    with left:
        _chart(readings, "learned", "Learned parameters", "learned parameters", _learned)
    with right:
        _chart(readings, "seconds", "Seconds of training", "seconds of training", lambda run: run.summary().seconds)


def _learned(run: Run) -> int:
    """Return how many parameters training has changed; of a fit its log cannot know how many it will have."""
    scores = SCORES.load_current(run)
    return scores.learned if scores else run.summary().learned


def _chart(readings: Sequence[Reading], name: str, title: str, what: str, cost: Callable[[Run], float]) -> None:
    runs, unknown = [], []
    for one in readings:
        with guarded():
            price = cost(one.run)
            if price <= 0:
                unknown.append(one.run.name)
                continue
            found = one.digits.overview
            runs.append(Priced(one.run.name, one.run.mark, price, found.accuracy, *found.interval))
    front = pareto_front(np.array([one.cost for one in runs]), np.array([one.accuracy for one in runs]))
    text = describe_costs(runs, front, what)
    live_figure(cost_chart(runs, front, title, what), key=f"accuracy-{name}", height=_HEIGHT, label=text or title)
    missing = f"Of {in_words(unknown, len(unknown))} the {what} are not known." if unknown else ""
    if said := f"{text} {missing}".strip():
        say(said)


def agreements(readings: Sequence[Reading]) -> None:
    """Show on which share of the digits each two runs agree, or are both right or both wrong."""
    names = [one.run.name for one in readings]
    found = agreement(np.stack([one.digits.predicted for one in readings]), readings[0].digits.labels)
    kind = segments("Who is right where: share of the digits in %", "agree", _SHARES, "same")
    shares = {"same": found.same, "right": found.both_right, "wrong": found.both_wrong}[kind]
    figure = agreement_matrix(shares, names, [one.run.mark for one in readings], _TOLD[kind])
    text = describe_agreement(found.same, found.both_wrong, names)
    left, _ = st.columns([3, 2])
    with left:
        live_figure(figure, key=f"agreement-{kind}", height=agreement_height(len(names)), label=text)
    say(text)
