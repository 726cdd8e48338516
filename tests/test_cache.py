"""core/cache.py: of each thing the newest version, of all things the last few."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.cache import keep_newest


def test_of_each_thing_the_newest_version_is_kept() -> None:
    calls: list[tuple[str, int]] = []

    @keep_newest(2)
    def read(name: str, version: int) -> str:
        calls.append((name, version))
        return f"{name}{version}"

    assert [read("a", 1), read("a", 1), read("a", 2), read("a", 2)] == ["a1", "a1", "a2", "a2"]
    assert calls == [("a", 1), ("a", 2)]
    read("a", 1)  # the older one is gone
    assert len(calls) == 3
    read("b", 1)
    read("a", 1)  # asked for last, so the next one pushes b out
    read("c", 1)
    read("a", 1)
    assert len(calls) == 5
    read("b", 1)
    assert calls[5:] == [("b", 1)]


def test_what_is_raised_is_not_kept() -> None:
    answers = iter([ValueError("torn"), "whole"])

    @keep_newest(2)
    def read(name: str, version: int) -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    with pytest.raises(ValueError, match="torn"):
        read("a", 1)
    assert read("a", 1) == "whole"


def test_what_several_ask_for_at_once_is_made_once_and_holds_up_nothing_else() -> None:
    calls: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    @keep_newest(4)
    def read(name: str, version: int) -> str:
        calls.append(name)
        if name == "slow":
            begun.set()
            assert go_on.wait(60)
        return name

    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(read, "slow", 1) for _ in range(3)]
        assert begun.wait(60)
        assert read("quick", 1) == "quick"
        go_on.set()
        assert [asked.result(60) for asked in slow] == ["slow"] * 3
    assert calls == ["slow", "quick"]


def test_heavy_things_are_fewer_but_the_last_is_always_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.cache.MOST_BYTES", 10)
    calls: list[str] = []

    @keep_newest(9, len)
    def read(name: str, version: int) -> str:
        calls.append(name)
        return name * version

    for name, weight in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("d", 11), ("d", 11), ("a", 4)):
        assert read(name, weight) == name * weight
    assert calls == ["a", "b", "c", "d", "a"]  # c pushed b out, d all others, and a d
