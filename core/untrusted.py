"""Readers for what comes from strangers: zip members, arrays, JSON and text, each checked before it is used.

Nothing here writes, nothing runs code, and no reader takes more memory than the limit it is given and what it returns.
"""

from __future__ import annotations

import json
import math
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np

Kind = tuple[np.dtype[Any], tuple[int, ...]]  # dtype and shape of an array

_END = struct.Struct("<4s4H2LH")  # of a zip file: its last record
_DIRECTORY_ROW = 200  # bytes for one member in the directory: 46, its name, and what packers add
_KNOWN_FLAGS = 0x0806 | 0x8  # a name in UTF-8, how hard it was deflated, sizes after the data; others are encryption
_ARRAY_HEADER = 10_000  # bytes, with what the zip file adds
_TENSOR_HEADER = 1_000_000
_JSON = 100_000
_TEXT = 500
# Printable to Python, and nothing to see: joiners and fillers, the blank of Braille, and selectors but for those of
# emoji, which are of use.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)

# What the readers below raise at what is broken; more than their documentations say, as flipped bits show.
_BROKEN = (
    *(BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, TypeError, KeyError, RuntimeError),
    *(OverflowError, MemoryError),
)


class ArchiveError(ValueError):
    """An archive holds what no run is made of."""


def refuse(member: str, why: str) -> ArchiveError:
    """Return the error for a member, its name being a stranger's text."""
    name = member if re.fullmatch(r"[\w./: -]{1,120}", member, re.ASCII) else ascii(member[:40])
    return ArchiveError(f"{name} {why}. Pack the run again where it comes from, and bring the file in unchanged.")


def open_zip(data: bytes, where: str, limits: Mapping[str, int] | Callable[[str], int], most: int) -> ZipFile:
    """Open a zip file whose directory was checked; no member is read yet.

    limits: the most bytes of a member by its name, 0 for names that do not belong here. most: of members.
    """
    end = data[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise refuse(where, "is no zip file, or not all of one")
    *_, count, length, start, comment = _END.unpack(end)
    # Not the zip64 form either: what is small enough to be taken needs none, and it would hide another directory.
    hidden = data[-_END.size - 20 : -_END.size].startswith(b"PK\6\7")
    if comment or hidden or start + length != len(data) - _END.size or length > most * _DIRECTORY_ROW:
        raise refuse(where, "has a directory that does not fit its content")
    try:
        file = ZipFile(BytesIO(data))
    except _BROKEN as error:
        raise refuse(where, "is a damaged zip file") from error
    limit = limits if callable(limits) else lambda name: limits.get(name, 0)
    infos = file.infolist()
    if len(infos) != count or len({info.filename for info in infos}) != count:
        raise refuse(where, "has members that its directory miscounts or names twice")
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.orig_filename != info.filename or not limit(info.filename):
            raise refuse(info.orig_filename, "is no file of a run")
        if info.flag_bits & ~_KNOWN_FLAGS:
            raise refuse(info.filename, "is encrypted or packed in a way that is not read here")
        if kind not in (0, stat.S_IFREG) or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise refuse(info.filename, "is no plain file, stored or deflated")
        if info.file_size > limit(info.filename):
            raise refuse(info.filename, f"is larger than {limit(info.filename):,} bytes")
    return file


def member_size(file: ZipFile, name: str) -> int:
    """Return how many bytes the directory promises for a member."""
    if name not in file.namelist():
        raise refuse(name, "is missing")
    return file.getinfo(name).file_size


def read_member(file: ZipFile, name: str, most: int) -> bytes:
    """Return the content of a member: exactly as many bytes as the directory promises, and at most `most`."""
    size = member_size(file, name)
    if size > most:
        raise refuse(name, f"is larger than {most:,} bytes")
    try:
        with file.open(name) as member:
            content = member.read(size + 1)
    except _BROKEN as error:
        raise refuse(name, "is damaged") from error
    if len(content) != size:
        raise refuse(name, "is shorter than the directory says")
    return content


def kinds(arrays: Mapping[str, np.ndarray]) -> dict[str, Kind]:
    """Return dtype and shape of each array."""
    return {name: (array.dtype, array.shape) for name, array in arrays.items()}


def read_tensors(
    file: ZipFile, member: str, wanted: Mapping[str, Kind] | None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read exactly the wanted arrays from safetensors; return them and the facts from the header.

    wanted: None takes whatever is there, for who looks at each array; as large as the directory says, which is checked.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    most = member_size(file, member) if wanted is None else sum(map(_nbytes, wanted.values())) + _TENSOR_HEADER
    data = read_member(file, member, most)
    header = int.from_bytes(data[:8], "little")
    if len(data) < 8 or header > min(_TENSOR_HEADER, len(data) - 8):
        raise refuse(member, "has no safetensors header")
    facts = read_object(data[8 : 8 + header], member, _TENSOR_HEADER).get("__metadata__", {})
    try:
        arrays = load(data)
    except (SafetensorError, *_BROKEN) as error:
        raise refuse(member, "is no whole safetensors file") from error
    if wanted is not None:
        _compare(kinds(arrays), wanted, member)
    return arrays, facts


def read_npz(file: ZipFile, member: str, wanted: Mapping[str, Kind]) -> dict[str, np.ndarray]:
    """Read exactly the wanted arrays from an .npz file, which may hold no pickled ones."""
    sizes = {f"{name}.npy": _nbytes(kind) + _ARRAY_HEADER for name, kind in wanted.items()}
    inner = open_zip(read_member(file, member, sum(sizes.values())), member, sizes, len(wanted))
    if set(inner.namelist()) != set(sizes):
        raise refuse(member, "does not hold the arrays that belong in it")
    return {name: _read_array(inner, f"{name}.npy", member, kind) for name, kind in wanted.items()}


def _read_array(file: ZipFile, entry: str, where: str, kind: Kind) -> np.ndarray:
    dtype, shape = kind
    content = read_member(file, entry, _nbytes(kind) + _ARRAY_HEADER)
    # NumPy's own header for this array, compared and not parsed: by its header an array may be as large as one likes,
    # or full of pickles, and the parser lets through errors of Python's.
    start = 10 + int.from_bytes(content[8:10], "little")
    header = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    whole = content[:8] == b"\x93NUMPY\1\0" and content[10:start].rstrip() == header
    if not whole or len(content) - start != _nbytes(kind):
        raise refuse(f"{where}: {entry}", f"is no array of {dtype} {shape}")
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


def _nbytes(kind: Kind) -> int:
    dtype, shape = kind
    return dtype.itemsize * math.prod(shape)


def _compare(found: Mapping[str, Kind], wanted: Mapping[str, Kind], member: str) -> None:
    if set(found) != set(wanted):
        names = ", ".join(ascii(name[:40]) for name in sorted(set(found) ^ set(wanted))[:3])
        raise refuse(member, f"belongs to another model: it differs in {names}")
    for name, (dtype, shape) in wanted.items():
        if found[name] != (dtype, shape):
            raise refuse(member, f"has {found[name][0]} {found[name][1]} as {name} instead of {dtype} {shape}")


def read_object(data: bytes, member: str, most: int = _JSON) -> dict[str, Any]:
    """Read one JSON object of at most `most` bytes."""
    if len(data) > most:
        raise refuse(member, f"has more than {most:,} bytes in one object")
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise refuse(member, "is no JSON") from error
    if not isinstance(value, dict):
        raise refuse(member, "is no JSON object")
    return value


def plain(text: str, most: int = _TEXT) -> str:
    """Return text as one line of at most `most` characters: none ends a line, reverses writing or looks like nothing.

    What stays has something to see, else it is empty.
    """
    line = "".join(c if c.isprintable() else " " for c in _BLANK.sub(" ", text[: 10 * most]))
    cut = " ".join(line.split())[:most].rstrip()
    # Marks alone, such as accents and variation selectors, are drawn on a letter that is not there.
    return cut if any(unicodedata.category(c)[0] not in "MZ" for c in cut) else ""


def plain_lines(text: str, most: int = _TEXT) -> str:
    """Return text as lines of at most `most` characters together, each as `plain` makes it."""
    lines = [plain(line, most) for line in text[: 10 * most].splitlines()]
    return "\n".join(lines).strip()[:most].rstrip()


def json_object(text: str | bytes, thing: str, do: str, where: str = "") -> dict[str, Any]:
    """Parse one JSON object without NaN and Infinity; ValueErrors speak of the `thing`, and what to `do` `where`."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError(f"The {thing} is nested too deeply: {do} one flat JSON object.") from error
    except ValueError as error:
        raise ValueError(f"The {thing} is not JSON ({str(error)[:80]}): {do} one JSON object{where}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"The {thing} is a {type(value).__name__}: {do} one JSON object{where}.")
    return value


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def whole_between(value: object, name: str, least: int, most: int) -> int:
    """A stranger's value, if it is a whole number from least to most; else a ValueError with its name."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"its {name} is {shown(value)} instead of a whole number from {least:,} to {most:,}")
    return value


def number_between(value: object, name: str, low: float, high: float) -> float:
    """A stranger's value, if it is a number from low to high, likewise; NaN is none."""
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"its {name} is {shown(value)} instead of a number from {low:g} to {high:g}")
    return float(value)  # type: ignore[arg-type]


def share_of(value: object) -> float:
    """A stranger's value as a share from 0 to 1; 0 for what is no number."""
    return float(min(1, max(0, value))) if isinstance(value, int | float) else 0.0


def shown(value: object) -> str:
    """A stranger's value, short enough to be repeated in a sentence."""
    text = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
