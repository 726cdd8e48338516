"""What lies in the part of a map that somebody drew around: classes, pictures, their mean, and a table to save."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from core.data import samples
from core.data.datasets import DATASETS
from core.data.samples import SAMPLES
from core.figures.palette import digit_css
from core.latent.codes import CODES
from core.latent.maps import load_projection
from core.latent.projection import Projection
from core.latent.selection import ClassShare, inside, mean_digit, mix
from core.measures import reconstruction
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from core.runs.weights import load_model
from core.spreadsheet import csv_bytes
from pages.parts.atlas.component import Selection, as_digits, as_selection, rows_of
from pages.parts.latent.panel import Shown, place_of
from pages.parts.shared.strips import image_tiles
from pages.parts.shared.style import guarded
from pages.parts.shared.upload import download

_KEPT, _HEARD, _MORE = "latent-selection", "latent-selection-heard", "latent-selection-more"  # session
_PICTURES, _MOST = 100, 1000
_STYLE = """<style>
.ls-mix { display: grid; grid-template-columns: max-content minmax(60px, 1fr) max-content max-content;
  gap: 3px 10px; align-items: center; font-size: 13px; font-variant-numeric: tabular-nums; max-width: 460px; }
.ls-mix .bar { position: relative; height: 12px; background: color-mix(in srgb, currentColor 9%, transparent); }
.ls-mix .bar i { position: absolute; inset: 0 auto 0 0; }
.ls-mix .bar u { position: absolute; top: -2px; bottom: -2px; width: 2px; background: currentColor; }
.ls-mix .num { text-align: right; } .ls-mix .soft { opacity: .7; }
</style>"""


def current(shown: Sequence[Shown]) -> Selection | None:
    """Return what is selected on one of these maps: it stays over a visit to another page, not on another map.

    On the same map of more or fewer digits the same ones are selected.
    """
    kept: tuple[str, Selection | None] = st.session_state.get(_KEPT, ("", None))
    where, selection = kept
    if selection is None or selection.map >= len(shown):
        return None
    run, projection = shown[selection.map]
    if where == place_of(run, projection):
        return selection
    for sample in SAMPLES:
        with suppress(ValueError):  # a damaged one
            other = load_projection(run, projection.method, sample)
            if other is not None and where == place_of(run, other):
                rows = inside(other.points, selection.polygon)
                return Selection(selection.map, (), as_digits(rows, len(projection.points)))
    return None


def rows_selected(projection: Projection, selection: Selection | None) -> np.ndarray:
    """Return the rows of a map that are selected, int64 (m,) and rising."""
    if selection is None:
        return np.zeros(0, np.int64)
    if selection.digits:
        return rows_of(selection.digits, len(projection.points))
    return inside(projection.points, selection.polygon)


def read_selection(shown: Sequence[Shown], said: object) -> bool:
    """Keep what the browser says is selected, if that is new; it may say anything. Say whether it selected anew."""
    number = said.get("n") if isinstance(said, dict) else None
    if number is not None and number != st.session_state.get(_HEARD):
        st.session_state[_HEARD] = number
        selection = as_selection(said, len(shown))
        remember(shown, selection)
        return selection is not None
    return False


def remember(shown: Sequence[Shown], selection: Selection | None) -> None:
    """Keep what is selected on these maps now."""
    if selection is None:
        forget()
    elif selection != current(shown):
        st.session_state[_KEPT] = place_of(*shown[selection.map]), selection
        st.session_state.pop(_MORE, None)


def forget() -> None:
    """Select nothing."""
    st.session_state.pop(_KEPT, None)


def selected(run: Run, projection: Projection, selection: Selection | None, reader: Run | None = None) -> None:
    """Show the digits inside a selection; reader: a classifier whose readings go into the table."""
    rows = rows_selected(projection, selection)
    if selection is None or not len(rows):
        nothing = "Nothing is inside the selection." if selection else "Nothing is selected."
        st.caption(
            f"{nothing} Draw around digits with Lasso or Box above the map, or with Shift and the mouse; "
            "by keyboard, choose Box or Lasso, go to the map, move a cross with the arrow keys, set corners with Enter."
        )
        if selection is not None:
            _clear()
        return
    st.html(_STYLE)
    codes = CODES.load(run, projection.sample)
    errors = codes.errors if codes is not None and len(codes.errors) == len(projection.points) else None
    share = f"{len(rows) / len(projection.points):.1%}".replace("%", "\u00a0%")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{len(rows):,} of {len(projection.points):,} digits ({share})**", width="content")
        name = f"{run.id}-{projection.method}-{projection.sample}-selection.csv"
        download("CSV", lambda: _csv(projection, rows, errors, reader), name, key="selection-csv")
        _clear()
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(mix_html(mix(projection.labels, rows, DATASETS[projection.dataset].classes)))
        st.caption("The line in each bar is the class's share of all digits on the map.")
    with right:
        _means(run, projection, rows, errors)
    _pictures(projection, rows)


def _clear() -> None:
    if st.button("Clear", key="selection-clear", icon=":material/close:"):
        forget()
        st.rerun()  # the map is above this part, which runs alone


def _means(run: Run, projection: Projection, rows: np.ndarray, errors: np.ndarray | None) -> None:
    mean = mean_digit(samples.images_of(projection.dataset, rows))
    tiles, captions = [mean], ["Mean digit"]
    with guarded():
        code = projection.codes[rows].mean(0, dtype=np.float64).astype(np.float32)
        tiles.append(reconstruction.to_bytes(load_model(run).decode(code[None]))[0])
        captions.append("Mean code")
    image_tiles(np.stack(tiles), captions, label="The mean of the digits, and the decoded mean of their codes", scale=4)
    if errors is not None:
        st.caption(
            f"Mean squared error {errors[rows].mean():.4f} a pixel inside, {errors.mean():.4f} over all digits. "
            "The mean code is decoded: one digit, where the mean of the pictures is a blur."
        )


def _pictures(projection: Projection, rows: np.ndarray) -> None:
    many = st.session_state.get(_MORE, 1) * _PICTURES
    # Spread over the selection, not its first rows, which are of the test digits alone; the same at every look.
    some = np.sort(np.random.default_rng(0).permutation(rows)[:many])
    names = DATASETS[projection.dataset].classes
    captions = [names[label] for label in projection.labels[some]]
    image_tiles(samples.images_of(projection.dataset, some), captions, label="Digits inside the selection")
    if len(rows) > many:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{many:,} of {len(rows):,} digits, drawn at random.", width="content")
            if many < _MOST:
                st.button("Show more", key="selection-more", icon=":material/expand_more:", on_click=_show_more)


def _show_more() -> None:
    st.session_state[_MORE] = st.session_state.get(_MORE, 1) + 1


def mix_html(shares: Sequence[ClassShare]) -> str:
    """Return the class mix as bars with count and share, the widest 100 % of the selection."""
    cells = []
    for share in shares:
        cells.append(
            f'<span>{escape(share.name)}</span><span class="bar"><i style="width:{100 * share.share:.2f}%;'
            f'background:{digit_css(share.label)}"></i><u style="left:{100 * share.overall:.2f}%"></u></span>'
            f'<span class="num">{share.count:,}</span><span class="num soft">{100 * share.share:.1f} %</span>'
        )
    return f'<div class="ls-mix" role="group" aria-label="Class mix of the selection">{"".join(cells)}</div>'


def _csv(projection: Projection, rows: np.ndarray, errors: np.ndarray | None, reader: Run | None) -> bytes:
    names = DATASETS[projection.dataset].classes
    tests = samples.size(projection.dataset, "test")
    columns: dict[str, Any] = {
        "row": rows,
        "split": np.where(rows < tests, "test", "train"),
        "index": np.where(rows < tests, rows, rows - tests),
        "class": [names[label] for label in projection.labels[rows]],
        "x": projection.points[rows, 0],
        "y": projection.points[rows, 1],
    }
    if errors is not None:
        columns["error"] = errors[rows]
    readings = None if reader is None else PREDICTIONS.load(reader, projection.sample)
    if readings is not None and readings.dataset == projection.dataset:
        columns["predicted"] = [names[label] for label in readings.predicted[rows]]
    return csv_bytes(columns)
