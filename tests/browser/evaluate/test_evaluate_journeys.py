"""What people do on the Evaluate page in a real browser: choose a cell, move a threshold, calibrate, compare."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.stats import binomtest

from core.measures.calibration import CALIBRATION, calibrate, calibration_error, log_loss
from core.measures.predictions import PREDICTIONS
from core.measures.reliability import reliability
from tests.browser.journeys import place
from tests.conftest import compute, wait_for

pytestmark = pytest.mark.browser

# Where the marks of a figure are that can be seen: of its points, of how far they reach, and of its bars.
MARKS = """(plot) => {
  const groups = [...plot.querySelectorAll(".plot .trace, .plot .mf-copy")];
  return groups.filter((one) => one.style.display !== "none").flatMap((group) => [...group.querySelectorAll("path")])
    .filter((path) => path.getBoundingClientRect().height || path.getBoundingClientRect().width)
    .map((path) => path.getBoundingClientRect()).map(({ left, top, width, height }) => [left, top, width, height])
    .sort((one, other) => one[0] - other[0] || one[1] - other[1] || one[2] - other[2]);
}"""


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


def ringed(plot: Locator) -> list[tuple[float, float]]:
    """The cells of a drawn table with a frame around them."""
    shapes = plot.evaluate("(plot) => plot._fullLayout.shapes.map((one) => [one.y0 + 0.5, one.x0 + 0.5])")
    return [(true, read) for true, read in shapes]


def tiles(page: Page, label: str) -> Locator:
    return page.get_by_role("listbox", name=label, exact=True).get_by_role("option")


def told(page: Page) -> dict[str, str]:
    """The numbers that follow the slider, with the value itself, all of one moment."""
    return page.evaluate(
        """() => {
          const pairs = [...document.querySelectorAll(".mf-numbers div")].map(({ children }) => [...children]);
          const numbers = Object.fromEntries(pairs.map(([name, text]) => [name.innerText, text.innerText]));
          return { at: document.querySelector(".mf-value").innerText, ...numbers };
        }"""
    )


def found_at(read: tuple[np.ndarray, np.ndarray, np.ndarray], label: int, threshold: float) -> dict[str, str]:
    """What those numbers have to be at a threshold."""
    labels, _, probabilities = read
    said, true = probabilities[:, label] >= threshold, labels == label
    right = int((said & true).sum())
    return {
        "Precision": f"{100 * right / said.sum():.2f} %" if said.any() else "undefined",
        "Recall": f"{100 * right / true.sum():.2f} %",
        "F1": f"{200 * right / (said.sum() + true.sum()):.2f} %",
        "Right": f"{right:,}",
        "False positives": f"{(said & ~true).sum():,}",
        "False negatives": f"{(~said & true).sum():,}",
    }


def calibrated_at(read: tuple[np.ndarray, np.ndarray, np.ndarray], temperature: float) -> dict[str, str]:
    """And at a temperature."""
    labels, predicted, probabilities = read
    said = calibrate(probabilities, temperature)
    return {
        "Calibration error (ECE)": f"{calibration_error(said, labels):.4f}",
        "Log loss, nats": f"{log_loss(said, labels):.4f}",
        "Mean confidence": f"{100 * said.max(1).mean():.2f} %",
        "Read rightly": f"{100 * (predicted == labels).mean():.2f} %",
    }


def slider_of(page: Page) -> Locator:
    """The slider, once the figures that follow it are drawn."""
    slider = page.get_by_role("slider")
    expect(slider).to_be_visible()
    expect(page.locator(".mf-figure .scatterlayer .trace").first).to_be_attached()
    return slider


def along(slider: Locator, share: float) -> tuple[float, float]:
    """A place on the slider in the window."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    return box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2


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
    known = read("mlp")
    labels, _, probabilities = known
    page = opened(dashboard, visit, "run=mlp&part=thresholds&class=8")
    slider = slider_of(page)

    def found(threshold: float) -> None:
        wait_for(lambda: told(page) == {"at": slider.get_attribute("aria-valuetext"), **found_at(known, 8, threshold)})
        said, true = probabilities[:, 8] >= threshold, labels == 8
        for label, rows in (("False positives", said & ~true), ("False negatives", ~said & true)):
            expect(tiles(page, label)).to_have_count(min(48, int(rows.sum())))

    found(0.5)
    slider.focus()
    steps = (("ArrowRight", 0.51), ("PageUp", None), ("Home", 0.0), ("End", 1.0), ("ArrowLeft", 0.999999))
    for key, threshold in steps:
        before = slider.get_attribute("aria-valuetext")
        slider.press(key)
        expect(slider).not_to_have_attribute("aria-valuetext", before)  # with the next frame
        value = float(slider.get_attribute("aria-valuetext"))
        assert value == (threshold if threshold is not None else value) != 0.5
        found(value)
        expect(page).to_have_url(re.compile(rf"threshold={value:g}(&|$)"))


def test_a_threshold_that_is_dragged_is_followed_while_it_moves_and_remembered(dashboard, visit, read):
    known = read("mlp")
    page = opened(dashboard, visit, "run=mlp&part=thresholds&class=8")
    slider = slider_of(page)
    shown = page.get_by_text("the worst first").all_inner_texts()
    page.mouse.move(*along(slider, 0.5))
    page.mouse.down()
    for share in (0.3, 0.97, 0.62, 0.95):
        page.mouse.move(*along(slider, share), steps=5)
        # What is read in one go is of one moment: the hand is still down, and the server may not have been asked yet.
        now = told(page)
        assert {**found_at(known, 8, float(now["at"])), "at": now["at"]} == now
    page.mouse.up()
    value = float(told(page)["at"])
    assert value > 0.97
    assert found_at(known, 8, value) == {name: text for name, text in told(page).items() if name != "at"}
    missed = int(((known[2][:, 8] < value) & (known[0] == 8)).sum())
    expect(page.get_by_text(f"False negatives of {dashboard.runs.get('mlp').name}: {missed}")).to_be_visible()
    assert page.get_by_text("the worst first").all_inner_texts() != shown
    expect(page).to_have_url(re.compile(rf"threshold={value:g}(&|$)"))
    for plot, at in zip(page.locator(".mf-figure .lf-plot").all(), ("Recall", "Precision"), strict=True):
        drawn = plot.evaluate("(plot) => plot.data.at(-1).y[0]")  # Plotly has drawn it itself by now
        assert 100 * drawn == pytest.approx(float(told(page)[at].split()[0]), abs=0.006)
        assert plot.locator(".mf-copy").count() == 0
    page.reload()
    slider_of(page)
    assert float(told(page)["at"]) == value
    page.get_by_test_id("stTopNavLink").filter(has_text="Runs").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    page.go_back()
    slider_of(page)
    assert float(told(page)["at"]) == value


def test_two_moves_at_once_end_where_the_second_ends(dashboard, visit, read):
    known = read("mlp")
    page = opened(dashboard, visit, "run=mlp&part=thresholds&class=8")
    slider = slider_of(page)
    for share in (0.2, 0.8, 0.35):
        page.mouse.click(*along(slider, share))  # each is told at once, while the page still answers the one before
    value = float(told(page)["at"])
    assert 0.2 < value < 0.4
    missed = int(((known[2][:, 8] < value) & (known[0] == 8)).sum())
    expect(page.get_by_text(f"False negatives of {dashboard.runs.get('mlp').name}: {missed}")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"threshold={value:g}(&|$)"))
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    assert float(told(page)["at"]) == value


def test_a_fitted_temperature_changes_how_sure_the_run_is(dashboard, visit, read):
    known = read("mlp")
    compute(CALIBRATION, dashboard.runs.get("mlp"))
    fitted = round(CALIBRATION.load_current(dashboard.runs.get("mlp")).temperature, 2)
    before, after = calibrated_at(known, 1.0), calibrated_at(known, fitted)
    assert after["Calibration error (ECE)"] < before["Calibration error (ECE)"]
    page = opened(dashboard, visit, "run=mlp&part=calibration")
    slider = slider_of(page)
    wait_for(lambda: told(page) == {"at": "1.00", **before})
    page.get_by_role("button", name=f"Fitted: {fitted:.2f}").click()
    wait_for(lambda: told(page) == {"at": f"{fitted:.2f}", **after})
    said = f"ECE {after['Calibration error (ECE)']}, log loss {after['Log loss, nats']} at temperature {fitted:g}."
    expect(page.get_by_text(said)).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", f"{fitted:.2f}")
    expect(page).to_have_url(re.compile(rf"temperature={fitted:g}(&|$)"))
    page.reload()
    slider_of(page)
    wait_for(lambda: told(page) == {"at": f"{fitted:.2f}", **after})
    page.get_by_role("button", name="As it is: 1").click()
    wait_for(lambda: told(page) == {"at": "1.00", **before})
    expect(page).not_to_have_url(re.compile("temperature="))


def test_a_temperature_that_is_dragged_moves_diagram_and_numbers_together(dashboard, visit, read):
    known = read("mlp")
    page = opened(dashboard, visit, "run=mlp&part=calibration")
    slider = slider_of(page)
    plot = page.locator(".lf-plot")
    page.mouse.move(*along(slider, 0.68))
    page.mouse.down()
    page.mouse.move(*along(slider, 0.9), steps=8)
    wait_for(lambda: float(told(page)["at"]) > 2)
    now = told(page)
    temperature = float(now["at"])
    assert now == {"at": now["at"], **calibrated_at(known, temperature)}
    page.mouse.up()
    found = reliability(known[2], known[0], temperature)
    full = found.count > 0
    expect(page).to_have_url(re.compile(rf"temperature={temperature:g}(&|$)"))
    wait_for(lambda: plot.evaluate("(plot) => plot.data[2].y") == found.count[full].tolist())
    drawn = plot.evaluate("(plot) => plot.data[1]")
    assert drawn["x"] == pytest.approx(found.confidence[full], rel=1e-4)
    assert drawn["y"] == pytest.approx(found.accuracy[full], rel=1e-4)
    assert drawn["error_y"]["array"] == pytest.approx((found.high - found.accuracy)[full], rel=1e-4, abs=1e-9)
    # What was painted while the hand moved is what Plotly draws of the same.
    settled = plot.evaluate(MARKS)
    page.mouse.move(*along(slider, 0.9))
    slider.press("ArrowLeft")
    slider.press("ArrowRight")
    painted = plot.evaluate(MARKS)
    assert len(painted) == len(settled)
    for one, other in zip(painted, settled, strict=True):
        assert one == pytest.approx(other, abs=0.6)  # pixels


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
