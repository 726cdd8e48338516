"""The drawing pad that pages share: a person draws, the chosen models answer while the pen moves."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core import ink, live
from core.figures import RUN_COLORS, RUN_GLYPHS
from core.runs import Run

_HTML = """
<div class="lab blank" data-testid="pad">
<div class="table">
  <div class="left">
    <div class="paper">
      <canvas class="canvas" data-testid="pad-canvas" tabindex="0" role="application"
        aria-label="Drawing pad. The arrow keys move the pen, Space puts it down and lifts it, Delete clears."></canvas>
      <div class="invitation"><strong>Draw a digit</strong>with mouse, finger, pen or arrow keys</div>
      <div class="lines">
        <p class="limit">The pad is full: undo or clear to draw on.</p>
        <p class="note" data-testid="pad-note" role="status"></p>
      </div>
      <span class="cursor"></span>
    </div>
    <div class="tools">
      <button type="button" class="undo" data-testid="pad-undo">Undo</button>
      <button type="button" class="clear" data-testid="pad-clear">Clear</button>
      <label>Brush <input type="range" class="brush" data-testid="pad-brush" min="0.03" max="0.13" step="0.005"
        value="0.07"></label>
    </div>
    <figure class="seen">
      <canvas class="pixels" data-testid="pad-pixels" width="28" height="28" role="img"
        aria-label="The drawing as 28 by 28 pixels"></canvas>
      <figcaption><strong>What the models see</strong>Your ink in 28 × 28 pixels, fitted and centred like the digits
        they learned from</figcaption>
    </figure>
  </div>
  <div class="cards" data-testid="pad-cards"></div>
  <p class="hint">Choose a model to see what it reads.</p>
</div>
<p class="words" data-testid="pad-words" aria-live="polite"></p>
</div>
"""
_FILES = Path(__file__).parent
_mount = st.components.v2.component(
    "digitlab_pad",
    html=_HTML,
    css=(_FILES / "pad.css").read_text(encoding="utf-8"),
    js="\n".join((_FILES / name).read_text(encoding="utf-8") for name in ("pad_ink.js", "pad_card.js", "pad.js")),
)


@dataclass(frozen=True)
class Drawing:
    """What is on the pad: strokes as float64 (m, 2) in pad units, the pen's width, and the uint8 (28, 28) they make.

    image is None while the pad is empty; stamp is when the browser changed the drawing last, in ms.
    """

    strokes: tuple[np.ndarray, ...] = ()
    width: float = ink.DEFAULT_WIDTH
    image: np.ndarray | None = None
    stamp: float = 0.0


def pad(*, key: str, runs: Sequence[Run], show_answers: bool = True) -> Drawing:
    """Show the pad with a live card for each of up to six classifier runs; return the drawing as of the last pen-up.

    The drawing is in st.session_state["drawing"], so every page that shows a pad shows the same one.
    show_answers: False shows the pad and the 28 x 28 alone.
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
        data={
            "base": str(st.get_option("server.baseUrlPath") or "").strip("/"),
            "runs": [
                {"id": run.id, "name": run.name, "color": RUN_COLORS[run.color], "glyph": RUN_GLYPHS[run.color]}
                for run in runs[: live.MAX_RUNS]
            ],
            "show_answers": show_answers,
            "drawing": st.session_state[given],
            "reply": _reply(said.get("ask")),
        },
        on_drawing_change=_nothing,
        on_ask_change=_nothing,
    )
    return drawing


def _newer(said: object) -> Drawing:
    """The drawing the browser sent if it is newer than the session's and sound, else the session's."""
    known: Drawing = st.session_state.setdefault("drawing", Drawing())
    if not isinstance(said, dict):
        return known
    stamp, width = said.get("stamp"), said.get("width")
    if not isinstance(stamp, int | float) or not known.stamp < stamp < math.inf:
        return known
    if not isinstance(width, int | float):
        return known
    try:
        strokes = ink.parse_strokes(said.get("strokes"))
        image = ink.render(strokes, width) if strokes else None
    except ValueError:
        return known  # not from our pad: it only ever sends what can be read
    newer = Drawing(tuple(strokes), float(width), image, float(stamp))
    st.session_state["drawing"] = newer
    return newer


def _as_data(drawing: Drawing) -> dict[str, Any] | None:
    if not drawing.stamp:
        return None
    strokes = [stroke.round(4).tolist() for stroke in drawing.strokes]
    return {"strokes": strokes, "width": drawing.width, "stamp": drawing.stamp}


def _reply(question: object) -> dict[str, Any] | None:
    """The answer to a question that came through the page because the live socket was not there."""
    if question is None:
        return None
    reply: dict[str, Any] = json.loads(live.answer(json.dumps(question)))
    return reply


def _nothing() -> None:
    """Streamlit keeps a component's value only where it has a callback."""
