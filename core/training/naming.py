"""A config in words: each setting under the form's title, and a name for a run by what makes it different."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.data.datasets import DATASETS
from core.training import devices
from core.training.config import TrainConfig
from core.training.presets import PRESETS
from core.training.settings import AUGMENTATION_SETTINGS, SETTINGS, in_words

_NO_MATTER = {SETTINGS[name].title for name in ("device", "max_minutes")}
_UNTOLD = {SETTINGS[name].title for name in ("source", "start", "own_share")}
_MOST = 3  # settings that a name tells


def settings_in_words(config: TrainConfig) -> dict[str, str]:
    """Return every setting of a config as words, by title; those of steps only where there are steps."""
    values = config.to_dict()
    shown = {"Model": config.spec.title}
    shown |= {param.title: in_words(values["params"][param.name]) for param in config.spec.params}
    at_once = config.spec.learns == "at once"
    shown |= {row.title: row.in_words(values[name]) for name, row in SETTINGS.items() if not (at_once and row.of_steps)}
    shown[SETTINGS["dataset"].title] = DATASETS[config.dataset].title
    shown[SETTINGS["device"].title] = devices.TITLES[config.device]
    shown |= {row.title: row.in_words(values["augmentation"][name]) for name, row in AUGMENTATION_SETTINGS.items()}
    return shown


def differences(config: TrainConfig, other: TrainConfig) -> dict[str, str]:
    """Return the settings of a config, as words by title, in which another differs or which it does not have."""
    its = settings_in_words(other)
    return {title: words for title, words in settings_in_words(config).items() if its.get(title) != words}


def name_of(config: TrainConfig) -> str:
    """Return a name for a run: the title of the preset nearest to it, and up to three settings that differ from it."""
    nearest, least = config.spec.title, None
    for preset in PRESETS.values():
        if preset.config.model == config.model:
            found = {k: v for k, v in differences(config, preset.config).items() if k not in _NO_MATTER}
            if least is None or len(found) < len(least):
                nearest, least = preset.title, found
    told = in_a_sentence({title: words for title, words in (least or {}).items() if title not in _UNTOLD})
    return ", ".join([nearest, *told[:_MOST]])


def in_a_sentence(settings: Mapping[str, str]) -> list[str]:
    """Return settings as the parts of an enumeration, such as "learning rate 0.01"."""
    return [re.sub(r" \(.*\)", "", title).lower() + f" {words}" for title, words in settings.items()]
