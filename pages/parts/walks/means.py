"""The mean code of each class, and sums of codes: what is in one and not in another, added to a third."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.latent.projection import Projection
from core.latent.walks import combine
from core.measures.reconstruction import to_bytes
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.shared.nearest import nearest_tiles
from pages.parts.shared.strips import image_tiles
from pages.parts.shared.style import guarded, say
from pages.parts.walks.component import facts_of, mount, numbers
from pages.parts.walks.ends import choose_end, two_picked

LIMIT = 2.0  # how many times the difference is added at most
_STEPS = 9


@guarded()
def means(run: Run, projection: Projection, picks: list[int]) -> None:
    """Show the means and let people add and subtract codes; picks: rows of the map, the last one last."""
    _row_of_means(run, projection)
    a, b = two_picked(projection, picks)
    picked = {"A": a, "B": b}
    firsts = {"Code": "picked-A"} | dict(zip(("Minus", "Plus"), _first(projection, a, b), strict=True))
    chosen = []
    for (label, first), part in zip(firsts.items(), st.columns(3, gap="small"), strict=True):
        with part:
            key = f"walk-{label.lower()}"
            chosen.append(choose_end(label, run, projection, key=key, picked=picked, first=first))
    code, minus, plus = chosen
    said = mount(
        "sum",
        key="walk-sum",
        run=run,
        projection=projection,
        name=f"{code.name} {minus.name} {plus.name}",
        code=numbers(code.code),
        minus=numbers(minus.code),
        plus=numbers(plus.code),
        titles=[code.title, minus.title, plus.title],
        limit=LIMIT,
        steps=_STEPS,
    )
    amount = _amount(said.get("amount"))
    result = combine([(1, code.code), (-amount, minus.code), (amount, plus.code)])
    _nearest(projection, result, code.row)


def _row_of_means(run: Run, projection: Projection) -> None:
    facts, names = facts_of(projection), DATASETS[projection.dataset].classes
    decoded = to_bytes(load_model(run).decode(facts.means))
    image_tiles(decoded, [names[label] for label in facts.labels], label="The decoded mean of each class", columns=5)
    st.caption("The mean code of each class, decoded: no digit lies exactly there.")


def _first(projection: Projection, a: int, b: int) -> tuple[str, str]:
    """At first the mean of the one digit's class is taken away, and the mean of the other's put in its place."""
    labels = facts_of(projection).labels
    own, other = np.searchsorted(labels, projection.labels[[a, b]]).tolist()
    return f"class-{own}", f"class-{other if other != own else (own + 1) % len(labels)}"


def _amount(said: object) -> float:
    known = isinstance(said, int | float) and math.isfinite(said)
    return min(LIMIT, max(-LIMIT, float(said))) if known else 1.0  # type: ignore[arg-type]


def _nearest(projection: Projection, code: np.ndarray, own: int | None) -> None:
    st.markdown("**Nearest digits to the sum**")
    nearest_tiles(projection, code, own)
    say(f"Each with its class and its distance from the sum in the space of {len(code)} numbers.")
