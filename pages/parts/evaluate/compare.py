"""The chosen classifiers side by side: who is better and whether that is resolved, what that costs, where they agree,
and what a vote of them gains.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import numpy as np

from core.figures.accuracies import chart_height, classifier_chart, describe_classifier_chart
from core.measures.comparison import mcnemar, only_right, vote
from pages.parts.evaluate.costs import agreements, cost_charts
from pages.parts.evaluate.detail import beside_detail
from pages.parts.evaluate.gallery import gallery
from pages.parts.evaluate.readings import Reading, pick_reading
from pages.parts.evaluate.same import of_same_digits
from pages.parts.figure.component import live_figure
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import Cell, table

_PAIR = ("first", "second", "only_first_right", "only_second_right", "p", "verdict")  # as it is saved


@guarded()
def compare_part(readings: Sequence[Reading]) -> None:
    """Show the chart of classifiers, each pair with its test, and the digits that only one of them reads rightly."""
    same = of_same_digits(readings)
    names = [one.run.name for one in same]
    accuracy = [one.digits.overview.accuracy for one in same]
    low, high = zip(*(one.digits.overview.interval for one in same), strict=True)
    text = describe_classifier_chart(names, accuracy, low, high)
    figure = classifier_chart(names, [one.run.mark for one in same], accuracy, low, high)
    live_figure(figure, key="classifiers", height=chart_height(len(names)), label=text)
    say(text)
    if len(same) < 2:
        say("Choose another classifier of the same digits to compare it with.")
        return
    cost_charts(same)
    _pairs(same)
    agreements(same)
    _vote(same)
    _alone(same)


def _pairs(readings: Sequence[Reading]) -> None:
    """Show the exact McNemar test of each pair, with what it found in words."""
    right = [one.digits.predicted == one.digits.labels for one in readings]
    rows: list[list[str | Cell]] = []
    saved: list[tuple[str, str, int, int, float, str]] = []
    for i, j in combinations(range(len(readings)), 2):
        first, second = readings[i].run, readings[j].run
        found = mcnemar(right[i], right[j])
        verdict = found.verdict(first.name, second.name)
        saved.append((first.name, second.name, found.first_only, found.second_only, found.p, verdict))
        rows.append(
            [
                Cell(first.name, mark=run_mark(first), below=f"against {second.name}"),
                f"{found.first_only:,}",
                f"{found.second_only:,}",
                Cell(verdict, bold=found.resolved),
            ]
        )
    head = ["Pair", "Only the first right", "Only the second right", "Verdict"]
    columns = dict(zip(_PAIR, zip(*saved, strict=True), strict=True))
    table(rows, head, name="em", label="Pairs of classifiers", look="words", columns=columns)
    several = " Of many pairs one in twenty is resolved by chance." if len(rows) > 2 else ""
    say(f"McNemar's exact test of the digits that only one of two reads rightly, at 5 %.{several}")


def _vote(readings: Sequence[Reading]) -> None:
    """Say what the runs read rightly together."""
    found = vote(np.stack([one.digits.probabilities for one in readings]), readings[0].digits.labels)
    best, count = readings[found.best].run.name, len(readings[0].digits.labels)
    say(
        f"A vote by the mean of their probabilities reads {found.mean_right:,} of {count:,} rightly, "
        f"{_gain(found.mean_gain)} {best}, the best of them alone; by majority {found.majority_right:,}, "
        f"{_gain(found.majority_gain)} it."
    )


def _gain(digits: int) -> str:
    if not digits:
        return "as many as"
    return f"{abs(digits):,} {'more' if digits > 0 else 'fewer'} than"


def _alone(readings: Sequence[Reading]) -> None:
    """Show the digits that one run alone reads rightly, with what the others read."""
    predicted = np.stack([one.digits.predicted for one in readings])
    rows = only_right(predicted, readings[0].digits.labels)
    one = pick_reading("Digits that only this one reads rightly", readings)
    number = [other.run.id for other in readings].index(one.run.id)
    digits, alone = one.digits, rows[number]
    say(f"{len(alone):,} of {len(digits.labels):,} digits are read rightly by {one.run.name} alone.")
    captions = []
    for row in alone:
        others = sorted({str(digits.classes[answers[row]]) for i, answers in enumerate(predicted) if i != number})
        captions.append(f"{digits.classes[digits.labels[row]]}, not {'/'.join(others)}")
    label = f"Read rightly by {one.run.name} alone"
    beside_detail(digits, readings, partial(gallery, digits, alone, captions, key=f"alone-{one.run.id}", label=label))
