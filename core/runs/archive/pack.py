"""A run as one .zip file, out and in again."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from core.files import disk_errors, write_arrays, write_file, write_json, write_npz
from core.ink.drawing import to_line
from core.models.contract import SteppedModel
from core.runs.archive.arrays import SNAPSHOT
from core.runs.archive.check import FILES, MAX_ARCHIVE, Incoming, check
from core.runs.checkpoint import write_resume
from core.runs.events import Line, decode, encode
from core.runs.finetune import DRAWINGS
from core.runs.frames import FRAME, belongs, steps_an_epoch
from core.runs.run import Run
from core.runs.store import RunStore
from core.runs.trash import TRASH
from core.untrusted import ArchiveError

__all__ = ["MAX_ARCHIVE", "ArchiveError", "pack", "unpack"]


def pack(run: Run) -> bytes:
    """Return the run as a .zip file, the same bytes for the same files.

    Snapshots stay out if they are too many, and so do frames if there is no room even without snapshots.
    Raises RunNotFound when it is gone, ValueError while it has no weights or when it is too large.
    """
    run.ensure_exists()
    if not run.has_weights():
        raise ValueError(f"{run.name} has no weights yet. Wait for its first epoch.")
    contents = {name: content for name in FILES if (content := _content(run, name)) is not None}
    events = _whole_lines(contents.get("events.jsonl", b""))
    contents["events.jsonl"] = b"".join(map(encode, events))
    per_epoch = steps_an_epoch(events)
    frames = {name: content for name, content in _matching(run, FRAME) if belongs(int(name[-12:-4]), per_epoch)}
    for parts in (frames, dict(_matching(run, SNAPSHOT))):
        if _size(contents) + _size(parts) < MAX_ARCHIVE:
            contents |= parts
    if _size(contents) >= MAX_ARCHIVE:
        raise ValueError(f"{run.name} has more than {MAX_ARCHIVE / 2**20:.0f} MB. Copy its folder instead.")
    run.ensure_exists()
    return _zipped(contents)


def _matching(run: Run, pattern: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    for path in run.folder.glob("*/*.npz"):
        name = f"{path.parent.name}/{path.name}"
        if pattern.fullmatch(name) and (content := _content(run, name)):
            yield name, content


def _content(run: Run, name: str) -> bytes | None:
    try:
        return (run.folder / name).read_bytes()
    except FileNotFoundError:
        return None


def _size(contents: Mapping[str, bytes]) -> int:
    return sum(len(content) + 1000 for content in contents.values())


def _whole_lines(events: bytes) -> list[Line]:
    """Return the lines that a reader of the history takes: what a crash has torn stays behind."""
    return [line for text in events[: events.rfind(b"\n") + 1].splitlines() if (line := decode(text))]


def _zipped(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as file:
        for name in sorted(contents):
            info = ZipInfo(name)  # of 1980: the same run makes the same file
            info.compress_type = ZIP_DEFLATED if name.endswith(("json", "jsonl")) else ZIP_STORED
            file.writestr(info, contents[name])
    return buffer.getvalue()


def unpack(archive: bytes, store: RunStore) -> Run:
    """Bring a run in under a new id and a new colour, its name made plain; one that was going on comes in as stopped.

    Raises ArchiveError, with nothing written, for what `pack` would not have written; ValueError when the disk refuses.
    """
    if len(archive) > MAX_ARCHIVE:
        raise ArchiveError(f"The file has more than {MAX_ARCHIVE / 2**20:.0f} MB. Choose a packed run.")
    return _write(check(archive), store)


def _write(content: Incoming, store: RunStore) -> Run:
    """Write a run where nobody looks for runs, and only then give it its name."""
    run_id = store.new_id(content.config)
    folder = store.folder / TRASH / f".{run_id}"
    with disk_errors(store.folder):
        folder.mkdir(parents=True)
    with disk_errors(store.folder, undo=folder):
        if source := content.source:
            (folder / "source").mkdir()
            write_json(folder / "source" / "config.json", source.facts)
            write_arrays(folder / "source" / "weights.safetensors", source.weights)
        if start := content.start:
            (folder / "start").mkdir()
            write_json(folder / "start" / "config.json", start.facts)
            write_arrays(folder / "start" / "weights.safetensors", start.weights)
            write_file(folder / DRAWINGS, b"".join(to_line(drawing) + b"\n" for drawing in start.drawings))
        write_file(folder / "events.jsonl", b"".join(map(encode, content.events)))
        if content.resume:
            write_resume(folder, cast(SteppedModel, content.model), content.resume.line, content.resume.validation)
        for name, arrays in content.npz.items():
            (folder / name).parent.mkdir(exist_ok=True)
            write_npz(folder / name, arrays, durable=False)
        write_arrays(folder / "weights.safetensors", content.weights)
        write_json(folder / "config.json", content.facts | {"color": store.rarest_mark()})
        folder.rename(store.folder / run_id)
    return store.get(run_id)
