"""Choosing where a walk begins or ends: a digit picked on the map, any test digit, a mean of codes, or a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.data import samples
from core.data.datasets import DATASETS
from core.ink.collection import drawings
from core.ink.drawing import Drawing, images
from core.latent.projection import Projection
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.walks.component import facts_of, mount, pictures

_CHOICE = 48  # saved drawings to choose from, the newest


@dataclass(frozen=True, eq=False)
class End:
    """An end of a walk: what it is called, and its code, float32 (k,).

    name: tells it from all others; row: of a digit on the map.
    """

    title: str
    code: np.ndarray
    name: str
    row: int | None = None


def picked_rows(projection: Projection, picks: Sequence[int]) -> list[int]:
    """Return the picked rows that this map has; another may have had more."""
    return [row for row in picks if 0 <= row < len(projection.points)]


def two_picked(projection: Projection, picks: Sequence[int]) -> tuple[int, int]:
    """Return the rows of the last two digits picked; where there are fewer, the first is a digit of another class."""
    rows = picked_rows(projection, picks)
    if len(rows) > 1:
        return rows[-2], rows[-1]
    row = rows[0] if rows else 0
    others = np.flatnonzero(projection.labels != projection.labels[row])
    return int(others[0]) if len(others) else 0, row


def choose_end(
    label: str, run: Run, projection: Projection, *, key: str, picked: dict[str, int], first: str = ""
) -> End:
    """Let people choose an end.

    picked: the digits picked on the map, by what the choice calls them. first: the choice at the first visit.
    Raises ValueError when the run cannot be used.
    """
    drawing: Any = st.session_state.get("drawing")
    facts, saved = facts_of(projection), _saved()
    choices = _choices(projection, picked, drawing is not None and drawing.image is not None, bool(saved))
    if st.session_state.get(key) not in choices:  # such as a pad that was wiped meanwhile
        st.session_state[key] = first if first in choices else next(iter(choices))
    chosen = st.selectbox(
        label, list(choices), format_func=lambda one: choices.get(one, str(one)), key=key, persist_state="session"
    )
    if chosen == "number":
        most = len(projection.points) - 1
        row = st.number_input(
            f"{label}, number", 0, most, key=f"{key}-number", label_visibility="collapsed", persist_state="session"
        )
        return _row_end(projection, int(row))
    if chosen == "mean":
        return End("the mean of all", facts.mean, "mean")
    if chosen == "pad":
        return _drawn(run, drawing.image, "the drawing on the pad", f"pad-{drawing.stamp}")
    if chosen == "saved":
        drawn = _choose_saved(run, projection, saved, key)
        return _drawn(run, drawn.image, f"a drawing meant as {drawn.label}", f"drawing-{drawn.id}")
    kind, _, name = str(chosen).partition("-")
    if kind == "class":
        place = int(name)
        title = f"the mean {DATASETS[projection.dataset].classes[facts.labels[place]]}"
        return End(title, facts.means[place], str(chosen))
    return _row_end(projection, picked[name])


def _choices(projection: Projection, picked: dict[str, int], pad: bool, saved: bool) -> dict[str, str]:
    """What can be chosen, and its words. None names its digit: a browser keeps the words of what is chosen, also when
    another digit is picked.
    """
    classes = DATASETS[projection.dataset].classes
    labels = facts_of(projection).labels
    choices = {f"picked-{name}": f"The picked digit {name}".strip() for name in picked}
    choices |= {"number": "A digit by its number"}
    choices |= {"pad": "The drawing on the pad"} if pad else {}
    choices |= {"saved": "A saved drawing"} if saved else {}
    choices |= {"mean": "The mean of all codes"}
    return choices | {f"class-{place}": f"The mean of class {classes[label]}" for place, label in enumerate(labels)}


def _saved() -> Sequence[Drawing]:
    try:
        return drawings().all()
    except ValueError:
        return ()  # the page of the drawings says why they cannot be read


def _digit(projection: Projection, row: int) -> str:
    split, index = samples.where(projection.dataset, row)
    name = DATASETS[projection.dataset].classes[projection.labels[row]]
    return f"{'test' if split == 'test' else 'training'} digit {index:,}, class {name}"


def _row_end(projection: Projection, row: int) -> End:
    return End(_digit(projection, row), projection.codes[row], f"row-{row}", row)


def _choose_saved(run: Run, projection: Projection, saved: Sequence[Drawing], key: str) -> Drawing:
    newest = sorted(saved, key=lambda drawing: -drawing.saved)[:_CHOICE]
    said = mount(
        "choose",
        key=f"{key}-saved",
        run=run,
        projection=projection,
        name="saved",
        images=pictures(images(newest)),
        ids=[drawing.id for drawing in newest],
        texts=[f"meant as {drawing.label}" + f", by {drawing.hand}" * bool(drawing.hand) for drawing in newest],
    )
    return next((drawing for drawing in newest if drawing.id == said.get("id")), newest[0])


def _drawn(run: Run, image: np.ndarray, title: str, name: str) -> End:
    code = load_model(run).encode(image[None])[0]
    if not np.isfinite(code).all():
        raise ValueError(f"{run.name} makes a code that is not of numbers: train it again with a lower lr.")
    return End(title, code.astype(np.float32), name)
