"""The panels that follow the pen: the growth and its replay, the latent map with the way to a digit, and the steps."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.journeys import SEVEN, THREE, draw, verdict
from tests.server import running

pytestmark = pytest.mark.browser

RUNS = "run=cnn,mlp,softmax,conv-autoencoder"  # a run of another journey must not lead
SLOW = 300_000  # ms that bound what a worker computes: a map, a reference, what each step is worth
# What part of a canvas's columns has anything painted in its middle row.
PAINTED = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, Math.floor(canvas.height / 3), canvas.width, 1);
  return data.filter((v, i) => i % 4 === 3 && v > 100).length / canvas.width;
}"""


def shown(dashboard, visit, panels, strokes=THREE) -> Page:
    """The Draw page with these panels and a drawing."""
    page = visit(f"{dashboard.url}/?{RUNS}&{panels}")
    draw(page, strokes)
    return page


def said(page: Page) -> Locator:
    return page.get_by_test_id("growth-said")


def slider(page: Page) -> Locator:
    return page.get_by_test_id("growth-slider")


def picture(canvas: Locator) -> str:
    return str(canvas.evaluate("(canvas) => canvas.toDataURL()"))


def is_blank(canvas: Locator) -> bool:
    return bool(canvas.evaluate("(c) => !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"))


def test_the_growth_grows_with_the_pen_and_says_when_the_digit_was_recognised(dashboard, visit):
    page = visit(f"{dashboard.url}/?{RUNS}&show=River")
    sheet = page.locator(".growth-sheet")
    expect(said(page)).to_contain_text("Draw a digit")
    box = page.get_by_test_id("pad-canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for stroke in THREE for x, y in stroke]
    page.mouse.move(*places[0])
    page.mouse.down()
    grown = [0.0]
    for x, y in places[1:6]:
        page.mouse.move(x, y, steps=6)
        page.wait_for_function("([c, n, f]) => eval(f)(c) > n", arg=[sheet.element_handle(), grown[-1], PAINTED])
        grown.append(sheet.evaluate(PAINTED))
    assert grown == sorted(grown)
    assert grown[-1] < 0.95  # room for the rest of the digit
    expect(said(page)).to_have_text(re.compile(r"So far it reads \d\."))
    for x, y in places[6:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    expect(said(page)).to_have_text(re.compile(r"Recognised as 3 after \d+ % of the ink\."))
    page.wait_for_function("([c, f]) => eval(f)(c) > 0.98", arg=[sheet.element_handle(), PAINTED])


def test_another_drawing_never_keeps_the_growth_of_the_one_before(dashboard, visit):
    page = shown(dashboard, visit, "show=River")
    expect(said(page)).to_contain_text("Recognised as 3")
    page.get_by_test_id("pad-undo").click()
    expect(said(page)).not_to_contain_text("3")
    expect(said(page)).to_have_text(re.compile("Recognised|Never sure|Changed its mind"))
    page.get_by_test_id("pad-clear").click()
    expect(said(page)).to_contain_text("Draw a digit")
    assert page.locator(".growth-sheet").evaluate(PAINTED) == 0
    expect(page.get_by_test_id("replay-play")).to_be_disabled()
    draw(page, SEVEN)
    expect(said(page)).to_contain_text("as 7")


def test_the_growth_follows_the_model_that_leads(dashboard, visit):
    page = shown(dashboard, visit, "show=River")
    expect(said(page)).to_contain_text("Recognised")
    page.wait_for_timeout(1000)  # the exact growth has taken its place
    before = picture(page.locator(".growth-sheet"))
    page.locator('[data-testid="pad-card"][data-run="softmax"] [aria-pressed]').click()
    expect(page.get_by_test_id("panel-growth")).to_contain_text("How probable Softmax finds each digit")
    sheet = page.locator(".growth-sheet").element_handle()
    page.wait_for_function("([sheet, before]) => sheet.toDataURL() !== before", arg=[sheet, before])
    expect(said(page)).to_contain_text(re.compile("Recognised|Never sure|Changed its mind"))


def test_a_replay_goes_through_the_ink_and_ends_with_the_whole_drawing(dashboard, visit):
    page = shown(dashboard, visit, "show=River")
    expect(said(page)).to_contain_text("Recognised as 3")
    page.evaluate("() => (window.seen = [])")
    slider(page).evaluate(
        "(s) => (window.watching = setInterval(() => window.seen.push([Number(s.value), s.ariaValueText]), 30))"
    )
    page.get_by_test_id("replay-play").click()
    expect(page.get_by_test_id("replay-play")).to_have_text("Pause")
    expect(page.get_by_test_id("replay-play")).to_have_text("Play")
    expect(slider(page)).to_have_value("1000")
    expect(said(page)).to_contain_text("Recognised as 3")
    expect(verdict(page, "cnn")).to_have_text("3")
    values = [value for value, _ in page.evaluate("() => (clearInterval(window.watching), window.seen)")]
    moving = [value for value in values if value < 1000]
    assert len(set(moving)) >= 3
    assert moving == sorted(moving)


def test_drawing_ends_a_replay(dashboard, visit):
    page = shown(dashboard, visit, "show=River")
    expect(said(page)).to_contain_text("Recognised as 3")
    page.get_by_test_id("replay-speed").select_option("0.25")
    page.get_by_test_id("replay-play").click()
    expect(page.get_by_test_id("replay-play")).to_have_text("Pause")
    draw(page, [[(0.1, 0.95), (0.2, 0.95)]])
    expect(page.get_by_test_id("replay-play")).to_have_text("Play")
    expect(slider(page)).to_have_value("1000")
    page.get_by_test_id("pad-undo").click()
    expect(said(page)).to_contain_text("Recognised as 3")  # all of the ink is still there


def test_scrubbing_by_keyboard_moves_every_card(dashboard, visit):
    page = shown(dashboard, visit, "show=River&show=Map")
    expect(said(page)).to_contain_text("Recognised as 3")
    slider(page).focus()
    page.keyboard.press("Home")
    expect(said(page)).to_contain_text("of the ink it reads")
    expect(verdict(page, "cnn")).not_to_have_text("3")
    page.keyboard.press("End")
    expect(verdict(page, "cnn")).to_have_text("3")
    expect(said(page)).to_contain_text("Recognised as 3")
    page.get_by_test_id("replay-before").click()  # to the end of the first stroke
    expect(said(page)).to_contain_text("of the ink it reads")
    expect(slider(page)).to_have_value(re.compile("^4|^5"))
    page.get_by_test_id("replay-after").click()
    expect(slider(page)).to_have_value("1000")


def test_the_drawing_moves_over_the_map_with_its_trail(dashboard, visit):
    page = shown(dashboard, visit, "show=Map")
    over = page.get_by_test_id("map-over")
    expect(over).to_have_attribute("data-trail", re.compile(r"\d+"), timeout=SLOW)
    assert not is_blank(page.locator(".map-ground"))
    place = [over.get_attribute(name) for name in ("data-x", "data-y")]
    page.get_by_test_id("pad-clear").click()
    draw(page, SEVEN)
    expect(verdict(page, "cnn")).to_have_text("7")
    page.wait_for_timeout(300)
    assert [over.get_attribute(name) for name in ("data-x", "data-y")] != place
    assert int(over.get_attribute("data-trail")) >= 3
    ring = picture(over)
    draw(page, [[(0.35, 0.5), (0.65, 0.5)]])
    page.wait_for_function("([c, b]) => c.toDataURL() !== b", arg=[over.element_handle(), ring])


def test_the_nearest_digits_and_the_way_to_one_of_them(dashboard, visit):
    page = shown(dashboard, visit, "show=Map")
    tiles = {name: page.get_by_test_id(name).locator("button:enabled") for name in ("near-nearest", "near-classes")}
    expect(tiles["near-nearest"]).to_have_count(8, timeout=SLOW)
    expect(tiles["near-classes"]).to_have_count(10)
    assert [tile.locator("b").inner_text() for tile in tiles["near-classes"].all()] == list("0123456789")
    distances = [float(tile.locator("span").inner_text()) for tile in tiles["near-nearest"].all()]
    assert distances == sorted(distances)
    for canvas in page.locator(".near-picture").all():
        page.wait_for_function("(c) => c.getContext('2d').getImageData(0, 0, 28, 28).data.some(Boolean)",
                               arg=canvas.element_handle())  # fmt: skip

    morph = page.get_by_test_id("morph")
    expect(morph).to_be_hidden()
    tiles["near-classes"].nth(8).click()
    expect(morph).to_contain_text("(8)")
    last = morph.locator(".morph-frame").nth(8)
    page.wait_for_function("(c) => c.getContext('2d').getImageData(0, 0, 28, 28).data.some(Boolean)",
                           arg=last.element_handle())  # fmt: skip
    frames = [picture(frame) for frame in morph.locator(".morph-frame").all()]
    assert len(set(frames)) == 9
    page.get_by_test_id("morph-slider").focus()
    for key, frame in (("Home", 0), ("End", 8), ("ArrowLeft", 7)):
        page.keyboard.press(key)
        assert picture(morph.locator(".morph-large")) == frames[frame]
    draw(page, [[(0.2, 0.2), (0.3, 0.8)]])
    page.wait_for_function("([c, b]) => c.toDataURL() !== b",
                           arg=[morph.locator(".morph-frame").first.element_handle(), frames[0]])  # fmt: skip

    page.get_by_test_id("morph-slider").focus()
    page.keyboard.press("Escape")
    expect(morph).to_be_hidden()
    tiles["near-nearest"].first.focus()
    page.keyboard.press("Enter")
    expect(morph).to_be_visible()
    expect(tiles["near-nearest"].first).to_have_attribute("aria-pressed", "true")


def test_switching_a_step_off_changes_the_picture_and_states_the_cost(dashboard, visit):
    small = [[(0.05 + 0.2 * x, 0.05 + 0.2 * y) for x, y in stroke] for stroke in THREE]
    page = shown(dashboard, visit, "show=Steps", small)
    expect(verdict(page, "cnn")).to_have_text("3")
    pictures = page.locator(".step-picture")
    expect(pictures).to_have_count(7)
    # The whole drawing is answered, not only enough of it for its verdict.
    lab = page.get_by_test_id("pad").element_handle()
    page.wait_for_function("(lab) => lab.dataset.asked === lab.dataset.seq", arg=lab)
    before = [picture(canvas) for canvas in pictures.all()]
    assert before[0] != before[-1]
    cost = page.get_by_test_id("steps-cost")
    expect(cost).to_contain_text("All steps are on")

    crop = page.get_by_role("switch", name="Crop to the ink")
    crop.focus()
    page.keyboard.press("Space")
    expect(cost).to_have_text(re.compile(r"CNN: 3 with .* with all steps, \d with .* now\. \d of \d models changed"))
    after = [picture(canvas) for canvas in pictures.all()]
    assert after[0] == after[1] == before[0]
    assert after[-1] != before[-1]
    expect(page.get_by_test_id("pad-note")).to_have_text("Switched off: crop to the ink.")

    page.reload()
    expect(crop).not_to_be_checked()
    expect(cost).to_contain_text("with all steps")
    page.get_by_test_id("steps-reset").click()
    expect(crop).to_be_checked()
    expect(cost).to_contain_text("All steps are on")
    expect(page.get_by_test_id("pad-note")).to_have_text("")
    expect(verdict(page, "cnn")).to_have_text("3")


@pytest.mark.slow
def test_the_button_measures_what_each_step_is_worth(tmp_path, visit):
    with running(tmp_path, DIGITLAB_DATA=str(tmp_path / "data")) as dashboard:  # the embedded digits: there are few
        page = visit(f"{dashboard.url}/?show=Steps&run=softmax")
        page.get_by_role("button", name="Measure over saved drawings and moved test digits").click()
        expect(page.locator(".st-key-steps-cost")).to_contain_text("Softmax:")  # its progress
        table = page.locator(".sc table")
        expect(table).to_contain_text("Centre of mass", timeout=SLOW)
        expect(table.locator("tbody tr")).to_have_count(7)
        expect(table).to_contain_text(re.compile(r"\d+\.\d %"))
        expect(page.locator(".st-key-steps-cost")).to_contain_text("of the moved test digits with all steps")


def test_hidden_panels_ask_for_nothing(dashboard, visit):
    asked = []
    page = visit("about:blank")
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(str(frame))))
    page.goto(f"{dashboard.url}/?show=")
    draw(page)
    expect(verdict(page, "cnn")).to_have_text("3")
    expect(page.locator(".panel")).to_have_count(0)
    questions = [frame for frame in asked if '"kind":"draw"' in frame]
    assert questions
    assert not any(word in frame for frame in asked for word in ('"stages"', '"map"', '"growth"', '"off"'))
