"""core/ink/trash.py: deleted drawings lie in a trash for a day, whoever is killed or faster."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.files import write_file
from core.ink import collection
from core.ink.collection import DrawingSet
from core.ink.drawing import to_line
from core.trash import NotInTrash
from tests.conftest import ROOT


@pytest.fixture
def saved(tmp_path: Path) -> DrawingSet:
    """Twenty drawings, of 0 to 9 in turn."""
    found = DrawingSet(tmp_path / "drawings.jsonl")
    lines = [{"id": f"d-{n}", "label": n % 10, "strokes": [[[0.1, 0.2], [0.3, 0.1 + n / 50]]]} for n in range(20)]
    found.import_lines("\n".join(map(json.dumps, lines)).encode())
    return found


def ids(saved: DrawingSet) -> set[str]:
    return {one.id for one in saved.all()}


def lines(saved: DrawingSet) -> set[bytes]:
    return set(map(to_line, saved.all()))


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_deletion_is_listed_with_what_it_holds_and_its_times_in_every_process(saved: DrawingSet) -> None:
    assert saved.delete(["gone"]) is None
    trashed = saved.delete(["d-3", "d-13", "d-7"])
    other = DrawingSet(saved.path)
    assert other.trashed() == [trashed]
    assert trashed is not None
    assert (trashed.what, trashed.more) == ("3 drawings", "Meant to be 3, 7")
    assert abs(trashed.since - time.time()) < 60
    assert trashed.until == trashed.since + 24 * 3600


def test_what_is_restored_is_as_it_was(saved: DrawingSet) -> None:
    before = lines(saved)
    trashed = saved.delete([f"d-{n}" for n in range(15)])
    assert trashed is not None
    DrawingSet(saved.path).restore(trashed.key)
    assert lines(saved) == before
    assert saved.trashed() == []
    with pytest.raises(NotInTrash, match="somebody restored it"):
        saved.restore(trashed.key)


def test_what_is_older_than_a_day_is_swept_when_it_is_listed(
    saved: DrawingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    trashed = saved.delete(["d-1"])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 - 5)
    assert saved.trashed() == [trashed]
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 + 5)
    assert saved.trashed() == []
    assert list(saved.trash.folder.folder.iterdir()) == []


def test_what_came_back_by_an_import_is_no_longer_in_the_trash_and_not_saved_twice(saved: DrawingSet) -> None:
    exported, trashed = saved.export(), saved.delete(["d-1", "d-2"])
    assert trashed is not None
    saved.import_lines(exported.splitlines()[1])
    assert [one.what for one in saved.trashed()] == ["1 drawing"]
    saved.restore(trashed.key)
    assert len(saved.all()) == 20
    saved.delete(["d-1"])
    saved.import_lines(exported)
    assert saved.trashed() == []


def test_a_full_set_refuses_and_the_trash_keeps_them(saved: DrawingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    trashed = saved.delete(["d-1"])
    assert trashed is not None
    monkeypatch.setattr(collection, "MAX_DRAWINGS", 19)
    with pytest.raises(ValueError, match="full"):
        saved.restore(trashed.key)
    assert saved.trashed() == [trashed]


def test_what_is_no_deletion_is_left_out(saved: DrawingSet) -> None:
    trashed = saved.delete(["d-1"])
    for name, content in (("a1.1", b"\xff"), ("b2.9999999999999", b"{}\n"), ("notes.txt", b"mine")):
        write_file(saved.trash.folder.folder / name, content)
    assert saved.trashed() == [trashed]
    for key in ("../drawings.jsonl", "", "notes.txt", "c3.5"):
        with pytest.raises(ValueError, match="brought back"):
            saved.restore(key)


def test_of_two_who_restore_or_erase_at_once_one_does_it_and_one_is_told(saved: DrawingSet) -> None:
    keys = [trashed.key for n in range(20) if (trashed := saved.delete([f"d-{n}"]))]
    done: list[str] = []
    told: list[str] = []

    def act(erase: bool) -> None:
        own = DrawingSet(saved.path)
        for key in keys:
            try:
                own.trash.folder.erase(key) if erase else own.restore(key)
                done.append(key)
            except NotInTrash as error:
                told.append(str(error))

    threads = [threading.Thread(target=act, args=(False,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(keys)
    assert len(told) == 20
    assert ids(saved) == {f"d-{n}" for n in range(20)}
    assert saved.trashed() == []


_FOR_EVER = """
import sys
from pathlib import Path
from core.ink.collection import DrawingSet
saved = DrawingSet(Path(sys.argv[1]))
print("begun", flush=True)
while True:
    saved.restore(saved.delete([f"d-{n}" for n in range(10)]).key)
"""


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.01, 0.03, 0.05, 0.1])
def test_killed_while_it_deletes_and_restores_every_drawing_is_saved_or_in_the_trash(
    saved: DrawingSet, delay: float
) -> None:
    before = lines(saved)
    process = python(_FOR_EVER, saved.path)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for trashed in saved.trashed():
        saved.restore(trashed.key)
    assert lines(saved) == before
    assert saved.trashed() == []


def test_what_holds_no_drawing_is_not_restored_and_stays(saved: DrawingSet) -> None:
    trashed = saved.delete(["d-3"])
    assert trashed is not None
    path = saved.trash.folder.folder / trashed.key
    before = lines(saved)
    path.write_bytes(b"{torn\n")
    with pytest.raises(ValueError, match="cannot be restored: no line of it is a drawing"):
        saved.restore(trashed.key)
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match=r"cannot be read \(Is a directory\)"):
        saved.restore(trashed.key)
    assert path.exists()
    assert lines(saved) == before
