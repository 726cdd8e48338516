"""A classical baseline from the first press to the pad: fitted on Train, used on Draw."""

import re

import pytest
from playwright.sync_api import expect

from core.runs.run import Status
from tests.browser.journeys import badge, draw, start_training, verdict, visit_tab
from tests.conftest import wait_for

pytestmark = pytest.mark.browser


def test_a_baseline_is_trained_on_train_and_used_on_draw(dashboard, visit):
    page = visit(f"{dashboard.url}/train")
    before = {run.id for run in dashboard.trained_here()}
    expect(page.locator(".st-key-train button")).to_be_enabled()
    start_training(page, "Random forest", epochs=None)
    assert page.get_by_label("Epochs", exact=True).count() == 0
    assert page.get_by_label("Learning rate", exact=True).count() == 0
    assert page.get_by_label("Trees", exact=True).count() == 1
    wait_for(lambda: len(dashboard.trained_here()) > len(before))
    (run,) = (run for run in dashboard.trained_here() if run.id not in before)
    wait_for(lambda: run.status() == Status.FINISHED, 120)
    expect(badge(page, run.id)).to_have_text("finished")
    expect(page.get_by_text(re.compile(r"There is no curve: a model that is fitted at once"))).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"\d+ of 20 test digits right|\d+ of 10 test digits right")).first
    ).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    visit_tab(page, "Draw")
    page.get_by_test_id("pad-canvas").wait_for()
    draw(page)
    expect(verdict(page, run.id)).to_have_text(re.compile(r"^[0-9]$"))
