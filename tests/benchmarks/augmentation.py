"""How many digits a second are augmented or spoilt by noise, on one thread. Run by hand:

    OMP_NUM_THREADS=1 python -m tests.benchmarks.augmentation [--batch N] [--seconds S]

Each setting alone, then all together, then the kinds of noise; processor time, so that other work does not count.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from core.data import datasets
from core.data.augment import NOISES, Augmentation, augment, corrupt

MODERATE = Augmentation(shift=2, rotate=12, scale=0.15, shear=10, elastic=1, thickness=0.7)


def images_per_second(work: Callable[[], object], batch: int, seconds: float) -> float:
    """Repeat the work on a batch for so many processor seconds, after a first time that does not count."""
    work()
    start, rounds = time.process_time(), 0
    while time.process_time() - start < seconds:
        work()
        rounds += 1
    return rounds * batch / (time.process_time() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time for each line")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    train = datasets.load("mnist" if datasets.is_ready("mnist") else "digits").train.images
    images = train[np.arange(options.batch) % len(train)]

    def show(name: str, work: Callable[[], object]) -> None:
        rate = images_per_second(work, options.batch, options.seconds)
        print(f"{name:24s} {rate:10,.0f} images a CPU-second", flush=True)

    alone = {f"{name} {value:g}": Augmentation(**{name: value}) for name, value in asdict(MODERATE).items()}
    for name, settings in {**alone, "all together": MODERATE}.items():
        show(name, lambda settings=settings: augment(images, settings, rng))
    for kind in NOISES[1:]:
        show(f"{kind} 0.5", lambda kind=kind: corrupt(images, kind, 0.5, rng))


if __name__ == "__main__":
    main()
