"""Noise on digits, as pages name it and let people choose it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data.augment import NOISES, corrupt

NOISE_TITLES = {"none": "None", "gaussian": "Gaussian", "masking": "Masking", "salt-and-pepper": "Salt and pepper"}
_IN_TEXT = {"gaussian": "Gaussian noise", "masking": "masking noise", "salt-and-pepper": "salt-and-pepper noise"}


@dataclass(frozen=True)
class Noise:
    """A kind of core.data.augment.NOISES and its level; str() names it within a sentence."""

    kind: str = "none"
    level: float = 0.0

    def __str__(self) -> str:
        return f"{_IN_TEXT[self.kind]} of {self.level:g}" if self.active else "no noise"

    @property
    def active(self) -> bool:
        """Whether anything is changed."""
        return self.kind != "none" and self.level > 0

    def on(self, images: np.ndarray) -> np.ndarray:
        """Return uint8 images (n, 28, 28) with this noise, the same at every call."""
        return corrupt(images, self.kind, self.level, np.random.default_rng(0))


def pick_noise(key: str) -> Noise:
    """Let people choose a kind of noise and, where there is some, its level."""
    kind = st.selectbox(
        "Noise", NOISES, format_func=NOISE_TITLES.__getitem__, key=f"{key}-noise", persist_state="session", width=150
    )
    if kind == "none":
        return Noise()
    st.session_state.setdefault(f"{key}-noise-level", 0.5)
    level = st.slider(
        "Noise level",
        0.05,
        1.0,
        step=0.05,
        key=f"{key}-noise-level",
        persist_state="session",
        width=180,
        help="Gaussian: standard deviation, where white is 1. The others: share of the pixels.",
    )
    return Noise(str(kind), float(level))
