"""A real dashboard process and a real browser, for the journeys and the benchmarks."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as BrowserError

from core.latent.projectors import PROJECTORS
from core.runs.run import Run
from core.runs.store import RunStore
from tests.conftest import ROOT, stop, wait_for

SHIPPED_RESULTS = {"scores.npz", "calibration.npz", *(f"{method}-test.npz" for method in PROJECTORS)}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def _not_shipped(folder: str, names: list[str]) -> set[str]:
    """Of a shipped run's folder, what others have computed beside it since."""
    return set(names) - SHIPPED_RESULTS if Path(folder).name == "projections" else set()


class Dashboard:
    """A `streamlit run dashboard.py` (or another script) on a free port, with a folder of its own for the runs."""

    def __init__(self, folder: Path, shipped: bool = True, script: str = "dashboard.py", **env: str) -> None:
        self.script = script
        self.runs = RunStore(folder / "runs")
        self.runs.folder.mkdir(parents=True, exist_ok=True)
        if shipped:
            for shipped_run in (ROOT / "checkpoints").iterdir():
                if (shipped_run / "config.json").exists() and Run(shipped_run).shipped:
                    mine = self.runs.folder / shipped_run.name
                    shutil.copytree(shipped_run, mine, ignore=_not_shipped)
        self.log = folder / "server.log"
        self.env = {**os.environ, "DIGITLAB_CHECKPOINTS": str(self.runs.folder), **env}
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.started = time.time()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", self.script, "--server.port", str(self.port)],
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


class running:  # noqa: N801 - reads as a phrase: with running(folder) as dashboard
    """A dashboard for the length of a with block; its workers end with it."""

    def __init__(self, folder: Path, shipped: bool = True, **env: str) -> None:
        self.options = (folder, shipped)
        self.env = env

    def __enter__(self) -> Dashboard:
        self.dashboard = Dashboard(*self.options, **self.env)
        return self.dashboard

    def __exit__(self, *_: object) -> None:
        stop(self.dashboard.runs)
        self.dashboard.kill()


class NoBrowser(RuntimeError):
    """There is no browser, and none could be installed."""


def launch(playwright: Playwright) -> Browser:
    """Start a Chromium: the system's if there is one, else Playwright's own, installed when it is missing."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    try:
        return playwright.chromium.launch(executable_path=found, args=QUIET)
    except BrowserError as error:
        if found:
            raise
        install = [sys.executable, "-m", "playwright", "install", "chromium"]
        if subprocess.run(install, check=False).returncode:
            command = " ".join(install[1:])
            raise NoBrowser(f"No browser: install Chromium, or run `python {command}` with a network.") from error
        return playwright.chromium.launch(args=QUIET)
