"""The colour and the glyph by which a run is known on every page: as data, as HTML, and as a picture."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from core.figures import palette
from core.figures.palette import RunMark
from core.runs.run import Run


def run_mark(run: Run) -> RunMark:
    """Return the mark of a run."""
    return palette.run_mark(run.mark)


def mark_html(mark: RunMark) -> str:
    """Return the mark before a name; people who cannot see it are told the name alone."""
    style = f"color:{mark.color};font-style:normal;margin-right:6px"
    return f'<i style="{style}" aria-hidden="true">{mark.glyph}</i>'


@cache
def picture(mark: RunMark) -> str:
    """Return a mark as the address of a picture, for tables that show no text in colour."""
    text = f'<text x="12" y="18" font-size="18" text-anchor="middle" fill="{mark.color}">{mark.glyph}</text>'
    return "data:image/svg+xml," + quote(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{text}</svg>')
