"""What was picked on the map: kept and in the address, and shown beside it with its decoded picture and neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data import samples
from core.data.datasets import DATASETS
from core.latent.projection import Projection
from core.measures import reconstruction
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.atlas.component import Pick
from pages.parts.shared.nearest import nearest_tiles
from pages.parts.shared.strips import StripRow, error_map, image_strip, image_tiles, rgb
from pages.parts.shared.style import plain, say

Shown = tuple[Run, Projection]

_KEPT, _PICKS, _CLICK = "latent-picked", "latent-picks", "latent-click"  # session
_ADDRESS = "digit"  # the row of the picked digit in the address, so that a link shows it


@dataclass(frozen=True)
class Picked:
    """What was picked last: the digit in a row, or with row None the place (x, y) of the map that `where` tells."""

    row: int | None
    x: float = 0.0
    y: float = 0.0
    where: str = ""


def place_of(run: Run, projection: Projection) -> str:
    """Tell a map from all others: a place on one means nothing on another."""
    return f"{run.id}:{projection.method}:{projection.sample}:{projection.version}"


def remember(shown: Sequence[Shown], pick: Pick | None) -> bool:
    """Keep what a click on a map picked, and say whether it is new.

    At the first visit it is the digit in the address, or the first there is.
    """
    state = st.session_state
    if _KEPT not in state:
        _keep(Picked(_from_address() or 0))
    if pick is not None and pick.n != state.get(_CLICK):
        state[_CLICK] = pick.n
        _keep(Picked(pick.row, pick.x, pick.y, place_of(*shown[pick.map])))
        return True
    return False


def _keep(picked: Picked) -> None:
    st.session_state[_KEPT] = picked
    if picked.row is None:
        st.query_params.pop(_ADDRESS, None)
        return
    before = [row for row in st.session_state.get(_PICKS, []) if row != picked.row]
    st.session_state[_PICKS] = [*before[-1:], picked.row]
    if st.query_params.get(_ADDRESS) != str(picked.row):
        st.query_params[_ADDRESS] = str(picked.row)


def _from_address() -> int | None:
    text = str(st.query_params.get(_ADDRESS, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def picks(projection: Projection) -> list[int]:
    """Return the rows of the last two digits picked that are on this map, the last one last."""
    return [row for row in st.session_state.get(_PICKS, []) if row < len(projection.points)]


def picked(shown: Sequence[Shown]) -> None:
    """Show what is picked. Raises ValueError when a run's weights cannot be used."""
    what: Picked | None = st.session_state.get(_KEPT)
    _, first = shown[0]
    if what is not None and what.row is not None and what.row < len(first.points):
        _digit(shown, what.row)
    elif what is not None and what.row is None:
        for run, projection in shown:
            if what.where == place_of(run, projection):
                _place(run, projection, what)
    st.caption("Click a point to see its digit, or an empty place to decode it.")


def name_of(projection: Projection, row: int) -> str:
    """Return what a digit is called: its split and number."""
    split, index = samples.where(projection.dataset, row)
    return f"{'Test' if split == 'test' else 'Training'} digit {index:,}"


def _digit(shown: Sequence[Shown], row: int) -> None:
    runs = list({run.id: (run, projection) for run, projection in shown}.values())
    # Two maps take the whole width: then this stands below them, side by side.
    parts = st.columns([1, *[1] * len(runs)], gap="medium") if len(shown) > 1 else [st.container()] * 2
    with parts[0]:
        _redrawn([run for run, _ in runs], shown[0][1], row)
    for part, (run, projection) in zip(parts[1:], runs, strict=True):
        with part:
            _neighbours(projection, projection.codes[row], row, run.name if len(runs) > 1 else "")


def _redrawn(runs: Sequence[Run], first: Projection, row: int) -> None:
    image = samples.images_of(first.dataset, np.array([row]))
    st.markdown(f"**{plain(name_of(first, row))}, class {plain(_classes(first)[first.labels[row]])}**")
    captions, lines, errors = ["Original", "Reconstruction", "Error"], [], []
    for run in runs:
        redrawn = reconstruction.reconstruct(load_model(run), image)
        errors.append(f"{float(reconstruction.mean_squared_errors(image, redrawn / np.float32(255))[0]):.4f}")
        pictures = np.concatenate([rgb(image), rgb(redrawn), error_map(image, redrawn)])
        lines.append(StripRow(run.name, pictures, f"error {errors[-1]}"))
    if len(lines) == 1:
        image_tiles(lines[0].images, captions, label="The digit and its reconstruction", scale=3)
    else:
        image_strip(lines, ["Original", "Redrawn", "Error"])
    say(f"Mean squared error {' and '.join(errors)} a pixel; blue is missing ink, orange is ink too much.")


def _place(run: Run, projection: Projection, what: Picked) -> None:
    # The place comes from a browser: bounded, so that nothing overflows.
    code = projection.invert(np.clip([[what.x, what.y]], -1e9, 1e9))
    decoded = reconstruction.to_bytes(load_model(run).decode(code))
    st.markdown("**A place between the digits**")
    image_tiles(decoded, ["Decoded"], label="The decoder's picture of this place", scale=3)
    exact = "the code at this place" + (" of the plane" if projection.codes.shape[1] > 2 else "")
    how = exact if projection.basis is not None else "the mean of the nearest codes on the map"
    distance = float(projection.distance_ratio(code)[0])
    far = f" Its nearest real code is {distance:.1f} times as far away as codes usually are." if distance < 1e6 else ""
    say(f"Nobody wrote this digit: the decoder draws {how}.{far}")
    _neighbours(projection, code[0], None)


def _neighbours(projection: Projection, code: np.ndarray, own: int | None, name: str = "") -> None:
    st.markdown(f"**Nearest codes**{f' of {plain(name)}' if name else ''}")
    rows = nearest_tiles(projection, code, own, scale=3, columns=4)
    same = "" if own is None else f" {sum(projection.labels[rows] == projection.labels[own])} are of the same class."
    say(f"Their class and their distance in the space of {len(code)} numbers.{same}")


def _classes(projection: Projection) -> tuple[str, ...]:
    return DATASETS[projection.dataset].classes
