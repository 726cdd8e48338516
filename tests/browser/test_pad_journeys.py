"""What people do on the pad itself: with mouse, fingers, pen and keys, with pictures, before a jury, as teachers."""

import base64
import io
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.browser.journeys import SEVEN, THREE, draw, verdict, visit_tab
from tests.conftest import wait_for
from tests.server import running

pytestmark = pytest.mark.browser

JURY = "cnn,mlp,softmax,numpy-two-layer,conv-autoencoder"
NARROW = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def opened(dashboard, visit, query="run=cnn&show=", **options) -> Page:
    """The Draw page with the pad alone below it, unless the query wishes more."""
    page = visit(f"{dashboard.url}/?{query}", **options)
    page.get_by_test_id("pad-canvas").wait_for()
    return page


def kept(page: Page) -> list:
    """The strokes that this browser keeps for the next load of the page; it keeps them once the pen rests."""
    return page.evaluate("() => JSON.parse(sessionStorage.getItem('digitlab-drawing') ?? '{}').strokes ?? []")


def settled(page: Page, strokes: int) -> list:
    wait_for(lambda: page.wait_for_timeout(20) or len(kept(page)) == strokes, 20)
    return kept(page)


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a place of the pad is."""
    box = page.get_by_test_id("pad-canvas").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def ink_at(page: Page, x: float, y: float) -> bool:
    """Whether the canvas shows ink at a place of the pad."""
    script = "(c, [x, y]) => c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data[3] > 128"
    return page.get_by_test_id("pad-canvas").evaluate(script, [x, y])


class Fingers:
    """A touch screen: fingers by number, each at a place of the pad."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.devtools = page.context.new_cdp_session(page)

    def send(self, kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spot(self.page, *place) for place in places)
        ]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def stroke(self, places) -> None:
        self.send("touchStart", places[0])
        for (x, y), (u, v) in pairwise(places):
            for step in range(1, 7):
                self.send("touchMove", (x + step / 6 * (u - x), y + step / 6 * (v - y)))
        self.send("touchEnd")


def test_a_finger_draws_and_a_second_finger_takes_its_stroke_back(dashboard, visit):
    page = opened(dashboard, visit, **NARROW)
    page.get_by_test_id("pad-canvas").scroll_into_view_if_needed()
    fingers = Fingers(page)
    for stroke in THREE:
        fingers.stroke(stroke)
    expect(verdict(page, "cnn")).to_have_text("3")
    drawn = settled(page, 2)
    fingers.send("touchStart", (0.2, 0.5))
    fingers.send("touchMove", (0.4, 0.5))
    wait_for(lambda: page.wait_for_timeout(20) or ink_at(page, 0.3, 0.5))
    fingers.send("touchStart", (0.4, 0.5), (0.6, 0.5))
    wait_for(lambda: page.wait_for_timeout(20) or not ink_at(page, 0.3, 0.5))
    fingers.send("touchMove", (0.3, 0.6), (0.7, 0.6))
    fingers.send("touchEnd")
    page.wait_for_timeout(600)
    assert kept(page) == drawn
    expect(page.get_by_test_id("pad-redo")).to_be_disabled()
    fingers.stroke([(0.2, 0.9), (0.8, 0.9)])  # one finger draws again
    settled(page, 3)


POINTER = """(canvas, [type, pointerType, id, x, y, pressure, buttons]) => {
  const box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};  // this pointer is made up, so the browser would not know it
  canvas.dispatchEvent(new PointerEvent(type, { pointerType, pointerId: id, pressure, buttons, bubbles: true,
    button: type === "pointermove" ? -1 : buttons & 32 ? 5 : 0, isPrimary: id === 1,
    clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
}"""


class Pointer:
    """A pointer of a kind that the test's browser has not: events as a pen would cause them."""

    def __init__(self, page: Page, kind: str, number: int, buttons: int = 1) -> None:
        self.canvas, self.kind, self.number, self.buttons = page.get_by_test_id("pad-canvas"), kind, number, buttons

    def send(self, event: str, x: float, y: float, pressure: float = 0.5) -> None:
        self.canvas.evaluate(POINTER, [event, self.kind, self.number, x, y, pressure, self.buttons])

    def stroke(self, places, pressures) -> None:
        for i, ((x, y), pressure) in enumerate(zip(places, pressures, strict=True)):
            self.send("pointermove" if i else "pointerdown", x, y, pressure)
        self.send("pointerup", *places[-1], 0.0)


def test_a_pen_draws_as_wide_as_it_is_pressed_and_a_palm_beside_it_draws_nothing(dashboard, visit):
    page = opened(dashboard, visit)
    places = [(0.2 + 0.06 * i, 0.3) for i in range(11)]
    Pointer(page, "pen", 1).stroke(places, np.linspace(0, 1, 11).tolist())
    Pointer(page, "touch", 2).stroke([(0.2, 0.8), (0.8, 0.8)], [0.5, 0.5])
    (line,) = settled(page, 1)
    widths = [w for _, _, w in line]
    assert widths == sorted(widths)
    assert widths[0] == 0.4
    assert 1.3 < widths[-1] <= 1.6
    thin, thick = (sum(ink_at(page, x, 0.3 + y / 1000) for y in range(-80, 81, 4)) for x in (0.22, 0.78))
    assert thick > 2 * thin
    page.wait_for_timeout(1100)  # long after the pen, a touch is a finger again
    Pointer(page, "touch", 2).stroke([(0.2, 0.8), (0.8, 0.8)], [0.5, 0.5])
    assert len(settled(page, 2)[1][0]) == 2


def test_a_palm_that_comes_before_the_pen_leaves_no_ink(dashboard, visit):
    page = opened(dashboard, visit)
    palm = Pointer(page, "touch", 2)
    palm.send("pointerdown", 0.2, 0.8)
    palm.send("pointermove", 0.4, 0.8)
    Pointer(page, "pen", 1).stroke([(0.3, 0.2), (0.3, 0.6)], [0.5, 0.5])
    palm.send("pointermove", 0.8, 0.8)
    palm.send("pointerup", 0.8, 0.8)
    (line,) = settled(page, 1)
    assert line[0][:2] == [0.3, 0.2]


def test_the_eraser_cuts_what_it_passes_over_and_only_that(dashboard, visit):
    page = opened(dashboard, visit)
    draw(page, [[(0.1, 0.3), (0.9, 0.3)], [(0.1, 0.7), (0.9, 0.7)]])
    page.get_by_test_id("pad-eraser").click()
    expect(page.get_by_test_id("pad-eraser")).to_have_attribute("aria-pressed", "true")
    draw(page, [[(0.5, 0.1), (0.5, 0.5)]])
    left, right, below = sorted(settled(page, 3), key=lambda stroke: (stroke[0][1] > 0.5, stroke[0][0]))
    assert below[0] == [0.1, 0.7]
    assert below[-1] == [0.9, 0.7]
    radius = 0.6 * 0.07 + 0.012 + 0.07 / 2  # the eraser's own, and half the line's width
    assert left[-1][0] == pytest.approx(0.5 - radius, abs=0.005)
    assert right[0][0] == pytest.approx(0.5 + radius, abs=0.005)
    assert not ink_at(page, 0.5, 0.3)
    assert ink_at(page, 0.5, 0.7)
    page.get_by_test_id("pad-undo").click()
    settled(page, 2)
    page.get_by_test_id("pad-eraser").click()
    draw(page, [[(0.5, 0.45), (0.5, 0.55)]])
    settled(page, 3)
    Pointer(page, "pen", 1, buttons=32).stroke([(0.2, 0.5), (0.8, 0.5)], [0.5, 0.5])  # the other end of a pen
    assert len(settled(page, 2)) == 2


def test_undo_and_redo_go_through_every_kind_of_change(dashboard, visit):
    page = opened(dashboard, visit)
    canvas, undo, redo = (page.get_by_test_id(f"pad-{name}") for name in ("canvas", "undo", "redo"))
    expect(undo).to_be_disabled()
    drawing = "() => sessionStorage.getItem('digitlab-drawing').replace(/,\"stamp.*/, '')"

    def state() -> str:
        page.wait_for_timeout(450)  # until the pad has kept it
        return page.evaluate(drawing)

    draw(page, THREE)
    states = [state()]
    page.get_by_test_id("pad-brush").fill("0.1")
    states.append(state())
    page.get_by_test_id("pad-eraser").click()
    draw(page, [[(0.3, 0.1), (0.7, 0.5)]])
    states.append(state())
    page.get_by_test_id("pad-clear").click()
    states.append(state())
    page.get_by_test_id("pad-eraser").click()
    draw(page, SEVEN)
    states.append(state())
    assert len(set(states)) == 5
    for before in states[-2::-1]:
        canvas.press("Control+z")
        assert state() == before
    canvas.press("Control+Shift+z")
    assert state() == states[1]
    canvas.press("Control+y")
    assert state() == states[2]
    undo.click()
    redo.click()
    assert state() == states[2]
    draw(page, [[(0.1, 0.9), (0.3, 0.9)]])
    expect(redo).to_be_disabled()  # a new stroke ends what could be done again


def test_the_keyboard_alone_draws_rubs_out_and_clears(dashboard, visit):
    page = opened(dashboard, visit)
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.className") == "canvas":
            break
    press = page.keyboard.press
    for _ in range(12):
        press("ArrowUp")
    press(" ")
    for _ in range(24):
        press("ArrowDown")
    press("ArrowRight")
    press("ArrowLeft")
    press(" ")
    expect(verdict(page, "cnn")).to_have_text("1")
    expect(page.get_by_test_id("pad-words")).to_contain_text("reads 1")
    settled(page, 1)
    for _ in range(12):
        press("ArrowUp")
    press("e")
    expect(page.get_by_test_id("pad-eraser")).to_have_attribute("aria-pressed", "true")
    press(" ")
    press(" ")
    settled(page, 2)  # cut in the middle
    press("z")
    settled(page, 1)
    press("Shift+Z")
    settled(page, 2)
    press("+")
    expect(page.get_by_test_id("pad-brush")).to_have_value("0.08")
    press("Delete")
    settled(page, 0)
    expect(verdict(page, "cnn")).to_have_text("–")
    keys = page.get_by_test_id("pad-keys")
    keys.locator("summary").press("Enter")
    expect(keys.get_by_text("save the drawing as this digit")).to_be_visible()


def photo(dark_on_light: bool = True) -> bytes:
    """A 7 as on a photo of paper: thick lines, light that falls off to one side."""
    light = np.linspace(140, 245, 600)[None, :].repeat(800, 0)
    picture = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(picture).line([(160, 200), (440, 200), (280, 640)], fill=60, width=44, joint="curve")
    grey = light * np.asarray(picture) / 255
    buffer = io.BytesIO()
    Image.fromarray((grey if dark_on_light else 255 - grey).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_read_whichever_way_it_comes(dashboard, visit):
    page = opened(dashboard, visit)
    draw(page, THREE)
    expect(verdict(page, "cnn")).to_have_text("3")
    page.get_by_test_id("pad-file").set_input_files({"name": "seven.png", "mimeType": "image/png", "buffer": photo()})
    expect(verdict(page, "cnn")).to_have_text("7")
    page.get_by_test_id("pad-undo").click()
    expect(verdict(page, "cnn")).to_have_text("3")
    script = """([kind, content]) => {
      const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], "seven.png", { type: "image/png" }));
      const host = [...document.querySelectorAll("*")].find((one) => one.shadowRoot?.querySelector(".paper"));
      const paper = host.shadowRoot.querySelector(".paper");
      const pasted = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
      if (kind === "paste") document.body.dispatchEvent(pasted);
      else paper.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    for kind, content in (("paste", photo(dark_on_light=False)), ("drop", photo())):
        page.evaluate(script, [kind, base64.b64encode(content).decode()])
        expect(verdict(page, "cnn")).to_have_text("7")
        page.get_by_test_id("pad-undo").click()
        expect(verdict(page, "cnn")).to_have_text("3")


def see_through() -> bytes:
    """A PNG without any ink: black, but transparent everywhere."""
    buffer = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no picture at all", "is not a picture that this browser reads"),
        (see_through(), "ink"),
        (b"\0" * 30_000_001, "at most 30 MB"),
    ],
    ids=["unreadable", "empty", "huge"],
)
def test_a_picture_that_cannot_be_read_is_a_sentence_and_the_drawing_stays(
    dashboard, visit, tmp_path, content, sentence
):
    (tmp_path / "bad.png").write_bytes(content)
    page = opened(dashboard, visit)
    draw(page, THREE)
    before = settled(page, 2)
    page.get_by_test_id("pad-file").set_input_files(tmp_path / "bad.png")
    expect(page.get_by_test_id("pad-note")).to_contain_text(sentence)
    page.wait_for_timeout(400)
    assert kept(page) == before
    expect(verdict(page, "cnn")).to_have_text("3")


def test_the_drawing_survives_theme_size_page_and_reload(dashboard, visit):
    page = opened(dashboard, visit, color_scheme="light")
    draw(page, THREE)
    before = settled(page, 2)
    canvas = page.get_by_test_id("pad-canvas")
    color = "(c) => [...c.getContext('2d').getImageData(c.width * 0.62, c.height * 0.18, 1, 1).data]"
    dark = canvas.evaluate(color)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: page.wait_for_timeout(50) or canvas.evaluate(color)[0] > dark[0] + 100)  # light ink now
    page.set_viewport_size({"width": 700, "height": 800})
    wait_for(lambda: page.wait_for_timeout(50) or ink_at(page, 0.62, 0.18))
    assert canvas.evaluate("(c) => c.width === Math.round(c.clientWidth * devicePixelRatio)")
    page.set_viewport_size({"width": 1440, "height": 900})
    visit_tab(page, "Train")
    visit_tab(page, "Draw")
    expect(verdict(page, "cnn")).to_have_text("3")
    page.reload()
    expect(verdict(page, "cnn")).to_have_text("3")
    assert kept(page) == before
    page.get_by_test_id("pad-undo").click()  # what was drawn before is undone stroke by stroke
    assert settled(page, 1) == before[:1]


def cards(page: Page) -> Locator:
    return page.get_by_test_id("pad-card")


def test_eight_models_vote_and_an_autoencoder_says_how_unusual_it_is(dashboard, visit):
    page = opened(dashboard, visit, f"run={JURY},vae-2,autoencoder,naive&show=")
    expect(cards(page)).to_have_count(8)
    draw(page, THREE)
    for run in ("cnn", "mlp", "softmax", "numpy-two-layer"):
        expect(verdict(page, run)).to_have_text("3")
    expect(page.get_by_test_id("pad-headline")).to_contain_text("All 4 read 3")
    unusual = page.locator('[data-run="conv-autoencoder"]').get_by_test_id("percentile")
    expect(unusual).to_have_text(re.compile(r"More unusual than (\S+ % of the|all) test digits"), timeout=120_000)
    redrawn = page.locator('[data-run="conv-autoencoder"]').get_by_test_id("redrawn")
    assert redrawn.evaluate("(c) => c.getContext('2d').getImageData(0, 0, 28, 28).data.some((v) => v > 200)")
    page.get_by_test_id("pad-clear").click()
    expect(page.get_by_test_id("pad-headline")).to_have_text("")
    expect(unusual).to_have_text("")


def answered_so(dashboard, visit, answers: dict[str, tuple[int, float]], image: bytes = bytes(784)) -> Page:
    """The Draw page with a drawing, answered by what is made up here: of each run a digit, and how sure."""

    def reply(message: str) -> str:
        question = json.loads(message)
        made = {}
        for run, (digit, sure) in answers.items():
            made[run] = [sure if i == digit else (1 - sure) / 9 for i in range(10)]
        sent = base64.b64encode(image).decode()
        return json.dumps({"seq": question["seq"], "image": sent, "answers": made, "redrawn": {}, "errors": {}})

    page = visit("about:blank")
    page.route_web_socket(
        re.compile("digitlab/live"), lambda socket: socket.on_message(lambda message: socket.send(reply(message)))
    )
    page.goto(f"{dashboard.url}/?run={','.join(answers)}&show=")
    draw(page, SEVEN)
    return page


def test_the_headline_counts_the_votes_and_names_who_differs(dashboard, visit):
    answers = {"cnn": (7, 0.9), "mlp": (7, 0.8), "numpy-two-layer": (7, 0.8), "softmax": (1, 0.6)}
    page = answered_so(dashboard, visit, answers)
    headline = page.get_by_test_id("pad-headline")
    expect(headline).to_contain_text("3 of 4 read 7")
    expect(headline).to_contain_text("Softmax reads 1")
    expect(headline).to_contain_text("mean probability 64 %")  # (0.9 + 0.8 + 0.8 + 0.4/9) / 4
    expect(page.locator('[data-run="softmax"] .mark')).to_have_text("≠differs")
    expect(page.locator('[data-run="mlp"] .mark')).to_have_text("=agrees")
    expect(page.locator('[data-run="cnn"] .mark')).to_have_text("")  # it leads: with whom should it agree?
    page.locator('[data-run="softmax"]').get_by_test_id("pad-lead").click()
    expect(page.locator('[data-run="softmax"] .mark')).to_have_text("≠differs")
    expect(page.locator('[data-run="cnn"] .mark')).to_have_text("=agrees")


def test_without_a_majority_the_headline_says_that_they_disagree(dashboard, visit):
    page = answered_so(dashboard, visit, {"cnn": (7, 0.9), "mlp": (4, 0.8), "softmax": (8, 0.6)})
    expect(page.get_by_test_id("pad-headline")).to_have_text("They disagree: 7, 4, 8")
    for mark in page.locator(".reads .mark").all():
        expect(mark).to_have_text("")


def test_below_the_stated_probability_the_headline_is_not_sure(dashboard, visit):
    page = answered_so(dashboard, visit, {"cnn": (7, 0.5), "mlp": (7, 0.52)})
    headline = page.get_by_test_id("pad-headline")
    expect(headline).to_have_text("Not sure: 7 or 0mean probability 51 % and 5 %, below 60 %")
    assert "60 %" in headline.get_attribute("title")
    expect(page.locator('[data-run="cnn"] .sure')).to_have_text("50 %, or 0")


def test_no_older_answer_is_painted_after_a_newer_one_and_lost_ones_are_asked_again(dashboard, visit):
    held: list = []
    page = visit("about:blank")

    def serve(socket) -> None:
        def heard(message: str) -> None:
            held.append((socket, json.loads(message)))

        socket.on_message(heard)

    def say(seq: int, socket, digit: int) -> None:
        image = base64.b64encode(bytes(784)).decode()
        answers = {"cnn": [float(i == digit) for i in range(10)]}
        socket.send(json.dumps({"seq": seq, "image": image, "answers": answers, "redrawn": {}, "errors": {}}))

    def question(number: int):
        wait_for(lambda: page.wait_for_timeout(20) or len(held) > number)
        return held[number]

    page.route_web_socket(re.compile("digitlab/live"), serve)
    page.goto(f"{dashboard.url}/?run=cnn&show=")
    draw(page, SEVEN)
    socket, first = question(0)
    page.wait_for_timeout(500)
    assert len(held) == 1  # one in flight, however far the pen went
    say(first["seq"], socket, 4)
    socket, second = question(1)
    assert second["seq"] > first["seq"]
    assert len(second["strokes"][0]) > len(first["strokes"][0])
    say(second["seq"], socket, 7)
    expect(verdict(page, "cnn")).to_have_text("7")
    say(first["seq"], socket, 4)  # answered a second time, too late
    page.get_by_test_id("pad-clear").click()
    draw(page, THREE)
    socket, third = question(2)
    page.get_by_test_id("pad-clear").click()
    say(third["seq"], socket, 3)  # its drawing is gone
    page.wait_for_timeout(300)
    expect(verdict(page, "cnn")).to_have_text("–")
    draw(page, SEVEN)
    question(3)[0].close()
    expect(verdict(page, "cnn")).to_have_text("7")  # it was asked again, through the page, which answers truly


def test_a_card_leads_and_leads_still_after_a_reload(dashboard, visit):
    page = opened(dashboard, visit, "run=cnn,mlp,softmax&show=River")
    lead = cards(page).filter(has=page.locator('[aria-pressed="true"]'))
    expect(lead).to_have_attribute("data-run", "cnn")
    page.locator('[data-run="softmax"]').get_by_test_id("pad-lead").press("Enter")
    expect(lead).to_have_count(1)
    expect(lead).to_have_attribute("data-run", "softmax")
    page.wait_for_timeout(300)
    page.reload()
    expect(lead).to_have_attribute("data-run", "softmax")


def test_many_models_are_rows_that_fit(dashboard, visit):
    runs = f"{JURY},autoencoder,vae-2,vae-20,naive,kl-sparse,denoising"
    for options in ({}, NARROW):
        page = opened(dashboard, visit, f"run={runs}&show=", **options)
        expect(cards(page)).to_have_count(11)
        draw(page, THREE) if not options else Fingers(page).stroke(SEVEN[0])
        expect(verdict(page, "cnn")).to_have_text(re.compile(r"\d"))
        wide = page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert wide
        clipped = cards(page).evaluate_all("(all) => all.filter((c) => c.scrollHeight > c.clientHeight + 1).length")
        assert clipped == 0


def test_teaching_saves_once_relabels_and_takes_back(tmp_path, visit):
    with running(tmp_path, DIGITLAB_DATA=str(tmp_path / "data")) as dashboard:
        page = opened(dashboard, visit)
        told, file = page.get_by_test_id("pad-taught"), tmp_path / "data" / "drawings.jsonl"

        def saved() -> list:
            return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

        page.get_by_test_id("teach-7").click()
        expect(told).to_contain_text("Draw a digit first.")
        draw(page, SEVEN)
        page.get_by_test_id("teach-7").click()
        expect(told).to_have_text("Saved as 7. 1 drawing so far.")
        (drawing,) = saved()
        assert drawing["label"] == 7
        assert len(drawing["strokes"]) == 1
        page.get_by_test_id("teach-7").click()
        expect(told).to_have_text("Already saved as 7. 1 drawing so far.")
        page.get_by_test_id("pad-canvas").press("1")  # the keyboard's way
        expect(told).to_have_text("Now saved as 1, no longer as 7. 1 drawing so far.")
        page.get_by_test_id("pad-take-back").click()
        expect(told).to_have_text("Saved as 7 again. 1 drawing so far.")
        page.get_by_test_id("pad-clear").click()
        draw(page, THREE)
        page.get_by_test_id("teach-3").click()
        expect(told).to_have_text("Saved as 3. 2 drawings so far.")
        page.get_by_test_id("pad-take-back").click()
        expect(told).to_have_text("Not saved. 1 drawing so far.")
        assert [drawing["label"] for drawing in saved()] == [7]
        page.get_by_test_id("pad-hand").click()
        expect(page.get_by_role("heading", name="Your hand", exact=True)).to_be_visible()


def test_a_drawing_is_kept_also_when_the_page_is_reloaded_at_once(dashboard, visit):
    page = visit(f"{dashboard.url}/?run=cnn&show=")
    draw(page, THREE)
    page.evaluate("location.reload()")  # before the pen counts as resting
    expect(verdict(page, "cnn")).to_have_text("3")
