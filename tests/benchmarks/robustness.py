"""What runs that read digits make of test digits that are spoilt. Run by hand:

    python -m tests.benchmarks.robustness [RUN ...] [--digits N]

Errors in percent of the first N test digits of MNIST (all by default) for the runs named by their folders' names, those
that ship by default: clean, moved, on other grounds and under noise, the fifteen corruptions of MNIST-C and their mean;
and of all embedded digits.
"""

import argparse

import numpy as np

from core.data import datasets
from core.data.corruptions import CORRUPTIONS, corrupted
from core.models.contract import Model
from core.runs.store import store
from core.runs.weights import load_model
from tests.moved_digits import moved
from tests.spoilt_digits import SPOILT, spoilt


def error(model: Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of wrong answers in percent."""
    parts = np.array_split(images, max(1, len(images) // 500))
    return 100 * float((np.concatenate([model.predict_proba(part).argmax(1) for part in parts]) != labels).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", help="names of runs' folders")
    parser.add_argument("--digits", type=int, default=10_000)
    options = parser.parse_args()
    runs = [run for run in store().runs("classify") if (run.id in options.runs if options.runs else run.shipped)]
    models = {run.id: load_model(run) for run in runs}
    test = datasets.load("mnist").test[: options.digits]

    def show(name: str, images: np.ndarray, labels: np.ndarray) -> list[float]:
        errors = [error(model, images, labels) for model in models.values()]
        print(f"{name:22s}" + "".join(f"{value:16.2f}" for value in errors), flush=True)
        return errors

    print(f"{'':22s}" + "".join(f"{name:>16.15s}" for name in models))
    show("clean", test.images, test.labels)
    show("moved", moved(test.images, 1), test.labels)
    for name in SPOILT:
        show(name, spoilt(test.images, name), test.labels)
    rows = [show(name, corrupted(test.images, name, 0), test.labels) for name in CORRUPTIONS]
    print(f"{'mean of the fifteen':22s}" + "".join(f"{value:16.2f}" for value in np.mean(rows, axis=0)))
    embedded = datasets.load("digits")
    images = np.concatenate([embedded.train.images, embedded.test.images])
    show("embedded digits", images, np.concatenate([embedded.train.labels, embedded.test.labels]))


if __name__ == "__main__":
    main()
