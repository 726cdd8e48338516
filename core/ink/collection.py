"""The saved drawings: strokes with the digit they are meant to be, as lines of JSON in one file that everybody shares.

Any number of people and processes write it at once: a lock lets one after the other, a new drawing is appended, and
whatever changes old ones replaces the file in one step. A broken line costs that line only. What is deleted at once
is one file in the trash beside it, written before the drawings go: a crash between leaves them in both, and shown as
what they are, saved.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from core.files import disk_errors, write_file
from core.ink.drawing import (
    MAX_BYTES,
    Drawing,
    Import,
    check_label,
    checked,
    checked_hand,
    from_line,
    numbered,
    read_line,
    to_line,
)
from core.ink.trash import DrawingTrash
from core.paths import data_dir
from core.trash import NotInTrash, Trashed

MAX_DRAWINGS = 20_000
_PATIENCE_S = 20.0  # rewriting the largest file takes less
_THERE = "It is already there."
_FULL = f"The set is full: it holds {MAX_DRAWINGS:,} drawings and {MAX_BYTES / 2**20:.0f} MB. Delete some."


class DrawingSet:
    """The drawings of one file. What was read is kept in memory until the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trash = DrawingTrash(path.with_suffix(".trash"))
        self._lock = threading.RLock()
        self._seen: tuple[int, int, int] | None = None
        self._all: tuple[Drawing, ...] = ()
        self._known: dict[bytes, Drawing | None] = {}  # digest of a line -> what it holds

    def all(self) -> tuple[Drawing, ...]:
        """Return all drawings, in the order of the file; the same objects until they change.

        Raises ValueError when the file is there and cannot be read.
        """
        with self._lock:
            now = self.version()
            if now != self._seen:
                self._all = tuple({drawing.id: drawing for _, drawing in self._lines() if drawing}.values())
                self._seen = now
            return self._all

    def version(self) -> tuple[int, int, int]:
        """Return what changes with the file: when it was written last, in ns, its size in bytes, its place on disk."""
        try:
            stat = self.path.stat()
        except OSError:
            return 0, 0, 0
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def add(self, strokes: Sequence[Any], width: float, label: int, hand: str = "") -> Drawing:
        """Save a drawing; strokes: as lists, or arrays (m, 2) or (m, 3), in pad units.

        Raises ValueError when it is none, when the set is full, and when the disk refuses.
        """
        points = [np.asarray(stroke, np.float64).tolist() for stroke in strokes]
        drawing = checked(secrets.token_hex(8), label, hand, width, points, round(time.time(), 3))
        with self._writing():
            self._append([drawing])
        return drawing

    def relabel(self, ids: Collection[str], label: int) -> None:
        """Say what these drawings are meant to be instead; ids of drawings that are gone are passed over."""
        check_label(label)
        self._rewrite(ids, lambda drawing: replace(drawing, label=label))

    def rename_hand(self, ids: Collection[str], hand: str) -> None:
        """Say whose these drawings are."""
        name = checked_hand(hand)
        self._rewrite(ids, lambda drawing: replace(drawing, hand=name))

    def delete(self, ids: Collection[str]) -> Trashed | None:
        """Move drawings to the trash, for a day; return what lies there then, None when none of them was in the set."""
        with self._writing():
            gone, lines = self._changed(ids, lambda drawing: None)
            if not gone:
                return None
            trashed = self.trash.put(gone)
            self._replace(lines)
        return trashed

    def restore(self, key: str) -> None:
        """Put deleted drawings back as they were; those whose id is in the set again are passed over.

        Raises NotInTrash when they are in the trash no more.
        """
        with self._writing():
            there = {drawing.id for drawing in self.all()}
            self._append([drawing for drawing in self.trash.read(key) if drawing.id not in there])
            with suppress(NotInTrash):  # deleted for good a moment ago
                self.trash.folder.erase(key)

    def trashed(self) -> list[Trashed]:
        """Return what can be restored, the latest deletion first."""
        return self.trash.listed({drawing.id for drawing in self.all()})

    def import_lines(self, content: bytes) -> Import:
        """Add the drawings of a file that `export` made, or anybody else, in one step.

        A drawing that is there already is skipped; one whose id is taken by another gets a new id. Raises ValueError
        when the file is too large as a whole, and when the disk refuses.
        """
        with self._writing():
            there = {drawing.id: drawing for drawing in self.all()}
            added: dict[bytes, Drawing] = {}
            skipped, size = [], self.version()[1]
            for number, line in numbered(content):
                try:
                    drawing = _new(read_line(line), there)
                    written = to_line(drawing)
                    if len(there) >= MAX_DRAWINGS or size + len(written) > MAX_BYTES:
                        raise ValueError(_FULL)
                except ValueError as error:
                    skipped.append((number, str(error)))
                    continue
                there[drawing.id] = added[written] = drawing
                size += len(written) + 1
            if added:
                self._replace([*(line for line, _ in self._lines()), *added])
                with self._lock:  # they need not be parsed again
                    self._known |= {_digest(line): drawing for line, drawing in added.items()}
        return Import(tuple(added.values()), tuple(skipped))

    def export(self, drawings: Iterable[Drawing] | None = None) -> bytes:
        """Return all drawings, or these, as lines of JSON that `import_lines` reads."""
        return b"".join(to_line(drawing) + b"\n" for drawing in (self.all() if drawings is None else drawings))

    def _append(self, drawings: Sequence[Drawing]) -> None:
        """Add lines at the end and wait until they are on the disk; the lock is held."""
        if not drawings:
            return
        content = self.export(drawings)
        if len(self.all()) + len(drawings) > MAX_DRAWINGS or self.version()[1] + len(content) > MAX_BYTES:
            raise ValueError(_FULL)
        with self.path.open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                torn = file.read() != b"\n"  # by a crash: that line is closed, so that it costs itself alone
                content = b"\n" * torn + content
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _rewrite(self, ids: Collection[str], change: Callable[[Drawing], Drawing]) -> None:
        with self._writing():
            changed, lines = self._changed(ids, change)
            if changed:
                self._replace(lines)

    def _changed(
        self, ids: Collection[str], change: Callable[[Drawing], Drawing | None]
    ) -> tuple[list[Drawing], list[bytes]]:
        """Return the drawings as they were, and all lines with them changed or taken out; others stay as they are."""
        wanted, changed, lines = set(ids), [], []
        for line, drawing in self._lines():
            if drawing is None or drawing.id not in wanted:
                lines.append(line)
                continue
            changed.append(drawing)
            if new := change(drawing):
                lines.append(to_line(new))
        return changed, lines

    def _replace(self, lines: Iterable[bytes]) -> None:
        write_file(self.path, b"".join(line + b"\n" for line in lines))

    def _lines(self) -> list[tuple[bytes, Drawing | None]]:
        """Return the lines of the file and what they hold, None for a broken one; only new ones are parsed."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise ValueError(f"{self.path} cannot be read ({error.strerror}). Permit reading it.") from error
        lines = [line for line in content.split(b"\n") if line.strip()]
        with self._lock:
            known = self._known
            held = [
                (line, digest := _digest(line), known[digest] if digest in known else _drawing(line)) for line in lines
            ]
            self._known = {digest: drawing for _, digest, drawing in held}
        return [(line, drawing) for line, _, drawing in held]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only one who writes; what the disk refuses becomes a ValueError with a sentence."""
        with disk_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(self.path.with_suffix(".lock"), timeout=_PATIENCE_S, poll_interval=0.01):
                    yield
            except Timeout as error:
                raise ValueError(
                    f"Somebody else has been writing {self.path.name} for {_PATIENCE_S:g} s. Try again."
                ) from error


def drawings() -> DrawingSet:
    """Return the set of this installation: drawings.jsonl in the data folder."""
    return _opened(data_dir() / "drawings.jsonl")


@lru_cache(maxsize=16)
def _opened(path: Path) -> DrawingSet:
    return DrawingSet(path)


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=16).digest()


def _drawing(line: bytes) -> Drawing | None:
    try:
        return from_line(line)
    except ValueError:
        return None


def _new(drawing: Drawing, there: Mapping[str, Drawing]) -> Drawing:
    """Return a drawing to be added, with an id of its own; ValueError when it is there already."""
    other = there.get(drawing.id)
    if other and _same(drawing, other):
        raise ValueError(_THERE)
    return replace(drawing, id=secrets.token_hex(8)) if other or not drawing.id else drawing


def _same(one: Drawing, other: Drawing) -> bool:
    return (one.label, one.hand, one.width, len(one.strokes)) == (
        *(other.label, other.hand, other.width, len(other.strokes)),
    ) and all(map(np.array_equal, one.strokes, other.strokes))
