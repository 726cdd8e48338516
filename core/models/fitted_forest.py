"""Random forest: many trees of yes-or-no questions about single pixels, each grown on a random draw of the digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from core.models.fitted import CLASSES, PIXELS, FittedClassifier, Kind, refuse

_DEEPEST = 1000  # questions; those of MNIST are some forty deep


class RandomForest(FittedClassifier):
    """The mean of what the leaves hold in which a digit ends (Breiman, 2001), grown by scikit-learn.

    All trees lie in one table of nodes. A node with feature >= 0 asks whether that pixel is at most `threshold`: if
    so it goes on at node `left`, else at `right`, both further down in the table. One with feature -1 is a leaf, and
    `left` is its row of `shares`, of which equal ones are kept once: most leaves are of one class.

    Its parameters are all these numbers; all are learned.
    """

    KINDS: ClassVar[dict[str, Kind]] = {
        "roots": (np.int32, ("trees",)),
        "feature": (np.int16, ("nodes",)),
        "threshold": (np.uint8, ("nodes",)),
        "left": (np.int32, ("nodes",)),
        "right": (np.int32, ("nodes",)),
        "shares": (np.float32, ("rows", CLASSES)),
    }

    def __init__(self, trees: int, min_leaf: int, seed: int = 0) -> None:
        super().__init__(seed)
        self.trees, self.min_leaf = trees, min_leaf

    def fit(self, images: np.ndarray, labels: np.ndarray) -> Iterator[float]:
        """Grow one tree after the other."""
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(
            n_estimators=0,
            max_depth=_DEEPEST,
            min_samples_leaf=self.min_leaf,
            random_state=self.seed,
            warm_start=True,
            n_jobs=1,
        )
        pixels = images.reshape(-1, PIXELS).astype(np.float32)
        for count in range(1, self.trees + 1):
            forest.set_params(n_estimators=count)
            forest.fit(pixels, labels)
            if count < self.trees:
                yield count / self.trees
        self._set(**_table([tree.tree_ for tree in forest.estimators_], forest.classes_))
        yield 1.0

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        roots, feature, left, right = (arrays[name] for name in ("roots", "feature", "left", "right"))
        shares, nodes = arrays["shares"], np.arange(len(feature))
        inner = feature >= 0
        if len(roots) != self.trees or roots.min() < 0 or roots.max() >= len(nodes):
            raise refuse(f"it has {len(roots):,} trees, of {self.trees:,} in its settings, or one begins nowhere")
        if feature.min() < -1 or feature.max() >= PIXELS:
            raise refuse("a tree asks for a pixel that no picture has")
        # Further down in the table, so that no way through it is a circle, and one parent each, so that none is long.
        if any(((child <= nodes) | (child >= len(nodes)))[inner].any() for child in (left, right)):
            raise refuse("a tree goes on where there is no node")
        parents = np.bincount(np.concatenate([left[inner], right[inner], roots]), minlength=len(nodes))
        if parents.min() < 1 or parents.max() > 1 or _depth(arrays) > _DEEPEST:
            raise refuse(f"a tree is none, or deeper than {_DEEPEST:,} questions")
        if ((left < 0) | (left >= len(shares)))[~inner].any() or len(shares) > np.count_nonzero(~inner):
            raise refuse("a leaf of a tree is empty")
        if shares.min() < 0 or not np.allclose(shares.sum(1), 1, atol=1e-3):
            raise refuse("a leaf of a tree holds no shares")

    def _answer(self, images: np.ndarray) -> np.ndarray:
        feature, left, right = (self.arrays[name] for name in ("feature", "left", "right"))
        places = np.repeat(self.arrays["roots"][None], len(images), 0)
        rows = np.arange(len(images))[:, None]
        while (inner := (asked := feature[places]) >= 0).any():
            small = images[rows, np.maximum(asked, 0)] <= self.arrays["threshold"][places]
            places = np.where(inner, np.where(small, left[places], right[places]), places)
        found: np.ndarray = self.arrays["shares"][left[places]].mean(1, dtype=np.float64)
        return found


def _depth(arrays: Mapping[str, np.ndarray]) -> int:
    """Return how many questions the deepest tree asks, at most one more than is allowed."""
    depth, level = 0, arrays["roots"]
    while depth <= _DEEPEST:
        level = level[arrays["feature"][level] >= 0]
        if not len(level):
            break
        depth, level = depth + 1, np.concatenate([arrays["left"][level], arrays["right"][level]])
    return depth


def _table(trees: list[Any], classes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of scikit-learn's trees in one table; pixels are whole, and so are thresholds rounded down."""
    offsets = np.cumsum([0, *(tree.node_count for tree in trees)])
    leaves, shares = [], []
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("feature", "threshold", "left", "right")}
    for tree, offset in zip(trees, offsets[:-1], strict=True):
        leaf = tree.children_left < 0
        parts["feature"].append(np.where(leaf, -1, tree.feature))
        parts["threshold"].append(np.where(leaf, 0, np.floor(tree.threshold)))
        parts["left"].append(np.where(leaf, 0, tree.children_left + offset))
        parts["right"].append(np.where(leaf, 0, tree.children_right + offset))
        values = np.zeros((int(leaf.sum()), CLASSES))
        values[:, classes] = tree.value[leaf, 0]
        leaves.append(leaf)
        shares.append(values / values.sum(1, keepdims=True))
    table = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    rows, places = np.unique(np.concatenate(shares).astype(np.float32), axis=0, return_inverse=True)
    table["left"][np.concatenate(leaves)] = places.reshape(-1)
    return {**table, "roots": offsets[:-1], "shares": rows}
