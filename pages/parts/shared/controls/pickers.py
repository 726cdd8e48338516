"""Choosing runs: the same pickers on every page, with the chosen runs in the address."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st

from core.runs.run import Run, RunNotFound
from core.runs.store import store
from core.runs.trash import RunInTrash
from pages.parts.shared.controls.fields import put, widget_key
from pages.parts.shared.style import count, plain, say

_LINKED = 20  # runs in an address; browsers and mail programs cut long ones
_CARRIED = "selected-runs"  # session: what was chosen last by hand or by a link, on whichever page
_NEW = "announced-runs"  # session: runs started in this browser, for pickers that have not seen them
_BESIDE = "announced-beside"  # session: of those, the run to be compared with


def announce_run(run: Run, beside: str = "") -> None:
    """Let every picker that fits this new run choose it, too, when it is shown next, and the run beside it."""
    st.session_state.setdefault(_NEW, []).append(run.id)
    if beside:
        st.session_state.setdefault(_BESIDE, {})[run.id] = beside


def announced_runs() -> frozenset[str]:
    """Return the ids of the runs started in this session."""
    return frozenset(st.session_state.get(_NEW, []))


def has_learned(run: Run) -> bool:
    """Say whether a run has finished an epoch: until then it is shown only where somebody chooses it."""
    try:
        return run.summary().epochs > 0
    except RunNotFound:
        return False


def run_labels(runs: Sequence[Run]) -> dict[str, str]:
    """Return a different plain-text label for each run id: its name and, where needed, when it began."""
    names = [run.name for run in runs]
    labels: dict[str, str] = {}
    for run in runs:
        label = run.name if run.shipped or names.count(run.name) == 1 else f"{run.name}, {_when(run.created)}"
        labels[run.id] = label if label not in labels.values() else f"{label} ({run.id[-8:]})"
    return labels


def pick_runs(
    label: str,
    *,
    task: str | None = None,
    key: str,
    max_selections: int = 6,
    default: Sequence[str] | None = None,
    alone: bool = False,
    tip: str | None = None,
) -> list[Run]:
    """Let people choose runs, in the address as ?run=a,b, and remembered while they visit other pages.

    task: offer only "classify" or "reconstruct" runs. default: run ids chosen at the first visit; None is the
    newest run. What was chosen on another page since is chosen here, too, after the default where one is given.
    Runs in the address that do not exist or do not fit are named in one quiet line. alone: a run that was just started
    is shown without those chosen before it, see `offer_earlier`.
    """
    offered = {run.id: run for run in store().runs(task)}
    first = list(offered)[:1] if default is None else list(default)
    wanted, notes = wanted_runs(key, first, offered, beside=default is not None, alone=alone)
    known = [run_id for run_id in wanted if run_id in offered]
    chosen = known[:max_selections]
    if len(known) > max_selections:
        notes.append(f"{len(known)} runs are chosen; this page shows the first {max_selections} of them.")
    put(key, chosen, again=True)
    labels = run_labels(list(offered.values()))
    picked = st.multiselect(
        label,
        list(offered),
        format_func=lambda run_id: labels.get(run_id, str(run_id)),
        key=widget_key(key),
        max_selections=max_selections,
        placeholder="Choose runs" if offered else "Nothing is trained yet",
        disabled=not offered,
        select_all=False,
        help=tip,
    )
    remember_runs(key, picked)
    for note in notes:
        say(note)
    return [offered[run_id] for run_id in picked if run_id in offered]


def pick_run(label: str, *, task: str | None = None, key: str, first: str = "", tip: str | None = None) -> Run | None:
    """Let people choose one run, as `pick_runs` does; None when there is no fitting run.

    first: the id of the run chosen at the first visit, where it is there; else it is the newest.
    """
    offered = {run.id: run for run in store().runs(task)}
    if not offered:
        return pick_among(label, [], key=key)
    begin = [first] if first in offered else list(offered)[:1]
    wanted, notes = wanted_runs(key, begin, offered)
    known = [run_id for run_id in wanted if run_id in offered] or begin
    st.session_state[key] = known[0]
    picked = pick_among(label, list(offered.values()), key=key, help=tip)
    remember_runs(key, [picked.id] if picked else [])
    for note in notes:
        say(note)
    return picked


def pick_among(label: str, runs: Sequence[Run], *, key: str, first: str | None = "", **options: Any) -> Run | None:
    """Let people choose one of these runs; None when there is none, or none is chosen.

    first: the id of the run chosen at the first visit, else it is the first of them; None chooses none. options: of
    st.selectbox.
    """
    ids, labels = [run.id for run in runs], run_labels(runs)
    if not runs:
        options |= {"placeholder": "Nothing is trained yet", "disabled": True}
        key = f"{key}-none"
    index = None if first is None else ids.index(first) if first in ids else 0
    picked = st.selectbox(label, ids, index, format_func=lambda one: labels.get(one, str(one)), key=key, **options)
    return next((run for run in runs if run.id == picked), None)


def wanted_runs(
    key: str, first: list[str], offered: dict[str, Run], beside: bool = False, alone: bool = False
) -> tuple[list[str], list[str]]:
    """Return the run ids this picker should show now, and notes about ids of the address it cannot show.

    A changed address wins (a link, the browser's back button), then what is in the widget, then what was chosen last
    on any page, then what the session remembers of this one, because changing the page drops both the address and the
    widget. beside: what comes from another page, and what was just started, is shown after what is remembered, once it
    has learned for an epoch. alone: a run that was just started is shown without those before it, but for the one it
    is to be compared with.
    """
    state = st.session_state

    def fits(run_id: str) -> bool:
        return not beside or has_learned(offered[run_id])

    address = str(st.query_params.get("run", ""))[:2000]
    asked = [part for part in address.split(",") if part]
    # Of a page that is opened anew the address is a link, or an entry of the history: it says what was chosen then.
    widget = widget_key(key)
    if address and (widget not in state or address != state.get(f"{key}-address")):
        state[f"{key}-asked"] = asked
        wanted = list(dict.fromkeys(asked))
        state[_CARRIED] = wanted
        if not any(run_id in offered for run_id in wanted):
            wanted += state.get(f"{key}-chosen", first)
    elif widget in state:
        now = state[widget]
        wanted = list(now) if isinstance(now, list) else [now]
        gone = [run_id for run_id in wanted if run_id not in offered]  # its folder was removed meanwhile
        state[f"{key}-asked"] = list(dict.fromkeys([*state.get(f"{key}-asked", []), *gone]))
    else:
        carried = [run_id for run_id in state.get(_CARRIED, []) if run_id in offered]
        known = list(state.get(f"{key}-chosen", first))
        wanted = list(dict.fromkeys([*known, *filter(fits, carried)])) if beside else carried or known
    seen = state.setdefault(f"{key}-seen", [])
    news = [run_id for run_id in state.get(_NEW, []) if run_id in offered and run_id not in seen and fits(run_id)]
    seen.extend(news)
    if beside:
        return list(dict.fromkeys([*wanted, *news])), _complaints(key, offered)
    if news:  # curves of another task have nothing in common with the new ones
        task = offered[news[-1]].spec.task
        wanted = [run_id for run_id in wanted if run_id in offered and offered[run_id].spec.task == task]
        if alone:
            partner = state.get(_BESIDE, {}).get(news[-1], "")
            state[f"{key}-earlier"] = [run_id for run_id in wanted if run_id not in (partner, *news)]
            wanted = [partner] if partner in offered else []
    wanted = news[::-1] + [run_id for run_id in wanted if run_id not in news]
    return wanted, _complaints(key, offered)


def remember_runs(key: str, picked: list[str]) -> None:
    """Keep what is picked for the next visit, and in the address as far as it is room for."""
    state = st.session_state
    if f"{key}-chosen" in state and state[f"{key}-chosen"] != picked:
        state[f"{key}-asked"] = []  # a choice made by hand ends the notes about the address
        state[_CARRIED] = list(picked)
    state[f"{key}-chosen"] = list(picked)
    address = ",".join(picked[:_LINKED])
    state[f"{key}-address"] = address
    if address != st.query_params.get("run", ""):
        if address:
            st.query_params["run"] = address
        else:
            st.query_params.pop("run", None)


def offer_earlier(key: str, runs: Sequence[Run]) -> None:
    """Show a button that brings back the runs which a new one has taken the place of, while there are any."""
    state = st.session_state
    away = [run for run in store().runs() if run.id in state.get(f"{key}-earlier", []) and run not in runs]
    if not away:
        return
    ids = [run.id for run in (*runs, *away)]
    names = run_labels(away)
    label = names[away[0].id] if len(away) == 1 else count(len(away), "earlier run")
    st.button(plain(f"Show {label}, too"), key=f"{key}-bring", on_click=choose_runs, args=(key, ids))


def choose_runs(key: str, ids: list[str]) -> None:
    """Choose runs for people in a picker of `pick_runs`, from the callback of a button."""
    put(key, ids)


def forget_runs(key: str, gone: Collection[str]) -> None:
    """Take runs that were deleted on purpose out of a picker, so that it does not complain of them."""
    state = st.session_state
    for name in (key, f"{key}-asked"):
        state[name] = [run_id for run_id in state.get(name, []) if run_id not in gone]


def _complaints(key: str, offered: Collection[str]) -> list[str]:
    asked = st.session_state.get(f"{key}-asked", [])[:3]
    return [_complaint(run_id) for run_id in asked if run_id not in offered]


def _complaint(run_id: str) -> str:
    try:
        store().get(run_id)
    except RunInTrash as error:
        return str(error)
    except RunNotFound:
        pass
    # The id comes from a stranger's address: only plain ones are repeated.
    shown = f"The run “{run_id}”" if re.fullmatch(r"[A-Za-z0-9-]{1,60}", run_id) else "A run in the address"
    return f"{shown} is not here, or not for this page; it is left out."


def _when(created: float) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(created))
