"""Weight averaging: a model that learns as ever and is seen through the running mean of its weights after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from core.models.contract import Health, Metrics, SteppedModel

_LEARNER = "learner."  # before the names of what the mean does not tell, among the optimizer's arrays
_STEPS = "averaged_steps"


class AveragedModel:
    """A model whose `state_dict` and answers are of the exponential mean of its weights; only its steps are its own.

    After step t the mean moves towards the weights by 1 - min(decay, (1 + t) / (10 + t)), so that a short run is not
    held back by the weights it began with. Averages of late weights lie nearer to the middle of a minimum than the
    last ones (Polyak and Juditsky, 1992; Izmailov et al., "Averaging Weights Leads to Wider Optima", 2018).
    """

    def __init__(self, make: Callable[[], SteppedModel], decay: float) -> None:
        self._learner, self._reader = make(), make()
        self._decay, self._steps = decay, 0
        self._mean = self._learner.state_dict()
        self._read = False  # whether the reader has the mean as it is now
        self.parameter_count = self._learner.parameter_count
        self.learned_count = self._learner.learned_count
        self.code_size = self._learner.code_size

    def train_step(
        self, images: np.ndarray, labels: np.ndarray, lr: float, targets: np.ndarray | None = None
    ) -> Metrics:
        """Take one optimizer step; return the metrics before it, of the weights that learn."""
        metrics = self._learner.train_step(images, labels, lr, targets)
        self._steps, self._read = self._steps + 1, False
        share = 1 - min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, value in self._learner.state_dict().items():
            mean = self._mean[name]
            if np.issubdtype(mean.dtype, np.floating):
                value -= mean
                value *= share
                mean += value
            else:  # batch norm counts its batches
                self._mean[name] = value
        return metrics

    def seed_step(self, seed: int) -> None:
        """Seed what is random inside a step."""
        self._learner.seed_step(seed)

    def evaluate(self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None = None) -> Metrics:
        """Return loss and metrics of the mean weights."""
        return self._averaged().evaluate(images, labels, targets)

    def health(self, images: np.ndarray, labels: np.ndarray) -> Health:
        """Return how each layer fares with the mean weights."""
        return self._averaged().health(images, labels)

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (n, 10), of the mean weights."""
        return self._averaged().predict_proba(images)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return codes, float32 (n, code_size), of the mean weights."""
        return self._averaged().encode(images)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return images in [0, 1], float32 (n, 28, 28), of the mean weights."""
        return self._averaged().decode(codes)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of the mean weights and buffers."""
        return {name: value.copy() for name, value in self._mean.items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Set the weights, and the mean to them; ValueError when names or shapes differ."""
        self._learner.load_state_dict(state)
        self._mean, self._read = self._learner.state_dict(), False

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return the optimizer's arrays, the weights that learn, and how many steps the mean is of."""
        learner = {_LEARNER + name: value for name, value in self._learner.state_dict().items()}
        return self._learner.optimizer_state() | learner | {_STEPS: np.array([self._steps])}

    def load_optimizer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set what `optimizer_state` returned; the mean stays. ValueError when it is of another model."""
        if _STEPS not in state:
            raise ValueError("The stored state is of a run without weight averaging. Train the model again.")
        if (steps := int(state[_STEPS][0])) < 0:
            raise ValueError(f"{_STEPS} must not be negative, got {steps}. Train the model again.")
        weights = {name.removeprefix(_LEARNER): value for name, value in state.items() if name.startswith(_LEARNER)}
        self._learner.load_state_dict(weights)
        own = (_LEARNER, _STEPS)
        self._learner.load_optimizer_state({k: value for k, value in state.items() if not k.startswith(own)})
        self._steps = steps

    def _averaged(self) -> SteppedModel:
        if not self._read:
            self._reader.load_state_dict(self._mean)
            self._read = True
        return self._reader
