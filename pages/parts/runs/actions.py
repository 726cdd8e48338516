"""What can be done to the chosen runs: open them elsewhere, train again, name, note, take along, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zlib import crc32

import streamlit as st

from core.runs.facts import MAX_NAME, MAX_NOTE
from core.runs.run import Run, RunNotFound
from core.runs.store import store
from core.trash import Trashed
from pages.parts.runs.export import export_run
from pages.parts.runs.table import CHOSEN
from pages.parts.shared.controls.pickers import forget_runs
from pages.parts.shared.question import Question, ask, in_words, question_line
from pages.parts.shared.run_controls import refusable, refusal, train_again
from pages.parts.shared.style import count
from pages.parts.shared.trash import Deletion, Trash, remember_deletion

# page, title, the task it is for, how many runs it shows
_PAGES = (
    ("train.py", "Train", "", 6),
    ("draw.py", "Draw", "classify", 6),
    ("reconstruct.py", "Reconstruct", "reconstruct", 4),
    ("latent_space.py", "Latent space", "reconstruct", 1),
)
_NAMED_AS = "runs-named-as"  # session: id, name and note of the run as the form for them was opened
_ASK = "runs-delete-many"  # the question before several are deleted
_NAMED = 12  # runs of a question or a line
_KEPT = "The trash keeps them for 24 hours; runs that ship with the project are only hidden."


def actions(runs: Sequence[Run], by_hand: Collection[str]) -> None:
    """Show the row of buttons for the chosen runs; only those chosen by hand can be deleted, which is asked of many."""
    armed = [run for run in runs if run.id in by_hand]
    ids = tuple(run.id for run in armed)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-actions"):
        if len(runs) == 1:
            _again(runs[0])
            _naming(runs[0])
            export_run(runs[0])
        st.button(
            _delete_label(len(armed), len(runs)),
            key="runs-delete",
            icon=":material/delete:",
            disabled=not armed,
            on_click=_delete if len(runs) == 1 else ask,
            args=(armed,) if len(runs) == 1 else (_ASK, ids),
        )
        _links(runs)
        if not armed:
            st.caption("Chosen by the page or a link: to delete, untick and tick again.", width="content")
    yes = f"Delete {count(len(armed), 'run')}"
    text = f"{yes}? {in_words([run.name for run in armed], _NAMED)}. {_KEPT}"
    question_line(Question(_ASK, ids, text, yes), _delete, (armed,))
    refusal("runs")


def runs_trash() -> Trash:
    """Return the trash of the runs; what is restored from it is chosen then."""
    return Trash("runs", store().trash.listed(), _restore, store().trash.erase)


def _delete_label(armed: int, chosen: int) -> str:
    if not armed or chosen == 1:
        return "Delete"
    return f"Delete {armed} runs" if armed == chosen else f"Delete {armed} of {chosen} runs"


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
    """Show the form for name and note. While it is open it stays as it is, so that nothing typed into it is lost."""
    state, opened = st.session_state, f"naming-{run.id}"
    with st.popover("Name and note", icon=":material/edit:", key=opened, on_change="rerun") as popover:
        if not popover.open or state.get(_NAMED_AS, ("",))[0] != run.id:
            state[_NAMED_AS] = (run.id, run.name, run.note)
        key = f"{run.id}-{crc32(repr(state[_NAMED_AS]).encode())}"  # after a change the fields hold what is true then
        with st.form(f"naming-form-{key}", border=False):
            _, name, note = state[_NAMED_AS]
            st.text_input("Name", name, max_chars=MAX_NAME, key=f"name-{key}")
            st.text_area("Note", note, max_chars=MAX_NOTE, key=f"note-{key}", height=120)
            st.form_submit_button("Save", type="primary", on_click=_name, args=(run, key))


def _name(run: Run, key: str) -> None:
    """Save what was typed; what somebody else has saved meanwhile stays where nothing was, and else is told."""
    state = st.session_state
    (_, *before), typed = state[_NAMED_AS], [state[f"{field}-{key}"].strip() for field in ("name", "note")]
    now = Run(run.folder)
    with refusable("runs"):
        theirs, lost = [now.name, now.note], []
        for field, was, mine, other in zip(("name", "note"), before, typed, theirs, strict=True):
            if mine in (was, other):
                continue
            (now.rename if field == "name" else now.annotate)(mine)
            if other != was:
                lost.append(f"the {field} “{other}”" if other else f"an empty {field}")
        state[f"naming-{run.id}"] = False  # what is refused stays open, to be mended
        if lost:
            raise ValueError(f"Saved over what somebody else had saved meanwhile: {' and '.join(lost)}.")


def _delete(runs: Sequence[Run]) -> None:
    done: dict[str, Trashed] = {}
    late = []
    with refusable(runs_trash().refusals):
        store().end(runs)  # all at once, so that one waits for the slowest alone
        for run in runs:
            name = run.id
            try:
                name = run.name
                done[run.id] = store().delete(run)
            except RunNotFound:
                late.append(name)
        if late:
            raise ValueError(f"Somebody else has deleted {in_words(late, _NAMED)} already: look into the trash.")
    for hidden in (False, True):
        if alike := {run_id: one for run_id, one in done.items() if (one.until is None) == hidden}:
            names, keys = (
                in_words([one.what for one in alike.values()], _NAMED),
                tuple(one.key for one in alike.values()),
            )
            remember_deletion("runs", Deletion(next(iter(alike)), names, keys, hidden))
    forget_runs(CHOSEN, {run.id for run in runs if not run.folder.exists() or store().trash.hides(run)})


def _restore(key: str) -> None:
    run = store().restore(key)
    st.session_state[CHOSEN] = [*st.session_state.get(CHOSEN, []), run.id]
