"""core/files.py: what an .npz of a stranger may end in, that a whole one comes back, and a disk's refusals in words."""

import errno
import os
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.files import UNREADABLE, disk_errors, open_npz, write_file, write_npz

NAMES = {"points": np.float32, "rows": np.int32}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    arrays = {"points": np.arange(6, dtype=np.float32).reshape(3, 2), "rows": np.arange(3, dtype=np.int32)}
    write_npz(tmp_path / "stored.npz", arrays, facts={"version": 7})
    return tmp_path / "stored.npz"


def test_what_is_written_is_read_and_cannot_be_changed(path: Path) -> None:
    arrays, facts = open_npz(str(path), {**NAMES, "basis": np.float32}, 1 << 20)
    assert facts == {"version": 7}
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "points": [[0, 1], [2, 3], [4, 5]],
        "rows": [0, 1, 2],
    }
    with pytest.raises(ValueError, match="read-only"):
        arrays["points"][0] = 1


def test_a_broken_byte_anywhere_is_unreadable_or_does_no_harm(path: Path) -> None:
    whole, chance = path.read_bytes(), random.Random(0)
    refused = 0
    for place in range(0, len(whole), 3):
        broken = bytearray(whole)
        broken[place] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        try:
            arrays, _ = open_npz(str(path), NAMES, 1 << 20)
        except UNREADABLE:
            refused += 1
        else:
            assert all(np.isfinite(array).all() for array in arrays.values())
    assert refused > len(whole) / 9


@pytest.mark.parametrize("member", ["points.npy", "facts.npy", "points", "facts"])
def test_a_member_that_is_no_array_is_unreadable(tmp_path: Path, member: str) -> None:
    path = tmp_path / "stored.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(member, b"no array")
    with pytest.raises(UNREADABLE):
        open_npz(str(path), {"points": np.float32}, 1 << 20)


def test_an_array_of_another_type_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="its rows are int32"):
        open_npz(str(path), {"rows": np.int64}, 1 << 20)


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.npz"
    facts = np.frombuffer(b"{}", np.uint8)
    np.savez_compressed(path, codes=np.zeros((200_000, 6), np.float32), facts=facts)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ValueError, match="unpacks to more"):
        open_npz(str(path), {"codes": np.float32}, 1 << 20)
    with pytest.raises(ValueError, match="bytes"):
        open_npz(str(path), {"codes": np.float32}, 1 << 10)


def told(folder: Path, action: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=re.escape(f"{folder} could not be written (")) as raised, disk_errors(folder):
        action()
    return str(raised.value).partition("could not be written ")[2]


def test_what_is_in_the_way_is_named_where_it_is(tmp_path: Path) -> None:
    file, full = tmp_path / "file", tmp_path / "full"
    file.touch()
    (full / "inner").mkdir(parents=True)
    for action, why, what in (
        (lambda: (file / "a" / "b").mkdir(parents=True), "Not a directory", file),
        (lambda: write_file(file / "a", b""), "Not a directory", file),
        (lambda: file.mkdir(exist_ok=True), "File exists", file),
        (full.mkdir, "File exists", full),
        (lambda: write_file(full, b""), "Is a directory", full),
        (lambda: (full / "inner").rename(file), "Not a directory", file),
        (lambda: file.rename(full), "Is a directory", full),
        (lambda: (tmp_path / "full" / "inner").replace(full), "Directory not empty", full),
    ):
        assert told(tmp_path, action) == f"({why}): {what} is in the way. Move it elsewhere."


def test_what_was_deleted_meanwhile_is_not_told_to_free_space(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    says = "(No such file or directory): it was deleted or moved meanwhile. Look whether it is there, then try again."
    for action in (lambda: write_file(gone / "a", b""), (gone / "a").touch, lambda: gone.rename(tmp_path / "b")):
        assert told(gone, action) == says
    with pytest.raises(LookupError, match="gone"), disk_errors(gone, gone=LookupError("gone")):
        write_file(gone / "a", b"")


@pytest.mark.parametrize(
    ("code", "do"),
    [
        *((errno.ENOSPC, ". Free some space."), (errno.EDQUOT, ". Free some space.")),
        *((errno.EACCES, ": permit writing."), (errno.EPERM, ": permit writing."), (errno.EROFS, ": permit writing.")),
        (errno.EIO, ". Look after the disk, then try again."),
    ],
)
def test_advice_fits_what_the_disk_says(tmp_path: Path, code: int, do: str) -> None:
    def refuse() -> None:
        raise OSError(code, os.strerror(code))

    assert told(tmp_path, refuse) == f"({os.strerror(code)}){do}"


def test_what_is_half_made_is_undone(tmp_path: Path) -> None:
    half = tmp_path / "half"
    (half / "a").mkdir(parents=True)
    with pytest.raises(ValueError, match="could not be written"), disk_errors(tmp_path, undo=half):
        half.mkdir()
    assert not half.exists()
