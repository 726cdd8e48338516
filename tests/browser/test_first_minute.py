"""The first minute on the Draw page: it shows what it does before anybody draws, says so honestly, and for everyone."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.journeys import SEVEN, THREE, draw, verdict, visit_tab
from tests.browser.test_pad_journeys import Fingers, kept, photo, settled
from tests.conftest import wait_for

pytestmark = pytest.mark.browser

RUNS = "run=cnn,mlp,softmax,conv-autoencoder"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
MOVING = {"reduced_motion": "no-preference"}
SLOW = 120_000  # ms that bound the measuring of the test digits


def opened(dashboard, visit, query=RUNS, **options) -> Page:
    page = visit(f"{dashboard.url}/?{query}", **options)
    page.get_by_test_id("pad-canvas").wait_for()
    return page


def guest(page: Page) -> Locator:
    """The pad while a drawing is on it that is nobody's."""
    return page.locator(".lab.guest")


def headline(page: Page) -> Locator:
    return page.get_by_test_id("pad-headline")


def test_a_digit_writes_itself_until_somebody_touches_anything(dashboard, visit):
    page = opened(dashboard, visit, **MOVING)
    guest(page).wait_for()
    expect(page.get_by_text("A demonstration. Touch the pad to draw your own.")).to_be_visible()
    expect(verdict(page, "cnn")).to_have_text("5")
    expect(headline(page)).to_contain_text("All 3 read 5")
    expect(page.get_by_test_id("growth-said")).to_have_text(re.compile("Recognised as 5"))  # the panels follow
    expect(page.get_by_test_id("pad-undo")).to_be_disabled()
    assert kept(page) == []
    page.mouse.click(700, 80)  # beside everything
    expect(guest(page)).to_have_count(0)
    expect(page.get_by_text("Draw a digit", exact=True)).to_be_visible()
    expect(verdict(page, "cnn")).to_have_text("–")
    expect(headline(page)).to_have_text("")
    page.reload()
    guest(page).wait_for()  # nobody has drawn
    draw(page, THREE)
    expect(verdict(page, "cnn")).to_have_text("3")
    expect(guest(page)).to_have_count(0)
    assert len(settled(page, 2)) == 2  # and nothing of the 5 is in it
    page.reload()
    expect(verdict(page, "cnn")).to_have_text("3")
    page.wait_for_timeout(1500)
    expect(guest(page)).to_have_count(0)


def test_the_demonstration_is_no_drawing_of_the_person(dashboard, visit):
    page = opened(dashboard, visit, **MOVING)
    guest(page).wait_for()
    page.get_by_test_id("teach-5").press("Enter")
    expect(page.get_by_test_id("pad-taught")).to_have_text("Draw a digit first.")
    expect(guest(page)).to_have_count(0)
    page.reload()
    guest(page).wait_for()
    expect(verdict(page, "cnn")).to_have_text("5")
    visit_tab(page, "Train")
    visit_tab(page, "Draw")  # neither this browser nor the server has kept it, and it has been seen
    expect(page.get_by_text("Draw a digit", exact=True)).to_be_visible()
    page.wait_for_timeout(1000)
    expect(guest(page)).to_have_count(0)
    assert kept(page) == []


def test_nothing_moves_for_those_who_asked_for_that(dashboard, visit):
    page = opened(dashboard, visit, reduced_motion="reduce")
    page.wait_for_timeout(2500)
    expect(guest(page)).to_have_count(0)
    expect(page.get_by_text("Draw a digit", exact=True)).to_be_visible()
    for bars in page.locator(".bars, .card canvas").all():
        expect(bars).to_be_hidden()
    page.get_by_test_id("try-small").click()
    expect(verdict(page, "cnn")).to_have_text("3")


def test_the_examples_are_written_for_the_person_and_can_be_undone(dashboard, visit):
    page = opened(dashboard, visit, **MOVING)
    draw(page, THREE)
    before = settled(page, 2)
    page.get_by_test_id("try-7").click()
    expect(headline(page)).to_contain_text("All 3 read 7")
    wait_for(lambda: page.wait_for_timeout(20) or kept(page) != before, 20)
    page.get_by_test_id("pad-undo").click()
    expect(verdict(page, "cnn")).to_have_text("3")
    wait_for(lambda: page.wait_for_timeout(20) or kept(page) == before, 20)


def test_two_digits_and_scribbles_are_not_one_digit(dashboard, visit):
    page = opened(dashboard, visit)
    page.get_by_test_id("try-digits").click()
    expect(headline(page)).to_contain_text("This does not look like one digit")
    expect(headline(page)).to_contain_text(re.compile(r"marks side by side\. (All|2 of) 3 read 4"))  # what they say
    page.get_by_test_id("pad-clear").click()
    left, right = ([[(x / 2 + at, 0.25 + y / 2) for x, y in stroke] for stroke in one] for one, at in
                   ((SEVEN, 0.02), (THREE, 0.52)))  # fmt: skip
    draw(page, left)
    expect(headline(page)).to_contain_text("read 7")
    expect(headline(page)).not_to_contain_text("This does not look")
    draw(page, right)
    expect(headline(page)).to_contain_text("This does not look like one digit")
    page.get_by_test_id("pad-clear").click()
    unusual = page.locator('[data-run="conv-autoencoder"]').get_by_test_id("percentile")
    draw(page, [[(0.2 + 0.06 * i, 0.2 if i % 2 else 0.8) for i in range(11)]])
    expect(unusual).to_have_text(re.compile("More unusual than"), timeout=SLOW)
    expect(headline(page)).to_contain_text(re.compile(r"not look like one digit.*more unusual than (99\.9 %|all)"))


def test_on_a_phone_the_verdict_and_the_whole_pad_are_on_one_screen(dashboard, visit):
    page = opened(dashboard, visit, **PHONE)
    expect(page.locator(".st-key-draw-models")).to_be_hidden()
    fingers = Fingers(page)
    for stroke in THREE:
        fingers.stroke(stroke)
    expect(headline(page)).to_contain_text("read 3")
    verdict_box, pad = headline(page).bounding_box(), page.get_by_test_id("pad-canvas").bounding_box()
    assert verdict_box["y"] >= 60  # below the page's own bar
    assert verdict_box["y"] + verdict_box["height"] <= pad["y"]
    assert pad["y"] + pad["height"] <= 844
    assert pad["width"] == pytest.approx(pad["height"], abs=1)
    assert pad["width"] > 340
    inside = headline(page).evaluate("(h) => h.scrollHeight <= h.clientHeight && h.scrollWidth <= h.clientWidth")
    assert inside
    page.get_by_test_id("pad-taught").scroll_into_view_if_needed()
    page.locator(".stMain").evaluate("(main) => main.scrollBy(0, 250)")
    page.wait_for_timeout(200)
    assert headline(page).bounding_box()["y"] == pytest.approx(60, abs=2)  # pinned while one looks further down
    page.locator(".stMain").evaluate("(main) => main.scrollTo(0, 0)")
    page.get_by_text("Models and panels").click()
    expect(page.locator(".st-key-draw-models")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_after_a_picture_and_clear_the_brush_is_what_it_was(dashboard, visit):
    page = opened(dashboard, visit)
    brush = page.get_by_test_id("pad-brush")
    brush.fill("0.05")
    expect(brush).to_have_attribute("aria-valuetext", "5 % of the pad")
    page.get_by_test_id("pad-file").set_input_files({"name": "seven.png", "mimeType": "image/png", "buffer": photo()})
    expect(verdict(page, "cnn")).to_have_text("7")
    expect(brush).not_to_have_value("0.05")
    page.get_by_test_id("pad-clear").click()
    expect(brush).to_have_value("0.05")


def test_the_list_of_keys_moves_nothing(dashboard, visit):
    page = opened(dashboard, visit)
    draw(page, THREE)
    expect(verdict(page, "cnn")).to_have_text("3")
    boxes = "(all) => all.map((one) => JSON.stringify(one.getBoundingClientRect()))"
    parts = page.locator(".card, .panel, .teach, .seen")
    before = parts.evaluate_all(boxes)
    page.get_by_test_id("pad-keys").locator("summary").click()
    expect(page.get_by_text("pen down, pen up")).to_be_visible()
    assert parts.evaluate_all(boxes) == before


def test_a_link_over_all_else_leads_to_the_pad(dashboard, visit):
    page = opened(dashboard, visit)
    link = page.get_by_role("link", name="Skip to the pad")
    page.get_by_test_id("stTopNavLink").last.focus()
    for _ in range(6):
        page.keyboard.press("Tab")
        if link.evaluate("(a) => a === document.activeElement"):
            break
    expect(link).to_be_focused()
    assert link.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.className") == "canvas"
    expect(page.locator(".cursor")).to_be_visible()


# In the pad's tree and in the page around it.
EVERYWHERE = """(selector) => {
  const found = [];
  const walk = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches(selector)) found.push(one);
      if (one.shadowRoot) walk(one.shadowRoot);
    }
  };
  walk(document.querySelector(".stMain"));
  return found.map(TOLD);
}"""


def everywhere(page: Page, selector: str, told: str = "(one) => one.className") -> list:
    return page.evaluate(EVERYWHERE.replace("TOLD", told), selector)


def test_screen_readers_get_one_voice_names_headings_in_order_and_the_ten_probabilities(dashboard, visit):
    page = opened(dashboard, visit, f"{RUNS}&show=Growth&show=Map&show=Steps")
    draw(page, THREE)
    words = page.get_by_test_id("pad-words")
    expect(words).to_contain_text(re.compile(r"All 3 read 3.*CNN reads 3, .*Recognised as 3"))
    assert everywhere(page, ".lab :is([role=status], [role=alert], output, [aria-live])") == ["words"]
    levels = everywhere(page, "h1, h2, h3, h4, h5, h6", "(one) => Number(one.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    bars = page.locator('[data-run="cnn"] .told li')
    expect(bars).to_have_count(10)
    assert [text.split(":")[0] for text in bars.all_text_contents()] == list("0123456789")
    assert re.fullmatch(r"3: (> )?\d+ %", bars.all_text_contents()[3])
    named = "(one) => one.ariaLabel || one.labels?.[0]?.textContent.trim() || one.textContent.trim() || one.title"
    controls = everywhere(page, ".lab :is(button, input:not([type=file]), select, summary, a, canvas[tabindex])", named)
    assert len(controls) > 50
    assert all(controls)
    focusable = ':is(button, input, select, a, [tabindex]:not([tabindex="-1"]))'
    assert everywhere(page, f".lab [role=img]:has({focusable}), .lab [role=img]{focusable}") == []


CONTRASTS = """() => {
  const ctx = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    ctx.clearRect(0, 0, 1, 1);
    ctx.fillStyle = colour;
    ctx.fillRect(0, 0, 1, 1);
    return [...ctx.getImageData(0, 0, 1, 1).data].map((v) => v / 255);
  };
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parent = (one) => one.parentElement ?? one.getRootNode().host ?? null;
  const over = (below, [r, g, b, a]) => below.map((v, i) => a * [r, g, b][i] + (1 - a) * v);
  const ground = (one) => (one ? over(ground(parent(one)), rgba(getComputedStyle(one).backgroundColor)) : [1, 1, 1]);
  const low = [];
  const walk = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.shadowRoot) walk(one.shadowRoot);
      const texts = [...one.childNodes].filter((part) => part.nodeType === 3);
      const text = texts.map((part) => part.textContent).join("").trim();
      if (!text || one.matches("style, .glyph, :disabled, :disabled *, [data-testid=stIconMaterial]")) continue;
      if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      let opacity = 1;
      for (let at = one; at; at = parent(at)) opacity *= Number(getComputedStyle(at).opacity);
      const style = getComputedStyle(one);
      const [r, g, b, a] = rgba(style.color);
      const below = ground(one);
      const [light, dark] = [luminance(over(below, [r, g, b, a * opacity])), luminance(below)].sort((p, q) => q - p);
      const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
      if ((light + 0.05) / (dark + 0.05) < needed) low.push(`${text.slice(0, 40)} ${(light + 0.05) / (dark + 0.05)}`);
    }
  };
  walk(document.querySelector(".stMain"));
  return low;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(dashboard, visit, theme):
    page = opened(dashboard, visit, f"{RUNS}&show=Growth&show=Map&show=Steps", color_scheme=theme)
    page.wait_for_timeout(1000)
    assert page.evaluate(CONTRASTS) == []
    page.get_by_test_id("try-side").click()
    expect(page.locator(".differs")).not_to_have_count(0)
    assert page.evaluate(CONTRASTS) == []


@pytest.mark.parametrize("path", [
    "/", "/train", "/latent-space", "/reconstruct", "/runs", "/your-hand",
    *(f"/evaluate?run=mlp,softmax&part={part}&true=4&read=9&class=8"
      for part in ("glance", "confusion", "digits", "thresholds", "calibration", "compare", "sabotage", "labels")),
])  # fmt: skip
def test_no_page_scrolls_sideways_on_a_phone(dashboard, visit, path):
    page = visit(f"{dashboard.url}{path}", **PHONE)
    expect(page.locator("h1")).to_be_visible()
    if path == "/":
        page.get_by_test_id("try-side").click()
        expect(page.get_by_test_id("pad-note")).to_contain_text("lies on its side")
        expect(page.locator(".known .needle")).to_be_visible(timeout=SLOW)
    if "evaluate" in path:
        expect(page.locator(".lf-plot .main-svg, .dl-table, .tile").first).to_be_attached(timeout=SLOW)
    page.wait_for_timeout(2000)
    wide, room = page.locator(".stMain").evaluate("(main) => [main.scrollWidth, main.clientWidth]")
    assert wide <= room
