"""The page Your hand: drawings found, relabelled, deleted and undone; files of strangers; what learning changed."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.ink.collection import DrawingSet, drawings
from core.ink.drawing import held_out
from core.measures import drawing_reads
from core.runs import finetune, recorder
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.runs.weights import load_model
from pages.parts.drawings import gallery, readings
from pages.parts.drawings.learn_form import plan
from pages.parts.drawings.learn_result import describe_change
from pages.parts.drawings.readings import Accuracy, readers
from tests.conftest import change_weights, page_of_site, small, sound, wait_for
from tests.pages.conftest import others

Train = Callable[..., Run]
pytestmark = pytest.mark.usefixtures("saved", "submitted")


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: RunStore) -> DrawingSet:
    """An empty set that the page uses, too, beside an empty store."""
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    return drawings()


def fill(count: int, hand: str = "") -> list[str]:
    """Save drawings, labelled 0 to 9 in turn, the first the oldest; return their ids."""
    lines = []
    for number in range(count):
        strokes = [[[0.3 + 0.01 * (number % 40), 0.1], [0.5, 0.9]]]
        facts = {"label": number % 10, "hand": hand, "strokes": strokes, "saved": 1_000_000 + number}
        lines.append(json.dumps(facts | {"id": f"{hand[:4] or 'drawing'}-{number}"}))
    return [one.id for one in drawings().import_lines("\n".join(lines).encode()).added]


def page(**query: str) -> AppTest:
    """The page as a visitor opens it, by a link with such an address."""
    return page_of_site("your_hand", **query)


def words(at: AppTest) -> str:
    parts = [e.value for kind in (at.markdown, at.caption, at.error) for e in kind]
    return "\n".join([*parts, *(e.proto.body for e in at.get("html"))])


def shown(at: AppTest) -> dict[str, Any]:
    """What the gallery was given."""
    (gallery,) = at.get("bidi_component")
    data: dict[str, Any] = json.loads(gallery.proto.json)
    return data


def ids(at: AppTest) -> list[str]:
    return [tile["id"] for tile in shown(at)["tiles"]]


def act(at: AppTest, what: object, ids: object, value: object = None, stamp: object = 1) -> AppTest:
    """What the gallery sends when somebody acts on chosen drawings."""
    at.session_state["drawings-gallery"] = {"act": {"what": what, "ids": ids, "value": value, "stamp": stamp}}
    return sound(at.run())


def popovers(at: AppTest) -> list[str]:
    return [e.proto.popover.label for e in at.get("popover")]


def undos(at: AppTest) -> list[str]:
    """The keys of the buttons that undo a deletion, the oldest first."""
    return [button.key for button in at.button if button.key.startswith("undo-")]


def has_read(run: Run) -> None:
    wait_for(lambda: not drawing_reads.reading(run) and not drawing_reads.reading(run, before=True))


def bring(at: AppTest, content: bytes, name: str = "drawings.jsonl") -> AppTest:
    at.get("file_uploader")[0].upload(name, content)
    return sound(at.run())


# -- the gallery ---------------------------------------------------------------------------------------------------


def test_an_empty_set_says_where_drawings_come_from() -> None:
    at = page()
    assert "No drawings yet" in words(at)
    assert "Draw a digit on the page Draw" in words(at)
    assert not at.get("bidi_component")
    assert at.get("file_uploader")


def test_drawings_are_shown_newest_first_in_pages_of_sixty() -> None:
    made = fill(130)
    at = page()
    assert ids(at) == made[:-61:-1]
    assert shown(at)["total"] == 130
    assert "**130 drawings**" in words(at)
    at.session_state["drawings-page"] = 3
    assert ids(sound(at.run())) == made[9::-1]
    drawings().delete(made[:100])  # by somebody else: there is no third page any more
    assert ids(sound(at.run())) == made[:99:-1]


def test_each_tile_says_what_it_is_and_marks_those_kept_aside() -> None:
    fill(30, "Anna <b>")
    tiles, everything = shown(page())["tiles"], drawings().all()
    aside = dict(zip([one.id for one in everything], held_out(everything).tolist(), strict=True))
    assert {tile["id"]: tile["aside"] for tile in tiles} == aside
    assert 0 < sum(aside.values()) < 30
    assert tiles[0]["text"] == "9"
    assert "9, by Anna <b>, 12 Jan 1970" in tiles[0]["spoken"]  # the component sets it as text


def test_labels_and_hands_filter() -> None:
    anna, ben, nobody = fill(20, "Anna"), fill(10, "Ben"), fill(5)
    at = page()
    sound(at.pills(key="label").set_value([3, 4]).run())
    assert set(ids(at)) == {*anna[3::10], *anna[4::10], ben[3], ben[4], nobody[3], nobody[4]}
    sound(at.selectbox(key="drawings-hand").set_value("Ben").run())
    assert set(ids(at)) == {ben[3], ben[4]}
    sound(at.selectbox(key="drawings-hand").set_value("No name").run())
    assert set(ids(at)) == {nobody[3], nobody[4]}
    drawings().delete([*anna, *nobody])
    sound(at.run())
    assert set(ids(at)) == {ben[3], ben[4]}  # the hand that was chosen is gone, and with it the filter
    sound(at.pills(key="label").set_value([3]).run())
    drawings().delete([ben[3]])
    assert "No drawing passes this filter" in words(sound(at.run()))


def test_one_drawing_is_relabelled_renamed_deleted_and_brought_back() -> None:
    made = fill(5)
    at = page()
    act(at, "relabel", [made[1]], 8, stamp=1)
    act(at, "hand", made[2:4], "Ben", stamp=2)
    assert [(one.label, one.hand) for one in drawings().all()] == [(0, ""), (8, ""), (2, "Ben"), (3, "Ben"), (4, "")]
    act(at, "delete", [made[0], made[4]], stamp=3)
    assert "Deleted 2 drawings." in words(at)
    assert ids(at) == [made[3], made[2], made[1]]
    sound(at.run())  # the value is still there, and done
    assert "Deleted 2 drawings." in words(at)
    sound(at.button(key=undos(at)[0]).click().run())
    assert ids(at) == made[::-1]
    assert "Deleted" not in words(at)


def test_all_of_a_filter_are_acted_on_at_once() -> None:
    made = fill(200)
    at = page()
    sound(at.pills(key="label").set_value([3]).run())
    act(at, "delete", None)
    assert [one.id for one in drawings().all()] == [one for one in made if one not in made[3::10]]
    assert "Deleted 20 drawings." in words(at)


def test_only_the_last_deletions_can_be_undone_and_a_line_can_be_dismissed() -> None:
    made = fill(6)
    at = page()
    for stamp in range(5):
        act(at, "delete", [made[stamp]], stamp=stamp)
    undo = undos(at)
    assert undo == [f"undo-{one.key}" for one in drawings().trashed()[2::-1]]
    sound(at.button(key=undo[0].replace("undo", "dismiss")).click().run())
    assert len(drawings().all()) == 1
    assert undos(at) == undo[1:]
    assert "Trash (5)" in popovers(at)  # where all of them can be restored


@pytest.mark.parametrize(
    "acts",
    [
        5, "act", [], {}, {"stamp": 1}, {"stamp": "x", "what": "delete", "ids": None},
        {"stamp": 1, "what": "explode", "ids": None}, {"stamp": 1, "what": "delete", "ids": "drawing-1"},
        {"stamp": 1, "what": "delete", "ids": [["drawing-1"]]}, {"stamp": 1, "what": "delete", "ids": ["../x"]},
        {"stamp": 1, "what": "delete", "ids": ["drawing-1"] * 61}, {"stamp": float("nan"), "what": "delete"},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_gallery_sends_changes_nothing(acts: object) -> None:
    fill(3)
    content, at = drawings().path.read_bytes(), page()
    at.session_state["drawings-gallery"] = {"act": acts}
    sound(at.run())
    assert drawings().path.read_bytes() == content


@pytest.mark.parametrize(("what", "value"), [("relabel", 10), ("relabel", "3"), ("relabel", True), ("relabel", None),
                                             ("hand", "x" * 41), ("hand", 5), ("hand", None)])  # fmt: skip
def test_a_value_that_cannot_be_is_refused_in_a_sentence(what: str, value: object) -> None:
    made = fill(3)
    content = drawings().path.read_bytes()
    at = act(page(), what, made[:1], value)
    assert {"relabel": "The label is", "hand": "The hand is"}[what] in words(at)
    assert drawings().path.read_bytes() == content


def test_the_name_for_new_drawings_outlives_the_page() -> None:
    at = page()
    sound(at.text_input(key="hand-field").set_value("  Anna ").run())
    assert at.session_state["hand"] == "Anna"
    sound(at.switch_page("runs.py").run())
    assert at.session_state["hand"] == "Anna"
    assert sound(at.switch_page("your_hand.py").run()).text_input(key="hand-field").value == "Anna"


def test_a_set_that_cannot_be_read_is_told_in_a_sentence(saved: DrawingSet) -> None:
    saved.path.mkdir(parents=True)
    assert "cannot be read" in words(page())


# -- files ---------------------------------------------------------------------------------------------------------


def test_what_goes_out_comes_in_and_can_be_taken_back() -> None:
    made = fill(3)
    content = drawings().export()
    drawings().delete(made[:2])
    at = bring(page(), content)
    assert "Brought in 2 drawings. 1 line skipped:" in words(at)
    assert "It is already there." in words(at)
    assert set(ids(at)) == set(made)
    sound(at.button(key="drawings-import-undo").click().run())
    assert ids(at) == made[2:]
    assert "Brought in" not in words(at)


def test_bad_lines_are_told_by_number_and_the_rest_kept() -> None:
    good = b'{"label": 4, "strokes": [[[0.5, 0.5]]]}'
    bad = b'{"label": 4, "strokes": [[[0.5, 0.5]]], "<b>bold</b>": 1}'
    at = bring(page(), b"\n".join([good, *[bad] * 25, good]))
    text = words(at)
    assert "Brought in 2 drawings. 25 lines skipped:" in text
    assert "line 2<" in text
    assert "line 21<" in text
    assert "line 22<" not in text
    assert "and 5 lines more, in the report" in text
    assert "<b>bold" not in text
    assert len(drawings().all()) == 2
    sound(at.button(key="drawings-import-dismiss").click().run())
    assert "Brought in" not in words(at)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 500, b"PK\x03\x04", b"\xff\xfe{\0", b"{" * 5000, b"label,strokes\n3,x\n", b"[{}]"],
    ids=repr,
)
def test_a_file_that_holds_no_drawing_is_no_traceback(content: bytes) -> None:
    at = bring(page(), content)
    assert drawings().all() == ()
    assert "Brought in 0 drawings." in words(at)


def test_a_file_too_large_as_a_whole_is_refused_in_a_sentence() -> None:
    at = bring(page(), b"\n" * 100_001)
    assert "bring in at most 100 MB and 100,000 lines" in words(at)
    assert page().get("file_uploader")[0].proto.max_upload_size_mb == 100


def test_a_disk_that_refuses_is_told_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fill(3)
    content, at = drawings().export(), page()
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    act(at, "delete", made[:1], stamp=1)
    assert "No space left on device" in words(at)
    bring(at, content.replace(b"drawing-", b"other-"))
    assert "No space left on device" in at.error[-1].value
    monkeypatch.setattr(os, "fsync", real)
    assert ids(sound(at.run())) == made[::-1]


# -- how runs read them --------------------------------------------------------------------------------------------


def test_every_reader_of_digits_is_in_the_table_with_what_it_reads_right(runs: RunStore, trained: Train) -> None:
    fill(40)
    run, other = trained(), runs.create(small("softmax"), "No weights")
    runs.create(small("autoencoder"), "Redraws")
    assert [one.id for one in readers()] == [run.id]
    assert other.id not in words(page())
    has_read(run)
    everything = drawings().all()
    read_as = load_model(run).predict_proba(np.stack([one.image for one in everything])).argmax(axis=1)
    assert (drawing_reads.readings(run, everything) == read_as).all()
    meant, aside = np.array([one.label for one in everything]), held_out(everything)
    right, text = int((read_as == meant).sum()), words(page())
    assert f"{right} of 40" in text
    assert f"{int((read_as == meant)[aside].sum())} of {aside.sum()}" in text
    accuracy = run.history().epochs[-1].test["accuracy"]
    assert f"{100 * accuracy:.2f}\N{NO-BREAK SPACE}%<small>Embedded digits" in text


def test_the_misread_ones_of_a_run_say_what_was_read(trained: Train) -> None:
    made = fill(30)
    run = trained()
    at = page()
    has_read(run)
    read_as = dict(zip(made, drawing_reads.readings(run, drawings().all()).tolist(), strict=True))
    sound(at.selectbox(key="misread").set_value(run.id).run())
    wrong = [one for number, one in enumerate(made) if read_as[one] != number % 10]
    assert 0 < len(wrong) <= 30
    assert ids(at) == wrong[::-1]
    label = made.index(wrong[-1]) % 10
    assert shown(at)["tiles"][0]["text"] == f"reads {read_as[wrong[-1]]}, is {label}"
    act(at, "relabel", [wrong[-1]], read_as[wrong[-1]])  # it was not the run that was wrong
    has_read(run)
    assert ids(sound(at.run())) == wrong[-2::-1]


def test_only_what_is_new_is_read_again(trained: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(30)
    run = trained()
    page(), has_read(run)
    counts: list[int] = []
    model, real = load_model(run), type(load_model(run)).predict_proba
    monkeypatch.setattr(type(model), "predict_proba", lambda self, x: (counts.append(len(x)), real(self, x))[1])
    drawings().add([[[0.5, 0.5]]], 0.07, 1)
    page(), has_read(run)
    assert counts == [1]
    page()
    assert not drawing_reads.reading(run)
    change_weights(run)  # other weights
    assert (drawing_reads.readings(run, drawings().all()) == drawing_reads.UNREAD).all()


def test_much_is_read_only_on_a_button(trained: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "_UNASKED", 20)
    fill(30)
    run = trained()
    at = page()
    assert not drawing_reads.reading(run)
    assert "0 of 30 read" in words(at)
    sound(at.button(key="drawings-read").click().run())
    has_read(run)
    assert (drawing_reads.readings(run, drawings().all()) != drawing_reads.UNREAD).all()


def test_a_run_that_cannot_read_says_why_and_holds_up_no_other(trained: Train) -> None:
    fill(12)
    good, torn = trained(), trained(seed=2)
    (torn.folder / "weights.safetensors").write_bytes(b"torn")
    page(), has_read(torn), has_read(good)
    text = words(page())
    assert f"The weights of {torn.name}" in text or "missing or damaged" in text
    assert " of 12</small>" in text


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([], ""),
        ([("A", Accuracy(1, 3, 1))], ""),
        ([("A", Accuracy(1, 3)), ("B", Accuracy(2, 3))], "B reads 2 of 3 right. Choose"),
        ([("A", Accuracy(2, 3)), ("B", Accuracy(2, 3))], "2 models read 2 of 3 right. Choose"),
        ([("A", Accuracy(3, 3)), ("B", Accuracy(0, 3, 3))], "A reads all 3 right."),
    ],
)
def test_the_table_in_a_sentence(shares: list[tuple[str, Accuracy]], said: str) -> None:
    assert readings.describe_readings(shares).startswith(said)
    assert bool(readings.describe_readings(shares)) == bool(said)


# -- learning ------------------------------------------------------------------------------------------------------


def test_a_copy_learns_from_all_but_those_kept_aside(trained: Train, submitted: list[Any], runs: RunStore) -> None:
    fill(60)
    run = trained()
    at = page()
    everything = drawings().all()
    aside = held_out(everything)
    count = int((~aside).sum())
    assert f"learns from {count} drawings" in words(at)
    assert f"{60 - count} drawings kept aside" in words(at)
    sound(at.button(key="learn").click().run())
    (made,) = others(submitted)
    assert made.config.start == run.id
    learned = [one for one, kept in zip(everything, aside, strict=True) if not kept]
    assert [one.id for one in finetune.learned_from(made)] == [one.id for one in learned]
    assert made.id in at.session_state["announced-runs"]
    assert "Before and after" in [e.value for e in at.header]
    recorder.train(made)
    assert made.status() == Status.FINISHED
    for _ in range(2):  # a run reads one set at a time: the table asks for its own first, then the comparison
        sound(at.run())
        has_read(made)
    text = words(sound(at.run()))
    for title in ("Kept aside", "Learned from", "Embedded digits, test set", "points", "Read right only now"):
        assert title in text
    was = drawing_reads.readings(made, finetune.learned_from(made), before=True)
    assert (was == drawing_reads.UNREAD).all()  # other objects: nobody has read these
    right = int((drawing_reads.readings(run, learned) == [one.label for one in learned]).sum())
    assert f"{right} of {count}</small>" in text


def test_the_origin_may_be_deleted_meanwhile(trained: Train, runs: RunStore, submitted: list[Any]) -> None:
    fill(20)
    run = trained()
    at = page()
    sound(at.button(key="learn").click().run())
    recorder.train(others(submitted)[0])
    runs.delete(run)
    drawings().delete([one.id for one in drawings().all()])
    sound(at.run())
    has_read(others(submitted)[0])
    text = words(sound(at.run()))
    assert "No drawing is kept aside yet" in text
    assert "Learned from" in text


def test_a_refused_start_is_told_in_a_sentence(trained: Train, submitted: list[Any], runs: RunStore) -> None:
    fill(20)
    run = trained()
    at = page()
    runs.delete(run)
    sound(at.button(key="learn").click().run())
    assert others(submitted) == []
    at = page()
    assert "No classifier of digits is trained yet" in words(at)


def test_one_drawing_is_enough_to_begin_and_too_few_to_say_anything(trained: Train) -> None:
    run = trained()
    one, many, none = plan(run, 1, 0), plan(run, 100, 20), plan(run, 0, 2)
    assert "learns from 1 drawing," in one
    assert "fewer than 10" in one
    assert "fewer than 10" not in many
    assert "save some more" in none


def test_what_learning_changed_in_a_sentence(trained: Train) -> None:
    run = trained()
    aside = (Accuracy(3, 10), Accuracy(8, 10))
    assert describe_change(run, aside, (0.99, 0.9874)) == (
        "Of 10 drawings kept aside it reads 8 right, and read 3 before. On Embedded digits it costs 0.26 points."
    )
    assert describe_change(run, aside, (None, 0.9)).endswith("3 before.")
    assert describe_change(run, aside, (0.9, 0.95)).endswith("it brings 5.00 points.")
    assert describe_change(run, (Accuracy(0, 0), Accuracy(0, 0)), (None, None)).startswith("No drawing is kept aside")
    assert describe_change(run, (replace(aside[0], unread=2), aside[1]), (0.9, 0.9)) == "The drawings are being read."


def test_a_page_of_pictures_is_one_sheet_ten_in_a_row() -> None:
    import base64
    import io

    from PIL import Image

    pictures = np.random.default_rng(0).integers(0, 256, (23, 28, 28), np.uint8)
    address = gallery._sheet(pictures)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))
    assert sheet.shape == (3 * 28, 10 * 28)
    assert (sheet[28:56, 56:84] == pictures[12]).all()
    assert not sheet[56:, 84:].any()
