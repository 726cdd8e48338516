"""Files out and in: a button that makes one when it is pressed, a popover that takes one and closes when it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts.shared.style import warn


def download(label: str, make: Callable[[], str | bytes] | str, name: str, *, key: str, **options: Any) -> None:
    """Show a button for a file; `make` makes it when it is asked for. options: of st.download_button."""
    icon = ":material/download:"
    st.download_button(label, make, name, key=key, icon=icon, on_click="ignore", **options)


def upload(
    title: str, label: str, kinds: list[str], *, key: str, max_bytes: int, busy_text: str, take: Callable[[bytes], None]
) -> None:
    """Let people bring in a file of one of these kinds (name endings); `take` gets its content, once.

    Where `take` raises ValueError, the popover stays open with the reason. doing: what is said meanwhile.
    """
    state = st.session_state
    # How many files came in, which was looked at last, and what was wrong with it.
    count, (seen, wrong) = state.setdefault(f"{key}-imported", (0, ("", "")))
    # With another key, after a file has come, the popover is another one, and closed.
    with st.popover(title, icon=":material/upload:", key=f"{key}-{count}"):
        file = st.file_uploader(label, kinds, key=f"{key}-file-{count}", max_upload_size=max_bytes // 2**20)
        if file is None:
            return
        if file.file_id != seen:  # the page is drawn again and again
            try:
                with st.spinner(busy_text):
                    take(file.getvalue())
            except ValueError as error:
                wrong = str(error)
                state[f"{key}-imported"] = (count, (file.file_id, wrong))
            else:
                state[f"{key}-imported"] = (count + 1, ("", ""))
                st.rerun()
        warn(wrong)
