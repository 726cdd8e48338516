"""Train: choose a model, press Train and watch it learn; the curves of several runs lie over each other."""

import streamlit as st

from core.jobs import submit
from pages.parts.shared.controls.pickers import announce_run, offer_earlier, pick_runs
from pages.parts.shared.style import page_header, warn
from pages.parts.train.config_form import config_form, filled_from, make
from pages.parts.train.live_runs import live_runs

page_header("Train", "Choose a model, press Train and watch it learn.")


@st.fragment
def form() -> None:
    """Only the form runs again when a field changes; the curves beside it go on undisturbed."""
    config = config_form()
    if st.button("Train", key="train", type="primary", width="stretch", disabled=config is None) and config:
        try:
            run = make(config)
        except ValueError as error:
            warn(error)
            return
        submit.train(run)
        announce_run(run, beside=filled_from())
        st.rerun()


left, right = st.columns([1, 2.5], gap="medium")
with left:
    form()
with right:
    runs = pick_runs("Runs", key="train-runs", alone=True)
    offer_earlier("train-runs", runs)
    live_runs(runs)
