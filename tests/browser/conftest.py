"""A dashboard process of its own with an empty store beside the shipped runs, and a browser to use it with."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import expect

from core.runs import Run, RunStore

from ..conftest import stop, wait_for

ROOT = Path(__file__).parent.parent.parent
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


expect.set_options(timeout=30_000)  # bounds a hang on a busy machine; what is promised faster says so itself


class Dashboard:
    """A `streamlit run dashboard.py` on a free port, with runs and data folders of its own."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.runs = RunStore(folder / "runs")
        if not self.runs.folder.exists():
            self.runs.folder.mkdir(parents=True)
            for shipped in (ROOT / "checkpoints").iterdir():
                if (shipped / "config.json").exists() and Run(shipped).shipped:
                    shutil.copytree(shipped, self.runs.folder / shipped.name)
        self.log = folder / "server.log"
        self.env = {**os.environ, "DIGITLAB_CHECKPOINTS": str(self.runs.folder), **env}
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(self.port)],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, 120)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    def kill(self) -> None:
        """End the server at once; its workers go on."""
        self.process.kill()
        self.process.wait()

    def trained_here(self) -> list[Run]:
        """The runs that did not ship, newest first."""
        return [run for run in self.runs.runs() if not run.shipped]


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard that most journeys share."""
    with running(tmp_path_factory.mktemp("dashboard")) as started:
        yield started


class running:  # noqa: N801 - reads as a phrase: with running(folder) as dashboard
    """A dashboard for the length of a with block; its workers end with it."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder, self.env = folder, env

    def __enter__(self) -> Dashboard:
        self.dashboard = Dashboard(self.folder, **self.env)
        return self.dashboard

    def __exit__(self, *_: object) -> None:
        stop(self.dashboard.runs)
        self.dashboard.kill()


@pytest.fixture(scope="session")
def playwright_() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_: Playwright) -> Iterator[Browser]:
    """A Chromium: the system's if there is one, else Playwright's own, installed when it is missing."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    try:
        browser = playwright_.chromium.launch(executable_path=found, args=QUIET)
    except BrowserError as error:
        if found:
            raise
        install = [sys.executable, "-m", "playwright", "install", "chromium"]
        if subprocess.run(install, check=False).returncode:
            pytest.skip(f"No browser: install Chromium, or run `{' '.join(install[1:])}` with a network ({error}).")
        browser = playwright_.chromium.launch(args=QUIET)
    yield browser
    browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser context of its own; the test fails if a page logs an error or shows a traceback."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    pages: list[Page] = []

    def open_page(url: str, **options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
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
