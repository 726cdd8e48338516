"""One live question of a page, one answer: bytes in, bytes out.

It knows nothing of sockets, and no message makes it raise.
"""

import base64
import binascii
import json
from collections.abc import Callable

import numpy as np

from core.live import codes, growth, map
from core.live.draw import draw
from core.live.question import Question, Reply, whole_number
from core.untrusted import json_object, shown

MAX_MESSAGE = 256 * 1024  # bytes; twenty thousand points written with four decimals do not fit, twelve thousand do
MAX_SIDE = 320  # pixels of a picture to be traced


def answer(message: bytes | str) -> bytes:
    """Answer one JSON message with one JSON object, whatever the message holds.

    {"kind": "draw", "seq": n, "strokes": [[[x, y], ...], ...], "width": 0.07, "runs": ["cnn", ...]}
        -> {"seq": n, "image": base64 of 28 x 28 uint8, "answers": {run: ten probabilities},
            "redrawn": {run: {"image", "error": mean squared error, "percentile": share of the test digits that the
            autoencoder redraws better, null until it is known}}, "errors": {run: sentence}}
           with no answers for an empty drawing: there is nothing to read. Where it has also
           "off": steps of `ink.render.STEPS` to leave out  -> "full": as answers, with every step
           "stages": true                            -> "stages": the seven pictures of `ink.render.stages`
           "calibrated": true                        -> answers at each run's own temperature, where that is known
           "map": {"run", "method", "sample"}        -> "map": what `live.map.place` says, or {"error": a sentence}
    {"kind": "map" | "decode" | "plane" | "morph", ...}: see `live.map`; {"kind": "code", ...}: see `live.codes`.
    {"kind": "growth", ...}: see `live.growth`.
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


def _trace(question: Question) -> Reply:
    from core.ink.trace import trace

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
    "draw": draw,
    "map": map.points,
    "decode": map.decode,
    "plane": map.plane,
    "code": codes.code,
    "morph": map.morph,
    "growth": growth.growth,
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
