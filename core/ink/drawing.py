"""One saved drawing: strokes with the digit they are meant to be, and the line of JSON that holds it."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from core.ink.render import DEFAULT_WIDTH, parse_strokes, render
from core.untrusted import json_object, plain, shown

MAX_BYTES = 100 * 2**20  # of lines at once
MAX_HAND = 40  # characters
_MAX_LINE = 2**21  # bytes; twenty thousand points with all their decimals fit
_MAX_LINES = 100_000  # so that a report of them stays bounded
_DECIMALS = 5  # of a coordinate; a thousandth of a pixel
_YEAR_2100 = 4_102_444_800.0  # seconds since 1970
_KEYS = ("id", "label", "hand", "width", "strokes", "saved")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_NEWLINE = b"\n"


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing and the digit 0..9 it is meant to be.

    hand: whose it is, up to 40 characters, may be empty; width: of the pen, in pad units;
    strokes: float64 (m, 2) of x, y, or (m, 3) with the line's own width, in pad units; saved: seconds since 1970.
    """

    id: str
    label: int
    hand: str
    width: float
    strokes: tuple[np.ndarray, ...]
    saved: float

    @cached_property
    def image(self) -> np.ndarray:
        """What a model sees of it: uint8 (28, 28)."""
        return render(self.strokes, self.width)

    @cached_property
    def aside(self) -> bool:
        """Whether it is one of the fifth that `kept_aside` tells of."""
        return int.from_bytes(blake2b(self.id.encode(), digest_size=8).digest(), "big") % 5 == 0


@dataclass(frozen=True)
class Import:
    """What became of an import: the drawings that were added, and of each line that was not its number and why."""

    added: tuple[Drawing, ...]
    skipped: tuple[tuple[int, str], ...]


def images(drawings: Sequence[Drawing]) -> np.ndarray:
    """Return what a model sees of the drawings, uint8 (n, 28, 28); each is rendered once."""
    return np.stack([drawing.image for drawing in drawings]) if drawings else np.zeros((0, 28, 28), np.uint8)


def labels(drawings: Sequence[Drawing]) -> np.ndarray:
    """Return the digits the drawings are meant to be: int64 (n,)."""
    return np.array([drawing.label for drawing in drawings], np.int64)


def held_out(drawings: Sequence[Drawing]) -> np.ndarray:
    """Say which drawings no model may learn from, so that they can tell whether learning helped: bool (n,).

    It is a fifth of them, chosen by their ids alone: a drawing stays on its side whatever happens to the others.
    """
    return np.array([drawing.aside for drawing in drawings], bool)


def to_line(drawing: Drawing) -> bytes:
    """Return a drawing as one line of JSON, without the line's end."""
    facts = {
        "id": drawing.id,
        "label": drawing.label,
        "hand": drawing.hand,
        "width": drawing.width,
        "strokes": [stroke.tolist() for stroke in drawing.strokes],
        "saved": drawing.saved,
    }
    return json.dumps(facts, separators=(",", ":")).encode()


def from_line(line: bytes) -> Drawing:
    """Read one line of JSON; only label and strokes must be there, and a missing id is made from the line itself.

    Raises ValueError with a sentence for whatever is not a drawing.
    """
    drawing = read_line(line)
    return drawing if drawing.id else replace(drawing, id=blake2b(line, digest_size=8).hexdigest())


def from_lines(content: bytes) -> Import:
    """Read lines of JSON; blank ones are passed over, and those that are no drawing or have another's id skipped.

    Raises ValueError when the content as a whole is too large.
    """
    found: dict[str, Drawing] = {}
    skipped = []
    for number, line in numbered(content):
        try:
            drawing = from_line(line)
            if found.setdefault(drawing.id, drawing) is not drawing:
                raise ValueError(f"Another line has the id {drawing.id}, too.")
        except ValueError as error:
            skipped.append((number, str(error)))
    return Import(tuple(found.values()), tuple(skipped))


def numbered(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, from 1 on."""
    if len(content) > MAX_BYTES or content.count(b"\n") > _MAX_LINES:
        raise ValueError(
            f"The file has {len(content) / 2**20:,.1f} MB and {content.count(_NEWLINE):,} lines: bring in at most "
            f"{MAX_BYTES / 2**20:.0f} MB and {_MAX_LINES:,} lines at once."
        )
    for number, line in enumerate(io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")), 1):
        if line := line.strip(b" \t\r\n"):
            yield number, line


def read_line(line: bytes) -> Drawing:
    """Read one line of JSON, with an empty id where it has none."""
    if len(line) > _MAX_LINE:
        raise ValueError(f"The line has {len(line):,} bytes: a drawing has at most {_MAX_LINE:,}.")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise ValueError("The line is not UTF-8: save the file as UTF-8.") from error
    facts = json_object(text, "line", "write", " a line")
    if foreign := sorted(set(facts) - set(_KEYS)):
        raise ValueError(f"{shown(foreign[0])} is no key of a drawing: they are {', '.join(_KEYS)}.")
    given = facts.get("id")
    if "id" in facts and not (isinstance(given, str) and _ID.fullmatch(given)):
        raise ValueError(f"The id is {shown(given)}: give up to 40 letters, digits and hyphens, or none.")
    saved = facts.get("saved", time.time())
    if type(saved) not in (int, float) or not 0 <= saved <= _YEAR_2100:
        raise ValueError(f"It was saved at {shown(saved)}: give seconds since 1970, or nothing.")
    width, hand = facts.get("width", DEFAULT_WIDTH), facts.get("hand", "")
    return checked(given or "", facts.get("label"), hand, width, facts.get("strokes"), saved)


def checked(drawing_id: str, label: Any, hand: Any, width: Any, strokes: Any, saved: float) -> Drawing:
    """Make a drawing of a stranger's values; ValueError with a sentence when they are none."""
    check_label(label)
    if type(width) not in (int, float) or not 0 < width <= 1:
        raise ValueError(f"The pen width is {shown(width)}: give a number above 0 and at most 1.")
    points = [stroke.round(_DECIMALS) for stroke in parse_strokes(strokes)]
    if not points:
        raise ValueError("The drawing has no ink: draw something.")
    return Drawing(drawing_id, label, checked_hand(hand), float(width), tuple(points), float(saved))


def check_label(label: Any) -> None:
    if type(label) is not int or not 0 <= label <= 9:  # True is an int to isinstance
        raise ValueError(f"The label is {shown(label)}: give a whole number from 0 to 9.")


def checked_hand(hand: Any) -> str:
    if not isinstance(hand, str) or len(hand) > MAX_HAND:
        raise ValueError(f"The hand is {shown(hand)}: give a name of at most {MAX_HAND} characters.")
    return plain(hand)
