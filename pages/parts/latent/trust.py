"""How far to trust a map, in figures and in words, beside the run's other maps; and the digits it moved apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data import samples
from core.data.datasets import DATASETS
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS
from core.latent.trust import TRUST, Trust
from core.runs.run import Run
from pages.parts.latent.controls import LAYERS, methods_of
from pages.parts.latent.panel import name_of
from pages.parts.shared.controls import address
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.strips import StripRow, image_strip
from pages.parts.shared.style import plain, say
from pages.parts.shared.table import Cell, table

_DISPLACED, _NEAR = 6, 7  # digits shown, and nearest codes beside each
_TIP = (
    "Trust: how far points that are near each other on the map stand for digits with nearly the same code.  \n"
    "Moved apart: how much further a digit's nearest codes lie on the map than its nearest points."
)
_ROWS = (
    ("trustworthiness", "Neighbours here are neighbours in code (trustworthiness)"),
    ("kept", "Nearest codes that are nearest here, too"),
    ("accuracy_map", "Class right by vote of the nearest points"),
    ("accuracy_code", "Class right by vote of the nearest codes"),
)


def trust(run: Run, projection: Projection) -> None:
    """Show the figures of a map, a verdict and the digits it moved furthest apart from their nearest codes."""
    method, sample = projection.method, projection.sample
    found = TRUST.load(run, method, sample)
    if found is None:
        measured(run, projection)
        return
    figures = {method: found[0]}
    for other in methods_of(run):
        if other != method and (stored := TRUST.load(run, other, sample)):
            figures[other] = stored[0]
    most, rest = verdict(projection, found[0])
    st.markdown(f"**{plain(most)}** {plain(rest)}", help=_TIP)
    _table(figures)
    say(_how(found[0], len(projection.points)))
    if found[1].any():
        _displaced(projection, found[1])
    else:
        say("No digit was moved apart from its nearest codes: they are its nearest points, too.")


def measured(run: Run, projection: Projection) -> None:
    """Have the figures of a map measured, with its progress; nothing once they are there."""
    title = f"Trust in this map ({PROJECTORS[projection.method].title})"
    follow(Wish(TRUST, run, (projection.method, projection.sample), title))


def verdict(projection: Projection, found: Trust) -> tuple[str, str]:
    """Return how to read a map of this kind: what matters most, and the rest."""
    kept, on_map, in_code = (_percent(share) for share in (found.kept, found.accuracy_map, found.accuracy_code))
    classes = f"{on_map} of the digits have the class of their nearest points, {in_code} that of their nearest codes."
    kind = PROJECTORS[projection.method].kind
    if kind == "itself":
        return "This is the code itself: nothing is bent or left out.", "Distances, directions and gaps are real."
    if kind == "flat" and projection.mean is not None and len(projection.mean) == 2:
        return "This is the code itself, turned: two numbers fit a plane.", "Distances, directions and gaps are real."
    if kind == "flat":
        shown = f"it shows {_percent(projection.explained_variance)} of the codes' variance"
        most = f"A flat shadow of the code: {shown}, and {kept} of each digit's nearest codes stay nearest."
        rest = "Points far apart are far apart in code, but points on top of each other need not be alike"
        return most, f"{rest}; {classes}"
    most = f"On this map {kept} of each digit's nearest codes are still among its nearest points."
    return most, f"Read clusters, not distances: gaps, sizes and what lies between clusters mean little; {classes}"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", "\u00a0%")


def _table(figures: dict[str, Trust]) -> None:
    """Show the figures, a column for each map, the one that is shown first."""
    head = ["Measure", *(PROJECTORS[name].title for name in figures)]
    rows: list[list[str | Cell]] = [[words] for _, words in _ROWS]
    for found in figures.values():
        for row, (name, _) in zip(rows, _ROWS, strict=True):
            share = getattr(found, name)
            row.append(Cell(f"{100 * share:.1f} %", bar=share))
    columns = {
        "measure": [words for _, words in _ROWS],
        **{name: [getattr(found, measure) for measure, _ in _ROWS] for name, found in figures.items()},
    }
    table(rows, head, name="lt", label="How far to trust the maps", columns=columns)


def _how(found: Trust, count: int) -> str:
    asked = "each digit" if found.queries == count else f"{found.queries:,} digits, each among all {count:,},"
    return f"Measured over {asked} and the {found.neighbours} nearest. Trustworthiness after Venna & Kaski, 2001."


def _displaced(projection: Projection, displacement: np.ndarray) -> None:
    rows = np.argsort(-displacement, kind="stable")[:_DISPLACED]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Moved furthest apart from their nearest codes**", width="content")
        marked = "displacement" in st.session_state.get("latent-show", [])
        if st.button("Take the marks off" if marked else "Mark them on the map", key="trust-mark", on_click=_mark):
            st.rerun()
    names = DATASETS[projection.dataset].classes
    near = [projection.nearest(projection.codes[row], _NEAR, without=int(row))[0] for row in rows]
    lines = []
    for row, others in zip(rows, near, strict=True):
        images = samples.images_of(projection.dataset, np.concatenate([[row], others]))
        title = f"{name_of(projection, int(row))}, class {names[projection.labels[row]]}"
        far = f"by {_percent(displacement[row])} of the map's width"
        lines.append(StripRow(title, images, far))
    image_strip(lines, ["digit", *[""] * _NEAR])
    st.caption(
        "First the digit, then the digits whose codes are nearest to its own. The share says how much further from it "
        "the map puts them than the points that it puts nearest."
    )


def _mark() -> None:
    shown: Sequence[str] = st.session_state.get("latent-show", [])
    address.put("show", [name for name in LAYERS if (name in shown) != (name == "displacement")])
