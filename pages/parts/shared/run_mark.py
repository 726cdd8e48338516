"""The colour and the glyph by which a run is known on every page: as data, as HTML, and as a picture."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from core.figures.palette import RUN_COLORS, RUN_GLYPHS
from core.runs.run import Run


class RunMark(NamedTuple):
    """A CSS colour, and the glyph in that colour."""

    color: str
    glyph: str

    @property
    def html(self) -> str:
        """The mark before a name in HTML; people who cannot see it are told the name alone."""
        style = f"color:{self.color};font-style:normal;margin-right:6px"
        return f'<i style="{style}" aria-hidden="true">{self.glyph}</i>'


def run_mark(run: Run) -> RunMark:
    """Return the mark of a run."""
    return RunMark(RUN_COLORS[run.color % len(RUN_COLORS)], RUN_GLYPHS[run.color % len(RUN_GLYPHS)])


@cache
def picture(mark: RunMark) -> str:
    """Return a mark as the address of a picture, for tables that show no text in colour."""
    text = f'<text x="12" y="18" font-size="18" text-anchor="middle" fill="{mark.color}">{mark.glyph}</text>'
    return "data:image/svg+xml," + quote(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{text}</svg>')
