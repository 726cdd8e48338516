"""What can be done to the chosen runs: open them elsewhere, train again, name, note, take along, delete."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from zlib import crc32

import streamlit as st

from core.runs.run import MAX_NAME, MAX_NOTE, Run, RunNotFound
from core.runs.store import store
from pages.parts.runs.export import export_run
from pages.parts.runs.table import CHOSEN
from pages.parts.shared.pickers import forget_runs
from pages.parts.shared.run_controls import refusable, refusal, train_again
from pages.parts.shared.undo_bar import Deletion, remember_deletion

# page, title, the task it is for, how many runs it shows
_PAGES = (
    ("train.py", "Train", "", 6),
    ("draw.py", "Draw", "classify", 6),
    ("reconstruct.py", "Reconstruct", "reconstruct", 4),
    ("latent_space.py", "Latent space", "reconstruct", 1),
)


def actions(runs: Sequence[Run]) -> None:
    """Show the row of buttons for the chosen runs."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-actions"):
        if len(runs) == 1:
            _again(runs[0])
            _naming(runs[0])
            export_run(runs[0])
        word = "Delete" if len(runs) == 1 else f"Delete {len(runs)} runs"
        st.button(word, key="runs-delete", icon=":material/delete:", on_click=_delete, args=(list(runs),))
        _links(runs)
    refusal("runs")


def _links(runs: Sequence[Run]) -> None:
    for page, title, task, most in _PAGES:
        fitting = [run.id for run in runs if task in ("", run.spec.task) and (not task or run.has_weights())][:most]
        if fitting:
            st.page_link(page, label=title, icon=":material/arrow_forward:", query_params={"run": ",".join(fitting)})


def _again(run: Run) -> None:
    if st.button("Train again with changes", key="runs-again", icon=":material/tune:"):
        train_again(run)
        st.switch_page("train.py")


def _naming(run: Run) -> None:
    # After a change the popover is another one, and closed; its fields hold what is true then.
    key = f"{run.id}-{crc32(repr((run.name, run.note)).encode())}"
    with (
        st.popover("Name and note", icon=":material/edit:", key=f"naming-{key}"),
        st.form(f"naming-form-{key}", border=False),
    ):
        st.text_input("Name", run.name, max_chars=MAX_NAME, key=f"name-{key}")
        st.text_area("Note", run.note, max_chars=MAX_NOTE, key=f"note-{key}", height=120)
        st.form_submit_button("Save", type="primary", on_click=_name, args=(run, key))


def _name(run: Run, key: str) -> None:
    state = st.session_state
    with refusable("runs"):
        run.rename(state[f"name-{key}"])
        run.annotate(state[f"note-{key}"])


def _delete(runs: list[Run]) -> None:
    gone = []
    with refusable("runs"):
        for run in runs:
            name = run.name
            store().delete(run)
            gone.append((run.id, name))
    if gone:
        remember_deletion("runs", Deletion(gone[0][0], _names(gone), partial(_put_back, gone)))
        forget_runs(CHOSEN, {run_id for run_id, _ in gone})


def _names(gone: Sequence[tuple[str, str]]) -> str:
    names = ", ".join(name for _, name in gone[:3])
    return f"{names} and {len(gone) - 3} more runs" if len(gone) > 3 else names


def _put_back(gone: Sequence[tuple[str, str]]) -> None:
    state = st.session_state
    for run_id, _ in gone:
        with suppress(RunNotFound):  # brought back already, or deleted too long ago
            store().restore(run_id)
            state[CHOSEN] = [*state.get(CHOSEN, []), run_id]
