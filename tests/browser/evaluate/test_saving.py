"""What people take along from the Evaluate page: figures as PNG of 300 dots per inch and as SVG, tables as CSV."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.evaluate.test_evaluate_journeys import opened, read, table_of  # noqa: F401 - one is a fixture

pytestmark = pytest.mark.browser


def saved(page: Page, button: Locator, folder: Path) -> Path:
    """The file that a button gives, under the name it suggests."""
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_figure_is_saved_as_it_is_printed(dashboard, visit, read, tmp_path, theme):  # noqa: F811
    read("mlp")
    page = opened_in(theme, dashboard, visit, "run=mlp&part=confusion")
    plot = table_of(page, dashboard.runs.get("mlp").name)
    width = plot.evaluate("(plot) => plot._fullLayout.width")
    height = plot.evaluate("(plot) => plot._fullLayout.height")
    root = page.locator(".lf-root").first
    root.hover()
    png = Image.open(saved(page, root.get_by_role("button", name="PNG"), tmp_path))
    assert png.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    assert png.size == pytest.approx((width * 300 / 96, height * 300 / 96), abs=2)
    pixels = np.asarray(png.convert("RGB")).reshape(-1, 3).astype(int)
    assert (pixels[0] == 255).all()  # white paper, whatever the page's is
    assert (pixels.max(1) < 90).mean() > 0.002  # and dark words on it
    svg = saved(page, root.get_by_role("button", name="SVG"), tmp_path)
    found = ElementTree.parse(svg).getroot()
    assert (float(found.get("width")), float(found.get("height"))) == pytest.approx((width, height), abs=1)
    texts = {"".join(text.itertext()).strip() for text in found.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Read as", "True class", dashboard.runs.get("mlp").name} <= texts


def opened_in(theme: str, dashboard, visit, query: str) -> Page:
    page = visit(f"{dashboard.url}/evaluate?{query}", color_scheme=theme)
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    return page


def test_tables_are_saved_by_keyboard_with_all_digits(dashboard, visit, read, tmp_path):  # noqa: F811
    labels, predicted, _ = read("mlp")
    page = opened(dashboard, visit, "run=mlp")
    button = page.get_by_role("button", name="CSV of Figures of the chosen classifiers")
    expect(button).to_be_visible()
    button.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "figures-of-the-chosen-classifiers.csv"
    found = pd.read_csv(download.value.path())
    assert found["accuracy"].tolist() == [(labels == predicted).mean()]
    assert found["classifier"].tolist() == [dashboard.runs.get("mlp").name]
    path = saved(page, page.get_by_role("button", name=re.compile("^CSV of Figures of each class")), tmp_path)
    found = pd.read_csv(path)
    right = (labels == predicted)[labels == 8].mean()
    assert found["recall"][8] == right
