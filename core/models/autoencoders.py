"""The torch autoencoders: an encoder from picture to code and a decoder from code to the logits of a picture."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from core.models.torch_model import TorchModel


class Autoencoder(nn.Module):
    """encoder: (n, 1, 28, 28) -> (n, code_size); decoder: (n, code_size) -> logits (n, 784)."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, code_size: int) -> None:
        super().__init__()
        self.encoder, self.decoder, self.code_size = encoder, decoder, code_size

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the logits of the reconstruction, (n, 784)."""
        return self.decoder(self.encoder(pixels))


def dense_autoencoder(hidden: int, code_size: int, **training: Any) -> TorchModel:
    """784-hidden-code-hidden-784 with ReLU; the Keras blog's autoencoder with hidden 128 and code 64."""

    def network() -> Autoencoder:
        encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, code_size), nn.ReLU()
        )
        decoder = nn.Sequential(nn.Linear(code_size, hidden), nn.ReLU(), nn.Linear(hidden, 784))
        return Autoencoder(encoder, decoder, code_size)

    return TorchModel(network, **training)


def conv_autoencoder(width: int, code_size: int, **training: Any) -> TorchModel:
    """Convolutions 28 -> 14 -> 7 -> 1 pixels and their transposes back; the 1x1 picture is the code."""

    def network() -> Autoencoder:
        encoder = nn.Sequential(
            nn.Conv2d(1, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, code_size, 7),
            nn.ReLU(),
            nn.Flatten(),
        )
        decoder = nn.Sequential(
            nn.Unflatten(1, (code_size, 1, 1)),
            nn.ConvTranspose2d(code_size, 2 * width, 7),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Flatten(),
        )
        return Autoencoder(encoder, decoder, code_size)

    return TorchModel(network, **training)
