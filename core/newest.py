"""A cache that keeps of each thing its newest version only: a run that trains writes new weights after every epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar

Value = TypeVar("Value")


def newest(size: int) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Cache a function of a thing's name and its version, such as a path and the time it was written.

    Of each thing the version asked for last is kept, and of all things the `size` that were asked for last. What a
    call raises is not kept.
    """

    def decorate(function: Callable[..., Value]) -> Callable[..., Value]:
        kept: dict[str, tuple[tuple[Hashable, ...], Value]] = {}
        lock = threading.Lock()

        @wraps(function)
        def ask(name: str, *version: Hashable) -> Value:
            with lock:
                if (found := kept.pop(name, None)) is not None:
                    kept[name] = found  # at the end now: the first is the one nobody asked for longest
            if found is not None and found[0] == version:
                return found[1]
            value = function(name, *version)  # outside the lock, so that loading one holds up no other
            with lock:
                kept.pop(name, None)
                kept[name] = version, value
                while len(kept) > size:
                    del kept[next(iter(kept))]
            return value

        return ask

    return decorate
