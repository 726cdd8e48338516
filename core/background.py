"""Work that a worker process does for a run beside its training: the note that says how far it is, and its failure.

The note lies beside what the work stores, in projections/, and is of the weights that it was begun with.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.files import is_held, write_file
from core.projectors import Progress
from core.run import Run


@dataclass(frozen=True)
class Work:
    """How far some work is: `fraction` of it in [0, 1], `message` for people; it fails or its process was ended."""

    state: Literal["absent", "computing", "ready", "failed", "interrupted"]
    fraction: float = 0.0
    message: str = ""


def lock_of(run: Run, name: str) -> Path:
    """Return the lock that the worker holds meanwhile."""
    return run.projection_file(name).with_suffix(".lock")


def carry_out(run: Run, name: str, work: Callable[[Progress], None]) -> None:
    """Do the work, which gets a function to report its progress with.

    Belongs in a worker process that holds `lock_of`. What goes wrong is kept as a sentence for `how_far`; anything
    unexpected is raised as well.
    """
    version = run.weights_version()
    run.projection_file(name).parent.mkdir(exist_ok=True)

    def report(fraction: float, message: str) -> None:
        _write(run, name, {"fraction": fraction, "message": message, "weights_version": version})

    try:
        report(0.0, "loading the model")
        work(report)
    except Exception as error:
        expected = isinstance(error, ValueError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}. Try it again."
        _write(run, name, {"failed": reason, "weights_version": version})
        if not expected:
            raise
        return
    _path(run, name).unlink(missing_ok=True)


def how_far(run: Run, name: str, ready: Callable[[], bool]) -> Work:
    """Tell how far the work is; ready says whether its result is there. Cheap, for those that ask again and again."""
    for _ in range(2):
        note = _read(run, name)
        if is_held(lock_of(run, name)):
            return Work("computing", _share(note), str(note.get("message", "")))
        if ready():
            return Work("ready", 1.0)
        if note.get("weights_version") != run.weights_version():
            return Work("absent")
        if "failed" in note:
            return Work("failed", message=str(note["failed"]))
        # A note of work under way without its lock: killed, or ended since the note was read.
    return Work("interrupted", message="The computation was interrupted. Try it again.")


def _path(run: Run, name: str) -> Path:
    return run.projection_file(name).with_suffix(".note")


def _write(run: Run, name: str, note: dict[str, Any]) -> None:
    # Not forced to the disk: after a crash of the machine it says nothing worth keeping.
    write_file(_path(run, name), json.dumps(note).encode(), durable=False)


def _read(run: Run, name: str) -> dict[str, Any]:
    try:
        note = json.loads(_path(run, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _share(note: dict[str, Any]) -> float:
    share = note.get("fraction", 0.0)
    return min(1.0, max(0.0, float(share))) if isinstance(share, int | float) else 0.0
