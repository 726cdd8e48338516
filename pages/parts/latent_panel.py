"""What stands beside the latent map: the picked digit or place, decoded, and the digits with the nearest codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core import data, evaluate
from core.data import Dataset
from core.latent import Projection
from core.models import Model
from core.runs import Run
from pages.parts.live_figure import Pick
from pages.parts.strips import error_map, image_tiles, rgb

_KEPT = "latent-selection"  # session: what was picked last, on which map, with which click
_ADDRESS = "digit"  # the picked test digit in the address, so that a link shows it


@dataclass(frozen=True)
class Selection:
    """What was picked: the test digit `index`, or with index None the place (x, y) of one map."""

    index: int | None
    x: float = 0.0
    y: float = 0.0


def remembered(key: str, projection: Projection) -> Selection | None:
    """Return what is picked on the map with this key: a digit stays picked on other maps, a place does not.

    At the first visit it is the digit in the address, or the first there is.
    """
    where, _, selection = st.session_state.get(_KEPT) or (key, 0, _from_address() or Selection(0))
    if selection is None or (selection.index is None and where != key):
        return None
    return selection if selection.index is None or projection.row_of(selection.index) is not None else None


def remember(key: str, projection: Projection, pick: Pick | None) -> Selection | None:
    """Keep what a click on the map picked, and return what is picked now."""
    where, click, _ = st.session_state.get(_KEPT) or (key, 0, None)
    if pick is not None and (where, click) != (key, pick["n"]):
        st.session_state[_KEPT] = key, pick["n"], Selection(pick["id"], pick["x"], pick["y"])
    selection = remembered(key, projection)
    index = None if selection is None else selection.index
    if index is None:
        st.query_params.pop(_ADDRESS, None)
    elif st.query_params.get(_ADDRESS) != str(index):
        st.query_params[_ADDRESS] = str(index)
    return selection


def _from_address() -> Selection | None:
    text = str(st.query_params.get(_ADDRESS, ""))
    return Selection(int(text)) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def ring(projection: Projection, selection: Selection) -> dict[str, Any]:
    """A trace that marks a selection made elsewhere; dark around light, to be seen on any colour."""
    row = None if selection.index is None else projection.row_of(selection.index)
    x, y = (selection.x, selection.y) if row is None else projection.points[row].tolist()
    lines = {"symbol": ["circle-open"] * 2, "size": 16, "color": ["#000000", "#ffffff"], "line": {"width": [5, 2]}}
    return {"type": "scatter", "mode": "markers", "x": [x, x], "y": [y, y], "hoverinfo": "skip", "marker": lines}


def describe_fit(projection: Projection) -> str:
    """How far to trust the map, in a sentence."""
    facts = projection.parameters
    parts = []
    if isinstance(shares := facts.get("explained_variance"), list) and all(isinstance(s, float) for s in shares):
        parts.append(f"It keeps {sum(shares):.0%} of the codes' variance".replace("%", " %"))
    if isinstance(trust := facts.get("trustworthiness"), float):
        parts.append(f"Neighbours on it are neighbours in code space: trustworthiness {trust:.2f} of 1")
    return "".join(f"{part}. " for part in parts)


def panel(run: Run, projection: Projection, selection: Selection | None) -> None:
    """Show what was picked on the map. Raises ValueError when the run's weights cannot be used."""
    if selection is not None:
        model = run.load_model()
        digits = data.load(projection.dataset)
        row = None if selection.index is None else projection.row_of(selection.index)
        if row is not None:
            _digit(model, digits, projection, row)
        else:
            _place(model, digits, projection, selection)
    st.caption("Click a point to see its digit, or an empty place to decode it.")


def _digit(model: Model, digits: Dataset, projection: Projection, row: int) -> None:
    index = int(projection.indices[row])
    image = digits.test.images[index : index + 1]
    redrawn = evaluate.reconstruct(model, image)
    error = float(evaluate.mean_squared_errors(image, redrawn / np.float32(255))[0])
    name = digits.classes[projection.labels[row]]
    st.markdown(f"**Test digit {index:,}, class {name}**")
    pictures = np.concatenate([rgb(image), rgb(redrawn), error_map(image, redrawn)])
    image_tiles(pictures, ["Original", "Reconstruction", "Error"], label="The digit and its reconstruction", scale=3)
    st.caption(f"Mean squared error {error:.4f} a pixel; blue is missing ink, orange is ink too much.")
    _neighbours(digits, projection, projection.codes[row], row)


def _place(model: Model, digits: Dataset, projection: Projection, selection: Selection) -> None:
    # The place comes from a browser: bounded, so that nothing overflows.
    code = projection.invert(np.clip([[selection.x, selection.y]], -1e9, 1e9))
    decoded = evaluate.to_bytes(model.decode(code))
    st.markdown("**A place between the digits**")
    image_tiles(decoded, ["Decoded"], label="The decoder's picture of this place", scale=3)
    exact = projection.basis is not None
    how = "the code at this place of the plane" if exact else "the mean of the nearest codes on the map"
    st.caption(f"Nobody wrote this digit: the decoder draws {how}.")
    _neighbours(digits, projection, code[0], None)


def _neighbours(digits: Dataset, projection: Projection, code: np.ndarray, own: int | None) -> None:
    rows, distances = projection.nearest(code, 8, without=own)
    st.markdown("**Nearest codes**")
    names = [digits.classes[label] for label in projection.labels[rows]]
    captions = [f"{name} · {distance:.3g}" for name, distance in zip(names, distances, strict=True)]
    images = digits.test.images[projection.indices[rows]]
    image_tiles(images, captions, label="The digits with the nearest codes", scale=3, columns=4)
    same = "" if own is None else f" {sum(projection.labels[rows] == projection.labels[own])} are of the same class."
    st.caption(f"Test digits with their class and their distance in the space of {len(code)} numbers.{same}")
