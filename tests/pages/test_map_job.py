"""What a page shows of a map under way: its progress and the time left, Cancel, a button to begin, what went wrong."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.latent.maps import MAPS
from core.runs.run import Run
from pages.parts.shared import map_job
from tests.conftest import change_weights, compute, sound
from tests.pages.conftest import under_way

Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder that has learned a little."""
    return trained("autoencoder", params={"hidden": 32, "code_size": 6}, epochs=1)


def _page(folder: str, method: str, sample: str) -> None:
    from pathlib import Path

    import streamlit as st

    from core.runs.run import Run
    from pages.parts.shared.map_job import latest_map

    st.text("map" if latest_map(Run(Path(folder)), method, sample) is not None else "nothing")


def page(run: Run, method: str = "pca", sample: str = "test") -> AppTest:
    """A page with one map."""
    return sound(AppTest.from_function(_page, args=(str(run.folder), method, sample), default_timeout=60).run())


def captions(at: AppTest) -> str:
    return " ".join(caption.value for caption in at.caption)


def bar(at: AppTest) -> tuple[int, str]:
    """How far the progress bar is, and what it says."""
    (found,) = at.get("progress")
    return found.proto.value, found.proto.text


def test_a_quick_map_is_begun_unasked_and_once(run: Run, submitted: list[Any]) -> None:
    at = page(run, sample="all")
    assert [(name, *rest) for name, _, *rest in submitted] == [("map", "pca", "all")]
    assert bar(at) == (0, "PCA map: starting a process")
    sound(at.run())
    assert len(submitted) == 1
    compute(MAPS, run, "pca", "all")
    assert sound(at.run()).text[0].value == "map"
    assert not at.get("progress")


def test_while_the_digits_are_on_their_way_no_map_of_others_is_begun(
    run: Run, submitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_job, "is_fetching", lambda dataset: True)
    at = page(run)
    assert not submitted
    monkeypatch.setattr(map_job, "is_fetching", lambda dataset: False)
    sound(at.run())
    assert submitted == [("map", run, "pca", "test")]


@pytest.mark.parametrize(("sample", "takes"), [("test", "about 10 s"), ("all", "about 15 s")])
def test_a_slow_map_is_begun_with_a_button(run: Run, submitted: list[Any], sample: str, takes: str) -> None:
    at = page(run, "umap", sample)
    assert not submitted
    assert f"It takes {takes}." in captions(at)
    at.button(key=f"start-{run.id}-umap-{sample}").click()
    sound(at.run())
    assert [(name, *rest) for name, _, *rest in submitted] == [("map", "umap", sample)]
    assert bar(at) == (0, "UMAP map: starting a process")


@pytest.mark.parametrize(
    ("remaining", "left"),
    [
        (None, ""),
        (2, ", about 5 s left"),
        (42.0, ", about 40 s left"),
        (89, ", about 90 s left"),
        (840, ", about 14 minutes left"),
    ],
)
def test_progress_and_the_time_left(run: Run, submitted: list[Any], remaining: float | None, left: str) -> None:
    with under_way(MAPS.job(run, "umap", "test"), remaining=remaining):
        at = page(run, "umap")
    assert bar(at) == (40, f"UMAP map: encoding{left}")
    assert not submitted


def test_cancel_leaves_a_sentence_and_a_button(run: Run, submitted: list[Any]) -> None:
    with under_way(MAPS.job(run, "pca", "test")):
        at = page(run)
        at.button(key=f"cancel-{run.id}-pca-test").click()
        assert "encoding" in bar(sound(at.run()))[1]  # until its process has ended
    assert captions(sound(at.run())).startswith("Cancelled. ")
    assert not submitted  # not begun again unasked
    at.button(key=f"start-{run.id}-pca-test").click()
    assert bar(sound(at.run()))[1] == "PCA map: starting a process"
    assert len(submitted) == 1


def test_a_disk_that_cannot_be_written_is_told(run: Run, submitted: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.jobs.state.cancel", refuse)
    with under_way(MAPS.job(run, "pca", "test")):
        at = page(run)
        at.button(key=f"cancel-{run.id}-pca-test").click()
        assert r"could not be cancelled \(No space left on device\). Free some" in captions(sound(at.run()))


def test_cancelling_before_the_process_has_begun(run: Run, submitted: list[Any]) -> None:
    at = page(run, "umap")
    at.button(key=f"start-{run.id}-umap-test").click()
    sound(at.run())
    at.button(key=f"cancel-{run.id}-umap-test").click()
    assert captions(sound(at.run())).startswith("Cancelled. ")
    assert MAPS.job(run, "umap", "test").request.age() is None


def test_an_interrupted_map_can_be_computed_again(run: Run, submitted: list[Any]) -> None:
    with under_way(MAPS.job(run, "pca", "test")):
        at = page(run)
        assert not at.caption
    assert captions(sound(at.run())) == "The computation was interrupted. Try it again."
    assert captions(page(run)) == captions(at)  # whoever looks
    assert not submitted
    at.button(key=f"start-{run.id}-pca-test").click()
    assert bar(sound(at.run()))[1] == "PCA map: starting a process"
    assert submitted == [("map", run, "pca", "test")]


def test_without_the_note_of_a_process_nothing_was_interrupted(run: Run, submitted: list[Any]) -> None:
    job = MAPS.job(run, "pca", "test")
    with under_way(job):
        pass
    job.note.unlink()
    assert bar(page(run))[1] == "PCA map: starting a process"
    assert len(submitted) == 1


def test_a_failure_is_a_plain_sentence(run: Run, submitted: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run: Run) -> None:
        raise ValueError("All codes are *the* same.")

    monkeypatch.setattr("core.latent.codes.load_model", fail)
    compute(MAPS, run, "pca", "test")
    at = page(run)
    assert captions(at) == r"All codes are \*the\* same."
    assert at.button(key=f"start-{run.id}-pca-test").label == "Try again"
    assert not submitted


def test_new_weights_are_mapped_and_the_old_map_stays(run: Run, submitted: list[Any]) -> None:
    compute(MAPS, run, "pca", "test")
    renew(run)
    at = page(run)
    assert len(submitted) == 1
    assert at.text[0].value == "map"


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_what_nobody_takes_up_waits_however_long_and_is_asked_for_once_by_two_sessions(
    run: Run, submitted: list[Any], method: str
) -> None:
    at, title = page(run, method), method.upper()
    if method == "umap":
        at.button(key=f"start-{run.id}-umap-test").click()
        sound(at.run())
    long_ago = time.time() - 86400
    os.utime(MAPS.job(run, method, "test").request.path, (long_ago, long_ago))
    for session in (at, page(run, method)):
        assert bar(sound(session.run())) == (0, f"{title} map: waiting for a process")
        assert [button.label for button in session.button] == ["Cancel"]
        assert not session.caption
    assert submitted == [("map", run, method, "test")]


def renew(run: Run) -> None:
    """New weights, as after an epoch."""
    change_weights(run)


def test_new_weights_of_a_run_that_trains_do_not_draw_the_page_again(
    run: Run, submitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "active", lambda self: True)
    compute(MAPS, run, "pca", "test")
    wish = map_job._wish(run, "pca", "test")
    ready = wish.state()
    before = map_job._look(wish, ready)
    renew(run)
    assert map_job._look(wish, ready) == before
    outdated = map_job._look(wish, wish.state())
    renew(run)
    assert map_job._look(wish, wish.state()) == outdated
    compute(MAPS, run, "pca", "test")
    assert map_job._look(wish, ready) != before


def test_the_map_of_a_run_that_trains_is_computed_again_every_few_seconds(
    run: Run, submitted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "active", lambda self: True)
    compute(MAPS, run, "pca", "test")
    renew(run)
    at = page(run)
    assert (at.text[0].value, captions(at)) == ("map", "The map follows the model while it learns.")
    assert not submitted
    long_ago = time.time() - 60
    os.utime(run.projection_file("pca-test"), (long_ago, long_ago))
    at = sound(at.run())
    assert (at.text[0].value, captions(at)) == ("map", "The map follows the model while it learns.")
    assert submitted == [("map", run, "pca", "test")]
    assert not at.get("progress")  # it would push the map down


def test_a_failure_soon_after_asking_is_told_at_once(run: Run, submitted: list[Any]) -> None:
    at = page(run)
    assert len(submitted) == 1
    job = MAPS.job(run, "pca", "test")
    with under_way(job):
        pass
    job.note.write_text(json.dumps({"failed": "All codes are the same.", "weights_version": run.weights_version()}))
    assert captions(sound(at.run())) == "All codes are the same."
    at.button(key=f"start-{run.id}-pca-test").click()
    assert bar(sound(at.run()))[1] == "PCA map: starting a process"
    assert len(submitted) == 2
