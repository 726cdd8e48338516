"""What a run makes of a few fixed test digits, written again and again while it trains."""

from __future__ import annotations

import time

import numpy as np

from core.data.datasets import Dataset, Split
from core.files import write_npz
from core.models.contract import Model
from core.runs.run import Run
from core.training.loop import with_noise

_PROBES = 20
_EVERY_S = 0.6


class ProbeWriter:
    """Writes what the model makes of twenty fixed test digits, two of each class."""

    def __init__(self, run: Run, model: Model, dataset: Dataset) -> None:
        self.path, self.model = run.folder / "probe.npz", model
        self.reconstructs = run.spec.task == "reconstruct"
        self.indices = probe_indices(dataset.test.labels)
        test = Split(dataset.test.images[self.indices], dataset.test.labels[self.indices])
        noisy, clean = with_noise(test, run.config)
        self.images = noisy.images
        self.inputs = {} if clean is None else {"inputs": noisy.images}
        self.last = time.monotonic()

    def write(self, step: int) -> dict[str, np.ndarray]:
        """Write the outputs, and return them for the snapshot."""
        if self.reconstructs:
            pixels = self.model.decode(self.model.encode(self.images))
            outputs = np.round(np.nan_to_num(pixels) * 255).astype(np.uint8)
        else:
            outputs = self.model.predict_proba(self.images)
        arrays = {"step": np.int64(step), "indices": self.indices, "outputs": outputs, **self.inputs}
        write_npz(self.path, arrays, durable=False)
        self.last = time.monotonic()
        return {"indices": self.indices, "outputs": outputs}

    def write_sometimes(self, step: int) -> None:
        """Write at the first step and then at most every 0.6 s."""
        if step == 1 or time.monotonic() - self.last > _EVERY_S:
            self.write(step)


def probe_indices(labels: np.ndarray) -> np.ndarray:
    """Return where the first two of each class stand, class by class and then again: int64 (up to 20,)."""
    first = [np.flatnonzero(labels == c)[:2] for c in range(10)]
    ordered = [places[turn] for turn in range(2) for places in first if len(places) > turn]
    return np.array(ordered[:_PROBES], np.int64)
