"""Downloading one packed file from a list of mirrors: checked, unpacked, checked again, then given its name."""

from __future__ import annotations

import gzip
import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

_TRIES, _TIMEOUT_S, _CHUNK = 2, 10, 1 << 16


def download(
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
            _unpack(_download(mirror + archive, md5, target, share), target, size)
            return
        except (OSError, EOFError, ValueError) as error:
            cause = error.reason if type(error) is urllib.error.URLError else error
            hosts = reasons.setdefault(getattr(cause, "strerror", None) or str(cause), [])
            hosts.extend([host] if host not in hosts else [])
    said = "; ".join(f"{' and '.join(hosts)}: {reason}" for reason, hosts in reasons.items())
    raise OSError(f"{said}. Check the network and try again.")


def _download(url: str, md5: str, target: Path, share: Callable[[float], None]) -> Path:
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
