"""Runs side by side: their curves over each other, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data.datasets import is_ready
from core.figures.curves import learning_curves
from core.figures.words import describe_learning_curves
from core.measures.scores import SCORES, figure_of
from core.runs.run import Run
from core.training.config import TrainConfig
from core.training.naming import settings_in_words
from pages.parts.figure.component import live_figure
from pages.parts.runs.table import TASKS
from pages.parts.shared.controls.pickers import run_labels
from pages.parts.shared.curves import curves_of
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import Cell, table


def overlaid_curves(runs: Sequence[Run]) -> None:
    """Show the curves of the runs over each other, a figure for each task, and a sentence for it."""
    log_loss = bool(st.session_state.get("log-loss"))
    for task in TASKS:
        curves = curves_of([run for run in runs if run.spec.task == task])
        if not curves:
            continue
        text = describe_learning_curves(curves)
        if not all(one.at_once for one in curves):
            live_figure(learning_curves(curves, log_loss=log_loss), key=f"curves-{task}", height=300, label=text)
        say(text)
    st.toggle("Logarithmic scale", key="log-loss", persist_state="session")


def settings_table(runs: Sequence[Run]) -> None:
    """Show what the runs came to and in which settings they differ, a run in each column; of one run all settings."""
    lines = differences([run.config for run in runs])
    names = run_labels(runs)
    head = [Cell("Differences"), *(Cell(names[run.id], mark=run_mark(run)) for run in runs)] if len(runs) > 1 else []
    rows = [["Result", *map(_result, runs)]] if len(runs) > 1 else []
    rows += [[title, *values] for title, values in lines.items()]
    table(rows, head, name="rc", label="Settings of the chosen runs", look="words")
    if len(runs) > 1:
        equal = "Everything else is equal." if lines else "All settings of these runs are equal."
        st.caption(f"{equal} Results are of the weights kept, on the whole test set.")


def _result(run: Run) -> str:
    if figure := figure_of(run):
        return figure.words
    if run.active():
        return "not measured yet"
    return "being measured" if SCORES.state(run).under_way else "not measured"


def missing_figures(runs: Sequence[Run]) -> None:
    """Have the weights measured that ended runs keep and nobody has measured, as after a crash, and show how far it is.

    Measuring takes seconds after the end of a run, which nothing else on the page would notice.
    """
    for run in runs:
        with guarded():
            if not run.active() and run.has_weights() and is_ready(run.config.dataset) and figure_of(run) is None:
                follow(Wish(SCORES, run, (), f"Figures of {run.name}"))


def differences(configs: Sequence[TrainConfig]) -> dict[str, list[str]]:
    """Return the settings whose values are not all the same, by title, "" where a run has no such setting.

    Of a single config all that it has are returned.
    """
    settings = [{"Task": TASKS[config.spec.task], **settings_in_words(config)} for config in configs]
    titles = dict.fromkeys(title for values in settings for title in values)
    lines = {title: [values.get(title, "") for values in settings] for title in titles}
    if len(configs) == 1:
        return {title: values for title, values in lines.items() if values != [""]}
    return {title: values for title, values in lines.items() if len(set(values)) > 1}
