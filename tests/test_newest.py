"""core/newest.py: of each thing the newest version, of all things the last few."""

import pytest

from core.newest import newest


def test_of_each_thing_the_newest_version_is_kept() -> None:
    calls: list[tuple[str, int]] = []

    @newest(2)
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

    @newest(2)
    def read(name: str, version: int) -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    with pytest.raises(ValueError, match="torn"):
        read("a", 1)
    assert read("a", 1) == "whole"
