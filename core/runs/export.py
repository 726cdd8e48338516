"""What a run leaves the dashboard as: a table of its metrics, TensorBoard events, an ONNX model, a script."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from core.data.augment import Augmentation
from core.runs.events import EpochLine, StepLine
from core.runs.run import Run, Status
from core.runs.weights import load_model
from core.training.config import TrainConfig

_COLUMNS = ("kind", "epoch", "step", "seconds", "images", "lr", "images_per_second")
_PARTS = ("train", "test", "validation")
_METRIC = re.compile(r"[a-z][a-z_]{0,30}")  # a name as models give them: no formula, no markup


def metrics_csv(run: Run) -> str:
    """Return the run's metrics as CSV: a row per logged step, then a row per epoch.

    Columns: kind ("step" or "epoch"), epoch (a fraction at steps), step, seconds, images, lr, images_per_second, and
    train_*, test_* and validation_* for each metric. A step's test is of a sample, an epoch's of the whole test set;
    what is not known, or no finite number, is empty. Raises RunNotFound when the run is gone.
    """
    rows = list(_rows(run))
    extra = sorted({name for row in rows for name in row} - set(_COLUMNS), key=lambda name: (_rank(name), name))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*_COLUMNS, *extra], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _rank(column: str) -> int:
    return _PARTS.index(column.split("_")[0])


def _rows(run: Run) -> Iterator[dict[str, Any]]:
    for line in run.history().measured:
        row = {"kind": line.event} | {name: getattr(line, name) for name in _COLUMNS[1:] if hasattr(line, name)}
        for part, name, value in _metrics(line):
            row[f"{part}_{name}"] = value
        yield row


def _metrics(line: StepLine | EpochLine) -> Iterator[tuple[str, str, float]]:
    """Yield part, name and value of the finite metrics of a line."""
    for part in _PARTS:
        for name, value in (getattr(line, part, None) or {}).items():
            if _METRIC.fullmatch(name) and math.isfinite(value):
                yield part, name, value


def tensorboard(run: Run) -> bytes:
    """Return a .zip with the run's metrics as a TensorBoard event file, with their wall times and steps.

    Tags are the metric and where it comes from: loss/train and loss/test_sample at steps, loss/train_epoch, loss/test
    and loss/validation at epochs, lr, images_per_second, and each layer's health. Raises RunNotFound when it is gone.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    writer.write(Event(wall_time=run.created, file_version="brain.Event:2").SerializeToString())
    for line in sorted(run.history().measured, key=lambda line: line.step):
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(line)]
        event = Event(wall_time=line.time, step=line.step, summary=Summary(value=values))
        writer.write(event.SerializeToString())
    packed = io.BytesIO()
    with ZipFile(packed, "w") as file:
        info = ZipInfo(f"{run.id}/events.out.tfevents.{int(run.created)}.digitlab")  # TensorBoard looks for this name
        info.compress_type = ZIP_DEFLATED
        file.writestr(info, buffer.getvalue())
    return packed.getvalue()


def _scalars(line: StepLine | EpochLine) -> Iterator[tuple[str, float]]:
    places = {"train": "train", "test": "test_sample"}
    if isinstance(line, EpochLine):
        places = {"train": "train_epoch", "test": "test", "validation": "validation"}
    for part, name, value in _metrics(line):
        yield f"{name}/{places[part]}", value
    if isinstance(line, StepLine):
        yield "lr", line.lr
        return
    yield "images_per_second", line.images_per_second
    for layer, measures in (line.health or {}).items():
        yield from ((f"{measure}/{layer}", value) for measure, value in measures.items() if math.isfinite(value))


def onnx_model(run: Run) -> bytes:
    """Return the run's model as ONNX, its inputs and outputs as `core.models.onnx.to_onnx` says.

    Raises RunNotFound when it is gone, ValueError when its weights cannot be used or a layer has no counterpart.
    """
    from core.models.onnx import to_onnx

    return to_onnx(load_model(run))


_SCRIPT = """\
# Trains a run of Digit Lab again, to the same weights: {name}
# Put this file into the folder of the project, and run it there with its Python.
{notes}
import os

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{{library}}_NUM_THREADS"] = "1"  # as in the dashboard: more threads add numbers up in another order

from pathlib import Path

{imports}
config = {config}

if not datasets.is_ready(config.dataset):
    fetch(config.dataset)
dataset = datasets.load(config.dataset)
{build}
for event in fit(model, dataset, config{own}):
    if isinstance(event, Epoch):
        print(f"epoch {{event.epoch}}: train {{event.train}}, test {{event.test}}", flush=True)
write_arrays(Path("weights.safetensors"), model.state_dict())
"""


def script(run: Run) -> str:
    """Return a Python script that trains the run again with this package and saves weights.safetensors.

    Raises RunNotFound when the run is gone.
    """
    config = run.config
    imports = ["from core.data import datasets", "from core.data.fetch import fetch"]
    imports += ["from core.files import write_arrays", "from core.training.loop import Epoch, fit"]
    imports.append(f"from core.training.config import TrainConfig{'' if config.start else ', build'}")
    build = "model = build(config)"
    if config.augmentation.active:
        imports.append("from core.data.augment import Augmentation")
    if config.start:
        imports += ["from core.runs.finetune import own_split", "from core.runs.store import store"]
        imports.append("from core.runs.weights import initial_model")
        build = (
            "# The weights it begins from and the drawings, from the copies that the run keeps.\n"
            f"run = store().get({run.id!a})\n"
            "model = initial_model(run, config.device)"
        )
    elif config.source:
        imports += ["from core.runs.store import store", "from core.runs.weights import load_source"]
        build = (
            "# The model it stands on, from the copy that the run keeps.\n"
            f"source = load_source(store().get({run.id!a}))\n"
            "model = build(config, source)"
        )
    return _SCRIPT.format(
        name=ascii(run.name),  # with escapes: a name may hold whatever ends a line
        notes="".join(f"# {note}\n" for note in _notes(run)),
        imports="\n".join(sorted(imports)) + "\n",
        config=_written(config),
        build=build,
        own=", own=own_split(run)" if config.start else "",
    )


def _notes(run: Run) -> Iterator[str]:
    """Yield why the weights may come out as others."""
    status, config = run.status(), run.config
    if status != Status.FINISHED:
        yield f"The run is {status}: its weights are those of a part of this."
    if config.device != "cpu":
        yield f"It was trained on {config.device}, where the last digits may come out otherwise each time."
    lengths = {line.total_steps for line in run.history().lifecycle if line.event == "started"}
    if len(lengths) > 1 and config.schedule != "constant":
        yield "It was made longer on the way: its first epochs had the learning rates of a shorter run."


def _written(config: TrainConfig) -> str:
    """Return the expression that makes the config, with what differs from the defaults."""
    plain = TrainConfig(config.model, source=config.source)
    lines = [f"    {config.model!a},"]
    for field in fields(config):
        value, default = getattr(config, field.name), getattr(plain, field.name)
        if field.name == "params":
            value = {name: given for name, given in value.items() if given != default[name]}
            default = {}
        if field.name == "augmentation":
            changed = {f.name: getattr(value, f.name) for f in fields(Augmentation) if getattr(value, f.name)}
            if changed:
                lines.append(f"    augmentation=Augmentation({', '.join(f'{k}={v!a}' for k, v in changed.items())}),")
        elif field.name != "model" and (value != default or (field.name == "source" and value)):
            lines.append(f"    {field.name}={value!a},")
    return "\n".join(["TrainConfig(", *lines, ")"])
