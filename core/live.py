"""One live question of a page, one answer: bytes in, bytes out.

It knows nothing of sockets, and no message makes it raise.
"""

import base64
import binascii
import json
from collections.abc import Callable

import numpy as np

from core import ink, live_map, live_walk, river
from core.evaluate import mean_squared_errors, to_bytes
from core.question import Question, Reply, drawing, find, text_of, whole_number
from core.reference import wanted
from core.runs import Run
from core.untrusted import json_object, shown

MAX_MESSAGE = 256 * 1024  # bytes; twenty thousand points written with four decimals do not fit, twelve thousand do
MAX_RUNS = 64
MAX_SIDE = 320  # pixels of a picture to be traced


def answer(message: bytes | str) -> bytes:
    """Answer one JSON message with one JSON object, whatever the message holds.

    {"kind": "draw", "seq": n, "strokes": [[[x, y], ...], ...], "width": 0.07, "runs": ["cnn", ...]}
        -> {"seq": n, "image": base64 of 28 x 28 uint8, "answers": {run: ten probabilities},
            "redrawn": {run: {"image", "error": mean squared error, "stranger": share of the test digits that the
            autoencoder redraws better, null until it is known}}, "errors": {run: sentence}}
           with no answers for an empty drawing: there is nothing to read. Where it has also
           "off": steps of `ink.STEPS` to leave out  -> "full": as answers, with every step
           "stages": true                            -> "stages": the seven pictures of `ink.stages`
           "map": {"run", "method", "sample"}        -> "map": what `live_map.place` says, or {"error": a sentence}
    {"kind": "map" | "decode" | "plane" | "morph", ...}: see `live_map`; {"kind": "code", ...}: see `live_walk`.
    {"kind": "river", ...}: see `river`.
    {"kind": "trace", "columns": c, "rows": r, "grey": base64 of r x c uint8} -> {"strokes", "width"}
    Anything else -> {"seq": n where it could be read, "error": a sentence}.
    """
    seq: dict[str, int] = {}
    try:
        question = _parse(message)
        seq = {"seq": _seq(question)}
        kind = question.get("kind")
        if not isinstance(kind, str) or kind not in _KINDS:
            raise ValueError(f"The message asks for {shown(kind)}: the kinds are {', '.join(_KINDS)}.")
        reply = _KINDS[kind](question)
    except (ValueError, OSError) as error:
        reply = {"error": str(error)}
    return json.dumps(seq | reply, separators=(",", ":")).encode()


def _draw(question: Question) -> Reply:
    strokes, width, off = drawing(question)
    ids, asked = question.get("runs"), question.get("map")
    if not isinstance(ids, list) or len(ids) > MAX_RUNS or not all(isinstance(run_id, str) for run_id in ids):
        raise ValueError(f"The runs are {shown(ids)}: send a list of at most {MAX_RUNS} run ids.")
    if asked is not None and not isinstance(asked, dict):
        raise ValueError(f"The map is {shown(asked)}: send an object with a run and a method.")

    pictures = ink.stages(strokes, width, off) if question.get("stages") else [ink.render(strokes, width, off)]
    image = pictures[-1]
    reply: Reply = {"image": text_of(image), "answers": {}, "redrawn": {}, "errors": {}}
    if off:
        reply["full"] = {}
    if question.get("stages"):
        reply["stages"] = [text_of(picture) for picture in pictures]
    if not strokes:
        return reply
    # What a model sees: the picture, and beside it the one with every step where that is another.
    images = np.stack([image, ink.render(strokes, width)]) if off else image[None]
    codes: dict[str, np.ndarray] = {}
    for run_id in dict.fromkeys(ids):
        try:
            run = find(run_id)
            if run.spec.task == "classify":
                first, *rest = river.probabilities(run, images)
                reply["answers"][run_id] = first
                if rest:
                    reply["full"][run_id] = rest[0]
            else:
                model = run.load_model()
                codes[run_id] = model.encode(image[None])
                redrawn = reply["redrawn"][run_id] = _redrawn(run, image, model.decode(codes[run_id])[0])
                reference = wanted(run)
                redrawn["stranger"] = reference and round(reference.stranger(redrawn["error"]), 4)
        except (ValueError, OSError) as error:  # one vanished or torn run does not silence the others
            reply["errors"][run_id] = str(error)
    if asked is not None:
        reply["map"] = live_map.place(asked, image, codes)
    return reply


def _redrawn(run: Run, image: np.ndarray, picture: np.ndarray) -> Reply:
    error = float(mean_squared_errors(image[None], picture)[0])
    if not np.isfinite(error):
        raise ValueError(f"{run.name} draws a picture that is not of numbers: train it again with a lower lr.")
    return {"image": text_of(to_bytes(picture)), "error": round(error, 7), "stranger": None}


def _trace(question: Question) -> Reply:
    from core.trace import trace

    columns, rows = (whole_number(question, name, 1, MAX_SIDE) for name in ("columns", "rows"))
    grey = question.get("grey")
    try:
        pixels = base64.b64decode(grey, validate=True) if isinstance(grey, str) else b""
    except (binascii.Error, ValueError):
        pixels = b""
    if len(pixels) != columns * rows:
        raise ValueError(f"The picture is not {columns} x {rows} bytes: send its grey values, 0 to 255, as base64.")
    strokes, width = trace(np.frombuffer(pixels, np.uint8).reshape(rows, columns))
    return {"strokes": [stroke.tolist() for stroke in strokes], "width": width}


_KINDS: dict[str, Callable[[Question], Reply]] = {
    "draw": _draw,
    "map": live_map.points,
    "decode": live_map.decode,
    "plane": live_map.plane,
    "code": live_walk.code,
    "morph": live_map.morph,
    "river": river.river,
    "trace": _trace,
}


def _parse(message: bytes | str) -> Question:
    if len(message) > MAX_MESSAGE:
        raise ValueError(f"The message has {len(message):,} bytes: send at most {MAX_MESSAGE:,}.")
    return json_object(message, "message", "send")


def _seq(question: Question) -> int:
    seq = question.get("seq")
    if type(seq) is not int or not 0 <= seq <= 2**53:
        raise ValueError(f"The seq is {shown(seq)}: number the messages with whole numbers from 0.")
    return seq
