"""The trash of the saved drawings: what was deleted at once is one file of their lines, for a day."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from core.files import disk_errors, write_file
from core.ink.drawing import Drawing, from_lines, to_line
from core.trash import GONE, Entry, NotInTrash, Trashed, TrashFolder


class DrawingTrash:
    """The deletions below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = TrashFolder(folder)

    def put(self, drawings: Sequence[Drawing]) -> Trashed:
        """Keep drawings that are about to be deleted."""
        with disk_errors(self.folder.folder):
            entry = self.folder.new(secrets.token_hex(8))
            write_file(entry.path, b"".join(to_line(drawing) + b"\n" for drawing in drawings))
        return _trashed(entry, [drawing.label for drawing in drawings])

    def read(self, key: str) -> tuple[Drawing, ...]:
        """Return the drawings of a deletion. Raises NotInTrash when it is here no more, ValueError for what is none."""
        path = self.folder.get(key).path
        try:
            found = from_lines(path.read_bytes()).added
        except FileNotFoundError as error:
            raise NotInTrash(GONE) from error
        except OSError as error:
            raise ValueError(f"{path} cannot be read ({error.strerror}). Move it elsewhere.") from error
        if not found:
            raise ValueError(f"{path} cannot be restored: no line of it is a drawing. Move it elsewhere.")
        return found

    def listed(self, there: Collection[str]) -> list[Trashed]:
        """Return the deletions, the latest first, but for drawings whose ids are there."""
        found = []
        for entry in self.folder.entries():
            try:
                labels = [label for drawing_id, label in _labels(entry.path).items() if drawing_id not in there]
            except (OSError, ValueError):
                continue  # restored at this moment, or not as we wrote it
            if labels:
                found.append(_trashed(entry, labels))
        return found


def _trashed(entry: Entry, labels: Sequence[int]) -> Trashed:
    what = f"{len(labels):,} drawing{'s' * (len(labels) != 1)}"
    return entry.trashed(what, f"Meant to be {', '.join(map(str, sorted(set(labels))))}")


@lru_cache(maxsize=512)
def _labels(path: Path) -> dict[str, int]:
    # Kept for good: a deletion is written once, under a name that no other gets.
    return {drawing.id: drawing.label for drawing in from_lines(path.read_bytes()).added}
