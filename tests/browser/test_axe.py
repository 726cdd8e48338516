"""Nobody is kept out: each page passes axe's rules of WCAG 2.1 A and AA, speaks with one voice and shows the focus."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from core.ink.collection import DrawingSet
from core.latent.maps import MAPS
from core.measures.predictions import PREDICTIONS
from core.robustness.sweep import SWEEP
from pages.navigation import PAGES
from tests.browser.conftest import own_data
from tests.browser.test_first_minute import RUNS, everywhere
from tests.browser.test_hand_journeys import fill
from tests.conftest import compute, small
from tests.robustness.written import write_mnist_c
from tests.server import Dashboard, running

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]

CHOSEN = {
    "draw": f"{RUNS}&show=Growth&show=Map&show=Steps",
    "reconstruct": "run=conv-autoencoder,denoising",
    "latent-space": "run=vae-2&map=pca",
    "evaluate": "run=mlp,softmax",
}
IN_PARTS = (
    "part=confusion&true=4&read=9",
    "part=digits&digit=582",
    "part=thresholds",
    "part=thresholds&class=8",
    "part=calibration",
    "part=compare",
    "part=labels",
    "part=sabotage",
    "part=sabotage&spoil=mnist-c",
)  # of the Evaluate page, beside the first
ON_A_MAP = ("selection", "between", "dimensions", "arithmetic", "samples", "trust", "forming")
ALL_PAGES = pytest.mark.parametrize("path", [page.path for page in PAGES])
BOTH_THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard with saved drawings, a map, and beside the shipped runs one that was interrupted."""
    folder = tmp_path_factory.mktemp("full")
    own = own_data(folder)
    fill(DrawingSet(own / "drawings.jsonl"), 30)
    with running(folder, DIGITLAB_DATA=str(own)) as started:
        started.runs.create(small(), "Interrupted")
        compute(MAPS, started.runs.get("vae-2"), "pca", "test")
        for run_id in ("mlp", "softmax"):
            compute(PREDICTIONS, started.runs.get(run_id), "test")
            compute(SWEEP, started.runs.get(run_id), "shift")
            write_mnist_c(started.runs.get(run_id), 200, range(100, 1600, 100))
        yield started


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard without any run to choose, nor a drawing."""
    folder = tmp_path_factory.mktemp("empty")
    with running(folder, shipped=False, DIGITLAB_DATA=str(own_data(folder))) as started:
        yield started


def opened(dashboard: Dashboard, visit: Visit, path: str, query: str = "", **options: object) -> Page:
    """A page, as soon as all of it is there and nothing of it is about to change."""
    page = visit(f"{dashboard.url}/{path}?{query}", **options)
    title = next(one.title for one in PAGES if one.path == path)
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.locator(".digitlab-waits, [data-stale=true], [data-testid=stSkeleton]")).to_have_count(0)
    if page.locator(".lf-plot").count():
        page.locator(".lf-plot .main-svg").first.wait_for()
    page.wait_for_timeout(500)  # what fades in has done so
    return page


def with_runs(dashboard: Dashboard, visit: Visit, path: str, **options: object) -> Page:
    """A page with runs chosen, the interrupted one among them where any run can be."""
    ids = ",".join([dashboard.trained_here()[0].id, "cnn", "naive"])
    return opened(dashboard, visit, path, CHOSEN.get(path, f"run={ids}"), **options)


def findings(page: Page) -> list[str]:
    """What axe holds to be serious or critical, and headings that skip a level."""
    return [
        f"{rule['id']} at {node['target']}: {node['failureSummary']}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical") or rule["id"] == "heading-order"
        for node in rule["nodes"]
    ]


@BOTH_THEMES
@ALL_PAGES
def test_axe_finds_nothing_where_runs_are_chosen(full: Dashboard, visit: Visit, path: str, theme: str) -> None:
    assert findings(with_runs(full, visit, path, color_scheme=theme)) == []


@BOTH_THEMES
@ALL_PAGES
def test_axe_finds_nothing_where_there_is_no_run(empty: Dashboard, visit: Visit, path: str, theme: str) -> None:
    assert findings(opened(empty, visit, path, color_scheme=theme)) == []


@BOTH_THEMES
@pytest.mark.parametrize("do", ON_A_MAP)
def test_axe_finds_nothing_in_what_is_done_on_a_map(full: Dashboard, visit: Visit, do: str, theme: str) -> None:
    query = f"{CHOSEN['latent-space']}&do={do}"
    assert findings(opened(full, visit, "latent-space", query, color_scheme=theme)) == []


@BOTH_THEMES
@pytest.mark.parametrize("part", IN_PARTS)
def test_axe_finds_nothing_in_any_part_of_the_evaluation(full: Dashboard, visit: Visit, part: str, theme: str) -> None:
    page = opened(full, visit, "evaluate", f"{CHOSEN['evaluate']}&{part}", color_scheme=theme)
    expect(page.locator(".lf-plot, .dl-tiles, .tiles, .dl-table")).not_to_have_count(0, timeout=60_000)
    expect(page.get_by_role("progressbar")).to_have_count(0, timeout=60_000)
    assert findings(page) == []


# On the Latent space page the map and what is done on it, two components, have one each.
@pytest.mark.parametrize("path", [page.path for page in PAGES if page.path != "latent-space"])
def test_at_most_one_part_of_a_page_speaks_up(full: Dashboard, visit: Visit, path: str) -> None:
    page = with_runs(full, visit, path)
    assert len(everywhere(page, ":is([role=status], [role=alert], output, [aria-live])")) <= 1


# Of the navigation and of all that is ours: what looks no different when it has the focus. Once a key was pressed, a
# browser shows the focus that a script moves, too.
UNSEEN = """() => {
  const focusable = "a[href], button:enabled, input:enabled, select:enabled, summary, [tabindex]";
  const found = [];
  const walk = (root, ours) => {
    for (const one of root.querySelectorAll("*")) {
      const mine = ours || one.matches("[data-testid=stTopNavLink], .stHtml *, .lf-root *");
      if (mine && one.matches(focusable) && one.checkVisibility({ visibilityProperty: true })) found.push(one);
      if (one.shadowRoot) walk(one.shadowRoot, true);
    }
  };
  walk(document, false);
  const look = (one) => {
    const style = getComputedStyle(one);
    const { outlineStyle, outlineWidth, outlineColor, outlineOffset, boxShadow } = style;
    return boxShadow + (outlineStyle === "none" ? "" : [outlineStyle, outlineWidth, outlineColor, outlineOffset]);
  };
  const before = new Map(found.map((one) => [one, look(one)]));
  const same = found.filter((one) => {
    one.focus();
    return look(one) === before.get(one);
  });
  return [found.length, same.map((one) => one.outerHTML.slice(0, 120))];
}"""


@BOTH_THEMES
@pytest.mark.parametrize(("path", "query"), [*CHOSEN.items(), ("train", ""), ("runs", "run=cnn"), ("your-hand", ""),
                         *(("evaluate", f"{CHOSEN['evaluate']}&{part}") for part in (*IN_PARTS[:4:3], *IN_PARTS[6:])),
                         *(("latent-space", f"{CHOSEN['latent-space']}&do={do}") for do in ON_A_MAP[1:5])])  # fmt: skip
def test_the_focus_can_be_seen(full: Dashboard, visit: Visit, path: str, query: str, theme: str) -> None:
    page = opened(full, visit, path, query, color_scheme=theme)
    page.keyboard.press("Tab")
    count, unseen = page.evaluate(UNSEEN)
    assert count >= len(PAGES)
    assert unseen == []
