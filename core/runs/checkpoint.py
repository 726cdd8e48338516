"""Where a run can go on from: all that its next epoch depends on, in one file that is replaced after each epoch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.files import UNREADABLE, read_arrays, read_facts, write_arrays
from core.models.contract import SteppedModel
from core.runs.events import EpochLine, to_json

NAME = "resume.safetensors"


@dataclass(frozen=True)
class Resume:
    """A run after `epoch` epochs.

    line: what events.jsonl says of that epoch, in case a crash came between the two files.
    validation: the losses on held-out digits so far, for early stopping.
    """

    epoch: int
    weights: dict[str, np.ndarray]
    optimizer: dict[str, np.ndarray]
    line: EpochLine
    validation: tuple[float, ...]

    def restore(self, model: SteppedModel) -> None:
        """Put the model where it was. Raises ValueError when this is of another model."""
        model.load_state_dict(self.weights)
        model.load_optimizer_state(self.optimizer)


def write_resume(folder: Path, model: SteppedModel, line: EpochLine, validation: Sequence[float]) -> None:
    """Keep a run's state after the epoch that the line is about."""
    arrays = {f"weights/{name}": value for name, value in model.state_dict().items()}
    arrays |= {f"optimizer/{name}": value for name, value in model.optimizer_state().items()}
    write_arrays(folder / NAME, arrays, {"line": json.dumps(to_json(line)), "validation": json.dumps(list(validation))})


def read_resume(folder: Path) -> Resume | None:
    """Return where a run can go on from, None when it has not finished an epoch.

    Raises ValueError when the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    arrays, facts = read_arrays(path), read_facts(path)
    parts: dict[str, dict[str, np.ndarray]] = {"weights": {}, "optimizer": {}}
    try:
        for key, value in arrays.items():
            part, name = key.split("/", 1)
            parts[part][name] = value
        line = EpochLine.from_json(json.loads(facts["line"]))
        validation = tuple(float(loss) for loss in json.loads(facts["validation"]))
    except UNREADABLE as error:
        raise ValueError(f"{NAME} does not say where to go on from ({error}). Train the model again.") from error
    return Resume(line.epoch, parts["weights"], parts["optimizer"], line, validation)
