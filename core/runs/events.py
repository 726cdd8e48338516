"""The lines of a run's events.jsonl: what it says of its steps and its epochs, and how it began and ended.

What a line lacks is 0 or empty, and what is unknown in it is passed over: other versions wrote less, or write more.
What it has must be of its kind and within bounds, so that whoever reads a log need not look again.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from core.models.contract import Health, Metrics

_WHOLE = 2**53  # up to here whole numbers are exact for everyone who reads JSON
_parse = json.JSONDecoder().raw_decode  # json.loads also looks for encodings and spaces, and takes half as long again
_HIGHEST = {"accuracy": 1.0, "loss": math.inf, "mse": math.inf}  # of the metrics that are never below 0
LAST_DATE, _LONG, _FAST = 4e9, 1e9, 1e12  # a date that calendars show, seconds that people read, images per second


@dataclass(frozen=True, slots=True)
class StepLine:
    """The steps since the line before: `images` of them, learned at the rate lr; train averages over those images.

    epoch: a fraction; test: of the sample of test images, where it was looked at. In each line, time is in seconds
    since 1970, and seconds are of training: the clock of a resumed run goes on.
    """

    event: ClassVar = "step"
    time: float
    seconds: float
    step: int
    epoch: float
    images: int
    lr: float
    train: Metrics
    test: Metrics | None = None

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> StepLine:
        """Make one of a JSON object. Raises ValueError when it is none."""
        get = line.get
        return cls(
            _between(get("time", 0), LAST_DATE),
            _between(get("seconds", 0), _LONG),
            _whole(get("step")),
            _between(get("epoch", 0), 1e4),
            _whole(get("images", 0)),
            _between(get("lr", 0), 1e3),
            _metrics(get("train", {})),
            _metrics(line["test"]) if "test" in line else None,
        )


@dataclass(frozen=True, slots=True)
class FitLine:
    """How far the fit of a model is that takes no steps: the share done, from 0 to 1."""

    event: ClassVar = "fit"
    time: float
    seconds: float
    share: float

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> FitLine:
        """Make one of a JSON object. Raises ValueError when it is none."""
        get = line.get
        return cls(_between(get("time", 0), LAST_DATE), _between(get("seconds", 0), _LONG), _between(get("share"), 1.0))


@dataclass(frozen=True, slots=True)
class EpochLine:
    """An epoch that ended, counted from 1: train averages over its steps, if any, test is of the whole test set.

    train_sample: of up to 10,000 training digits, measured as the test set is; images_per_second: of its training
    alone; validation: of the digits held out for early stopping, if any were.
    """

    event: ClassVar = "epoch"
    time: float
    seconds: float
    epoch: int
    step: int
    images_per_second: float
    train: Metrics
    test: Metrics
    train_sample: Metrics | None = None
    validation: Metrics | None = None
    health: Health | None = None

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> EpochLine:
        """Make one of a JSON object. Raises ValueError when it is none."""
        get = line.get
        health = line.get("health")
        if not isinstance(health, dict | None) or line.get("epoch") == 0:
            raise ValueError("is of no epoch")
        for measures in (health or {}).values():
            _metrics(measures)
        return cls(
            _between(get("time", 0), LAST_DATE),
            _between(get("seconds", 0), _LONG),
            _whole(line.get("epoch")),
            _whole(line.get("step")),
            _between(get("images_per_second", 0), _FAST),
            _metrics(get("train", {})),
            _metrics(get("test", {})),
            _metrics(line["train_sample"]) if "train_sample" in line else None,
            _metrics(line["validation"]) if "validation" in line else None,
            health,
        )


@dataclass(frozen=True, slots=True)
class LifecycleLine:
    """How a run went on: "queued", "started", one of ENDINGS, or what another version says in words of its own.

    step: where it started, or diverged; total_steps, parameters and learned, those of them that training changes: of a
    start; last_loss: the last finite one, where
    it diverged; message: a sentence for people; summary: of a run that ended.
    """

    event: str
    time: float
    seconds: float
    step: int | None = None
    total_steps: int | None = None
    parameters: int | None = None
    learned: int | None = None
    last_loss: float | None = None
    message: str | None = None
    summary: Summary | None = None

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> LifecycleLine:
        """Make one of a JSON object. Raises ValueError when it is none; a summary that is none is left out."""
        event, message, last_loss = line.get("event"), line.get("message"), line.get("last_loss")
        if not isinstance(event, str) or not isinstance(message, str | None):
            raise ValueError("is no event")
        return cls(
            event,
            _between(line.get("time", 0), LAST_DATE),
            _between(line.get("seconds", 0), _LONG),
            _whole(line["step"]) if "step" in line else None,
            _whole(line["total_steps"]) if "total_steps" in line else None,
            _whole(line["parameters"]) if "parameters" in line else None,
            _whole(line["learned"]) if "learned" in line else None,
            None if last_loss is None else _number(last_loss),
            message,
            Summary.from_json(line.get("summary")),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run in a table. `metric` is "accuracy" or "mse", "" before the first epoch.

    test: its value after the last epoch, of the whole test set; train: likewise of up to 10,000 training digits, NaN
    where they were not measured. whole: whether the run ended with that epoch, so that these are the figures of the
    weights it keeps. best, best_epoch: the best value of test over the epochs, and where. seconds: of training;
    learned: how many of the parameters training changes.
    """

    metric: str = ""
    test: float = math.nan
    train: float = math.nan
    whole: bool = False
    best: float = math.nan
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    parameters: int = 0
    learned: int = 0

    @classmethod
    def from_json(cls, values: Any) -> Summary | None:
        """Make one of a JSON object; None when it is none, or of a version that knew less."""
        try:
            metric = values["metric"]
            if metric not in ("", "accuracy", "mse"):
                return None
            return cls(
                metric,
                _measure(metric, values["test"]),
                _measure(metric, values["train"]),
                bool(values["whole"]),
                _measure(metric, values["best"]),
                _whole(values["best_epoch"]),
                _whole(values["epochs"]),
                _between(values["seconds"], _LONG),
                _between(values["images_per_second"], _FAST),
                _whole(values["parameters"]),
                _whole(values["learned"]),
            )
        except (KeyError, TypeError, ValueError):
            return None


Line = StepLine | FitLine | EpochLine | LifecycleLine


def from_json(value: Any) -> Line:
    """Return the line that a JSON value is. Raises ValueError when it is none."""
    if not isinstance(value, dict):
        raise ValueError("is no object")
    kind = value.get("event")
    if kind == "step":
        return StepLine.from_json(value)
    if kind == "fit":
        return FitLine.from_json(value)
    return EpochLine.from_json(value) if kind == "epoch" else LifecycleLine.from_json(value)


def to_json(line: Line) -> dict[str, Any]:
    """Return the JSON object of a line, without what it does not know."""
    values = {"event": line.event} | {name: getattr(line, name) for name in line.__slots__}
    if isinstance(line, LifecycleLine) and line.summary:
        values["summary"] = asdict(line.summary)
    # That the very first loss was not finite is said in as many words.
    said = {"last_loss"} if line.event == "diverged" else set()
    return {name: value for name, value in values.items() if value is not None or name in said}


def encode(line: Line) -> bytes:
    """Return a line as it is written."""
    return json.dumps(to_json(line)).encode() + b"\n"


def decode(line: bytes) -> Line | None:
    """Return what is written in a line; None when a crash tore it, or it is of something else."""
    try:
        text = line.decode()
        value, end = _parse(text)
        return from_json(value) if end == len(text) else None
    except (ValueError, RecursionError):
        return None


def _between(value: Any, high: float) -> float:
    """Return a number from 0 to high: not NaN either."""
    kind = type(value)
    if (kind is float or kind is int) and 0 <= value <= high:
        return value
    raise ValueError(f"{value!r:.40} is no number from 0 to {high:g}")


def _whole(value: Any) -> int:
    if type(value) is int and 0 <= value <= _WHOLE:
        return value
    raise ValueError(f"{value!r:.40} is no whole number")


def _number(value: Any) -> float:
    """Return any number; what diverged is NaN or infinite."""
    if type(value) is float or (type(value) is int and abs(value) <= _WHOLE):
        return value
    raise ValueError(f"{value!r:.40} is no number")


def _metrics(values: Any) -> Metrics:
    if type(values) is not dict:
        raise ValueError(f"{values!r:.40} are no metrics")
    for name, value in values.items():
        _measure(name, value)
    return values


def _measure(name: str, value: Any) -> float:
    """Return the value of a metric: a finite one within what it can be."""
    if type(value) is not float:
        _number(value)
    highest = _HIGHEST.get(name)
    if highest is not None and not 0 <= value <= highest and math.isfinite(value):
        raise ValueError(f"{name} is {value!r:.40} instead of a number from 0 to {highest:g}")
    return value
