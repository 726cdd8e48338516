"""What the four walks share: their component, what is sent to it, and the facts about a map's codes they begin from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.figures.palette import DIGIT_COLORS
from core.latent.projection import Projection
from core.latent.walks import class_means, ranges
from core.live.codes import MOST_PLACED
from core.live.map import MOST
from core.runs.run import Run
from pages.parts.web.component import component, nothing
from pages.parts.web.page_line import page_reply

_MEASURED = 10_000  # codes that percentiles are taken of; more cost seconds and change nothing one could see
_PAIRS = 2_000


_FOLDER = Path(__file__).parent
_mount = component(
    "digitlab_walk",
    _FOLDER / "stage.js",
    html='<div class="walk digitlab-waits"></div>',
    css=[_FOLDER / "walks.css"],
)


@dataclass(frozen=True, eq=False)
class Facts:
    """What the codes of a map are like.

    labels: int64 (c,) of the classes there are, and the means of their codes, float32 (c, k); mean, low and high:
    float32 (k,), the last two the 1st and 99th percentile; apart: how far two digits picked at random are apart.
    """

    labels: np.ndarray
    means: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    apart: float


_known: WeakKeyDictionary[Projection, Facts] = WeakKeyDictionary()


def facts_of(projection: Projection) -> Facts:
    """Return the facts about a map's codes, computed once for as long as the map is kept in memory."""
    found = _known.get(projection)
    if found is None:
        codes = projection.codes
        labels, means = class_means(codes, projection.labels)
        low, high = ranges(codes[:_MEASURED])
        one, other = np.random.default_rng(0).integers(0, len(codes), (2, _PAIRS))
        apart = float(np.median(np.linalg.norm(codes[one] - codes[other], axis=1)))
        found = Facts(labels, means, codes.mean(0, dtype=np.float64).astype(np.float32), low, high, apart)
        _known[projection] = found
    return found


def mount(kind: str, *, key: str, run: Run, projection: Projection, name: str, **data: Any) -> dict[str, Any]:
    """Show one walk; return what the browser said, which may be anything.

    kind: "film", "sliders", "sum", "grid" or "choose". name: of what it begins from; as long as that and the run's
    weights are the same, the browser keeps what people made of it.
    """
    said = st.session_state.get(key) or {}
    _mount(
        key=key,
        data={
            "kind": kind,
            "name": f"{run.id} {run.weights_version()} {projection.version} {name}",
            "map": {"run": run.id, "method": projection.method, "sample": projection.sample},
            "palette": DIGIT_COLORS,
            "classes": list(DATASETS[projection.dataset].classes),
            "most": {"codes": MOST, "placed": MOST_PLACED},
            "reply": page_reply(f"{key}-reply", said.get("ask")),
            **data,
        },
        on_ask_change=nothing,
        on_said_change=nothing,
    )
    answer = said.get("said")
    return answer if isinstance(answer, dict) else {}


def numbers(array: np.ndarray) -> str:
    """Numbers as base64 of float32, little-endian."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def pictures(images: np.ndarray) -> str:
    """Pictures, uint8 (n, 28, 28), as base64."""
    return base64.b64encode(images.tobytes()).decode()


def joined(parts: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
