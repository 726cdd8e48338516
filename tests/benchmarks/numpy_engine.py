"""How fast the NumPy engine trains, beside torch and beside nothing but its matrix products. Run by hand:

    python -m tests.benchmarks.numpy_engine [--rounds N]

Everything runs on one thread, turn and turn about. A step is counted whole, from the choice of uint8 images to the
changed weights. "products" are the matrix products that no such step can do without: those of forward, of dL/dW and,
except in the first layer, of dL/dx. Speeds are medians of images a second, ratios medians of those within a round;
seconds are of processor time, which other work on the machine disturbs less.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.models import spec
from core.models.numpy_models import NumpyModel
from core.models.torch_model import OPTIMIZERS

CLASSIFIER, AUTOENCODER = (784, 256, 10), (784, 512, 256, 128, 256, 512, 784)
BATCHES = (64, 256, 1024)
LR = 0.01

Step = Callable[[np.ndarray, np.ndarray], object]  # uint8 (n, 28, 28), int64 (n,)


def numpy_step(sizes: Sequence[int], optimizer: str) -> Step:
    """The step as a run takes it, with its metrics."""
    if sizes == CLASSIFIER:
        model = spec("numpy-two-layer").build({"init": "xavier"}, loss="cross-entropy", optimizer=optimizer)
    else:
        model = spec("numpy-autoencoder").build({}, loss="mse", optimizer=optimizer)
    if not isinstance(model, NumpyModel) or model.parameter_count != sum((a + 1) * b for a, b in pairwise(sizes)):
        raise ValueError(f"The table of models no longer has the net {sizes}. Change the benchmark.")
    return lambda images, labels: model.train_step(images, labels, LR)


def torch_step(sizes: Sequence[int], optimizer: str) -> Step:
    """The same net in torch eager, without any metric but the loss."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.Sigmoid() if sizes == CLASSIFIER else nn.ReLU()]
    layers[-1:] = [] if sizes == CLASSIFIER else [nn.Sigmoid()]
    net = nn.Sequential(*layers)
    learner = OPTIMIZERS[optimizer](net.parameters(), lr=LR)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        pixels = torch.from_numpy(images).reshape(len(images), 784).float().mul_(1 / 255)
        learner.zero_grad()
        outputs = net(pixels)
        answers = torch.from_numpy(labels)
        loss = F.cross_entropy(outputs, answers) if sizes == CLASSIFIER else F.mse_loss(outputs, pixels)
        loss.backward()
        learner.step()
        return loss.item()

    return step


def products(sizes: Sequence[int], batch: int) -> Step:
    """The matrix products alone, into memory that is there already."""
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.random((rows, columns), dtype=np.float32)

    layers = [
        (matrix(batch, a), matrix(a, b), matrix(batch, b), matrix(batch, a), matrix(a, b)) for a, b in pairwise(sizes)
    ]

    def step(images: np.ndarray, labels: np.ndarray) -> None:
        for x, weight, y, _, _ in layers:
            np.matmul(x, weight, out=y)
        for number, (x, weight, y, dx, dweight) in reversed(list(enumerate(layers))):
            np.matmul(x.T, y, out=dweight)
            if number:
                np.matmul(y, weight.T, out=dx)

    return step


def measure(steps: dict[str, Step], batch: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds a step took in each round, in which each kind goes on for a twentieth of a second."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
    images[rng.random(images.shape) < 0.8] = 0  # as much ink as MNIST has
    labels = rng.integers(0, 10, len(images))
    order, place = rng.permutation(len(images)), 0
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):  # the first is a warm-up
        for name, step in steps.items():
            count, start = 0, time.process_time()
            while time.process_time() - start < 0.05:
                chosen = order[place : place + batch]
                place = (place + batch) % (len(images) - batch)
                step(images.take(chosen, 0), labels.take(chosen)) if name != "products" else step(images, labels)
                count += 1
            if turn:
                seconds[name].append((time.process_time() - start) / count)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    print("                                    images a second        NumPy: times as fast as")
    print("net        optimizer batch      NumPy      torch   products    torch products")
    for name, sizes in (("784-256-10", CLASSIFIER), ("784-..-784", AUTOENCODER)):
        for optimizer in ("sgd", "adam"):
            for batch in BATCHES:
                steps = {
                    "numpy": numpy_step(sizes, optimizer),
                    "torch": torch_step(sizes, optimizer),
                    "products": products(sizes, batch),
                }
                seconds = measure(steps, batch, rounds)
                speeds = " ".join(f"{batch / median(times):10,.0f}" for times in seconds.values())
                of_torch, of_products = (
                    median(other / own for own, other in zip(seconds["numpy"], seconds[kind], strict=True))
                    for kind in ("torch", "products")
                )
                print(f"{name:10} {optimizer:9} {batch:5} {speeds}   {of_torch:5.2f} {of_products:8.2f}", flush=True)


if __name__ == "__main__":
    main()
