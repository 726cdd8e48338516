"""What is deleted in one browser is restored in another, after a reload and a restart; a link deletes nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ink.collection import DrawingSet
from tests.browser.test_runs_journeys import cell, copied, toggle_row
from tests.server import Dashboard, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard of its own, which can be started anew, with the runs that ship and drawings of its own."""
    folder = tmp_path_factory.mktemp("house")
    with running(folder, DIGITLAB_DATA=str(folder / "data")) as started:
        yield started


def open_runs(visit, house: Dashboard, address: str = "") -> Page:
    page = visit(f"{house.url}/runs{address}")
    expect(page.locator(".st-key-runs-table canvas").first).to_be_visible()
    return page


def trash(page: Page, number: int):
    """The button that opens the trash with so many entries."""
    return page.get_by_role("button", name=re.compile(rf"Trash \({number}\)"))


def test_a_link_to_all_runs_deletes_none_and_one_that_ships_is_hidden_and_shown_again(house, visit):
    everything = [run.id for run in house.runs.runs()]
    page = open_runs(visit, house, f"?run={','.join(everything)}")
    expect(page.locator(".rs-badge").first).to_be_visible()
    expect(page.locator(".st-key-runs-delete button")).to_be_disabled()
    page = open_runs(visit, house)
    toggle_row(page, 1)
    expect(page.locator(".rs-badge")).to_have_count(2)
    page.get_by_role("button", name="Delete 1 of 2 runs").click()
    page.get_by_role("button", name="Delete 1 run", exact=True).click()
    expect(page.get_by_text(re.compile("^Hid "))).to_be_visible()
    (hidden,) = set(everything) - {run.id for run in house.runs.runs()}
    assert (house.runs.folder / hidden / "weights.safetensors").exists()
    other = open_runs(visit, house, f"?run={hidden}")
    expect(other.get_by_text(f"The run “{hidden}” is not here: it is hidden.")).to_be_visible()
    trash(other, 1).click()
    other.get_by_role("button", name="Restore").click()
    expect(trash(other, 1)).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert [run.id for run in house.runs.runs()] == everything


def test_runs_deleted_in_one_browser_are_restored_in_another_after_a_reload_and_a_restart(house, visit):
    for number in (1, 2):
        copied(house.runs, f"to-lose-{number}", f"To lose {number}")
    page = open_runs(visit, house, "?run=cnn")
    for row in (1, 2):  # below the one that the link chose
        toggle_row(page, row)
        expect(page.locator(".rs-badge")).to_have_count(row + 1)
    page.get_by_role("button", name="Delete 2 of 3 runs").click()
    expect(page.get_by_text("Delete 2 runs? To lose")).to_be_visible()
    page.get_by_role("button", name="Delete 2 runs", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(cell(page, "To lose 1")).to_have_count(0)
    page.reload()
    expect(trash(page, 2)).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    house.kill()
    house.start()
    other = open_runs(visit, house)
    trash(other, 2).click()
    restore = other.get_by_role("button", name="Restore")
    expect(restore).to_have_count(2)
    expect(other.get_by_text(re.compile("^Deleted .* kept until ")).first).to_be_visible()
    restore.first.click()
    expect(restore).to_have_count(1)
    restore.first.click()
    for number in (1, 2):
        expect(cell(other, f"To lose {number}")).to_have_count(1)
        assert (house.runs.folder / f"to-lose-{number}" / "weights.safetensors").exists()
    expect(trash(other, 1)).to_have_count(0)


def test_drawings_deleted_in_one_browser_are_restored_in_another_while_the_first_looks_on(house, visit):
    saved = DrawingSet(Path(house.env["DIGITLAB_DATA"]) / "drawings.jsonl")
    saved.import_lines("\n".join(
        json.dumps({"label": label, "strokes": [[[0.2, 0.1], [0.5, 0.9]]]}) for label in (4, 7, 9)
    ).encode())  # fmt: skip
    page, other = (visit(f"{house.url}/your-hand") for _ in range(2))
    page.locator(".tile").first.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted 1 drawing.")).to_be_visible()
    expect(other.locator(".tile")).to_have_count(2)
    other.reload()
    trash(other, 1).click()
    expect(other.get_by_text(re.compile(r"^Meant to be \d. Deleted .* kept until "))).to_be_visible()
    other.get_by_role("button", name="Restore").click()
    for browser in (page, other):
        expect(browser.locator(".tile")).to_have_count(3)
        expect(browser.get_by_role("button", name="Undo")).to_have_count(0)
        expect(trash(browser, 1)).to_have_count(0)
