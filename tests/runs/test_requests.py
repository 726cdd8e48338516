"""Requests: a job asked for twice is one, the oldest comes first, and no name leads anywhere else."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from core.runs.requests import Request, requests, sweep, under_way


def test_a_job_asked_for_twice_keeps_its_turn(tmp_path: Path) -> None:
    first, second = Request(tmp_path, "train", "one"), Request(tmp_path, "map", "two", ("umap", "all"))
    first.write()
    os.utime(first.path, (5, 5))
    second.write()
    first.write()
    assert requests(tmp_path) == [first, second]
    assert second.key == "map.two.umap.all"
    first.remove()
    first.remove()
    assert requests(tmp_path) == [second]


def test_kinds_have_letters_digits_and_hyphens_as_the_sentence_says(tmp_path: Path) -> None:
    request = Request(tmp_path, "top-5-errors", "my-run", ("test-1", "2"))
    request.write()
    assert requests(tmp_path) == [request]
    assert Request.of(request.words()) == request


def test_a_request_is_starting_while_it_is_young_or_somebody_gets_ready_for_it(tmp_path: Path) -> None:
    request = Request(tmp_path, "train", "one")
    assert request.state() == ""
    request.write()
    assert request.state() == "starting"
    os.utime(request.path, (0, 0))
    assert request.state() == "waiting"
    with FileLock(request.lock):
        assert request.state() == "starting"
        assert under_way(tmp_path) == [request.key]
    assert under_way(tmp_path) == []


@pytest.mark.parametrize(
    "request_",
    [
        ("train", "../one", ()),
        ("train", "", ()),
        ("train", "one/two", ()),
        ("train", "ONE", ()),
        ("train", "a" * 81, ()),
        ("Train", "one", ()),
        ("tr.ain", "one", ()),
        ("tr_ain", "one", ()),
        ("-", "one", ()),
        ("", "one", ()),
        ("a" * 41, "one", ()),
        ("map", "one", ("..",)),
        ("map", "one", ("a b",)),
        ("map", "one\n", ()),
    ],
)
def test_no_name_leads_anywhere_else(tmp_path: Path, request_: tuple[str, str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="is no job"):
        Request(tmp_path, *request_).write()
    assert not list(tmp_path.rglob("*"))


def test_files_that_are_no_requests_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".jobs").mkdir()
    for name in ("x.request", "train.ONE.request", "train.one.json", "a.b.c d.request"):
        (tmp_path / ".jobs" / name).touch()
    assert requests(tmp_path) == []
    assert requests(tmp_path / "nowhere") == []


def test_locks_that_ended_processes_left_are_swept_and_no_others(tmp_path: Path) -> None:
    ended, busy, asked = (Request(tmp_path, "train", name) for name in ("ended", "busy", "asked"))
    asked.write()
    for request in (ended, busy, asked):
        request.lock.touch()
    with FileLock(busy.lock):
        sweep(tmp_path)
        assert busy.lock.exists()
    assert not ended.lock.exists()
    assert asked.lock.exists()


def test_a_disk_that_refuses_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ".jobs").write_text("a file where the folder should be")
    with pytest.raises(ValueError, match="could not be written"):
        Request(tmp_path, "train", "one").write()
