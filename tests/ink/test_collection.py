"""core/ink/collection.py: nothing saved is lost, whoever writes at once, and whatever a stranger's file holds."""

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from core.ink import collection, drawing
from core.ink.collection import DrawingSet, drawings
from core.ink.drawing import from_lines, held_out, images, to_line
from core.ink.render import render
from core.trash import NotInTrash
from tests.conftest import ROOT

STROKES = [[[0.3, 0.2], [0.6, 0.8]], [[0.5, 0.5]]]


@pytest.fixture
def saved(tmp_path: Path) -> DrawingSet:
    return DrawingSet(tmp_path / "folder" / "drawings.jsonl")


def line(**changes: Any) -> bytes:
    """A line as anybody might write it: label and strokes alone, unless more is given."""
    return json.dumps({"label": 3, "strokes": STROKES} | changes).encode()


def random_lines(count: int, seed: int = 0) -> bytes:
    """Drawings of any shape: one point and a thousand, wide lines and thin ones, names in any script."""
    rng = np.random.default_rng(seed)
    hands = ["", "Anna", "Ünï cödé", "名前", '"quoted" \\ {x}', "a" * 40]
    lines = []
    for _ in range(count):
        sizes = rng.integers(1, [3, 50, 1000][int(rng.integers(3))], int(rng.integers(1, 5)))
        strokes = [rng.uniform(-1, 2, (int(size), 2)).tolist() for size in sizes]
        facts = {"label": int(rng.integers(10)), "hand": hands[int(rng.integers(len(hands)))], "strokes": strokes}
        lines.append(json.dumps(facts | {"width": float(rng.uniform(0.001, 1)), "saved": int(rng.integers(2**31))}))
    return "\n".join(lines).encode()


def facts(one: drawing.Drawing) -> dict[str, Any]:
    return json.loads(to_line(one))


# -- one after the other -------------------------------------------------------------------------------------------


def test_a_drawing_is_kept_as_it_was_drawn(saved: DrawingSet) -> None:
    assert saved.all() == ()
    added = saved.add(STROKES, 0.05, 7, " Anna\n B ")
    (kept,) = DrawingSet(saved.path).all()
    assert facts(kept) == facts(added)
    assert (kept.label, kept.hand, kept.width) == (7, "Anna B", 0.05)
    assert [stroke.tolist() for stroke in kept.strokes] == STROKES
    assert (images([kept])[0] == render([np.array(stroke) for stroke in STROKES], 0.05)).all()


def test_lines_that_vary_in_width_keep_their_third_number(saved: DrawingSet) -> None:
    saved.add([np.array([[0.1, 0.2, 0.5], [0.3, 0.4, 1.25]])], 0.05, 1)
    assert DrawingSet(saved.path).all()[0].strokes[0].tolist() == [[0.1, 0.2, 0.5], [0.3, 0.4, 1.25]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": 10}, "label is 10"),
        ({"label": True}, "label is True"),
        ({"label": "3"}, "label is '3'"),
        ({"width": 0}, "width is 0"),
        ({"width": float("nan")}, "width is nan"),
        ({"hand": "x" * 41}, "hand is 'xxx"),
        ({"strokes": []}, "no ink"),
        ({"strokes": [[[9, 9]]]}, "coordinate is 9"),
    ],
)
def test_what_is_no_drawing_is_not_saved(saved: DrawingSet, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        saved.add(**{"strokes": STROKES, "width": 0.07, "label": 3, **changes})
    assert saved.all() == ()


def test_relabel_rename_delete_and_put_back_touch_no_other(saved: DrawingSet) -> None:
    saved.import_lines(random_lines(12))
    before = {one.id: facts(one) for one in saved.all()}
    first, second, third = [one.id for one in saved.all()][2:5]
    saved.relabel([first, "gone"], 9)
    saved.rename_hand([second], "Ben")
    gone = saved.delete([third, first])
    assert [facts(one) for one in saved.trash.read(gone.key)] == [before[first] | {"label": 9}, before[third]]
    saved.restore(gone.key)
    with pytest.raises(NotInTrash):
        saved.restore(gone.key)  # pressed twice
    changed = before | {first: before[first] | {"label": 9}, second: before[second] | {"hand": "Ben"}}
    assert {one.id: facts(one) for one in DrawingSet(saved.path).all()} == changed


def test_a_refused_change_changes_nothing(saved: DrawingSet) -> None:
    added = saved.add(STROKES, 0.07, 3)
    content = saved.path.read_bytes()
    for label in (10, -1, "4", None, 4.0):
        with pytest.raises(ValueError, match="label"):
            saved.relabel([added.id], label)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hand"):
        saved.rename_hand([added.id], "x" * 41)
    assert saved.path.read_bytes() == content


# -- reading -------------------------------------------------------------------------------------------------------


def test_what_was_read_is_kept_until_the_file_changes_and_only_new_lines_are_parsed(
    saved: DrawingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    DrawingSet(saved.path).import_lines(random_lines(5))
    first = saved.all()
    parsed: list[bytes] = []
    monkeypatch.setattr(collection, "from_line", lambda line: (parsed.append(line), drawing.from_line(line))[1])
    assert saved.all() is first
    DrawingSet(saved.path).add(STROKES, 0.07, 3)  # somebody else
    parsed.clear()
    assert saved.all()[:5] == first  # the same objects, with the pictures they carry
    assert len(parsed) == 1


def test_a_relabel_of_equal_length_in_the_same_instant_is_seen(saved: DrawingSet) -> None:
    added, other = saved.add(STROKES, 0.07, 3), DrawingSet(saved.path)
    for label in (4, 5, 6, 7) * 5:
        other.relabel([added.id], label)
        assert saved.all()[0].label == label


@pytest.mark.parametrize(
    "broken", [b"x", b"{}", b"\xff\xfe", b"[" * 100_000, line(label=11), line(foreign=1), b'{"label":3,"strokes":[[['],
    ids=lambda broken: repr(broken[:12]),
)  # fmt: skip
def test_a_broken_line_costs_itself_alone_and_stays_where_it_is(saved: DrawingSet, broken: bytes) -> None:
    first, second = saved.add(STROKES, 0.07, 1), saved.add(STROKES, 0.07, 2)
    lines = saved.path.read_bytes().splitlines()
    saved.path.write_bytes(b"\n".join([lines[0], broken, lines[1], b""]))
    assert [one.id for one in saved.all()] == [first.id, second.id]
    saved.relabel([first.id], 5)
    assert [one.label for one in saved.all()] == [5, 2]
    assert broken in saved.path.read_bytes()  # perhaps somebody can still mend it
    assert broken not in saved.export()


@pytest.mark.parametrize("change", ["add", "relabel", "import"])
def test_a_torn_last_line_is_passed_over_and_repaired_by_the_next_write(saved: DrawingSet, change: str) -> None:
    first = saved.add(STROKES, 0.07, 1)
    with saved.path.open("ab") as file:
        file.write(line(label=2)[:-9])  # killed in the middle of a write
    assert [one.id for one in saved.all()] == [first.id]
    if change == "add":
        saved.add(STROKES, 0.07, 4)
    elif change == "relabel":
        saved.relabel([first.id], 4)
    else:
        saved.import_lines(line(label=4))
    assert [one.label for one in DrawingSet(saved.path).all()] == ([4] if change == "relabel" else [1, 4])
    assert saved.path.read_bytes().endswith(b"\n")


def test_a_file_that_cannot_be_read_or_written_is_told_in_a_sentence(saved: DrawingSet, tmp_path: Path) -> None:
    saved.path.mkdir(parents=True)
    with pytest.raises(ValueError, match="cannot be read"):
        saved.all()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="could not be written"):
        DrawingSet(tmp_path / "file" / "drawings.jsonl").add(STROKES, 0.07, 3)


def test_a_full_disk_loses_nothing(saved: DrawingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    first = saved.add(STROKES, 0.07, 3)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for change in (lambda: saved.relabel([first.id], 4), lambda: saved.import_lines(line())):
        with pytest.raises(ValueError, match="No space left on device"):
            change()
    monkeypatch.undo()
    assert [facts(one) for one in saved.all()] == [facts(first)]
    assert [path.name for path in saved.path.parent.iterdir() if path.suffix == ".part"] == []


def test_one_who_never_lets_go_holds_nobody_up_for_ever(saved: DrawingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    saved.add(STROKES, 0.07, 3)
    monkeypatch.setattr(collection, "_PATIENCE_S", 0.05)
    with FileLock(saved.path.with_suffix(".lock")), pytest.raises(ValueError, match="Try again"):
        saved.add(STROKES, 0.07, 3)


# -- at once -------------------------------------------------------------------------------------------------------

_WRITER = """
import sys
from pathlib import Path
from core.ink.collection import DrawingSet
saved, hand = DrawingSet(Path(sys.argv[1])), sys.argv[2]
for turn in range(20):
    added = saved.add([[[0.1, 0.2], [0.3, 0.4]]], 0.07, turn % 10, hand)
    if turn % 5 == 0:
        saved.relabel([added.id], 9)
    if turn % 5 == 1:
        saved.delete([added.id])
    if turn % 5 == 2:
        saved.import_lines(b'{"label": 1, "hand": "%s", "strokes": [[[0.5, 0.5]]]}' % hand.encode())
"""


def test_processes_and_threads_at_once_lose_nothing(saved: DrawingSet) -> None:
    others = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(saved.path), f"process {number}"], cwd=ROOT)
        for number in range(2)
    ]
    threads = [
        threading.Thread(target=lambda n=number: [saved.add(STROKES, 0.07, 5, f"thread {n}") for _ in range(20)])
        for number in range(2)
    ]
    for thread in threads:
        thread.start()
    for waited in (*threads, *others):
        waited.join() if isinstance(waited, threading.Thread) else waited.wait()
    found = [(one.hand, one.label) for one in saved.all()]
    for number in range(2):
        assert found.count((f"thread {number}", 5)) == 20
        # of 20 that were added 4 are deleted and 4 brought in as well; 4 became nines
        assert sum(hand == f"process {number}" for hand, _ in found) == 20
        assert found.count((f"process {number}", 9)) == 4 + 2
    assert len(found) == len(saved.path.read_bytes().splitlines())


# -- files from elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_what_goes_out_comes_in_as_the_same_set(saved: DrawingSet, tmp_path: Path, seed: int) -> None:
    saved.import_lines(random_lines(40, seed))
    content, other = saved.export(), DrawingSet(tmp_path / "other.jsonl")
    done = other.import_lines(content)
    assert (len(done.added), done.skipped) == (40, ())
    assert other.export() == content
    assert other.path.read_bytes() == saved.path.read_bytes()
    assert (images(other.all()) == images(saved.all())).all()


BAD = {
    "not JSON": (b"{", "not JSON"),
    "not UTF-8": (b'{"label": 3, "hand": "\xff"}', "not UTF-8"),
    "a list": (b"[1, 2]", "is a list"),
    "a number": (b"3", "is a int"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "deep strokes": (b'{"label":3,"strokes":' + b"[" * 90_000 + b"]" * 90_000 + b"}", "nested too deeply|stroke"),
    "a huge line": (b'{"label": 3, "hand": "' + b"x" * 2**21 + b'"}', "bytes"),
    "a foreign key": (line(colour="red"), "'colour' is no key"),
    "a foreign key like ours": (line(Label=3), "'Label' is no key"),
    "NaN": (line(strokes=[[[float("nan"), 0]]]), "NaN is not a number"),
    "Infinity": (line(width=float("inf")), "Infinity is not a number"),
    "too large for a float": (b'{"label":3,"strokes":[[[1e999,0]]]}', "coordinate is inf"),
    "1e9 points away": (line(strokes=[[[1e9, 0]]]), "coordinate is 1e"),
    "a huge whole number": (b'{"label":3,"strokes":[[[1' + b"0" * 400 + b",0]]]}", "coordinate"),
    "a number of too many digits": (b'{"label":1' + b"0" * 5000 + b"}", "not JSON"),
    "too many points": (line(strokes=[[[0, 0]] * 20_001]), "20,001 points"),
    "too many strokes": (line(strokes=[[[0, 0]]] * 501), "501 strokes"),
    "a point of one": (line(strokes=[[[0.5]]]), "point"),
    "a point of text": (line(strokes=[[["0.5", "0.5"]]]), "coordinate|point"),
    "no strokes": (line(strokes=[[], []]), "no ink"),
    "strokes missing": (b'{"label": 3}', "strokes"),
    "label missing": (b'{"strokes": [[[0.5, 0.5]]]}', "label is None"),
    **{f"label {value!r}": (line(label=value), "label is") for value in (10, -1, True, "3", 3.5, 3.0, None, [3], 1e400)
       if value != float("inf")},
    **{f"width {value!r}": (line(width=value), "width is") for value in (0, -0.1, 1.01, "0.07", True, None, 10**400)},
    "a hand too long": (line(hand="x" * 41), "hand is"),
    "a hand of numbers": (line(hand=5), "hand is 5"),
    **{f"id {value!r:.20}": (line(id=value), "id is") for value in ("", 5, None, "../x", "a b", "x" * 41, "ä")},
    **{f"saved {value!r}": (line(saved=value), "saved at") for value in (-1, "now", None, True, 1e300)},
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_line_is_told_by_its_number_and_the_rest_kept(saved: DrawingSet, bad: str) -> None:
    content, said = BAD[bad]
    done = saved.import_lines(b"\n".join([line(label=1), b"", content, line(label=2), content]))
    assert [one.label for one in done.added] == [one.label for one in saved.all()] == [1, 2]
    assert [number for number, _ in done.skipped] == [3, 5]
    assert all(re.search(said, why) for _, why in done.skipped), done.skipped
    assert all(len(why) < 300 for _, why in done.skipped)


def test_anything_at_all_may_be_brought_in(saved: DrawingSet) -> None:
    rng = np.random.default_rng(1)
    good = random_lines(3)
    for _ in range(60):
        spoilt = bytearray(good)
        for place in rng.integers(0, len(good), int(rng.integers(1, 30))):
            spoilt[place] = rng.integers(256)
        done = saved.import_lines(bytes(spoilt))
        assert images(done.added).shape == (len(done.added), 28, 28)
    assert len(DrawingSet(saved.path).all()) == len(saved.all())


def test_files_of_other_systems_are_read_too(saved: DrawingSet) -> None:
    done = saved.import_lines(b"\xef\xbb\xbf" + line(label=1) + b"\r\n\r\n  " + line(label=2) + b"\r\n")
    assert [one.label for one in done.added] == [1, 2]
    assert done.skipped == ()


def test_an_id_that_is_there_is_skipped_when_it_is_the_same_drawing_and_renamed_when_not(saved: DrawingSet) -> None:
    saved.import_lines(line(id="one", label=1))
    done = saved.import_lines(b"\n".join([line(id="one", label=1, saved=5), line(id="one", label=2), line(), line()]))
    assert done.skipped == ((1, "It is already there."),)
    ids = [one.id for one in saved.all()]
    assert ids[0] == "one"
    assert len(set(ids)) == len(ids) == 4  # without an id each line is a drawing of its own


def test_a_full_set_takes_no_more(saved: DrawingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_DRAWINGS", 3)
    done = saved.import_lines(b"\n".join([line()] * 5))
    assert [number for number, why in done.skipped if "full" in why] == [4, 5]
    with pytest.raises(ValueError, match="full"):
        saved.add(STROKES, 0.07, 3)
    gone = saved.delete([saved.all()[0].id])
    saved.add(STROKES, 0.07, 3)
    with pytest.raises(ValueError, match="full"):
        saved.restore(gone.key)
    assert len(saved.all()) == 3


def test_a_set_takes_no_more_bytes_than_an_import_may_have(saved: DrawingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_BYTES", 500)
    monkeypatch.setattr(drawing, "MAX_BYTES", 500)
    done = saved.import_lines(b"\n".join([line()] * 5))
    assert 0 < len(done.added) < 5
    assert len(saved.export()) <= 500
    with pytest.raises(ValueError, match="at once"):
        saved.import_lines(b" " * 501)


def test_a_file_of_too_many_lines_is_refused_as_a_whole(saved: DrawingSet) -> None:
    with pytest.raises(ValueError, match="100,001 lines"):
        saved.import_lines(b"\n" * 100_001)


def test_ten_thousand_drawings_come_in_at_once(saved: DrawingSet) -> None:
    content = b"\n".join(line(label=number % 10, strokes=[[[0.1, 0.2], [0.1, 0.3]]]) for number in range(10_000))
    done = saved.import_lines(content + b"\n{")
    assert (len(done.added), [number for number, _ in done.skipped]) == (10_000, [10_001])
    assert len(DrawingSet(saved.path).all()) == 10_000


# -- what others build on ------------------------------------------------------------------------------------------


def test_a_fifth_is_kept_aside_whatever_else_there_is(saved: DrawingSet) -> None:
    saved.import_lines(b"\n".join([line()] * 1000))
    everything = saved.all()
    aside = held_out(everything)
    assert 0.16 < aside.mean() < 0.24
    assert (held_out(everything[::-3]) == aside[::-3]).all()
    assert (held_out([replace(one, label=0, hand="x") for one in everything]) == aside).all()
    assert held_out([]).shape == (0,)


def test_each_drawing_is_rendered_once(saved: DrawingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    saved.import_lines(random_lines(3))
    first = images(saved.all())
    monkeypatch.setattr(drawing, "render", lambda *_: pytest.fail("rendered again"))
    saved.add(STROKES, 0.07, 3)
    assert (images(saved.all()[:3]) == first).all()
    assert images([]).shape == (0, 28, 28)


def test_lines_of_a_file_without_ids_have_the_same_ones_each_time() -> None:
    content = b"\n".join([line(label=1), line(label=2), line(label=1)])
    first, second = from_lines(content), from_lines(content)
    assert [one.id for one in first.added] == [one.id for one in second.added]
    assert [number for number, _ in first.skipped] == [3]


def test_the_set_of_this_installation_lies_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    assert drawings().path == tmp_path / "drawings.jsonl"
    assert drawings() is drawings()
