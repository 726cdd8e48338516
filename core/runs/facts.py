"""The facts of a run, its config.json: read with care, for anyone may have written it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from core.runs.events import LAST_DATE
from core.training.config import TrainConfig
from core.untrusted import json_object, plain, plain_lines

MARKS = 64  # how many pairs of a colour and a shape the runs have
MAX_NAME, MAX_NOTE = 80, 2000  # characters
_MOST = 1 << 20  # bytes of a config.json


def facts_of(path: Path) -> dict[str, Any]:
    """Return the facts in a config.json, each of its kind and within bounds; kept in memory until it changes.

    Raises one of `core.files.UNREADABLE` for a file that holds no facts of a run.
    """
    stat = path.stat()
    return _read(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _read(path: str, mtime_ns: int, size: int) -> dict[str, Any]:
    if size > _MOST:
        raise ValueError(f"its config.json has {size:,} bytes instead of at most {_MOST:,}")
    facts = parse_facts(Path(path).read_text(encoding="utf-8"))
    created = float(facts["created"])
    if not 0 <= created <= LAST_DATE:
        raise ValueError(f"it was created at {created:g}, which is no time in seconds since 1970")
    config = TrainConfig.from_dict(facts["config"])
    return {
        "config": config,
        "name": plain(str(facts["name"]), MAX_NAME) or config.spec.title,
        "note": plain_lines(str(facts.get("note", "")), MAX_NOTE),
        "created": created,
        "color": int(facts["color"]) % MARKS,
        "shipped": bool(facts.get("shipped")),
    }


def parse_facts(text: str) -> dict[str, Any]:
    """Return the facts as they are written. Raises ValueError with a sentence for what is no JSON object."""
    return json_object(text, "config.json", "write")
