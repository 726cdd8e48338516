"""The part of the form that varies or spoils the training digits, with a preview of what the model will see."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.data.augment import AUGMENTATION_RANGES, NOISES, SPARING, Augmentation, augment, check_noise, corrupt
from core.data.datasets import DATASETS, load
from core.data.glyphs import GlyphPool
from core.data.photometric import PHOTOMETRIC
from core.models.contract import ModelSpec
from pages.parts.shared.noise import NOISE_TITLES
from pages.parts.shared.strips import StripRow, image_strip
from pages.parts.shared.style import say
from pages.parts.train.form_fields import KEY, choice, put, real, value_of

_SHOWN, _VARIANTS = 4, 3  # training digits in the preview, and pictures of each
_DRAWN = f"{KEY}-vary-drawn"
_LIGHT = (*PHOTOMETRIC, "clean")
_GROUPS = {
    "shape": ("Shape and place", [name for name in AUGMENTATION_RANGES if name not in _LIGHT]),
    "light": ("Ground, light and noise", _LIGHT),
}
# Not in the label: an expander whose label changes is a new one, and closed.
_MARK = f"""
<style>
[class*="st-key-{KEY}-vary-"] summary p::after {{ display: none; content: "on"; font-size: 12px; margin-left: 8px;
  padding: 1px 8px; border-radius: 999px; background: color-mix(in srgb, currentColor 12%, transparent); }}
</style>
"""


def augment_form(spec: ModelSpec, dataset: str) -> dict[str, Any]:
    """Show the fields and the preview; return TrainConfig's glyph_share, augmentation, noise and noise_level.

    Noise is for autoencoders alone, digits drawn by code for what learns by steps. The preview is drawn while the
    expander is open: its first picture may wait for torch, whose import takes seconds.
    """
    cleans = spec.task == "reconstruct"
    title = "Augmentation and noise" if cleans else "Augmentation"
    st.html(_MARK.replace("none", "inline") if _some_is_on(spec) else _MARK)
    expander = st.expander(title, key=f"{KEY}-vary-{spec.task}", on_change="rerun")
    noise, level, glyphs = "none", 0.0, 0.0
    with expander:
        varied: dict[str, float] = {}
        for group, (heading, names) in _GROUPS.items():
            say(heading)
            with st.container(key=f"fields-{group}"):
                varied |= {name: real(f"augmentation-{name}") for name in names}
                if group == "shape" and spec.learns == "by steps":
                    glyphs = real("glyph_share")
        if cleans:
            st.caption("Noise that it learns to remove")
            with st.container(key="fields-noise"):
                noise = choice("noise", NOISES, titles=NOISE_TITLES, then=_suggest_level)
                if noise != "none":
                    level = real("noise_level")
        if expander.open:
            _preview(dataset, varied, glyphs, noise, level)
    return {"glyph_share": glyphs, "augmentation": varied, "noise": noise, "noise_level": level}


def _some_is_on(spec: ModelSpec) -> bool:
    # A preset may have set what the closed expander hides.
    cleans = spec.task == "reconstruct"
    varied = any(value_of(f"augmentation-{name}") for name in AUGMENTATION_RANGES if name not in SPARING)
    return varied or bool(value_of("glyph_share")) or (cleans and value_of("noise", "none") != "none")


def _suggest_level() -> None:
    # Noise chosen by hand is there at once.
    if value_of("noise") != "none" and not value_of("noise_level"):
        put("noise_level", 0.5)


def _preview(dataset: str, varied: dict[str, float], glyphs: float, noise: str, level: float) -> None:
    """Show a few training digits, and under each some of what the model will see of it; and some drawn by code."""
    try:
        settings = Augmentation(**varied)
        check_noise(noise, level)
    except ValueError:
        return  # the form says what is wrong
    drawn_by_code = glyphs > 0 and DATASETS[dataset].of_digits
    if not (settings.active or level or drawn_by_code):
        st.caption("What you change here is previewed on a few digits.")
        return
    drawn = st.session_state.setdefault(_DRAWN, 0)
    train = load(dataset).train
    images, labels = train.images[:_SHOWN], np.tile(train.labels[:_SHOWN], _VARIANTS)
    with st.spinner("Preparing the preview"):
        rng = np.random.default_rng(drawn)
        moved = augment(np.tile(images, (_VARIANTS, 1, 1)), settings, rng, labels)
        seen = corrupt(moved, noise, level, rng)
        rows = [StripRow("" if i else "As the model sees them", seen[i * _SHOWN :][:_SHOWN]) for i in range(_VARIANTS)]
        if drawn_by_code:
            written = augment(GlyphPool(drawn, _SHOWN).images(np.arange(_SHOWN)), settings.of_glyphs, rng)
            rows.append(StripRow("Drawn by code", corrupt(written, noise, level, rng)))
    image_strip([StripRow("Training digits", images), *rows])
    st.button("Vary again", key=f"{KEY}-vary-again", icon=":material/refresh:", on_click=_draw_anew)


def _draw_anew() -> None:
    st.session_state[_DRAWN] += 1
