"""A cache that keeps of each thing its newest version only: a run that trains writes new weights after every epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar

Value = TypeVar("Value")

MOST_BYTES = 1 << 29  # of what one cache keeps that is weighed


def keep_newest(
    size: int, weigh: Callable[[Any], int] = lambda value: 0
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Cache a function of a thing's name and its version, such as a path and the time it was written.

    Of each thing the version asked for last is kept, and of all things the `size` that were asked for last; fewer
    where they weigh more than MOST_BYTES together, but always the last. What a call raises is not kept. Threads that
    ask for the same thing at once wait for the first of them.
    """

    def decorate(function: Callable[..., Value]) -> Callable[..., Value]:
        kept: dict[str, tuple[tuple[Hashable, ...], Value]] = {}
        making: dict[str, threading.RLock] = {}
        lock = threading.Lock()

        def look(name: str) -> tuple[tuple[Hashable, ...], Value] | None:
            with lock:
                if (found := kept.pop(name, None)) is not None:
                    kept[name] = found  # at the end now: the first is the one nobody asked for longest
            return found

        def keep(name: str, version: tuple[Hashable, ...], value: Value) -> None:
            with lock:
                kept.pop(name, None)
                kept[name] = version, value
                while len(kept) > size or (len(kept) > 1 and sum(weigh(v) for _, v in kept.values()) > MOST_BYTES):
                    del kept[next(iter(kept))]

        @wraps(function)
        def ask(name: str, *version: Hashable) -> Value:
            if (found := look(name)) is not None and found[0] == version:
                return found[1]
            with lock:
                turn = making.setdefault(name, threading.RLock())
            with turn:  # one for each thing, so that loading one holds up no other
                try:
                    if (found := look(name)) is not None and found[0] == version:
                        return found[1]
                    value = function(name, *version)
                    keep(name, version, value)
                finally:
                    with lock:
                        making.pop(name, None)
            return value

        return ask

    return decorate
