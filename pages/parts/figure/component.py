"""live_figure: a Plotly figure updated in place: a zoom made by hand stays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pages.parts.web.component import component

_FOLDER = Path(__file__).parent
_HTML = """
<div class="lf-root digitlab-waits">
  <div class="lf-plot" tabindex="0" role="group"></div>
  <div class="lf-save">
    <button type="button" data-format="png" title="Save as PNG, 300 dots per inch">PNG</button>
    <button type="button" data-format="svg" title="Save as SVG">SVG</button>
  </div>
  <div class="lf-note" hidden></div>
</div>
"""
_mount = component(
    "digitlab_live_figure", _FOLDER / "figure.js", html=_HTML, css=[_FOLDER / "figure.css"], isolate_styles=False
)


def live_figure(figure: dict[str, Any], *, key: str, height: int = 360, label: str = "") -> None:
    """Show a figure of core.figures.

    label: the figure in a sentence, for people who do not see it. height: in CSS pixels, of one row of panels.
    A saved picture is black on white, with a legend where the figure has lines of several runs, named after `key`.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", key)
    _mount(key=key, data={"figure": figure, "height": height, "label": label, "name": name})
