"""One live question of a page, one answer: bytes in, bytes out.

It knows nothing of sockets, and no message makes it raise.
"""

import base64
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from core import ink
from core.runs import store

if TYPE_CHECKING:
    from core.runs import Run

MAX_MESSAGE = 256 * 1024  # bytes; twenty thousand points written with four decimals do not fit, twelve thousand do
MAX_RUNS = 6
_REMEMBERED = 1.0  # seconds a looked-up run is kept; its weights file is still checked at every answer

_runs: dict[tuple[Path, str], tuple[float, "Run"]] = {}


def answer(message: bytes | str) -> bytes:
    """Answer one JSON message with one JSON object, whatever the message holds.

    {"kind": "draw", "seq": n, "strokes": [[[x, y], ...], ...], "width": 0.07, "runs": ["cnn", ...]}
        -> {"seq": n, "image": base64 of 28 x 28 uint8, "answers": {run: ten probabilities}, "errors": {run: sentence}}
           with no answers for an empty drawing: there is nothing to read.
    {"kind": "decode", "seq": n, "run": "conv-autoencoder", "method": "pca", "x": .., "y": ..}
        -> {"seq": n, "image": base64 of 28 x 28 uint8, "distance": to the nearest stored point, in map units}
    Anything else -> {"seq": n where it could be read, "error": a sentence}.
    """
    seq: dict[str, int] = {}
    try:
        question = _parse(message)
        seq = {"seq": _seq(question)}
        kind = question.get("kind")
        if not isinstance(kind, str) or kind not in _KINDS:
            raise ValueError(f"The message asks for {_shown(kind)}: the kinds are {' and '.join(_KINDS)}.")
        reply = _KINDS[kind](question)
    except (ValueError, OSError) as error:
        reply = {"error": str(error)}
    return json.dumps(seq | reply, separators=(",", ":")).encode()


def _draw(question: dict[str, Any]) -> dict[str, Any]:
    strokes = ink.parse_strokes(question.get("strokes"))
    width = _number(question, "width")
    if not 0 < width <= 1:
        raise ValueError(f"The pen width is {width:g}: send a number above 0 and at most 1.")
    ids = question.get("runs")
    if not isinstance(ids, list) or len(ids) > MAX_RUNS or not all(isinstance(run_id, str) for run_id in ids):
        raise ValueError(f"The runs are {_shown(ids)}: send a list of at most {MAX_RUNS} run ids.")

    image = ink.render(strokes, width)
    answers: dict[str, list[float]] = {}
    errors: dict[str, str] = {}
    for run_id in ids if strokes else []:
        try:
            answers[run_id] = _probabilities(run_id, image)
        except (ValueError, OSError) as error:  # one vanished or torn run does not silence the others
            errors[run_id] = str(error)
    return {"image": _base64(image), "answers": answers, "errors": errors}


def _probabilities(run_id: str, image: np.ndarray) -> list[float]:
    run = _run(run_id)
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} does not read digits: choose a classifier.")
    probabilities = np.asarray(run.load_model().predict_proba(image[None])[0], dtype=np.float64)
    if not np.isfinite(probabilities).all():
        raise ValueError(f"The weights of {run.name} hold numbers that are not finite: train it again with a lower lr.")
    rounded: list[float] = probabilities.round(5).tolist()
    return rounded


def _decode(question: dict[str, Any]) -> dict[str, Any]:
    from core.latent import PROJECTORS, load_projection

    run_id, method = question.get("run"), question.get("method")
    if not isinstance(run_id, str):
        raise ValueError(f"The run is {_shown(run_id)}: send a run id.")
    if not isinstance(method, str) or method not in PROJECTORS:
        raise ValueError(f"The projection is {_shown(method)}: the methods are {', '.join(PROJECTORS)}.")
    place = np.array([[_number(question, "x"), _number(question, "y")]], np.float32)
    if not np.isfinite(place).all():
        raise ValueError("The place is too far away for a map: send x and y near its points.")

    run = _run(run_id)
    if run.spec.task != "reconstruct":
        raise ValueError(f"{run.name} has no decoder: choose an autoencoder.")
    projection = load_projection(run, method)
    if projection is None:
        raise ValueError(f"{run.name} has no {method} map yet: compute it on the Latent space page.")
    picture = np.clip(np.nan_to_num(run.load_model().decode(projection.invert(place))[0]), 0, 1)
    nearest = float(np.sqrt(((projection.points - place) ** 2).sum(axis=1).min()))
    distance = nearest if math.isfinite(nearest) else None
    return {"image": _base64(np.rint(255 * picture).astype(np.uint8)), "distance": distance}


_KINDS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"draw": _draw, "decode": _decode}


def _run(run_id: str) -> "Run":
    """The run of that id, looked up on the disk at most once a second: a pen asks a hundred times in that time."""
    runs, now = store(), time.monotonic()
    key = (runs.folder, run_id)
    seen, run = _runs.get(key, (-math.inf, None))
    if run is None or now - seen > _REMEMBERED:
        _runs.pop(key, None)
        run = runs.get(run_id)  # RunNotFound for an unknown or impossible id
        if len(_runs) > 100:
            _runs.clear()
        _runs[key] = now, run
    return run


def _parse(message: bytes | str) -> dict[str, Any]:
    if len(message) > MAX_MESSAGE:
        raise ValueError(f"The message has {len(message):,} bytes: send at most {MAX_MESSAGE:,}.")
    try:
        question = json.loads(message, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("The message is nested too deeply: send one flat JSON object.") from error
    except ValueError as error:
        raise ValueError(f"The message is not JSON ({str(error)[:80]}): send one JSON object.") from error
    if not isinstance(question, dict):
        raise ValueError(f"The message is a {type(question).__name__}: send one JSON object.")
    return question


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _seq(question: dict[str, Any]) -> int:
    seq = question.get("seq")
    if type(seq) is not int or not 0 <= seq <= 2**53:
        raise ValueError(f"The seq is {_shown(seq)}: number the messages with whole numbers from 0.")
    return seq


def _number(question: dict[str, Any], name: str) -> float:
    """A finite number of the message; int(True) and a 400-digit int are none."""
    value: Any = question.get(name)
    if type(value) not in (int, float) or not abs(value) <= 1e6:
        raise ValueError(f"The {name} is {_shown(value)}: send a number.")
    return float(value)


def _shown(value: object) -> str:
    """A stranger's value, short enough to be repeated in a sentence."""
    text = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def _base64(image: np.ndarray) -> str:
    return base64.b64encode(image.tobytes()).decode()
