"""What people do to spoil digits on the Evaluate page in a real browser: turn a dial, attack, ask for MNIST-C."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.measures.predictions import PREDICTIONS
from core.robustness.dials import DIALS, spoilt
from core.robustness.sweep import SWEEP
from core.runs.weights import load_model
from tests.conftest import compute, wait_for
from tests.robustness.written import write_mnist_c

pytestmark = pytest.mark.browser

LINES = """(plot) => Object.fromEntries(plot.data.filter((trace) => trace.mode === "lines+markers")
  .map((trace) => [trace.name, trace.y]))"""


@pytest.fixture
def pair(dashboard, mnist):
    """Two runs whose readings of the real test digits are there."""
    runs = [dashboard.runs.get(run_id) for run_id in ("mlp", "softmax")]
    for run in runs:
        compute(PREDICTIONS, run, "test")
    return runs


def opened(dashboard, visit, query: str) -> Page:
    page = visit(f"{dashboard.url}/evaluate?run=mlp,softmax&part=sabotage&{query}")
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    return page


def read_by(run, mnist, dial: str, value: float) -> list[str]:
    """What a run reads in the first digit of each class, with a cross where that is wrong."""
    labels, rows = np.unique(mnist.test.labels[:500], return_index=True)
    model = load_model(run)
    images = next(spoilt(DIALS[dial], value, mnist.test[:500], model))[rows]
    read = model.predict_proba(images).argmax(1)
    return [str(r) if r == label else f"✗ {r}" for r, label in zip(read, labels, strict=True)]


def shown(page: Page, runs: int) -> list[list[str]]:
    """What the strip says that each run reads: on a wide page its two groups of five stand side by side."""
    rows = [row.locator("span").all_inner_texts() for row in page.locator(".dl-text.dl-cells").all()]
    return [rows[i] + rows[runs + i] for i in range(runs)] if len(rows) == 2 * runs else []


def test_a_dial_is_turned(dashboard, visit, pair, mnist):
    for run in pair:
        compute(SWEEP, run, "rotation")
    page = opened(dashboard, visit, "dial=rotation&at=0")
    plot = page.locator('.lf-plot[aria-label^="Read rightly"]')
    expect(plot.locator(".scatterlayer .trace").first).to_be_attached()
    for run in pair:
        found = SWEEP.load_current(run, "rotation")
        assert plot.evaluate(LINES)[run.name] == pytest.approx(found.accuracy, abs=1e-4)
    wait_for(lambda: shown(page, 2) == [read_by(run, mnist, "rotation", 0) for run in pair])
    slider = page.get_by_role("slider")
    slider.focus()
    for value in (15, 30):
        slider.press("ArrowRight")
        expect(page).to_have_url(re.compile(f"at={value}(&|$)"))
    wait_for(lambda: shown(page, 2) == [read_by(run, mnist, "rotation", 30) for run in pair])
    wait_for(lambda: plot.evaluate("(plot) => plot._fullLayout.shapes[0].x0") == 30)
    page.reload()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "+30°")
    wait_for(lambda: shown(page, 2) == [read_by(run, mnist, "rotation", 30) for run in pair])


def test_a_link_to_an_attack_and_to_the_table(dashboard, visit, pair, mnist):
    for run in pair:
        compute(SWEEP, run, "fgsm")
        write_mnist_c(run, 200, range(0, 1500, 100))
    page = opened(dashboard, visit, "dial=fgsm&at=0.12")
    wait_for(lambda: shown(page, 2) == [read_by(run, mnist, "fgsm", 0.12) for run in pair])
    expect(page.locator(".dl-pic img")).to_have_count(4)
    page.get_by_text("MNIST-C", exact=True).first.click()
    table = page.get_by_role("region", name="Errors under the corruptions of MNIST-C")
    expect(table.locator("tbody tr")).to_have_count(17)
    expect(table.locator("tbody tr").first).to_contain_text("2.00")
    expect(page).to_have_url(re.compile("spoil=mnist-c"))


def test_mnist_c_is_measured_when_asked_and_can_be_cancelled(dashboard, visit, mnist):
    run = dashboard.runs.get("cnn")  # with so many layers it takes a while
    page = visit(f"{dashboard.url}/evaluate?run=cnn&part=sabotage&spoil=mnist-c")
    page.get_by_role("button", name="Measure CNN").click()
    expect(page.get_by_text(re.compile("MNIST-C, CNN: .*10,000 digits"))).to_be_visible()
    page.locator(".st-key-cancel-cnn-mnist-c button").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    assert not run.projection_file("mnist-c").exists()
