"""The atlas's scripts in an empty page, to be asked for what they compute."""

from typing import Any

from playwright.sync_api import Browser, Page

from tests.conftest import ROOT

PARTS = ROOT / "pages" / "parts"
SCRIPTS = ("view", "color", "points", "load", "select", "pictures", "plane", "hover", "over", "forming")


def scripted(browser: Browser) -> Page:
    """An empty page that knows the atlas's functions."""
    page = browser.new_page()
    page.set_content("<canvas></canvas>")
    files = [PARTS / "atlas" / f"{name}.js" for name in SCRIPTS]
    page.add_script_tag(content="\n".join(file.read_text(encoding="utf-8") for file in files))
    return page


def ran(page: Page, script: str, **given: Any) -> Any:
    """Return what the script returns; it may wait for something, and finds its arguments in `given`."""
    return page.evaluate(f"async (given) => {{ {script} }}", given)
