"""What leaves the dashboard says the same as what is in it: read back by the programs it is made for."""

import csv
import io
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from core.data import datasets
from core.data.augment import Augmentation
from core.files import read_arrays
from core.models import MODELS
from core.models.onnx import to_onnx
from core.models.torch_model import TorchModel
from core.runs import finetune, recorder
from core.runs.events import to_json
from core.runs.export import metrics_csv, onnx_model, script, tensorboard
from core.runs.run import RunNotFound
from core.runs.weights import load_model
from core.training.config import TrainConfig, build
from tests import odd_hand
from tests.conftest import ROOT, small
from tests.test_boundaries import run as run_code


def rows_of(run):
    return list(csv.DictReader(io.StringIO(metrics_csv(run))))


@pytest.mark.parametrize("changes", [{"patience": 1}, {"model": "vae"}, {"model": "numpy-two-layer"}])
def test_csv_has_every_number_that_was_logged(trained, changes):
    run = trained(**changes)
    history = run.history()
    rows = rows_of(run)
    assert [row["kind"] for row in rows] == ["step"] * len(history.steps) + ["epoch"] * len(history.epochs)
    for row, event in zip(rows, map(to_json, history.measured), strict=True):
        for name in ("epoch", "step", "seconds", "images", "lr", "images_per_second"):
            assert row[name] == str(event.get(name, ""))
        for part in ("train", "test", "validation"):
            names = {key.removeprefix(f"{part}_") for key in row if key.startswith(part) and row[key]}
            assert names == set(event.get(part, {}))
            assert all(float(row[f"{part}_{name}"]) == event[part][name] for name in names)


def test_csv_is_no_spreadsheet_program(runs):
    run = runs.create(small(), "=cmd|' /C calc'!A0")
    evil = '{"=1+1": 1, "@x": 2, "accuracy": NaN, "mse": -Infinity, "kl": 0.5, "a,b\\n": 1}'
    with (run.folder / "events.jsonl").open("w") as f:
        f.write(f'{{"event": "step", "step": 1, "train": {evil}}}\n')
        for facts in ('"epoch": "=A1"', '"seconds": true', '"train": {"loss": "=1+1"}', '"lr": "@x"'):
            f.write(f'{{"event": "step", "step": 2, {facts}}}\n')
    assert metrics_csv(run) == "kind,epoch,step,seconds,images,lr,images_per_second,train_kl\nstep,0,1,0,0,0,,0.5\n"


def test_csv_of_a_run_that_has_not_begun_or_is_gone(runs):
    run = runs.create(small())
    assert metrics_csv(run) == "kind,epoch,step,seconds,images,lr,images_per_second\n"
    (run.folder / "config.json").unlink()
    for export in (metrics_csv, tensorboard, script, onnx_model):
        with pytest.raises(RunNotFound, match="gone"):
            export(type(run)(run.folder))


def test_tensorboard_reads_what_was_logged(trained, tmp_path):
    run = trained("mlp", patience=1)
    with zipfile.ZipFile(io.BytesIO(tensorboard(run))) as file:
        assert len(file.namelist()) == 1
        file.extractall(tmp_path / "log")
    board = EventAccumulator(str(tmp_path / "log" / run.id))
    board.Reload()
    history = run.history()
    found = {
        tag: [(e.step, e.wall_time, np.float32(e.value)) for e in board.Scalars(tag)] for tag in board.Tags()["scalars"]
    }
    for events, part, place in (
        *((history.steps, "train", "train"), (history.steps, "test", "test_sample"), (history.epochs, "test", "test")),
        *((history.epochs, "train", "train_epoch"), (history.epochs, "validation", "validation")),
    ):
        for metric in ("loss", "accuracy"):
            lines = [e for e in map(to_json, events) if part in e]
            said = [(e["step"], e["time"], np.float32(e[part][metric])) for e in lines]
            assert said
            assert found.pop(f"{metric}/{place}") == said
    assert found.pop("lr") == [(e.step, e.time, np.float32(e.lr)) for e in history.steps]
    assert len(found.pop("images_per_second")) == 2
    health = history.epochs[0].health
    assert set(found) == {f"{measure}/{layer}" for layer, measures in health.items() for measure in measures}


# What else than its defaults each model may be made of.
VARIANTS = {
    "cnn": [{"width": 4}],
    "mlp": [{"activation": "gelu"}, {"activation": "tanh"}],
    "deep": [{"batch_norm": False, "activation": "sigmoid", "depth": 2}],
    "numpy-two-layer": [{"scaled": False, "init_std": 0.01}, {"activation": "tanh"}],
    "numpy-deep": [{"batch_norm": False, "depth": 1}],
    "fc-autoencoder": [{"code_relu": True, "hidden": "32"}],
    "naive-autoencoder": [{"activation": "tanh"}],
    "sparse-autoencoder": [
        {"penalty": "l1"},
        {"penalty": "top-k", "target": 0.05},
        {"penalty": "top-k", "target": 0.9},
    ],
    "numpy-autoencoder": [{"activation": "sigmoid", "hidden": "16"}],
}
CASES = [
    (name, loss, params)
    for name, spec in MODELS.items()
    if spec.learns == "by steps"
    for loss, params in [
        *((loss, {}) for loss in spec.losses),
        *((spec.losses[0], params) for params in VARIANTS.get(name, ())),
    ]
]


@pytest.mark.parametrize(("name", "loss", "params"), CASES)
def test_onnx_agrees_with_every_model_that_learns_by_steps(name, loss, params):
    digits = datasets.load("digits")
    spec = MODELS[name]
    source = build(TrainConfig("autoencoder")) if spec.source else None
    model = build(TrainConfig(name, loss=loss, params=params, source="any" if source else ""), source)
    for start in range(0, 320, 64):  # weights and running means unlike those it begins with
        batch = slice(start, start + 64)
        model.train_step(digits.train.images[batch], digits.train.labels[batch], 1e-3)
    content = to_onnx(model)
    assert content == to_onnx(model)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    images = digits.test.images[:100]
    if spec.task == "classify":
        wanted = {"probabilities": model.predict_proba(images)}
    else:
        codes = model.encode(images)
        wanted = {"codes": codes, "pictures": model.decode(codes)[:, None]}
    assert [output.name for output in session.get_outputs()] == list(wanted)
    pixels = images[:, None].astype(np.float32) / 255
    for size in (1, 7, 100):
        for answer, (output, expected) in zip(
            session.run(None, {"pixels": pixels[:size]}), wanted.items(), strict=True
        ):
            assert answer.dtype == np.float32, output
            assert answer.shape == expected[:size].shape, output
            np.testing.assert_allclose(answer, expected[:size], rtol=1e-5, atol=1e-5, err_msg=output)


def test_onnx_of_a_run_is_its_model(trained):
    run = trained("softmax")
    proto = onnx.load_from_string(onnx_model(run))
    assert [d.dim_param or d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim] == ["n", 1, 28, 28]
    session = onnxruntime.InferenceSession(onnx_model(run), providers=["CPUExecutionProvider"])
    images = datasets.load("digits").test.images[:100]
    (answer,) = session.run(["probabilities"], {"pixels": images[:, None].astype(np.float32) / 255})
    np.testing.assert_allclose(answer, load_model(run).predict_proba(images), atol=1e-5)


def test_layer_without_counterpart_is_named():
    def network():
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softsign())

    with pytest.raises(ValueError, match=r"Softsign cannot be written as ONNX\. Export the weights"):
        to_onnx(TorchModel(network, lambda *_: None))


def carried_out(text, folder, runs):
    """Run a script; return the weights it saved."""
    (folder / "again.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DIGITLAB_CHECKPOINTS": str(runs.folder)}
    done = subprocess.run([sys.executable, "again.py"], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return read_arrays(folder / "weights.safetensors"), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("numpy-autoencoder", {"params": {"hidden": "32-16", "code_size": 4}, "noise": "masking", "noise_level": 0.5}),
        (
            "encoder-classifier",
            {"params": {"encoder": "fine-tuned"}, "augmentation": Augmentation(shift=2), "patience": 1},
        ),
    ],
)
def test_script_trains_to_the_same_weights(trained, runs, tmp_path, model, changes):
    source = {"source": trained("autoencoder").id} if MODELS[model].source else {}
    run = trained(model, **changes, **source)
    check_script(run, tmp_path, runs)


@pytest.mark.slow
def test_script_of_a_run_that_learns_from_drawings(trained, runs, tmp_path):
    run = finetune.start(runs, trained("mlp", params={"hidden": 16}), odd_hand.drawings(10, seed=1))
    recorder.train(run)
    check_script(run, tmp_path, runs)


def check_script(run, folder, runs):
    weights, said = carried_out(script(run), folder, runs)
    expected = read_arrays(run.folder / "weights.safetensors")
    assert {k: v.tobytes() for k, v in weights.items()} == {k: v.tobytes() for k, v in expected.items()}
    assert said.count("epoch ") == len(run.history().epochs)


@pytest.mark.parametrize(
    "name",
    [
        *(
            '"""',
            "'''",
            "a\nimport os\nos.abort()",
            "a\r\x0b\x0cos.abort()",
            "\u2028os.abort()\x85",
            "{name} {0} %s \\",
        ),
        *("'); os.abort() #", "\ud800\x00", "<b>*x*</b>"),
    ],
)
def test_name_of_a_run_stays_in_its_comment(runs, name):
    run = runs.create(small("mlp", augmentation=Augmentation(rotate=5)), name)
    text = script(run)
    code = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert code == [
        line for line in script(runs.create(run.config, "x")).splitlines() if line and not line.startswith("#")
    ]
    assert text.isascii()
    compile(text, "again.py", "exec")


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig("softmax"),
        TrainConfig("cnn", dataset="kmnist", lr=1 / 3, epochs=7, params={"width": 8, "dropout": 0.1}, device="cuda"),
        TrainConfig("vae", params={"hidden": "256-128"}, augmentation=Augmentation(1, 2, 0.1, 3, 0.5, 0.25)),
        TrainConfig("autoencoder", loss="mse", noise="gaussian", noise_level=0.3, patience=2, max_minutes=5),
        TrainConfig("encoder-classifier", source="autoencoder", label_smoothing=0.1, per_class=10),
        TrainConfig("mlp", start="gone", own_share=0.25),
    ],
)
def test_config_is_written_with_what_differs(runs, config):
    if config.source:
        recorder.train(runs.add("autoencoder", small("autoencoder"), "x"))
    run = runs.add("some-run", config, "x", kept={} if config.start else None)
    expression = re.search(r"^config = (TrainConfig\(.*?^\))$", script(run), re.MULTILINE | re.DOTALL)[1]
    assert eval(expression, {"TrainConfig": TrainConfig, "Augmentation": Augmentation}) == config
    default = TrainConfig(config.model, source=config.source)
    same = {name for name, value in config.to_dict().items() if value == default.to_dict()[name]} - {"model", "source"}
    assert not [name for name in same if f"{name}=" in expression]


def test_script_says_why_weights_may_differ(trained, runs):
    run = trained("softmax", schedule="one-cycle")
    assert script(run).count("#") == 3  # the name, where to put it, and why one thread
    run.request_resume(epochs=3)
    recorder.train(type(run)(run.folder))
    assert "made longer on the way" in script(type(run)(run.folder))
    waiting = runs.create(small(device="cuda"))
    assert "The run is starting" in script(waiting)
    assert "trained on cuda" in script(waiting)


def test_exports_load_nothing_heavy_before_they_are_asked():
    code = "import sys\nfrom core.runs import export\nfrom core.runs.archive import pack\n"
    assert run_code(code + "print({'torch', 'onnx', 'tensorboard', 'google.protobuf'} & set(sys.modules))") == "set()"
