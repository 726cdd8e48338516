"""The atlas's arithmetic in a browser: where points go, what a lasso holds, which colours there are."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from core.latent.selection import inside
from pages.parts.atlas.component import MAX_CORNERS
from tests.browser.atlas import ran, scripted

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = scripted(browser)
    yield page
    page.close()


VIEW = """const view = new View(); Object.assign(view, { width: 400, height: 300 });
view.bounds = [{ low: -2, high: 2 }, { low: 1, high: 2 }];"""


def test_both_axes_have_one_scale_and_the_fitted_map_is_in_the_middle(page: Page) -> None:
    left, right, middle, up = ran(
        page, VIEW + "return [view.at(-2, 1.5), view.at(2, 1.5), view.at(0, 1.5), view.at(0, 2.5)];"
    )
    assert middle == pytest.approx([200, 150])
    assert left == pytest.approx([20, 150])
    assert right == pytest.approx([380, 150])
    assert up == pytest.approx([200, 60])  # one unit up is as far as one unit to the side


def test_a_place_and_its_pixel_lead_to_each_other_after_any_drag_and_zoom(page: Page) -> None:
    script = """view.drag(31, -7); view.zoomAt(120, 80, 3.7); view.drag(-5, 12); view.zoomAt(10, 290, 0.4);
    return [[0, 0], [399, 1], [123.4, 56.7]].map(([x, y]) => view.at(...view.place(x, y)));"""
    assert np.allclose(ran(page, VIEW + script), [[0, 0], [399, 1], [123.4, 56.7]])


def test_zooming_leaves_the_place_below_the_pointer_and_stops_at_the_ends(page: Page) -> None:
    script = """const before = view.place(77, 66); view.zoomAt(77, 66, 5); const after = view.place(77, 66);
    view.zoomAt(77, 66, 1e9); const most = view.zoom; view.zoomAt(77, 66, 1e-12);
    return { before, after, most, least: view.zoom, still: view.place(77, 66) };"""
    found = ran(page, VIEW + script)
    assert found["after"] == pytest.approx(found["before"])
    assert found["still"] == pytest.approx(found["before"])
    assert (found["most"], found["least"]) == (4000, 0.25)


def bounds(page: Page, points: list[list[float]]) -> list[dict[str, float]]:
    # NaN is no JSON: it travels as null.
    flat = [None if np.isnan(v) else v for point in points for v in point]
    found: list[dict[str, float]] = ran(
        page, "return boundsOf(Float32Array.from(given.flat, (v) => v ?? NaN));", flat=flat
    )
    return found


def test_a_few_outliers_do_not_squeeze_the_rest(page: Page) -> None:
    rng = np.random.default_rng(0)
    points = [*rng.uniform(-1, 1, (1000, 2)).tolist(), [1000.0, 0.0], [0.0, -1000.0]]
    for side in bounds(page, points):
        assert -1.01 < side["low"] < -0.9
        assert 0.9 < side["high"] < 1.01


@pytest.mark.parametrize("points", [[[3.0, 3.0]] * 5, [[3.0, 3.0]], [[float("nan")] * 2] * 3])
def test_points_in_one_place_or_nowhere_still_have_a_map(page: Page, points: list[list[float]]) -> None:
    for side in bounds(page, points):
        assert side["high"] - side["low"] == 2


@pytest.mark.parametrize("seed", range(4))
def test_a_lasso_holds_the_rows_that_the_server_finds_in_it(page: Page, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(400, 2)).astype(np.float32)
    polygon = rng.normal(size=(9, 2)).tolist()  # crosses itself
    script = "return [...rowsInside(given.polygon, Float32Array.from(given.flat), given.flat.length / 2)];"
    mask = ran(page, script, polygon=polygon, flat=points.ravel().tolist())
    assert np.flatnonzero(mask).tolist() == inside(points, polygon).tolist()
    assert 0 < sum(mask) < 400


def test_a_long_lasso_keeps_its_shape_in_few_corners(page: Page) -> None:
    angle = np.linspace(0, 2 * np.pi, 5000)
    rough = np.random.default_rng(1).normal(scale=2, size=5000)
    corners = np.stack([300 + (200 + rough) * np.cos(angle), 300 + (200 + rough) * np.sin(angle)], 1)
    shape = np.array(ran(page, "return simplified(given.corners, 0.7);", corners=corners.tolist()))
    assert 20 < len(shape) <= MAX_CORNERS
    assert np.all(np.abs(np.hypot(*(shape - 300).T) - 200) < 10)
    smooth = ran(page, "return simplified([[0, 0], [1, 0], [2, 0], [3, 0], [3, 4]], 0.7);")
    assert smooth == [[0, 0], [3, 0], [3, 4]]


NUMBER = {"kind": "number", "low": 1.0, "high": 100.0, "log": False}


@pytest.mark.parametrize(
    ("change", "value", "shade"),
    [
        ({}, 1.0, 0),
        ({}, 100.0, 254),
        ({}, 50.5, 127),
        ({}, -7.0, 0),
        ({}, 1e9, 254),
        ({"log": True}, 10.0, 127),
        ({"log": True}, 0.0, 0),
        ({"low": 5.0, "high": 5.0}, 5.0, 127),
        ({}, None, 255),
    ],
)
def test_a_number_has_its_place_on_the_scale(page: Page, change: dict, value: float | None, shade: int) -> None:
    script = "return shadesOf(given.coloring, Float32Array.of(given.value ?? NaN))[0];"
    assert ran(page, script, coloring={**NUMBER, **change}, value=value) == shade


@pytest.mark.parametrize("dark", [False, True])
def test_the_scales_rise_in_contrast_to_the_page(page: Page, dark: bool) -> None:
    def lightness(coloring: dict) -> np.ndarray:
        colours = np.array(ran(page, "return paletteOf(given.coloring, [], given.dark);", coloring=coloring, dark=dark))
        assert colours.shape == (256, 3)
        return colours[:255] @ [0.2126, 0.7152, 0.0722]

    rising = np.diff(lightness(NUMBER))
    assert np.all(rising > -1.5 if dark else rising < 1.5)  # rounded to whole numbers
    difference = lightness({**NUMBER, "kind": "difference"})
    away = difference - difference[127] if dark else difference[127] - difference
    assert away[0] > 30
    assert away[-1] > 30


def test_the_numbers_of_a_legend_are_short(page: Page) -> None:
    told = ran(page, "return [0.0123456, -2, 0, 1234567, 0.0000512, NaN].map((v) => told(v, 'nats'));")
    assert told == ["0.0123 nats", "−2 nats", "0 nats", "1.2e+6 nats", "5.1e−5 nats", "not a number"]


RASTER = """const canvas = document.querySelector("canvas"); const raster = new Raster(canvas); raster.resize(20, 10);
const frame = { ax: 1, bx: 0, ay: -1, by: 10 };
const colours = Uint32Array.from([packed([255, 0, 0]), packed([0, 0, 255])]);
const lot = (points, shades) => ({ points: Float32Array.from(points), count: shades.length, shades });
const style = { radius: 2, opacity: 1, colours, lit: null, wanted: 1, step: 1 };
const at = (x, y) => [...raster.ctx.getImageData(x, y, 1, 1).data];
raster.begin([255, 255, 255]);"""


def test_a_point_is_drawn_where_it_lies_in_its_colour(page: Page) -> None:
    script = """raster.points(lot([5.5, 4.5, 15.5, 4.5], [0, 1]), frame, style); raster.end();
    return [at(5, 5), at(15, 5), at(10, 5), at(5, 0)];"""
    white = [255, 255, 255, 255]
    assert ran(page, RASTER + script) == [[255, 0, 0, 255], [0, 0, 255, 255], white, white]


def test_points_above_each_other_blend(page: Page) -> None:
    script = """raster.points(lot([5.5, 4.5, 5.5, 4.5], [0, 1]), frame, { ...style, opacity: 0.5 }); raster.end();
    return at(5, 5);"""
    assert ran(page, RASTER + script) == pytest.approx([127, 63, 191, 255], abs=2)


def test_points_beyond_the_canvas_or_nowhere_draw_nothing_and_half_a_disc_at_its_edge(page: Page) -> None:
    script = """raster.points(lot([0, 5, 500, 5, -90, 5, 5, 9e9, NaN, 5, 3, NaN], [0, 0, 0, 0, 0, 0]), frame, style);
    raster.end(); let red = 0;
    for (let x = 0; x < 20; x++) for (let y = 0; y < 10; y++) red += at(x, y)[1] < 128 ? 1 : 0;
    return { red, edge: at(0, 5) };"""
    found = ran(page, RASTER + script)
    assert found["edge"] == [255, 0, 0, 255]
    assert 4 <= found["red"] <= 12


def test_only_lit_points_are_drawn_in_the_pass_for_them(page: Page) -> None:
    script = """const lit = Uint8Array.of(1, 0);
    raster.points(lot([5.5, 4.5, 15.5, 4.5], [0, 1]), frame, { ...style, lit }); raster.end();
    return [at(5, 5)[2], at(15, 5)[0]];"""
    assert ran(page, RASTER + script) == [0, 255]


def test_pictures_leave_each_other_room_and_stay_while_the_view_moves(page: Page) -> None:
    rng = np.random.default_rng(2)
    flat = rng.uniform(-1, 1, 8000).tolist()
    script = """const lot = { points: Float32Array.from(given.flat), count: given.flat.length / 2 };
    const view = new View(); Object.assign(view, { width: 500, height: 400, bounds: boundsOf(lot.points) });
    const place = (row) => view.at(lot.points[2 * row], lot.points[2 * row + 1]);
    const chosen = () => picturedRows(lot, view, 1e6, null).map((row) => [row, ...place(row)]);
    const before = chosen(); view.drag(53, 17); return { before, after: chosen() };"""
    found = ran(page, script, flat=flat)
    before = np.array(found["before"])
    assert len(before) > 60
    apart = np.abs(before[:, None, 1:] - before[None, :, 1:]).max(-1)
    np.fill_diagonal(apart, 99)
    assert apart.min() >= 0.6 * 28
    after = {row for row, x, y in found["after"] if 60 < x < 440 and 60 < y < 340}
    assert after <= set(before[:, 0])


def test_the_most_torn_points_come_first_and_whole_ones_never(page: Page) -> None:
    torn = np.r_[np.zeros(500), np.arange(1, 301)].tolist()
    rows = ran(page, "return mostTorn(Float32Array.from(given.torn));", torn=torn)
    assert rows == list(range(799, 699, -1))
    assert ran(page, "return mostTorn(new Float32Array(5));") == []


def test_names_that_would_cover_each_other_stand_below_each_other(page: Page) -> None:
    names = [{"name": str(i), "at": at} for i, at in enumerate([[50, 50], [52, 49], [50, 51], [90, 50]])]
    placed = {one["name"]: one["at"] for one in ran(page, "return besides(given.names);", names=names)}
    assert placed["1"] == [52, 49]
    assert placed["3"] == [90, 50]
    heights = sorted(placed[name][1] for name in "012")
    assert np.all(np.diff(heights) >= 17)
