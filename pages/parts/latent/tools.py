"""What one can do with the maps of the Latent space page: one thing at a time, remembered."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.parts.latent.controls import COLORS, Choice
from pages.parts.latent.forming import forming
from pages.parts.latent.panel import Shown, picked, picks
from pages.parts.latent.selection import current, selected
from pages.parts.latent.trust import trust
from pages.parts.shared.controls.address import chosen, put
from pages.parts.shared.style import guarded

TOOLS = {
    "picked": "A digit",
    "selection": "Selection",
    "between": "Between two",
    "dimensions": "Dimensions",
    "arithmetic": "Arithmetic",
    "samples": "Samples",
    "trust": "Trust",
    "forming": "Forming",
}


def switch_tool(look: str) -> None:
    """Turn from what is picked to what is selected, or back, as people point at either; away from nothing else."""
    if chosen("do", TOOLS, "picked") in ("picked", "selection"):
        put("do", look)


@guarded()
def use_tool(tool: str, choice: Choice, shown: Sequence[Shown]) -> None:
    """Draw what was chosen, for the first map; what cannot be drawn is said in a sentence."""
    run, projection = shown[0]
    for one, _ in shown:
        one.ensure_exists()  # what is kept of a deleted run would go on answering for a while
    # Imported when they are asked for: each walk brings its own scripts to the page.
    if tool == "picked":
        picked(shown)
    elif tool == "selection":
        selection = current(shown)
        reader = choice.other if COLORS[choice.color].needs == "classify" else None
        selected(*shown[selection.map if selection else 0], selection, reader)
    elif tool == "between":
        from pages.parts.walks.between import between

        between(run, projection, picks(projection))
    elif tool == "dimensions":
        from pages.parts.walks.dimensions import dimensions

        dimensions(run, projection, picks(projection))
    elif tool == "arithmetic":
        from pages.parts.walks.means import means

        means(run, projection, picks(projection))
    elif tool == "samples":
        from pages.parts.walks.prior import prior

        prior(run, projection)
    elif tool == "trust":
        for number, (one, its) in enumerate(shown):
            if number:
                st.divider()
            trust(one, its)
    else:
        forming(run, choice.maps[0][1])
        picked(shown)
