"""What all pages share in looks: the header line, denser CSS, and words of others, shown as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

# Of this Streamlit makes links, icons and arrows even where it is escaped: a word joiner, which nobody sees, parts it.
_LIVE = re.compile(r"(?i)(?<=:)(?=//|material/)|(?<=www)(?=\.)|(?<=@)(?=\w)|(?<=[<>~-])(?=[-=>])")

_CSS = """
<style>
.stMainBlockContainer { padding: 4.1rem 2.2rem 2.5rem; }
.stMainBlockContainer h1 { font-size: 1.6rem; line-height: 1.25; padding: 0; margin: 0; }
.stMainBlockContainer h2 { font-size: 1rem; padding: 0.2rem 0 0; }
.st-key-page-header { margin-bottom: 0.2rem; }
.st-key-page-header [data-testid="stMarkdownContainer"] { margin: 0; }
.st-key-page-header p { margin: 0; opacity: 0.8; }
.stMainBlockContainer [data-testid="stCaptionContainer"] { color: inherit; opacity: 0.8; }
.stMainBlockContainer [data-testid="stWidgetLabel"] { min-height: 0; margin-bottom: 0.1rem; }
/* Too pale are the labels of disabled fields, a slider's blue number on the dark page, and blue on blue. */
.stMainBlockContainer [data-testid="stWidgetLabel"],
.stMainBlockContainer [data-testid="stSliderThumbValue"],
.stMainBlockContainer [data-testid="stSliderThumbValue"] p,
.stMainBlockContainer button[type][data-variant][data-selected="true"] { color: inherit; }
:is([data-testid="stTopNavLink"], [data-testid="stSidebarNavLink"]):focus-visible { outline: 2px solid;
  outline-offset: -2px; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 4.1rem 1rem 2rem; } }
</style>
"""


def page_header(title: str, sentence: str) -> None:
    """Show a page's title with its one sentence below, and apply the shared CSS."""
    st.html(_CSS)
    with st.container(key="page-header", gap=None):
        st.title(title, anchor=False)
        st.markdown(sentence)


def plain(text: str) -> str:
    """Escape what Markdown would read as markup: names and messages are shown as they are."""
    text = _LIVE.sub("\u2060", text)
    text = re.sub(r"([\\`*_{}\[\]()<>#$~:|&])", r"\\\1", re.sub(r"(?m)^[ \t]+", "", text))
    return re.sub(r"(?m)^(\d*)([-+=.])", r"\1\\\2", text)  # what begins a list or underlines a heading


def count(number: int, what: str) -> str:
    """Return so many of something in words: 1 drawing, 2,000 drawings."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def say(text: object, **options: Any) -> None:
    """Show a quiet line with the words of a text or an exception, as they are; options: of st.caption."""
    st.caption(plain(str(text)), **options)


def warn(text: object) -> None:
    """Show what went wrong, in the words of a text or an exception, as they are."""
    st.error(plain(str(text)), icon=":material/error:")


@contextmanager
def guarded() -> Iterator[None]:
    """Say in a line why something cannot be shown, where that raises ValueError or OSError; the rest stays."""
    try:
        yield
    except (ValueError, OSError) as error:
        say(error)
