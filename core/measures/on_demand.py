"""References are measured when somebody asks for them: one run at a time."""

from __future__ import annotations

import time

from core.measures.reference import Reference, load_reference, reference_state, submit_reference
from core.runs.run import Run

_TRIES = 3  # to have it measured; a worker may have been killed


_PATIENCE_S = 60.0  # until a worker that shows no sign of life counts as killed


_LOOK_AGAIN_S = 2.0  # at a run that still trains


_asked: dict[str, tuple[int, int, float]] = {}  # folder -> weights version, tries, when to look again


_begun: list[tuple[Run, float]] = []  # the run whose measurement was begun last, and until when its worker may start


def wanted(run: Run) -> Reference | None:
    """Return the reference of a run; None while it is being measured, which is begun where it must be.

    One run is measured at a time: the others' turn comes when they are asked about again. A run that still trains is
    not measured before its end. Raises ValueError with the reason when it failed.
    """
    found = load_reference(run)
    if found is not None:
        return found
    key, version, now = str(run.folder), run.weights_version(), time.monotonic()
    asked, tries, again = _asked.get(key, (0, 0, 0.0))
    if asked != version:
        tries, again = 0, 0.0
    work = reference_state(run)
    if work.state == "failed" and tries:  # a new process gives it another chance
        raise ValueError(work.message)
    if work.state == "computing" or now < again:
        return None
    if tries == _TRIES:
        raise ValueError(f"{run.name} could not be measured: its process ended {_TRIES} times. Restart the dashboard.")
    if len(_asked) > 200:
        _asked.clear()
    if run.active():
        _asked[key] = version, tries, now + _LOOK_AGAIN_S
        return None
    if _another_is_measured(run, now):
        return None

    _asked[key] = version, tries + 1, now + _PATIENCE_S
    _begun[:] = [(run, now + _PATIENCE_S)]
    submit_reference(run)
    return None


def _another_is_measured(run: Run, now: float) -> bool:
    """Say whether it is not this run's turn: each measurement is a process with torch in it."""
    if not _begun or _begun[0][0].folder == run.folder:
        return False
    other, until = _begun[0]
    state = reference_state(other).state
    return state == "computing" or (state == "absent" and now < until and other.has_weights())
