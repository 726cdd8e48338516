"""What people do on the Evaluate page in a real browser: choose a cell, move a threshold, calibrate, compare."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.stats import binomtest

from core.measures.calibration import CALIBRATION, calibrate, calibration_error
from core.measures.predictions import PREDICTIONS
from tests.conftest import compute, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture
def read(dashboard, mnist):
    """A function that returns the labels, a run's answers and its probabilities of the real test digits, read first."""

    def read_by(run_id: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        run = dashboard.runs.get(run_id)
        compute(PREDICTIONS, run, "test")
        found = PREDICTIONS.load_current(run, "test")
        return mnist.test.labels, found.predicted, found.probabilities()

    return read_by


def opened(dashboard, visit, query: str) -> Page:
    page = visit(f"{dashboard.url}/evaluate?{query}")
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    return page


def table_of(page: Page, name: str) -> Locator:
    """The confusion table of the run with this name, once it is drawn."""
    plot = page.locator(f'.lf-plot[aria-label^="{name} misreads"]')
    expect(plot.locator(".heatmaplayer image").first).to_be_attached(timeout=60_000)
    return plot


def place(plot: Locator, true: int, read: int) -> tuple[float, float]:
    """Where a cell is in the window."""
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(
        """(plot, [row, column]) => {
          const { left, top } = plot.getBoundingClientRect(), { xaxis, yaxis } = plot._fullLayout;
          return [left + xaxis._offset + xaxis.d2p(column), top + yaxis._offset + yaxis.d2p(row)];
        }""",
        [true, read],
    )
    return x, y


def ringed(plot: Locator) -> list[tuple[float, float]]:
    """The cells of a drawn table with a frame around them."""
    shapes = plot.evaluate("(plot) => plot._fullLayout.shapes.map((one) => [one.y0 + 0.5, one.x0 + 0.5])")
    return [(true, read) for true, read in shapes]


def tiles(page: Page, label: str) -> Locator:
    return page.get_by_role("listbox", name=label, exact=True).get_by_role("option")


def row_at(page: Page) -> list[str]:
    """The figures at the threshold: what it is, precision, recall, and the rest."""
    return page.locator(".et tbody tr :is(th, td)").all_inner_texts()


def test_a_cell_that_is_clicked_shows_its_digits_and_a_reload_brings_them_back(dashboard, visit, read):
    runs = {dashboard.runs.get(run_id).name: read(run_id) for run_id in ("mlp", "softmax")}
    page = opened(dashboard, visit, "run=mlp,softmax&part=confusion")
    first, second = (table_of(page, name) for name in runs)
    page.mouse.click(*place(first, 4, 9))

    def shown() -> None:
        for (name, (labels, predicted, _)), plot in zip(runs.items(), (first, second), strict=True):
            count = int(((labels == 4) & (predicted == 9)).sum())
            assert count > 0
            said = f"{name} reads {count} of {(labels == 4).sum()} digits of class 4 as 9"
            expect(page.get_by_text(said, exact=False)).to_be_visible()
            wait_for(lambda plot=plot: ringed(plot) == [(4, 9)])
        counts = [int(((labels == 4) & (predicted == 9)).sum()) for labels, predicted, _ in runs.values()]
        expect(tiles(page, "Class 4 read as 9")).to_have_count(sum(min(48, count) for count in counts))

    shown()
    expect(page).to_have_url(re.compile("true=4.*read=9|read=9.*true=4"))
    page.reload()
    first, second = (table_of(page, name) for name in runs)
    shown()
    page.mouse.click(*place(second, 3, 3))
    for plot in (first, second):
        wait_for(lambda plot=plot: ringed(plot) == [(3, 3)])
    expect(tiles(page, "Class 3 read rightly")).to_have_count(96)
    page.get_by_role("button", name=re.compile("Show 48 more")).first.click()
    expect(tiles(page, "Class 3 read rightly")).to_have_count(144)


def test_a_cell_is_chosen_by_keyboard(dashboard, visit, read):
    labels, predicted, _ = read("mlp")
    page = opened(dashboard, visit, "run=mlp&part=confusion")
    table_of(page, dashboard.runs.get("mlp").name)
    plot = page.locator(".lf-plot")  # its name is now that of the cell
    plot.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft"):
        plot.press(key)
    told = plot.get_attribute("aria-label")
    true, answer = (int(word) for word in re.match(r"(\d) read as (\d):", told).groups())
    assert true == 2  # two steps down
    plot.press("Enter")
    wait_for(lambda: ringed(plot) == [(true, answer)])
    count = int(((labels == true) & (predicted == answer)).sum())
    expect(page.get_by_text(f"reads {count:,} of {(labels == true).sum():,} digits of class {true}")).to_be_visible()
    expect(page).to_have_url(re.compile(f"true={true}"))


def test_a_threshold_moved_by_keyboard_moves_what_is_found(dashboard, visit, read):
    labels, _, probabilities = read("mlp")
    page = opened(dashboard, visit, "run=mlp&part=thresholds&class=8")
    slider = page.get_by_role("slider")
    expect(slider).to_be_visible()

    def found(threshold: float) -> None:
        said, true = probabilities[:, 8] >= threshold, labels == 8
        right = int((said & true).sum())
        precision = f"{100 * right / said.sum():.2f} %" if said.any() else "undefined"
        wrong, missed = np.flatnonzero(said & ~true), np.flatnonzero(~said & true)
        expected = [
            f"At {threshold:g}", precision, f"{100 * right / true.sum():.2f} %",
            f"{200 * right / (said.sum() + true.sum()):.2f} %", f"{right:,}", f"{len(wrong):,}", f"{len(missed):,}",
        ]  # fmt: skip
        wait_for(lambda: row_at(page) == expected)
        for label, rows in (("False positives", wrong), ("False negatives", missed)):
            expect(tiles(page, label)).to_have_count(min(48, len(rows)))

    found(0.5)
    slider.focus()
    for key, threshold in (("ArrowRight", 0.51), ("PageUp", None), ("Home", 0.0), ("End", 1.0)):
        slider.press(key)
        value = float(slider.input_value())
        assert value == (threshold if threshold is not None else value) != 0.5
        found(value)
        expect(page).to_have_url(re.compile(rf"threshold={value:g}(&|$)"))
    slider.press("ArrowLeft")
    found(0.99)


def test_a_fitted_temperature_changes_how_sure_the_run_is(dashboard, visit, read):
    labels, _, probabilities = read("mlp")
    compute(CALIBRATION, dashboard.runs.get("mlp"))
    fitted = round(CALIBRATION.load_current(dashboard.runs.get("mlp")).temperature, 2)
    before, after = (calibration_error(calibrate(probabilities, one), labels) for one in (1.0, fitted))
    assert after < before
    page = opened(dashboard, visit, "run=mlp&part=calibration")
    expect(page.get_by_text(f"ECE {before:.4f}", exact=False)).to_be_visible()
    page.get_by_role("button", name=f"Fitted: {fitted:.2f}").click()
    expect(page.get_by_text(f"ECE {after:.4f}", exact=False)).to_be_visible()
    expect(page.get_by_role("slider")).to_have_value(f"{fitted:g}")
    page.reload()
    expect(page.get_by_text(f"ECE {after:.4f}", exact=False)).to_be_visible()
    page.get_by_role("button", name="As it is: 1").click()
    expect(page.get_by_text(f"ECE {before:.4f}", exact=False)).to_be_visible()


def test_what_is_resolved_between_two_runs_and_what_is_not(dashboard, visit, read):
    pairs = (("cnn", "cnn-plain"), ("mlp", "softmax"))
    for pair in pairs:
        names = [dashboard.runs.get(run_id).name for run_id in pair]
        labels = read(pair[0])[0]
        first, second = (read(run_id)[1] == labels for run_id in pair)
        only, others = int((first & ~second).sum()), int((second & ~first).sum())
        resolved = binomtest(only, only + others).pvalue < 0.05
        better = names[0] if only > others else names[1]
        page = opened(dashboard, visit, f"run={','.join(pair)}&part=compare")
        said = page.locator(".em tbody tr").first
        expect(said.locator("td").nth(0)).to_have_text(f"{only:,}")
        expect(said.locator("td").nth(1)).to_have_text(f"{others:,}")
        verdict = rf"^{re.escape(better)} is better" if resolved else "^not resolved"
        expect(said.locator("td").last).to_have_text(re.compile(verdict))
        expect(tiles(page, f"Read rightly by {names[0]} alone")).to_have_count(min(48, only))


def test_what_nobody_has_read_yet_is_read_by_a_worker_and_shown(dashboard, visit, read):
    run = dashboard.runs.get("softmax")
    run.projection_file("readings-test").unlink(missing_ok=True)
    page = opened(dashboard, visit, "run=softmax")
    expect(page.locator(".eg tbody tr")).to_have_count(1, timeout=90_000)
    labels, predicted, _ = read("softmax")
    expect(page.locator(".eg tbody td").nth(1)).to_have_text(f"{100 * (labels == predicted).mean():.2f} %")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
