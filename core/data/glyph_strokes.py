"""How people write the ten digits with a pen: strokes drawn by code, no two alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Rng = np.random.Generator
Place = tuple[float, float]  # x to the right, y down from the top, both in heights of the digit
Stroke = np.ndarray  # float64 (m, 2)

_PER_PIECE = 5  # points of a smooth line between two of its places
_JITTER = 0.012  # heights; how far a hand misses a place
_WAVE = 0.018  # heights; how far a smooth bend of the whole digit moves its parts
_LEAN = {1: 0.0, 6: 0.6, 7: 0.7}  # share of the slant; a 1 leans by itself, for its flag to keep its angle
_PAD_HEIGHT = 0.6  # of a digit, in pad units; render fits the ink anyway

# Weights of the four places around a piece of a Catmull-Rom spline, at places along it: (_PER_PIECE, 4).
_T = np.arange(_PER_PIECE)[:, None] / _PER_PIECE
_SPLINE = np.hstack([-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2]) / 2


def glyph_strokes(label: int, rng: Rng) -> list[Stroke]:
    """Return a digit as its strokes in the order of writing, each float64 (m, 2) of x, y in pad units, y down."""
    strokes = _DIGITS[label](rng)
    places = np.concatenate(strokes)
    frequency, phase = rng.uniform(-5, 5, (2, 2)), rng.uniform(0, 2 * np.pi, 2)
    places = places + _WAVE * np.sin(places @ frequency + phase) - (0, 0.5)
    stretch = 1.0 if label == 1 else np.exp(rng.uniform(-0.3, 0.3))
    slant = _slant(rng) * _LEAN.get(label, 1.0)
    turn = np.radians(rng.uniform(-9, 9))
    cos, sin = np.cos(turn), np.sin(turn)
    pose = np.array([[cos, -sin], [sin, cos]]) @ [[1, -slant], [0, 1]] @ [[stretch, 0], [0, 1]]
    places = 0.5 + _PAD_HEIGHT * places @ pose.T
    return np.split(places, np.cumsum([len(stroke) for stroke in strokes[:-1]]))


def _slant(rng: Rng) -> float:
    """How far right of its bottom the top of a digit is, in heights."""
    return rng.uniform(-0.12, 0.38)


def _curve(rng: Rng, *places: Place) -> Stroke:
    """A smooth line that nearly passes through the places."""
    knots = np.array(places) + rng.normal(0, _JITTER, (len(places), 2))
    ends = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    around = np.stack([ends[:-3], ends[1:-2], ends[2:-1], ends[3:]], axis=1)
    return np.concatenate([(_SPLINE @ around).reshape(-1, 2), knots[-1:]])


def _line(start: Place, end: Place, bow: float = 0.0) -> Stroke:
    """A straight line, or one whose middle is `bow` of its length to the right of the way it goes."""
    along = np.linspace(0, 1, 6)[:, None]
    a, step = np.array(start), np.subtract(end, start)
    return a + along * step + 4 * bow * along * (1 - along) * np.array([-step[1], step[0]])


def _arc(middle: Place, radii: Place, start: float, sweep: float, growth: float = 0.0) -> Stroke:
    """A part of an ellipse, angles in degrees clockwise from the right; its radii change by `growth` along it."""
    along = np.linspace(0, 1, max(4, int(abs(sweep) / 15)))
    angle = np.radians(start + along * sweep)
    return np.array(middle) + np.stack([np.cos(angle), np.sin(angle)], 1) * radii * (1 + growth * along)[:, None]


def _away(place: Place, length: float, degrees: float) -> Place:
    """The place that is so far from another, at an angle below the horizontal towards the right."""
    angle = np.radians(degrees)
    return place[0] + length * np.cos(angle), place[1] + length * np.sin(angle)


def _zero(rng: Rng) -> list[Stroke]:
    """An ellipse from about its top, not quite closed, closed or with overlapping ends; few are slashed."""
    radii = rng.uniform(0.28, 0.42), 0.5
    sweep = rng.choice([-1, -1, -1, 1]) * rng.uniform(335, 410)
    strokes = [_arc((0, 0.5), radii, rng.uniform(-125, -40), sweep, rng.uniform(-0.12, 0.12))]
    if rng.random() < 0.2:  # a tail into the ring
        end = tuple(strokes[0][-1])
        strokes[0] = np.concatenate([strokes[0], _line(end, _away(end, rng.uniform(0.05, 0.2), rng.uniform(20, 90)))])
    if rng.random() < 0.12:
        reach = rng.uniform(0.35, 0.65)
        strokes.append(_line(_away((0, 0.5), reach, -58), _away((0, 0.5), reach, 122), rng.uniform(-0.05, 0.05)))
    return strokes


def _one(rng: Rng) -> list[Stroke]:
    """A stem, most with a flag down to the left or nearly along it, some with a foot."""
    slant = _slant(rng)
    top, bottom = (slant / 2, 0.0), (-slant / 2, 1.0)
    stem = _line(top, bottom, rng.uniform(-0.05, 0.05))
    kind = rng.random()
    if kind < 0.62:
        angle = rng.uniform(30, 72)
        longest = 0.95 if angle >= 45 else 0.8 if angle >= 40 else 0.55  # a long flat one would be the roof of a 7
        flag = _flag(rng, top, rng.uniform(0.18, longest), angle, rng.uniform(-0.1, 0.14))
    elif kind < 0.82:  # up beside the stem, which stands straighter than this line
        upright = np.degrees(np.arctan2(1, slant))
        angle = min(rng.uniform(72, 88), upright - 8)
        flag = _flag(rng, top, rng.uniform(0.3, 0.95), angle, rng.uniform(-0.03, 0.05))
    else:
        flag = stem[:0]
    if len(flag) and rng.random() < 0.15:  # a round top
        a, b = flag[-2], stem[1]
        flag, stem = (
            flag[:-1],
            np.concatenate([_curve(rng, tuple(a), tuple(0.25 * (a + b) + 0.5 * stem[0]), tuple(b)), stem[2:]]),
        )
    strokes = [np.concatenate([flag, stem])]
    if kind >= 0.9 or (kind < 0.82 and rng.random() < 0.2):
        tilt = rng.uniform(-8, 8)
        left = _away(bottom, rng.uniform(0.12, 0.35), 180 + tilt)
        strokes.append(_line(left, _away(bottom, rng.uniform(0.12, 0.35), tilt), rng.uniform(-0.05, 0.05)))
    return strokes


def _flag(rng: Rng, top: Place, length: float, angle: float, bow: float) -> Stroke:
    """The line up to the top of a 1 from so far below it, at an angle of so many degrees; some start with a hook."""
    start = _away(top, length, 180 - angle)
    flag = _line(start, top, bow)
    if rng.random() < 0.12:
        return np.concatenate([_line(_away(start, rng.uniform(0.04, 0.1), rng.uniform(150, 290)), start), flag])
    return flag


def _two(rng: Rng) -> list[Stroke]:
    """A bow and a base, with a corner or a loop between them; some start with a curl."""
    right, corner, end = rng.uniform(0.22, 0.34), rng.uniform(-0.36, -0.26), rng.uniform(0.25, 0.45)
    bow: list[Place] = [(-0.27, rng.uniform(0.15, 0.32)), (-0.02, 0), (right, rng.uniform(0.2, 0.32))]
    if rng.random() < 0.25:
        bow.insert(0, (-0.12, bow[0][1] + rng.uniform(0.0, 0.12)))
    base, low = rng.uniform(0.9, 1.05), rng.uniform(0.92, 1.0)
    kind = rng.random()
    if kind < 0.4:  # one line with a loop
        loop = rng.uniform(0.08, 0.2)
        around = [(-0.05, 0.8), (corner + 0.08, 1.0), (corner, 1 - loop / 2), (corner + 0.12, 1 - loop), (0.05, 0.97)]
        return [_curve(rng, *bow, *around, (end, base))]
    bow.append((rng.uniform(-0.05, 0.1), rng.uniform(0.55, 0.7)))
    foot = _curve(rng, (corner, low), (0.05, low + rng.uniform(-0.06, 0.05)), (end, base))
    return [np.concatenate([_curve(rng, *bow, (corner, low)), foot])]


def _three(rng: Rng) -> list[Stroke]:
    """Two bows with a corner or a small loop between them; the upper one may be two straight lines, as of a Z."""
    upper, lower = rng.uniform(0.18, 0.28), rng.uniform(0.24, 0.36)
    waist = (rng.uniform(-0.1, 0.05), rng.uniform(0.38, 0.48))
    hook: Place = (rng.uniform(-0.4, -0.25), rng.uniform(0.72, 0.92))
    rest: list[Place] = [(lower, rng.uniform(0.64, 0.74)), (0.0, 1.0), hook]
    start = -0.28, rng.uniform(0.08, 0.2)
    if rng.random() < 0.25:
        roof = _curve(rng, (-0.28, rng.uniform(0, 0.06)), (0, 0.01), (upper, rng.uniform(-0.03, 0.05)))
        return [np.concatenate([roof, _line((upper, 0.02), waist), _curve(rng, waist, (0.16, waist[1] + 0.03), *rest)])]
    bow: list[Place] = [start, (-0.02, 0), (upper, rng.uniform(0.15, 0.24))]
    if rng.random() < 0.3:
        x, y = waist
        return [_curve(rng, *bow, (x + 0.04, y), (x - 0.06, y + 0.02), (x + 0.05, y + 0.05), *rest)]
    return [np.concatenate([_curve(rng, *bow, waist), _curve(rng, waist, (0.14, waist[1] + 0.05), *rest)])]


def _four(rng: Rng) -> list[Stroke]:
    """Open in two strokes or in one, closed, or with the shape of a u."""
    kind = rng.random()
    bar, stem = rng.uniform(0.5, 0.68), rng.uniform(0.05, 0.2)
    left, right, foot = rng.uniform(-0.4, -0.28), rng.uniform(0.3, 0.45), stem + rng.uniform(-0.08, 0.03)
    high, tilt = rng.uniform(0, 0.2), rng.uniform(-0.06, 0.04)
    down = _line((rng.uniform(-0.28, -0.1), rng.uniform(0, 0.12)), (left, bar), rng.uniform(-0.06, 0.06))
    across = _line((left, bar), (right, bar + tilt), rng.uniform(-0.04, 0.04))
    if kind < 0.5:
        upright = _line((stem, high), (foot, 1), rng.uniform(-0.03, 0.03))
        return [np.concatenate([down, across]), upright]
    if kind < 0.8:
        turn = _curve(rng, (right - 0.08, bar + tilt), (right - 0.02, bar - 0.04), (stem + 0.02, high))
        return [
            np.concatenate([down, _line((left, bar), (right - 0.08, bar + tilt)), turn, _line((stem, high), (foot, 1))])
        ]
    if kind < 0.94:
        slope = _line((stem, 0), (left, bar), rng.uniform(-0.04, 0.04))
        upright = _line((stem + rng.uniform(-0.02, 0.03), rng.uniform(-0.03, 0.03)), (foot, 1))
        return [np.concatenate([slope, across]), upright]
    bowl = _curve(rng, (-0.28, rng.uniform(0, 0.1)), (-0.25, 0.35), (-0.02, 0.55), (0.2, 0.4), (0.25, high / 2))
    return [np.concatenate([bowl, _line((0.25, high / 2), (0.22, 1))])]


def _five(rng: Rng) -> list[Stroke]:
    """A stem, a bow and a bar on top, loosely put there or in one line; some are drawn like an S."""
    right, hook = rng.uniform(0.24, 0.36), (rng.uniform(-0.38, -0.25), rng.uniform(0.78, 0.95))
    kind = rng.random()
    if kind < 0.15:
        top = _curve(rng, (0.3, rng.uniform(-0.02, 0.08)), (0.05, 0.0), (-0.24, rng.uniform(0.05, 0.18)))
        waist = (-0.2, rng.uniform(0.28, 0.36))
        return [_curve(rng, *map(tuple, top[::4]), waist, (0.08, 0.48), (right, 0.7), (0.0, 1.0), hook)]
    corner: Place = (rng.uniform(-0.3, -0.22), rng.uniform(0.38, 0.48))
    top_left: Place = (rng.uniform(-0.26, -0.16), 0.0)
    bow = _curve(rng, corner, (-0.02, corner[1] - rng.uniform(0.0, 0.08)), (right, 0.67), (0.0, 1.0), hook)
    body = np.concatenate([_line(top_left, corner, rng.uniform(-0.04, 0.04)), bow])
    length, tilt = rng.uniform(0.3, 0.6), rng.uniform(-25, 12)
    if kind < 0.45:
        return [np.concatenate([_line(_away(top_left, length, tilt / 2), top_left, rng.uniform(-0.06, 0.06)), body])]
    start = top_left[0] + rng.uniform(-0.05, 0.2), rng.uniform(-0.1, 0.05)
    return [body, _line(start, _away(start, length, tilt), rng.uniform(-0.08, 0.08))]


def _six(rng: Rng) -> list[Stroke]:
    """A stem that ends in a loop, which crosses the stem in some."""
    loop, right = rng.uniform(0.42, 0.6), rng.uniform(0.22, 0.34)
    start: Place = (rng.uniform(-0.02, 0.24), 0.0)
    if rng.random() < 0.15:
        right, loop = rng.uniform(0.12, 0.2), rng.uniform(0.6, 0.7)
        end: list[Place] = [
            (0.0, loop),
            (-0.22, loop + 0.14),
            (rng.uniform(-0.42, -0.34), loop + rng.uniform(0.15, 0.3)),
        ]
    else:
        end = [(0.0, loop), (rng.uniform(-0.28, -0.18), loop + rng.uniform(0.12, 0.22))]
    left = rng.uniform(-0.34, -0.26)
    stem: list[Place] = [
        (start[0] / 2 - rng.uniform(0.11, 0.2), 0.2),
        (left, rng.uniform(0.55, 0.65)),
        (left / 2 - 0.04, 0.95),
        (0.02, 1.0),
    ]
    return [_curve(rng, start, *stem, (right, (1 + loop) / 2 + 0.02), *end)]


def _seven(rng: Rng) -> list[Stroke]:
    """A roof and a stem, most with a bar across the stem, half with a serif at the left of the roof."""
    barred = rng.random() < 0.75
    wide = rng.uniform(0.38 if barred else 0.5, 0.85)  # a narrow one without a bar might be a 1
    left, corner = (-wide / 2, rng.uniform(-0.03, 0.05)), (wide / 2, 0.0)
    bottom = (wide / 2 - rng.uniform(0.1, 0.45), 1.0)
    roof = _line(left, corner, rng.uniform(-0.16, -0.08) if rng.random() < 0.2 else rng.uniform(-0.03, 0.03))
    stem = _line(corner, bottom, rng.uniform(-0.08, 0.06))
    if rng.random() < 0.28:  # a round corner
        turn = _curve(rng, tuple(roof[3]), tuple(0.7 * stem[0] + 0.3 * roof[4]), tuple(stem[1]), tuple(stem[2]))
        roof, stem = roof[:3], np.concatenate([turn, stem[3:]])
    serif = rng.uniform(0.1, 0.25) if rng.random() < 0.5 else 0.0
    if serif:
        roof = np.concatenate([_line(_away(left, serif, rng.uniform(75, 115)), left), roof])
    whole = np.concatenate([roof, stem])
    # A bar that met the serif would close the head of a 9.
    return _barred(rng, whole, corner, bottom, rng.uniform(0.45 if serif else 0.3, 0.7)) if barred else [whole]


def _barred(rng: Rng, seven: Stroke, corner: Place, bottom: Place, at: float) -> list[Stroke]:
    """A 7 with a bar across its stem, so far down; few are drawn without lifting the pen."""
    middle, tilt = (corner[0] + at * (bottom[0] - corner[0]), at), rng.uniform(-25, 14)
    lifted = rng.random() >= 0.06
    start = _away(middle, rng.uniform(0.12, 0.5 if lifted else 0.25), 180 + tilt)
    bar = _line(start, _away(middle, rng.uniform(0.12, 0.5), tilt), rng.uniform(-0.06, 0.06))
    if lifted:
        return [seven, bar]
    back = 0.3 * corner[0] + 0.7 * bottom[0] - 0.04, 0.7  # up again close to the stem
    return [np.concatenate([seven, _curve(rng, bottom, (back[0], max(back[1], at + 0.1)), start), bar])]


def _eight(rng: Rng) -> list[Stroke]:
    """An S that goes back up to its start, or two rings."""
    upper, lower = rng.uniform(0.17, 0.25), rng.uniform(0.22, 0.32)
    waist = rng.uniform(0.4, 0.52)
    if rng.random() < 0.3:
        radii = [(upper, waist / 2), (lower, (1 - waist) / 2)]
        middles = [(rng.uniform(-0.04, 0.04), waist / 2), (0.0, (1 + waist) / 2 - rng.uniform(0, 0.04))]
        return [
            _arc(middle, size, rng.uniform(-120, 60), -rng.uniform(345, 390), rng.uniform(-0.08, 0.08))
            for middle, size in zip(middles, radii, strict=True)
        ]
    start = rng.uniform(0.06, 0.22), rng.uniform(0.02, 0.15)
    down: list[Place] = [(0.0, 0.0), (-upper, waist / 2), (0.0, waist), (lower, (1 + waist) / 2), (0.0, 1.0)]
    up: list[Place] = [(-lower, (1 + waist) / 2), (-0.02, waist), (upper, waist / 2)]
    end = start[0] + rng.uniform(-0.06, 0.06), start[1] + rng.uniform(-0.05, 0.04)
    return [_curve(rng, start, *down, *up, end)]


def _nine(rng: Rng) -> list[Stroke]:
    """A head and a stem, most with a tail that curls to the left; some heads are tight and do not reach the stem."""
    tight = rng.random() < 0.4
    wide, high = rng.uniform((0.12, 0.11), 0.17) if tight else (rng.uniform(0.19, 0.28), rng.uniform(0.19, 0.27))
    gap = rng.uniform(0.04, 0.1) if tight and rng.random() < 0.5 else 0.0
    middle, x = (-wide, high), gap
    stem = _tail(rng, (x, high if gap else rng.uniform(0.02, high)))
    start = rng.uniform(-50, -15)
    if gap and rng.random() < 0.5:  # a head, then a stem beside it
        return [_arc(middle, (wide, high), start, -rng.uniform(280, 330)), stem]
    head = _arc(middle, (wide, high), start, -(330 + start if gap else 350 + start + rng.uniform(0, 10)))
    return [np.concatenate([head, stem])]


def _tail(rng: Rng, top: Place) -> Stroke:
    """The stem of a 9 from its top, straight, slightly curved or with a tail that curls to the left."""
    x, y = top
    if rng.random() >= 0.7:
        return _line(top, (x + rng.uniform(-0.12, 0.04), 1.0), rng.uniform(-0.06, 0.06))
    reach = rng.uniform(0.15, 0.5)
    low, lift = (x - reach * rng.uniform(0.35, 0.55), 1.0), rng.uniform(0.02, 0.3) * reach
    side = (x - rng.uniform(0.0, 0.03), rng.uniform(0.72, 0.82))
    return _curve(rng, top, (x, (y + side[1]) / 2), side, low, (x - reach, 1.0 - lift))


_DIGITS: list[Callable[[Rng], list[Stroke]]] = [_zero, _one, _two, _three, _four, _five, _six, _seven, _eight, _nine]
