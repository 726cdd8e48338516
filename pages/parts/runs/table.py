"""The table of all runs: filtered here, sorted and selected in the browser; and a cheap look whether it has changed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.data.datasets import DATASETS
from core.figures.terms import explain
from core.measures.scores import SCORES, Figure, Scores, figure_of
from core.runs.events import Summary
from core.runs.run import ENDINGS, Run, RunNotFound, Status
from pages.parts.shared.run_mark import picture, run_mark

TASKS = {"classify": "Classify", "reconstruct": "Reconstruct"}
CHOSEN = "runs-page"  # session: the ids of the chosen runs, also those a filter hides
BY_HAND = "runs-by-hand"  # session: those of them that were ticked in the table, so not by the address alone
_TABLE, _ORDER = "runs-table", "runs-order"  # the widget, and the run ids of its rows as last sent
_SETTLED_NS = 2 * 10**9  # a folder that changed later may change again without another time
_ended: dict[Path, tuple[int, Line]] = {}
_FIRST = "runs-first"  # session: the ids of the runs that were chosen when the table was drawn first
_ROWS = 12  # shown at once; the others are scrolled to
# Above the table stand its own buttons, always where nothing hovers: over whatever else is there.
_ROOM = "<style>@media (hover: none) { .st-key-runs-table { margin-top: 2rem; } }</style>"
_MAY_BE_EMPTY = ("accuracy", "interval", "train", "mse", "train_mse", "noisy", "elbo", "note")
_TRAIN_TIP = "Accuracy on the digits trained with, measured as on the test set; while it trains of 10,000 of them"
_TEST_ERROR_TIP = "Mean squared error on the whole test set, without noise"
_TRAIN_ERROR_TIP = "Mean squared error on the digits trained with, without noise; while it trains on 10,000 of them"
_NOISY_TIP = "Mean squared error under the noise that the run learns to take off: not to be compared with Test error"
_SPEED_TIP = "Images learned per second of training, the median of the epochs"


@dataclass(frozen=True)
class Line:
    """A run as the table shows it."""

    run: Run
    status: Status
    summary: Summary
    epochs: float = 0.0  # learned, a begun one as a fraction
    figure: Figure | None = None
    scores: Scores | None = None

    @property
    def task(self) -> str:
        """The title of what the run learns."""
        return TASKS[self.run.spec.task]

    @property
    def dataset(self) -> str:
        """The title of the run's data set."""
        return DATASETS[self.run.config.dataset].title

    @property
    def text(self) -> str:
        """What a search looks into."""
        run = self.run
        return " ".join((run.name, run.note, run.spec.title, run.id, self.dataset, self.task, self.status)).casefold()


def read_lines(runs: Iterable[Run], listed: Mapping[str, int]) -> list[Line]:
    """Return the lines of the runs that are still there; listed: when their folders changed last."""
    lines = []
    for run in runs:
        try:
            line = _line(run, listed.get(run.id, 0))
            lines.append(replace(line, figure=figure_of(run, line.summary), scores=SCORES.load_current(run)))
        except RunNotFound:
            continue  # deleted while we look
    return lines


def _line(run: Run, changed: int) -> Line:
    """Return a run's line; of an ended one it is kept until its folder changes, which a resume or a new name does."""
    known = _ended.get(run.folder)
    if known and known[0] == changed:
        return known[1]
    status, summary = run.status(), run.summary()
    # Only where a run ended within an epoch has its log to be read for how far it came.
    line = Line(run, status, summary, float(summary.epochs) if summary.whole else run.history().epochs_done)
    if line.status in ENDINGS and time.time_ns() - changed > _SETTLED_NS:
        _ended[run.folder] = (changed, line)
    return line


def pick_lines(lines: Sequence[Line]) -> list[Line]:
    """Show the filters; return the lines that pass all of them."""
    words = st.text_input(
        "Find",
        key="runs-find",
        type="search",
        placeholder="Find by name, note, model ...",
        width=250,
        label_visibility="collapsed",
        persist_state="session",
    )
    passed = [line for line in lines if all(word in line.text for word in (words or "").casefold().split())]
    for label, fact in (("Task", "task"), ("Status", "status"), ("Data set", "dataset")):
        wanted = _pills(label, f"runs-{fact}", [getattr(line, fact) for line in lines])
        passed = [line for line in passed if not wanted or getattr(line, fact) in wanted]
    return passed


def _pills(label: str, key: str, present: Sequence[str]) -> list[str]:
    """Let people choose among what there is; nothing is shown where there is no choice."""
    options = sorted({*present, *st.session_state.get(key, [])})
    if len(options) < 2:
        return []
    pills = st.pills(
        label, options, selection_mode="multi", key=key, label_visibility="collapsed", persist_state="session"
    )
    return list(pills)


def runs_table(lines: Sequence[Line], chosen: Sequence[str]) -> None:
    """Show the lines, the chosen ones selected, and first when the page is opened.

    A selection by hand is found in the session under CHOSEN.
    """
    state = st.session_state
    if _TABLE not in state:  # later they would jump away from the pointer that ticks them
        state[_FIRST] = [] if set(chosen) <= {line.run.id for line in lines[: len(chosen)]} else list(chosen)
    lines = sorted(lines, key=lambda line: line.run.id not in state[_FIRST])
    ids = [line.run.id for line in lines]
    rows = [row for row, run_id in enumerate(ids) if run_id in set(chosen)]
    if _TABLE not in state or sorted(state[_TABLE]["selection"]["rows"]) != rows:
        state[_TABLE] = {"selection": {"rows": rows}}  # rows have moved, or the address chose
    state[_ORDER] = ids
    st.html(_ROOM)
    st.dataframe(
        _frame(lines),
        key=_TABLE,
        on_select=_select,
        selection_mode="multi-row",
        hide_index=True,
        height=38 + 35 * min(max(len(lines), 1), _ROWS),
        column_config=_columns(),
        placeholder="",
        alt="All runs",
    )


def _select() -> None:
    state = st.session_state
    order, chosen = state[_ORDER], state.get(CHOSEN, [])
    picked = [order[row] for row in state[_TABLE]["selection"]["rows"] if row < len(order)]
    hidden = [run_id for run_id in chosen if run_id not in set(order)]
    kept = [run_id for run_id in chosen if run_id in hidden or run_id in picked]
    state[CHOSEN] = kept + [run_id for run_id in picked if run_id not in kept]
    state[BY_HAND] = {*state.get(BY_HAND, ()), *set(picked).difference(chosen)}


def _frame(lines: Sequence[Line]) -> pd.DataFrame:
    columns: dict[str, Callable[[Line], object]] = {
        "mark": lambda line: picture(run_mark(line.run)),
        "name": lambda line: line.run.name,
        "status": lambda line: line.status,
        "accuracy": lambda line: 100 * _test(line, "accuracy"),
        "interval": _interval,
        "train": lambda line: 100 * _train(line, "accuracy"),
        "mse": lambda line: _test(line, "mse"),
        "train_mse": lambda line: _train(line, "mse"),
        "noisy": lambda line: line.scores.noisy.get("mse", math.nan) if line.scores else math.nan,
        "elbo": lambda line: line.scores.negative_elbo if line.scores else math.nan,
        "epochs": lambda line: round(line.epochs, 2),
        # Rounded here: a browser rounds halves up, and the lines of the runs tell the same figures.
        "seconds": lambda line: round(line.summary.seconds, 1),
        "speed": lambda line: round(line.summary.images_per_second) or math.nan,
        "model": lambda line: line.run.spec.title,
        "parameters": lambda line: float((line.scores or line.summary).parameters or math.nan),
        "learned": lambda line: float(line.scores.learned if line.scores else line.summary.learned or math.nan),
        "task": lambda line: line.task,
        "dataset": lambda line: line.dataset,
        "created": lambda line: datetime.fromtimestamp(line.run.created),
        "note": lambda line: line.run.note,
    }
    frame = pd.DataFrame({name: [value(line) for line in lines] for name, value in columns.items()})
    empty = [name for name in _MAY_BE_EMPTY if not any(_given(value) for value in frame[name])]
    return frame.drop(columns=empty)


def _given(value: object) -> bool:
    return bool(value) and value == value  # NaN is not equal to itself


def _test(line: Line, metric: str) -> float:
    return line.figure.value if line.figure and line.figure.metric == metric else math.nan


def _interval(line: Line) -> str:
    figure = line.figure
    if figure is None or math.isnan(figure.low):
        return ""
    return f"{100 * figure.low:.2f}\N{EN DASH}{100 * figure.high:.2f}"


def _train(line: Line, metric: str) -> float:
    if line.scores:
        return line.scores.train.get(metric, math.nan)
    return line.summary.train if line.summary.metric == metric else math.nan


def _columns() -> dict[str, ColumnConfig | str | None]:
    text, number, kind = st.column_config.TextColumn, st.column_config.NumberColumn, st.column_config
    return {
        "mark": kind.ImageColumn("", width=44, help="The run's colour and mark in every figure"),
        "name": text("Name", width=250),
        "status": text("Status", width=80),
        "accuracy": number("Test", format="%.2f %%", width=76, help="Accuracy of the weights kept, whole test set"),
        "interval": text("95 % interval", width=104, help="The 95 % interval of the test accuracy (Wilson)"),
        "train": number("Training", format="%.2f %%", width=80, help=_TRAIN_TIP),
        "mse": number("Test error", format="%.4f", width=84, help=_TEST_ERROR_TIP),
        "train_mse": number("Training error", format="%.4f", width=106, help=_TRAIN_ERROR_TIP),
        "noisy": number("Under noise", format="%.4f", width=96, help=_NOISY_TIP),
        "elbo": number("\N{MINUS SIGN}ELBO", format="%.1f", width=76, help=explain("ELBO")),
        "epochs": number("Epochs", width=70, help="Epochs learned; one that was begun counts as a fraction"),
        "seconds": number("Time", format="%,.1f s", width=84, help="Seconds of training"),
        "speed": number("Images/s", format="%,.0f", width=82, help=_SPEED_TIP),
        "model": text("Model", width=176),
        "parameters": number("Parameters", format="%,.0f", width=94),
        "learned": number("Learned", format="%,.0f", width=84, help="Of the parameters, those that training changes"),
        "task": text("Task", width=92),
        "dataset": text("Data set", width=114),
        "created": kind.DatetimeColumn("Created", format="D MMM YY, HH:mm", width=128),
        "note": text("Note", width=240),
    }


def listing(folder: Path) -> Mapping[str, int]:
    """Return when each folder of a run changed last, or its figures, which come later; no file is opened."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
            return {entry.name: max(entry.stat().st_mtime_ns, _measured_ns(folder / entry.name)) for entry in found}
    except OSError:
        return {}  # one was deleted at this moment: the next look sees it


def _measured_ns(folder: Path) -> int:
    try:
        return Run(folder).projection_file(SCORES.kind).stat().st_mtime_ns
    except OSError:
        return 0  # it was not measured


def fingerprint(listed: Mapping[str, int], active: Sequence[Line], watched: Sequence[str]) -> tuple[object, ...]:
    """Return what changes when the page has to: the other runs' folders, and how far each active run is.

    listed: of `listing`; active: the runs that went on when they were read; watched: ids whose curves are shown.
    """
    busy = {line.run.id for line in active}  # a training run's folder changes all the time
    histories = {line.run.id: line.run.history() for line in active if line.run.id in watched}
    steps = {run_id: (len(history.steps), history.fitted) for run_id, history in histories.items()}
    return (
        tuple(item for item in listed.items() if item[0] not in busy),
        tuple((line.run.id, line.status, line.summary.epochs, steps.get(line.run.id)) for line in active),
    )
