"""The colours of the ten digits, and the colours and marks of runs, the same on every page."""

from typing import NamedTuple

# Found by search: contrast >= 3 on the light page, #ffffff, and >= 3.6 on the dark one, #14181d, and the smallest
# distance of any pair (in OKLab, as seen with normal vision and, after Machado et al., 2009, with protanopia,
# deuteranopia and tritanopia) as large as possible: 0.097 and 0.102. From random tens of all colours in steps of 9, the
# two nearest took turns to move to where they are furthest from the others; the best ten of 7 minutes then moved by
# single steps. Those of the dark page began from these, kept their hues within 0.2 radians and seven tenths of their
# chroma, and moved at random for as long. Digits that are easily confused, 4, 7 and 9 or 3, 5 and 8, have the colours
# that are furthest apart, 0.155 and more.
DIGIT_COLORS = {
    "light": (
        "#157537", "#70886f", "#009abb", "#a13f84", "#8644bd",
        "#c6871b", "#ff3ea8", "#ad77ff", "#773bff", "#d70000",
    ),
    "dark": (
        "#5bb865", "#c9e7c8", "#83d8fe", "#b8658b", "#8e59ba",
        "#fecb57", "#f276bc", "#b09dfe", "#666afb", "#e03b1e",
    ),
}  # fmt: skip


def rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour such as #3c69e1, 0 to 255."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def digit_css(digit: int) -> str:
    """Return the colour of a digit, 0 to 9, as CSS that follows the theme."""
    return f"light-dark({DIGIT_COLORS['light'][digit]}, {DIGIT_COLORS['dark'][digit]})"


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
