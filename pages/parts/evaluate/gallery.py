"""Digits in tiles, some more at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.parts.evaluate.readings import Digits
from pages.parts.shared.strips import image_tiles

_PAGE = 48  # digits more at a time


def gallery(digits: Digits, rows: np.ndarray, captions: Sequence[str], *, key: str, label: str) -> None:
    """Show digits of a split with what is said of each; rows: int64 (n,), their numbers in the split."""
    pages = st.session_state.setdefault(f"gallery-{key}", 1)
    count = min(len(rows), _PAGE * pages)
    if not count:
        return
    image_tiles(digits.images(rows[:count]), captions[:count], label=label)
    if count < len(rows):
        more = min(_PAGE, len(rows) - count)
        st.button(f"Show {more:,} more", key=f"more-{key}", on_click=_more, args=(f"gallery-{key}",))


def _more(key: str) -> None:
    st.session_state[key] += 1
