"""Figures that follow a slider at once: what they are at each of its positions is made here and sent ahead.

Make a `Position` for each value of the slider, with whole figures, a sentence about each, and numbers ready to read;
`pack` them once and keep the result (of everything only what differs is sent); then `moving_figures` shows them, and
returns the position where the hand rests, so that what is slower, say a gallery, can follow. Called in a fragment,
that alone runs again. While the slider moves nothing is asked of the server, and nothing is computed in the browser.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from core.figures.curves import Figure
from pages.parts.figure.component import HTML
from pages.parts.shared.controls.address import news, remember, remembered
from pages.parts.web.component import component, nothing

_FARTHEST = 1e9  # a value comes from a browser or an address
_FOLDER = Path(__file__).parent
_HTML = f"""
<div class="mf-root digitlab-waits">
  <div class="mf-bar">
    <p class="mf-label"><b></b><span></span></p>
    <span class="mf-value"></span>
    <div class="mf-track"><input class="mf-range" type="range" min="0" step="1"><div class="mf-ticks"></div></div>
    <div class="mf-stops"></div>
  </div>
  <dl class="mf-numbers"></dl>
  <div class="mf-figures"></div>
  {HTML}
</div>
"""
_mount = component(
    "digitlab_moving_figures",
    _FOLDER / "moving.js",
    html=_HTML,
    css=[_FOLDER / "figure.css", _FOLDER / "moving.css"],
    isolate_styles=False,
)


@dataclass(frozen=True, eq=False)
class Position:
    """What is shown at one value of the slider: text is the value as people read it, with its unit if it has one.

    figures, labels: each a figure of core.figures and a sentence about it. numbers: texts, a name for each is packed.
    """

    value: float
    text: str
    figures: Sequence[Figure]
    labels: Sequence[str]
    numbers: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Positions:
    """All positions of a slider: their values, rising, and all that is shown at them as the browser is sent it."""

    values: tuple[float, ...]
    content: str

    def nearest(self, value: float) -> int:
        """Return the number of the position whose value is nearest; of two the lower."""
        return min(range(len(self.values)), key=lambda row: abs(self.values[row] - value))


@dataclass(frozen=True)
class Stop:
    """A button that moves the slider to a value; tip: what that value is."""

    title: str
    value: float
    tip: str = ""


@dataclass(frozen=True)
class _Hand:
    """Where the hand is, as far as Python knows, and where Python put it last.

    turn: of how often that was; what the browser says of an earlier turn is outdated.
    """

    turn: int
    start: float
    value: float


def pack(
    positions: Sequence[Position], files: Sequence[str], *, height: int = 360, names: Sequence[str] = ()
) -> Positions:
    """Pack positions, of rising values and all of as many figures and numbers: of all figures only what differs.

    files: what each figure is called when it is saved; height: of each, in CSS pixels; names: of the numbers.
    """
    figures = []
    for number, file in enumerate(files):
        shown = [{"figure": one.figures[number], "label": one.labels[number]} for one in positions]
        figures.append({**shown[0], "name": file, "height": height, "moving": _columns(shown)})
    values = tuple(float(one.value) for one in positions)
    content = {
        "values": values,
        "texts": [one.text for one in positions],
        "names": list(names),
        "numbers": [list(one.numbers) for one in positions],
        "figures": figures,
    }
    return Positions(values, json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def moving_figures(
    positions: Positions,
    *,
    key: str,
    label: str,
    first: float,
    hint: str = "",
    stops: Sequence[Stop] = (),
    beside: bool = False,
) -> int:
    """Show the figures with their slider; return the number of the position where the hand rested last.

    key: of the element, and the name of the value in the address; first: the value at first; label, hint: what the
    slider sets, and what that means. beside: where there is room the numbers stand beside the figures, not above.
    """
    hand = _hand(key, first, positions.values)
    row = positions.nearest(hand.value)
    remember(key, f"{positions.values[row]:g}", f"{first:g}")
    _mount(
        key=element_key(key),
        data={
            "content": positions.content,
            "name": key,
            "label": label,
            "hint": hint,
            "turn": hand.turn,
            "start": hand.start,  # not where it is now: the browser knows, and what is sent stays the same
            "stops": [asdict(stop) for stop in stops],
            "beside": beside,
        },
        on_at_change=nothing,
    )
    return row


def element_key(key: str) -> str:
    """Return the key of the element in the session."""
    return f"moving-{key}"


def _hand(key: str, first: float, values: Sequence[float]) -> _Hand:
    """A move that is news comes before an address that is: it was made on the page that shows that address."""
    slot = f"hand-{key}"
    known: _Hand | None = st.session_state.get(slot)
    said = _said(st.session_state.get(element_key(key)))
    if known and said and said[0] == known.turn and said[1] != known.value:
        hand = replace(known, value=said[1])
    elif known is None or news(key) is not None:
        start = _number(news(key) or remembered(key), first, values)
        hand = _Hand(known.turn + 1 if known else 1, start, start)
    else:
        hand = known
    st.session_state[slot] = hand
    return hand


def _said(state: object) -> tuple[int, float] | None:
    """What the browser said, the turn and the value, None if that is none: it may be anything."""
    said = state.get("at") if hasattr(state, "get") else None
    if not isinstance(said, dict):
        return None
    turn, value = said.get("turn"), said.get("value")
    if isinstance(turn, bool) or not isinstance(turn, int):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_FARTHEST <= value <= _FARTHEST:
        return None
    return turn, float(value)


def _number(text: str | None, first: float, values: Sequence[float]) -> float:
    """The number in a stranger's text, if it is within the values, else the first."""
    try:
        value = float(text or "")
    except ValueError:
        return first
    return value if values[0] <= value <= values[-1] else first


def _columns(shown: Sequence[Any]) -> list[dict[str, Any]]:
    """What differs between dicts of one form: where, and the value there at each position; equal ones once."""
    columns: dict[str, dict[str, Any]] = {}
    for path, values in _differing(shown, ()):
        text = json.dumps(values)
        columns.setdefault(text, {"paths": [], "values": values})["paths"].append(path)
    return list(columns.values())


def _differing(shown: Sequence[Any], path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], list[Any]]]:
    first = shown[0]
    if all(one is first for one in shown):
        return
    if isinstance(first, dict) and all(isinstance(one, dict) and one.keys() == first.keys() for one in shown):
        steps: Sequence[str | int] = list(first)
    elif _dicts(first) and all(_dicts(one) and len(one) == len(first) for one in shown):
        steps = range(len(first))
    else:
        if any(one != first for one in shown):
            yield path, list(shown)
        return
    for step in steps:
        yield from _differing([one[step] for one in shown], (*path, step))


def _dicts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
