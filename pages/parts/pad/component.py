"""The drawing pad that pages share: a person draws, the chosen models answer while the pen moves."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.data.sprites import COLUMNS, PER_SHEET
from core.figures.palette import DIGIT_COLORS
from core.ink.render import DEFAULT_WIDTH, DOT, MAX_STROKES, parse_strokes, render
from core.live import draw
from core.live.answer import MAX_SIDE
from core.measures.scores import figure_of
from core.runs.run import Run
from pages.parts.pad.teach import teach
from pages.parts.shared.controls.pickers import has_learned
from pages.parts.shared.run_mark import run_mark
from pages.parts.web.component import component, nothing
from pages.parts.web.page_line import page_reply

# Each step of core.ink.render on the way to 28 x 28: its title, and why it is taken.
STEPS = {
    "crop": ("Crop to the ink", "Cut the empty paper away, so that it does not matter where on the pad one writes."),
    "box": ("Fit into 20 × 20", "Leave a margin of four pixels on each side, as the digits of MNIST have it."),
    "mass": ("Centre of mass", "Put the middle of the ink, not of its outline, into the middle of the picture."),
    "thickness": (
        "Line thickness",
        "Keep the line between 2.2 and 3 pixels, so that small digits are no blobs.",
    ),
    "smooth": ("Smooth edges", "Let a pixel that is half covered be half as bright, instead of all or nothing."),
    "polarity": ("Light on dark", "Make the ink light and the paper dark, as the model has always seen it."),
}
_FOLDER = Path(__file__).parent
_mount = component(
    "digitlab_pad",
    _FOLDER / "pad.js",
    html=(_FOLDER / "pad.html").read_text(encoding="utf-8"),
    css=[_FOLDER / name for name in ("pad.css", "cards/cards.css", "panels/panels.css")],
)


@dataclass(frozen=True)
class PadDrawing:
    """What is on the pad: strokes as float64 (m, 2) or (m, 3) in pad units, the pen's width, and the uint8 (28, 28)
    they make.

    image is None while the pad is empty; stamp is when the browser changed the drawing last, in ms.
    """

    strokes: tuple[np.ndarray, ...] = ()
    width: float = DEFAULT_WIDTH
    image: np.ndarray | None = None
    stamp: float = 0.0


def pad(
    *,
    key: str,
    runs: Sequence[Run],
    show_answers: bool = True,
    panels: Sequence[str] = (),
    latent: dict[str, Any] | None = None,
    teaches: bool = False,
    calibrated: bool = False,
) -> PadDrawing:
    """Show the pad with a live card for each run, at most live.MAX_RUNS; return the drawing as of the last pen-up.

    The drawing is in st.session_state["drawing"], so every page that shows a pad shows the same one.
    show_answers: False shows the pad and the 28 x 28 alone. panels: names in PANELS of pad.js, those shown below.
    latent: which map the panel shows: {"run": id, "name", "method", "title", "version"}. teaches: whether a drawing
    can be saved with a label. calibrated: whether classifiers answer at their own temperature.
    """
    said = st.session_state.get(key) or {}
    drawing = _newer(said.get("drawing"))
    # A pad that is just being mounted gets the drawing. One that is there has it already and gets the same
    # data as before, because an element whose data changed is sent anew as a whole.
    given = f"{key}-given"
    if not said or given not in st.session_state:
        st.session_state[given] = _as_data(drawing)
    _mount(
        key=key,
        data=[  # in a list: in a dict Streamlit would look for tables, and import pandas for that
            {
                "palette": DIGIT_COLORS,
                "runs": [_described(run) for run in runs[: draw.MAX_RUNS]],
                "show_answers": show_answers,
                "calibrated": calibrated,
                "panels": list(panels),
                "map": latent,
                "drawing": st.session_state[given],
                "reply": page_reply(f"{key}-reply", said.get("ask")),
                "taught": teach(said.get("teach"), drawing) if teaches else None,
                "limits": {"strokes": MAX_STROKES, "side": MAX_SIDE, "dot": DOT},
                "sheet": {"digits": PER_SHEET, "columns": COLUMNS},
                "steps": [{"name": name, "title": title, "why": why} for name, (title, why) in STEPS.items()],
            }
        ],
        on_drawing_change=nothing,
        on_ask_change=nothing,
        on_teach_change=nothing,
    )
    return drawing


def put_on_pad(strokes: Sequence[np.ndarray], width: float) -> PadDrawing:
    """Let every pad that is shown next show this drawing; return it. strokes: as `render` takes them."""
    known: PadDrawing = st.session_state.get("drawing", PadDrawing())
    stamp = max(math.floor(1000 * time.time()), known.stamp + 1)  # the newest wins, whatever clock the browser has
    drawing = PadDrawing(tuple(strokes), width, render(strokes, width), stamp)
    st.session_state["drawing"] = drawing
    return drawing


def _described(run: Run) -> dict[str, Any]:
    mark = run_mark(run)
    return {
        "id": run.id,
        "name": run.name,
        "color": mark.color,
        "glyph": mark.glyph,
        # Of one that trains it would change with every epoch, and the whole pad would be sent again.
        "figure": figure.words if not run.active() and (figure := figure_of(run)) else "",
        "task": run.spec.task,
        "learned": has_learned(run),
        "classes": list(DATASETS[run.config.dataset].classes),
    }


def _newer(said: object) -> PadDrawing:
    """The drawing the browser sent if it is newer than the session's and sound, else the session's."""
    known: PadDrawing = st.session_state.setdefault("drawing", PadDrawing())
    if not isinstance(said, dict):
        return known
    stamp, width = said.get("stamp"), said.get("width")
    if not isinstance(stamp, int | float) or not known.stamp < stamp < math.inf:
        return known
    if not isinstance(width, int | float):
        return known
    try:
        strokes = parse_strokes(said.get("strokes"))
        image = render(strokes, width) if strokes else None
    except ValueError:
        return known  # not from our pad: it only ever sends what can be read
    newer = PadDrawing(tuple(strokes), float(width), image, float(stamp))
    st.session_state["drawing"] = newer
    return newer


def _as_data(drawing: PadDrawing) -> dict[str, Any] | None:
    if not drawing.stamp:
        return None
    strokes = [stroke.round(4).tolist() for stroke in drawing.strokes]
    return {"strokes": strokes, "width": drawing.width, "stamp": drawing.stamp}
