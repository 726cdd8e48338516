"""The Train page: its form follows the models, bad settings become sentences, and no run can break it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import data, worker
from core.config import OPTIMIZERS, TrainConfig
from core.models import MODELS, Param
from core.presets import PRESETS
from core.runs import Run, RunStore
from tests.conftest import ROOT, page_at, small, sound

TEXT = "Convolutional <b>net</b> *x* [l](u)"


@pytest.fixture(autouse=True)
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the page hands to workers; nothing is trained or downloaded here."""
    jobs: list[Any] = []
    monkeypatch.setattr(worker, "submit_training", jobs.append)
    monkeypatch.setattr(worker, "submit_fetch", jobs.append)
    return jobs


@pytest.fixture
def no_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def page(**query: str) -> AppTest:
    return page_at("train", **query)


def field(at: AppTest, name: str) -> Any:
    (found,) = (w for kind in (at.number_input, at.selectbox, at.checkbox) for w in kind if w.key == f"form-{name}")
    return found


def words(at: AppTest) -> str:
    """All text a person reads on the page."""
    parts = [e.value for kind in (at.title, at.markdown, at.caption, at.error, at.info) for e in kind]
    return "\n".join([*parts, *(e.proto.body for e in at.get("html"))])


def figure(at: AppTest) -> dict[str, Any]:
    (component,) = at.get("bidi_component")
    return json.loads(component.proto.json)["figure"]


def logged(run: Run, *lines: dict[str, Any]) -> Run:
    with (run.folder / "events.jsonl").open("a", encoding="utf-8") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)
    return run


def half_done(runs: RunStore, name: str = "", **changes: Any) -> Run:
    """A run as an ended worker leaves it after four steps of two epochs of five."""
    run = runs.create(small(**changes), name)
    metric = "mse" if run.spec.task == "reconstruct" else "accuracy"
    steps = [
        {"event": "step", "step": n, "epoch": n / 5, "seconds": n / 10, "images": 64, "lr": 0.001,
         "train": {"loss": 1 / n, metric: 0.1}, **({"test": {"loss": 1.0, metric: 0.2}} if n == 4 else {})}
        for n in (1, 2, 3, 4)
    ]  # fmt: skip
    return logged(run, {"event": "started", "seconds": 0, "total_steps": 10}, *steps)


# -- the form ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", list(MODELS))
def test_the_form_has_every_param_of_every_model_with_its_bounds(runs, model):
    at = page()
    sound(field(at, "model").set_value(model).run())
    for param in MODELS[model].params:
        widget = field(at, f"{model}-{param.name}")
        assert widget.label == param.title
        assert widget.value == _expected(model, param)
        if param.choices:
            assert widget.options == list(param.choices)
        elif type(param.default) in (int, float):
            assert (widget.min, widget.max) == (param.low, param.high)
    assert field(at, f"loss-{model}").options == list(MODELS[model].losses)


def _expected(model: str, param: Param) -> Any:
    preset = next((p for p in PRESETS.values() if p.config.model == model), None)
    return param.default if preset is None else preset.config.params[param.name]


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_fills_the_form_and_train_hands_over_exactly_it(runs, submitted, name):
    at = page()
    sound(field(at, "preset").set_value(name).run())
    sound(field(at, "dataset").set_value("digits").run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    assert [job.id for job in submitted if isinstance(job, Run)] == [run.id]
    assert run.config == TrainConfig(**{**PRESETS[name].config.to_dict(), "dataset": "digits"})


def test_every_field_reaches_the_config(runs, submitted):
    at = page()
    field(at, "preset").set_value("mlp").run()
    values = {"dataset": "digits", "epochs": 7, "batch_size": 33, "optimizer": OPTIMIZERS[-1], "lr": 0.125,
              "schedule": "constant", "weight_decay": 0.5, "label_smoothing": 0.2, "seed": 11, "train_size": 500,
              "max_minutes": 2.5}  # fmt: skip
    for name, value in {**values, "mlp-hidden": 99}.items():
        field(at, name).set_value(value)
    sound(at.run())
    sound(at.button(key="train").click().run())
    (run,) = runs.runs()
    assert run.config.to_dict() == {
        **PRESETS["mlp"].config.to_dict(), **values, "params": {**PRESETS["mlp"].config.params, "hidden": 99},
    }  # fmt: skip


def test_what_differs_from_the_preset_is_said(runs):
    at = page()
    field(at, "preset").set_value("mlp").run()
    field(at, "dataset").set_value(PRESETS["mlp"].config.dataset).run()
    if data.is_ready("mnist"):
        assert "Changed from the preset" not in words(at)
    field(at, "epochs").set_value(77)
    field(at, "mlp-hidden").set_value(99).run()
    (said,) = (c.value for c in at.caption if c.value.startswith("Changed"))
    assert "epochs" in said
    assert "hidden units" in said
    assert "seed" not in said


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lr", 0.0, "Learning rate must be above 0"),
        ("lr", -1.0, "Learning rate must be above 0 and at most 100, got -1.0"),
        ("weight_decay", -0.5, "Weight decay must be between 0 and 10"),
        ("label_smoothing", 0.95, "Label smoothing must be between 0 and 0.9"),
        ("max_minutes", 0.0, "Time limit (min) must be between"),
    ],
)
def test_an_impossible_value_is_a_sentence_and_nothing_is_lost(runs, submitted, name, value, sentence):
    at = page()
    field(at, "epochs").set_value(17).run()
    sound(field(at, name).set_value(value).run())
    (error,) = at.error
    assert error.value.startswith(sentence)
    assert error.value.endswith(".")
    assert at.button(key="train").disabled
    assert (field(at, name).value, field(at, "epochs").value) == (value, 17)
    sound(field(at, name).set_value(0.5).run())
    assert not at.error
    assert not at.button(key="train").disabled
    assert submitted == [job for job in submitted if not isinstance(job, Run)]


def test_a_full_disk_is_a_sentence(runs, submitted, monkeypatch):
    def refuse(*_: object) -> Run:
        raise ValueError("The run could not be written to disk. Free some space.")

    at = page()
    monkeypatch.setattr(RunStore, "create", refuse)
    sound(at.button(key="train").click().run())
    assert [e.value for e in at.error] == ["The run could not be written to disk. Free some space."]


# -- the runs ------------------------------------------------------------------------------------------------------


def test_an_empty_store_invites_to_train(runs):
    at = page()
    assert "Press Train to watch a model learn." in words(at)
    assert [trace["x"] for trace in figure(at)["data"]] == [[None], [None]]  # empty axes
    assert at.multiselect[0].disabled


def test_pressing_train_shows_the_new_run_over_the_one_before(runs):
    old = half_done(runs)
    at = page()
    sound(at.button(key="train").click().run())
    new = next(run for run in runs.runs() if run.id != old.id)
    assert at.multiselect[0].value == [new.id, old.id]
    assert at.query_params["run"] == f"{new.id},{old.id}"
    assert at.button(key=f"stop-{new.id}").label == "Stop"


def test_a_run_of_the_other_task_takes_the_place_of_what_was_shown(runs):
    half_done(runs, model="autoencoder")
    at = page()
    sound(at.button(key="train").click().run())
    (shown,) = at.multiselect[0].value
    assert runs.get(shown).spec.task == "classify"


def test_curves_status_and_sentence_of_a_run(runs):
    run = logged(half_done(runs, TEXT), {"event": "stopped", "seconds": 0.5, "message": "Stopped on request."})
    at = page()
    assert {t["xaxis"]: t["x"] for t in figure(at)["data"] if t["mode"] == "lines"} == {
        "x": [0.2, 0.4, 0.6, 0.8], "x2": [0.2, 0.4, 0.6, 0.8],
    }  # fmt: skip
    text = words(at)
    assert ">stopped<" in text
    assert "0.8 of 2 epochs" in text
    assert "a test accuracy of 20.00" in text
    assert "<b>net" not in text  # the name is shown, not rendered
    assert "&lt;b&gt;net" in text
    assert r"\<b\>net" in text
    assert not any(b.key == f"stop-{run.id}" for b in at.button)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"event": "failed", "message": "OSError: no space"}, ["failed", "OSError: no space", "press Train"]),
        (
            {"event": "diverged", "message": "The loss was not finite. Try a smaller learning rate."},
            ["diverged", "Try"],
        ),
        ({"event": "finished"}, ["finished"]),
        (None, ["interrupted", "press Train to start over"]),
    ],
)
def test_an_ended_run_says_why_and_what_to_do(runs, event, shown):
    run = half_done(runs)
    if event:
        logged(run, {"seconds": 1, **event})
    text = words(page())
    assert [part for part in shown if part not in text] == []


def test_stop_asks_the_run_to_stop(runs):
    run = runs.create(small())  # just created: its worker is on its way
    at = page()
    sound(at.button(key=f"stop-{run.id}").click().run())
    assert run.stop_requested()
    assert at.button(key=f"stop-{run.id}").disabled


def test_stop_all_is_there_for_several_runs_and_stops_even_those_not_shown(runs):
    one = runs.create(small())
    at = page()
    assert not any(b.key == "stop-all" for b in at.button)
    two = runs.create(small())
    at = page(run=one.id)
    sound(at.button(key="stop-all").click().run())
    assert one.stop_requested()
    assert two.stop_requested()


def test_torn_and_strange_events_leave_the_page_whole(runs):
    run = half_done(runs)
    with (run.folder / "events.jsonl").open("a", encoding="utf-8") as f:
        f.write('{"event": "step", "st\n[1, 2]\nnull\n{"event": "step", "step": 5, "epo')
    at = page()
    assert [t["x"][-1] for t in figure(at)["data"] if t["mode"] == "lines"] == [0.8, 0.8]


def test_a_run_that_vanishes_while_it_is_watched_is_named_once_in_a_line(runs):
    kept, gone = half_done(runs, "Kept"), half_done(runs, "Gone")
    at = page(run=f"{kept.id},{gone.id}")
    shutil.rmtree(gone.folder)
    sound(at.run())
    assert at.multiselect[0].value == [kept.id]
    assert [c.value for c in at.caption if gone.id in c.value] == [
        f"The run “{gone.id}” is not here, or not for this page; it is left out."
    ]


@pytest.mark.parametrize(
    "strange", ["nonsense", "../../etc", "<script>alert(1)</script>", ",,,", "x" * 5000, "%00", "ä"]
)
def test_a_strange_address_is_a_quiet_line_at_most(runs, strange):
    run = half_done(runs)
    at = page(run=strange)
    assert at.multiselect[0].value == [run.id]
    assert "<script>" not in words(at)
    assert not at.error


def test_the_address_chooses_and_hand_made_choices_are_written_to_it(runs):
    one, two = half_done(runs), half_done(runs)
    at = page(run=one.id)
    assert at.multiselect[0].value == [one.id]
    sound(at.multiselect[0].set_value([two.id, one.id]).run())
    assert at.query_params["run"] == f"{two.id},{one.id}"
    sound(at.multiselect[0].set_value([]).run())
    assert "run" not in at.query_params
    assert "Press Train to watch a model learn." in words(at)


def test_the_choice_and_the_form_survive_a_visit_to_another_page(runs):
    one, _newest = half_done(runs), half_done(runs)
    at = sound(AppTest.from_file(ROOT / "pages" / "navigation.py", default_timeout=60).run())
    sound(at.switch_page("train.py").run())
    field(at, "epochs").set_value(23).run()
    sound(at.multiselect[0].set_value([one.id]).run())
    sound(at.switch_page("draw.py").run())
    sound(at.switch_page("train.py").run())
    assert at.multiselect[0].value == [one.id]
    assert field(at, "epochs").value == 23
    assert at.query_params["run"] == one.id


# -- the data ------------------------------------------------------------------------------------------------------


def test_without_mnist_the_digits_are_chosen_and_a_download_is_tried_once(runs, submitted, no_mnist):
    at = page()
    assert field(at, "dataset").value == "digits"
    sound(at.run())
    assert submitted == ["mnist"]
    sound(at.button(key="train").click().run())
    assert [run.config.dataset for run in runs.runs()] == ["digits"]


def test_a_failed_download_says_why_and_can_be_tried_again(runs, submitted, no_mnist):
    no_mnist.mkdir()
    (no_mnist / ".fetch-mnist.json").write_text(json.dumps({"failed": "MNIST could not be downloaded: <no> *net*."}))
    at = page()
    (note,) = (c.value for c in at.caption if "could not be downloaded" in c.value)
    assert r"\<no\> \*net\*" in note
    assert note.endswith("The embedded digits are used instead.")
    assert submitted == []
    sound(at.button(key="fetch-again-mnist").click().run())
    assert submitted == ["mnist"]


def test_opening_the_page_with_runs_in_it_imports_neither_torch_nor_sklearn(runs):
    half_done(runs, model="cnn")
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "at = AppTest.from_file('pages/train.py', default_timeout=60).run()\n"
        "heavy = {'torch', 'sklearn', 'umap'} & set(sys.modules)\n"
        "print(len(at.exception), len(at.get('bidi_component')), sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["0 1 []"], done.stderr[-2000:]
