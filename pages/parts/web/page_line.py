"""The way of a live question through the page, while the live socket is not there."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core.live.answer import answer


def page_reply(kept: str, question: object) -> dict[str, Any] | None:
    """Return the answer to a component's question, computed once and kept in the session under `kept`."""
    if question is None:
        return None
    known = st.session_state.get(kept)
    if known is None or known[0] != question:
        known = st.session_state[kept] = question, json.loads(answer(json.dumps(question)))
    reply: dict[str, Any] = known[1]
    return reply
