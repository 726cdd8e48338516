"""Run folders: what strangers, crashes and other processes leave in them is read with care."""

import json
import os
import shutil
import time
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core import files
from core.files import write_json
from core.runs.events import LifecycleLine, Summary
from core.runs.log import last_line, summarize
from core.runs.run import ENDINGS, Run, RunNotFound, Status
from core.runs.store import RunStore, copies
from core.runs.weights import load_model, load_source
from core.trash import NotInTrash
from tests.conftest import small


def log(run, *events):
    with (run.folder / "events.jsonl").open("a") as f:
        for event in events:
            f.write(event if isinstance(event, str) else json.dumps(event) + "\n")


def test_created_run_is_found_again(runs):
    run = runs.create(small("mlp"), "My <b>net</b>")
    again = runs.get(run.id)
    assert again.config == run.config
    assert again.name == "My <b>net</b>"
    assert [r.id for r in runs.runs()] == [run.id]
    assert runs.runs("reconstruct") == []


def test_newest_first_shipped_last(runs):
    runs.add("shipped", small(), "S", shipped=True)
    first = runs.create(small())
    second = runs.create(small())
    assert [r.id for r in runs.runs()][-1] == "shipped"
    assert {first.id, second.id} == {r.id for r in runs.runs()[:2]}


def test_first_eight_runs_have_eight_colours(runs):
    assert [runs.create(small()).mark for _ in range(9)] == list(range(9))


@pytest.mark.parametrize(
    "run_id",
    ["", "..", "../x", "a/b", "a\\b", "A", "-x", "x" * 81, "x\x00", "x\n", "é", "con fig", ".slots", None, 3, ["x"]],
)
def test_ids_of_strangers_reach_no_disk(runs, run_id):
    with pytest.raises(RunNotFound):
        runs.get(run_id)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"config": {}}',
        '{"version": 1, "name": "x", "created": "soon", "color": 0, "config": {}}',
    ],
)
def test_unreadable_config_is_no_run_and_harms_no_other(runs, content):
    good = runs.create(small())
    bad = runs.create(small())
    (bad.folder / "config.json").write_text(content)
    assert [r.id for r in runs.runs()] == [good.id]
    with pytest.raises(RunNotFound):
        runs.get(bad.id)


def test_unknown_config_keys_are_named(runs):
    run = runs.create(small())
    facts = json.loads((run.folder / "config.json").read_text())
    facts["config"]["lrr"] = 1
    (run.folder / "config.json").write_text(json.dumps(facts))
    with pytest.raises(RunNotFound, match="lrr"):
        runs.get(run.id)


def test_folder_without_permission_says_so(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ValueError, match="could not be written"):
        RunStore(tmp_path / "file").create(small())


def test_status_is_derived(runs):
    run = runs.create(small())
    assert run.status() == Status.STARTING
    with FileLock(run.folder / "lock"):
        assert run.status() == Status.QUEUED
        log(run, {"event": "queued", "message": "Waiting."})
        assert (run.status(), run.message()) == (Status.QUEUED, "Waiting.")
        log(run, {"event": "started", "total_steps": 10})
        assert run.status() == Status.RUNNING
    assert run.status() == Status.INTERRUPTED
    assert run.message() == (
        "Its process ended before the run did. Resume goes on from the last finished epoch: there is none yet, so it "
        "begins again."
    )
    log(run, {"event": "epoch", "epoch": 1, "step": 5})
    assert run.message() == "Its process ended before the run did. Resume goes on from the last finished epoch."
    for ending in ENDINGS:
        log(run, {"event": ending, "message": f"It {ending}."})
        assert (run.status(), run.message()) == (ending, f"It {ending}.")


def test_worker_that_never_came_is_interrupted(runs, monkeypatch):
    run = runs.create(small())
    monkeypatch.setattr("core.runs.run._GRACE_S", -1.0)
    assert (run.status(), run.message()) == (Status.INTERRUPTED, "It has not begun. Resume starts it.")


def test_run_that_stands_on_another_needs_a_fitting_one(runs, trained):
    on = partial(small, "encoder-classifier")
    classifier, untrained = trained("softmax"), runs.create(small("autoencoder"))
    for source, named in ((classifier.id, "cannot carry"), (untrained.id, "no weights yet"), ("never-was", "is gone")):
        with pytest.raises(ValueError, match=named):
            runs.create(on(source=source))
    assert len(runs.runs()) == 2
    source = trained("autoencoder")
    run = runs.create(on(source=source.id))
    for name in ("config.json", "weights.safetensors"):
        assert (run.folder / "source" / name).read_bytes() == (source.folder / name).read_bytes()
    assert load_source(run).code_size == 64
    assert load_source(source) is None


def test_what_a_run_keeps_of_others_is_there_before_the_run_is(runs, monkeypatch):
    config, seen = small("softmax", start="gone", own_share=0.25), []

    def watched(path, value):
        seen.append({str(p.relative_to(path.parent)): p.read_bytes() for p in path.parent.rglob("*") if p.is_file()})
        write_json(path, value)

    monkeypatch.setattr("core.runs.store.write_json", watched)
    kept = {"drawings.jsonl": b"{}", "start/config.json": b"1", "start/weights.safetensors": b"2"}
    run = runs.create(config, "Mine", kept)
    assert (run.config, run.name, seen) == (config, "Mine", [kept])
    assert [r.id for r in runs.runs()] == [run.id]


def test_run_that_cannot_be_read_whole_is_not_copied(runs):
    run = runs.create(small())
    with pytest.raises(ValueError, match=r"cannot be read whole.*Choose another run"):
        copies(run, "start")


def test_torn_last_line_waits_for_its_rest(runs):
    run = runs.create(small())
    log(run, {"event": "started", "total_steps": 9}, {"event": "step", "step": 1}, '{"event": "st')
    assert [e.step for e in run.history().steps] == [1]
    log(run, 'ep", "step": 2}\n')
    assert [e.step for e in run.history().steps] == [1, 2]


def test_history_of_a_growing_file_is_that_of_the_whole_file(runs):
    run = runs.create(small())
    path = run.folder / "events.jsonl"
    lines = [json.dumps({"event": "step", "step": n, "epoch": n / 9, "seconds": float(n)}) + "\n" for n in range(1, 40)]
    lines[20:20] = ['{"event": "started", "step": 9, "total_steps": 39, "seconds": 9.0}\n']
    whole = "".join(lines).encode()
    seen = run.history()
    for end in range(0, len(whole), 37):  # in pieces that end anywhere
        with path.open("ab") as f:
            f.write(whole[end : end + 37])
        again = run.history()
        assert again is run.history()
        assert len(again.steps) >= len(seen.steps) or len(again.lifecycle) == 1
        seen = again
    other = runs.create(small())
    (other.folder / "events.jsonl").write_bytes(whole)
    assert astuple(seen) == astuple(other.history())
    assert [step.step for step in seen.steps] == [*range(1, 10), *range(21, 40)]


@pytest.mark.parametrize("longer", [0, 500])
def test_history_of_a_file_that_was_replaced_is_the_new_one(runs, longer):
    run = runs.create(small())
    log(run, *[{"event": "step", "step": n, "seconds": 1.0} for n in range(20)])
    assert len(run.history().steps) == 20
    (run.folder / "events.jsonl").write_text('{"event": "finished", "seconds": 2.0}\n' + "\n" * longer)
    assert run.history().steps == ()
    assert run.status() == Status.FINISHED


def test_line_that_names_no_event_is_passed_over(runs):
    run = runs.create(small())
    log(run, {"event": "finished"}, {"seconds": 3}, {"event": None})
    assert run.status() == Status.FINISHED


def test_garbage_between_lines_is_passed_over(runs):
    run = runs.create(small())
    log(run, {"event": "step", "step": 1}, "\x00\x00{torn\n", "[1]\n", "7\n", {"event": "step", "step": 2})
    assert [e.step for e in run.history().steps] == [1, 2]


def test_run_that_vanishes_while_watched(runs):
    run = runs.create(small())
    log(run, {"event": "started", "total_steps": 9})
    assert run.history().total_steps == 9
    shutil.rmtree(run.folder)
    for look in (run.history, run.status, run.message, run.request_stop, lambda: load_model(run)):
        with pytest.raises(RunNotFound, match="gone"):
            look()
    assert run.probe() is None
    assert not run.has_weights()
    assert runs.runs() == []
    assert not run.folder.exists()  # no look brought the folder back


def test_weights_torn_missing_or_foreign(trained):
    run = trained("softmax")
    path = run.folder / "weights.safetensors"
    whole = path.read_bytes()
    assert load_model(run).parameter_count == 7850
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="damaged"):
        load_model(run)
    files.write_arrays(path, {"w": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="another model"):
        load_model(run)
    path.write_bytes(b"\x80\x04\x95cos\nsystem\n")  # a pickle in disguise
    with pytest.raises(ValueError, match="damaged"):
        load_model(run)
    path.unlink()
    with pytest.raises(ValueError, match="no weights"):
        load_model(run)


def test_model_is_kept_until_its_weights_change(trained):
    run = trained("softmax")
    first = load_model(run)
    assert load_model(run) is first
    files.write_arrays(run.folder / "weights.safetensors", {k: v + 1 for k, v in first.state_dict().items()})
    assert load_model(run) is not first


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 100])
def test_torn_probe_is_left_out(runs, content):
    run = runs.create(small())
    (run.folder / "probe.npz").write_bytes(content)
    assert run.probe() is None


def test_probe_never_runs_a_pickle(runs):
    run = runs.create(small())
    np.savez(run.folder / "probe.npz", step=1, indices=np.arange(2), outputs=np.array([{}, {}], object))
    assert run.probe() is None


def test_arrays_keep_shape_and_dtype(tmp_path):
    arrays = {"a": np.float32(3), "b": np.arange(6).reshape(2, 3).T, "c": np.zeros((0, 4), np.float16)}
    files.write_arrays(tmp_path / "x", arrays)
    for name, value in files.read_arrays(tmp_path / "x").items():
        np.testing.assert_array_equal(value, arrays[name])
        assert value.dtype == arrays[name].dtype


def test_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    files.write_file(path, b"old")

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_sweep_takes_what_was_abandoned_and_leaves_what_is_being_written(runs):
    run = runs.create(small())
    dead, alive = run.folder / "weights.safetensors.1.part", run.folder / "weights.safetensors.2.part"
    for part in (dead, alive):
        part.write_bytes(b"half")
    os.utime(dead, (0, 0))
    runs.sweep()
    assert not dead.exists()
    assert alive.exists()


def test_sweep_goes_on_where_a_run_is_deleted_while_it_walks(runs, monkeypatch):
    first, second = runs.create(small()), runs.create(small())
    scandir, gone = os.scandir, []

    def deleting(path):
        if isinstance(path, Path) and path in (first.folder, second.folder) and not gone:
            gone.append(Run(path))
            shutil.rmtree(path)
        return scandir(path)

    for run in (first, second):
        (run.folder / "snapshots").mkdir()
        dead = run.folder / "snapshots" / "epoch-001.npz.1.part"
        dead.write_bytes(b"half")
        os.utime(dead, (0, 0))
    monkeypatch.setattr(os, "scandir", deleting)
    runs.sweep()
    (left,) = {first, second} - set(gone)
    assert list(left.folder.rglob("*.part")) == []
    assert left.folder.exists()


def test_sweep_goes_on_past_what_cannot_be_removed(runs):
    for run in (runs.create(small()), runs.create(small())):
        for place in ("a.part/in.part", "z.part"):
            dead = run.folder / place
            dead.parent.mkdir(exist_ok=True)
            dead.write_bytes(b"half")
            os.utime(dead, (0, 0))
        os.utime(run.folder / "a.part", (0, 0))
    runs.sweep()
    assert {path.name for path in runs.folder.rglob("*.part")} == {"a.part"}


def test_rename_and_note_are_kept_as_plain_text(runs):
    run = runs.create(small(), "before")
    other = runs.get(run.id)  # as another dashboard holds it
    run.rename("  <b>new</b> *name* ")
    run.annotate(" why\n\n<script>alert(1)</script> ")
    for seen in (run, runs.get(run.id)):
        assert seen.name == "<b>new</b> *name*"
        assert seen.note == "why\n\n<script>alert(1)</script>"
    assert other.config == runs.get(run.id).config == small()
    run.rename("x" * 500)
    run.annotate("y" * 5000)
    assert (len(run.name), len(run.note)) == (80, 2000)
    with pytest.raises(ValueError, match="needs a name"):
        run.rename(" \n ")


@pytest.mark.parametrize("change", ["rename", "annotate", "request_stop", "request_pause", "request_resume"])
def test_a_run_deleted_while_it_is_changed_is_told_to_be_gone(runs, monkeypatch, change):
    run = runs.create(small())
    log(run, {"event": "paused"})

    def vanish(*where):
        shutil.rmtree(run.folder, ignore_errors=True)

    monkeypatch.setattr("core.runs.run.write_json", lambda path, value: vanish() or write_json(path, value))
    monkeypatch.setattr("core.runs.requests.Request.write", vanish)
    monkeypatch.setattr(Run, "ensure_exists", vanish) if change in ("request_stop", "request_pause") else None
    with pytest.raises(RunNotFound, match=f"The run {run.id} is gone. Choose another one."):
        getattr(run, change)(*(["New"] if change in ("rename", "annotate") else []))
    assert not run.folder.exists()


def test_a_run_whose_id_is_taken_leaves_the_other_as_it_is(runs):
    runs.add("mine", small(), "First")
    with pytest.raises(ValueError, match=r"\(File exists\): .*mine is in the way"):
        runs.add("mine", small(), "Second")
    assert runs.get("mine").name == "First"


def test_deleted_run_can_be_brought_back_for_a_day(runs, trained, monkeypatch):
    run = trained("softmax")
    history, weights = run.history(), (run.folder / "weights.safetensors").read_bytes()
    trashed = runs.delete(run)
    assert runs.runs() == []
    with pytest.raises(RunNotFound):
        runs.get(run.id)
    with pytest.raises(RunNotFound):
        runs.delete(run)
    runs.sweep()
    back = runs.restore(trashed.key)
    assert (back.history(), (back.folder / "weights.safetensors").read_bytes()) == (history, weights)
    assert back.status() == Status.FINISHED
    trashed = runs.delete(back)
    away = next(runs.folder.glob(".*/*"))
    os.utime(away, (0, 0))  # its files are as old as they are: the day is counted from its deletion
    runs.sweep()
    assert [one.key for one in runs.trash.listed()] == [trashed.key]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 + 1)
    runs.sweep()
    with pytest.raises(NotInTrash, match="more than a day ago"):
        runs.restore(trashed.key)
    assert not away.exists()


@pytest.mark.parametrize("run_id", ["..", "../runs", ".trash", ""])
def test_only_runs_are_brought_back(runs, run_id):
    with pytest.raises(ValueError, match=r"run id|brought back"):
        runs.restore(run_id)


def test_summary_of_an_ended_run_is_that_of_all_it_wrote(runs, trained):
    for model, metric, best in (("softmax", "accuracy", max), ("autoencoder", "mse", min)):
        run = trained(model, epochs=3)
        values = [epoch.test[metric] for epoch in run.history().epochs]
        summary = run.summary()
        assert replace(summary, seconds=0) == replace(summarize(run.history()), seconds=0)
        assert (summary.metric, summary.best, summary.epochs) == (metric, best(values), 3)
        assert summary.best_epoch == values.index(best(values)) + 1
        assert summary.parameters == load_model(run).parameter_count
        assert run.history().epochs[-1].seconds <= summary.seconds <= run.history().seconds
    fresh = runs.create(small())
    assert fresh.summary() == Summary()
    log(fresh, {"event": "finished", "seconds": 1.0, "summary": {"metric": 3, "best": []}})
    assert fresh.summary().epochs == 0  # what is no summary is counted anew


@pytest.mark.parametrize("content", [b"", b"\n", b"{}", b'{"event": "finished"}', b"[1]\n", b"x" * 50_000, b"\xff\n"])
def test_last_line_is_whole_or_none(tmp_path, content):
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    assert last_line(path) is None
    path.write_bytes(content + b"\n" + b'{"event": "finished", "n": 1}\n')
    assert last_line(path) == LifecycleLine("finished", 0, 0)
    assert last_line(tmp_path / "gone") is None


def test_status_of_an_ended_run_needs_only_its_last_line(runs, trained, monkeypatch):
    run = trained("softmax")
    monkeypatch.setattr("core.runs.run.read_history", None)
    assert run.status() == Status.FINISHED
    assert run.summary().epochs == 2
