"""A model that is trained in one go, and one that goes on from what the first remembered after an epoch."""

from collections.abc import Callable

from core.data.datasets import Dataset
from core.models.contract import Model
from core.training import loop
from core.training.config import TrainConfig


def unbroken_and_resumed(make: Callable[[], Model], data: Dataset, settings: TrainConfig) -> tuple[Model, Model]:
    """Return both at the end of the epochs of the settings, two or more; make: a model with fresh weights."""
    unbroken, resumed = make(), make()
    for event in loop.fit(unbroken, data, settings):
        if isinstance(event, loop.Epoch) and event.epoch == 1:
            weights, memory = unbroken.state_dict(), unbroken.optimizer_state()
    resumed.load_state_dict(weights)
    resumed.load_optimizer_state(memory)
    list(loop.fit(resumed, data, settings, done_epochs=1))
    return unbroken, resumed
