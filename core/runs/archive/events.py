"""What the lines of events.jsonl may hold, for those that come from strangers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from core.runs.events import EpochLine, FitLine, LifecycleLine, Line, StepLine, from_json, to_json
from core.untrusted import plain, read_object, refuse

_LINES, _LINE = 50_000, 65_536  # at most so many, of so many bytes
_LAYERS, _LAYER = 200, re.compile(r"[\w. ]{1,80}", re.ASCII)  # at most so many, of such names
_NORMS = {"gradient_norm", "weight_norm"}
_ALWAYS = {"event", "time", "seconds"}
_OLDER_SUMMARY = {"metric", "best", "best_epoch", "epochs", "seconds", "images_per_second", "parameters"}
# What else a line of how the run went must have, and what it may.
_LIFECYCLE: dict[str, tuple[set[str], set[str]]] = {
    "queued": (set(), {"message"}),
    "started": ({"total_steps", "parameters"}, {"step", "learned"}),
    "finished": (set(), {"message", "summary"}),
    "stopped": ({"message"}, {"summary"}),
    "paused": ({"message"}, {"summary"}),
    "failed": ({"message"}, {"summary"}),
    "diverged": ({"message", "step", "last_loss"}, {"summary"}),
}


def read_events(data: bytes, member: str, train: Iterable[str], test: Iterable[str]) -> list[Line]:
    """Read event lines as `core.runs.recorder` writes them, the metrics of training and test having these names.

    Unknown events and keys are refused rather than passed over: what would be lost should not be lost in silence.
    """
    if data.count(b"\n") > _LINES:
        raise refuse(member, f"has more than {_LINES:,} lines")
    *lines, rest = data.split(b"\n")
    if rest:
        raise refuse(member, "ends in the middle of a line")
    events = [_read_event(line, f"{member}: line {n}", set(train), set(test)) for n, line in enumerate(lines, 1)]
    _check_order(events, member)
    return events


def _check_order(events: Iterable[Line], member: str) -> None:
    """Raise ArchiveError unless steps, shares and epochs rise, after each start from where it goes on."""
    # The last; of the epochs that count which, and at which step it ended.
    step, fraction, share, epochs = 0, 0.0, 0.0, [(0, 0)]
    for number, line in enumerate(events, 1):
        rises = True
        if isinstance(line, StepLine):
            rises = line.step > step and line.epoch >= fraction
            step, fraction = line.step, line.epoch
        elif isinstance(line, FitLine):
            rises = line.share > share
            share = line.share
        elif isinstance(line, EpochLine):
            rises = line.step >= step and line.epoch > epochs[-1][0]
            step = line.step
            epochs.append((line.epoch, step))
        elif line.event == "started":
            step, fraction, share = line.step or 0, 0.0, 0.0
            while epochs[-1][1] > step:
                epochs.pop()
        if not rises:
            raise refuse(f"{member}: line {number}", "is of a step or an epoch that lines above it have passed")


def _read_event(text: bytes, member: str, train: set[str], test: set[str]) -> Line:
    event = read_object(text, member, _LINE)
    try:
        line = from_json(event)
    except ValueError as error:
        raise refuse(member, "is no event of a run") from error
    if isinstance(event.get("summary"), dict) and set(event["summary"]) == _OLDER_SUMMARY:
        del event["summary"]  # it is made of the other lines again
    fits = isinstance(line, FitLine)
    if isinstance(line, LifecycleLine):
        fits = _fits(line, set(event))
    elif isinstance(line, StepLine | EpochLine):
        fits = _measured(line, train, test)
    if not fits or to_json(line) != event:  # where anything is lacking or unknown, it would be written in another way
        raise refuse(member, "does not hold what belongs to an event")
    if isinstance(line, LifecycleLine) and line.message is not None:
        return replace(line, message=plain(line.message))
    return line


def _fits(line: LifecycleLine, keys: set[str]) -> bool:
    if line.event not in _LIFECYCLE:
        return False
    needed, more = _LIFECYCLE[line.event]
    return needed | _ALWAYS <= keys <= needed | _ALWAYS | more


def _measured(line: StepLine | EpochLine, train: set[str], test: set[str]) -> bool:
    tests = [line.test, line.train_sample, line.validation] if isinstance(line, EpochLine) else [line.test]
    health = (isinstance(line, EpochLine) and line.health) or {}
    return (
        set(line.train) == train
        and all(metrics is None or set(metrics) == test for metrics in tests)
        and len(health) <= _LAYERS
        and all(map(_LAYER.fullmatch, health))
        and all(_NORMS <= set(measures) <= {*_NORMS, "dead", "saturated"} for measures in health.values())
    )
