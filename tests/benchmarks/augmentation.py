"""How many digits a second are augmented or spoilt by noise, on one thread. Run by hand:

    OMP_NUM_THREADS=1 python -m tests.benchmarks.augmentation [--batch N] [--seconds S]

Each setting alone, then all of its group together, digits drawn by code, and the kinds of noise; processor time, so
that other work does not count.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from core.data import datasets
from core.data.augment import NOISES, Augmentation, augment, corrupt
from core.data.glyphs import GlyphPool

MODERATE = Augmentation(shift=2, rotate=12, scale=0.15, shear=10, elastic=1, thickness=0.7, shrink=0.3, marks=0.3)
LIGHT = Augmentation(
    lines=0.2, patches=0.2, blur=1, contrast=0.5, background=0.5, shade=0.5, clouds=0.5, inverted=0.1, shot=0.3,
    gaussian=0.2, salt_and_pepper=0.2,
)  # fmt: skip


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

    labels = np.resize(np.arange(10), len(images))

    def show(name: str, work: Callable[[], object]) -> None:
        rate = images_per_second(work, options.batch, options.seconds)
        print(f"{name:24s} {rate:10,.0f} images a CPU-second", flush=True)

    for title, settings in (("shape and place", MODERATE), ("ground, light and noise", LIGHT)):
        given = {name: value for name, value in asdict(settings).items() if value}
        for name, value in given.items():
            alone = Augmentation(**{name: value})
            show(f"{name} {value:g}", lambda alone=alone: augment(images, alone, rng, labels))
        show(title, lambda settings=settings: augment(images, settings, rng, labels))
    rows = np.arange(options.batch)
    seeds = iter(range(10**9))
    show("drawn by code", lambda: GlyphPool(next(seeds)).images(rows))
    for kind in NOISES[1:]:
        show(f"{kind} 0.5", lambda kind=kind: corrupt(images, kind, 0.5, rng))


if __name__ == "__main__":
    main()
