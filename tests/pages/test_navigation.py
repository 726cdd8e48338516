"""Every page in the table opens without a fault, with its own title, and none is left out of the table."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.run import Run
from core.runs.store import RunStore
from pages.navigation import PAGES, Page
from tests.conftest import ROOT, sound

Train = Callable[..., Run]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)


def test_the_table_has_every_file_once() -> None:
    files = {file.name for file in (ROOT / "pages").glob("*.py")} - {"__init__.py", "navigation.py"}
    assert sorted(page.file for page in PAGES) == sorted(files)
    assert len({page.title for page in PAGES}) == len(PAGES)


def opened(page: Page) -> list[str]:
    """The titles that the page shows."""
    at = AppTest.from_file(ROOT / "pages" / "navigation.py", default_timeout=60).run()
    if page != PAGES[0]:
        at.switch_page(page.file).run()
    return [title.value for title in sound(at).title]


@each_page
def test_every_page_opens_where_there_are_no_runs(page: Page, runs: RunStore, submitted: list[object]) -> None:
    assert opened(page) == [page.title]


@each_page
def test_every_page_opens_with_runs_of_each_task(page: Page, trained: Train, submitted: list[object]) -> None:
    trained("softmax", epochs=1)
    trained("autoencoder", params={"hidden": 16, "code_size": 4}, epochs=1)
    assert opened(page) == [page.title]
