"""Codes are kept while a run trains, and their maps lie so that points travel as far as their codes, and no more."""

import base64
import errno
import json
import zipfile
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core import files
from core.data import datasets
from core.jobs import submit
from core.jobs.state import JobState
from core.latent import forming
from core.latent.alignment import align, follow, procrustes
from core.latent.forming import FORMING, can_form, formed
from core.latent.maps import MAPS, load_projection
from core.latent.projectors import PROJECTORS, Fit, Projector
from core.runs import frames, recorder
from core.runs.frames import (
    MAX_CODES,
    MAX_FRAMES,
    Frame,
    belongs,
    digits_in,
    kept,
    live_file,
    pack,
    read_frame,
    steps_of,
    unpack,
)
from core.runs.run import Run, RunNotFound, Status
from core.runs.weights import initial_model, load_model
from core.training import loop
from tests.conftest import ROOT, compute, small, wait_for

SMALL = {"params": {"hidden": 16, "code_size": 3}, "batch_size": 16, "epochs": 3}
STEPS = [0, 8, 16, 19, 38, 57]  # 300 digits in batches of 16 are 19 steps
TWO = {"params": {"hidden": "16", "code_size": 2}}


def turned(k, seed):
    """A random rotation or mirroring of k dimensions."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(k, k)))[0]


def blobs(n=300, k=6, seed=0):
    """Codes in ten clusters that spread most in their first two dimensions."""
    rng = np.random.default_rng(seed)
    spread = np.array([5.0, 4.0, *np.linspace(2, 0.5, k - 2)])
    return rng.normal(size=(10, k))[np.arange(n) % 10] * spread + 0.3 * rng.normal(size=(n, k))


def drifting(count=8, step=0.04, turns=True, n=300):
    """Frames whose codes drift by a few per cent of the map's width each, while code space turns as it likes."""
    codes, way = [blobs(n)], np.random.default_rng(1).normal(size=(n, 6))
    size = step * width(codes[0][:, :2]) / np.median(np.hypot(*way[:, :2].T))
    for _ in range(count - 1):
        codes.append(codes[-1] + size * way / 1.5)
    return [(c @ turned(6, seed) + 3 * seed if turns else c).astype(np.float32) for seed, c in enumerate(codes)]


def smooth(count=5, step=0.045, n=600):
    """Frames whose codes drift as those of a network do, near ones alike, and a tenth of it each as it likes."""
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=(2, 6, 6)) / 6
    codes = [blobs(n)]
    for _ in range(count - 1):
        way = 3 * np.tanh(codes[-1] @ first) @ second
        way += 0.1 * rng.normal(size=way.shape) - way.mean(0)
        codes.append(codes[-1] + step * width(codes[-1][:, :2]) / np.median(np.hypot(*way[:, :2].T)) * way)
    return [(c @ turned(6, seed)).astype(np.float32) for seed, c in enumerate(codes)]


def width(points):
    """The diagonal of a map between its first and last percentile."""
    return float(np.hypot(*(np.percentile(points, 99, 0) - np.percentile(points, 1, 0))))


def travel(before, after):
    """How far the median point goes between two maps, in widths of the map."""
    return float(np.median(np.hypot(*(after - before).T))) / width(after)


# What is kept


@pytest.mark.parametrize("per_epoch", [1, 7, 469, 60_000])
def test_frames_of_a_long_run_are_few_and_the_newest_is_there(per_epoch):
    looks = [step for step in range(min(per_epoch, 10**6)) if belongs(step, per_epoch)]
    staying, most = set(kept(looks, per_epoch)), 0
    for epoch in range(1, 1001):
        staying = kept({*staying, epoch * per_epoch}, per_epoch)
        most = max(most, len(staying))
        assert max(staying) == epoch * per_epoch
        if epoch <= 64:
            assert staying == {*looks, *(e * per_epoch for e in range(1, epoch + 1))}
        # One at a time, or all at once after a run was resumed: the same stay.
        assert staying == kept([*looks, *(e * per_epoch for e in range(1, epoch + 1))], per_epoch)
    assert most <= MAX_FRAMES
    late = sorted(step // per_epoch for step in staying if step >= 64 * per_epoch)
    assert max(b - a for a, b in pairwise(late)) <= 16
    assert {1, 2, 4, 8, 16} <= {step // per_epoch for step in staying}


def test_nothing_is_kept_of_nothing():
    assert kept([], 10) == set()
    assert kept([0], 10) == {0}


@pytest.mark.parametrize(("code_size", "digits"), [(2, 2000), (64, 2000), (65, 2000), (128, 1024), (1024, 128)])
def test_frames_of_wide_codes_hold_fewer_digits(code_size, digits):
    assert digits_in(code_size, 10_000) == digits
    assert digits_in(code_size, 100) == 100
    assert 2 * code_size * digits <= MAX_CODES


@pytest.mark.parametrize(("scale", "away"), [(1, 0), (1e-6, 0), (1e-3, 100), (1e6, 1e6), (1e30, 0), (3e38, 0), (0, 7)])
def test_half_precision_tells_codes_apart_wherever_they_lie(scale, away):
    codes = (away + scale * np.random.default_rng(0).uniform(-1, 1, (500, 3))).astype(np.float32)
    again = unpack(pack(codes))
    assert again.dtype == np.float32
    assert np.isfinite(again).all()
    exact = codes.astype(np.float64)
    spread = np.abs(exact - exact.mean(0)).max()
    np.testing.assert_allclose(again, exact, rtol=2e-7, atol=spread * 2**-11)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_codes_that_are_not_finite_make_no_frame(value):
    codes = np.ones((5, 2), np.float32)
    codes[3, 1] = value
    assert pack(codes) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"codes": np.full((4, 2), np.nan, np.float16)},
        {"codes": np.full((4, 2), 2, np.float16)},
        {"codes": np.zeros((4, 2), np.float32)},
        {"codes": np.zeros(4, np.float16)},
        {"mean": np.array([np.inf, 0], np.float32)},
        {"mean": np.zeros(3, np.float32)},
        {"scale": np.array(np.nan, np.float32)},
        {"scale": np.array(-1, np.float32)},
        {"scale": np.zeros(2, np.float32)},
        {"scale": np.array(1.0)},
    ],
)
def test_arrays_of_no_frame_are_refused(changes):
    with pytest.raises(ValueError, match=r"no frame of a run\. Delete the file\."):
        unpack(pack(blobs(4, 2).astype(np.float32)) | changes)


# What the recorder writes


def test_run_keeps_the_codes_of_its_first_test_digits(trained):
    run = trained("autoencoder", **SMALL)
    assert list(steps_of(run)) == STEPS
    assert not live_file(run).exists()
    last = read_frame(steps_of(run)[57])
    images = datasets.load("digits").test.images[:2000]
    codes = load_model(run).encode(images)
    assert last.codes.shape == codes.shape
    np.testing.assert_allclose(last.codes, codes, atol=np.ptp(codes) * 2**-10)
    before = initial_model(run).encode(images)
    np.testing.assert_allclose(read_frame(steps_of(run)[0]).codes, before, atol=np.ptp(before) * 2**-10)


@pytest.mark.parametrize(
    ("model", "params"),
    [("softmax", {}), ("numpy-two-layer", {"hidden": 4}), ("autoencoder", {"hidden": 8, "code_size": 1})],
)
def test_run_without_a_map_keeps_none(trained, model, params):
    run = trained(model, params=params, epochs=1)
    assert not (run.folder / "forming").exists()
    assert can_form(run).endswith(("Choose an autoencoder.", "Choose a run with a larger code."))


def test_training_is_the_same_with_frames_and_without(trained, monkeypatch):
    run = trained("vae", **TWO)
    monkeypatch.setattr(frames, "write_frame", lambda *args: None)
    other = trained("vae", **TWO)
    assert not steps_of(other)
    for key, value in load_model(run).state_dict().items():
        np.testing.assert_array_equal(value, load_model(other).state_dict()[key])


@pytest.fixture
def interrupted(runs, monkeypatch):
    """A function that trains a run and pauses it before the n-th event."""
    fit = loop.fit

    def train(n, **changes):
        run = runs.create(small("autoencoder", **{**SMALL, **changes}))

        def pausing(*args):
            for number, event in enumerate(fit(*args)):
                if number == n:
                    run.request_pause()
                yield event

        monkeypatch.setattr(recorder, "fit", pausing)
        recorder.train(run)
        monkeypatch.setattr(recorder, "fit", fit)
        assert run.status() == Status.PAUSED
        return run

    return train


def test_live_frame_moves_within_an_epoch_and_is_replaced_by_the_epochs_own(interrupted):
    run = interrupted(34)
    assert list(steps_of(run)) == [0, 8, 16, 19]
    live = read_frame(live_file(run))
    assert 19 < live.step < 38
    assert formed(run, "pca")["steps"] == [0, 8, 16, 19, live.step]
    run.request_resume()
    recorder.train(Run(run.folder))
    assert not live_file(run).exists()
    assert list(steps_of(run)) == STEPS


def test_what_an_interrupted_epoch_left_is_made_again(interrupted):
    run = interrupted(12)
    assert list(steps_of(run)) == [0, 8]
    first = steps_of(run)[0].read_bytes()
    for step in (0, 8, 16, 300):  # as if of other weights, or never due
        frames.frame_file(run, step).write_bytes(b"old")
    (run.folder / "forming" / "step-00000016.npz.7.part").write_bytes(b"half")
    run.request_resume()
    recorder.train(Run(run.folder))
    assert sorted(path.name for path in (run.folder / "forming").iterdir()) == [f"step-{s:08d}.npz" for s in STEPS]
    assert steps_of(run)[8].read_bytes() != b"old"
    assert len(first) > 1000


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full. Free some space, then press Resume."),
        (PermissionError(errno.EACCES, "Permission denied"), "PermissionError: [Errno 13] Permission denied"),
    ],
)
def test_frame_that_cannot_be_written_is_told_and_the_run_goes_on_from_its_last_epoch(
    trained, runs, monkeypatch, error, told
):
    whole, write = trained("autoencoder", **SMALL), files.write_npz

    def failing(path, arrays, durable=True):
        if path.name == "step-00000038.npz":
            raise error
        write(path, arrays, durable)

    monkeypatch.setattr(frames, "write_npz", failing)
    run = runs.create(small("autoencoder", **SMALL))
    recorder.train(run)
    assert (run.status(), run.message()) == (Status.FAILED, told)
    assert len(run.history().epochs) == 1
    monkeypatch.setattr(frames, "write_npz", write)
    run.request_resume()
    recorder.train(Run(run.folder))
    assert {s: p.read_bytes() for s, p in steps_of(run).items()} == {
        s: p.read_bytes() for s, p in steps_of(whole).items()
    }


# How maps lie over each other


def test_procrustes_undoes_a_rotation():
    codes = blobs() - blobs().mean(0)
    turn = turned(6, 3)
    found = procrustes(codes @ turn, codes)
    np.testing.assert_allclose(found, turn.T, atol=1e-9)


def test_last_map_is_that_of_pca():
    codes = drifting()
    expected = PROJECTORS["pca"].fit(codes[-1], lambda share, message: None).points
    np.testing.assert_allclose(align(codes)[-1], expected, atol=1e-4)


@pytest.mark.parametrize("upright", [True, False])
def test_codes_that_drift_and_turn_make_points_that_travel(upright):
    codes = drifting()
    maps = align(codes, upright=upright)
    assert all(m.shape == (300, 2) and m.dtype == np.float32 for m in maps)
    for before, after in pairwise(maps):
        assert 0 < travel(before, after) <= 0.05
    # And so far only because they are aligned: laid out one by one, they jump.
    alone = [PROJECTORS["pca"].fit(c, lambda share, message: None).points for c in codes]
    assert max(travel(before, after) for before, after in pairwise(alone)) > 0.1


def test_alignment_expands_no_change():
    codes = drifting(step=0.3)
    for (old, new), (before, after) in zip(pairwise(codes), pairwise(align(codes)), strict=True):
        change = (new - new.mean(0)) - (old - old.mean(0))
        assert np.linalg.norm(after - before) <= np.linalg.norm(change) * 1.0001


def test_eigenvalues_that_cross_do_not_make_the_map_jump():
    base = np.random.default_rng(0).normal(size=(500, 3))
    codes = [(base * [2, 1 + 0.02 * n, 1.2 - 0.02 * n]).astype(np.float32) for n in range(11)]
    alone = [PROJECTORS["pca"].fit(c, lambda share, message: None).points for c in codes]
    assert max(travel(a, b) for a, b in pairwise(alone)) > 0.05  # the second and the third direction change places
    assert max(travel(a, b) for a, b in pairwise(align(codes))) < 0.01


def test_cluster_that_moves_is_seen_to_move():
    codes = [blobs().astype(np.float32) for _ in range(4)]
    mine = np.arange(300) % 10 == 3
    codes[2][mine, 0] += 8
    codes[3][mine, 0] += 8
    maps = align(codes)
    gone = [np.hypot(*(b - a).T) for a, b in pairwise(maps)]
    assert np.allclose(gone[0], 0, atol=1e-4)
    assert np.allclose(gone[2], 0, atol=1e-4)
    assert np.median(gone[1][mine]) > 5
    assert np.median(gone[1][~mine]) < 2


def test_earlier_maps_stay_where_they_are_while_a_run_goes_on():
    """With each new frame the plane is another one; its signs and its order of directions are not seen."""
    base, rng = np.random.default_rng(0).normal(size=(500, 3)), np.random.default_rng(1)
    codes = [
        ((base * [2 + 0.04 * n, 2.4 - 0.04 * n, 0.5]) @ turned(3, n) + rng.normal(size=3)).astype(np.float32)
        for n in range(20)
    ]
    jumps = {
        upright: max(
            travel(align(codes[:n], upright=upright)[0], align(codes[: n + 1], upright=upright)[0])
            for n in range(5, len(codes))
        )
        for upright in (True, False)
    }
    assert jumps[True] > 0.1
    assert jumps[False] < 0.01


@pytest.mark.parametrize(
    "codes",
    [
        [np.zeros((5, 3), np.float32)] * 3,
        [np.zeros((5, 3), np.float32), blobs(5, 3).astype(np.float32)],
        [blobs(5, 3).astype(np.float32), np.zeros((5, 3), np.float32)],
        [np.full((5, 2), 1e30, np.float32) * np.arange(5, dtype=np.float32)[:, None]] * 2,
        [blobs(3, 40).astype(np.float32)] * 2,
    ],
)
@pytest.mark.parametrize("upright", [True, False])
def test_odd_codes_have_finite_maps(codes, upright):
    for points in align(codes, upright=upright):
        assert points.shape == (len(codes[0]), 2)
        assert np.isfinite(points).all()


def test_follow_turns_mirrors_and_shifts_but_never_scales():
    before = blobs()[:, :2].astype(np.float32)
    mirror = np.diag([1, -1]) @ turned(2, 5)
    np.testing.assert_allclose(follow(before @ mirror + [7, -3], before), before, atol=1e-4)
    larger = follow(3 * before, before)
    np.testing.assert_allclose(larger - larger.mean(0), 3 * (before - before.mean(0)), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_bent_maps_of_codes_that_hardly_change_hardly_change(method, stored_run, monkeypatch):
    codes = smooth()
    monkeypatch.setattr(forming, "_frames", lambda run: [Frame(469 * n, frame) for n, frame in enumerate(codes)])
    run = stored_run([frame[:300] for frame in codes])  # the embedded digits are not so many
    compute(FORMING, run, method)
    assert FORMING.state(run, method).state == "ready"
    maps = list(FORMING.load(run, method).points)
    gone = [travel(before, after) for before, after in pairwise(maps)]
    assert 0 < max(gone) <= 0.05
    # Laid out one by one, they jump.
    alone = [PROJECTORS[method].fit(frame, lambda share, message: None).points for frame in codes[:2]]
    assert travel(*alone) > 2 * max(gone)


# What the browser gets


def points_of(answer):
    points = np.frombuffer(base64.b64decode(answer["points"]), "<f4")
    return points.reshape(len(answer["steps"]), answer["n"], 2)


@pytest.fixture
def stored_run(runs):
    """A function that makes a finished run whose frames are these codes, one an epoch of 469 steps."""

    def make(codes):
        run = runs.create(small("vae", params={"hidden": "16", "code_size": codes[0].shape[1]}, epochs=len(codes)))
        (run.folder / "forming").mkdir()
        for number, frame in enumerate(codes):
            files.write_npz(frames.frame_file(run, 469 * number), pack(frame))
        log = {"event": "started", "time": 1, "seconds": 0, "total_steps": 469 * len(codes)}
        lines = [log, {"event": "finished", "time": 2, "seconds": 1}]
        (run.folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return run

    return make


def test_answer_for_the_browser(stored_run):
    codes = [frame[:200] for frame in drifting(3)]
    run = stored_run(codes)
    answer = formed(run, "pca")
    assert (answer["steps"], answer["epochs"], answer["n"]) == ([0, 469, 938], [0, 1, 2], 200)
    assert answer["training"] is False
    labels = np.frombuffer(base64.b64decode(answer["labels"]), np.uint8)
    np.testing.assert_array_equal(labels, datasets.load("digits").test.labels[:200])
    for mine, its in zip(points_of(answer), align(codes), strict=True):
        np.testing.assert_allclose(mine, its, atol=0.01)
    assert formed(run, "pca", answer["version"]) == {"version": answer["version"], "same": True}
    assert formed(run, "pca", "other") == answer
    json.dumps(answer)
    files.write_npz(frames.frame_file(run, 1407), pack(codes[0]))
    assert formed(run, "pca", answer["version"])["steps"] == [0, 469, 938, 1407]
    assert FORMING.state(run, "pca").state == "ready"


def test_codes_of_two_numbers_are_shown_as_they_are(trained):
    run = trained("vae", **TWO)
    maps = points_of(formed(run, "code"))
    codes = load_model(run).encode(datasets.load("digits").test.images[:2000])
    np.testing.assert_allclose(maps[-1], codes, atol=np.ptp(codes) * 2**-10)


def _tilted(codes, progress, neighbours=None, start=None):
    """Fit a plane that is not PCA's, seen from a place that is not the middle of the codes."""
    basis = turned(codes.shape[1], 8)[:2].astype(np.float32)
    mean = np.ones(codes.shape[1], np.float32)
    return Fit((codes - mean) @ basis.T, {}, mean, basis)


@pytest.mark.parametrize("method", [*PROJECTORS, "tilted"])
def test_every_projector_lays_out_the_frames_itself(stored_run, monkeypatch, method):
    monkeypatch.setitem(PROJECTORS, "tilted", Projector("tilted", "Tilted", "", _tilted, float, kind="flat"))
    row = PROJECTORS[method]
    if row.kind == "bent":  # and takes long
        bent = lambda codes, progress, neighbours=None, start=None: Fit(codes[:, :2] ** 3, {})  # noqa: E731
        row = replace(row, fit=bent)
        monkeypatch.setitem(PROJECTORS, method, row)
    size = next(size for size in (6, 4, 3, 2) if row.fits(size))
    run = stored_run([blobs(200, size, seed).astype(np.float32) for seed in range(3)])
    compute(FORMING, run, method)
    points = points_of(formed(run, method))
    last = read_frame(list(steps_of(run).values())[-1]).codes
    expected = row.fit(last, lambda share, message: None).points
    if row.kind == "itself":
        np.testing.assert_array_equal(points[-1], last)
    elif row.kind == "flat":  # in the middle, until there is a stored map to lie on
        np.testing.assert_allclose(points[-1], expected - expected.mean(0), atol=1e-3)
    else:
        np.testing.assert_allclose(points[0], row.fit(read_frame(steps_of(run)[0]).codes, None).points, rtol=1e-6)


@pytest.mark.parametrize("method", [name for name, row in PROJECTORS.items() if row.kind != "bent"] + ["tilted"])
def test_last_map_of_each_kind_lies_where_the_stored_one_has_the_same_digits(trained, monkeypatch, method):
    monkeypatch.setitem(PROJECTORS, "tilted", Projector("tilted", "Tilted", "", _tilted, float, kind="flat"))
    run = trained("vae", **TWO)
    before = formed(run, method)
    compute(MAPS, run, method, "test")
    after = formed(run, method, before["version"])
    assert "same" not in after
    stored = load_projection(run, method).points
    np.testing.assert_allclose(points_of(after)[-1], stored[: after["n"]], atol=np.ptp(stored) * 2**-9)


def test_a_flat_projector_without_a_plane_is_a_sentence(stored_run, monkeypatch):
    flat = lambda codes, progress, neighbours=None, start=None: Fit(codes[:, :2], {})  # noqa: E731
    monkeypatch.setitem(PROJECTORS, "pca", replace(PROJECTORS["pca"], fit=flat))
    assert "Choose another projection." in formed(stored_run(drifting(2)), "pca")["error"]


def test_last_map_lies_where_the_stored_one_has_the_same_digits(trained):
    run = trained("vae", **TWO)  # its codes spread alike every way, so that PCA of fewer digits is turned
    before = formed(run, "pca")
    compute(MAPS, run, "pca", "test")
    stored = load_projection(run, "pca").points
    after = formed(run, "pca", before["version"])
    np.testing.assert_allclose(points_of(after)[-1], stored[: after["n"]], atol=np.ptp(stored) * 2**-9)
    for one, other in zip(pairwise(points_of(before)), pairwise(points_of(after)), strict=True):
        assert travel(*one) == pytest.approx(travel(*other), rel=0.1)
    run.projection_file("pca-test").write_bytes(b"x")
    np.testing.assert_array_equal(points_of(formed(run, "pca")), points_of(before))


def test_frames_that_are_damaged_or_fit_no_other_are_left_out(stored_run):
    run = stored_run(drifting(6))
    paths = list(steps_of(run).values())
    paths[0].write_bytes(b"x")
    paths[1].write_bytes(paths[2].read_bytes()[:-300])
    files.write_npz(paths[3], pack(blobs(7).astype(np.float32)))
    with zipfile.ZipFile(paths[4], "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("codes.npy", bytes(50_000_000))
    assert formed(run, "pca")["steps"] == [469 * 2, 469 * 5]
    for file in paths:
        file.write_bytes(b"")
    assert formed(run, "pca")["error"].endswith("Train it again, and watch its map form.")


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("code", "Choose another projection."),
        ("umap", "are not laid out yet. Compute them."),
        ("../x", "Choose one of: pca,"),
        ("", "Choose one of: pca,"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(stored_run, method, told):
    assert told in formed(stored_run(drifting(2)), method)["error"]


def test_more_digits_than_there_are_is_a_sentence(stored_run):
    assert "more digits than there are" in formed(stored_run([blobs(1900).astype(np.float32)]), "pca")["error"]


def test_run_that_is_gone_and_digits_that_are_not_here(stored_run, runs, monkeypatch):
    run = stored_run(drifting(2))
    monkeypatch.setattr(datasets, "is_ready", lambda name: False)
    assert formed(run, "pca") == {"error": can_form(run)}
    assert can_form(run).endswith("and it is fetched.")
    monkeypatch.undo()
    runs.delete(run)
    assert formed(Run(run.folder), "pca")["error"].endswith("is gone. Choose another one.")
    for method in ("pca", "umap"):
        with pytest.raises(RunNotFound):
            FORMING.state(Run(run.folder), method)


def test_runs_that_ship(mnist):
    store = ROOT / "checkpoints"
    assert can_form(Run(store / "vae-2")) == ""
    assert can_form(Run(store / "conv-autoencoder")).endswith("Train it again, and watch its map form.")
    assert can_form(Run(store / "cnn")).endswith("Choose an autoencoder.")
    answer = formed(Run(store / "vae-2"), "code")
    assert (answer["epochs"][0], answer["epochs"][-1], answer["n"]) == (0, 20, 2000)
    late = [(a, b) for e, (a, b) in zip(answer["epochs"][1:], pairwise(points_of(answer)), strict=True) if e > 3]
    assert len(late) >= 5
    assert max(travel(before, after) for before, after in late) <= 0.05


# What a worker lays out


@pytest.fixture
def laid_out(monkeypatch):
    """A projector of which every call is recorded: its map is the start moved a little, or the first two numbers."""
    calls = []

    def fit(codes, progress, neighbours=None, start=None):
        progress(0.5, "halfway")
        calls.append((codes, start))
        return Fit((codes[:, :2] if start is None else start + 0.01).astype(np.float32), {})

    monkeypatch.setitem(PROJECTORS, "umap", Projector("umap", "UMAP", "", fit, False))
    return calls


def test_each_frame_begins_from_the_one_before_and_nothing_is_laid_out_twice(stored_run, laid_out):
    codes = drifting(4)
    run = stored_run(codes[:3])
    assert FORMING.state(run, "umap").state == "absent"
    compute(FORMING, run, "umap")
    assert FORMING.state(run, "umap").state == "ready"
    answer = formed(run, "umap")
    maps = points_of(answer)
    assert [start is None for _, start in laid_out] == [True, False, False]
    for (_, start), before in zip(laid_out[1:], maps, strict=False):
        np.testing.assert_array_equal(start, before)
    compute(FORMING, run, "umap")
    assert len(laid_out) == 3
    files.write_npz(frames.frame_file(run, 1407), pack(codes[3]))
    assert FORMING.state(run, "umap").state == "absent"
    assert formed(run, "umap", answer["version"]) == {"version": answer["version"], "same": True}
    compute(FORMING, run, "umap")
    assert len(laid_out) == 4
    np.testing.assert_array_equal(points_of(formed(run, "umap"))[:3], maps)
    files.write_npz(frames.frame_file(run, 469), pack(codes[3]))  # another frame in the middle
    compute(FORMING, run, "umap")
    assert len(laid_out) == 4 + 3


def test_what_was_laid_out_before_a_failure_stays(stored_run, laid_out, monkeypatch):
    run = stored_run(drifting(4))
    fit = PROJECTORS["umap"].fit

    def failing(codes, progress, neighbours=None, start=None):
        if len(laid_out) == 2:
            raise ValueError("The codes are all the same. Train it longer.")
        return fit(codes, progress, neighbours, start)

    monkeypatch.setitem(PROJECTORS, "umap", Projector("umap", "UMAP", "", failing, False))
    compute(FORMING, run, "umap")
    state = FORMING.state(run, "umap")
    assert (state.state, state.message) == ("failed", "The codes are all the same. Train it longer.")
    assert formed(run, "umap")["steps"] == [0, 469]
    monkeypatch.setitem(PROJECTORS, "umap", Projector("umap", "UMAP", "", fit, False))
    compute(FORMING, run, "umap")
    assert len(laid_out) == 4
    assert formed(run, "umap")["steps"] == [0, 469, 938, 1407]


@pytest.mark.parametrize("content", [b"", b"x", b"PK\5\6" + bytes(18)])
def test_damaged_maps_are_laid_out_again(stored_run, laid_out, content):
    run = stored_run(drifting(2))
    compute(FORMING, run, "umap")
    run.projection_file("forming-umap").write_bytes(content)
    assert FORMING.state(run, "umap").state == "absent"
    assert "Compute them." in formed(run, "umap")["error"]
    compute(FORMING, run, "umap")
    assert formed(run, "umap")["steps"] == [0, 469]


@pytest.mark.parametrize(
    ("steps", "keys"),
    [([[0], [469]], []), (0, []), ([469, 0], []), ([0, 0], []), ([0, 469], [[float("inf"), 0, 0]]), ([0, 469], [0])],
)
def test_maps_of_which_the_facts_are_wrong_are_laid_out_again(stored_run, laid_out, steps, keys):
    run = stored_run(drifting(2))
    run.projection_file("forming-umap").parent.mkdir()
    arrays = {"steps": np.array(steps, np.int64), "points": np.zeros((2, 5, 2), np.float32)}
    files.write_npz(run.projection_file("forming-umap"), arrays, facts={"keys": keys, "whole": True})
    assert FORMING.state(run, "umap").state == "absent"
    assert "Compute them." in formed(run, "umap")["error"]


def test_progress_is_told_frame_by_frame(stored_run, laid_out, monkeypatch):
    told = []
    run = stored_run(drifting(4))
    run.projection_file("umap").parent.mkdir()
    forming._form(run, lambda share, message: told.append((share, message)), "umap")
    assert told == [((n + 0.5) / 4, f"map {n + 1} of 4: halfway") for n in range(4)]


# Runs from before there were frames


def without_frames(run):
    for path in (run.folder / "forming").iterdir():
        path.unlink()
    (run.folder / "forming").rmdir()
    return run


def test_frames_are_made_of_the_weights_in_snapshots(trained):
    run = trained("autoencoder", **SMALL)
    whole = {step: read_frame(path).codes for step, path in steps_of(run).items()}
    without_frames(run)
    assert can_form(run) == ""
    assert FORMING.state(run, "pca").state == "absent"
    assert "Compute" in formed(run, "pca")["error"]
    compute(FORMING, run, "pca")
    assert FORMING.state(run, "pca").state == "ready"
    assert formed(run, "pca")["steps"] == [19, 38, 57]
    for step, path in steps_of(run).items():
        codes = read_frame(path).codes
        assert np.median(np.abs(codes - whole[step])) < 0.01 * np.ptp(whole[step])


def test_snapshots_without_weights_or_broken_ones_are_a_sentence(trained):
    run = without_frames(trained("autoencoder", **SMALL))
    snapshot = run.folder / "snapshots" / "epoch-002.npz"
    good = snapshot.read_bytes()
    snapshot.write_bytes(good[:-400])
    compute(FORMING, run, "pca")
    state = FORMING.state(run, "pca")
    assert state.state == "failed"
    assert "epoch-002.npz does not hold the weights of an epoch" in state.message
    assert not steps_of(run)  # all or none
    for path in (run.folder / "snapshots").iterdir():
        files.write_npz(path, {"indices": np.arange(3)})
    assert can_form(run).endswith("Train it again, and watch its map form.")


@pytest.mark.slow
def test_worker_is_cancelled_and_goes_on_from_what_it_had_laid_out(stored_run):
    run = stored_run(drifting(12))
    (run.folder / "weights.safetensors").touch()
    submit.request(FORMING, run, "tsne")
    wait_for(lambda: len(formed(run, "tsne").get("steps", [])) >= 2, 120)
    assert FORMING.state(run, "tsne").state == "computing"
    FORMING.cancel(run, "tsne")
    wait_for(lambda: not FORMING.state(run, "tsne").under_way)
    assert FORMING.state(run, "tsne") == JobState("cancelled", message="Cancelled.")
    before = points_of(formed(run, "tsne"))
    assert 2 <= len(before) < 12
    submit.request(FORMING, run, "tsne")
    wait_for(lambda: FORMING.state(run, "tsne").state == "ready", 120)
    after = points_of(formed(run, "tsne"))
    assert len(after) == 12
    np.testing.assert_array_equal(after[: len(before)], before)
