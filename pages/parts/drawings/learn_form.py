"""Learn from the saved drawings: choose a run, read what will happen, and a copy of it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.data.datasets import DATASETS
from core.ink.drawing import Drawing
from core.jobs import submit
from core.runs import finetune
from core.runs.run import Run
from core.runs.store import store
from pages.parts.drawings.learn_result import TAUGHT
from pages.parts.shared.controls.pickers import announce_run, pick_among
from pages.parts.shared.run_controls import refusable, refusal
from pages.parts.shared.style import count, say

_FEW = 10  # drawings; of fewer nothing can be said
_FIRST = "cnn"  # the best of the shipped runs


def learn_form(runs: Sequence[Run], everything: Sequence[Drawing]) -> None:
    """Let people choose a run whose copy learns from the drawings, and say what will happen."""
    st.header("Learn from these", anchor=False)
    runs = [run for run in runs if finetune.learns_on(run)]
    if not runs:
        st.caption("No classifier of digits is trained yet: train one on the Train page.")
        return
    options: dict[str, Any] = {"label_visibility": "collapsed", "persist_state": "session"}
    run = pick_among("Model", runs, key="learn-run", first=_FIRST, **options) or runs[0]
    learned = [drawing for drawing in everything if not drawing.aside]
    say(plan(run, len(learned), len(everything) - len(learned)))
    st.button(
        f"Learn from {count(len(learned), 'drawing')}",
        key="learn",
        type="primary",
        icon=":material/school:",
        on_click=_start,
        args=(run, learned),
        disabled=not learned,
    )
    refusal("learn")


def plan(run: Run, learned: int, aside: int) -> str:
    """Say in a few sentences what will happen when the run's copy learns from so many drawings."""
    if not learned:
        return f"{count(aside, 'drawing')} kept aside, none to learn from: save some more."
    config = finetune.recipe(run, learned)
    data, epochs = DATASETS[config.dataset].title, config.epochs
    text = (
        f"A copy of {run.name} learns from {count(learned, 'drawing')}, varied at random and mixed into {data}, for "
        f"{epochs} epoch{'s' * (epochs > 1)}. {run.name} itself stays as it is. "
    )
    if aside:
        text += f"{count(aside, 'drawing')} kept aside will show whether it helps."
    if learned + aside < _FEW:
        text += f" With fewer than {_FEW} drawings the figures say little: save more to be sure."
    return text


def _start(run: Run, learned: Sequence[Drawing]) -> None:
    with refusable("learn"):
        made = finetune.start(store(), run, learned)
        submit.train(made)
        announce_run(made)
        st.session_state[TAUGHT] = made.id
