"""What people do with runs in a real browser: pause and resume, compare, delete and undo, take along and bring in."""

import json
import re
import shutil
import time

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.files import write_json
from core.runs.store import RunStore
from core.training.config import TrainConfig
from tests.browser.journeys import badge, entry, start_training, visit_tab, wait_for_points
from tests.conftest import wait_for

pytestmark = pytest.mark.browser


def cell(page: Page, text: str):
    """The cell of the table with this text: the grid is painted, and has its cells a second time for screen readers."""
    return page.locator('.st-key-runs-table [role="gridcell"]').get_by_text(text, exact=True)


def toggle_row(page: Page, row: int) -> None:
    """Select a row of the table, or not any more, by its box."""
    box = page.locator(".st-key-runs-table canvas").first.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 35 * row + 17)


def copied(runs: RunStore, run_id: str, name: str):
    """A run as another process would leave it: whole from the first moment on, and new, so first in the table."""
    away = runs.folder / f".{run_id}"
    shutil.copytree(runs.folder / "cnn", away)
    facts = json.loads((away / "config.json").read_text(encoding="utf-8"))
    write_json(away / "config.json", facts | {"shipped": False, "created": time.time()})
    away.rename(runs.folder / run_id)
    run = runs.get(run_id)
    run.rename(name)
    return run


def open_runs(visit, dashboard, *chosen: str) -> Page:
    page = visit(f"{dashboard.url}/runs?run={','.join(chosen)}")
    expect(page.locator(".st-key-runs-table canvas").first).to_be_visible()
    return page


def test_pause_in_one_browser_and_resume_in_another(dashboard, visit):
    page = visit(f"{dashboard.url}/train")
    before = len(dashboard.trained_here())
    start_training(page)
    wait_for(lambda: len(dashboard.trained_here()) > before)
    run = dashboard.trained_here()[0]
    wait_for(lambda: run.history().epochs)
    wait_for_points(page, run.name)
    other = visit(f"{dashboard.url}/train?run={run.id}")
    page.locator(f".st-key-pause-{run.id} button").click()
    for browser in (page, other):
        expect(badge(browser, run.id)).to_have_text("paused")
    epochs = len(run.history().epochs)
    other.locator(f".st-key-resume-{run.id} button").click()
    expect(badge(other, run.id)).to_have_text("running")
    wait_for(lambda: len(run.history().epochs) > epochs)
    page.reload()
    expect(badge(page, run.id)).to_have_text("running")
    page.locator(f".st-key-stop-{run.id} button").click()
    for browser in (page, other):
        expect(badge(browser, run.id)).to_have_text("stopped")


def test_delete_and_undo(dashboard, visit):
    run = copied(dashboard.runs, "to-delete", "To <b>delete</b>")
    page = open_runs(visit, dashboard, run.id)
    expect(cell(page, run.name)).to_have_count(1)
    expect(page.locator(".st-key-runs-delete button")).to_be_disabled()  # chosen by the address, and by nobody's hand
    toggle_row(page, 0)
    expect(badge(page, run.id)).to_have_count(0)
    toggle_row(page, 0)
    page.locator(".st-key-runs-delete button").click()
    expect(page.get_by_text("Deleted To <b>delete</b>.")).to_be_visible()
    expect(cell(page, run.name)).to_have_count(0)
    assert not run.folder.exists()
    page.locator(f".st-key-undo-{run.id} button").click()
    expect(cell(page, run.name)).to_have_count(1)
    expect(badge(page, run.id)).to_have_text("finished")
    assert run.folder.exists()


def test_compare_two_runs_chosen_in_the_table(dashboard, visit):
    for number in (1, 2):
        config = TrainConfig("softmax", dataset="digits", lr=0.1 * number)
        dashboard.runs.add(f"compare-{number}", config, f"Compare {number}")
    page = open_runs(visit, dashboard, "compare-1")
    page.locator(".st-key-runs-find input").fill("compare")
    page.locator(".st-key-runs-find input").press("Enter")
    expect(cell(page, "Compare 2")).to_have_count(1)
    expect(page.locator(".st-key-runs-table [role=row]")).to_have_count(3)  # with the head
    page.wait_for_timeout(1000)  # the table is painted on a canvas: nothing tells when its rows have moved
    toggle_row(page, 1)  # the one that the link chose stands first
    expect(page.locator(".rc thead")).to_contain_text("Compare 2")
    expect(page.locator(".rc thead")).to_contain_text("Compare 1")
    expect(page.locator(".rc tbody tr")).to_have_count(2)  # the results, and one setting
    expect(page.locator(".rc tbody tr").last).to_have_text(re.compile("Learning rate.*0\\.[12].*0\\.[12]"))
    assert page.url.endswith("run=compare-1%2Ccompare-2")
    page.locator(".st-key-run-actions").get_by_role("link", name="Train").click()  # with the two
    for number in (1, 2):
        expect(page.locator(".rs-name").filter(has_text=f"Compare {number}")).to_be_visible()
    visit_tab(page, "Runs")
    expect(page.locator(".rc thead")).to_contain_text("Compare 1")
    for number in (1, 2):
        shutil.rmtree(dashboard.runs.folder / f"compare-{number}")


def test_train_again_with_changes_and_a_new_name(dashboard, visit):
    run = copied(dashboard.runs, "to-repeat", "To repeat")
    page = open_runs(visit, dashboard, run.id)
    page.get_by_role("button", name="Name and note").click()
    page.get_by_label("Note", exact=True).fill("the *best* one")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("the *best* one").first).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_role("button", name="Train again with changes").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(entry(page, "form-epochs")).to_have_value(str(run.config.epochs))
    expect(entry(page, "form-model")).to_have_value(run.spec.title)
    shutil.rmtree(run.folder)


def test_pack_a_run_and_bring_it_in_again_in_another_browser(tmp_path, dashboard, visit):
    page = open_runs(visit, dashboard, "softmax")
    page.locator(".st-key-take-softmax button").first.click()
    with page.expect_download() as packed:
        page.get_by_role("button", name="The whole run").click()
    file = tmp_path / packed.value.suggested_filename
    packed.value.save_as(file)
    assert file.suffix == ".zip"
    before = {run.id for run in dashboard.runs.runs()}
    other = open_runs(visit, dashboard, "cnn")
    other.get_by_role("button", name="Import a run").click()
    other.locator("input[type=file]").set_input_files(file)
    wait_for(lambda: len(dashboard.runs.runs()) > len(before))
    (new,) = (run for run in dashboard.runs.runs() if run.id not in before)
    expect(badge(other, new.id)).to_have_text("finished")
    assert new.history().epochs == dashboard.runs.get("softmax").history().epochs
    other.get_by_role("button", name="Import a run").click()
    file.write_bytes(file.read_bytes()[:5000])
    other.locator("input[type=file]").set_input_files(file)
    expect(other.get_by_test_id("stAlert")).to_be_visible()
    assert len(dashboard.runs.runs()) == len(before) + 1

    def gone() -> bool:  # its figures may be being measured meanwhile
        shutil.rmtree(new.folder, ignore_errors=True)
        return not new.folder.exists()

    wait_for(gone)


def test_two_browsers_see_a_new_run_within_two_seconds(dashboard, visit):
    browsers = [open_runs(visit, dashboard, "cnn") for _ in range(2)]
    run = copied(dashboard.runs, "from-elsewhere", "From elsewhere")
    for page in browsers:
        expect(cell(page, run.name)).to_have_count(1, timeout=2_000)
    shutil.rmtree(run.folder)
    for page in browsers:
        expect(cell(page, run.name)).to_have_count(0)
        expect(badge(page, "cnn")).to_have_text("finished")


def test_a_figure_is_saved_by_keyboard_as_a_picture_of_300_dots_per_inch_and_as_svg(tmp_path, dashboard, visit):
    page = open_runs(visit, dashboard, "cnn", "mlp")
    wait_for_points(page, "CNN")
    page.locator(".lf-plot").first.focus()
    for kind in ("png", "svg"):
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("() => document.activeElement.dataset.format") == kind:
                break
        with page.expect_download() as saved:
            page.keyboard.press("Enter")
        file = tmp_path / saved.value.suggested_filename
        saved.value.save_as(file)
        assert file.name == f"curves-classify.{kind}"
    with Image.open(tmp_path / "curves-classify.png") as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), rel=1e-3)
        assert picture.getpixel((2, 2))[:3] == (255, 255, 255)
    svg = (tmp_path / "curves-classify.svg").read_text()
    assert svg.startswith("<svg")
    assert "CNN" in svg  # the legend


def test_on_a_touch_screen_the_buttons_of_the_table_cover_nothing(dashboard, visit):
    page = visit(f"{dashboard.url}/runs", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    bar = page.locator(".st-key-runs-table").get_by_test_id("stElementToolbar")
    expect(bar).to_be_visible()
    filters = page.locator(".st-key-runs-filters").bounding_box()
    assert bar.bounding_box()["y"] >= filters["y"] + filters["height"]


def test_what_is_typed_as_a_note_outlives_what_somebody_else_saves(dashboard, visit):
    run = copied(dashboard.runs, "to-note", "To note")
    pages = [open_runs(visit, dashboard, run.id) for _ in range(2)]
    for page in pages:
        page.get_by_role("button", name="Name and note").click()
    mine, theirs = (page.get_by_role("textbox", name="Note") for page in pages)
    mine.fill("half a thought")
    theirs.fill("their note")
    pages[1].get_by_role("button", name="Save").click()
    expect(theirs).to_have_count(0)
    expect(pages[0].get_by_text("their note")).to_be_visible()  # the page has seen it
    expect(mine).to_have_value("half a thought")
    pages[0].get_by_role("button", name="Save").click()
    expect(pages[0].get_by_test_id("stAlert")).to_contain_text("the note “their note”")
    assert dashboard.runs.get(run.id).note == "half a thought"
