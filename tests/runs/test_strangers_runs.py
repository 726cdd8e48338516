"""What strangers put into the folder of a run: it costs that run, or what is wrong in it, and nothing else."""

import json
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from core.jobs.state import JobState
from core.measures.scores import SCORES
from core.runs import recorder
from core.runs.checkpoint import read_resume
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore
from core.training.config import TrainConfig
from tests.conftest import small

DEEP = "[" * 5000 + "]" * 5000
# A fact of a config.json, as it is written there.
HOSTILE_FACTS = [
    *(("color", "Infinity"), ("color", "1e999"), ("color", "NaN"), ("color", DEEP), ("color", "[]")),
    *(("created", "1" + 400 * "0"), ("created", "1e18"), ("created", "1e999"), ("created", "-1"), ("created", "NaN")),
    *(("created", "Infinity"), ("created", DEEP), ("created", '"soon"'), ("config", DEEP), ("config", "null")),
    *(("name", DEEP), ("note", DEEP), ("note", f'"{"x" * 2_000_000}"'), ("extra", DEEP), ("extra", "9" * 5000)),
]
of_each_fact = pytest.mark.parametrize(("fact", "value"), HOSTILE_FACTS, ids=lambda text: text[:12])


def with_fact(run: Run, fact: str, value: str) -> Run:
    """Write a fact of a run anew, as this text."""
    facts = json.loads((run.folder / "config.json").read_text()) | {fact: "here"}
    (run.folder / "config.json").write_text(json.dumps(facts).replace('"here"', value))
    return Run(run.folder)


@of_each_fact
def test_a_run_with_such_a_fact_is_passed_over_and_the_others_are_there(runs: RunStore, fact: str, value: str) -> None:
    good, bad = runs.create(small()), with_fact(runs.create(small()), fact, value)
    assert runs.runs() == [good]
    assert runs.active() == [good]
    assert runs.rarest_mark() == 1
    for look in (lambda: runs.get(bad.id), lambda: bad.rename("x"), lambda: bad.created):
        with pytest.raises(RunNotFound, match="cannot be read"):
            look()


@of_each_fact
def test_in_the_trash_it_is_listed_by_its_id_and_the_others_by_their_names(
    runs: RunStore, fact: str, value: str
) -> None:
    for name in ("good", "bad"):
        runs.delete(runs.add(name, small(), name.title()))
    (bad,) = runs.folder.glob(".trash/bad.*")
    with_fact(Run(bad), fact, value)
    assert {one.what for one in runs.trash.listed()} == {"Good", "bad"}
    assert not runs.trash.holds("other")
    runs.trash.erase(bad.name)
    assert [one.what for one in runs.trash.listed()] == ["Good"]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"event":' * 20_000, '{"event": "step", "step": ' + "9" * 5000 + "}"])
def test_a_line_nested_too_deeply_is_passed_over(runs: RunStore, line: str) -> None:
    run = runs.create(small())
    (run.folder / "events.jsonl").write_text(f'{line}\n{{"event": "step", "step": 2}}\n{line}\n')
    assert [step.step for step in run.history().steps] == [2]
    assert run.status() == "starting"
    assert run.summary().epochs == 0


@pytest.mark.parametrize("share", ["1" + 400 * "0", "-1e999", "NaN", "[]", '"x"', DEEP])
def test_a_note_of_a_job_says_a_share_or_none(runs: RunStore, share: str) -> None:
    run = runs.create(small())
    job = SCORES.job(run)
    job.note.parent.mkdir()
    job.note.write_text(f'{{"fraction": {share}, "remaining": {share}}}')
    with FileLock(job.lock):
        state = SCORES.state(run)
    assert state == JobState("computing", state.fraction)
    assert 0 <= state.fraction <= 1


def test_what_a_run_goes_on_from_is_named_when_it_is_no_such_thing(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(small("numpy-two-layer", epochs=1, params={"hidden": 2}))
    recorder.train(run)
    for facts in ({"line": DEEP, "validation": "[]"}, {"line": "7", "validation": "[1" + 400 * "0" + "]"}):
        monkeypatch.setattr("core.runs.checkpoint.read_facts", lambda path, facts=facts: facts)
        with pytest.raises(ValueError, match="does not say where to go on from"):
            read_resume(run.folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"outputs": np.zeros((20, 9), np.float32)}, {"outputs": np.zeros((20, 28, 28), np.uint8)},
        {"outputs": np.zeros((2, 10), np.float32)}, {"outputs": np.zeros((20, 10), "U4")},
        {"indices": np.zeros((20, 1), np.int64)}, {"indices": np.zeros(20)}, {"indices": np.int64(3)},
        {"step": np.zeros(3)}, {"step": np.float64("inf")}, {"inputs": np.zeros((20, 28), np.uint8)},
    ],
    ids=str,
)  # fmt: skip
def test_a_probe_that_is_none_of_this_model_is_left_out(runs: RunStore, wrong: dict[str, Any]) -> None:
    run = runs.create(TrainConfig("softmax", dataset="digits"))
    whole = {"step": 1, "indices": np.arange(20), "outputs": np.zeros((20, 10), np.float32)}
    np.savez(run.folder / "probe.npz", **whole)
    assert run.probe() is not None
    np.savez(run.folder / "probe.npz", **{**whole, **wrong})
    assert run.probe() is None
