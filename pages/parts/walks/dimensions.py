"""One slider for each number of a code, with what it does to the picture."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.latent.projection import Projection
from core.latent.walks import effects
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.shared.style import guarded, say
from pages.parts.walks.component import facts_of, mount, numbers
from pages.parts.walks.ends import choose_end, picked_rows

SHOWN = 24  # sliders, before more are asked for
_STEPS = 9  # pictures from the lowest to the highest value
_RANKED = "walk-ranked"  # session: how strong each number is, of the code it was worked out for last


@guarded()
def dimensions(run: Run, projection: Projection, picks: list[int] | None = None) -> None:
    """Show the sliders, from a digit or a mean that people choose; picks: rows of the map, the last one last."""
    rows = picked_rows(projection, picks or [])
    picked = {"": rows[-1]} if rows else {}
    with st.container(width=300):
        start = choose_end("Start from", run, projection, key="walk-start", picked=picked, first="picked-")
    facts = facts_of(projection)
    name = f"{run.id} {run.weights_version()} {projection.version} {start.name}"
    strength = _strength(run, name, start.code, facts.low, facts.high)
    order = np.argsort(-strength, kind="stable")
    mount(
        "sliders",
        key="walk-sliders",
        run=run,
        projection=projection,
        name=start.name,
        code=numbers(start.code),
        low=numbers(np.minimum(facts.low, start.code)),
        high=numbers(np.maximum(facts.high, start.code)),
        mean=numbers(facts.mean),
        spread=numbers(facts.high - facts.low),
        order=order.tolist(),
        strength=numbers(strength),
        shown=SHOWN,
        steps=_STEPS,
        label=f"The picture of {start.title} with its {len(start.code)} numbers as the sliders say",
    )
    say(f"The sliders start at {start.title}. {_said(strength, len(start.code))}")


def _strength(run: Run, name: str, code: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    known = st.session_state.get(_RANKED)
    if known is None or known[0] != name:
        known = st.session_state[_RANKED] = name, effects(load_model(run).decode, code, low, high)
    found: np.ndarray = known[1]
    return found


def _said(strength: np.ndarray, k: int) -> str:
    """How the numbers are ordered, and how few of them do most."""
    order = "Each slider goes from the 1st to the 99th percentile of the digits' codes"
    if k == 1 or not strength.sum():
        return f"{order}."
    shares = np.cumsum(np.sort(strength)[::-1]) / strength.sum()
    most = int(np.searchsorted(shares, 0.9)) + 1
    idle = int((strength < 1e-6).sum())
    sentence = f"{order}, the number that changes this picture most first. {most} of {k} do 90 % of it all"
    return f"{sentence}; {idle} do nothing." if idle else f"{sentence}."
