"""Every preset starts from the Train page and learns, on the digits that need no download."""

import pytest
from playwright.sync_api import expect

from core.runs.run import Status
from core.training.presets import PRESETS
from tests.browser.journeys import badge, start_training
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_every_preset_starts_from_the_train_page(dashboard, visit):
    page = visit(f"{dashboard.url}/train")
    for name, preset in PRESETS.items():
        before = {run.id for run in dashboard.trained_here()}
        start_training(page, preset.title, epochs=1 if preset.config.spec.learns == "by steps" else None)
        wait_for(lambda before=before: len(dashboard.trained_here()) > len(before))
        (run,) = (run for run in dashboard.trained_here() if run.id not in before)
        wait_for(lambda run=run: run.status() == Status.FINISHED, 120)
        expect(badge(page, run.id)).to_have_text("finished")
        wanted, got = preset.config.to_dict(), run.config.to_dict()
        assert {key for key in wanted if wanted[key] != got[key]} <= {"dataset", "epochs", "per_class"}, name
        assert run.history().epochs[-1].epoch == 1, name
