"""Components in the browser: each a folder of scripts that are modules, served below the dashboard's own address."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

_PARTS = Path(__file__).parent.parent
_WEB = Path(__file__).parent
_ENTRY = '"./entry.js"'  # in loader.js: what is replaced by a component's address
# Until the modules are here a component keeps its place, and shows nothing that is about to change.
_WAITING = ".digitlab-waits { visibility: hidden; }\n"


@lru_cache(maxsize=1)
def scripts() -> dict[str, bytes]:
    """Return all modules by their path below pages/parts, as they were when the first was asked for.

    What is served and its fingerprint belong together for as long as the process lives, whatever is edited meanwhile.
    """
    files = sorted(_PARTS.rglob("*.js"))
    return {file.relative_to(_PARTS).as_posix(): file.read_bytes() for file in files}


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return a text that changes with any of the scripts: modules import each other, so all have one address."""
    hashed = hashlib.sha256()
    for name, content in scripts().items():
        hashed.update(f"{name} {len(content)}\n".encode() + content)
    return hashed.hexdigest()[:16]


def component(
    name: str, entry: Path, *, html: str, css: Sequence[Path] = (), isolate_styles: bool = True
) -> Callable[..., Any]:
    """Declare a component of Streamlit's, once per process: its name is its identity. Return what mounts it.

    entry: the module whose default export is the class of what is shown, see web/types.d.ts. html: it stays invisible
    until that is here where it has the class digitlab-waits. css: of its own. Where styles are isolated, those that all
    components share come before, and html stands in a div of the class component, to which they apply.
    """
    address = f"./digitlab/web/{fingerprint()}/{entry.relative_to(_PARTS).as_posix()}"
    loader = scripts()["web/loader.js"].decode()
    styles = [_WEB / "base.css", *css] if isolate_styles else css
    return st.components.v2.component(
        name,
        html=f'<div class="component">{html}</div>' if isolate_styles else html,
        css=_WAITING + "\n".join(file.read_text(encoding="utf-8") for file in styles),
        js=loader.replace(_ENTRY, json.dumps(address)),
        isolate_styles=isolate_styles,
    )


def nothing() -> None:
    """Streamlit keeps a component's value only where it has a callback."""
