"""Evaluate: what classifiers know, where they fail, and how sure they may be."""

import streamlit as st

from core.runs.store import store
from pages.parts.evaluate.calibration import calibration_part
from pages.parts.evaluate.compare import compare_part
from pages.parts.evaluate.confusion import confusion_part
from pages.parts.evaluate.digits import digits_part
from pages.parts.evaluate.glance import glance_part
from pages.parts.evaluate.label_search import label_search_part
from pages.parts.evaluate.readings import SPLITS, readings, request
from pages.parts.evaluate.sabotage import sabotage_part
from pages.parts.evaluate.thresholds import thresholds_part
from pages.parts.shared.controls.address import segments
from pages.parts.shared.controls.dataset_picker import dataset_note
from pages.parts.shared.controls.pickers import pick_runs
from pages.parts.shared.style import page_header, say

page_header("Evaluate", "See what classifiers know, where they fail, and how sure they may be.")

MOST = 6  # runs on the page
PARTS = {
    "glance": ("At a glance", glance_part),
    "confusion": ("Confusion", confusion_part),
    "digits": ("Gallery", digits_part),
    "thresholds": ("Thresholds", thresholds_part),
    "calibration": ("Calibration", calibration_part),
    "compare": ("Compare", compare_part),
    "sabotage": ("Sabotage", sabotage_part),
    "labels": ("Wrong labels", label_search_part),
}


def favourites() -> list[str]:
    """The main model, and a simpler one to compare it with."""
    offered = [run.id for run in store().runs("classify") if run.has_weights()]
    return [run_id for run_id in ("cnn", "mlp") if run_id in offered] or offered[:1]


chosen = pick_runs("Classifiers", task="classify", key="evaluate-runs", max_selections=MOST, default=favourites())
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="evaluate-controls"):
    part = segments("Part", "part", {name: title for name, (title, _) in PARTS.items()}, "glance")
    split = segments("Digits", "split", SPLITS, "test")
for name in dict.fromkeys(run.config.dataset for run in chosen):
    dataset_note(name)
if not chosen:
    offered = store().runs("classify")
    say("Choose a classifier." if offered else "No classifier is trained yet: train one on the Train page.")
request(chosen, split)
if found := readings(chosen, split):
    _, show = PARTS[part]
    show(found)
