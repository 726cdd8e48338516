"""Fetching a data set: each file is downloaded from a list of mirrors, checked, unpacked, checked again, and only then
given its name. Belongs in a worker process.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from core.data.datasets import DatasetUnavailable, is_ready, row_of
from core.files import is_held, write_file
from core.paths import data_dir
from core.progress import Progress
from core.untrusted import share_of

_TRIES, _TIMEOUT_S, _CHUNK = 2, 10, 1 << 16


@dataclass(frozen=True)
class FetchState:
    """Where a data set stands on this disk; `fraction` of the download in [0, 1], `message` for people."""

    state: Literal["ready", "absent", "fetching", "failed"]
    fraction: float = 0.0
    message: str = ""


def fetch_state(name: str) -> FetchState:
    """Tell where a data set stands: on this disk, on its way, or why not."""
    row = row_of(name)
    if is_ready(name):
        return FetchState("ready")
    note = _read_note(name)
    if is_held(_note_path(name).with_suffix(".lock")):
        return FetchState("fetching", share_of(note.get("fraction")), str(note.get("message", "connecting")))
    if note.get("failed"):
        return FetchState("failed", message=str(note["failed"]))
    return FetchState("absent", message=f"{row.title} is not on this disk yet.")


def fetch(name: str, progress: Progress = lambda fraction, message: None, mirrors: Iterable[str] = ()) -> None:
    """Download a data set into `data_dir()`, from its own mirrors or from these; return at once if it is there.

    Every file is streamed to a name of its own, checked, unpacked, checked again and only then given its real name, so
    that a half-written file is never taken for a whole one. Only one process downloads; others wait for it. Raises
    DatasetUnavailable with the reason of each address.
    """
    row = row_of(name)
    note = _note_path(name)
    note.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(note.with_suffix(".lock")):
        if is_ready(name):
            return
        last = 0.0

        def report(fraction: float, message: str) -> None:
            nonlocal last
            progress(fraction, message)
            if time.monotonic() - last > 0.2:
                last = time.monotonic()
                _write_note(note, {"fraction": fraction, "message": message})

        try:
            if row.downloads is None:
                names = ", ".join(file.path for file in row.files)
                raise OSError(f"it has no address. Put {names} into {data_dir()}.")
            downloads = row.downloads()
            for number, (file, (archive, md5)) in enumerate(zip(row.files, downloads.archives, strict=True)):
                target = data_dir() / file.path
                if target.exists() and target.stat().st_size == file.size:
                    continue

                def share(done: float, message: str, number: int = number) -> None:
                    report((number + done) / len(row.files), message)

                _download_one(tuple(mirrors) or downloads.mirrors, archive, md5, target, file.size, share)
        except OSError as error:
            reason = f"{row.title} could not be downloaded: {error}"
            _write_note(note, {"failed": reason})
            raise DatasetUnavailable(reason) from error
        note.unlink(missing_ok=True)


def _note_path(name: str) -> Path:
    return data_dir() / f".fetch-{name}.json"


def _read_note(name: str) -> dict[str, Any]:
    try:
        note = json.loads(_note_path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(path: Path, note: dict[str, Any]) -> None:
    write_file(path, json.dumps(note).encode(), durable=False)


def _download_one(
    mirrors: Iterable[str], archive: str, md5: str, target: Path, size: int, progress: Callable[[float, str], None]
) -> None:
    """Download archive (a .gz with this md5) from the first mirror that has it and unpack its `size` bytes to target.

    Raises OSError with the reason of every mirror.
    """
    reasons: dict[str, list[str]] = {}  # the hosts that failed in this way
    for mirror in [m for m in mirrors for _ in range(_TRIES)]:
        host = mirror.split("/")[2]
        progress(0.0, f"connecting to {host}")

        def share(done: float, host: str = host) -> None:
            progress(done, f"{archive} from {host}")

        try:
            _unpack(_stream(mirror + archive, md5, target, share), target, size)
            return
        except (OSError, EOFError, ValueError) as error:
            cause = error.reason if type(error) is urllib.error.URLError else error
            hosts = reasons.setdefault(getattr(cause, "strerror", None) or str(cause), [])
            hosts.extend([host] if host not in hosts else [])
    said = "; ".join(f"{' and '.join(hosts)}: {reason}" for reason, hosts in reasons.items())
    raise OSError(f"{said}. Check the network and try again.")


def _stream(url: str, md5: str, target: Path, share: Callable[[float], None]) -> Path:
    """Stream url to a name of its own beside target; return that path once its checksum is right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".gz.part")
    digest = hashlib.md5(usedforsecurity=False)
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response, part.open("wb") as f:
        total = int(response.headers.get("Content-Length") or 0)
        while chunk := response.read(_CHUNK):
            f.write(chunk)
            digest.update(chunk)
            if total:
                share(min(1.0, f.tell() / total))
    if digest.hexdigest() != md5:
        part.unlink()
        raise ValueError("the file came damaged (its checksum differs)")
    return part


def _unpack(archive: Path, target: Path, size: int) -> None:
    part = target.with_suffix(".part")
    with gzip.open(archive) as source, part.open("wb") as f:
        data = source.read(size + 1)  # one more than expected, so that too long is noticed and no bomb unpacks
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    if len(data) != size:
        raise ValueError(f"the file holds {len(data)} bytes instead of {size}")
    part.replace(target)
    archive.unlink()
