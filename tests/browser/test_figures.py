"""A run's figure is one figure: that of its weights, recomputed here, in the README and on every page that shows it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from core import paths
from core.data.datasets import Dataset
from core.ink.collection import DrawingSet
from core.measures.intervals import wilson
from core.measures.scores import Figure
from core.runs.run import Run
from core.runs.store import RunStore
from core.runs.weights import load_model
from core.training.loop import evaluate
from tests.conftest import ROOT
from tests.server import Dashboard, running

pytestmark = pytest.mark.browser
SHIPPED = [run for run in RunStore(ROOT / "checkpoints").runs() if run.shipped]
README = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, mnist: Dataset) -> Iterator[Dashboard]:
    """A dashboard with one saved drawing, so that Your hand lists the models."""
    folder = tmp_path_factory.mktemp("figures")
    (folder / "data").mkdir()
    (folder / "data" / "MNIST").symlink_to((paths.data_dir() / "MNIST").resolve())
    DrawingSet(folder / "data" / "drawings.jsonl").add([[[0.5, 0.2], [0.5, 0.8]]], 0.07, 1)
    with running(folder, DIGITLAB_DATA=str(folder / "data")) as started:
        yield started


@pytest.fixture(scope="module")
def recomputed(mnist: Dataset) -> dict[str, str]:
    """The figure of every shipped run, in words, from its weights and the test digits alone."""
    return {run.id: _recompute(run, mnist).words for run in SHIPPED}


def _recompute(run: Run, mnist: Dataset) -> Figure:
    *_, metrics = evaluate(load_model(run), mnist.test, replace(run.config, noise="none"))
    if run.spec.task != "classify":
        return Figure("mse", metrics["mse"])
    right, count = round(metrics["accuracy"] * len(mnist.test)), len(mnist.test)
    return Figure("accuracy", right / count, *wilson(right, count))


def test_the_readme_says_it(recomputed):
    for run in SHIPPED:
        (row,) = (line for line in README if line.startswith(f"| {run.name} |"))
        if "vae" not in run.id:  # of those it tells the bound, see test_shipped.py
            figure = recomputed[run.id].removesuffix(" of the test digits right").removeprefix("test error ")
            assert figure.replace("\N{NO-BREAK SPACE}", " ") in row


@pytest.mark.parametrize("path", ["train", "runs"])
def test_train_and_runs_say_it(desk, visit, recomputed, path):
    for start in range(0, len(SHIPPED), 6):  # no page shows more at once
        some = SHIPPED[start : start + 6]
        page = visit(f"{desk.url}/{path}?run={','.join(run.id for run in some)}")
        for run in some:
            expect(page.locator(f".st-key-status-{run.id}")).to_contain_text(recomputed[run.id], timeout=60_000)


def test_draw_says_it(desk, visit, recomputed):
    page = visit(f"{desk.url}/?run={','.join(run.id for run in SHIPPED)}")
    for run in SHIPPED:
        name = page.locator(f'[data-testid="pad-card"][data-run="{run.id}"] .name')
        expect(name).to_have_attribute("title", f"{run.name}: {recomputed[run.id]}", timeout=60_000)


def test_your_hand_says_it(desk, visit, recomputed):
    page = visit(f"{desk.url}/your-hand")
    for run in SHIPPED:
        if run.spec.task == "classify":
            figure = recomputed[run.id].removesuffix(" of the test digits right")
            row = page.locator("tr").filter(has_text=run.name).filter(has_text=figure)
            expect(row).to_have_count(1, timeout=60_000)
