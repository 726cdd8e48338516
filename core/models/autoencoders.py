"""The torch autoencoders: an encoder from picture to code and a decoder from code to a picture, or its logits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from core.models.classifiers import ACTIVATIONS
from core.models.contract import widths
from core.models.objectives import KlSparsity, L1Sparsity, Reconstruct, Variational
from core.models.torch_model import TorchModel


class Autoencoder(nn.Module):
    """encoder: (n, 1, 28, 28) -> (n, code_size); decoder: (n, code_size) -> (n, 784).

    bounded: the decoder gives logits, and sigmoid makes the picture; else it gives pixels, cut off at 0 and 1 only
    where they are shown.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, code_size: int, bounded: bool = True) -> None:
        super().__init__()
        self.encoder, self.decoder, self.code_size, self.bounded = encoder, decoder, code_size, bounded

    def picture(self, outputs: Tensor) -> Tensor:
        """Return the decoder's outputs as pixels in [0, 1]."""
        return outputs.sigmoid() if self.bounded else outputs.clamp(0, 1)


class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose encoder ends in mu; `logvar` is a second head on the features before it."""

    encoder: nn.Sequential

    def __init__(self, body: list[nn.Module], features: int, decoder: nn.Module, code_size: int) -> None:
        super().__init__(nn.Sequential(*body, nn.Linear(features, code_size)), decoder, code_size)
        self.logvar = nn.Linear(features, code_size)

    def posterior(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return mu and logvar of the code's normal distribution, each (n, code_size)."""
        features = self.encoder[:-1](pixels)
        return self.encoder[-1](features), self.logvar(features)


class TopK(nn.Module):
    """Keep the k largest answers of each image, 0 elsewhere (Makhzani and Frey, "k-sparse autoencoders", 2014)."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, codes: Tensor) -> Tensor:
        """Return codes (n, units) with at most k of each row left."""
        values, places = codes.topk(self.k, dim=1)
        return torch.zeros_like(codes).scatter(1, places, values)


def _reconstructing(
    network: Callable[[], Autoencoder], *, loss: str, penalty: Any = None, **training: Any
) -> TorchModel:
    training.pop("label_smoothing", None)  # TrainConfig keeps it at 0 here
    return TorchModel(network, Reconstruct(loss, penalty), **training)


def _variational(network: Callable[[], VariationalAutoencoder], beta: float, **training: Any) -> TorchModel:
    for name in ("loss", "label_smoothing"):  # there is one loss, and TrainConfig keeps the other at 0
        training.pop(name, None)
    return TorchModel(network, Variational(beta), **training)


def _dense(*sizes: int, activation: type[nn.Module] = nn.ReLU) -> list[nn.Module]:
    """Return linear layers between these sizes, with an activation between each two."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), activation()]
    return layers[:-1]


def dense_autoencoder(hidden: int, code_size: int, **training: Any) -> TorchModel:
    """784-hidden-code-hidden-784 with ReLU; the Keras blog's autoencoder with hidden 128 and code 64."""

    def network() -> Autoencoder:
        encoder = nn.Sequential(nn.Flatten(), *_dense(784, hidden, code_size), nn.ReLU())
        return Autoencoder(encoder, nn.Sequential(*_dense(code_size, hidden, 784)), code_size)

    return _reconstructing(network, **training)


def fc_autoencoder(hidden: str, code_size: int, code_relu: bool, **training: Any) -> TorchModel:
    """784-hidden...-code-...hidden-784 with ReLU between the layers and, if wished, on the code."""

    def network() -> Autoencoder:
        sizes = (784, *widths(hidden), code_size)
        encoder = [nn.Flatten(), *_dense(*sizes), *([nn.ReLU()] if code_relu else [])]
        return Autoencoder(nn.Sequential(*encoder), nn.Sequential(*_dense(*sizes[::-1])), code_size)

    return _reconstructing(network, **training)


def naive_autoencoder(code_size: int, activation: str, **training: Any) -> TorchModel:
    """784-code-784: one hidden layer, which is the code."""

    def network() -> Autoencoder:
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, code_size), ACTIVATIONS[activation]())
        return Autoencoder(encoder, nn.Sequential(nn.Linear(code_size, 784)), code_size)

    return _reconstructing(network, **training)


def sparse_autoencoder(code_size: int, penalty: str, strength: float, target: float, **training: Any) -> TorchModel:
    """784-code-784 with a sparse code: sigmoid units and a KL penalty, ReLU units and L1, or the top k of ReLU units.

    target: the share of answers wanted, the mean answer for KL and k / code_size for top-k.
    """
    penalties = {"kl": KlSparsity(strength, target), "l1": L1Sparsity(strength), "top-k": None}

    def network() -> Autoencoder:
        units: dict[str, list[nn.Module]] = {
            "kl": [nn.Sigmoid()],
            "l1": [nn.ReLU()],
            "top-k": [nn.ReLU(), TopK(max(1, round(target * code_size)))],
        }
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, code_size), *units[penalty])
        return Autoencoder(encoder, nn.Sequential(nn.Linear(code_size, 784)), code_size)

    return _reconstructing(network, penalty=penalties[penalty], **training)


def linear_autoencoder(code_size: int, **training: Any) -> TorchModel:
    """784-code-784 without any activation: its best solution spans the plane of PCA (Baldi and Hornik, 1989)."""

    def network() -> Autoencoder:
        down, up = nn.Linear(784, code_size), nn.Linear(code_size, 784)
        # Begun as a projection, it bears the large steps without which nearly equal components take ages to part.
        nn.init.orthogonal_(down.weight)
        up.weight.data.copy_(down.weight.T)
        for layer in (down, up):
            nn.init.zeros_(layer.bias)
        return Autoencoder(nn.Sequential(nn.Flatten(), down), nn.Sequential(up), code_size, bounded=False)

    return _reconstructing(network, **training)


def vae(hidden: str, code_size: int, beta: float, **training: Any) -> TorchModel:
    """Variational 784-hidden...-code-...hidden-784 with ReLU."""

    def network() -> VariationalAutoencoder:
        sizes = (784, *widths(hidden))
        body = [nn.Flatten(), *_dense(*sizes), nn.ReLU()]
        return VariationalAutoencoder(body, sizes[-1], nn.Sequential(*_dense(code_size, *sizes[::-1])), code_size)

    return _variational(network, beta, **training)


def _shrinking(width: int) -> list[nn.Module]:
    """Return convolutions from (n, 1, 28, 28) to (n, 2 width, 7, 7)."""
    return [
        nn.Conv2d(1, width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
    ]


def _growing(width: int) -> list[nn.Module]:
    """Return transposed convolutions from (n, 2 width, 7, 7) to (n, 784)."""
    return [
        nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 3, stride=2, padding=1, output_padding=1),
        nn.Flatten(),
    ]


def conv_autoencoder(width: int, code_size: int, **training: Any) -> TorchModel:
    """Convolutions 28 -> 14 -> 7 -> 1 pixels and their transposes back; the 1x1 picture is the code."""

    def network() -> Autoencoder:
        encoder = nn.Sequential(*_shrinking(width), nn.Conv2d(2 * width, code_size, 7), nn.ReLU(), nn.Flatten())
        decoder = nn.Sequential(
            nn.Unflatten(1, (code_size, 1, 1)),
            nn.ConvTranspose2d(code_size, 2 * width, 7),
            nn.ReLU(),
            *_growing(width),
        )
        return Autoencoder(encoder, decoder, code_size)

    return _reconstructing(network, **training)


def conv_vae(width: int, code_size: int, beta: float, **training: Any) -> TorchModel:
    """Variational, with convolutions 28 -> 14 -> 7 pixels, dense to and from the code, and transposes back."""

    def network() -> VariationalAutoencoder:
        features = 2 * width * 49
        body = [*_shrinking(width), nn.Flatten()]
        decoder = nn.Sequential(
            nn.Linear(code_size, features), nn.ReLU(), nn.Unflatten(1, (2 * width, 7, 7)), *_growing(width)
        )
        return VariationalAutoencoder(body, features, decoder, code_size)

    return _variational(network, beta, **training)
