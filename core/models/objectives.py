"""What a torch network learns for: each objective turns a batch into the loss to minimise and the metrics to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# (network, pixels (n, 1, 28, 28), labels (n,), targets (n, 784)) -> loss and metrics, both averaged over the images
Objective = Callable[[Any, Tensor, Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]]


@dataclass(frozen=True)
class Classify:
    """Cross-entropy of logits (n, 10), with label smoothing as a means of training only."""

    label_smoothing: float = 0.0

    def __call__(
        self, network: nn.Module, pixels: Tensor, labels: Tensor, targets: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        logits = network(pixels)
        # The loss shown for a test set is the plain one, so that runs with and without smoothing compare.
        smoothing = self.label_smoothing if network.training else 0.0
        loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        return loss, {"accuracy": (logits.argmax(1) == labels).float().mean()}


@dataclass(frozen=True)
class Reconstruct:
    """Squared error ("mse") or binary cross-entropy ("bce"), averaged over images and pixels, plus a penalty.

    `penalty` turns codes (n, k) into a number. `mse` is that of the picture shown, whatever is minimised.
    """

    loss: str
    penalty: Callable[[Tensor], Tensor] | None = None

    def __call__(
        self, network: Any, pixels: Tensor, labels: Tensor, targets: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        codes = network.encoder(pixels)
        outputs = network.decoder(codes)
        pictures = network.picture(outputs)
        mse = F.mse_loss(pictures, targets)
        if self.loss == "bce":
            # On logits: 1.5 times as fast as on sigmoids, and finite for any logit.
            loss, mse = F.binary_cross_entropy_with_logits(outputs, targets), mse.detach()
        elif network.bounded:
            loss = mse
        else:
            loss = F.mse_loss(outputs, targets)
        if self.penalty is None:
            return loss, {"mse": mse}
        penalty = self.penalty(codes)
        return loss + penalty, {"mse": mse, "penalty": penalty}


@dataclass(frozen=True)
class Variational:
    """The negative evidence lower bound in nats per image, its KL term weighted by beta.

    Bernoulli pixels, a standard normal prior and one sample of the code per image (Kingma and Welling,
    "Auto-encoding variational Bayes", 2014; beta: Higgins et al., "beta-VAE", 2017). `reconstruction` + `kl` is the
    negative bound itself; `mse` is that of the picture decoded from mu, which is what `encode` answers.
    """

    beta: float = 1.0

    def __call__(
        self, network: Any, pixels: Tensor, labels: Tensor, targets: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        mu, logvar = network.posterior(pixels)
        # A test is repeatable, and draws nothing from the stream that training goes on with.
        generator = None if network.training else torch.Generator().manual_seed(0)
        noise = torch.randn(mu.shape, generator=generator).to(mu.device)
        logits = network.decoder(mu + (0.5 * logvar).exp() * noise)
        reconstruction = F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(pixels)
        kl = kl_to_standard_normal(mu, logvar).mean()
        shown = logits.detach() if network.training else network.decoder(mu)
        metrics = {"mse": F.mse_loss(shown.sigmoid(), targets), "reconstruction": reconstruction, "kl": kl}
        return reconstruction + self.beta * kl, metrics


def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """Return KL(N(mu, exp(logvar)) || N(0, 1)) per image, summed over the code: (n, k), (n, k) -> (n,), in nats.

    -1/2 sum(1 + logvar - mu^2 - exp(logvar)): Kingma and Welling 2014, appendix B.
    """
    return -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(1)


@dataclass(frozen=True)
class KlSparsity:
    """strength x the mean over units of KL(target || mean answer), for answers in (0, 1).

    Ng, "Sparse autoencoder", 2011, sums over units; the mean makes one strength fit any width.
    """

    strength: float
    target: float

    def __call__(self, codes: Tensor) -> Tensor:
        mean = codes.mean(0).clamp(1e-6, 1 - 1e-6)
        rho = self.target
        kl = rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()
        return self.strength * kl.mean()


@dataclass(frozen=True)
class L1Sparsity:
    """strength x the mean absolute answer over images and units."""

    strength: float

    def __call__(self, codes: Tensor) -> Tensor:
        return self.strength * codes.abs().mean()
