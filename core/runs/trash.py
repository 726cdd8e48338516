"""The trash of the runs: deleted ones, for a day, and those that shipped with the project, which are hidden instead.

A deleted run is its folder, moved; a hidden one stays where it is, and an empty file of its name says so.
"""

from __future__ import annotations

import errno
import secrets
from contextlib import suppress
from pathlib import Path

from core.files import disk_errors
from core.runs.run import Run, RunNotFound
from core.trash import GONE, Entry, NotInTrash, Trashed, TrashFolder, remove

TRASH, HIDDEN = ".trash", ".hidden"  # no run ids
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


class RunInTrash(RunNotFound):
    """The run was deleted or hidden, and can be restored."""


class RunTrash:
    """What was deleted or hidden of the runs below one folder."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.folder = TrashFolder(runs / TRASH)

    def put(self, run: Run) -> Trashed:
        """Move a run here, or hide it where it shipped. Raises RunNotFound when somebody else was faster."""
        name = run.name
        with disk_errors(self.runs):
            if run.shipped:
                return self._hide(run, name)
            entry = self.folder.new(run.id)
            try:
                run.folder.rename(entry.path)  # of a link, the link alone
            except FileNotFoundError as error:
                raise RunNotFound(f"The run {run.id} is gone. Choose another one.") from error
        return entry.trashed(name)

    def _hide(self, run: Run, name: str) -> Trashed:
        marker = self.runs / HIDDEN / run.id
        marker.parent.mkdir(exist_ok=True)
        try:
            marker.touch(exist_ok=False)
        except FileExistsError as error:
            raise RunNotFound(f"The run {run.id} is hidden already. Choose another one.") from error
        return Trashed(run.id, name, marker.stat().st_mtime, None)

    def listed(self) -> list[Trashed]:
        """Return what can be restored: the deleted runs, the latest first, then the hidden ones."""
        deleted = [entry.trashed(self._name(entry)) for entry in self.folder.entries()]
        return deleted + [trashed for name in self._markers() if (trashed := self._hidden(name))]

    def restore(self, key: str) -> str:
        """Put a run back where it was and return its id.

        Raises NotInTrash when it is not here any more, ValueError for what is no run, which stays here.
        """
        if "." not in key:  # no run id has one
            return self._show(key)
        entry = self.folder.get(key)
        with disk_errors(self.runs):
            self._move_back(entry)
        return entry.name

    def _show(self, run_id: str) -> str:
        with disk_errors(self.runs), suppress(FileNotFoundError):
            if run_id in self._markers():
                (self.runs / HIDDEN / run_id).unlink()
                return run_id
        raise NotInTrash(f"{run_id[:80]!r} cannot be brought back: it is not hidden; somebody may have restored it.")

    def _move_back(self, entry: Entry) -> None:
        home = self.runs / entry.name
        if why := self._no_run(entry):
            self.folder.get(entry.key)  # or somebody else has just restored it
            raise ValueError(f"{entry.name} cannot be restored: {why}. Delete it for good, or leave it here.")
        clear_remains(home)
        if home.is_symlink() or (home / "config.json").exists():
            self.folder.get(entry.key)  # or somebody else has just restored it
            raise ValueError(f"There is a run {entry.name} again: delete that one first, or leave this one here.")
        try:
            entry.path.rename(home)
        except FileNotFoundError as error:
            raise NotInTrash(GONE) from error
        except OSError as error:
            if error.errno in _TAKEN:
                raise ValueError(f"{home} is in the way. Move it elsewhere, then restore the run.") from error
            raise

    def erase(self, key: str) -> None:
        """Delete a run for good. Raises NotInTrash when it is not here any more, ValueError for a hidden one."""
        self.folder.erase(key)

    def hides(self, run: Run) -> bool:
        """Say whether a run is one that shipped and was hidden."""
        return run.shipped and (self.runs / HIDDEN / run.id).exists()

    def holds(self, run_id: str) -> bool:
        """Say whether a run was deleted and can be restored."""
        return any(key.startswith(f"{run_id}.") for key in self.folder.version())

    def version(self) -> tuple[str, ...]:
        """Return what changes with what is here."""
        return *self.folder.version(), *self._markers()

    def _markers(self) -> list[str]:
        try:
            return sorted(path.name for path in (self.runs / HIDDEN).iterdir())
        except OSError:
            return []

    def _hidden(self, run_id: str) -> Trashed | None:
        run = Run(self.runs / run_id)
        try:
            since = (self.runs / HIDDEN / run_id).stat().st_mtime
            return Trashed(run_id, run.name, since, None) if run.shipped else None
        except (RunNotFound, FileNotFoundError):
            return None  # it does not ship any more, or was restored at this moment

    def _name(self, entry: Entry) -> str:
        try:
            return Run(self._place(entry)).name
        except (RunNotFound, OSError):
            return entry.name  # no run, as `_no_run` says, or restored at this moment

    def _no_run(self, entry: Entry) -> str:
        """Say why an entry would be no run that anybody sees, "" where it would be one."""
        try:
            place = self._place(entry)
        except OSError:
            return "it went away"  # restored at this moment
        try:
            Run(place).config  # noqa: B018 - raises
        except RunNotFound as error:
            if not place.exists():
                return "it is a link that leads nowhere"
            if not place.is_dir():
                return "it is a file, and a run is a folder"
            whole = (place / "config.json").is_file()
            return f"its config.json is none of a run ({error.__cause__})" if whole else "it has no config.json"
        return ""

    def _place(self, entry: Entry) -> Path:
        """Return the folder of an entry: a relative link leads on from where the run was, not from here."""
        return self.runs / entry.path.readlink() if entry.path.is_symlink() else entry.path


def clear_remains(folder: Path) -> None:
    """Remove what a worker wrote after its run was deleted; a run that is there stays, also one just restored."""
    if folder.is_symlink() or not folder.is_dir() or (folder / "config.json").exists():
        return
    aside = folder.parent / TRASH / f".{folder.name}.{secrets.token_hex(4)}"
    with suppress(OSError):  # somebody else clears it, too
        aside.parent.mkdir(exist_ok=True)
        folder.rename(aside)
        if (aside / "config.json").exists():
            aside.rename(folder)
        else:
            remove(aside)
