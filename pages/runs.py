"""Runs: all that was trained in one table; compare, go on, rename, take along and delete what is chosen."""

import streamlit as st

from core.runs.run import ACTIVE, Run
from core.runs.store import store
from pages.parts.runs.actions import actions, runs_trash
from pages.parts.runs.compare import missing_figures, overlaid_curves, settings_table
from pages.parts.runs.export import import_run, refusals
from pages.parts.runs.table import BY_HAND, CHOSEN, Line, fingerprint, listing, pick_lines, read_lines, runs_table
from pages.parts.shared.controls.pickers import remember_runs, wanted_runs
from pages.parts.shared.run_controls import COMPACT
from pages.parts.shared.run_status import run_statuses
from pages.parts.shared.style import page_header, say
from pages.parts.shared.trash import trash_list, undo_bar

SHOWN = 8  # chosen runs whose curves are drawn: there are as many colours
EVERY_S = 1.0  # between two looks whether anything changed

page_header("Runs", "Find, compare and keep what was trained.")
st.html(COMPACT)


def watch(active: list[Line], watched: list[str], before: tuple[object, ...]) -> None:
    """Look whether the runs changed, here or elsewhere, and draw the page again only then."""
    listed = listing(store().folder)
    now = read_lines((line.run for line in active), listed)
    if (fingerprint(listed, now, watched), store().trash.version(), refusals()) != before:
        st.rerun()


def chosen_part(runs: list[Run]) -> None:
    """What belongs to the chosen runs."""
    actions(runs, st.session_state[BY_HAND])
    shown = runs[:SHOWN]
    left, right = st.columns([2, 1.1], gap="medium")
    with left:
        overlaid_curves(shown)
    with right:
        run_statuses(shown)
        missing_figures(shown)
        if len(runs) > SHOWN:
            say(f"{len(runs) - SHOWN} more runs are chosen; curves are drawn of the first {SHOWN}.")
        if len(runs) == 1 and runs[0].note:
            say(runs[0].note)
        if len(runs) == 1:
            settings_table(shown)
    if len(runs) > 1:
        settings_table(shown)


listed = listing(store().folder)  # before they are read, so that no change after it is missed
in_trash = store().trash.version()
trash = runs_trash()
undo_bar(trash)
lines = read_lines(store().runs(), listed)
offered = {line.run.id: line.run for line in lines}
wanted, notes = wanted_runs(CHOSEN, list(offered)[:1], offered)
st.session_state[CHOSEN] = [run_id for run_id in wanted if run_id in offered]
with st.container(horizontal=True, vertical_alignment="center", gap="small", key="runs-filters"):
    passed = pick_lines(lines) if lines else []
    import_run()
    trash_list(trash)
if lines:
    runs_table(passed, st.session_state[CHOSEN])
else:
    st.caption("Nothing is trained yet: train a model on the Train page, or import one.")
chosen = st.session_state[CHOSEN]
st.session_state[BY_HAND] = set(chosen).intersection(st.session_state.get(BY_HAND, ()))
remember_runs(CHOSEN, chosen)
for note in notes:
    say(note)
if chosen:
    chosen_part([offered[run_id] for run_id in chosen])
active = [line for line in lines if line.status in ACTIVE]
before = (fingerprint(listed, active, chosen[:SHOWN]), in_trash, refusals())
st.fragment(watch, run_every=EVERY_S, key="runs-watch")(active, chosen[:SHOWN], before)
