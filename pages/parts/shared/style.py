"""What all pages share in looks: the header line and a little CSS that makes Streamlit denser."""

from __future__ import annotations

import re

import streamlit as st

_CSS = """
<style>
.stMainBlockContainer { padding: 4.1rem 2.2rem 2.5rem; }
.stMainBlockContainer h1 { font-size: 1.6rem; line-height: 1.25; padding: 0; margin: 0; }
.stMainBlockContainer h2 { font-size: 1.2rem; padding: 0.3rem 0 0; }
.stMainBlockContainer h3 { font-size: 1rem; padding: 0.2rem 0 0; }
.st-key-page-header { margin-bottom: 0.2rem; }
.st-key-page-header [data-testid="stMarkdownContainer"] { margin: 0; }
.st-key-page-header p { margin: 0; opacity: 0.8; }
.stMainBlockContainer [data-testid="stWidgetLabel"] { min-height: 0; margin-bottom: 0.1rem; }
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
    return re.sub(r"([\\`*_{}\[\]()<>#$~:|])", r"\\\1", text)
