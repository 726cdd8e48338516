"""What people do with their drawings in a real browser: teach, look, relabel, delete, undo, take along, learn."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ink.collection import DrawingSet
from core.runs import recorder
from core.runs.run import Run, Status
from tests.browser.journeys import SEVEN, THREE, badge, choose, draw, visit_tab
from tests.conftest import small, wait_for
from tests.server import Dashboard, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard with drawings of its own, and only the runs that a test makes."""
    folder = tmp_path_factory.mktemp("hand")
    with running(folder, shipped=False, DIGITLAB_DATA=str(folder / "data")) as started:
        yield started


@pytest.fixture
def saved(desk: Dashboard) -> DrawingSet:
    """The drawings of that dashboard, none at first."""
    found = DrawingSet(Path(desk.env["DIGITLAB_DATA"]) / "drawings.jsonl")
    found.delete([one.id for one in found.all()])
    return found


@pytest.fixture(scope="module")
def reader(desk: Dashboard) -> Run:
    """A run that reads digits."""
    run = desk.runs.create(small("cnn"), "Reader")
    recorder.train(run)
    return run


def fill(saved: DrawingSet, count: int) -> list[str]:
    """Save slanted lines as digits 0 to 9 in turn, the first the oldest; return their ids."""
    lines = []
    for number in range(count):
        strokes = [[[0.2 + 0.06 * (number % 10), 0.1], [0.5, 0.9]]]
        facts = {"id": f"drawing-{number}", "label": number % 10, "strokes": strokes, "saved": 1_000_000 + number}
        lines.append(json.dumps(facts))
    return [one.id for one in saved.import_lines("\n".join(lines).encode()).added]


def open_hand(visit, desk: Dashboard, **options: object) -> Page:
    page = visit(f"{desk.url}/your-hand", **options)
    expect(page.get_by_role("heading", name="Your hand", exact=True)).to_be_visible()
    return page


def labels(saved: DrawingSet) -> list[int]:
    return [one.label for one in saved.all()]


def tiles(page: Page):
    return page.locator(".tile")


def test_draw_and_teach_then_see_relabel_delete_undo_and_take_along(desk, saved, reader, visit, tmp_path):
    page = visit(desk.url)
    for strokes, label in ((THREE, 3), (SEVEN, 7)):
        draw(page, strokes)
        page.get_by_test_id(f"teach-{label}").click()
        wait_for(lambda label=label: label in labels(saved))
        page.get_by_test_id("pad-clear").click()
    visit_tab(page, "Your hand")
    expect(tiles(page)).to_have_count(2)
    assert [text.split()[0] for text in tiles(page).all_inner_texts()] == ["7", "3"]
    tiles(page).first.click()
    page.get_by_role("button", name="They are a 1", exact=True).click()
    expect(tiles(page).first).to_have_text(re.compile("^1"))
    assert labels(saved) == [3, 1]
    tiles(page).last.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted 1 drawing.")).to_be_visible()
    expect(tiles(page)).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(tiles(page)).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "drawings.jsonl"
    download.value.save_as(file)
    assert sorted(json.loads(line)["label"] for line in file.read_text().splitlines()) == [1, 3]
    assert file.read_bytes() == saved.export()


def test_bring_in_a_broken_file(desk, saved, visit, tmp_path):
    page = open_hand(visit, desk)
    expect(page.get_by_text("No drawings yet")).to_be_visible()
    good = {"label": 4, "hand": "<i>Eve</i>", "strokes": [[[0.2, 0.2], [0.4, 0.8]]]}
    lines = [json.dumps(good), '{"label": 11, "strokes": [[[0.5, 0.5]]]}', "<b>no</b>", json.dumps(good | {"label": 5})]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(lines))
    page.get_by_role("button", name="Import").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    expect(page.get_by_text("Brought in 2 drawings. 2 lines skipped:")).to_be_visible()
    expect(page.locator(".dr-report tr")).to_have_count(2)
    expect(page.locator(".dr-report")).to_contain_text("The label is 11")
    expect(tiles(page)).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
    report = Path(download.value.path()).read_text().splitlines()
    assert [line.split(":")[0] for line in report] == ["line 2", "line 3"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("No drawings yet")).to_be_visible()
    assert saved.all() == ()


def test_choose_by_click_range_and_keyboard_alone(desk, saved, visit):
    made = fill(saved, 30)[::-1]  # as they are shown
    page = open_hand(visit, desk)
    expect(tiles(page)).to_have_count(30)
    count = page.locator(".count")
    tiles(page).nth(2).click()
    tiles(page).nth(6).click(modifiers=["Shift"])
    expect(count).to_have_text("5 chosen")
    tiles(page).nth(4).click()
    expect(count).to_have_text("4 chosen")
    page.keyboard.press("8")
    wait_for(lambda: sorted(one.id for one in saved.all() if one.label == 8) == sorted(
        {*(made[place] for place in (2, 3, 5, 6)), *(f"drawing-{number}" for number in (8, 18, 28))}
    ))  # fmt: skip
    expect(tiles(page).nth(2)).to_have_text(re.compile("^8"))
    expect(tiles(page).nth(4)).to_be_focused()  # one may go on from there
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(count).to_have_text("2 chosen")
    page.keyboard.press("Escape")
    expect(count).to_be_hidden()
    page.keyboard.press("Control+a")
    expect(count).to_have_text("30 chosen")
    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted 30 drawings.")).to_be_visible()
    assert saved.all() == ()
    page.get_by_role("button", name="Undo").click()
    expect(tiles(page)).to_have_count(30)


def test_with_fingers_on_a_phone_and_all_pages_at_once(desk, saved, visit):
    fill(saved, 70)
    page = open_hand(visit, desk, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(tiles(page)).to_have_count(60)
    tiles(page).nth(1).tap()
    tiles(page).nth(3).tap()
    expect(page.locator(".count")).to_have_text("2 chosen")
    page.get_by_role("button", name="All 70").tap()
    expect(page.locator(".count")).to_have_text("70 chosen")
    page.get_by_label("Whose hand", exact=True).last.fill("Anna")
    page.get_by_role("button", name="Set").tap()
    wait_for(lambda: {one.hand for one in saved.all()} == {"Anna"})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_what_one_saves_another_sees(desk, saved, visit):
    one, two = open_hand(visit, desk), open_hand(visit, desk)
    fill(saved, 2)  # by a third process
    for page in (one, two):
        expect(tiles(page)).to_have_count(2)
    tiles(one).first.click()
    one.keyboard.press("5")
    expect(tiles(two).first).to_have_text(re.compile("^5"))


def test_learn_from_drawings_and_see_before_and_after(desk, saved, reader, visit):
    fill(saved, 60)
    page = open_hand(visit, desk)
    expect(page.locator(".dr-runs tbody tr").first).to_contain_text(re.compile(r"Reader.*\d %\d+ of 60"))
    choose(page, "misread", "Reader")
    expect(tiles(page).first).to_have_text(re.compile(r"reads \d, is \d"))
    choose(page, "learn-run", "Reader")
    page.get_by_role("button", name="Learn from").click()
    wait_for(lambda: any(run.config.start == reader.id for run in desk.runs.runs()))
    (taught,) = [run for run in desk.runs.runs() if run.config.start == reader.id]
    expect(badge(page, taught.id)).to_have_text("finished", timeout=240_000)
    table = page.locator(".lr-change")
    expect(table).to_contain_text("Kept aside")
    expect(table.locator("tbody tr").nth(1)).to_contain_text(re.compile(r"\+\d+\.\d points"))
    expect(page.get_by_text(re.compile("Read right only now: [1-9]"))).to_be_visible()
    expect(page.locator(".dr-runs tbody tr").filter(has_text="learned from drawings")).to_be_visible()
    page.reload()
    expect(table).to_contain_text("Embedded digits, test set")
    assert reader.status() == Status.FINISHED
