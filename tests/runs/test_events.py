"""The lines of a log: what is written is what is read, and whatever else stands there is no line."""

import json
import math
from typing import Any

import pytest

from core.runs.archive.events import read_events
from core.runs.events import EpochLine, LifecycleLine, StepLine, Summary, decode, encode
from core.untrusted import ArchiveError
from tests.conftest import ROOT

METRICS = {"loss": 0.5, "accuracy": 0.25}
STEP = {
    "event": "step",
    "time": 5.0,
    "seconds": 1.5,
    "step": 3,
    "epoch": 0.3,
    "images": 64,
    "lr": 0.1,
    "train": METRICS,
}
LAYERS = {"1 Linear": {"gradient_norm": 0.1, "weight_norm": 2.0, "dead": 0.0}}
EPOCH = {"event": "epoch", "time": 5.0, "seconds": 1.5, "epoch": 1, "step": 9, "images_per_second": 64.0,
         "train": METRICS, "test": METRICS, "train_sample": METRICS, "validation": METRICS,
         "health": LAYERS}  # fmt: skip
SUMMARY = {"metric": "", "test": math.nan, "train": math.nan, "whole": False, "best": math.nan, "best_epoch": 0,
           "epochs": 0, "seconds": 1.0, "images_per_second": 0.0, "parameters": 7, "learned": 7}  # fmt: skip
NOW = {"time": 5, "seconds": 1}
LINES = [
    *(STEP, STEP | {"test": METRICS}, STEP | {"train": {"loss": math.nan, "accuracy": -math.inf}}),
    *(EPOCH, {k: v for k, v in EPOCH.items() if k not in ("train_sample", "validation", "health")}),
    EPOCH | {"health": {}},
    {"event": "queued", **NOW},
    {"event": "queued", **NOW, "message": ""},
    {"event": "started", **NOW, "step": 0, "total_steps": 10, "parameters": 7},
    {"event": "started", **NOW, "step": 0, "total_steps": 10, "parameters": 7, "learned": 3},
    {"event": "finished", **NOW},
    {"event": "finished", **NOW, "message": "Stopped early.", "summary": SUMMARY},
    {"event": "stopped", **NOW, "message": "Stopped.", "summary": SUMMARY | {"metric": "mse", "best": 0.5}},
    {"event": "diverged", **NOW, "step": 3, "last_loss": None, "message": "No."},
    {"event": "diverged", **NOW, "step": 3, "last_loss": 2.5, "message": "No.", "summary": SUMMARY},
]  # fmt: skip
WRONG = [None, "x", True, -1, 10**400, [], [1.0], {"loss": "x"}, {"loss": True}, {"x": None}]


def written(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


def from_stranger(event: dict[str, Any]) -> Any:
    return read_events(written(event), "events.jsonl", METRICS, METRICS)


@pytest.mark.parametrize("event", LINES)
def test_a_line_is_read_and_written_as_it_was(event):
    line = decode(written(event).strip())
    assert encode(line) == written(event)
    assert [encode(line)] == list(map(encode, from_stranger(event)))


@pytest.mark.parametrize("log", sorted(ROOT.glob("checkpoints/*/events.jsonl")), ids=lambda log: log.parent.name)
def test_the_logs_that_ship_are_written_as_they_were(log):
    lines = log.read_bytes().splitlines(keepends=True)
    assert [encode(decode(line.strip())) for line in lines] == lines


def test_a_line_has_its_type_and_its_values():
    step, epoch = decode(written(STEP).strip()), decode(written(EPOCH).strip())
    assert step == StepLine(5.0, 1.5, 3, 0.3, 64, 0.1, METRICS)
    assert epoch == EpochLine(5.0, 1.5, 1, 9, 64.0, METRICS, METRICS, METRICS, METRICS, LAYERS)
    assert decode(b'{"event": "paused", "message": "No."}') == LifecycleLine("paused", 0, 0, message="No.")
    assert decode(b'{"event": "step", "step": 1}') == StepLine(0, 0, 1, 0, 0, 0, {})


@pytest.mark.parametrize("event", LINES)
def test_what_another_version_added_is_passed_over_in_a_log_and_refused_in_an_archive(event):
    line = decode(written(event | {"new": [1]}).strip())
    assert encode(line) == written(event)
    with pytest.raises(ArchiveError):
        from_stranger(event | {"new": [1]})


def test_a_summary_of_another_version_is_counted_anew():
    for summary in ({"metric": "f1"}, SUMMARY | {"metric": "f1"}, {}, [], 7, SUMMARY | {"seconds": math.nan}):
        event = {"event": "finished", **NOW, "summary": summary}
        assert decode(written(event).strip()) == LifecycleLine("finished", 5, 1)
        with pytest.raises(ArchiveError):
            from_stranger(event)
    line = decode(
        written({"event": "finished", "summary": SUMMARY | {"test": 1.0, "train": 0.5, "best": 1.0, "new": 1}}).strip()
    )
    assert line.summary == Summary("", 1.0, 0.5, False, 1.0, 0, 0, 1.0, 0.0, 7, 7)


def test_an_archive_of_a_version_whose_summary_knew_less_is_read():
    older = {name: value for name, value in SUMMARY.items() if name not in ("test", "train", "whole", "learned")}
    event = {"event": "stopped", **NOW, "message": "Stopped."}
    assert from_stranger(event | {"summary": older}) == from_stranger(event)
    for wrong in (older | {"more": 1}, {"metric": ""}, 7):
        with pytest.raises(ArchiveError):
            from_stranger(event | {"summary": wrong})


@pytest.mark.parametrize("event", LINES)
def test_values_that_cannot_be_are_refused(event):
    for key in event:
        for value in WRONG:
            if (key, value) not in (("message", "x"), ("last_loss", -1), ("last_loss", None)):
                with pytest.raises(ArchiveError):
                    from_stranger(event | {key: value})


def test_values_that_cannot_be_make_no_line():
    for event in LINES:
        for key in set(event) - {"event", "message", "summary", "last_loss"}:
            for value in (True, -1, 10**400, [1.0], {"loss": "x"}, {"loss": True}, "x"):
                assert decode(written(event | {key: value}).strip()) is None, (key, value)
    for key in ("time", "seconds", "epoch", "lr"):
        assert decode(written(STEP | {key: math.nan}).strip()) is None


@pytest.mark.parametrize("metric", ["accuracy", "loss", "mse"])
@pytest.mark.parametrize("value", [5.0, 1e308, -3, 1.0001, -1e-9])
def test_a_measure_that_cannot_be_makes_no_line(metric, value):
    cannot = value < 0 or metric == "accuracy"
    for line, key in ((STEP, "train"), (STEP, "test"), *((EPOCH, k) for k in ("train", "test", "train_sample"))):
        assert (decode(written(line | {key: METRICS | {metric: value}}).strip()) is None) == cannot
    if metric != "loss":
        whole = SUMMARY | {"metric": metric, "test": 0.5, "train": 0.5, "best": 0.5}
        for key in ("test", "train", "best"):
            line = decode(written({"event": "finished", **NOW, "summary": whole | {key: value}}).strip())
            assert (line.summary is None) == cannot


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_measure_of_what_diverged_is_kept(value):
    line = decode(written(EPOCH | {"test": {"loss": value, "accuracy": 0.1}}).strip())
    assert str(line.test["loss"]) == str(value)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"7", b"{}", b'{"event": 1}', b"\xff", b"\0{torn", b"{}{}"])
def test_what_is_no_line_is_passed_over(text):
    assert decode(text) is None
