"""The way between two codes: as strips of pictures and as a film, straight and around the middle of the codes."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.data.datasets import DATASETS
from core.latent import walks
from core.latent.projection import Projection
from core.latent.walks import WAYS, stretches
from core.measures.reconstruction import to_bytes
from core.measures.scores import figure_of
from core.runs.run import Run
from core.runs.store import store
from core.runs.weights import load_model
from pages.parts.shared.style import guarded, say
from pages.parts.shared.upload import download
from pages.parts.walks.component import facts_of, joined, mount, pictures
from pages.parts.walks.ends import End, choose_end, two_picked

FRAMES = 49  # of the film
STRIP = 4  # every so many of them are shown in the strip
_KEY = "walk-film"
_SECOND = 24  # frames, at the ordinary speed
_SIDE = 8  # screen pixels of a pixel in a saved film


@dataclass(frozen=True, eq=False)
class Film:
    """One way: uint8 (FRAMES, 28, 28), the places on the map, float32 (FRAMES, 2), and the class each is read as."""

    images: np.ndarray
    path: np.ndarray
    reads: list[int]


@guarded()
def between(run: Run, projection: Projection, picks: list[int]) -> None:
    """Let people choose two ends, and show the ways between them; picks: rows of the map, the last one last."""
    a, b = two_picked(projection, picks)
    left, right = st.columns(2, gap="small")
    with left:
        start = choose_end("From", run, projection, key="walk-from", picked={"A": a, "B": b}, first="picked-A")
    with right:
        end = choose_end("To", run, projection, key="walk-to", picked={"A": a, "B": b}, first="picked-B")
    _ways(run, projection, start, end)


def _ways(run: Run, projection: Projection, start: End, end: End) -> None:
    classifier = reader(run)
    films = {way: film(run, projection, start, end, way, classifier) for way in WAYS}
    names = DATASETS[projection.dataset].classes
    said = mount(
        "film",
        key=_KEY,
        run=run,
        projection=projection,
        name=f"{start.name} {end.name}",
        ways=[
            {
                "name": way,
                "title": WAYS[way],
                "frames": pictures(one.images),
                "path": one.path.astype(float).round(4).tolist(),
                "reads": one.reads,
                "said": passes(one.reads, classifier.name, names) if classifier else "",
            }
            for way, one in films.items()
        ],
        strip=STRIP,
        second=_SECOND,
        label=f"From {start.title} to {end.title}",
    )
    chosen = said.get("way")
    way = chosen if isinstance(chosen, str) and chosen in WAYS else next(iter(WAYS))
    apart, usual = float(np.linalg.norm(start.code - end.code)), facts_of(projection).apart
    middle = "the origin" if run.spec.prior else "the mean of all codes"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        say(
            f"The codes of {start.title} and {end.title} lie {apart:.3g} apart, those of two digits picked at random "
            f"{usual:.3g}. "
            f"The spherical way turns around {middle} and keeps its distance from it.",
            width="content",
        )
        _saves(run, way, films[way])


def film(run: Run, projection: Projection, start: End, end: End, way: str, classifier: Run | None) -> Film:
    """Decode the way between two ends, and read its frames. Raises ValueError when a run cannot be used."""
    centre = None if run.spec.prior else facts_of(projection).mean
    codes = walks.between(start.code, end.code, FRAMES, way, centre)
    images = to_bytes(load_model(run).decode(codes))
    reads = [] if classifier is None else load_model(classifier).predict_proba(images).argmax(1).tolist()
    return Film(images, _path(projection, codes), reads)


def _path(projection: Projection, codes: np.ndarray) -> np.ndarray:
    """Return where the frames lie on the map; on one that is not linear only those of the strip are looked for."""
    if projection.basis is not None:
        return np.nan_to_num(projection.place(codes))
    placed, frames = np.nan_to_num(projection.place(codes[::STRIP])), np.arange(len(codes))
    return np.stack([np.interp(frames, frames[::STRIP], axis) for axis in placed.T], axis=1)


def reader(run: Run) -> Run | None:
    """Return the best classifier that shipped for the digits a run has learned from, None where there is none."""
    shipped = [
        one
        for one in store().runs("classify")
        if one.shipped and one.config.dataset == run.config.dataset and one.has_weights()
    ]
    return max(shipped, key=_test_accuracy, default=None)


def _test_accuracy(run: Run) -> float:
    figure = figure_of(run)
    return figure.value if figure else 0.0


def passes(reads: list[int], name: str, classes: tuple[str, ...]) -> str:
    """Say in a sentence as what the frames are read, which people count from 1."""
    parts = stretches(reads)
    if len(parts) == 1:
        return f"{name} reads {classes[parts[0][0]]} all the way."
    first = f"{classes[parts[0][0]]} until frame {parts[0][2] + 1}"
    others = [f"{classes[label]} from {begin + 1} on" for label, begin, _ in parts[1:]]
    return f"{name} reads {joined([first, *others])}."


def _saves(run: Run, way: str, one: Film) -> None:
    name = re.sub(r"[^A-Za-z0-9]+", "-", run.id)
    strip = lambda: as_strip(one.images[::STRIP])  # noqa: E731
    download(
        "GIF", lambda: as_gif(one.images), f"{name}-{way}.gif", key="walk-gif", help="Save the film, there and back."
    )
    download("PNG", strip, f"{name}-{way}.png", key="walk-png", help="Save the strip of pictures.")


def as_gif(images: np.ndarray) -> bytes:
    """Return uint8 pictures (n, 28, 28) as a film that goes there and back without end."""
    large = [_enlarged(image) for image in [*images, *images[-2:0:-1]]]
    options: dict[str, Any] = {"save_all": True, "append_images": large[1:], "duration": 1000 // _SECOND, "loop": 0}
    content = io.BytesIO()
    large[0].save(content, "GIF", **options)
    return content.getvalue()


def as_strip(images: np.ndarray) -> bytes:
    """Return uint8 pictures (n, 28, 28) side by side as a PNG, a pixel apart."""
    cells = np.full((len(images), 28, 29), 255, np.uint8)
    cells[..., :28] = images
    content = io.BytesIO()
    _enlarged(np.concatenate(list(cells), axis=1)[:, :-1]).save(content, "PNG")
    return content.getvalue()


def _enlarged(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image.repeat(_SIDE, axis=0).repeat(_SIDE, axis=1))
