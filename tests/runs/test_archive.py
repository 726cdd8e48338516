"""A run packed and brought in again is the same run; what strangers made of such a file is refused, whole."""

import json
import random
import re
import time
import tracemalloc
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

from core.files import read_arrays, write_arrays, write_json
from core.models import MODELS
from core.runs import finetune, recorder
from core.runs.archive.check import MAX_ARCHIVE, _least_weights
from core.runs.archive.pack import pack, unpack
from core.runs.checkpoint import read_resume
from core.runs.frames import steps_of
from core.runs.run import ENDINGS, Run, RunNotFound, Status
from core.runs.store import RunStore
from core.runs.weights import load_model, load_source
from core.training import loop
from core.training.config import TrainConfig, build
from core.untrusted import ArchiveError
from tests import odd_hand
from tests.conftest import ROOT, small
from tests.runs import hostile_archives as hostile


@pytest.fixture
def train(runs):
    """A function that trains a run in this process until it ends, whatever its end is."""

    def trained(model, stop=False, **changes):
        run = runs.create(small(model, **changes), "My <b>run</b>")
        if stop:
            run.request_stop()
        recorder.train(run)
        return run

    return trained


def same(a, b):
    assert set(a) == set(b)
    for name, value in a.items():
        assert (value.dtype, value.shape) == (b[name].dtype, b[name].shape)
        assert value.tobytes() == b[name].tobytes()  # bit for bit, NaN and signed zeros too


def same_run(old: Run, new: Run) -> None:
    assert (new.config, new.name, new.created) == (old.config, old.name, old.created)
    assert astuple(new.history()) == astuple(old.history())
    assert (new.status(), new.message()) == (old.status(), old.message())
    for name in ("weights.safetensors", "source/weights.safetensors", "start/weights.safetensors"):
        assert (new.folder / name).exists() == (old.folder / name).exists()
        if (old.folder / name).exists():
            same(read_arrays(old.folder / name), read_arrays(new.folder / name))
    before, after = read_resume(old.folder), read_resume(new.folder)
    assert (before is None) == (after is None)
    if before:
        assert (after.epoch, after.line, after.validation) == (before.epoch, before.line, before.validation)
        same(before.weights, after.weights)
        same(before.optimizer, after.optimizer)
    files = set(old.folder.rglob("*.npz")) - set(old.folder.glob("projections/*"))
    assert {p.relative_to(old.folder) for p in files} == {p.relative_to(new.folder) for p in new.folder.rglob("*.npz")}
    for name in (p.relative_to(old.folder) for p in files):
        with np.load(old.folder / name) as a, np.load(new.folder / name) as b:
            same(dict(a), dict(b))


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("cnn", {"optimizer": "adamw", "params": {"width": 4}}),
        ("softmax", {"optimizer": "momentum", "patience": 1}),
        ("numpy-deep", {"params": {"depth": 2, "width": 8}}),
        ("numpy-autoencoder", {"optimizer": "sgd", "params": {"hidden": "16", "code_size": 3}}),
        ("autoencoder", {"noise": "masking", "noise_level": 0.5, "params": {"hidden": 8, "code_size": 2}}),
        ("vae", {"params": {"hidden": "16", "code_size": 2}}),
    ],
)
def test_packed_run_comes_back_whole(train, runs, model, changes):
    run = train(model, **changes)
    assert run.status() == Status.FINISHED, run.message()
    again = unpack(pack(run), runs)
    same_run(run, again)
    assert again.id != run.id
    assert (again.shipped, again.mark) == (False, 1)
    assert [r.id for r in runs.runs()] == [again.id, run.id] or [r.id for r in runs.runs()] == [run.id, again.id]
    assert pack(again) == pack(Run(again.folder))
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    answer = "predict_proba" if run.spec.task == "classify" else "encode"
    np.testing.assert_array_equal(getattr(load_model(run), answer)(images), getattr(load_model(again), answer)(images))


def test_run_on_an_encoder_brings_it_along(train, runs, tmp_path):
    source = train("autoencoder", params={"hidden": 8, "code_size": 2})
    run = train("encoder-classifier", source=source.id)
    other = RunStore(tmp_path / "elsewhere")
    again = unpack(pack(run), other)
    same_run(run, again)
    same(load_source(again).state_dict(), load_model(source).state_dict())


def test_run_that_learns_from_drawings_brings_them_along(train, runs, tmp_path):
    source = train("autoencoder", params={"hidden": 8, "code_size": 2})
    origin = train("encoder-classifier", source=source.id)
    first = finetune.start(runs, origin, odd_hand.drawings(12, seed=1))
    config = replace(first.config, schedule="constant")
    run, whole = (finetune.again(runs, first, replace(config, epochs=n), "Mine") for n in (2, 4))
    for each in (run, whole):
        recorder.train(each)
    archive = pack(run)
    for each in (source, origin, first):
        runs.delete(each)
    other = RunStore(tmp_path / "elsewhere")
    again = unpack(archive, other)
    gone = runs.folder / ".trash" / runs.delete(run).key
    same_run(Run(gone), again)
    assert (again.folder / "drawings.jsonl").read_bytes() == (gone / "drawings.jsonl").read_bytes()
    assert Run(again.folder / "start").name == origin.name
    again.request_resume(epochs=4)
    recorder.train(Run(again.folder))
    same(load_model(again).state_dict(), load_model(whole).state_dict())


def test_stopped_run_goes_on_where_it_was(train, runs, tmp_path):
    whole = train("mlp", epochs=4, params={"hidden": 8, "dropout": 0.5})
    part = train("mlp", epochs=2, params={"hidden": 8, "dropout": 0.5})
    again = unpack(pack(part), RunStore(tmp_path / "elsewhere"))
    again.request_resume(epochs=4)
    recorder.train(Run(again.folder))
    same(load_model(again).state_dict(), load_model(whole).state_dict())


@pytest.mark.parametrize(
    ("ending", "becomes"),
    [
        ({"event": "stopped", "time": 5.0, "seconds": 1.0, "message": "Stopped on request."}, "stopped"),
        ({"event": "paused", "time": 5.0, "seconds": 1.0, "message": "Paused on request."}, "paused"),
        ({"event": "failed", "time": 5.0, "seconds": 1.0, "message": "It broke."}, "failed"),
        (
            {"event": "diverged", "time": 5.0, "seconds": 1.0, "step": 3, "last_loss": None, "message": "No."},
            "diverged",
        ),
        ({"event": "queued", "time": 5.0, "seconds": 1.0}, "stopped"),
        ({"event": "started", "time": 5.0, "seconds": 1.0, "step": 5, "total_steps": 9, "parameters": 7}, "stopped"),
    ],
)
def test_how_it_ended_comes_along_and_what_went_on_is_stopped(train, runs, ending, becomes):
    run = train("softmax")
    with (run.folder / "events.jsonl").open("a") as f:
        f.write("\x00torn{\n" + json.dumps(ending) + "\n" + '{"event": "ep')
    again = unpack(pack(run), runs)
    assert again.status() == becomes
    assert again.message() == ending.get("message", "It had not ended when it was packed.")


def test_diverged_weights_and_numbers_that_are_none(train, runs):
    run = train("mlp", params={"hidden": 8})
    state = {name: np.full_like(value, np.nan) for name, value in load_model(run).state_dict().items()}
    write_arrays(run.folder / "weights.safetensors", state)
    with (run.folder / "events.jsonl").open("a") as f:
        metrics = '"images": 64, "lr": 1, "train": {"loss": NaN, "accuracy": -Infinity}'
        f.write(f'{{"event": "step", "time": 5, "seconds": 1, "step": 11, "epoch": 3, {metrics}}}\n')
    again = unpack(pack(run), runs)
    same(read_arrays(again.folder / "weights.safetensors"), state)
    assert str(again.history().steps[-1].train) == "{'loss': nan, 'accuracy': -inf}"


def test_runs_that_ship_can_be_taken_along(runs):
    for folder in sorted(p for p in (ROOT / "checkpoints").iterdir() if (p / "weights.safetensors").exists()):
        if Run(folder).shipped:
            same_run(Run(folder), unpack(pack(Run(folder)), runs))


def test_what_cannot_be_packed(train, runs):
    run = runs.create(small())
    with pytest.raises(ValueError, match="no weights yet"):
        pack(run)
    (run.folder / "config.json").unlink()
    with pytest.raises(RunNotFound, match="gone"):
        pack(run)


def test_too_many_snapshots_stay_out(train, runs, monkeypatch):
    run = train("softmax")
    assert "snapshots/epoch-002.npz" in hostile.members(pack(run))
    whole = sum(p.stat().st_size for p in run.folder.rglob("*") if p.is_file())
    monkeypatch.setattr("core.runs.archive.pack.MAX_ARCHIVE", whole)
    assert set(hostile.members(pack(run))) == {
        *("config.json", "events.jsonl", "probe.npz", "resume.safetensors", "weights.safetensors")
    }
    monkeypatch.setattr("core.runs.archive.pack.MAX_ARCHIVE", 50_000)
    with pytest.raises(ValueError, match="MB"):
        pack(run)


def test_frames_are_packed_where_there_is_room(train, runs, monkeypatch):
    run = train("vae", params={"hidden": "4", "code_size": 2})
    frames = {f"forming/step-{step:08d}.npz" for step in (0, 5, 10)}
    for name in ("step-00000007.npz", "step-00000005.npz.9.part", "live.npz", "notes.txt"):
        (run.folder / "forming" / name).write_bytes((run.folder / "forming" / "step-00000005.npz").read_bytes())
    whole = hostile.members(pack(run))
    assert {name for name in whole if name.startswith("forming/")} == frames
    unpack(pack(run), runs)
    kept = sum(len(content) + 1000 for name, content in whole.items() if not name.startswith("snapshots/"))
    for room, packed in ((kept + 1, frames), (kept, set())):
        monkeypatch.setattr("core.runs.archive.pack.MAX_ARCHIVE", room)
        names = set(hostile.members(pack(run)))
        assert {name for name in names if name.startswith("forming/")} == packed
        assert "snapshots/epoch-001.npz" not in names


def test_run_packed_within_its_first_epoch_comes_back_with_its_frames(train, runs, monkeypatch):
    fit = loop.fit

    def pausing(*args):
        for event in fit(*args):
            if isinstance(event, loop.Step) and event.step == 30:
                next(iter(runs.runs())).request_pause()
            yield event

    monkeypatch.setattr(recorder, "fit", pausing)
    run = train("vae", params={"hidden": "4", "code_size": 2}, batch_size=4)
    assert run.status() == Status.PAUSED
    again = unpack(pack(run), runs)
    assert list(steps_of(again)) == [0, 8, 16]


def test_nothing_but_the_run_is_packed(train):
    run = train("softmax")
    for name in ("log.txt", "stop", "weights.safetensors.1.part", "snapshots/notes.txt", "snapshots/epoch-x.npz"):
        (run.folder / name).write_text("x")
    names = set(hostile.members(pack(run)))
    assert names == {
        *("config.json", "events.jsonl", "probe.npz", "resume.safetensors", "weights.safetensors"),
        *("snapshots/epoch-001.npz", "snapshots/epoch-002.npz"),
    }
    assert pack(run) == pack(Run(run.folder))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),  # text; pages escape it
        ("[a](javascript:alert(1)) **b** `c` $x$", "[a](javascript:alert(1)) **b** `c` $x$"),
        ("a\nb\r\tc\x00d\x1b[31m", "a b c d [31m"),
        ("\u202egnp.exe\u200b\ufeff", "gnp.exe"),
        ("\ud800x\udfff", "x"),
        ("w" * 10_000, "w" * 80),
        ("\u0434\u0432\u0430 \u4e09", "\u0434\u0432\u0430 \u4e09"),
        (" \n\t ", "Two layers from scratch"),
    ],
)
def test_names_come_in_as_one_line_of_text(valid, runs, name, shown):
    run = unpack(hostile.with_fact(valid, ("name",), name), runs)
    assert run.name == shown
    assert runs.get(run.id).name.encode()


def test_notes_come_in_as_lines_of_text(train, runs):
    run = train("softmax")
    run.annotate("Best so far.\n\n<b>Keep</b> \u202eit\x00!\r\n" + "w" * 1900)
    again = unpack(pack(run), runs)
    assert again.note == "Best so far.\n\n<b>Keep</b> it !\n" + "w" * 1900
    content = hostile.members(pack(run))
    for note in (7, None, ["x"], "w" * 2001):
        with pytest.raises(ArchiveError, match=r"config\.json has a note"):
            unpack(hostile.with_fact(content, ("note",), note), runs)


@pytest.mark.parametrize(
    "created", [-1, 0, 1e300, 10**400, "1", None, True, float("nan"), pytest.param(time.time() + 1e6, id="future")]
)
def test_impossible_dates_become_today(valid, runs, created):
    run = unpack(hostile.with_fact(valid, ("created",), created), runs)
    assert abs(run.created - time.time()) < 1000


@pytest.fixture(scope="module")
def valid(tmp_path_factory) -> hostile.Members:
    """A valid archive's members, small enough that a thousand others can be made of them."""
    store = RunStore(tmp_path_factory.mktemp("valid"))
    run = store.create(small("numpy-two-layer", params={"hidden": 2}))
    recorder.train(run)
    return hostile.members(pack(run))


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> hostile.Members:
    """The same of a run that learns from drawings."""
    store = RunStore(tmp_path_factory.mktemp("taught"))
    origin = store.create(small("numpy-two-layer", params={"hidden": 2}))
    recorder.train(origin)
    run = finetune.start(store, origin, odd_hand.drawings(2, seed=1))
    recorder.train(run)
    return hostile.members(pack(run))


@pytest.fixture(scope="module")
def mapped(tmp_path_factory) -> hostile.Members:
    """The same of an autoencoder, with frames at steps 0, 5 and 10."""
    store = RunStore(tmp_path_factory.mktemp("mapped"))
    run = store.create(small("vae", params={"hidden": "2", "code_size": 2}))
    recorder.train(run)
    return hostile.members(pack(run))


def check_refused(archive: bytes, store: RunStore, folder: Path) -> None:
    before = hostile.tree(folder)
    with pytest.raises(ArchiveError) as caught:
        unpack(archive, store)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 900
    assert message.endswith(("bring the file in unchanged.", "Choose a packed run."))
    assert hostile.tree(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("maker", "least"),  # together 2,000, and some hundred with flipped bits
    [
        (hostile.odd_names, 110),
        (hostile.odd_kinds, 70),
        (hostile.bombs, 50),
        (hostile.cut, 300),
        (hostile.directories, 60),
        (hostile.configs, 300),
        (hostile.events, 300),
        (hostile.tensors, 350),
        (hostile.arrays, 400),
        (hostile.no_zips, 10),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_hostile_archives_are_refused(valid, runs, tmp_path, maker, least):
    unpack(hostile.zipped(valid), runs)  # the one they are made of would come in
    archives = list(maker(valid, random.Random(0)))
    assert len(archives) >= least
    for what, archive in archives:
        try:
            check_refused(archive, runs, tmp_path)
        except BaseException as error:
            raise AssertionError(f"{maker.__name__}: {what}") from error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "maker", "least"),
    [
        ("taught", hostile.starts, 90),
        ("taught", hostile.bombs, 60),
        ("mapped", hostile.frames, 90),
        ("mapped", hostile.bombs, 60),
    ],
)
def test_hostile_archives_with_drawings_or_frames_are_refused(request, runs, tmp_path, content, maker, least):
    whole = request.getfixturevalue(content)
    unpack(hostile.zipped(whole), runs)
    archives = list(maker(whole, random.Random(0)))
    assert len(archives) >= least
    for what, archive in archives:
        try:
            check_refused(archive, runs, tmp_path)
        except BaseException as error:
            raise AssertionError(what) from error


def test_frames_of_a_run_that_has_no_map_are_refused(valid, mapped, runs, tmp_path):
    name = "forming/step-00000005.npz"
    check_refused(hostile.zipped(valid | {name: mapped[name]}), runs, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["valid", "taught", "mapped"])
def test_bombs_take_no_memory(request, runs, kind):
    for what, archive in hostile.bombs(request.getfixturevalue(kind), random.Random(0)):
        tracemalloc.start()
        with pytest.raises(ArchiveError):
            unpack(archive, runs)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000_000, what  # half of the zeros in each of them


@pytest.mark.slow
def test_flipped_bits_are_refused_or_leave_a_whole_run(valid, runs, tmp_path):
    came = 0
    for what, archive in hostile.flipped(valid, random.Random(1)):
        before = hostile.tree(tmp_path)
        try:
            run = unpack(archive, runs)
        except ArchiveError:
            assert hostile.tree(tmp_path) == before, what
            continue
        came += 1
        assert run.status() in ENDINGS
        assert run.probe() is not None or "probe.npz" not in valid
        assert load_model(run).predict_proba(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
        assert run.history().epochs
        read_resume(run.folder).restore(build(run.config))
        again = unpack(pack(run), runs)
        same_run(run, again)
        for folder in (run.folder, again.folder):
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            folder.rmdir()
    assert 0 < came < 200


def reordered(how, lines):
    """The lines of a log in an order in which no run writes them."""
    places = {
        kind: [n for n, line in enumerate(lines) if f'"event": "{kind}"'.encode() in line] for kind in ("step", "epoch")
    }
    step, epoch = places["step"], places["epoch"]
    if how == "reversed":
        return lines[::-1]
    if how == "each twice":
        return [line for line in lines for _ in range(2)]
    if how == "a step twice":
        return lines[: step[1]] + lines[step[0] : step[0] + 1] + lines[step[1] :]
    if how == "two steps changed over":
        lines[step[1]], lines[step[2]] = lines[step[2]], lines[step[1]]
    if how == "two epochs changed over":
        lines[epoch[0]], lines[epoch[1]] = lines[epoch[1]], lines[epoch[0]]
    if how == "an epoch once more":
        lines.insert(epoch[1] + 1, lines[epoch[1]])
    if how == "an epoch of steps that were":
        lines[epoch[1]] = lines[epoch[1]].replace(b'"step": 10', b'"step": 6')
    if how == "a fraction that falls":
        lines[step[-1]] = re.sub(rb'"epoch": [0-9.]+', b'"epoch": 0.1', lines[step[-1]])
    return lines


@pytest.mark.parametrize(
    "how",
    [
        *("reversed", "each twice", "a step twice", "two steps changed over", "two epochs changed over"),
        *("an epoch once more", "an epoch of steps that were", "a fraction that falls"),
    ],
)
def test_a_log_in_which_steps_and_epochs_do_not_rise_is_refused(valid, runs, tmp_path, how):
    events = valid["events.jsonl"]
    lines = reordered(how, events.splitlines(keepends=True))
    assert b"".join(lines) != events
    check_refused(hostile.zipped(valid | {"events.jsonl": b"".join(lines)}), runs, tmp_path)


def test_a_log_of_a_run_that_began_again_is_taken(valid, runs):
    first = valid["events.jsonl"].splitlines(keepends=True)
    (end,) = (n for n, line in enumerate(first) if b'"event": "epoch", ' in line and b'"epoch": 1,' in line)
    start = {"event": "started", "time": 5.0, "seconds": 1.0, "step": 5, "total_steps": 10, "parameters": 7}
    resumed = [*first[:-3], json.dumps(start).encode() + b"\n", *first[end + 1 :]]
    for lines in (resumed, first + first):
        run = unpack(hostile.zipped(valid | {"events.jsonl": b"".join(lines)}), runs)
        assert [epoch.epoch for epoch in run.history().epochs] == [1, 2]


def test_an_accuracy_that_cannot_be_is_refused(valid, runs, tmp_path):
    events = valid["events.jsonl"]
    for value in (b"5.0", b"1e308", b"-3", b"1.01"):
        for line in re.findall(rb'\{"event": "(?:step|epoch|finished)".*\n', events):
            for found in re.finditer(rb'"(?:accuracy|loss|best|test|train)": ([0-9.]+)', line):
                if found[0].startswith(b'"loss') and value != b"-3":
                    continue
                wrong = line[: found.start(1)] + value + line[found.end(1) :]
                check_refused(hostile.zipped(valid | {"events.jsonl": events.replace(line, wrong)}), runs, tmp_path)


def test_file_too_large_is_not_looked_at(runs):
    with pytest.raises(ArchiveError, match="200 MB"):
        unpack(bytes(MAX_ARCHIVE + 1), runs)


def test_source_of_another_kind_is_refused(train, runs, tmp_path):
    source = train("autoencoder", params={"hidden": 8, "code_size": 2})
    content = hostile.members(pack(train("encoder-classifier", source=source.id)))
    unpack(hostile.zipped(content), runs)
    classifier = hostile.members(pack(train("softmax")))
    numpy = hostile.members(pack(train("numpy-autoencoder", params={"hidden": "4", "code_size": 2})))
    for name in ("source/config.json", "source/weights.safetensors"):
        check_refused(hostile.zipped({k: v for k, v in content.items() if k != name}), runs, tmp_path)
    for other in (classifier, numpy):
        foreign = {f"source/{name}": other[name] for name in ("config.json", "weights.safetensors")}
        check_refused(hostile.zipped(content | foreign), runs, tmp_path)
    foreign = {"source/weights.safetensors": content["weights.safetensors"]}
    check_refused(hostile.zipped(content | foreign), runs, tmp_path)
    wider = hostile.with_fact(content, ("config", "params"), {"hidden": 8, "code_size": 3}, "source/config.json")
    check_refused(wider, runs, tmp_path)


def test_disk_that_refuses_is_told_and_left_as_it_was(valid, runs, tmp_path, monkeypatch):
    def full(path, value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.runs.archive.pack.write_json", full)
    before = hostile.tree(tmp_path)
    with pytest.raises(ValueError, match=r"No space left.*Free some space"):
        unpack(hostile.zipped(valid), runs)
    assert hostile.tree(tmp_path) == before | {"runs/.trash": None}


def test_reader_never_sees_half_a_run(valid, runs, monkeypatch):
    seen = []

    def watched(path, value):
        seen.append(len(runs.runs()))
        write_json(path, value)

    monkeypatch.setattr("core.runs.archive.pack.write_json", watched)
    unpack(hostile.zipped(valid), runs)
    assert seen == [0]
    assert len(runs.runs()) == 1


@pytest.mark.parametrize("name", MODELS)
def test_no_model_is_smaller_than_its_least(name):
    config = TrainConfig(name, source="any" if MODELS[name].source else "")
    source = build(TrainConfig("autoencoder")) if MODELS[name].source else None
    assert _least_weights(config) <= build(config, source).parameter_count
