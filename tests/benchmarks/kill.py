"""Kill -9 at random moments, the long version of the test: `python -m tests.benchmarks.kill [kills] [seed]`.

The kills are spread over four models of both engines. After each, no finished epoch may be lost and the folder must
be readable; every resumed run must end bit for bit where an unbroken one ends. Prints how many runs that took.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from core.runs.store import RunStore
from tests.runs.test_checkpoint import survive

MODELS = ("mlp", "vae", "numpy-deep", "numpy-autoencoder")


def main() -> None:
    kills, seed = (int(value) for value in (sys.argv[1:] + ["200", "0"][len(sys.argv) - 1 :])[:2])
    os.environ["DIGITLAB_SLOTS"] = "2"
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        for number, model in enumerate(MODELS):
            store, start = RunStore(Path(folder) / model), time.monotonic()
            share = kills // len(MODELS) + (number < kills % len(MODELS))
            survive(store, model, share, rng, most_seconds=1.0)
            print(
                f"{model}: {share} kills in {len(store.runs()) - 1} runs, all as the unbroken one, "
                f"{time.monotonic() - start:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
