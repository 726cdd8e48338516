"""A trash: a folder where what was deleted lies for a day, whole, until somebody restores it or it is swept away.

An entry is a file or a folder whose name says what it was and when it was deleted, so that moving it in or out is one
rename: whoever is killed in the middle leaves it in one place or the other, and of two at once one is told.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.files import disk_errors

KEPT_S = 24 * 3600.0  # how long what was deleted can be restored
_KEY = re.compile(r"([a-z0-9][a-z0-9-]{0,79})\.(\d{1,15})")
GONE = (
    "This cannot be brought back: somebody restored it or deleted it for good, or it was deleted more than a day ago."
)
_ERASED = ".erased"  # how the name of what nobody can restore any more ends


class NotInTrash(ValueError):
    """It is not in the trash any more."""


@dataclass(frozen=True)
class Trashed:
    """What can be restored. key: names it in its trash; what: free text for people, to be escaped;
    since: when it was deleted or hidden, until: when it is swept away, None for never; both in seconds since 1970;
    more: what tells it from others called the same, may be empty.
    """

    key: str
    what: str
    since: float
    until: float | None
    more: str = ""


@dataclass(frozen=True)
class Entry:
    """What lies in a trash folder. name: what it was called; since: when it was deleted, in seconds since 1970."""

    path: Path
    name: str
    since: float

    @property
    def key(self) -> str:
        """What names it in its trash."""
        return self.path.name

    def trashed(self, what: str, more: str = "") -> Trashed:
        """Return it with its words for people."""
        return Trashed(self.key, what, self.since, self.since + KEPT_S, more)


class TrashFolder:
    """The entries below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new(self, name: str) -> Entry:
        """Return the entry to be made of something deleted now; name: lower-case letters, digits and hyphens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now = time.time_ns() // 10**6
        while os.path.lexists((entry := self._entry(f"{name}.{now}")).path):
            now += 1  # one of that name was deleted within the same millisecond
        return entry

    def entries(self) -> list[Entry]:
        """Return what can be restored, the newest first."""
        self.sweep()
        found = [self._entry(name) for name in self.version()]
        return sorted(found, key=lambda entry: -entry.since)

    def get(self, key: str) -> Entry:
        """Return an entry. Raises NotInTrash when it is there no more, ValueError for what is no key."""
        entry = self._entry(key)
        if not os.path.lexists(entry.path):
            raise NotInTrash(GONE)
        return entry

    def version(self) -> tuple[str, ...]:
        """Return what changes with the entries: their keys."""
        try:
            return tuple(sorted(path.name for path in self.folder.iterdir() if _KEY.fullmatch(path.name)))
        except OSError:
            return ()

    def erase(self, key: str) -> None:
        """Delete an entry for good. Raises NotInTrash when it is there no more."""
        entry = self.get(key)
        gone = self.folder / f".{entry.key}.{secrets.token_hex(4)}{_ERASED}"
        with disk_errors(self.folder):
            try:
                entry.path.rename(gone)  # from here on nobody restores what is half erased
            except FileNotFoundError as error:
                raise NotInTrash(GONE) from error
        remove(gone)

    def sweep(self) -> None:
        """Remove what was deleted more than a day ago, and what somebody who was killed left half made or erased."""
        for path in self.folder.glob("*"):
            try:
                if _KEY.fullmatch(path.name):
                    if time.time() - self._entry(path.name).since > KEPT_S:
                        self.erase(path.name)
                elif path.name.endswith(_ERASED) or time.time() - path.lstat().st_mtime > KEPT_S:
                    remove(path)
            except (OSError, ValueError):
                continue  # another dashboard sweeps, too; or the disk refuses: the next sweep tries again

    def _entry(self, key: str) -> Entry:
        if not (parts := _KEY.fullmatch(key)):
            raise ValueError(f"{key[:80]!r} names nothing that can be brought back. Choose from the trash.")
        return Entry(self.folder / key, parts[1], int(parts[2]) / 1000)


def remove(path: Path) -> None:
    """Remove a file, a folder with all below it, or a link, whose target stays as it is."""
    if path.is_symlink() or not path.is_dir():
        with suppress(FileNotFoundError):
            path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)
