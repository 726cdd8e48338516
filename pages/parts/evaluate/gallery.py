"""Digits in tiles, some more at a time; one of them can be chosen, and is in the address."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.data.label_errors import doubted_labels
from core.untrusted import shown
from pages.parts.evaluate.readings import SPLITS, Digits
from pages.parts.shared.controls.address import kept, put
from pages.parts.web.component import component, nothing

STAR = "\N{NO-BREAK SPACE}*"  # after what is said of a digit whose label people doubt
ONE = {"test": "Test digit", "train": "Training digit"}
_DIGIT = "digit"  # in the address: the number in its split
_PAGE = 48  # digits more at a time
_COLUMNS = 16  # of the sheet of pictures
_SHOWN = "galleries"  # session: the keys of the galleries there are
_HEARD = "gallery-heard"  # session: the number of the last choice in each
_CHOSEN = "gallery-chosen"  # session: the digit in the address, and the digits it is one of
_FOLDER = Path(__file__).parent
_HTML = '<div class="digits digitlab-waits"><div class="tiles" role="listbox" data-testid="gallery"></div></div>'
_mount = component("digitlab_digits", _FOLDER / "gallery.js", html=_HTML, css=[_FOLDER / "gallery.css"])


def gallery(digits: Digits, rows: np.ndarray, captions: Sequence[str], *, key: str, label: str) -> None:
    """Show digits of a split with what is said of each; rows: int64 (n,), their numbers in the split.

    Those whose labels people doubt get a star. A gallery and what shows the chosen digit stand in one `fragment`, see
    detail.py, so that a choice runs nothing else again.
    """
    pages = st.session_state.setdefault(f"gallery-{key}", 1)
    count = min(len(rows), _PAGE * pages)
    if not count:
        return
    doubted = doubted_labels(digits.dataset, digits.split)
    rows, total = rows[:count], len(rows)
    tiles = [_tile(digits, int(row), captions[i], row in doubted) for i, row in enumerate(rows)]
    name = f"digits-of-{key}"
    st.session_state.setdefault(_SHOWN, {})[name] = None
    data = {"tiles": tiles, "chosen": _number(digits), "label": label, "columns": _COLUMNS}
    _mount(key=name, data=data | {"sheet": _sheet(digits.images(rows))}, on_pick_change=nothing)
    if count < total:
        more = min(_PAGE, total - count)
        st.button(f"Show {more:,} more", key=f"more-{key}", on_click=_more, args=(f"gallery-{key}",))


def hear() -> None:
    """Take over what was chosen in a gallery since; it comes from a browser, so it may be anything."""
    for name in st.session_state.get(_SHOWN, ()):
        pick: Any = (st.session_state.get(name) or {}).get("pick")
        heard = st.session_state.setdefault(_HEARD, {})
        last = heard.get(name, 0)
        if not isinstance(pick, dict) or type(pick.get("n")) is not int or not last < pick["n"] < 2**53:
            continue
        heard[name] = pick["n"]
        number = pick.get("number")
        if number is None:
            put(_DIGIT, "")
        elif type(number) is int and 0 <= number < 10**9:
            put(_DIGIT, str(number))


def forget() -> None:
    """Choose none, from the callback of a button."""
    put(_DIGIT, "")


def chosen_digit(digits: Digits) -> int | None:
    """Return the number of the digit in the address, None where there is none. ValueError where it is none of these.

    Of other digits, say of another split, the one with its number is another one: it is chosen no more.
    """
    text, of = kept(_DIGIT), (digits.dataset, digits.split)
    before = st.session_state.get(_CHOSEN)
    if text and before is not None and before[0] == text and before[1] != of:
        put(_DIGIT, "")
        text = kept(_DIGIT)
    st.session_state[_CHOSEN] = (text, of)
    if not text:
        return None
    count = len(digits.labels)
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) >= count:
        raise ValueError(
            f"There is no digit {shown(text)} among the {count:,} {SPLITS[digits.split].lower()}. "
            f"Choose one from 0 to {count - 1:,}."
        )
    return int(text)


def _number(digits: Digits) -> int | None:
    try:
        return chosen_digit(digits)
    except ValueError:
        return None  # it is said once, where the digit would be


def _tile(digits: Digits, row: int, caption: str, doubted: bool) -> dict[str, object]:
    name = f"{ONE[digits.split]} {row:,}"
    told = f"{name}: {caption}{', its label is doubted' if doubted else ''}"
    return {"number": row, "text": caption + STAR * doubted, "spoken": told}


def _sheet(images: np.ndarray) -> str:
    """Return the data address of a PNG of pictures, uint8 (n, 28, 28), _COLUMNS in a row."""
    lines = -(-len(images) // _COLUMNS)
    tiles = np.zeros((lines * _COLUMNS, 28, 28), np.uint8)
    tiles[: len(images)] = images
    sheet = tiles.reshape(lines, _COLUMNS, 28, 28).swapaxes(1, 2).reshape(28 * lines, 28 * _COLUMNS)
    png = io.BytesIO()
    Image.fromarray(sheet).save(png, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def _more(key: str) -> None:
    st.session_state[key] += 1
