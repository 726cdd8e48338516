"""Teaching: what a person says a drawing is meant to be makes it one of the saved drawings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import streamlit as st

from core.ink import collection as saved

_TAUGHT = "taught"  # session: what was said last, and how to take it back


class Drawn(Protocol):
    """What is on the pad: strokes as float64 (m, 2) or (m, 3), and the pen's width."""

    @property
    def strokes(self) -> tuple[np.ndarray, ...]: ...

    @property
    def width(self) -> float: ...


def teach(said: object, drawing: Drawn) -> dict[str, Any]:
    """Do what the browser said, once, and return what the pad tells about it.

    said: {"label": 0..9, "stamp": ms} saves the drawing with that label, {"undo": true, "stamp": ms} takes the last
    save back; anything else, or an older stamp than the last, changes nothing.
    Returned: {"count": of the saved drawings or None, "last": {"label", "stamp", "sentence", "undo": bool} or None}.
    """
    state = st.session_state.setdefault(_TAUGHT, {"last": None, "back": None})
    stamp = said.get("stamp") if isinstance(said, dict) else None
    done = state["last"]["stamp"] if state["last"] else 0
    if isinstance(said, dict) and isinstance(stamp, int | float) and done < stamp < math.inf:
        try:
            undo = said.get("undo") is True
            label, sentence = _take_back(state) if undo else _save(state, said.get("label"), drawing)
        except (ValueError, OSError) as error:
            label, sentence, state["back"] = None, str(error), None
        state["last"] = {"label": label, "stamp": stamp, "sentence": sentence, "undo": state["back"] is not None}
    try:
        count: int | None = len(saved.drawings().all())
    except (ValueError, OSError):
        count = None  # the page of the drawings says why
    return {"count": count, "last": state["last"]}


def _save(state: dict[str, Any], label: object, drawing: Drawn) -> tuple[int, str]:
    if type(label) is not int or not 0 <= label <= 9:
        raise ValueError("A drawing is meant to be a digit: choose one from 0 to 9.")
    if not drawing.strokes:
        raise ValueError("The pad is empty: draw a digit first.")
    collection = saved.drawings()
    known = next((one for one in reversed(collection.all()) if _same(one, drawing)), None)
    state["back"] = None
    if known is None:
        added = collection.add(drawing.strokes, drawing.width, label, str(st.session_state.get("hand") or ""))
        state["back"] = (added.id, None)
        return label, f"Saved as {label}."
    if known.label == label:
        return label, f"Already saved as {label}."
    collection.relabel([known.id], label)
    state["back"] = (known.id, known.label)
    return label, f"Now saved as {label}, no longer as {known.label}."


def _take_back(state: dict[str, Any]) -> tuple[int | None, str]:
    if state["back"] is None:
        raise ValueError("There is nothing to take back.")
    (drawing_id, label), state["back"] = state["back"], None
    if label is None:
        saved.drawings().delete([drawing_id])
        return None, "Not saved."
    saved.drawings().relabel([drawing_id], label)
    return label, f"Saved as {label} again."


def _same(one: Drawn, other: Drawn) -> bool:
    """Whether two drawings have the same ink; what is stored may be rounded."""
    return abs(one.width - other.width) < 1e-3 and _alike(one.strokes, other.strokes)


def _alike(some: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> bool:
    if len(some) != len(others) or any(a.shape != b.shape for a, b in zip(some, others, strict=True)):
        return False
    return all(np.allclose(a, b, atol=1e-3) for a, b in zip(some, others, strict=True))
