"""A run as files for elsewhere, each made when it is asked for, and a packed run brought in."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import streamlit as st

from core.jobs import submit
from core.measures.scores import SCORES
from core.runs.archive.check import MAX_ARCHIVE
from core.runs.archive.pack import pack, unpack
from core.runs.export import metrics_csv, onnx_model, script, tensorboard
from core.runs.run import Run
from core.runs.store import store
from pages.parts.runs.table import CHOSEN
from pages.parts.shared.style import warn
from pages.parts.shared.upload import download, upload

_REFUSED = "files-refused"  # session: (run id, what) -> why it could not be made


def _weights(run: Run) -> bytes:
    return (run.folder / "weights.safetensors").read_bytes()


# what, how its file's name ends, who makes it, whether that needs weights
_FILES: tuple[tuple[str, str, Callable[[Run], str | bytes], bool], ...] = (
    ("The whole run", ".zip", pack, True),
    ("Weights", ".safetensors", _weights, True),
    ("Model", ".onnx", onnx_model, True),
    ("Metrics", ".csv", metrics_csv, False),
    ("Script that trains it", ".py", script, False),
    ("TensorBoard files", "-tensorboard.zip", tensorboard, False),
)


def export_run(run: Run) -> None:
    """Show the files a run can be had as. Nothing is made before it is asked for."""
    refused: dict[tuple[str, str], str] = st.session_state.setdefault(_REFUSED, {})
    with (
        st.popover("Export", icon=":material/download:", key=f"take-{run.id}"),
        st.container(gap="xsmall", key="run-files"),
    ):
        if not run.has_weights():
            st.caption("There are no weights yet: wait for the first epoch.")
        for what, ending, make, needs_weights in _FILES:
            download(
                f"{what} (.{ending.split('.')[-1]})",
                partial(_made, run, what, make, refused),
                f"{_slug(run)}{ending}",
                key=f"take-{what}-{run.id}",
                disabled=needs_weights and not run.has_weights(),
                width="stretch",
            )
            if why := refused.get((run.id, what)):
                warn(why)


def refusals() -> tuple[object, ...]:
    """Return what changes when a file could not be made: that is known only after the page was drawn."""
    return tuple(st.session_state.get(_REFUSED, {}).items())


def _made(run: Run, what: str, make: Callable[[Run], str | bytes], refused: dict[tuple[str, str], str]) -> str | bytes:
    # Called in another thread when the button is pressed: the session is not known there.
    refused.pop((run.id, what), None)
    try:
        return make(run)
    except (ValueError, OSError) as error:
        refused[run.id, what] = str(error)
        raise


def _slug(run: Run) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-")[:60] or run.id


def import_run() -> None:
    """Let people bring in a packed run; it is chosen then."""
    label = "A run packed here or elsewhere (.zip)"
    upload(
        "Import a run",
        label,
        ["zip"],
        key="bring",
        max_bytes=MAX_ARCHIVE,
        busy_text="Checking the file",
        take=_unpack,
    )


def _unpack(content: bytes) -> None:
    run = unpack(content, store())
    st.session_state[CHOSEN] = [run.id]
    # Until it is measured, its figure is what its log claims; a stranger wrote that.
    with suppress(ValueError):  # the disk is full by now: the run is there all the same
        submit.request(SCORES, run)
