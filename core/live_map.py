"""The live questions about a run's map of codes: its points, a drawing's place among them, what lies at a place, and
the way from a drawing to a digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from core import data
from core.evaluate import to_bytes
from core.latent import PROJECTORS, Projection, digits_of, load_projection
from core.question import Question, Reply, drawing, number, run_of, shown, text_of, whole_number
from core.reference import KNOWN, wanted
from core.runs import Run

FRAMES = 9  # of a morph, both ends among them
NEAR = 8


def place(asked: Question, image: np.ndarray, codes: Mapping[str, np.ndarray]) -> Reply:
    """Say where a picture, uint8 (28, 28), comes to lie on the map {"run", "method"}.

    -> {"x", "y", "near": [[index, label, distance], ...], "classes": likewise}, nearest first: the eight nearest of
    the first 10,000 training digits, and of each class the nearest; none while they are being encoded. codes: of runs
    that have encoded the picture already. -> {"error": a sentence} where there is no such map.
    """
    try:
        run, projection = _mapped(asked)
        code = codes.get(run.id)
        if code is None:
            code = run.load_model().encode(image[None])
        if not np.isfinite(code).all():
            raise ValueError(f"{run.name} makes a code that is not of numbers: train it again with a lower lr.")
        x, y = projection.place(code)[0].tolist()
        reference = wanted(run)
        near, classes = reference.around(code[0], NEAR) if reference else ([], [])
    except (ValueError, OSError) as error:
        return {"error": str(error)}
    return {"x": round(x, 5), "y": round(y, 5), "near": near, "classes": classes}


def points(question: Question) -> Reply:
    """Return a whole map.

    {"kind": "map", "run", "method"} -> {"points": base64 of float32 (n, 2), little-endian, "labels": of uint8 (n,),
    "dataset", "classes": ten names, "exact": whether the map is linear, "version": a text that changes with it}
    """
    run, projection = _mapped(question)
    return {
        "points": text_of(projection.points.astype("<f4")),
        "labels": text_of(projection.labels.astype(np.uint8)),
        "dataset": projection.dataset,
        "classes": data.DATASETS[projection.dataset].classes,
        "exact": projection.basis is not None,
        "version": f"{run.projection_file(projection.method).stat().st_mtime_ns}",
    }


def decode(question: Question) -> Reply:
    """Draw what lies at a place of a map.

    {"kind": "decode", "run": "conv-autoencoder", "method": "pca", "x": .., "y": ..}
        -> {"image": base64 of 28 x 28 uint8, "distance": to the nearest stored point, in map units}
    """
    _method(question)
    spot = np.array([[number(question, "x"), number(question, "y")]], np.float32)
    run, projection = _mapped(question, stale=True)
    picture = run.load_model().decode(projection.invert(spot))[0]
    nearest = float(np.sqrt(((projection.points - spot) ** 2).sum(axis=1).min()))
    distance = nearest if math.isfinite(nearest) else None
    return {"image": text_of(to_bytes(picture)), "distance": distance}


def morph(question: Question) -> Reply:
    """Draw what lies between a drawing and a digit, along the straight line between their codes.

    {"kind": "morph", "run", "strokes", "width", "off": steps, "to": index of a training digit}
        -> {"frames": nine pictures as base64 of 28 x 28 uint8, the drawing's first}
    """
    from core.ink import render

    strokes, width, off = drawing(question)
    if not strokes:
        raise ValueError("There is no drawing to begin from: draw something.")
    run = _autoencoder(question)
    digits = data.load(digits_of(run)).train.images
    to = whole_number(question, "to", 0, min(KNOWN, len(digits)) - 1)
    model = run.load_model()
    start, end = model.encode(np.stack([render(strokes, width, off), digits[to]]))
    way = np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None]
    return {"frames": [text_of(frame) for frame in to_bytes(model.decode((1 - way) * start + way * end))]}


def _mapped(asked: Question, stale: bool = False) -> tuple[Run, Projection]:
    """The run and its map that are asked for; of older weights only where `stale` maps serve, too."""
    method = _method(asked)
    run = _autoencoder(asked)
    projection = load_projection(run, method)
    title = PROJECTORS[method].title
    if projection is None:
        raise ValueError(f"{run.name} has no {title} map yet: compute it on the Latent space page.")
    if not stale and projection.dataset != run.config.dataset and projection.dataset != digits_of(run):
        raise ValueError(f"The {title} map of {run.name} is of other digits: compute it on the Latent space page.")
    if not stale and projection.weights_version != run.weights_version():
        raise ValueError(f"{run.name} has changed since its {title} map was made: compute it on the Latent space page.")
    return run, projection


def _autoencoder(question: Question) -> Run:
    return run_of(question, "reconstruct", "has no decoder: choose an autoencoder.")


def _method(question: Question) -> str:
    method = question.get("method")
    if not isinstance(method, str) or method not in PROJECTORS:
        raise ValueError(f"The projection is {shown(method)}: the methods are {', '.join(PROJECTORS)}.")
    return method
