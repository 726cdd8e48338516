"""Train: choose a model, press Train and watch it learn; the curves of several runs lie over each other."""

import streamlit as st

from core import worker
from pages.parts.config_form import config_form, make
from pages.parts.live_runs import live_runs
from pages.parts.pickers import announce_run, pick_runs
from pages.parts.style import page_header

page_header("Train", "Choose a model, press Train and watch it learn.")


@st.fragment
def form() -> None:
    """Only the form runs again when a field changes; the curves beside it go on undisturbed."""
    config = config_form()
    if st.button("Train", key="train", type="primary", width="stretch", disabled=config is None) and config:
        try:
            run = make(config)
        except ValueError as error:
            st.error(str(error), icon=":material/error:")
            return
        worker.submit_training(run)
        announce_run(run)
        st.rerun()


left, right = st.columns([1, 2.5], gap="medium")
with left:
    form()
with right:
    live_runs(pick_runs("Runs", key="train-runs"))
