"""How long the shipped classifiers take to learn an odd hand, and what they gain and lose by it. Run by hand:

    OMP_NUM_THREADS=1 python -m tests.benchmarks.finetune [RUN ...] [--drawings N]

Each run learns from N drawings as the page Your hand lets it, and is asked about 200 others of that hand and about
MNIST's test digits, before and after. Seconds are of the whole run, its figures and files included.
"""

import argparse
import tempfile
import time
from pathlib import Path

from core.data import datasets
from core.data.datasets import Split
from core.ink.drawing import images, labels
from core.models.contract import Model
from core.runs import finetune, recorder
from core.runs.store import RunStore, store
from core.runs.weights import initial_model, load_model
from tests import odd_hand


def accuracy(model: Model, split: Split) -> float:
    """Return the share of the pictures that the model reads."""
    return float((model.predict_proba(split.images).argmax(axis=1) == split.labels).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", default=["cnn", "mlp", "numpy-two-layer", "softmax"])
    parser.add_argument("--drawings", type=int, default=200)
    options = parser.parse_args()
    others, mnist = odd_hand.drawings(200, seed=2), datasets.load("mnist").test
    hand = Split(images(others), labels(others))
    print(f"{'run':18}{'hand before':>12}{'after':>8}{'MNIST before':>14}{'after':>8}{'seconds':>9}{'processor':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.runs:
            run = finetune.start(RunStore(Path(folder)), store().get(name), odd_hand.drawings(options.drawings, seed=1))
            before, start, busy = initial_model(run), time.perf_counter(), time.process_time()
            recorder.train(run)
            seconds, busy = time.perf_counter() - start, time.process_time() - busy
            after = load_model(run)
            figures = [accuracy(model, split) for split in (hand, mnist) for model in (before, after)]
            print(
                f"{name:18}{figures[0]:12.1%}{figures[1]:8.1%}{figures[2]:14.2%}{figures[3]:8.2%}"
                f"{seconds:9.1f}{busy:11.1f}"
            )


if __name__ == "__main__":
    main()
