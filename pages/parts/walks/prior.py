"""Pictures nobody drew: codes drawn at random, from the prior of a variational model or around the real codes."""

from __future__ import annotations

import secrets

import numpy as np
import streamlit as st

from core.latent.projection import Projection
from core.latent.walks import prior_grid, sample_around, sample_prior
from core.runs.run import Run
from pages.parts.shared.style import guarded, say
from pages.parts.walks.component import mount, numbers

COLUMNS = 8
SIDE = 20  # of the plane of the prior
_SEED = "walk-seed"
_SEEDS = 10_000


@guarded()
def prior(run: Run, projection: Projection) -> None:
    """Show samples with a temperature, and for a prior over two numbers its whole plane."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        seed = int(st.number_input("Seed", 0, _SEEDS - 1, key=_SEED, persist_state="session", width=150))
        st.button("New samples", key="walk-again", icon=":material/casino:", on_click=_reseed)
    k = projection.codes.shape[1]
    whole = bool(run.spec.prior) and k == 2
    say(_said(run))
    places = st.columns(2, gap="medium") if whole else [st.container()]
    with places[0]:
        if run.spec.prior:
            mean, steps = np.zeros(k, np.float32), sample_prior(k, COLUMNS**2, seed)
            label = "Samples from the prior"
        else:
            mean, steps = sample_around(projection.codes, COLUMNS**2, seed)
            label = "Samples around the real codes"
        sent = {"mean": numbers(mean), "steps": numbers(steps), "columns": COLUMNS, "hot": True, "label": label}
        mount("grid", key="walk-samples", run=run, projection=projection, name=str(seed), **sent)
    if whole:
        with places[1]:
            _plane(run, projection)


def _said(run: Run) -> str:
    if run.spec.prior:
        return (
            f"{run.name} was trained so that its codes follow the standard normal distribution. These are drawn from "
            "it, their distance from the origin multiplied by the temperature: 1 is the prior itself, 0 the code at "
            "the origin."
        )
    return (
        f"{run.name} has no prior: nothing in its training says which codes are likely. These are drawn from a normal "
        "distribution with the mean and covariance of the real codes, a shape that they need not have; temperature 0 "
        "is their mean."
    )


def _plane(run: Run, projection: Projection) -> None:
    sent = {"mean": numbers(np.zeros(2)), "steps": numbers(prior_grid(SIDE)), "columns": SIDE, "hot": False}
    title = "The plane of the prior"
    mount("grid", key="walk-plane", run=run, projection=projection, name="plane", label=title, **sent)
    st.caption(
        f"{SIDE} × {SIDE} codes at the quantiles of the normal distribution, so that each picture stands for as much "
        "of the prior as any other."
    )


def _reseed() -> None:
    st.session_state[_SEED] = secrets.randbelow(_SEEDS)
