"""The journeys a person makes through the dashboard, in a real browser against a real server and real workers."""

import os
import re
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pages.navigation import PAGES
from tests.browser.journeys import (
    SEVEN,
    THREE,
    badge,
    choose,
    draw,
    entry,
    start_training,
    verdict,
    visit_tab,
    wait_for_points,
)
from tests.conftest import wait_for
from tests.server import running

pytestmark = pytest.mark.browser


def newest(dashboard):
    return dashboard.trained_here()[0]


def test_draw_a_digit_and_read_the_verdict(dashboard, visit):
    page = visit(dashboard.url)
    draw(page, THREE)
    expect(verdict(page, "cnn")).to_have_text("3")
    expect(page.get_by_test_id("pad-words")).to_contain_text("reads 3")
    page.get_by_test_id("pad-clear").click()
    expect(verdict(page, "cnn")).not_to_have_text("3")
    draw(page, SEVEN)
    expect(verdict(page, "cnn")).to_have_text("7")
    visit_tab(page, "Train")
    visit_tab(page, "Draw")
    expect(verdict(page, "cnn")).to_have_text("7")  # the drawing came back with the page
    page.reload()
    expect(verdict(page, "cnn")).to_have_text("7")
    page.get_by_test_id("pad-undo").click()
    expect(verdict(page, "cnn")).not_to_have_text("7")


def test_without_the_live_socket_the_pad_says_so_and_still_answers(dashboard, visit):
    page = visit("about:blank")
    page.route_web_socket(re.compile("digitlab/live"), lambda socket: socket.close())
    page.goto(dashboard.url)
    draw(page, THREE)
    expect(verdict(page, "cnn")).to_have_text("3")
    expect(page.get_by_test_id("pad-note")).not_to_be_empty()


def train_here(dashboard, visit, **changes):
    """Start a run on the embedded digits and wait for its first points; return the page and the run."""
    page = visit(f"{dashboard.url}/train")
    before = len(dashboard.trained_here())
    start_training(page, **changes)
    wait_for(lambda: len(dashboard.trained_here()) > before)
    run = newest(dashboard)
    wait_for_points(page, run.name)
    return page, run


def test_train_leave_come_back_stop_and_draw(dashboard, visit):
    page, run = train_here(dashboard, visit)
    seen = wait_for_points(page, run.name)
    expect(badge(page, run.id)).to_have_text("running")
    # The page showed another curve before, then none: the view must fit the new one, as soon as it has two points.
    page.wait_for_function("() => document.querySelector('.lf-plot')._fullLayout.xaxis.autorange")
    visit_tab(page, "Draw")
    step = run.history().steps[-1].step
    visit_tab(page, "Train")
    assert wait_for_points(page, run.name, seen) > seen
    wait_for(lambda: run.history().steps[-1].step > step)

    other = visit(f"{dashboard.url}/train?run={run.id}")  # a second browser
    wait_for_points(other, run.name)
    page.reload()
    wait_for_points(page, run.name, seen)
    assert run.id in page.url

    other.locator(f".st-key-stop-{run.id} button").click()
    for browser in (page, other):
        expect(badge(browser, run.id)).to_have_text("stopped")
    visit_tab(page, "Draw")
    draw(page, THREE)
    expect(verdict(page, run.id)).to_have_text(re.compile(r"\d"))


def test_zoom_made_by_hand_survives_the_next_updates(dashboard, visit):
    page, run = train_here(dashboard, visit)
    seen = wait_for_points(page, run.name, 30)
    box = page.locator(".lf-plot .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    page.mouse.up()
    zoom = "() => document.querySelector('.lf-plot')._fullLayout.xaxis.range.slice()"
    page.wait_for_function("() => document.querySelector('.lf-plot')._fullLayout.xaxis.autorange === false")
    chosen = page.evaluate(zoom)
    for _ in range(3):
        seen = wait_for_points(page, run.name, seen)
    assert page.evaluate(zoom) == pytest.approx(chosen)
    run.request_stop()


def test_killed_worker_shows_interrupted_and_a_restart_finds_every_run(tmp_path, visit):
    with running(tmp_path) as dashboard:
        page, run = train_here(dashboard, visit)
        os.kill(worker_of(run), signal.SIGKILL)
        expect(badge(page, run.id)).to_have_text("interrupted", timeout=2_000)
        known = {r.id for r in dashboard.runs.runs()}
        dashboard.kill()
        dashboard.start()
        again = visit(f"{dashboard.url}/train?run={run.id},cnn")
        expect(badge(again, run.id)).to_have_text("interrupted")
        expect(badge(again, "cnn")).to_have_text("finished")
        assert {r.id for r in dashboard.runs.runs()} == known


def worker_of(run) -> int:
    """The process that has the run's lock file open."""
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(FileNotFoundError, PermissionError):
            if opened.readlink() == run.folder / "lock":
                return int(opened.parts[2])
    raise AssertionError("no worker holds the run")


def test_server_killed_while_training_finds_the_run_still_going(tmp_path, visit):
    with running(tmp_path) as dashboard:
        _, run = train_here(dashboard, visit)
        dashboard.kill()
        step = run.history().steps[-1].step
        dashboard.start()
        again = visit(f"{dashboard.url}/train?run={run.id}")
        expect(badge(again, run.id)).to_have_text("running")
        wait_for_points(again, run.name)
        assert run.history().steps[-1].step > step
        again.locator(f".st-key-stop-{run.id} button").click()
        expect(badge(again, run.id)).to_have_text("stopped")


def test_reconstruct_your_own_drawing(dashboard, visit):
    page = visit(f"{dashboard.url}/reconstruct")
    page.get_by_text("Drawing", exact=True).click()
    draw(page, THREE)
    strip = page.locator(".dl-strip", has=page.get_by_text("Redrawn", exact=True))
    expect(strip).to_be_visible()
    before = strip.locator("img").first.get_attribute("src")
    expect(strip.get_by_text(re.compile(r"64 numbers, error 0\.0")).filter(visible=True).first).to_be_visible()
    page.get_by_test_id("pad-clear").click()
    draw(page, SEVEN)
    expect(strip.locator("img").first).not_to_have_attribute("src", before)


@pytest.mark.parametrize(("path", "title"), [("", PAGES[0].title), *((page.path, page.title) for page in PAGES)])
def test_cold_deep_link(path, title, tmp_path, visit):
    with running(tmp_path) as dashboard:
        page = visit(f"{dashboard.url}/{path}")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()  # the navigation ran, not the page alone
        expect(page.get_by_text("Page not found")).to_have_count(0)


def test_without_data_and_network_everything_opens_and_the_embedded_digits_train(tmp_path, visit):
    # A proxy nobody listens at stands for a missing network.
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    with running(tmp_path, DIGITLAB_DATA=str(tmp_path / "data"), **nowhere) as dashboard:
        page = visit(dashboard.url)
        draw(page, THREE)
        expect(verdict(page, "cnn")).to_have_text("3")
        visit_tab(page, "Train")
        expect(page.get_by_text("MNIST could not be downloaded", exact=False)).to_be_visible(timeout=60_000)
        page, run = train_here(dashboard, visit, epochs=3)
        expect(badge(page, run.id)).to_have_text("finished")
        visit_tab(page, "Reconstruct")
        visit_tab(page, "Latent space")


def test_hanging_network_holds_up_no_page(tmp_path, visit):
    with socket.socket() as silent:  # a proxy that takes every connection and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hanging = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": "127.0.0.1"}
        with running(tmp_path, DIGITLAB_DATA=str(tmp_path / "data"), **hanging) as dashboard:
            page = visit(dashboard.url)
            expect(page.get_by_test_id("pad-canvas")).to_be_visible()
            ready = {
                "Train": ".st-key-train button",
                "Reconstruct": ".dl-strip",
                "Latent space": ".st-key-latent-map",
                "Draw": ".stBidiComponent",
            }
            for title, shown in ready.items():
                page.get_by_test_id("stTopNavLink").filter(has_text=title).first.click()
                expect(page.locator(shown).first).to_be_visible()
            visit_tab(page, "Train")
            expect(page.get_by_text("is being downloaded", exact=False)).to_be_visible()
            page, run = train_here(dashboard, visit, epochs=3)
            expect(badge(page, run.id)).to_have_text("finished")


def test_two_people_do_not_disturb_each_other(dashboard, visit):
    one, two = visit(dashboard.url), visit(dashboard.url)
    draw(one, THREE)
    draw(two, SEVEN)
    expect(verdict(one, "cnn")).to_have_text("3")
    expect(verdict(two, "cnn")).to_have_text("7")


def test_pressing_train_twice_starts_runs_that_both_show(dashboard, visit):
    page, first = train_here(dashboard, visit)
    page.locator(".st-key-train button").click()
    wait_for(lambda: newest(dashboard).id != first.id)
    expect(badge(page, newest(dashboard).id)).to_be_visible()  # before that the button is of what was shown earlier
    page.locator(".st-key-train-runs-bring button").click()  # the new one is shown alone
    for run in (newest(dashboard), first):
        expect(badge(page, run.id)).to_have_text("running")
    expect(page.locator(".st-key-stop-all button")).to_have_count(1)  # it moves down as the second run is shown
    page.locator(".st-key-stop-all button").click()
    for run in (newest(dashboard), first):
        expect(badge(page, run.id)).to_have_text("stopped")


def test_bad_settings_are_a_sentence_and_nothing_is_lost(dashboard, visit):
    page = visit(f"{dashboard.url}/train")
    choose(page, "form-preset", "One hidden layer")
    expect(entry(page, "form-epochs")).to_have_value("15")  # or the preset would overwrite what is typed
    field = entry(page, "form-lr")
    field.fill("-1")
    field.press("Enter")
    expect(page.get_by_text("must be above 0", exact=False)).to_be_visible()
    expect(page.locator(".st-key-train button")).to_be_disabled()
    field.fill("0.01")
    field.press("Enter")
    expect(page.locator(".st-key-train button")).to_be_enabled()
    expect(entry(page, "form-epochs")).to_have_value("15")


def test_run_that_vanishes_while_watched_is_told(dashboard, visit):
    page, run = train_here(dashboard, visit)
    shutil.rmtree(run.folder, ignore_errors=True)
    # Said by its status line or, when the whole page was drawn again in this moment, by the picker.
    expect(page.get_by_text(re.compile("is gone|is not here")).first).to_be_visible()
    visit_tab(page, "Draw")
    draw(page, THREE)
    expect(verdict(page, "cnn")).to_have_text("3")
