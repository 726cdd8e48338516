"""Wrong labels, from a preset on the Train page to the digits that their losses find, on the embedded digits."""

import pytest
from playwright.sync_api import expect

from core.data import datasets
from core.measures.label_losses import LABEL_LOSSES, noisy_labels
from core.runs.run import Status
from core.training.presets import PRESETS
from tests.browser.journeys import start_training
from tests.conftest import wait_for

pytestmark = pytest.mark.browser


def test_wrong_labels_are_learned_and_then_found(dashboard, visit):
    page = visit(f"{dashboard.url}/train")
    before = {run.id for run in dashboard.trained_here()}
    start_training(page, PRESETS["wrong-labels"].title, epochs=3)
    wait_for(lambda: len(dashboard.trained_here()) > len(before))
    (run,) = (run for run in dashboard.trained_here() if run.id not in before)
    wait_for(lambda: run.status() == Status.FINISHED, 120)
    page = visit(f"{dashboard.url}/evaluate?run={run.id}&part=labels&split=train")
    search = page.locator(".el .dl-table")
    expect(search).to_be_visible(timeout=60_000)
    expect(page.locator(".lf-plot .scatterlayer .trace").first).to_be_attached(timeout=60_000)
    wrong = noisy_labels(run) != datasets.load("digits").train.labels
    order = (-LABEL_LOSSES.load_current(run).train[0]).argsort(kind="stable")
    found = wrong[order[: round(0.05 * len(wrong))]].sum()
    page.get_by_role("combobox", name="Digits looked at").click()
    page.get_by_role("option", name="5 %").filter(has_not_text="15").click()
    row = search.get_by_role("row").filter(has_text="Epoch 1")
    expect(row.get_by_role("cell").nth(0)).to_have_text(f"{found:,}")
    expect(page.get_by_text(f"of which {wrong.sum():,} had a wrong label on purpose")).to_be_visible()
