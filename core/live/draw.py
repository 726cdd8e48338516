"""The live question about a drawing: what each model reads in it, or makes of it."""

from __future__ import annotations

import numpy as np

from core.ink.render import render, stages
from core.live import growth
from core.live.map import place
from core.live.question import Question, Reply, drawing, find, flag, text_of
from core.measures.reconstruction import mean_squared_errors, to_bytes
from core.measures.reference import reference_of
from core.runs.run import Run
from core.runs.weights import load_model
from core.untrusted import shown

MAX_RUNS = 64


def draw(question: Question) -> Reply:
    strokes, width, off = drawing(question)
    calibrated = flag(question, "calibrated")
    ids, asked = question.get("runs"), question.get("map")
    if not isinstance(ids, list) or len(ids) > MAX_RUNS or not all(isinstance(run_id, str) for run_id in ids):
        raise ValueError(f"The runs are {shown(ids)}: send a list of at most {MAX_RUNS} run ids.")
    if asked is not None and not isinstance(asked, dict):
        raise ValueError(f"The map is {shown(asked)}: send an object with a run and a method.")

    pictures = stages(strokes, width, off) if question.get("stages") else [render(strokes, width, off)]
    image = pictures[-1]
    reply: Reply = {"image": text_of(image), "answers": {}, "redrawn": {}, "errors": {}}
    if off:
        reply["full"] = {}
    if question.get("stages"):
        reply["stages"] = [text_of(picture) for picture in pictures]
    if not strokes:
        return reply
    # What a model sees: the picture, and beside it the one with every step where that is another.
    images = np.stack([image, render(strokes, width)]) if off else image[None]
    codes: dict[str, np.ndarray] = {}
    for run_id in dict.fromkeys(ids):
        try:
            run = find(run_id)
            if run.spec.task == "classify":
                first, *rest = growth.probabilities(run, images, calibrated)
                reply["answers"][run_id] = first
                if rest:
                    reply["full"][run_id] = rest[0]
            else:
                model = load_model(run)
                codes[run_id] = model.encode(image[None])
                redrawn = reply["redrawn"][run_id] = _redrawn(run, image, model.decode(codes[run_id])[0])
                reference = reference_of(run)
                redrawn["percentile"] = reference and round(reference.error_percentile(redrawn["error"]), 4)
        except (ValueError, OSError) as error:  # one vanished or torn run does not silence the others
            reply["errors"][run_id] = str(error)
    if asked is not None:
        reply["map"] = place(asked, image, codes)
    return reply


def _redrawn(run: Run, image: np.ndarray, picture: np.ndarray) -> Reply:
    error = float(mean_squared_errors(image[None], picture)[0])
    if not np.isfinite(error):
        raise ValueError(f"{run.name} draws a picture that is not of numbers: train it again with a lower lr.")
    return {"image": text_of(to_bytes(picture)), "error": round(error, 7), "percentile": None}
