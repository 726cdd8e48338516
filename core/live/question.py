"""The parts that live questions share, checked: a drawing, a run, a number. Everything in them is a stranger's."""

from __future__ import annotations

import base64
import math
import os
import time
from typing import Any

import numpy as np

from core.ink.render import STEPS, parse_strokes
from core.runs.run import Run
from core.runs.store import store
from core.untrusted import shown

Question = dict[str, Any]
Reply = dict[str, Any]

_REMEMBERED = 1.0  # seconds a looked-up run is kept; its weights file is still checked at every answer

_runs: dict[tuple[str, str], tuple[float, Run]] = {}


def drawing(question: Question) -> tuple[list[np.ndarray], float, tuple[str, ...]]:
    """Return the strokes, the pen's width and the steps that are off; ValueError with a sentence for anything else."""
    strokes = parse_strokes(question.get("strokes"))
    width = number(question, "width")
    if not 0 < width <= 1:
        raise ValueError(f"The pen width is {width:g}: send a number above 0 and at most 1.")
    off = question.get("off", [])
    if not isinstance(off, list) or not all(isinstance(step, str) and step in STEPS for step in off):
        raise ValueError(f"The steps left out are {shown(off)}: send a list of some of {', '.join(STEPS)}.")
    return strokes, width, tuple(step for step in STEPS if step in off)


def run_of(question: Question, task: str, otherwise: str) -> Run:
    """Return the run that the question names; ValueError, ending in `otherwise`, when its task is another."""
    run_id = question.get("run")
    if not isinstance(run_id, str):
        raise ValueError(f"The run is {shown(run_id)}: send a run id.")
    run = find(run_id)
    if run.spec.task != task:
        raise ValueError(f"{run.name} {otherwise}")
    return run


def find(run_id: str) -> Run:
    """The run of that id, looked up on the disk at most once a second: a pen asks a hundred times in that time.

    Raises RunNotFound for an unknown or impossible id.
    """
    now = time.monotonic()
    key = (os.environ.get("DIGITLAB_CHECKPOINTS", ""), run_id)
    seen, run = _runs.get(key, (-math.inf, None))
    if run is None or now - seen > _REMEMBERED:
        _runs.pop(key, None)
        run = store().get(run_id)
        if len(_runs) > 200:
            _runs.clear()
        _runs[key] = now, run
    return run


def flag(question: Question, name: str) -> bool:
    """Return a yes or no of the message, no where it is not there."""
    value: Any = question.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"The {name} is {shown(value)}: send true or false.")
    return value


def number(question: Question, name: str) -> float:
    """A finite number of the message; int(True) and a 400-digit int are none."""
    value: Any = question.get(name)
    _check_number(value, f"The {name}")
    return float(value)


def _check_number(value: Any, what: str) -> None:
    if type(value) not in (int, float) or not abs(value) <= 1e6:
        raise ValueError(f"{what} is {shown(value)}: send a number between -1,000,000 and 1,000,000.")


def whole_number(question: Question, name: str, low: int, high: int) -> int:
    """A whole number of the message, within its bounds."""
    value: Any = question.get(name)
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"The {name} is {shown(value)}: send a whole number from {low} to {high}.")
    return value


def table(question: Question, name: str, most: int, width: int) -> np.ndarray:
    """Rows of numbers of the message, one to `most` of them, float32 (m, width)."""
    rows: Any = question.get(name)
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        count = f"{len(rows):,} of them" if isinstance(rows, list) else shown(rows)
        raise ValueError(f"The {name} are {count}: send a list of 1 to {most}.")
    for row in rows:
        if not isinstance(row, list) or len(row) != width:
            count = f"{len(row):,} numbers" if isinstance(row, list) else shown(row)
            raise ValueError(f"One of the {name} is {count}: send {width} numbers each.")
        for value in row:
            _check_number(value, f"A number of the {name}")
    return np.array(rows, np.float32)


def text_of(array: np.ndarray) -> str:
    """The bytes of an array as base64."""
    return base64.b64encode(array.tobytes()).decode()
