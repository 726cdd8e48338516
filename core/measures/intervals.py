"""How far a share that was counted may be from the true one."""

from __future__ import annotations

import math

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile: 95 % lie between minus this and this


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `right` of `count` were seen (Wilson, JASA 22, 1927).

    Raises ValueError unless 0 <= right <= count and count >= 1.
    """
    if not 0 <= right <= count or count < 1:
        raise ValueError(f"{right} of {count} is no share. Count at least one, and at most all.")
    share, z2 = right / count, _Z * _Z / count
    centre = share + z2 / 2
    half = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count))
    # At the ends the two halves are equal, but for rounding: the share would lie outside of its own interval.
    low = (centre - half) / (1 + z2) if right else 0.0
    high = (centre + half) / (1 + z2) if right < count else 1.0
    return low, high
