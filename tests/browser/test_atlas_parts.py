"""The atlas's parts that wait for something: questions to the decoder, the plane, epochs, the panel at the pointer."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.atlas import PARTS, ran, scripted

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = scripted(browser)
    yield page
    page.close()


# The questions that were sent to the server, and a way to answer the oldest.
LINE = """const sent = [];
window.Line = class {
  constructor(base, owner) { Object.assign(this, { owner, ready: true }); }
  ask(question) { return new Promise((answered) => sent.push({ question, answered })); }
  close() {}
};
const answer = async (reply) => { sent.shift().answered(reply); await null; await null; await null; };"""


def test_a_hover_goes_before_the_plane_and_the_latest_before_older_ones(page: Page) -> None:
    script = """const heard = [];
    const asker = new Asker("", () => ({ question: "plane", heard: () => heard.push("plane") }));
    const hover = (place) => asker.hover(place, () => heard.push(place));
    hover("first"); hover("second"); hover("third");
    const alone = sent.map((one) => one.question).join();
    await answer({});
    const next = sent.map((one) => one.question).join();
    await answer({});
    const held = sent.length; // a pointer that has just asked may ask again
    await new Promise((done) => setTimeout(done, 300));
    const rested = sent.map((one) => one.question).join();
    asker.close();
    return { alone, next, held, rested, heard };"""
    found = ran(page, LINE + script)
    assert found == {"alone": "first", "next": "third", "held": 0, "rested": "plane", "heard": ["first", "third"]}


PLANE = """const plane = new Plane(() => {}, () => {}); plane.of({ run: "a" }, "1");
const view = new View();
Object.assign(view, { width: 360, height: 180, bounds: [{ low: -1, high: 1 }, { low: -1, high: 1 }] });
plane.refresh(view, [0, 0, 0]);
const bytes = (n) => btoa(String.fromCharCode(...new Uint8Array(784 * n).fill(255)));
const reply = (n, spread) => ({ images: bytes(n), spread: Array(n).fill(spread) });"""


def test_the_plane_asks_for_the_whole_view_once_from_its_middle(page: Page) -> None:
    script = """const places = [];
    for (let next = plane.next(); next; next = plane.next()) {
      places.push(next.question.places); next.heard(reply(next.question.places.length, 1));
    }
    plane.refresh(view, [0, 0, 0]);
    return { places, again: plane.next(), wide: view.width / view.scale, high: view.height / view.scale };"""
    found = ran(page, PLANE + script)
    sizes = [len(places) for places in found["places"]]
    places = np.concatenate(found["places"])
    away = np.hypot(*places.T)
    assert max(sizes) <= 32
    assert away[0] < away[-1]
    assert np.all(np.diff(away) > -0.6)  # the middle of the cells is not quite that of the view
    assert len({tuple(place) for place in places.tolist()}) == len(places)
    assert np.ptp(places[:, 0]) >= found["wide"] - 0.6
    assert np.ptp(places[:, 1]) >= found["high"] - 0.6
    assert found["again"] is None


def test_a_plane_of_another_map_forgets_what_it_knew_and_takes_no_late_answer(page: Page) -> None:
    script = """const late = plane.next(); plane.of({ run: "b" }, "1"); plane.refresh(view, [0, 0, 0]);
    const before = plane.wanted.length; late.heard(reply(late.question.places.length, 1));
    return [before > 0, plane.wanted.length === before, plane.cells.size];"""
    assert ran(page, PLANE + script) == [True, True, 0]


def test_an_error_makes_the_plane_pause_and_say_so(page: Page) -> None:
    script = """plane.next().heard({ error: "The run is gone." }); const said = [plane.error, plane.next()];
    plane.close(); return said;"""
    assert ran(page, PLANE + script) == ["The run is gone.", None]


def test_the_plane_fades_away_from_the_points(page: Page) -> None:
    strengths = ran(page, "return [0, 3, 6, 50, 1e9, NaN].map(faded);")
    assert strengths[0] == strengths[1] == 1
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-2:] == [0.1, 0.1]


FORMING = """const base64 = (array) => btoa(String.fromCharCode(...new Uint8Array(array.buffer)));
document.body.insertAdjacentHTML("beforeend", '<div class="root"><div class="forming"><button class="play"></button>'
  + '<input type="range" class="epoch" step="any" min="0"><p class="forming-said"></p></div></div>');
const root = [...document.querySelectorAll(".root")].at(-1);
const failed = [];
const forming = new Forming(root, { moved: () => {}, failed: (error) => failed.push(error) });
const reply = (frames, training = false) => ({
  version: "v", steps: frames.map((_, i) => 100 * i), epochs: frames.map((_, i) => i), training, n: 2,
  points: base64(Float32Array.from(frames.flat())), labels: base64(Uint8Array.of(3, 4)),
});
const frames = [[0, 0, 1, 1], [2, 0, 1, 3]];"""


def test_points_travel_between_epochs_and_the_last_is_shown_first(page: Page) -> None:
    script = """forming.take(reply(frames)); const shown = [...forming.points];
    const said = forming.sentence.textContent;
    forming.go(0.5); const half = [...forming.points]; forming.go(0); const first = [...forming.points];
    forming.close(); return { shown, half, first, said };"""
    found = ran(page, FORMING + script)
    assert found["shown"] == [2, 0, 1, 3]
    assert found["half"] == [1, 0, 1, 2]
    assert found["first"] == [0, 0, 1, 1]
    assert found["said"] == "Epoch 1 of 1, step 100: 2 test digits."


def test_a_new_epoch_is_travelled_to_only_by_who_looked_at_the_last(page: Page) -> None:
    script = """forming.take(reply(frames, true)); const third = [...frames, [9, 9, 9, 9]];
    forming.take(reply(third, true)); const follows = [forming.at, forming.points[0] < 3];
    forming.pause(); forming.go(forming.at); const arrives = forming.points[0];
    forming.go(0.25); forming.take(reply([...third, [1, 1, 2, 2]], true));
    const stays = forming.at; forming.close(); return { follows, arrives, stays };"""
    assert ran(page, FORMING + script) == {"follows": [2, True], "arrives": 9, "stays": 0.25}


def test_the_view_of_the_epochs_holds_all_of_them(page: Page) -> None:
    script = "forming.take(reply(frames)); forming.close(); return forming.bounds;"
    assert ran(page, FORMING + script) == [{"low": 0, "high": 2}, {"low": 0, "high": 3}]


def test_frames_that_do_not_fit_are_an_error_and_not_drawn(page: Page) -> None:
    script = "forming.take({ ...reply(frames), n: 3 }); forming.close(); return [forming.frames, failed.length];"
    assert ran(page, FORMING + script) == [None, 1]


@pytest.mark.parametrize("at", [(0, 0), (399, 0), (0, 299), (399, 299), (200, 150)])
@pytest.mark.parametrize("size", [(400, 300), (230, 300)])
def test_what_is_said_at_the_pointer_stays_inside_and_off_the_pointer(page: Page, at: tuple, size: tuple) -> None:
    script = """const panel = Object.create(HoverPanel.prototype);
    Object.assign(panel, { size: [210, 120], root: document.createElement("div") }); panel.put(given.at, given.box);
    return panel.root.style.transform.match(/-?\\d+(?=px)/g).map(Number);"""
    where = [min(at[0], size[0]), at[1]]
    x, y = ran(page, script, at=where, box=list(size))
    assert 0 <= x <= size[0] - 210
    assert y >= 0
    assert not (x < where[0] < x + 210 and y < where[1] < y + 120)


@pytest.mark.parametrize(
    ("strange", "mark"), [(0, "among"), (1, "among"), (1.01, "between"), (2.5, "between"), (2.6, "far"), (None, "far")]
)
def test_how_far_a_place_is_from_real_codes_is_said_in_words(page: Page, strange: float | None, mark: str) -> None:
    html = (PARTS / "atlas.html").read_text(encoding="utf-8")
    script = """document.body.insertAdjacentHTML("beforeend", given.html);
    const panel = new HoverPanel([...document.querySelectorAll(".atlas")].at(-1));
    const image = btoa(String.fromCharCode(...new Uint8Array(784)));
    panel.decode({ image, strange: given.strange, exact: true });
    const width = parseFloat(panel.bar.style.width);
    return { mark: panel.root.dataset.mark, told: panel.told.textContent, width };"""
    found = ran(page, script, strange=strange, html=html)
    assert found["mark"] == mark
    assert found["told"].startswith(mark)
    assert found["width"] == pytest.approx(100 if strange is None else 20 * strange, abs=1)
