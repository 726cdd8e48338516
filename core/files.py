"""Files that others read while we write: replaced in one step, never half there. And locks that die with us."""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from filelock import lock_descriptor

# What reading a file that anyone may have written can end in.
UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, OverflowError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    write_file(path, json.dumps(value, indent=1).encode())


def write_file(path: Path, content: bytes, durable: bool = True) -> None:
    """Replace a file in one step; `durable` also waits until it is on the disk."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # a name of its own: two processes may write at once
    try:
        with part.open("wb") as f:
            f.write(content)
            if durable:
                f.flush()
                os.fsync(f.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, str] | None = None) -> None:
    """Write named arrays as safetensors, in one step; `facts` go into its header."""
    from safetensors.numpy import save

    # not ascontiguousarray, which would turn a number (0-d) into a list of one
    whole = {name: np.array(value, order="C") for name, value in arrays.items()}
    write_file(path, save(whole, dict(facts or {})))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read named arrays; ValueError when the file is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, np.ndarray] = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path.name} is missing or damaged ({error}). Train the model again.") from error
    return arrays


def read_facts(path: Path) -> dict[str, str]:
    """Return the facts in the header of a file of `write_arrays`; ValueError when it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path.name} is missing or damaged ({error}). Train the model again.") from error


def write_npz(
    path: Path, arrays: Mapping[str, np.ndarray], durable: bool = True, facts: Mapping[str, Any] | None = None
) -> None:
    """Write named arrays as .npz, in one step; `facts` go beside them as JSON."""
    said = {} if facts is None else {"facts": np.frombuffer(json.dumps(facts).encode(), np.uint8)}
    buffer = BytesIO()
    np.savez(buffer, **arrays, **said)  # type: ignore[arg-type]
    write_file(path, buffer.getvalue(), durable)


def open_npz(path: str, names: Mapping[str, type], most: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return those of the named arrays that an .npz holds, finite, of these types and read-only, and its facts.

    Raises one of UNREADABLE for a file that is torn, larger than `most` bytes or not what it should be.
    """
    stored = Path(path).stat().st_size
    if stored > most:
        raise ValueError(f"it has {stored:,} bytes")
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise ValueError("it unpacks to more than it can have")
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in names if name in file.files}
        facts = json.loads(file["facts"].tobytes())
    if not isinstance(facts, dict):
        raise ValueError("its facts are none")
    for name, array in arrays.items():
        if array.dtype != names[name] or not np.isfinite(array).all():
            raise ValueError(f"its {name} are {array.dtype} or not finite")
        array.flags.writeable = False
    return arrays, facts


def is_held(lock: Path) -> bool:
    """Say whether some process holds this file lock, without waiting for it or creating it."""
    for _ in range(2):
        # Opened by ourselves: FileLock would bring back the file, and the folder, that somebody just deleted.
        try:
            descriptor = os.open(lock, os.O_RDWR)
        except OSError:
            return False
        try:
            if lock_descriptor(descriptor, blocking=False):
                return False
        except OSError:
            return False
        finally:
            os.close(descriptor)  # closing lets go of the lock
        time.sleep(0.002)  # another reader's look also holds it, for microseconds: look twice
    return True


@contextmanager
def disk_errors(folder: Path, undo: Path | None = None, gone: Exception | None = None) -> Iterator[None]:
    """Turn what a disk refuses into a ValueError with a sentence, removing the half-made folder `undo`.

    gone: what is raised instead where something that is written to was deleted meanwhile.
    """
    try:
        yield
    except OSError as error:
        if undo:
            shutil.rmtree(undo, ignore_errors=True)
        if gone and isinstance(error, FileNotFoundError):
            raise gone from error
        raise ValueError(disk_refusal(f"{folder} could not be written", folder, error)) from error


def disk_refusal(what: str, folder: Path, error: OSError) -> str:
    """Return why `what`, such as "It could not be saved", for an error met in writing to a folder, and what to do."""
    said = f"{what} ({error.strerror or error})"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{said}. Free some space."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{said}: permit writing."
    if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR):
        return f"{said}: {_in_the_way(folder, error)} is in the way. Move it elsewhere."
    if error.errno == errno.ENOENT:
        return f"{said}: it was deleted or moved meanwhile. Look whether it is there, then try again."
    return f"{said}. Look after the disk, then try again."


def _in_the_way(folder: Path, error: OSError) -> Path:
    """Return what is where a file or a folder was to be: below a file there is nothing else."""
    named = error.filename2 or error.filename
    path = Path(os.fsdecode(named)) if isinstance(named, str | bytes | os.PathLike) else folder
    files = [place for place in (path, *path.parents) if place.exists() and not place.is_dir()]
    return files[0] if files and error.errno == errno.ENOTDIR else path
