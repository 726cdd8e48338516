"""The medial axis of a shape as lines a pen could have drawn: long, smooth and few."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

Pixel = tuple[int, int]
Graph = dict[Pixel, list[Pixel]]

_TOLERANCE = 0.6  # pixels that a line may leave its pixels by
_SPACING = 10.0  # pixels between points of a line at most, so that its width is followed
_SMOOTH = 3  # pixels on either side that a place and a width are averaged over
_LOOK = 8  # pixels over which a line's direction at a junction is measured
_BEND = np.cos(np.radians(70))  # lines that meet at a smaller bend than that are one
_MOST_LINES = 200


def lines(mask: np.ndarray, most: int) -> list[np.ndarray]:
    """Return the lines of a bool mask: float64 (m, 3) of x, y and radius in pixels.

    Raises ValueError when its axis has more than `most` pixels, or more branches than writing has.
    """
    from scipy.ndimage import binary_fill_holes, distance_transform_edt
    from skimage.morphology import skeletonize

    holes = binary_fill_holes(mask) & ~mask
    radii = distance_transform_edt(mask)
    mask = mask | _small(holes, float(np.median(radii[mask])) ** 2 if mask.any() else 0.0)
    radii = distance_transform_edt(mask) - 0.5
    axis = skeletonize(mask)
    if axis.sum() > most:
        raise ValueError(
            "The picture has too many lines to be a digit: crop it to the writing, or take it in even light."
        )
    graph = _graph(axis)
    branches = _pruned(_branches(graph), radii)
    if len(branches) > _MOST_LINES:
        raise ValueError(
            "The picture has too many lines to be a digit: crop it to the writing, or take it in even light."
        )
    return [_line(path, radii) for path in _joined(branches)]


def _small(holes: np.ndarray, area: float) -> np.ndarray:
    from scipy.ndimage import label

    pieces, _ = label(holes)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    result: np.ndarray = ((sizes > 0) & (sizes < area))[pieces]
    return result


def _graph(axis: np.ndarray) -> Graph:
    """Which pixels of the axis touch: corner to corner only where no third one links them, or there were triangles."""
    pixels = set(map(tuple, np.argwhere(axis).tolist()))
    graph: Graph = {}
    for y, x in pixels:
        straight = [p for p in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)) if p in pixels]
        corners = [
            (y + dy, x + dx)
            for dy in (-1, 1)
            for dx in (-1, 1)
            if (y + dy, x + dx) in pixels and (y + dy, x) not in pixels and (y, x + dx) not in pixels
        ]
        graph[y, x] = straight + corners
    return graph


def _branches(graph: Graph) -> list[list[Pixel]]:
    """Cut the graph at its junctions: paths from node to node, closed ones for rings, single pixels for dots."""
    nodes = {pixel for pixel, near in graph.items() if len(near) != 2}
    used: set[tuple[Pixel, Pixel]] = set()
    branches = [[pixel] for pixel in nodes if not graph[pixel]]

    def follow(start: Pixel, second: Pixel) -> None:
        path = [start, second]
        used.add((start, second))
        while path[-1] not in nodes and path[-1] != start:
            one, other = graph[path[-1]]
            path.append(other if one == path[-2] else one)
        used.add((path[-1], path[-2]))
        branches.append(path)

    for node in sorted(nodes):
        for second in graph[node]:
            if (node, second) not in used:
                follow(node, second)
    walked = {pixel for path in branches for pixel in path}
    for pixel in sorted(set(graph) - walked):  # rings without a junction
        if pixel not in walked:
            follow(pixel, graph[pixel][0])
            walked.update(branches[-1])
    return branches


def _pruned(branches: list[list[Pixel]], radii: np.ndarray) -> list[list[Pixel]]:
    """Leave out the short ends that a rough outline has: they stay within the disc where they begin."""
    ends = _ends(branches)
    kept = []
    for path in branches:
        loose = [end for end in (path[0], path[-1]) if len(ends[end]) == 1]
        held = path[-1] if loose and loose[0] == path[0] else path[0]
        spur = len(loose) == 1 and len(path) - 1 < 1.3 * radii[held]
        if not spur:
            kept.append(path)
    return kept or branches


def _ends(branches: Iterable[list[Pixel]]) -> dict[Pixel, list[int]]:
    """Which branches begin or end at a pixel; one that does both is there twice."""
    ends: dict[Pixel, list[int]] = {}
    for number, path in enumerate(branches):
        for end in (path[0], path[-1]):
            ends.setdefault(end, []).append(number)
    return ends


def _joined(branches: list[list[Pixel]]) -> list[list[Pixel]]:
    """Join the branches that go straight on where they meet, the straightest first."""
    pairs = []
    ends = _ends(branches)
    for node, numbers in ends.items():
        ways = [(number, _direction(branches[number], node)) for number in sorted(set(numbers))]
        for place, (one, way) in enumerate(ways):
            for other, its in ways[place + 1 :]:
                pairs.append((float(way @ its), node, one, other))
    paths = dict(enumerate(branches))
    belongs = list(range(len(branches)))
    taken: set[tuple[Pixel, int]] = set()
    for bend, node, one, other in sorted(pairs):
        first, second = belongs[one], belongs[other]
        alone = len(ends[node]) == 2  # a spur was there
        if (bend > -_BEND and not alone) or first == second or {(node, one), (node, other)} & taken:
            continue
        paths[first] = _chained(paths[first], paths.pop(second), node)
        taken |= {(node, one), (node, other)}
        belongs = [first if number == second else number for number in belongs]
    return list(paths.values())


def _direction(path: list[Pixel], node: Pixel) -> np.ndarray:
    """Where a path leads from its end at a node: a unit vector, or 0 for a dot."""
    ordered = path if path[0] == node else path[::-1]
    way = np.subtract(ordered[min(_LOOK, len(ordered) - 1)], node).astype(float)
    length = np.hypot(*way)
    unit: np.ndarray = way / length if length else way
    return unit


def _chained(one: list[Pixel], other: list[Pixel], node: Pixel) -> list[Pixel]:
    first = one if one[-1] == node else one[::-1]
    second = other if other[0] == node else other[::-1]
    return first + second[1:]


def _line(path: list[Pixel], radii: np.ndarray) -> np.ndarray:
    """Smooth a path and keep the points it needs; it begins at its upper end, as most pens do."""
    from skimage.measure import approximate_polygon

    if path[-1] < path[0]:
        path = path[::-1]
    rows, columns = np.array(path).T
    points = np.column_stack([columns, rows, np.maximum(radii[rows, columns], 0.5)]).astype(np.float64)
    if len(points) < 3:
        return points
    points = _smoothed(points)
    corners = approximate_polygon(points[:, :2], _TOLERANCE)
    places = {tuple(corner) for corner in corners.tolist()}
    keep = [n for n, point in enumerate(points[:, :2].tolist()) if tuple(point) in places]
    spaced = [np.linspace(a, b, 1 + int(np.ceil((b - a) / _SPACING)))[:-1] for a, b in pairwise(keep)]
    chosen = np.unique(np.concatenate([*spaced, [keep[-1]]]).round().astype(int)) if spaced else np.array(keep)
    return points[chosen]


def _smoothed(points: np.ndarray) -> np.ndarray:
    """Average each point with its neighbours; the ends stay where they are."""
    total = np.cumsum(np.vstack([np.zeros(points.shape[1]), points]), axis=0)
    place = np.arange(len(points))
    reach = np.minimum(np.minimum(place, len(points) - 1 - place), _SMOOTH)
    result: np.ndarray = (total[place + reach + 1] - total[place - reach]) / (2 * reach + 1)[:, None]
    return result
