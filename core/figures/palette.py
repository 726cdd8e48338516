"""The colours of the ten digits, and the colours and marks of runs, the same on every page."""

from typing import NamedTuple

# Petroff, "Accessible Color Sequences for Data Visualization", 2021, ten colours.
DIGIT_COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip


# Found by search: contrast >= 2.5 on the light and the dark page, and the smallest distance of any pair (in
# OKLab, as seen with normal vision, protanopia, deuteranopia and tritanopia) as large as possible.
RUN_COLORS = ("#3c69e1", "#f07878", "#a587ff", "#66761f", "#d23c69", "#963ca5", "#2db4b4", "#a58700")


# For people who cannot tell the colours: the marker in the figure and the glyph in text.
RUN_MARKERS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "star", "cross", "x")


RUN_GLYPHS = ("●", "■", "◆", "▲", "▼", "★", "✚", "✖")


class RunMark(NamedTuple):
    """How a run is known: a CSS colour, the glyph in that colour, and Plotly's marker of the same shape."""

    color: str
    glyph: str
    marker: str


def run_mark(number: int) -> RunMark:
    """Return the mark of a run with this number, 0 to 63: no two of them have the same colour and the same shape."""
    shape = (number + number // len(RUN_COLORS)) % len(RUN_GLYPHS)
    return RunMark(RUN_COLORS[number % len(RUN_COLORS)], RUN_GLYPHS[shape], RUN_MARKERS[shape])
