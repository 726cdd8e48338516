"""The live question about codes themselves: what the decoder draws of them, and where they lie on a map."""

from __future__ import annotations

import math

from core.live.map import MOST, autoencoder, mapped, rounded
from core.live.question import Question, Reply, table, text_of
from core.measures.reconstruction import to_bytes
from core.runs.weights import load_model
from core.untrusted import shown

MOST_PLACED = 16  # codes of one answer: of 70,000 digits each is looked for among all


def code(question: Question) -> Reply:
    """Draw codes.

    {"kind": "code", "run", "codes": [[k numbers], ...]}, at most 64 codes -> {"images": base64 of m pictures of
    28 x 28 uint8}. Where it has also
        "map": {"method", "sample"}  -> "places": [[x, y], ...] of at most 16 codes on it, null beyond all numbers
        "distance": true, and a map  -> "distance": m numbers, how far the codes are from real ones, null likewise
    """
    run = autoencoder(question)
    asked = question.get("map")
    if asked is not None and not isinstance(asked, dict):
        raise ValueError(f"The map is {shown(asked)}: send an object with a method and a sample.")
    model = load_model(run)
    codes = table(question, "codes", MOST if asked is None else MOST_PLACED, model.code_size)
    reply: Reply = {"images": text_of(to_bytes(model.decode(codes)))}
    if asked is not None:
        _, projection = mapped({**asked, "run": run.id}, stale=True)
        if projection.codes.shape[1] != codes.shape[1]:
            raise ValueError(f"The map of {run.name} is of other codes: compute it on the Latent space page.")
        places = projection.place(codes).astype(float).tolist()
        reply["places"] = [[round(x, 5), round(y, 5)] if math.isfinite(x + y) else None for x, y in places]
        if question.get("distance"):
            reply["distance"] = rounded(projection.distance_ratio(codes))
    return reply
