"""A dashboard process of its own with an empty store beside the shipped runs, and a browser to use it with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core import paths
from tests.conftest import stop
from tests.server import Dashboard, NoBrowser, launch, running

expect.set_options(timeout=30_000)  # bounds a hang on a busy machine; what is promised faster says so itself


def own_data(folder: Path) -> Path:
    """Make a data folder with the data sets of this machine, and room for drawings of its own."""
    own = folder / "data"
    own.mkdir()
    for part in ("MNIST", "cache"):
        if (paths.data_dir() / part).exists():
            (own / part).symlink_to((paths.data_dir() / part).resolve())
    return own


@pytest.fixture(scope="package")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard that most journeys share, with the data sets of this machine and drawings of its own."""
    folder = tmp_path_factory.mktemp("dashboard")
    with running(folder, DIGITLAB_DATA=str(own_data(folder))) as started:
        yield started


@pytest.fixture(autouse=True)
def nobody_trains_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop what a journey leaves training in the shared dashboard: the next one needs the places to train in."""
    yield
    if "dashboard" in request.fixturenames:
        stop(request.getfixturevalue("dashboard").runs)


# Of this package and not of the session: while Playwright runs, no other test can start an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium; the journeys are skipped with a reason where there is none."""
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except NoBrowser as error:
            pytest.skip(str(error))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser context of its own; the test fails if a page logs an error or shows a traceback."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    pages: list[Page] = []

    def open_page(url: str, **options: object) -> Page:
        # With reduced motion no demonstration plays, and the pad is empty as most journeys begin; test_first_minute.py
        # is about the demonstration and asks for it.
        usual = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
        context = browser.new_context(**{**usual, **options})
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(30_000)
        page.goto(url)
        return page

    yield open_page
    shown = [text for page in pages for text in page.get_by_test_id("stException").all_inner_texts()]
    for context in contexts:
        context.close()
    if errors or shown:
        raise AssertionError(f"errors in the page: {errors + shown}")
