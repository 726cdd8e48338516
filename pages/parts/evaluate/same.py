"""Which of the chosen classifiers read the same digits: only those can be measured against each other."""

from __future__ import annotations

from collections.abc import Sequence

from pages.parts.evaluate.readings import Reading
from pages.parts.shared.style import say


def of_same_digits(readings: Sequence[Reading]) -> list[Reading]:
    """Return those that read the digits of the first one's data set, and name the others in a line."""
    same = [one for one in readings if one.digits.dataset == readings[0].digits.dataset]
    others = [one.run.name for one in readings if one not in same]
    if others:
        say(f"{' and '.join(others)} {'reads' if len(others) == 1 else 'read'} other digits and cannot be shown here.")
    return same
