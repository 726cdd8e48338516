"""Choosing a data set, and downloading one that is not on this disk while the embedded digits stand in for it."""

from __future__ import annotations

import streamlit as st

from core.data.datasets import DATASETS, is_ready
from core.data.fetch import FetchState, fetch_state
from core.jobs import submit
from core.runs.requests import fetch_request
from pages.parts.shared.controls.fields import field, put, value_of
from pages.parts.shared.style import say

_FALLBACK = "digits"  # needs no download
_FETCHED = "asked-to-fetch"  # session: data sets whose download was started without being asked


def pick_dataset(label: str, *, key: str) -> str:
    """Let people choose a data set; return one that is on this disk.

    Choosing one that is not here starts its download, and the embedded digits are chosen until it has come.
    """
    state = st.session_state
    wish_key = f"{key}-wish"
    wish = state.get(wish_key)
    if wish and is_ready(wish):
        put(key, state.pop(wish_key))
    elif value_of(key) is None:
        put(key, "mnist")
    if not is_ready(value_of(key)):
        state[wish_key] = value_of(key)
        put(key, _FALLBACK)

    def forget_wish() -> None:
        if is_ready(value_of(key)):
            state.pop(wish_key, None)

    st.selectbox(
        label,
        list(DATASETS),
        format_func=lambda name: DATASETS[name].title,
        **field(key, forget_wish),
        help="  \n".join(f"{row.title}: {row.blurb}" for row in DATASETS.values()),
    )
    if wish := state.get(wish_key):
        dataset_note(wish)
    return str(value_of(key))


def dataset_note(name: str) -> None:
    """Say in one line why a data set is not here and start its download once; nothing when it is here."""
    state = _fetching(name)
    asked = st.session_state.setdefault(_FETCHED, set())
    if state.state == "absent" and name not in asked:
        asked.add(name)
        _fetch(name)
        state = _fetching(name)
    if state.state != "ready":
        waits = state.state == "fetching"
        st.fragment(_note, run_every=0.5 if waits else None, key=f"fetch-note-{name}")(name, state.state)


def is_fetching(name: str) -> bool:
    """Say whether a data set is being downloaded, or about to be."""
    return _fetching(name).state == "fetching"


def _fetching(name: str) -> FetchState:
    """Where a data set stands, "fetching" also while no process has begun with it."""
    state = fetch_state(name)
    asked = state.state in ("absent", "failed") and fetch_request(name).state()
    return FetchState("fetching") if asked else state


def _fetch(name: str) -> None:
    try:
        submit.fetch(name)
    except ValueError as error:
        say(error)


def _note(name: str, shown: str) -> None:
    title = DATASETS[name].title
    state = _fetching(name)
    if state.state != shown:
        st.rerun()
    if state.state == "fetching":
        note = f"{title} is being downloaded; until it is here the embedded digits are used."
        st.progress(min(1.0, max(0.0, state.fraction or 0.0)), text=note)
        return
    reason = state.message or f"{title} is not on this disk."
    say(f"{reason} The embedded digits are used instead.")
    if st.button("Try again", key=f"fetch-again-{name}", icon=":material/refresh:"):
        _fetch(name)
        st.rerun()
