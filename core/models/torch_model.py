"""The one adapter from torch networks to the model contract: tensors and autograd never leave core.models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.contract import Health, Metrics
from core.models.objectives import Objective

# Several single-threaded processes share the cores better than one with many threads: with another core busy,
# two threads run at 0.1 to 0.7 of the speed of one.
torch.set_num_threads(1)

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda parameters, **options: torch.optim.SGD(parameters, momentum=0.9, **options),
    "adam": lambda parameters, **options: torch.optim.Adam(parameters, fused=True, **options),
    "adamw": lambda parameters, **options: torch.optim.AdamW(parameters, fused=True, **options),
}

# What counts as a unit that no longer learns, and what to call it.
_SILENT: dict[type[nn.Module], tuple[str, Callable[[Tensor], Tensor]]] = {
    nn.ReLU: ("dead", lambda y: (y == 0).flatten(2).all(2).all(0) if y.ndim > 2 else (y == 0).all(0)),
    nn.Sigmoid: ("saturated", lambda y: (y < 0.01) | (y > 0.99)),
    nn.Tanh: ("saturated", lambda y: y.abs() > 0.99),
}


class TorchModel:
    """A network with its objective and optimizer, meeting `core.models.Model`.

    `network` maps float32 (n, 1, 28, 28) in [0, 1] to the logits of a classifier, or is an autoencoder: see
    `core.models.autoencoders.Autoencoder`.
    """

    def __init__(
        self,
        make_network: Callable[[], nn.Module],
        objective: Objective,
        *,
        optimizer: str = "adam",
        weight_decay: float = 0.0,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        # Initial weights come from torch's global generator, so it is set for the building and put back after it.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = make_network()
        self.device = _found(device)
        # Convolutions of the CPU are faster so: those of `cnn` learn in three quarters of the time and answer in half.
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.objective = objective
        self._make_optimizer = partial(OPTIMIZERS[optimizer], lr=1.0, weight_decay=weight_decay)
        self.parameter_count = sum(p.numel() for p in self.network.parameters())
        self.learned_count = sum(p.numel() for p in self.network.parameters() if p.requires_grad)
        self.code_size = int(getattr(self.network, "code_size", 0))

    @cached_property
    def optimizer(self) -> torch.optim.Optimizer:
        """Made when training begins: torch then loads its compiler, 80 MB that whoever only reads can do without."""
        return self._make_optimizer([p for p in self.network.parameters() if p.requires_grad])

    def train_step(
        self, images: np.ndarray, labels: np.ndarray, lr: float, targets: np.ndarray | None = None
    ) -> Metrics:
        """Take one optimizer step on uint8 (n, 28, 28) and int64 (n,); return the metrics before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        loss, metrics = self._losses(images, labels, targets)
        loss.backward()
        self.optimizer.step()
        return {name: value.item() for name, value in metrics.items()}

    def _rest(self) -> None:
        """Switch dropout and batch statistics off; it goes through all layers, so only where they are on."""
        if self.network.training:
            self.network.eval()

    def seed_step(self, seed: int) -> None:
        """Seed what is random inside a step (dropout, a variational code), so that an epoch repeats exactly."""
        torch.manual_seed(seed)

    @torch.inference_mode()
    def evaluate(self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None = None) -> Metrics:
        """Return loss and metrics, averaged over the images, without learning from them."""
        self._rest()
        return {name: value.item() for name, value in self._losses(images, labels, targets)[1].items()}

    def health(self, images: np.ndarray, labels: np.ndarray) -> Health:
        """Return gradient and weight norms and the share of silent units per layer, as the contract says."""
        self._rest()
        self.network.zero_grad()  # the last step's are still there
        with _watching(self.network) as silent:
            self._losses(images, labels, None)[0].backward()
        result: Health = {}
        for name, layer in self.network.named_modules():
            weight = getattr(layer, "weight", None)
            if isinstance(weight, Tensor) and weight.ndim > 1:
                gradients = [p.grad.square().sum() for p in layer.parameters(recurse=False) if p.grad is not None]
                norm = torch.stack(gradients).sum().sqrt().item() if gradients else 0.0
                facts = {"gradient_norm": norm, "weight_norm": weight.detach().norm().item()}
                result[f"{name} {type(layer).__name__}"] = facts | silent.get(name, {})
        self.network.zero_grad()
        return result

    @torch.inference_mode()
    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 (n, 10)."""
        self._rest()
        return self.network(self._pixels(images)).softmax(1).cpu().numpy()

    def input_gradient(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the gradient of each image's loss by its pixels in [0, 1], float32 (n, 28, 28); of a classifier."""
        self._rest()
        pixels = self._pixels(images).requires_grad_()
        loss = F.cross_entropy(self.network(pixels), torch.tensor(labels, device=self.device), reduction="sum")
        return torch.autograd.grad(loss, pixels)[0][:, 0].cpu().numpy()

    @torch.inference_mode()
    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return codes, float32 (n, code_size)."""
        self._rest()
        return self.network.get_submodule("encoder")(self._pixels(images)).cpu().numpy()

    @torch.inference_mode()
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return images in [0, 1], float32 (n, 28, 28)."""
        self._rest()
        outputs = self.network.get_submodule("decoder")(torch.tensor(codes, dtype=torch.float32, device=self.device))
        pictures: Tensor = self.network.picture(outputs)  # type: ignore[operator]  # an Autoencoder has it
        return pictures.reshape(-1, 28, 28).cpu().numpy()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all weights and buffers."""
        return {name: _copied(tensor) for name, tensor in self.network.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Set all weights and buffers; ValueError when names or shapes differ."""
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
            f"{number}.{name}": _copied(value)
            for number, values in state.items()
            for name, value in values.items()
            if value is not None
        }

    def load_optimizer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set what `optimizer_state` returned."""
        parameters = self.optimizer.param_groups[0]["params"]
        nested: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            number, name = key.split(".", 1)
            tensor, weight = torch.from_numpy(np.array(value)), parameters[int(number)]
            if tensor.shape == weight.shape:  # as its weights lie in memory: fused steps go through both as one
                tensor = torch.empty_like(weight, requires_grad=False).copy_(tensor)
            nested.setdefault(int(number), {})[name] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": nested, "param_groups": groups})

    def _losses(
        self, images: np.ndarray, labels: np.ndarray, targets: np.ndarray | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        pixels = self._pixels(images)
        wanted = pixels if targets is None else self._pixels(targets)
        answers = torch.tensor(labels, device=self.device)
        loss, metrics = self.objective(self.network, pixels, answers, wanted.flatten(1))
        return loss, {"loss": loss, **metrics}

    def _pixels(self, images: np.ndarray) -> Tensor:
        return torch.from_numpy(images.astype(np.float32)).to(self.device).mul_(1 / 255).unsqueeze_(1)


@contextmanager
def _watching(network: nn.Module) -> Iterator[Health]:
    """Collect, for each layer with weights, the share of silent units of the activation that follows it."""
    found: Health = {}
    hooks, last = [], ""
    for name, layer in network.named_modules():
        if isinstance(weight := getattr(layer, "weight", None), Tensor) and weight.ndim > 1:
            last = name
        elif last and type(layer) in _SILENT:
            hooks.append(layer.register_forward_hook(partial(_note, found, last)))
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _note(found: Health, place: str, layer: nn.Module, _: object, answers: Tensor) -> None:
    word, silent = _SILENT[type(layer)]
    found[place] = {word: silent(answers.detach()).float().mean().item()}


def _found(device: str) -> torch.device:
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present[device]:
        raise ValueError(f"device is {device}, but torch finds none on this machine. Choose cpu.")
    return torch.device(device)


def _copied(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()
