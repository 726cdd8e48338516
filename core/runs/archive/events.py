"""What the lines of events.jsonl may hold, for those that come from strangers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from core.untrusted import plain, read_object, refuse

_LINES, _LINE = 50_000, 65_536  # at most so many, of so many bytes
_WHOLE = 2**53  # up to here whole numbers are exact for everyone who reads JSON

_Check = Callable[[Any], bool]


def read_events(data: bytes, member: str, train: Iterable[str], test: Iterable[str]) -> list[dict[str, Any]]:
    """Read event lines as `core.runs.recorder` writes them, the metrics of training and test having these names.

    Unknown events and keys are refused rather than passed over: what would be lost should not be lost in silence.
    """
    if data.count(b"\n") > _LINES:
        raise refuse(member, f"has more than {_LINES:,} lines")
    *lines, rest = data.split(b"\n")
    if rest:
        raise refuse(member, "ends in the middle of a line")
    schema = _schema(_metrics(train), _metrics(test))
    return [_read_event(line, f"{member}: line {n}", schema) for n, line in enumerate(lines, 1)]


def _read_event(line: bytes, member: str, schema: Mapping[str, _Check]) -> dict[str, Any]:
    event = read_object(line, member, _LINE)
    kind = event.get("event")
    if not isinstance(kind, str) or kind not in schema:
        raise refuse(member, "is no event of a run")
    if not schema[kind](event):
        raise refuse(member, f"does not hold what belongs to the event {kind}")
    if "message" in event:
        event["message"] = plain(event["message"])
    return event


def _number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) <= _WHOLE)


def _maybe_number(value: Any) -> bool:
    return value is None or _number(value)


def _between(low: float, high: float) -> _Check:
    return lambda value: _number(value) and low <= value <= high


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _WHOLE


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _metrics(names: Iterable[str]) -> _Check:
    return _object(dict.fromkeys(names, _number))


def _health(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= 200 and all(map(_layer, value, value.values()))


def _layer(name: str, measures: Any) -> bool:
    return bool(re.fullmatch(r"[\w. ]{1,80}", name, re.ASCII)) and _MEASURES(measures)


def _object(checks: Mapping[str, _Check]) -> _Check:
    """Return the check of an object that has these keys; "?" marks those that may be missing."""
    known = {key.rstrip("?"): check for key, check in checks.items()}
    needed = {key for key in checks if not key.endswith("?")}
    return lambda value: (
        isinstance(value, dict) and needed <= set(value) <= set(known) and all(known[k](v) for k, v in value.items())
    )


_MEASURES = _object({"gradient_norm": _number, "weight_norm": _number, "dead?": _number, "saturated?": _number})


def _schema(train: _Check, test: _Check) -> dict[str, _Check]:
    """Return the check of each event."""
    # Dates that a calendar can show, and lengths of time that a person can read.
    common: dict[str, _Check] = {"event": _text, "time": _between(0, 4e9), "seconds": _between(0, 1e9)}
    summary = _object(
        {
            "metric": lambda value: value in ("", "accuracy", "mse"),
            "best": _number,
            "best_epoch": _whole,
            "epochs": _whole,
            "seconds": _between(0, 1e9),
            "images_per_second": _between(0, 1e12),
            "parameters": _whole,
        }
    )
    events: dict[str, dict[str, _Check]] = {
        "queued": {"message?": _text},
        "started": {"step?": _whole, "total_steps": _whole, "parameters": _whole},
        "step": {
            "step": _whole,
            "epoch": _between(0, 1e4),
            "images": _whole,
            "lr": _between(0, 1e3),
            "train": train,
            "test?": test,
        },
        "epoch": {
            "epoch": lambda value: _whole(value) and value > 0,
            "step": _whole,
            "images_per_second": _between(0, 1e12),
            "train": train,
            "test": test,
            "validation?": test,
            "health?": _health,
        },
        "finished": {"message?": _text, "summary?": summary},
        "stopped": {"message": _text, "summary?": summary},
        "paused": {"message": _text, "summary?": summary},
        "diverged": {"step": _whole, "last_loss": _maybe_number, "message": _text, "summary?": summary},
        "failed": {"message": _text, "summary?": summary},
    }
    return {name: _object(common | keys) for name, keys in events.items()}


def event_lines(events: list[dict[str, Any]]) -> Iterator[bytes]:
    """Yield events as lines of events.jsonl."""
    for event in events:
        yield json.dumps(event).encode() + b"\n"
