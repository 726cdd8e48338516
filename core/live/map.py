"""The live questions about a run's map of codes: its points, a drawing's place among them, what lies at a place or at
many, and the way from a drawing to a digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from core.data import datasets
from core.data.samples import SAMPLES
from core.ink.render import render
from core.latent.maps import load_projection
from core.latent.projection import Projection
from core.latent.projectors import PROJECTORS
from core.live.question import Question, Reply, drawing, number, run_of, table, text_of, whole_number
from core.measures.reconstruction import to_bytes
from core.measures.reference import KNOWN, reference_of
from core.runs.run import Run, digits_of
from core.runs.weights import load_model
from core.untrusted import shown

FRAMES = 9  # of a morph, both ends among them
NEAR = 8
MOST = 64  # pictures of one answer: they take the predictor some 10 ms


def place(asked: Question, image: np.ndarray, codes: Mapping[str, np.ndarray]) -> Reply:
    """Say where a picture, uint8 (28, 28), comes to lie on the map {"run", "method", "sample"}.

    -> {"x", "y", "near": [[index, label, distance], ...], "classes": likewise}, nearest first: the eight nearest of
    the first 10,000 training digits, and of each class the nearest; none while they are being encoded. codes: of runs
    that have encoded the picture already. -> {"error": a sentence} where there is no such map.
    """
    try:
        run, projection = mapped(asked)
        code = codes.get(run.id)
        if code is None:
            code = load_model(run).encode(image[None])
        if not np.isfinite(code).all():
            raise ValueError(f"{run.name} makes a code that is not of numbers: train it again with a lower lr.")
        x, y = projection.place(code)[0].tolist()
        reference = reference_of(run)
        near, classes = reference.around(code[0], NEAR) if reference else ([], [])
    except (ValueError, OSError) as error:
        return {"error": str(error)}
    return {"x": round(x, 5), "y": round(y, 5), "near": near, "classes": classes}


def points(question: Question) -> Reply:
    """Return a whole map.

    {"kind": "map", "run", "method", "sample"} -> {"points": base64 of float32 (n, 2), little-endian, "labels": of
    uint8 (n,), "dataset", "classes": ten names, "exact": whether the map is linear, "version": a text that changes
    with it}
    """
    _, projection = mapped(question)
    return {
        "points": text_of(projection.points.astype("<f4")),
        "labels": text_of(projection.labels.astype(np.uint8)),
        "dataset": projection.dataset,
        "classes": datasets.DATASETS[projection.dataset].classes,
        "exact": projection.basis is not None,
        "version": projection.version,
    }


def decode(question: Question) -> Reply:
    """Draw what lies at a place of a map.

    {"kind": "decode", "run": "conv-autoencoder", "method": "pca", "sample": "test", "x": .., "y": ..}
        -> {"image": base64 of 28 x 28 uint8, "exact": whether the map is linear, so that the place has a code of its
        own, "distance": how far that code is from real ones, see `Projection.distance_ratio`, null where it is beyond
        all numbers; not there while the codes are not}
    """
    _map_name(question)
    spot = np.array([[number(question, "x"), number(question, "y")]], np.float32)
    run, projection = mapped(question, stale=True)
    codes = projection.invert(spot)
    picture = load_model(run).decode(codes)[0]
    reply: Reply = {"image": text_of(to_bytes(picture)), "exact": projection.basis is not None}
    if projection.has_codes:
        (reply["distance"],) = rounded(projection.distance_ratio(codes))
    return reply


def plane(question: Question) -> Reply:
    """Draw what lies at many places of a map, such as those of a grid.

    {"kind": "plane", "run", "method", "sample", "places": [[x, y], ...]}, at most 64 of them
        -> {"images": base64 of m pictures of 28 x 28 uint8, "spread": m numbers, see `Projection.spread`}
    """
    _map_name(question)
    places = table(question, "places", MOST, 2)
    run, projection = mapped(question, stale=True)
    pictures = load_model(run).decode(projection.invert(places))
    return {"images": text_of(to_bytes(pictures)), "spread": rounded(projection.spread(places))}


def morph(question: Question) -> Reply:
    """Draw what lies between a drawing and a digit, along the straight line between their codes.

    {"kind": "morph", "run", "strokes", "width", "off": steps, "to": index of a training digit}
        -> {"frames": nine pictures as base64 of 28 x 28 uint8, the drawing's first}
    """
    strokes, width, off = drawing(question)
    if not strokes:
        raise ValueError("There is no drawing to begin from: draw something.")
    run = autoencoder(question)
    digits = datasets.load(digits_of(run)).train.images
    to = whole_number(question, "to", 0, min(KNOWN, len(digits)) - 1)
    model = load_model(run)
    start, end = model.encode(np.stack([render(strokes, width, off), digits[to]]))
    way = np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None]
    return {"frames": [text_of(frame) for frame in to_bytes(model.decode((1 - way) * start + way * end))]}


def mapped(asked: Question, stale: bool = False) -> tuple[Run, Projection]:
    """The run and its map that are asked for; of older weights only where `stale` maps serve, too.

    Raises ValueError with a sentence where there is no such map.
    """
    method, sample = _map_name(asked)
    run = autoencoder(asked)
    projection = load_projection(run, method, sample)
    title = PROJECTORS[method].title
    if projection is None:
        raise ValueError(f"{run.name} has no {title} map yet: compute it on the Latent space page.")
    if not stale and projection.dataset != run.config.dataset and projection.dataset != digits_of(run):
        raise ValueError(f"The {title} map of {run.name} is of other digits: compute it on the Latent space page.")
    if not stale and projection.weights_version != run.weights_version():
        raise ValueError(f"{run.name} has changed since its {title} map was made: compute it on the Latent space page.")
    return run, projection


def autoencoder(question: Question) -> Run:
    """The run that is asked for; ValueError with a sentence where it has no decoder."""
    return run_of(question, "reconstruct", "has no decoder: choose an autoencoder.")


def rounded(values: np.ndarray) -> list[float | None]:
    """The numbers, short enough to be sent; None for those that are none."""
    return [round(value, 4) if math.isfinite(value) else None for value in np.asarray(values, np.float64).tolist()]


def _map_name(question: Question) -> tuple[str, str]:
    method, sample = question.get("method"), question.get("sample", "test")
    if not isinstance(method, str) or method not in PROJECTORS:
        raise ValueError(f"The projection is {shown(method)}: the methods are {', '.join(PROJECTORS)}.")
    if not isinstance(sample, str) or sample not in SAMPLES:
        raise ValueError(f"The sample is {shown(sample)}: the samples are {', '.join(SAMPLES)}.")
    return method, sample
