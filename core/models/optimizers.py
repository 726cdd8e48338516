"""What a network in plain NumPy learns by: arithmetic on the vector of its parameters and that of their derivatives."""

from __future__ import annotations

import math

import numpy as np

from core.models.scratch import Net

_BLOCK = 65_536  # numbers that Adam works on at a time, so that its temporary arrays stay in the cache


class SGD:
    """v <- momentum v + g, then p <- p - lr v. Weight decay adds weight_decay p to g, the derivative by p."""

    def __init__(self, net: Net, weight_decay: float = 0.0, momentum: float = 0.0) -> None:
        self.net, self.weight_decay, self.momentum = net, weight_decay, momentum
        self.state = {"v": np.zeros_like(net.params)} if momentum else {}

    def step(self, lr: float) -> None:
        """Change the parameters by the derivatives of the last `backward`, which are used up."""
        p, g = self.net.params, self.net.grads
        if self.weight_decay:
            g += self.weight_decay * p
        if self.momentum:
            v = self.state["v"]
            v *= self.momentum
            v += g
            g[:] = v
        g *= lr
        p -= g


class Adam:
    """p <- p - lr m / (sqrt(v) + eps), where m and v are running means of g, the derivative by p, and of g^2.

    Kingma and Ba, "Adam", 2015. Weight decay is part of g or, `decoupled`, shrinks p directly: AdamW, of Loshchilov
    and Hutter, "Decoupled weight decay regularization", 2019.
    """

    beta1, beta2, eps = 0.9, 0.999, 1e-8

    def __init__(self, net: Net, weight_decay: float = 0.0, decoupled: bool = False) -> None:
        self.net, self.weight_decay, self.decoupled = net, weight_decay, decoupled
        self.state = {"m": np.zeros_like(net.params), "v": np.zeros_like(net.params), "steps": np.zeros((), np.int64)}

    def step(self, lr: float) -> None:
        """Change the parameters by the derivatives of the last `backward`, which are used up."""
        self.state["steps"] += 1
        steps = int(self.state["steps"])
        # m and v begin at 0; divided by these, they are means of what they have seen so far.
        seen_m, seen_v = 1 - self.beta1**steps, 1 - self.beta2**steps
        rate, eps = lr * math.sqrt(seen_v) / seen_m, self.eps * math.sqrt(seen_v)
        vectors = self.net.params, self.net.grads, self.state["m"], self.state["v"]
        for start in range(0, len(self.net.params), _BLOCK):
            p, g, m, v = (vector[start : start + _BLOCK] for vector in vectors)
            if self.decoupled:
                p *= 1 - lr * self.weight_decay
            elif self.weight_decay:
                g += self.weight_decay * p
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * (g * g)
            p -= rate * m / (np.sqrt(v) + eps)
