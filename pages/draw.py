"""Draw: a pad, and what each chosen model reads in it while the pen moves."""

import streamlit as st

from core.runs import store
from pages.parts.pad import pad
from pages.parts.pickers import pick_runs
from pages.parts.style import page_header

page_header("Draw", "Draw a digit and watch each model read it while your pen moves.")


def favourites() -> list[str]:
    """The newest run that can answer, before the shipped classifiers, the best of them first."""
    runs = [run for run in store().runs("classify") if run.has_weights()]
    newest = next((run.id for run in runs if not run.shipped and not run.active()), None)
    offered = {run.id for run in runs if run.shipped} | {newest}
    return [run_id for run_id in (newest, "cnn", "mlp", "softmax") if run_id and run_id in offered]


chosen = pick_runs("Models", task="classify", key="draw-runs", default=favourites())


@st.fragment
def drawing() -> None:
    """Only this part runs again when the pen comes up."""
    pad(key="draw-pad", runs=chosen)


drawing()
