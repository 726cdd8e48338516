"""The drawing pad that pages share: a person draws, the chosen models answer while the pen moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS
from core.figures.palette import DIGIT_COLORS
from core.ink.render import DEFAULT_WIDTH, parse_strokes, render
from core.live import draw
from core.runs.run import Run
from pages.parts.pad.teach import teach
from pages.parts.shared.run_mark import run_mark
from pages.parts.web.page_line import page_reply

_FILES = Path(__file__).parent
# A component is one module: these files are joined, so their top-level names are different.
_SCRIPTS = (
    *("../web/line.js", "strokes.js", "brush.js", "ink.js", "pen.js", "keys.js", "picture.js"),
    *("card.js", "jury.js", "teach.js"),
    *("panels/panel.js", "panels/river.js", "panels/replay.js", "panels/map.js", "panels/near.js", "panels/steps.js"),
    "pad.js",
)
_STYLES = ("pad.css", "cards.css", "panels/panels.css")


def _joined(names: Sequence[str]) -> str:
    return "\n".join((_FILES / name).read_text(encoding="utf-8") for name in names)


_mount = st.components.v2.component(
    "digitlab_pad", html=_joined(["pad.html"]), css=_joined(_STYLES), js=_joined(_SCRIPTS)
)


@dataclass(frozen=True)
class Drawing:
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
) -> Drawing:
    """Show the pad with a live card for each run, at most live.MAX_RUNS; return the drawing as of the last pen-up.

    The drawing is in st.session_state["drawing"], so every page that shows a pad shows the same one.
    show_answers: False shows the pad and the 28 x 28 alone. panels: of "river", "map" and "steps", those shown below.
    latent: which map the panel shows: {"run": id, "name", "method", "title", "version"}. teaches: whether a drawing
    can be saved with a label.
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
                "base": str(st.get_option("server.baseUrlPath") or "").strip("/"),
                "palette": list(DIGIT_COLORS),
                "runs": [_described(run) for run in runs[: draw.MAX_RUNS]],
                "show_answers": show_answers,
                "panels": list(panels),
                "map": latent,
                "drawing": st.session_state[given],
                "reply": page_reply(f"{key}-reply", said.get("ask")),
                "taught": teach(said.get("teach"), drawing) if teaches else None,
            }
        ],
        on_drawing_change=_nothing,
        on_ask_change=_nothing,
        on_teach_change=_nothing,
    )
    return drawing


def _described(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        **run_mark(run)._asdict(),
        "task": run.spec.task,
        "classes": list(DATASETS[run.config.dataset].classes),
    }


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
        strokes = parse_strokes(said.get("strokes"))
        image = render(strokes, width) if strokes else None
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


def _nothing() -> None:
    """Streamlit keeps a component's value only where it has a callback."""
