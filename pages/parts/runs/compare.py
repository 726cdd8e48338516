"""Runs side by side: their curves over each other, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from core.data.datasets import DATASETS
from core.figures.curves import describe_learning_curves, learning_curves
from core.figures.palette import RUN_COLORS, RUN_GLYPHS
from core.runs.run import Run
from core.training.config import TrainConfig
from core.training.settings import AUGMENTATION_SETTINGS, SETTINGS
from pages.parts.figure.component import live_figure
from pages.parts.runs.table import TASKS
from pages.parts.shared.curves import curves_of
from pages.parts.shared.pickers import run_labels
from pages.parts.shared.style import plain

_STYLE = """
<style>
.rc { overflow-x: auto; max-height: 26rem; }
.rc table { border-collapse: collapse; font-size: 13.5px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.rc th, .rc td { text-align: left; padding: 3px 14px 3px 0; vertical-align: top; overflow-wrap: anywhere; }
.rc thead th { font-weight: 600; max-width: 11rem; min-width: 5.5rem; }
.rc tbody th { font-weight: 400; opacity: .75; min-width: 8.5rem; position: sticky; left: 0;
  background: var(--st-background-color); }
.rc tbody tr { border-top: 1px solid var(--st-border-color); }
.rc i { font-style: normal; margin-right: 5px; }
</style>
"""


def overlaid_curves(runs: Sequence[Run]) -> None:
    """Show the curves of the runs over each other, a figure for each task, and a sentence for it."""
    log_loss = bool(st.session_state.get("log-loss"))
    for task in TASKS:
        curves = curves_of([run for run in runs if run.spec.task == task])
        if not curves:
            continue
        text = describe_learning_curves(curves)
        live_figure(learning_curves(curves, log_loss=log_loss), key=f"curves-{task}", height=300, label=text)
        st.caption(plain(text))
    st.toggle("Logarithmic scale", key="log-loss", persist_state="session")


def settings_table(runs: Sequence[Run]) -> None:
    """Show the settings in which the runs differ, a run in each column; of a single run show them all."""
    lines = differences([run.config for run in runs])
    if len(runs) > 1 and not lines:
        st.caption("All settings of these runs are equal.")
        return
    body = "".join(
        f"<tr><th scope='row'>{escape(title)}</th>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for title, values in lines.items()
    )
    st.html(f"{_STYLE}<div class='rc' tabindex='0'><table>{_head(runs)}<tbody>{body}</tbody></table></div>")
    if len(runs) > 1:
        st.caption("Everything else is equal.")


def _head(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return ""
    labels, heads = run_labels(runs), []
    for run in runs:
        color, glyph = (cycle[run.color % len(cycle)] for cycle in (RUN_COLORS, RUN_GLYPHS))
        mark = f'<i style="color:{color}" aria-hidden="true">{glyph}</i>'
        heads.append(f"<th scope='col'>{mark}{escape(labels[run.id])}</th>")
    return f"<thead><tr><th>Differences</th>{''.join(heads)}</tr></thead>"


def differences(configs: Sequence[TrainConfig]) -> dict[str, list[str]]:
    """Return the settings whose values are not all the same, by title, "" where a run has no such setting.

    Of a single config all that it has are returned.
    """
    settings = [_settings(config) for config in configs]
    titles = dict.fromkeys(title for values in settings for title in values)
    lines = {title: [values.get(title, "") for values in settings] for title in titles}
    if len(configs) == 1:
        return {title: values for title, values in lines.items() if values != [""]}
    return {title: values for title, values in lines.items() if len(set(values)) > 1}


def _settings(config: TrainConfig) -> dict[str, str]:
    """Return every setting of a run as words, under the title the form gives it."""
    values: Mapping[str, Any] = config.to_dict()
    shown = {"Model": config.spec.title, "Task": TASKS[config.spec.task]}
    shown |= {param.title: _words(values["params"][param.name]) for param in config.spec.params}
    shown |= {row.title: _words(values[name]) for name, row in SETTINGS.items()}
    shown["Data set"] = DATASETS[config.dataset].title
    shown |= {row.title: _words(values["augmentation"][name]) for name, row in AUGMENTATION_SETTINGS.items()}
    return shown


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
