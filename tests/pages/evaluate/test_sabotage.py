"""Sabotage on the Evaluate page: what is asked for, drawn and read at each value, and a sentence for what cannot be."""

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data import datasets
from core.data.corruptions import CORRUPTIONS
from core.data.datasets import Dataset, Split
from core.files import read_arrays, write_arrays
from core.jobs.state import ask
from core.measures.predictions import PREDICTIONS
from core.robustness.dials import DIALS, spoilt
from core.robustness.mnist_c import MNIST_C
from core.robustness.sweep import OUTDATED, SWEEP
from core.runs.run import Run
from core.runs.weights import load_model
from pages.parts.evaluate import sabotage
from tests.conftest import change_weights, compute, page_at, sound
from tests.pages.conftest import under_way
from tests.pages.evaluate.test_evaluate import address, cells, figures, html, words
from tests.robustness.written import write_mnist_c

Train = Callable[..., Run]
TEST = datasets.load("digits").test


@pytest.fixture
def pair(trained: Train) -> tuple[Run, Run]:
    """Two small classifiers that have read the test digits, the second a worse one."""
    runs = trained("softmax", epochs=6, train_size=1438), trained("numpy-two-layer", params={"hidden": 16}, lr=0.01)
    for run, name in zip(runs, ("One", "Two"), strict=True):
        run.rename(name)
        compute(PREDICTIONS, run, "test")
    return runs


def page(*runs: Run, **query: str) -> AppTest:
    return page_at("evaluate", run=",".join(one.id for one in runs), part="sabotage", **query)


class Fitted:
    """A model that only reads."""

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 10), 0.1, np.float32)


def asked_for(asked: list[Any], kind: str) -> list[tuple[str, ...]]:
    return [(job[1].name, *job[2:]) for job in asked if isinstance(job, tuple) and job[0] == kind]


def lines(at: AppTest) -> dict[str, list[float]]:
    """The accuracies that are drawn for each run."""
    drawn = figures(at)["sabotage"]["data"]
    return {line["name"]: line["y"] for line in drawn if line["mode"] == "lines+markers"}


def read_in_strip(at: AppTest) -> list[list[str]]:
    """What the strip, two groups of five, says that each run reads, with "wrong" where it is marked so."""
    rows = re.findall(r'<div class="dl-text dl-cells">(.*?)</div>', html(at), re.S)
    told = [re.findall(r"<span>(.*?)</span>", row) for row in rows]
    whole = [first + rest for first, rest in zip(told[: len(told) // 2], told[len(told) // 2 :], strict=True)]
    return [[unescape(re.sub("<.*?>", "", one)).replace("✗ ", "wrong ") for one in row] for row in whole]


def wanted_in_strip(run: Run, dial: str, value: float) -> list[str]:
    labels, rows = np.unique(TEST.labels, return_index=True)
    model = load_model(run)
    images = np.concatenate(list(spoilt(DIALS[dial], value, TEST, model)))[rows]
    read = model.predict_proba(images).argmax(1)
    return [str(r) if r == label else f"wrong {r}" for r, label in zip(read, labels, strict=True)]


def test_a_dial_is_measured_when_it_is_opened(pair: tuple[Run, Run], asked: list[Any]) -> None:
    at = page(*pair, dial="rotation")
    assert asked_for(asked, "sweep") == [("One", "rotation"), ("Two", "rotation")]
    assert asked_for(asked, "mnist-c") == []
    assert "Nothing is measured yet." in words(at)
    assert lines(at) == {}
    assert len(read_in_strip(at)) == 2  # the digits need no worker


def test_the_accuracies_are_drawn_with_what_is_read_at_the_value(pair: tuple[Run, Run], asked: list[Any]) -> None:
    found = [SWEEP.ensure(run, lambda *_: None, "gaussian") for run in pair]
    asked.clear()
    at = page(*pair, dial="gaussian", at="0.4")
    assert asked_for(asked, "sweep") == []
    for sweep, (name, drawn) in zip(found, lines(at).items(), strict=True):
        assert drawn == pytest.approx(sweep.accuracy, abs=1e-4)
        assert f"{name} {100 * sweep.accuracy[0]:.3g} % at 0" in words(at).replace("\N{NO-BREAK SPACE}", " ")
        assert f"{100 * sweep.accuracy[4]:.2f} % right" in html(at)
    assert read_in_strip(at) == [wanted_in_strip(run, "gaussian", 0.4) for run in pair]


def test_a_dial_that_is_turned_shows_other_digits_and_is_in_the_address(pair: tuple[Run, Run]) -> None:
    at = page(*pair, dial="rotation")
    assert at.select_slider[0].value == "-30"
    seen = [read_in_strip(at)]
    at.select_slider[0].set_value("75").run()
    assert address(sound(at), "at") == "75"
    seen.append(read_in_strip(at))
    assert seen == [[wanted_in_strip(run, "rotation", value) for run in pair] for value in (-30, 75)]
    assert seen[0] != seen[1]
    (mark,) = figures(at)["sabotage"]["layout"]["shapes"]
    assert mark["x0"] == 75


@pytest.mark.parametrize("name", DIALS)
def test_every_dial_can_be_opened(name: str, pair: tuple[Run, Run]) -> None:
    dial = DIALS[name]
    for value in (dial.values[0], dial.values[-1]):
        at = page(pair[0], dial=name, at=f"{value:g}")
        assert at.select_slider[0].value == f"{value:g}"
        assert dial.blurb in words(at).replace("\u2060", "")
        assert read_in_strip(at) == [wanted_in_strip(pair[0], name, value)]


@pytest.mark.parametrize("address", [{"dial": "loudness"}, {"at": "12345"}, {"at": "<b>"}, {"spoil": "everything"}])
def test_a_strange_address_is_as_none(address: dict[str, str], pair: tuple[Run, Run]) -> None:
    at = page(pair[0], **address)
    assert at.selectbox(key="latent-dial").value == "shift"
    assert at.select_slider[0].value == "3"


def test_under_an_attack_the_digits_are_spoilt_for_each_run(pair: tuple[Run, Run]) -> None:
    at = page(*pair, dial="fgsm", at="0.15")
    pictures = re.findall(r'<div class="dl-pic"><img [^>]*alt="([^"]*)" src="([^"]*)"', html(at))
    assert [alt for alt, _ in pictures] == ["One", "Two"] * 2  # two groups of five digits
    assert len({source for _, source in pictures}) == 4
    assert "Measured on all test digits." in words(at)  # there are fewer than 2,000


def test_a_model_without_a_gradient_is_left_out_of_attacks_with_a_sentence(
    pair: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    monkeypatch.setattr(sabotage, "load_model", lambda run: Fitted() if run == pair[0] else load_model(run))
    at = page(*pair, dial="pgd")
    assert "One knows no gradient" in words(at)
    assert asked_for(asked, "sweep") == [("Two", "pgd")]
    assert len(read_in_strip(at)) == 1
    at = page(*pair, dial="blur")
    assert "knows no gradient" not in words(at)
    assert len(read_in_strip(at)) == 2


def test_progress_with_a_button_that_cancels(pair: tuple[Run, Run]) -> None:
    job = SWEEP.job(pair[0], "shift")
    ask(job)
    with under_way(job):
        at = page(pair[0])
        (bar,) = at.get("progress")
        assert bar.proto.text.startswith("Shift, One: encoding")
        (cancel,) = (button for button in at.button if button.label == "Cancel")
        cancel.click().run()
        assert job.cancelled.exists()
    at = page(pair[0])
    assert "Cancelled." in words(at)
    assert "Try again" in [button.label for button in at.button]


def test_results_of_older_weights_are_not_shown(pair: tuple[Run, Run], asked: list[Any]) -> None:
    compute(SWEEP, pair[0], "shift")
    assert lines(page(pair[0]))
    change_weights(pair[0])
    compute(PREDICTIONS, pair[0], "test")
    asked.clear()
    assert lines(page(pair[0])) == {}
    assert asked_for(asked, "sweep") == [("One", "shift")]


def test_labels_that_changed_outdate_what_was_measured(
    pair: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    compute(SWEEP, pair[0], "shift")
    write_mnist_c(pair[0], 5, [10] * 15)
    whole = datasets.load("digits")
    labels = (whole.test.labels + 1) % 10
    changed = Dataset(whole.name, whole.train, Split(whole.test.images, labels), whole.classes)
    monkeypatch.setattr(datasets, "load", lambda name: changed)
    assert lines(page(pair[0])) == {}
    assert asked_for(asked, "sweep") == [("One", "shift")]
    at = page(pair[0], spoil="mnist-c")
    assert OUTDATED in words(at)
    assert cells(at, "ek") == []


@pytest.mark.parametrize("query", [{"dial": "shift"}, {"dial": "fgsm"}, {"spoil": "mnist-c"}])
def test_a_run_that_is_deleted_meanwhile_is_a_sentence_and_the_other_is_shown(
    query: dict[str, str], pair: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in pair:
        compute(SWEEP, run, query.get("dial", "blur"))
        write_mnist_c(run, 5, [10] * 15)
    part = sabotage.of_same_digits

    def lost(readings: Any) -> Any:
        shutil.rmtree(pair[0].folder)
        return part(readings)

    monkeypatch.setattr(sabotage, "of_same_digits", lost)
    at = page(*pair, **query)
    assert f"The run {pair[0].id} is gone. Choose another one." in words(at)
    if "dial" in query:
        assert "Two" in lines(at)
        assert len(read_in_strip(at)) == 1
    else:
        assert cells(at, "ek")[0][-1] == "Two"


def test_probabilities_that_are_no_numbers_are_a_sentence_for_that_run(pair: tuple[Run, Run]) -> None:
    weights = read_arrays(pair[1].folder / "weights.safetensors")
    compute(SWEEP, pair[0], "shift")
    version = pair[1].weights_version()
    compute(PREDICTIONS, pair[1], "test")
    write_arrays(pair[1].folder / "weights.safetensors", {name: value * np.nan for name, value in weights.items()})
    assert pair[1].weights_version() != version
    compute(PREDICTIONS, pair[1], "test")
    at = page(*pair)
    assert "probabilities are not numbers. Train it again with a smaller learning rate." in words(at)
    assert list(lines(at)) == ["One"]
    assert len(read_in_strip(at)) == 1
    compute(SWEEP, pair[1], "shift")
    assert "not numbers" in SWEEP.state(pair[1], "shift").message


def test_sixty_runs_are_too_many(pair: tuple[Run, Run], tmp_path: Any) -> None:
    ids = [pair[0].id]
    for number in range(59):
        folder = pair[0].folder.with_name(f"{pair[0].id}-{number}")
        folder.mkdir()
        for name in ("config.json", "events.jsonl"):
            shutil.copy(pair[0].folder / name, folder / name)
        ids.append(folder.name)
    at = page_at("evaluate", run=",".join(ids), part="sabotage")
    assert "60 runs are chosen; this page shows the first 6 of them." in words(at)
    assert list(lines(at)) == []


def test_training_digits_are_not_spoilt(pair: tuple[Run, Run]) -> None:
    compute(PREDICTIONS, pair[0], "all")
    assert "Here test digits are spoilt" in words(page(pair[0], split="train"))
    assert "Here test digits are spoilt" not in words(page(pair[0]))


# -- MNIST-C -------------------------------------------------------------------------------------------------------


def test_the_table_is_measured_when_somebody_asks(pair: tuple[Run, Run], asked: list[Any]) -> None:
    at = page(*pair, spoil="mnist-c")
    assert asked_for(asked, "mnist-c") == asked_for(asked, "sweep") == []
    assert cells(at, "ek") == []
    (button,) = (button for button in at.button if button.label == "Measure Two")
    button.click().run()
    assert asked_for(asked, "mnist-c") == [("Two",)]


def test_the_table_says_all_errors_and_their_mean(pair: tuple[Run, Run]) -> None:
    wrong = [MNIST_C.ensure(pair[0], lambda *_: None).wrong, np.arange(15) * 20]
    write_mnist_c(pair[1], 36, wrong[1])
    clean = [MNIST_C.load_current(pair[0]).clean, 36]
    head, *rows = cells(page(*pair, spoil="mnist-c"), "ek")
    assert head == ["Corruption", "One", "Two"]
    assert [row[0].lower() for row in rows] == ["clean", *(name.lower() for name in CORRUPTIONS), "mean of the fifteen"]
    for run in range(2):
        counts = [clean[run], *wrong[run], np.mean(wrong[run])]
        assert [row[1 + run] for row in rows] == [f"{100 * count / 359:.2f}" for count in counts]


def test_bold_is_only_what_is_resolved(pair: tuple[Run, Run]) -> None:
    write_mnist_c(pair[0], 20, [20, 100] + [50] * 13)
    write_mnist_c(pair[1], 24, [90, 60] + [52] * 13)
    at = page(*pair, spoil="mnist-c")
    table = re.search(r"<div class='ek'.*?</table>", html(at), re.S)
    assert table
    bold = [re.findall(r"<td><b>(.*?)</b>", line) for line in table[0].split("<tr>")[2:]]
    assert bold[:3] == [[], [f"{2000 / 359:.2f}"], [f"{6000 / 359:.2f}"]]
    assert not any(bold[3:])
    alone = html(page(pair[0], spoil="mnist-c"))
    assert "<td><b>" not in alone


def test_each_row_has_a_picture_of_its_corruption(pair: tuple[Run, Run]) -> None:
    write_mnist_c(pair[0], 5, range(15))
    table = re.search(r"<div class='ek'.*?</table>", html(page(pair[0], spoil="mnist-c")), re.S)
    assert table
    pictures = re.findall(r"<img alt='' width='28' height='28' src='(data:image/png;base64,[^']+)'", table[0])
    assert len(set(pictures)) == 16


def test_what_is_of_other_digits_says_so(pair: tuple[Run, Run]) -> None:
    write_mnist_c(pair[0], 5, range(15))
    told = words(page(pair[0], spoil="mnist-c"))
    assert "here its corruptions are done to those of Embedded digits" in told
    assert "no preset trains with these corruptions" in told
    assert "Of 359 test digits." in told


def test_names_are_shown_as_text(pair: tuple[Run, Run]) -> None:
    name = "<img src=x onerror=alert(1)> *x*"
    for one in pair:
        one.rename(name)
        write_mnist_c(one, 5, range(15))
        compute(SWEEP, one, "fgsm")
    for query in ({"dial": "fgsm"}, {"spoil": "mnist-c"}, {"dial": "shift"}):
        at = page(*pair, **query)
        assert "<img src=x" not in html(at)
        assert "<img" not in "\n".join(element.value for element in at.caption).replace("\\<", "")
        assert "<img src=x" not in json.dumps([figure["data"] for figure in figures(at).values()])
