"""The Runs page: one line for every run, what is chosen compared and acted on, and nothing lost by a wrong click."""

import json
import math
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict, astuple, replace
from typing import Any

import pytest
from filelock import FileLock
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from core.data import datasets
from core.jobs import submit
from core.measures.scores import SCORES, figure_of
from core.runs import finetune
from core.runs.archive.check import MAX_ARCHIVE
from core.runs.archive.pack import pack, unpack
from core.runs.events import Summary
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.runs.weights import load_model
from core.training.config import TrainConfig
from pages.parts.runs import export, table
from pages.parts.runs.compare import differences
from pages.parts.runs.table import fingerprint, listing, read_lines
from pages.parts.shared.style import plain
from tests import odd_hand
from tests.conftest import ROOT, compute, page_of_site, small, sound
from tests.pages.conftest import field, fields

TEXT = "Deep <b>net</b> *x* [l](u) | $y$"


pytestmark = pytest.mark.usefixtures("submitted")


def page(**query: str) -> AppTest:
    """The Runs page as a visitor opens it, by a link with such an address."""
    return page_of_site("runs", **query)


def ended(runs: RunStore, name: str = "", event: str = "finished", **changes: Any) -> Run:
    """A run as a worker leaves it after two epochs, on embedded digits."""
    run = runs.create(small(**changes), name)
    metric, best = ("mse", 0.02) if run.spec.task == "reconstruct" else ("accuracy", 0.875)
    lines: list[dict[str, Any]] = [{"event": "started", "seconds": 0, "total_steps": 10, "parameters": 7850}]
    for step in range(1, 11):
        train = {"loss": 1 / step, metric: 0.1}
        line = {"step": step, "epoch": step / 5, "seconds": step / 10, "images": 64, "lr": 0.001, "train": train}
        lines.append({"event": "step", **line})
    for epoch in (1, 2):
        test = {"loss": 0.5, metric: best}
        line = {"epoch": epoch, "step": 5 * epoch, "images_per_second": 640.0, "train": test, "test": test}
        lines.append({"event": "epoch", "seconds": epoch / 2, **line})
    summary = Summary(metric, best, 1, 2, 1.0, 640.0, 7850)
    lines.append({"event": event, "seconds": 1.0, "summary": asdict(summary)})
    (run.folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def words(at: AppTest) -> str:
    """All text a person reads on the page, but for the table."""
    parts = [e.value for kind in (at.title, at.markdown, at.caption, at.error) for e in kind]
    return "\n".join([*parts, *(e.proto.body for e in at.get("html"))])


def names(at: AppTest) -> list[str]:
    (table,) = at.dataframe
    return list(table.value["name"])


def chosen(at: AppTest) -> list[str]:
    return [run_id for run_id in at.query_params.get("run", "").split(",") if run_id]


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(e.proto.json)["figure"] for e in at.get("bidi_component")]


def rename(at: AppTest, name: str, note: str) -> None:
    """Fill in the little form and save it."""
    (field,) = (field for field in at.text_input if field.label == "Name")
    field.set_value(name)
    at.text_area[0].set_value(note)
    (save,) = (button for button in at.button if button.label == "Save")
    sound(save.click().run())


def tick(at: AppTest, *wanted: str) -> None:
    """Tick the lines of these runs in the table, and no others, as a hand does."""
    (shown,) = at.dataframe
    rows = [row for row, name in enumerate(shown.value["name"]) if name in wanted]
    selection = json.dumps({"selection": {"rows": rows, "columns": [], "cells": []}})
    states = WidgetStates(widgets=[WidgetState(id=shown.proto.id, string_value=selection)])
    sound(at._run(states))


def popovers(at: AppTest) -> list[str]:
    return [e.proto.popover.label for e in at.get("popover")]


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


# -- the table -----------------------------------------------------------------------------------------------------


def test_an_empty_store_says_what_to_do(runs):
    at = page()
    assert not at.dataframe
    assert "Nothing is trained yet" in words(at)
    assert not keys(at)


def test_a_line_says_what_a_run_is_and_what_it_reached(runs):
    run = ended(runs, TEXT, lr=0.01)
    run.annotate("see <i>this</i>")
    at = page()
    (line,) = at.dataframe[0].value.to_dict("records")
    assert {key: line[key] for key in ("name", "note", "status", "model", "task", "dataset")} == {
        "name": TEXT, "note": "see <i>this</i>", "status": "finished", "model": run.spec.title,
        "task": "Classify", "dataset": "Embedded digits",
    }  # fmt: skip
    assert (line["accuracy"], line["epochs"], line["seconds"]) == (87.5, 2, 1.0)
    assert (line["speed"], line["parameters"]) == (640.0, 7850)
    assert "mse" not in line
    assert "<b>net" not in words(at)
    assert "&lt;b&gt;net" in words(at)


def test_the_table_and_the_line_of_a_run_tell_the_same_figures(runs):
    run = runs.create(small())
    lines: list[dict[str, Any]] = [{"event": "started", "seconds": 0, "total_steps": 10, "parameters": 7850}]
    for step in (1, 2, 3):
        line = {"step": step, "epoch": step / 5, "seconds": 2 * step - 1.75, "images": 65, "train": {"loss": 1.0}}
        lines.append({"event": "step", **line})
    lines.append({"event": "stopped", "seconds": 5.6, "summary": asdict(Summary(seconds=4.25, parameters=7850))})
    (run.folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    at = page()
    (line,) = at.dataframe[0].value.to_dict("records")
    assert (line["epochs"], line["seconds"], line["speed"]) == (0.6, 4.2, 32)  # of 4.25 and 32.5, which round to even
    assert "0.6 of 2 epochs · 32 images/s · 4.2 s<" in words(at)


def test_each_task_has_its_measure_in_a_column_of_its_own(runs):
    ended(runs, "A"), ended(runs, "B", model="autoencoder")
    table = page().dataframe[0].value.set_index("name")
    assert (table.accuracy["A"], table.mse["B"]) == (87.5, 0.02)
    assert math.isnan(table.accuracy["B"])
    assert math.isnan(table.mse["A"])


def test_filters_narrow_the_table_and_keep_what_is_chosen(runs):
    one, two = ended(runs, "Alpha", event="stopped"), ended(runs, "Beta", model="autoencoder")
    two.annotate("narrow code")
    at = page(run=f"{one.id},{two.id}")
    assert sorted(names(at)) == ["Alpha", "Beta"]
    sound(at.text_input(key="runs-find").set_value("CODE narrow").run())
    assert names(at) == ["Beta"]
    assert chosen(at) == [one.id, two.id]  # what is hidden stays chosen: it is named below
    sound(at.text_input(key="runs-find").set_value("").run())
    sound(at.pills(key="runs-status").set_value(["stopped"]).run())
    assert names(at) == ["Alpha"]
    sound(at.pills(key="runs-task").set_value(["Reconstruct"]).run())
    assert names(at) == []
    one.rename("Gamma")
    sound(at.pills(key="runs-task").set_value([]).run())
    assert names(at) == ["Gamma"]


def test_the_newest_run_is_chosen_at_first_and_the_address_chooses_otherwise(runs):
    one, two = ended(runs, "One"), ended(runs, "Two")
    assert chosen(page()) == [two.id]
    at = page(run=f"{one.id},nonsense")
    assert chosen(at) == [one.id]
    assert at.session_state["runs-table"]["selection"]["rows"] == [names(at).index("One")]
    assert "The run “nonsense” is not here" in words(at)


@pytest.mark.parametrize("strange", ["../../etc", "<script>alert(1)</script>", ",,,", "x" * 5000, "ä"])
def test_a_strange_address_is_a_quiet_line_at_most(runs, strange):
    run = ended(runs)
    at = page(run=strange)
    assert chosen(at) == [run.id]
    assert "<script>" not in words(at)


def test_a_run_that_appears_moves_the_selection_with_its_run(runs):
    run = ended(runs, "Old")
    at = page(run=run.id)
    ended(runs, "New")
    sound(at.run())
    assert names(at) == ["New", "Old"]
    assert at.session_state["runs-table"]["selection"]["rows"] == [1]
    assert chosen(at) == [run.id]


def test_a_run_that_vanishes_is_named_once_in_a_line(runs):
    kept, gone = ended(runs, "Kept"), ended(runs, "Gone")
    at = page(run=f"{kept.id},{gone.id}")
    runs.delete(gone)  # by somebody else
    sound(at.run())
    assert chosen(at) == [kept.id]
    assert f"The run “{gone.id}” is not here" in words(at)


def test_a_run_that_cannot_be_read_is_left_out(runs):
    good, bad = ended(runs, "Good"), ended(runs, "Bad")
    (bad.folder / "config.json").write_text("{")
    (runs.folder / "notes.txt").write_text("mine")
    assert names(page()) == [good.name]


# -- what is chosen ------------------------------------------------------------------------------------------------


def test_chosen_runs_share_a_figure_for_each_task_in_their_own_colours(runs):
    pair = [ended(runs, "A"), ended(runs, "B"), ended(runs, "C", model="autoencoder")]
    at = page(run=",".join(run.id for run in pair))
    classify, reconstruct = ({trace["name"] for trace in figure["data"]} for figure in figures(at))
    assert (classify, reconstruct) == ({"A", "B"}, {"C"})
    on_train = page(run=pair[0].id)
    sound(on_train.switch_page("train.py").run())
    colors = {
        trace["marker"]["color"] for figure in figures(on_train) for trace in figure["data"] if trace["name"] == "A"
    }
    assert colors == {t["marker"]["color"] for t in figures(at)[0]["data"] if t["name"] == "A"}


def test_runs_of_one_colour_are_told_apart_by_their_lines(runs, monkeypatch):
    monkeypatch.setattr(RunStore, "rarest_mark", lambda self: 3)
    pair = [ended(runs, name) for name in "ABC"]
    (figure,) = figures(page(run=",".join(run.id for run in pair)))
    lines = {t["name"]: t["line"].get("dash") for t in figure["data"] if t["mode"] == "lines+markers"}
    assert lines == {"A": None, "B": "dash", "C": "dot"}


def test_only_settings_that_differ_are_laid_side_by_side(runs):
    one, two = ended(runs, "One", lr=0.5, seed=3), ended(runs, "Two", lr=0.25, seed=3)
    text = words(page(run=f"{one.id},{two.id}"))
    rows = re.findall(r"<th scope='row'>(.*?)</th><td>(.*?)</td><td>(.*?)</td>", text)
    assert rows == [
        ("Result", *["87.50\N{NO-BREAK SPACE}% of the test digits right"] * 2),
        ("Learning rate", "0.5", "0.25"),
    ]
    assert "Everything else is equal." in text
    same = ended(runs, "Same", lr=0.5, seed=3)
    assert "All settings of these runs are equal." in words(page(run=f"{one.id},{same.id}"))


def test_differences_of_models_params_and_augmentation():
    first = TrainConfig("mlp", params={"hidden": 64})
    varied = replace(first, augmentation=replace(first.augmentation, shift=2.0))
    assert differences([first, varied]) == {"Shift (pixels)": ["off", "2"]}
    assert differences([first, first]) == {}
    other = differences([first, TrainConfig("softmax")])
    assert other["Model"] == ["One hidden layer", "Softmax regression"]
    assert "64" in [values[0] for values in other.values() if values[1] == ""]
    alone = differences([first])
    assert (alone["Epochs"], alone["Seed"], "Encoder from" in alone) == (["5"], ["0"], False)


def test_a_new_name_and_a_note_are_kept_and_shown_as_text(runs):
    run = ended(runs, "Old")
    at = page()
    rename(at, TEXT, "# not a *title*")
    assert (Run(run.folder).name, Run(run.folder).note) == (TEXT, "# not a *title*")
    assert names(at) == [TEXT]
    assert r"\# not a \*title\*" in words(at)
    rename(at, "  ", "")
    assert [e.value for e in at.error] == ["A run needs a name. Give it at least one letter."]
    assert Run(run.folder).name == TEXT


def naming(at: AppTest, run: Run, opened: bool) -> AppTest:
    """Open or close the little form."""
    at.session_state[f"naming-{run.id}"] = opened
    return sound(at.run())


def test_what_is_typed_stays_when_somebody_else_saves_and_both_are_told(runs):
    run = ended(runs, "Old")
    at = naming(page(), run, opened=True)
    before = at.text_area[0].key
    run.annotate("theirs")
    assert sound(at.run()).text_area[0].key == before  # the same field, with what is being typed
    rename(at, "Mine", "my note")
    assert (Run(run.folder).name, Run(run.folder).note) == ("Mine", "my note")
    assert [e.value for e in at.error] == ["Saved over what somebody else had saved meanwhile\\: the note “theirs”."]
    assert not at.session_state[f"naming-{run.id}"]
    assert (at.text_input(key=at.text_area[0].key.replace("note-", "name-")).value, at.text_area[0].value) == (
        "Mine",
        "my note",
    )


def test_what_somebody_else_saved_stays_where_nothing_was_typed(runs):
    run = ended(runs, "Old")
    at = naming(page(), run, opened=True)
    run.annotate("theirs")
    rename(at, "Mine", "")
    assert (Run(run.folder).name, Run(run.folder).note) == ("Mine", "theirs")
    assert not at.error
    run.rename("Later")
    (name,) = (field.value for field in sound(at.run()).text_input if field.label == "Name")
    assert name == "Later"  # closed, the form follows


def test_values_are_called_by_the_names_of_the_field(runs):
    one = ended(runs, "One", model="autoencoder", optimizer="adamw", loss="mse")
    two = ended(runs, "Two", model="autoencoder", optimizer="momentum", loss="bce")
    text = words(page(run=f"{one.id},{two.id}"))
    rows = dict(re.findall(r"<th scope='row'>(.*?)</th>(<td>.*?</td><td>.*?</td>)", text))
    assert rows["Optimizer"] == "<td>AdamW</td><td>SGD with momentum</td>"
    assert rows["Loss"] == "<td>MSE</td><td>BCE</td>"
    assert (Run(one.folder).config.optimizer, Run(one.folder).config.loss) == ("adamw", "mse")


def stopped_early(runs: RunStore, weights: bool = True) -> Run:
    """A run that was stopped within its first epoch."""
    run = runs.create(small("vae"), "Early")
    step = {"event": "step", "step": 1, "epoch": 0.2, "seconds": 0.1, "images": 64, "train": {"loss": 1.0}}
    lines = [{"event": "started", "total_steps": 10}, step, {"event": "stopped", "seconds": 0.2}]
    (run.folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if weights:
        (run.folder / "weights.safetensors").write_bytes(b"some")
    return run


def test_a_run_without_a_figure_is_measured_and_the_page_says_so(runs, submitted):
    early, other = stopped_early(runs), ended(runs, "Other", model="autoencoder")
    at = page(run=f"{early.id},{other.id}")
    assert [job for job in submitted if isinstance(job, tuple) and job[0] == "scores"] == [("scores", early)]
    assert "Figures of Early" in at.get("progress")[0].proto.text
    sound(at.run())  # the table was drawn before it was asked for
    assert "<td>being measured</td>" in words(at)
    none = stopped_early(runs, weights=False)
    assert "<td>not measured</td>" in words(page(run=f"{none.id},{other.id}"))
    assert [job[1] for job in submitted if isinstance(job, tuple) and job[0] == "scores"] == [early]


def test_train_again_fills_the_form_with_the_settings_of_the_run(runs, submitted):
    run = ended(runs, model="mlp", lr=0.0625, params={"hidden": 77}, optimizer="sgd", seed=9)
    at = page()
    sound(at.button(key="runs-again").click().run())
    assert [title.value for title in at.title] == ["Train"]
    sound(at.switch_page("train.py").run())  # where the browser is by now
    sound(at.button(key="train").click().run())
    (again,) = (job for job in submitted if isinstance(job, Run))
    assert again.config == run.config


def taught(runs: RunStore) -> Run:
    """A run that began from another, which is gone, and learned from drawings."""
    origin = ended(runs, "Origin", model="mlp", params={"hidden": 77})
    (origin.folder / "weights.safetensors").write_bytes(b"some")
    run = finetune.start(runs, origin, odd_hand.drawings(5, seed=1), TEXT)
    runs.delete(origin)
    return run


def test_train_again_of_a_run_that_learned_from_drawings_keeps_what_it_began_from(runs, submitted):
    run = taught(runs)
    at = page(run=run.id)
    assert "Begins from" in words(at)
    sound(at.button(key="runs-again").click().run())
    sound(at.switch_page("train.py").run())
    assert re.search(r"Begins from Origin as it was, and learns from the 5 drawings of Deep", words(at))
    sound(field(at, "own_share").set_value(0.5).run())
    sound(field(at, "lr").set_value(0.0625).run())
    sound(at.button(key="train").click().run())
    (again,) = (job for job in submitted if isinstance(job, Run))
    assert again.config == replace(run.config, own_share=0.5, lr=0.0625)
    for name in ("drawings.jsonl", "start/config.json", "start/weights.safetensors"):
        assert (again.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_settings_that_do_not_fit_the_first_weights_are_refused_and_a_preset_begins_anew(runs, submitted):
    at = page(run=taught(runs).id)
    sound(at.button(key="runs-again").click().run())
    sound(at.switch_page("train.py").run())

    def error() -> str:
        assert at.button(key="train").disabled
        return at.error[0].value.replace("\\", "")

    sound(field(at, "mlp-hidden").set_value(78).run())
    assert "With another setting of the model the weights" in error()
    sound(field(at, "mlp-hidden").set_value(77).run())
    assert not at.error
    sound(field(at, "own_share").set_value(0.95).run())
    assert "Own drawings (share) must be between 0 and 0.9, got 0.95" in error()
    sound(field(at, "own_share").set_value(0.0).run())
    assert "Give both or neither" in error()
    sound(field(at, "preset").set_value("softmax").run())
    sound(field(at, "dataset").set_value("digits").run())
    assert not at.error
    assert not fields(at, "own_share")
    sound(at.button(key="train").click().run())
    (run,) = (job for job in submitted if isinstance(job, Run))
    assert (run.config.model, run.config.start, run.config.own_share) == ("softmax", "", 0.0)


def test_run_that_kept_the_drawings_is_deleted_while_the_form_is_open(runs, submitted):
    run = taught(runs)
    at = page(run=run.id)
    sound(at.button(key="runs-again").click().run())
    sound(at.switch_page("train.py").run())
    runs.delete(run)
    sound(at.button(key="train").click().run())
    assert "Choose a preset to begin anew" in words(at)
    assert "is gone" in words(at)
    assert at.button(key="train").disabled
    assert not [job for job in submitted if isinstance(job, Run)]


def test_links_lead_with_the_selection_to_the_pages_that_can_show_it(runs):
    one, two = ended(runs, "One"), ended(runs, "Two", model="autoencoder")
    for run in (one, two):
        (run.folder / "weights.safetensors").write_bytes(b"some")
    at = page(run=f"{one.id},{two.id}")
    links = {e.proto.label: e.proto.query_string for e in at.get("page_link")}
    both = f"run={one.id}%2C{two.id}"
    assert links == {"Train": both, "Draw": f"run={one.id}", "Reconstruct": f"run={two.id}",
                     "Latent space": f"run={two.id}"}  # fmt: skip


# -- delete and undo -----------------------------------------------------------------------------------------------


def test_several_runs_deleted_at_once_come_back_with_undo(runs):
    pair, kept = [ended(runs, "A"), ended(runs, TEXT)], ended(runs, "Kept")
    at = page(run=kept.id)
    tick(at, "A", TEXT)
    assert at.button(key="runs-delete").label == "Delete 2 runs"
    sound(at.button(key="runs-delete").click().run())
    assert len(runs.runs()) == 3  # it is asked first, with their names
    assert plain(f"Delete 2 runs? {TEXT} and A.") in words(at)
    sound(at.button(key="runs-delete-many-yes").click().run())
    assert [run.id for run in runs.runs()] == [kept.id]
    assert names(at) == ["Kept"]
    assert chosen(at) == []
    assert r"\<b\>net" in words(at)
    assert "is not here" not in words(at)  # who deleted them knows
    sound(at.run())  # the line stays
    (undo,) = (key for key in keys(at) if key.startswith("undo-"))
    sound(at.button(key=undo).click().run())
    assert {run.id for run in runs.runs()} == {kept.id, *(run.id for run in pair)}
    assert set(chosen(at)) == {run.id for run in pair}
    assert "Deleted" not in words(at)


def test_each_deletion_is_undone_or_dismissed_by_itself(runs):
    one, two = ended(runs, "One"), ended(runs, "Two")
    at = page()
    for name in ("One", "Two"):
        tick(at)
        tick(at, name)
        sound(at.button(key="runs-delete").click().run())
    sound(at.button(key=f"dismiss-{one.id}").click().run())
    assert "Deleted One" not in words(at)
    sound(at.button(key=f"undo-{two.id}").click().run())
    assert [run.id for run in runs.runs()] == [two.id]


def test_what_the_disk_refuses_is_a_sentence_and_nothing_is_lost(runs, monkeypatch):
    run = ended(runs, "Held")

    def refuse(*_: object) -> None:
        raise ValueError("The folder could not be written. Permit writing.")

    monkeypatch.setattr(RunStore, "delete", refuse)
    at = page()
    tick(at)
    tick(at, "Held")
    sound(at.button(key="runs-delete").click().run())
    assert [e.value for e in at.error] == ["The folder could not be written. Permit writing."]
    assert chosen(at) == [run.id]


def test_a_run_that_cannot_be_brought_back_is_told(runs, monkeypatch):
    run = ended(runs, "Gone")
    at = page()
    tick(at)
    tick(at, "Gone")
    sound(at.button(key="runs-delete").click().run())

    def refuse(*_: object) -> None:
        raise ValueError("The run cannot be brought back.")

    monkeypatch.setattr(RunStore, "restore", refuse)
    sound(at.button(key=f"undo-{run.id}").click().run())
    assert [e.value for e in at.error] == ["The run cannot be brought back."]


# -- take along and bring in ---------------------------------------------------------------------------------------


def test_a_packed_run_is_brought_in_once_and_chosen(runs, trained):
    run = trained()
    archive = pack(run)
    at = page()
    at.get("file_uploader")[0].upload("run.zip", archive)
    sound(at.run())
    assert len(runs.runs()) == 2
    (new,) = (other for other in runs.runs() if other.id != run.id)
    assert chosen(at) == [new.id]
    assert astuple(new.history()) == astuple(run.history())
    sound(at.run())  # the page is drawn again and again
    assert len(runs.runs()) == 2


def test_a_run_that_is_brought_in_is_measured_and_shown_with_what_its_weights_come_to(runs, trained, submitted):
    run = trained()
    events = run.folder / "events.jsonl"
    events.write_text(re.sub(r'"(accuracy|test|best)": 0[.0-9]+', r'"\1": 1.0', events.read_text()))
    at = page()
    at.get("file_uploader")[0].upload("run.zip", pack(run))
    sound(at.run())
    (new,) = (other for other in runs.runs() if other.id != run.id)
    assert ("scores", new) in submitted
    claimed, before = figure_of(new), listing(runs.folder)
    assert claimed.value == 1
    compute(SCORES, new)
    assert listing(runs.folder) != before  # so that the page is drawn again
    images = datasets.load("digits").test
    right = load_model(new).predict_proba(images.images).argmax(1) == images.labels
    assert figure_of(new).value == pytest.approx(right.mean(), abs=1e-6)


def test_a_run_that_cannot_be_measured_for_the_disk_is_brought_in_all_the_same(runs, trained, monkeypatch):
    def full(*of: object) -> None:
        raise ValueError("The disk is full. Free some space.")

    archive = pack(trained())
    monkeypatch.setattr(submit, "request", full)
    at = page()
    at.get("file_uploader")[0].upload("run.zip", archive)
    sound(at.run())
    assert len(runs.runs()) == 2
    assert not at.error


def test_a_file_that_is_no_run_is_a_sentence_and_looked_at_once(runs, monkeypatch):
    ended(runs)
    at = page()
    looks = []
    real = unpack
    monkeypatch.setattr(export, "unpack", lambda *given: looks.append(1) or real(*given))
    at.get("file_uploader")[0].upload("run.zip", b"PK\x03\x04 no zip at all")
    sound(at.run())
    sound(at.run())
    (error,) = at.error
    assert error.value.endswith(".")
    assert (len(looks), len(runs.runs())) == (1, 1)


def test_nothing_larger_than_an_archive_may_be_is_taken(runs):
    assert page().get("file_uploader")[0].proto.max_upload_size_mb == MAX_ARCHIVE // 2**20


def test_nothing_is_made_before_it_is_asked_for_and_weights_only_where_there_are_some(runs, monkeypatch):
    run = ended(runs, "Üben & <b>mehr</b>")
    made: list[Run] = []
    files = tuple((what, ending, made.append, needs) for what, ending, _, needs in export._FILES)
    monkeypatch.setattr(export, "_FILES", files)
    disabled = {e.proto.label: e.proto.disabled for e in page().get("download_button")}
    assert [disabled[f"{what} (.{end})"] for what, end in (("Weights", "safetensors"), ("Metrics", "csv"))] == [
        True, False,
    ]  # fmt: skip
    (run.folder / "weights.safetensors").write_bytes(b"some")
    assert not any(e.proto.disabled for e in page().get("download_button"))
    assert made == []


def test_why_a_file_could_not_be_made_is_told_below_its_button(runs):
    run, what = ended(runs), "Model"

    def refuse(run: Run) -> bytes:
        raise ValueError("It has no weights *yet*. Wait for them.")

    at = page()
    refused = at.session_state["files-refused"]
    with pytest.raises(ValueError, match="no weights"):
        export._made(run, what, refuse, refused)
    sound(at.run())
    assert [e.value for e in at.error] == [r"It has no weights \*yet\*. Wait for them."]
    assert export._made(run, what, lambda run: b"here", refused) == b"here"
    sound(at.run())
    assert not at.error


# -- looking whether anything changed ------------------------------------------------------------------------------


def look(runs: RunStore, closely: bool = False) -> tuple[object, ...]:
    listed = listing(runs.folder)
    lines = read_lines(runs.runs(), listed)
    active = [line for line in lines if line.status in (Status.STARTING, Status.RUNNING)]
    return fingerprint(listed, active, [line.run.id for line in active] if closely else [])


def test_a_look_sees_what_others_do_and_nothing_else(runs):
    run = ended(runs)
    before = look(runs)
    assert look(runs) == before
    for change in (
        lambda: ended(runs),
        lambda: run.rename("Other"),
        lambda: run.annotate("Noted"),
        lambda: runs.delete(run),
        lambda: runs.restore(runs.trash.listed()[0].key),
        lambda: (run.folder / "resume").touch(),
    ):
        time.sleep(0.02)  # a file system's clock has ticks
        change()
        assert look(runs) != before
        before = look(runs)


def test_a_look_at_a_run_in_training_follows_its_epochs_and_closely_its_steps(runs):
    run = runs.create(small())
    (run.folder / "events.jsonl").write_text('{"event": "started", "seconds": 0, "total_steps": 10}\n')
    with FileLock(run.folder / "lock"):
        _follow(runs, run)


def _follow(runs: RunStore, run: Run) -> None:
    before, closely = look(runs), look(runs, closely=True)
    (run.folder / "probe.npz").write_bytes(b"looks at digits")  # written all the time
    assert look(runs) == before
    step = {"event": "step", "step": 1, "epoch": 0.2, "seconds": 0.1, "images": 64, "lr": 0.1, "train": {"loss": 1.0}}
    with (run.folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(step) + "\n")
    assert look(runs) == before
    assert look(runs, closely=True) != closely
    epoch = {
        "event": "epoch",
        "epoch": 1,
        "step": 1,
        "seconds": 0.2,
        "images_per_second": 9.0,
        "test": {"accuracy": 0.5},
    }
    with (run.folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(epoch) + "\n")
    assert look(runs) != before


def test_lines_of_ended_runs_are_read_once_until_their_folder_changes(runs, submitted):
    run = ended(runs, "Old")
    long_ago = time.time() - 60
    os.utime(run.folder, (long_ago, long_ago))

    def line() -> table.Line:
        (found,) = read_lines(runs.runs(), listing(runs.folder))
        return found

    first = line()
    assert line().summary is first.summary
    run.rename("New")
    assert line().run.name == "New"
    os.utime(run.folder, (long_ago + 1, long_ago + 1))
    line()
    run.request_resume(epochs=9)
    submit.train(run)
    assert line().status == Status.STARTING


def test_the_page_imports_no_torch(runs):
    ended(runs)
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "at = AppTest.from_file('pages/navigation.py', default_timeout=60).run().switch_page('runs.py').run()\n"
        "heavy = {'torch', 'sklearn', 'onnx', 'tensorboard'} & set(sys.modules)\n"
        "print(len(at.exception), len(at.dataframe), sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["0 1 []"], done.stderr[-2000:]


def test_chosen_runs_come_first_when_the_page_is_opened_and_stay_where_they_are(runs):
    old, middle, _ = (ended(runs, name) for name in ("Old", "Middle", "New"))
    at = page(run=old.id)
    assert list(at.dataframe[0].value["name"]) == ["Old", "New", "Middle"]
    at.session_state["runs-page"] = [middle.id]
    assert list(sound(at.run()).dataframe[0].value["name"]) == ["Old", "New", "Middle"]
