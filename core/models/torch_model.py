"""The one adapter from torch networks to the model contract: tensors and autograd never leave this file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models import Metrics

# Several single-threaded processes share the cores better than one with many threads: with another core busy,
# two threads run at 0.1 to 0.7 of the speed of one.
torch.set_num_threads(1)

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda parameters, **options: torch.optim.SGD(parameters, momentum=0.9, **options),
    "adam": lambda parameters, **options: torch.optim.Adam(parameters, fused=True, **options),
    "adamw": lambda parameters, **options: torch.optim.AdamW(parameters, fused=True, **options),
}


class TorchModel:
    """A network with its loss and optimizer, meeting `core.models.Model`.

    `network` maps float32 (n, 1, 28, 28) in [0, 1] to the logits of a classifier, or, when it has the parts
    `encoder` and `decoder`, to the logits of a picture (n, 784); sigmoid of those is the pixel in [0, 1].
    """

    def __init__(
        self,
        make_network: Callable[[], nn.Module],
        *,
        loss: str = "cross-entropy",
        optimizer: str = "adam",
        weight_decay: float = 0.0,
        label_smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        # Initial weights come from torch's global generator, so it is set for the building and put back after it.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = make_network()
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.optimizer = OPTIMIZERS[optimizer](self.network.parameters(), lr=1.0, weight_decay=weight_decay)
        self.parameter_count = sum(p.numel() for p in self.network.parameters())
        self.code_size = int(getattr(self.network, "code_size", 0))

    def train_step(self, images: np.ndarray, labels: np.ndarray, lr: float) -> Metrics:
        """Take one optimizer step on uint8 (n, 28, 28) and int64 (n,); return the metrics before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        loss, metrics = self._losses(_pixels(images), torch.tensor(labels))
        loss.backward()
        self.optimizer.step()
        return metrics

    def seed_step(self, seed: int) -> None:
        """Seed what is random inside a step (dropout), so that an epoch repeats exactly."""
        torch.manual_seed(seed)

    @torch.inference_mode()
    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> Metrics:
        """Return loss and metrics, averaged over the images, without learning from them."""
        self.network.eval()
        return self._losses(_pixels(images), torch.tensor(labels))[1]

    @torch.inference_mode()
    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (n, 10)."""
        self.network.eval()
        return self.network(_pixels(images)).softmax(1).numpy()

    @torch.inference_mode()
    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return codes, float32 (n, code_size)."""
        self.network.eval()
        return self.network.get_submodule("encoder")(_pixels(images)).flatten(1).numpy()

    @torch.inference_mode()
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return images in [0, 1], float32 (n, 28, 28)."""
        self.network.eval()
        codes = np.ascontiguousarray(codes, np.float32)
        return self.network.get_submodule("decoder")(torch.from_numpy(codes)).sigmoid().reshape(-1, 28, 28).numpy()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all weights and buffers."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.network.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Set all weights and buffers; ValueError when names, shapes or dtypes differ."""
        own = self.network.state_dict()
        if set(own) != set(state):
            names = ", ".join(sorted(set(own) ^ set(state))[:3])
            raise ValueError(f"The weights are of another model (they differ in {names}). Train the model again.")
        for name, tensor in own.items():
            if tuple(state[name].shape) != tuple(tensor.shape):
                raise ValueError(
                    f"The weight {name} has the shape {tuple(state[name].shape)} instead of {tuple(tensor.shape)}. "
                    "Train the model again."
                )
        self.network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Return the optimizer's arrays as "<parameter number>.<name>"."""
        state = self.optimizer.state_dict()["state"]
        return {
            f"{number}.{name}": value.detach().numpy().copy()
            for number, values in state.items()
            for name, value in values.items()
            if value is not None
        }

    def load_optimizer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set what `optimizer_state` returned."""
        nested: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            number, name = key.split(".", 1)
            nested.setdefault(int(number), {})[name] = torch.from_numpy(np.array(value))
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": nested, "param_groups": groups})

    def _losses(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Metrics]:
        logits = self.network(pixels)
        if self.loss == "cross-entropy":
            # Smoothing is a means of training; the loss shown for a test set is the plain one.
            smoothing = self.label_smoothing if self.network.training else 0.0
            loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
            accuracy = (logits.argmax(1) == labels).float().mean()
            return loss, {"loss": loss.item(), "accuracy": accuracy.item()}
        target = pixels.flatten(1)
        if self.loss == "bce":
            # On logits: 1.5 times as fast as on sigmoids, and finite for any logit.
            loss = F.binary_cross_entropy_with_logits(logits, target)
            mse = F.mse_loss(logits.detach().sigmoid(), target)
            return loss, {"loss": loss.item(), "mse": mse.item()}
        loss = F.mse_loss(logits.sigmoid(), target)
        return loss, {"loss": loss.item(), "mse": loss.item()}


def _pixels(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images.astype(np.float32)).mul_(1 / 255).unsqueeze_(1)
