"""RunStore, the folder of all run folders: making, finding, deleting and sweeping them."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from core.files import disk_errors, write_json
from core.paths import checkpoints_dir
from core.runs.facts import MARKS, MAX_NAME
from core.runs.run import Run, RunNotFound
from core.runs.trash import RunInTrash, RunTrash
from core.training.config import TrainConfig
from core.training.naming import name_of
from core.trash import Trashed
from core.untrusted import plain

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_END_S = 3.0  # a worker ends within a batch, mostly; one that takes longer finds its run gone
_ABANDONED_S = 60.0  # after this time nobody is still writing a file


class RunStore:
    """All runs below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def trash(self) -> RunTrash:
        """What was deleted or hidden, and can be restored."""
        return RunTrash(self.folder)

    def create(self, config: TrainConfig, name: str = "", kept: Mapping[str, bytes] | None = None) -> Run:
        """Make the folder of a new run, as `add` does. Raises ValueError when the disk does not let us."""
        return self.add(self.new_id(config), config, name or name_of(config), kept=kept)

    @staticmethod
    def new_id(config: TrainConfig) -> str:
        """Return an id that no other run has."""
        return f"{config.model}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"

    def add(
        self,
        run_id: str,
        config: TrainConfig,
        name: str,
        shipped: bool = False,
        kept: Mapping[str, bytes] | None = None,
    ) -> Run:
        """Make the folder of a new run under a given id.

        kept: what it keeps of other runs, by the place in its folder, so that it stays whole when they are deleted;
        None keeps the run that it stands on. Raises ValueError when that one cannot serve or the disk does not let us.
        """
        folder = self.folder / _checked(run_id)
        source = self.source_of(config) if kept is None else None
        if config.start and kept is None:
            raise ValueError("A run that begins from another learns from drawings: begin it from the page Your hand.")
        facts = {
            "version": 1,
            "name": plain(name, MAX_NAME) or name_of(config),
            "created": round(time.time(), 3),
            "color": self.rarest_mark(),
            "shipped": shipped,
            "config": config.to_dict(),
        }
        with disk_errors(self.folder):
            folder.mkdir(parents=True)  # where there is one already, that is not ours to undo
        with disk_errors(self.folder, undo=folder):
            files = copies(source, "source") if source else kept or {}
            for place, content in files.items():
                (folder / place).parent.mkdir(exist_ok=True)
                (folder / place).write_bytes(content)
            write_json(folder / "config.json", facts)
        return Run(folder)

    def source_of(self, config: TrainConfig) -> Run | None:
        """Return the run that a config stands on; None when it needs none. ValueError when that one cannot serve."""
        if not config.source:
            return None
        source = self.get(config.source)
        if not config.spec.accepts(source.spec):
            raise ValueError(f"{source.name} cannot carry the model {config.spec.title}. Choose another run.")
        if not source.has_weights():
            raise ValueError(f"{source.name} has no weights yet. Wait for its first epoch.")
        return source

    def get(self, run_id: str) -> Run:
        """Return a run by its id. Raises RunNotFound when there is none that can be read, or it is in the trash."""
        if not isinstance(run_id, str) or not _ID.fullmatch(run_id):
            raise RunNotFound(f"{str(run_id)[:80]!r} is no run. Choose one from the list.")
        run = Run(self.folder / run_id)
        try:
            _ = run.config
        except RunNotFound as error:
            if self.trash.holds(run_id):
                raise RunInTrash(_in_trash(run_id, "deleted")) from error
            raise
        if self.trash.hides(run):
            raise RunInTrash(_in_trash(run_id, "hidden"))
        return run

    def runs(self, task: str | None = None) -> list[Run]:
        """Return all readable runs that are not hidden, newest first and the shipped ones last."""
        found = []
        for folder in self._folders():
            run = Run(folder)
            try:
                if task in (None, run.spec.task) and not self.trash.hides(run):
                    found.append(run)
            except RunNotFound:
                continue  # half-made, half-deleted or not a run
        return sorted(found, key=lambda run: (run.shipped, -run.created))

    def active(self) -> list[Run]:
        """Return the runs that go on or are about to."""
        found = []
        for run in self.runs():
            with suppress(RunNotFound):  # deleted while we look
                if run.active():
                    found.append(run)
        return found

    def stop_all(self) -> int:
        """Ask every active run to stop; return how many were asked."""
        return self.stop(self.active())

    def stop(self, runs: Iterable[Run]) -> int:
        """Ask those of these runs that are active to stop; return how many were asked."""
        asked = 0
        for run in runs:
            with suppress(RunNotFound):
                if run.active():
                    run.request_stop()
                    asked += 1
        return asked

    def end(self, runs: Iterable[Run]) -> None:
        """Ask the workers of these runs to stop, and wait a moment until they have; nobody begins with the others."""
        ending = []
        for run in runs:
            waits = run.request.age() is not None
            run.request.remove()
            with suppress(RunNotFound):
                if run.locked():
                    run.request_stop()
                    ending.append(run)
                elif waits:
                    run.request_pause()  # says so, should it be restored: nothing has interrupted it
        end = time.monotonic() + _END_S
        while any(run.locked() for run in ending) and time.monotonic() < end:
            time.sleep(0.02)

    def delete(self, run: Run) -> Trashed:
        """End a run and move it to the trash, for a day; one that shipped is hidden instead, until it is restored.

        Raises RunNotFound when somebody else was faster.
        """
        run.ensure_exists()
        self.end([run])
        return self.trash.put(run)

    def restore(self, key: str) -> Run:
        """Bring a deleted run back, or show a hidden one again. Raises NotInTrash when that is not there any more."""
        return self.get(self.trash.restore(key))

    def sweep(self) -> None:
        """Remove what killed workers left half-written more than a minute ago, and runs deleted more than a day ago."""
        for folder in self._folders():
            with suppress(OSError):  # deleted while we walk through it; or the disk refuses: the next sweep tries again
                for part in folder.rglob("*.part"):
                    with suppress(OSError):  # its worker may be finishing it
                        if time.time() - part.stat().st_mtime > _ABANDONED_S:
                            part.unlink()
        self.trash.folder.sweep()

    def _folders(self) -> list[Path]:
        try:
            return [p for p in self.folder.iterdir() if _ID.fullmatch(p.name) and p.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def rarest_mark(self) -> int:
        """Return the first of the marks that the fewest runs have."""
        used = [run.mark for run in self.runs()]
        return min(range(MARKS), key=used.count)


def copies(run: Run, place: str) -> dict[str, bytes]:
    """Return what others keep of a run, enough to make its model again, by where it goes: into the folder `place`.

    Raises ValueError when it cannot be read.
    """
    try:
        return {f"{place}/{name}": (run.folder / name).read_bytes() for name in ("config.json", "weights.safetensors")}
    except OSError as error:
        raise ValueError(f"{run.folder} cannot be read whole ({error.strerror}). Choose another run.") from error


def store() -> RunStore:
    """Return the store of this installation: DIGITLAB_CHECKPOINTS, or checkpoints/ in the project."""
    return RunStore(checkpoints_dir())


def _in_trash(run_id: str, how: str) -> str:
    return f"The run “{run_id}” is not here: it is {how}. The trash on the page Runs can bring it back."


def _checked(run_id: str) -> str:
    if not _ID.fullmatch(run_id):
        raise ValueError(f"{run_id[:80]!r} is no run id. Use lower-case letters, digits and hyphens.")
    return run_id
