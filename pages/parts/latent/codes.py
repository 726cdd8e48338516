"""The codes below the maps: computed where they are not here, as those of maps that ship, and followed on the page."""

from __future__ import annotations

from collections.abc import Sequence

from core.latent.codes import CODES
from core.runs.run import Run
from pages.parts.latent.controls import Choice
from pages.parts.latent.panel import Shown
from pages.parts.latent.selection import current
from pages.parts.shared.job import Wish, follow


def codes_followed(choice: Choice, shown: Sequence[Shown]) -> None:
    """Have codes computed, with their progress, once for each run: where a map has none, and where the errors with
    which the digits are redrawn are asked for, which are stored with the codes.
    """
    wanted: dict[str, Run] = {}
    sample, selection = shown[0][1].sample, current(shown)
    if choice.color == "difference" and choice.other is not None:
        wanted[choice.other.id] = choice.other
    for number, (run, projection) in enumerate(shown):
        errors = choice.color in ("error", "difference") or (selection is not None and selection.map == number)
        if not projection.has_codes or (errors and CODES.load(run, sample) is None):
            wanted[run.id] = run
    for run in wanted.values():
        follow(Wish(CODES, run, (sample,), f"The codes of {run.name}"))
