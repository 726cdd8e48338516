"""The trash on the pages: everybody sees it, nothing goes by one press or by a link, and who is late is told."""

import json
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.files import write_npz
from core.ink.collection import DrawingSet, drawings
from core.runs.store import RunStore
from tests.conftest import page_of_site, sound
from tests.pages.test_runs import chosen, ended, keys, names, page, popovers, tick, words

pytestmark = pytest.mark.usefixtures("submitted")


def press(at: AppTest, key: str) -> AppTest:
    return sound(at.button(key=key).click().run())


def labelled(at: AppTest, label: str) -> list[str]:
    return [str(button.key) for button in at.button if button.label == label]


# -- a link arms nothing -------------------------------------------------------------------------------------------


def test_runs_of_a_link_are_compared_and_not_to_be_deleted(runs: RunStore) -> None:
    ids = [ended(runs, name).id for name in "ABC"]
    for at in (page(run=",".join(ids)), page(), page(run=ids[0])):
        assert at.button(key="runs-delete").disabled
        assert at.button(key="runs-delete").label == "Delete"
        assert "Chosen by the page or a link: to delete, untick and tick again." in words(at)
    assert {line["name"] for line in json.loads(page(run=",".join(ids)).get("bidi_component")[0].proto.json)["figure"][
        "data"]} == set("ABC")  # fmt: skip


def test_only_what_was_ticked_by_hand_is_deleted_and_named_first(runs: RunStore) -> None:
    one, two, _ = (ended(runs, name) for name in ("One", "Two", "Three"))
    at = page(run=f"{one.id},{two.id}")
    tick(at, "One", "Two", "Three")
    assert at.button(key="runs-delete").label == "Delete 1 of 3 runs"
    press(at, "runs-delete")
    assert r"Delete 1 run? Three" in words(at)
    press(at, "runs-delete-many-yes")
    assert {run.id for run in runs.runs()} == {one.id, two.id}
    assert at.button(key="runs-delete").disabled


def test_what_was_unticked_or_left_by_another_link_is_not_armed_any_more(runs: RunStore) -> None:
    one, two = ended(runs, "One"), ended(runs, "Two")
    at = page(run=two.id)
    tick(at, "One", "Two")
    tick(at, "Two")
    assert at.button(key="runs-delete").disabled
    tick(at, "One", "Two")
    for address in (two.id, f"{one.id},{two.id}"):
        at.query_params["run"] = address
        sound(at.run())
        assert at.button(key="runs-delete").disabled


def test_an_answer_counts_for_what_was_asked_alone(runs: RunStore) -> None:
    for name in "ABC":
        ended(runs, name)
    at = page()
    tick(at)
    tick(at, "A", "B")
    press(at, "runs-delete")
    assert "runs-delete-many-yes" in keys(at)
    tick(at, "A", "B", "C")
    assert "runs-delete-many-yes" not in keys(at)
    press(at, "runs-delete")
    press(at, "runs-delete-many-no")
    assert "runs-delete-many-yes" not in keys(at)
    assert len(runs.runs()) == 3


# -- everybody sees it ---------------------------------------------------------------------------------------------


def test_a_run_deleted_in_one_session_is_restored_in_another(runs: RunStore) -> None:
    run, kept = ended(runs, "Mine"), ended(runs, "Kept")
    one = page()
    assert "Trash (1)" not in popovers(one)
    tick(one)
    tick(one, "Mine")
    press(one, "runs-delete")
    assert labelled(one, "Undo") == [f"undo-{run.id}"]
    other = page(run=kept.id)
    assert "Trash (1)" in popovers(other)
    assert labelled(other, "Undo") == []  # that is for who deleted it
    assert "Mine" in words(other)
    assert "kept until" in words(other)
    (restore,) = labelled(other, "Restore")
    press(other, restore)
    assert run.folder.exists()
    assert run.id in chosen(other)
    press(one, f"undo-{run.id}")  # still shown there
    assert "cannot be brought back" in words(one)
    assert labelled(one, "Undo") == []
    assert sorted(names(one)) == ["Kept", "Mine"]


def test_undo_of_many_brings_back_what_nobody_else_has(runs: RunStore) -> None:
    for name in "ABC":
        ended(runs, name)
    at = page()
    tick(at)
    tick(at, "A", "B", "C")
    press(at, "runs-delete")
    press(at, "runs-delete-many-yes")
    assert not at.dataframe
    (undo,) = labelled(at, "Undo")
    runs.restore(runs.trash.listed()[0].key)
    press(at, undo)
    assert sorted(names(at)) == ["A", "B", "C"]
    assert "cannot be brought back" in words(at)


def test_a_run_that_somebody_else_has_deleted_is_told(runs: RunStore) -> None:
    run, other = ended(runs, "Mine"), ended(runs, "Other")
    at = page()
    tick(at)
    tick(at, "Mine", "Other")
    press(at, "runs-delete")
    runs.delete(run)
    with_both = at.session_state["runs-by-hand"]
    assert with_both == {run.id, other.id}
    press(at, "runs-delete-many-yes")
    assert "Somebody else has deleted Mine already" in words(at)
    assert runs.runs() == []
    assert len(runs.trash.listed()) == 2


def test_deleting_for_good_is_asked_and_who_is_late_is_told(runs: RunStore) -> None:
    ended(runs, "Kept")
    trashed = [runs.delete(ended(runs, name)) for name in ("One", "Two")]
    at, other = page(), page()
    erase = f"erase-{trashed[0].key.replace('.', '-')}"
    for session in (at, other):
        press(session, erase)
        assert "Delete One for good? Nobody can restore it then" in words(session)
    press(other, f"{erase}-no")
    assert "Nobody can restore" not in words(other)
    press(other, erase)
    press(at, f"{erase}-yes")
    assert [one.what for one in runs.trash.listed()] == ["Two"]
    press(other, f"{erase}-yes")
    assert "cannot be brought back" in words(other)


def test_a_full_trash_has_pages(runs: RunStore) -> None:
    ended(runs, "Kept")
    for number in range(8):
        runs.delete(ended(runs, f"Gone {number}"))
    at = page()
    assert "Trash (8)" in popovers(at)
    assert len(labelled(at, "Restore")) == 6
    at.session_state["runs-trash-page"] = 2
    sound(at.run())
    assert len(labelled(at, "Restore")) == 2
    for key in labelled(at, "Restore"):
        press(at, key)
    assert len(labelled(at, "Restore")) == 6  # there is no second page any more


# -- what ships ----------------------------------------------------------------------------------------------------


def test_a_run_that_ships_is_hidden_named_where_a_link_wants_it_and_shown_again(runs: RunStore) -> None:
    run, _ = ended(runs, "CNN"), ended(runs, "Mine")
    facts = json.loads((run.folder / "config.json").read_text())
    (run.folder / "config.json").write_text(json.dumps(facts | {"shipped": True}))
    at = page()
    tick(at)
    tick(at, "CNN")
    press(at, "runs-delete")
    assert "Hid CNN." in words(at)
    assert run.folder.exists()
    assert names(at) == ["Mine"]
    for name in ("runs", "train"):
        other = page_of_site(name, run=run.id)
        assert f"The run “{run.id}” is not here: it is hidden" in words(other).replace("\\", "")
    other = page()
    assert "It ships with the project and is kept" in words(other)
    assert labelled(other, "Delete for good") == []
    press(other, labelled(other, "Restore")[0])
    assert sorted(names(other)) == ["CNN", "Mine"]
    assert labelled(sound(at.run()), "Undo") == []


# -- drawings ------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: RunStore) -> DrawingSet:
    """Three drawings that the page shows."""
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    for label in (1, 2, 3):
        drawings().add([[[0.1, 0.2], [0.5, 0.9]]], 0.07, label)
    return drawings()


def hand() -> AppTest:
    return page_of_site("your_hand")


def test_drawings_deleted_in_one_session_are_restored_in_another(saved: DrawingSet) -> None:
    one = hand()
    wanted = [drawing.id for drawing in saved.all()][:2]
    act = {"what": "delete", "ids": wanted, "value": None, "stamp": 1}
    one.session_state["drawings-gallery"] = {"act": act}
    sound(one.run())
    other = hand()
    assert "Trash (1)" in popovers(other)
    text = words(other)
    assert "2 drawings" in text
    assert r"Meant to be 1, 2. Deleted" in text
    (undo,) = labelled(one, "Undo")
    press(other, labelled(other, "Restore")[0])
    assert {drawing.id for drawing in saved.all()} >= set(wanted)
    press(one, undo)
    assert "cannot be brought back" in words(one)
    assert len(saved.all()) == 3
    assert labelled(one, "Undo") == []
    assert not any(label.startswith("Trash") for label in popovers(one))


def test_all_drawings_deleted_are_in_the_trash_of_the_empty_page(saved: DrawingSet) -> None:
    saved.delete([drawing.id for drawing in saved.all()])
    at = hand()
    assert "No drawings yet" in words(at)
    press(at, labelled(at, "Restore")[0])
    assert len(saved.all()) == 3


# -- what strangers left -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fact", "value"), [("color", "Infinity"), ("created", "1" + 400 * "0"), ("x", "[" * 5000)])
def test_a_hostile_run_or_entry_breaks_no_page(runs: RunStore, fact: str, value: str) -> None:
    kept, gone, bad = (ended(runs, name) for name in ("Kept", "Gone", "Bad"))
    for run in (gone, bad):
        facts = json.dumps(json.loads((run.folder / "config.json").read_text()) | {fact: "here"})
        (run.folder / "config.json").write_text(facts.replace('"here"', value))
    entry = runs.folder / ".trash" / f"{gone.id}.{time.time_ns() // 10**6}"
    entry.parent.mkdir()
    gone.folder.rename(entry)
    (kept.folder / "projections").mkdir()
    scores = {"test": {"accuracy": 0.9}, "test_count": 10**400, "train_count": 1, "parameters": 1, "learned": 1}
    facts = {**scores, "dataset": "digits", "weights_version": kept.weights_version()}
    write_npz(kept.projection_file("scores"), {}, facts=facts)
    at = page(run=kept.id)
    assert names(at) == ["Kept"]
    assert "Trash (1)" in popovers(at)
    press(at, labelled(at, "Restore")[0])
    assert f"{gone.id} cannot be restored: its config.json is none of a run" in words(at).replace("\\", "")
    assert "Trash (1)" in popovers(at)
    press(at, labelled(at, "Delete for good")[0])
    press(at, f"erase-{entry.name.replace('.', '-')}-yes")
    assert not entry.exists()
