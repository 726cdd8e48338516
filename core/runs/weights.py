"""The model of a run: with the weights it has, those it begins from, and the model it stands on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.cache import keep_newest
from core.files import read_arrays
from core.models import Model
from core.runs.run import Run
from core.training.config import build


def load_model(run: Run) -> Model:
    """Return the model with the run's newest weights, kept in memory for the next call.

    Raises ValueError when the weights are missing, torn or of another model.
    """
    version = run.weights_version()
    if not version:
        run.ensure_exists()
        raise ValueError(f"{run.name} has no weights yet. Wait for its first epoch.")
    return _model(str(run.folder), version)


def load_source(run: Run) -> Model | None:
    """Return the model that a run stands on, from the copy kept with it; None for a run that needs none."""
    return load_model(Run(run.folder / "source")) if run.config.source else None


def initial_model(run: Run, device: str = "cpu") -> Model:
    """Return the model as it is before its first step: with fresh weights, or with those it begins from.

    Raises ValueError when these are missing, torn or of another model.
    """
    model = build(replace(run.config, device=device), load_source(run))
    if run.config.start:
        try:
            model.load_state_dict(read_arrays(run.folder / "start" / "weights.safetensors"))
        except ValueError as error:
            raise ValueError(f"The weights that {run.name} begins from cannot be used: {error}") from error
    return model


@keep_newest(80)  # all that a pad may ask at once, the maps' and the copies they stand on
def _model(folder: str, version: int) -> Model:
    run = Run(Path(folder))
    # It may have been trained on a device that this machine has not, or that is busy training.
    model = build(replace(run.config, device="cpu", averaging=0.0), load_source(run))
    try:
        model.load_state_dict(read_arrays(run.folder / "weights.safetensors"))
    except ValueError as error:
        raise ValueError(f"The weights of {run.name} cannot be used: {error}") from error
    return model
