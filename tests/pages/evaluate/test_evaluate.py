"""The Evaluate page: its figures are scikit-learn's of the same predictions, and a sentence for whatever is missing."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from scipy.stats import binomtest
from sklearn import metrics
from streamlit.testing.v1 import AppTest

from core.data import datasets, samples
from core.data.datasets import Dataset
from core.data.label_errors import doubted_labels
from core.files import read_arrays, write_arrays
from core.measures.calibration import CALIBRATION
from core.measures.predictions import PREDICTIONS
from core.measures.scores import SCORES, figure_of
from core.runs.run import Run, Status
from core.runs.store import RunStore
from pages.parts.evaluate import readings
from pages.parts.figure.moving import element_key
from tests.conftest import ROOT, compute, page_at, sound, with_its_data_set_gone
from tests.pages.conftest import moving_at

Train = Callable[..., Run]
PARTS = ("glance", "confusion", "digits", "thresholds", "calibration", "compare")
SAMPLES = {"test": "test", "train": "all"}  # what is read for a split
MATRIX = "confusion-"


@pytest.fixture
def run(trained: Train) -> Run:
    """A small classifier that has read all digits."""
    made = trained("softmax", epochs=6, train_size=1438)
    made.rename("One")
    for sample in SAMPLES.values():
        compute(PREDICTIONS, made, sample)
    return made


@pytest.fixture
def pair(run: Run, trained: Train) -> tuple[Run, Run]:
    """That one and a worse one, which has read all digits, too."""
    other = trained("softmax", seed=3)
    other.rename("Two")
    for sample in SAMPLES.values():
        compute(PREDICTIONS, other, sample)
    return run, other


def page(*runs: Run, **query: str) -> AppTest:
    """The page with these runs chosen by the address."""
    return page_at("evaluate", run=",".join(one.id for one in runs), **query)


def words(at: AppTest) -> str:
    """What the page says in lines of text, as people read it."""
    told = [element.value.replace("\\", "") for element in [*at.caption, *at.error]]
    return "\n".join([*told, *(label for one in moving(at) for label in one["labels"].values())])


def html(at: AppTest) -> str:
    return "\n".join(element.proto.body for element in at.get("html"))


def cells(at: AppTest, name: str) -> list[list[str]]:
    """The text of the table with this CSS class, its head first; none where it is not there."""
    found = re.search(rf"<div class='{name}'.*?</table>", html(at), re.S)
    lines = re.findall(r"<tr>(.*?)</tr>", found[0], re.S) if found else []
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", re.sub("<i .*?</i>", "", line)) for line in lines]
    return [[unescape(re.sub("<.*?>", "", cell)) for cell in line] for line in cells]


def figures(at: AppTest) -> dict[str, dict[str, Any]]:
    """The figures that the browser shows, by what they are saved as."""
    sent = components(at)
    shown = {one["name"]: one["figure"] for one in sent if "figure" in one}
    return shown | {name: figure for one in moving(at) for name, figure in one["figures"].items()}


def components(at: AppTest) -> list[dict[str, Any]]:
    """What the components of the page are sent."""
    return [json.loads(element.proto.json) for element in at.get("bidi_component")]


def moving(at: AppTest) -> list[dict[str, Any]]:
    """What follows a slider, as it is where the hand is."""
    return [moving_at(one, hand(at, one["name"])) for one in components(at) if "content" in one]


def hand(at: AppTest, key: str) -> float:
    """Where the hand is on the slider with this key."""
    value: float = at.session_state[f"hand-{key}"].value
    return value


def move(at: AppTest, key: str, value: float) -> AppTest:
    """Let the hand rest at a value, as the browser says it."""
    at.session_state[element_key(key)] = {"at": {"turn": at.session_state[f"hand-{key}"].turn, "value": value}}
    return sound(at.run())


def stops(at: AppTest) -> dict[str, float]:
    """The buttons that move a slider, and where to."""
    return {stop["title"]: stop["value"] for one in components(at) for stop in one.get("stops", ())}


def counts_sent(figure: dict[str, Any]) -> np.ndarray:
    """How often each class is read as which, as a hand over the figure of a confusion table is told."""
    told = [[re.search(r": ([\d,]+) of", cell) for cell in row] for row in figure["data"][1]["hovertext"]]
    return np.array([[int(found[1].replace(",", "")) if found else 0 for found in row] for row in told])


def tiles(at: AppTest, label: str = "") -> list[str]:
    """What is said of the digits in the galleries whose label begins so."""
    return [tile["text"] for one in galleries(at, label) for tile in one["tiles"]]


def pictures(at: AppTest, label: str = "") -> np.ndarray:
    """The digits in these galleries, uint8 (n, 28, 28)."""
    found = [np.zeros((0, 28, 28), np.uint8)]
    for one in galleries(at, label):
        png = base64.b64decode(one["sheet"].removeprefix("data:image/png;base64,"))
        sheet = np.asarray(Image.open(io.BytesIO(png)))
        lines = sheet.reshape(-1, 28, one["columns"], 28).swapaxes(1, 2).reshape(-1, 28, 28)
        found.append(lines[: len(one["tiles"])])
    return np.concatenate(found)


def galleries(at: AppTest, label: str = "") -> list[dict[str, Any]]:
    """The galleries that are sent to the browser whose label begins so."""
    sent = (json.loads(element.proto.json) for element in at.get("bidi_component"))
    return [one for one in sent if "tiles" in one and one["label"].startswith(label)]


def digits_at(rows: np.ndarray, split: str = "test") -> np.ndarray:
    """The pictures of some digits of the embedded ones."""
    opened = datasets.load("digits")
    return (opened.test if split == "test" else opened.train).images[rows]


def read_of(run: Run, split: str = "test") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The labels of a split, and the run's own answers and probabilities there."""
    found, sample = PREDICTIONS.load_current(run, SAMPLES[split]), SAMPLES[split]
    assert found is not None
    count = samples.size("digits", "test")
    rows = slice(0, count) if split == "test" else slice(count, None)
    return samples.labels_of("digits", sample)[rows], found.predicted[rows], found.probabilities(rows)


def of_mnist(run: Run) -> Run:
    """The run as one of MNIST, whose test digits it has read."""
    facts = json.loads((run.folder / "config.json").read_text())
    facts["config"]["dataset"] = "mnist"
    (run.folder / "config.json").write_text(json.dumps(facts))
    changed = Run(run.folder)
    compute(PREDICTIONS, changed, "test")
    return changed


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def predictions_asked(asked: list[Any]) -> list[tuple[Run, str]]:
    return [(job[1], job[2]) for job in asked if isinstance(job, tuple) and job[0] == "predictions"]


def click(at: AppTest, run: Run, true: int, read: int, number: int) -> AppTest:
    """A click on a cell of a run's table, as the browser tells it."""
    at.session_state[f"{MATRIX}{run.id}"] = {"click": {"x": read, "y": true, "n": number}}
    return sound(at.run())


def ringed(at: AppTest) -> set[tuple[int, int] | None]:
    """The cells that the tables ring, None for a table that rings none."""
    frames = [figure["layout"].get("shapes") for name, figure in figures(at).items() if name.startswith(MATRIX)]
    return {(int(one[0]["y0"] + 0.5), int(one[0]["x0"] + 0.5)) if one else None for one in frames}


def address(at: AppTest, name: str) -> str | None:
    """What the address says, as one text."""
    said = at.query_params.get(name)
    return said[0] if isinstance(said, list) else said


# -- the parts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["test", "train"])
@pytest.mark.parametrize("part", PARTS)
def test_each_part_draws_for_one_run_and_for_two(
    pair: tuple[Run, Run], part: str, split: str, asked: list[Any]
) -> None:
    one, other = pair
    shows = {
        "glance": (0, 0), "confusion": (1, 3), "digits": (0, 0), "thresholds": (2, 2), "calibration": (1, 1),
        "compare": (1, 4),
    }[part]  # fmt: skip
    for runs, count in zip(((one,), (one, other)), shows, strict=True):
        at = page(*runs, part=part, split=split)
        assert at.segmented_control[0].value == part
        assert len(figures(at)) == count
    assert predictions_asked(asked) == []
    digits = {"test": "359", "train": "1,438"}
    if part == "glance":
        assert {line[1] for line in cells(at, "eg")[1:]} == set(digits.values())  # the other split is known, too
        assert cells(at, "ec")[-1][:2] == ["Mean", digits[split]]
    if part == "compare":
        assert f"of {digits[split]} rightly" in words(at)
    if part in ("confusion", "calibration"):
        assert f"of {digits[split]} digits" in words(at)


@pytest.mark.parametrize("split", ["test", "train"])
def test_the_figures_at_a_glance_are_those_of_scikit_learn(run: Run, split: str) -> None:
    labels, predicted, probabilities = read_of(run, split)
    title = {"test": "Test digits", "train": "Training digits"}[split]
    _, *lines = cells(page(run, split=split), "eg")
    assert len(lines) == 2
    (line,) = (line for line in lines if line[0].endswith(title))
    assert line == lines[0]  # the split that is chosen comes first
    right = int(metrics.accuracy_score(labels, predicted, normalize=False))
    low, high = binomtest(right, len(labels)).proportion_ci(method="wilson")
    sure, hit = probabilities.max(1), predicted == labels
    bins = [(sure > b / 15) & (sure <= (b + 1) / 15) for b in range(15)]
    gaps = sum(abs(hit[inside].sum() - sure[inside].sum()) for inside in bins)
    assert line[1:] == [
        f"{len(labels):,}",
        percent(metrics.accuracy_score(labels, predicted)),
        f"{100 * low:.2f}\N{EN DASH}{100 * high:.2f}",
        f"{len(labels) - right:,}",
        percent((np.argsort(-probabilities, 1, "stable")[:, :2] == labels[:, None]).any(1).mean()),
        f"{metrics.log_loss(labels, probabilities):.4f}",
        f"{metrics.brier_score_loss(labels, probabilities, labels=range(10), scale_by_half=False):.4f}",
        f"{gaps / len(labels):.4f}",
    ]


def test_the_figures_of_each_class_are_those_of_scikit_learn(run: Run) -> None:
    labels, predicted, _ = read_of(run)
    parts = metrics.precision_recall_fscore_support(labels, predicted)
    _, *lines, means = cells(page(run), "ec")
    for label, line in enumerate(lines):
        precision, recall, f1, support = (values[label] for values in parts)
        assert line == [str(label), str(support), percent(precision), percent(recall), percent(f1)]
    macro = metrics.precision_recall_fscore_support(labels, predicted, average="macro")
    assert means == ["Mean", "359", *map(percent, macro[:3])]
    assert "misses" in words(page(run))
    worst = re.search(r"misses (\d) most often: it finds ([\d.]+ %)", words(page(run)))
    assert worst
    assert worst[2] == percent(parts[1].min()) == lines[int(worst[1])][3]


def test_who_misses_none_is_not_said_to_miss_some(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = PREDICTIONS.read(run, "test")
    assert found is not None
    monkeypatch.setattr(samples, "labels_of", lambda name, sample: found.predicted.astype(np.int64))
    compute(PREDICTIONS, run, "test")
    shutil.rmtree(run.folder / "projections")
    compute(PREDICTIONS, run, "test")
    at = page(run)
    assert cells(at, "eg")[1][2] == "100.00 %"
    assert "misses" not in words(at)


def test_a_number_is_the_same_wherever_it_is_shown(run: Run) -> None:
    compute(SCORES, run)
    labels, predicted, _ = read_of(run)
    line = cells(page(run), "eg")[1]
    scores = figure_of(run)
    assert scores is not None
    assert line[2] == percent(scores.value)
    at = page(run, part="confusion")
    counts = counts_sent(figures(at)[f"{MATRIX}{run.id}"])
    assert (counts == metrics.confusion_matrix(labels, predicted)).all()
    errors = int(counts.sum() - np.trace(counts))
    assert int(line[4]) == errors > 0
    assert f"misreads {errors} of 359 digits" in words(at)
    drawn = figures(page(run, part="compare"))["classifiers"]["data"][0]
    assert percent(drawn["x"][0])[:-3] == line[2][:-3]  # five digits are drawn


def test_two_runs_have_their_tables_and_the_difference(pair: tuple[Run, Run]) -> None:
    at = page(*pair, part="confusion")
    tables = [metrics.confusion_matrix(*read_of(one)[:2]) for one in pair]
    for one, table in zip(pair, tables, strict=True):
        assert (counts_sent(figures(at)[f"{MATRIX}{one.id}"]) == table).all()
    gaps = tables[0] - tables[1]
    np.fill_diagonal(gaps, 0)
    assert (np.array(figures(at)["confusion-difference"]["data"][1]["z"]) == gaps).all()
    scales = [figures(at)[f"{MATRIX}{one.id}"]["data"][1]["zmax"] for one in pair]
    assert scales[0] == scales[1] == max((table - np.diag(np.diag(table))).max() for table in tables)


def test_cells_can_be_shares_of_their_class(run: Run) -> None:
    at = page(run, part="confusion", cells="rates")
    labels, predicted, _ = read_of(run)
    shares = metrics.confusion_matrix(labels, predicted, normalize="true")
    np.fill_diagonal(shares, 0)
    assert np.array(figures(at)[f"{MATRIX}{run.id}"]["data"][1]["z"]) == pytest.approx(shares, rel=1e-4)


@pytest.mark.parametrize("split", ["test", "train"])
def test_the_areas_in_the_legends_are_those_of_scikit_learn(run: Run, split: str) -> None:
    labels, _, probabilities = read_of(run, split)
    drawn = figures(page(run, part="thresholds", split=split))
    assert (labels.max(), len(set(labels))) == (9, 10)
    for figure, score in (("roc", metrics.roc_auc_score), ("precision-recall", metrics.average_precision_score)):
        named = dict(line["name"].split(": ") for line in drawn[figure]["data"] if "name" in line)
        areas = [score(labels == label, probabilities[:, label]) for label in range(10)]
        micro = score(np.eye(10)[labels], probabilities, average="micro")
        assert named == {**{str(label): f"{area:.4f}" for label, area in enumerate(areas)},
                         "macro mean": f"{np.mean(areas):.4f}", "micro mean": f"{micro:.4f}"}  # fmt: skip


def test_the_curves_go_through_the_points_of_scikit_learn(run: Run) -> None:
    labels, _, probabilities = read_of(run)
    drawn = figures(page(run, part="thresholds", **{"class": "8"}))
    (line,) = (line for line in drawn["roc"]["data"] if line.get("name", "").startswith(run.name))
    false, true, _ = metrics.roc_curve(labels == 8, probabilities[:, 8], drop_intermediate=False)
    assert line["x"] == pytest.approx(false, rel=1e-4)
    assert line["y"] == pytest.approx(true, rel=1e-4)


def test_what_two_differ_by_is_mcnemars_test(pair: tuple[Run, Run]) -> None:
    at = page(*pair, part="compare")
    labels = read_of(pair[0])[0]
    first, second = (read_of(one)[1] == labels for one in pair)
    only, others = int((first & ~second).sum()), int((second & ~first).sum())
    p = binomtest(only, only + others).pvalue
    ((name, *line),) = cells(at, "em")[1:]
    assert pair[0].name in name
    assert line[:2] == [str(only), str(others)]
    resolved = f"{pair[0 if only > others else 1].name} is better"
    assert line[2].startswith(resolved if p < 0.05 else "not resolved")
    shown = line[2].rsplit("(p ", 1)[1].rstrip(")")
    assert (p < 0.001) if shown == "< .001" else float(shown.removeprefix("= ")) == pytest.approx(p, abs=0.006)
    assert f"{only} of 359 digits are read rightly by {pair[0].name} alone." in words(at)
    rows = np.flatnonzero(first & ~second)
    assert (pictures(at) == digits_at(rows[:48])).all()
    assert tiles(at) == [f"{labels[row]}, not {read_of(pair[1])[1][row]}" for row in rows[:48]]


def test_equal_runs_are_not_told_apart(run: Run, runs: RunStore) -> None:
    copy = runs.folder / "copy"
    shutil.copytree(run.folder, copy)
    at = page(run, Run(copy), part="compare")
    assert cells(at, "em")[1][1:] == ["0", "0", "not resolved (p = 1.00)"]
    assert "0 of 359 digits are read rightly by" in words(at)
    assert "as many as" in words(at)
    assert tiles(at) == []


def test_a_vote_of_two_is_what_the_mean_of_their_probabilities_reads(pair: tuple[Run, Run]) -> None:
    labels = read_of(pair[0])[0]
    shares = [read_of(one)[2] for one in pair]
    right = int((np.mean(shares, 0).argmax(1) == labels).sum())
    alone = [int((share.argmax(1) == labels).sum()) for share in shares]
    said = words(page(*pair, part="compare"))
    assert f"the mean of their probabilities reads {right} of 359 rightly" in said
    gain = right - max(alone)
    assert {1: f"{gain} more than", 0: "as many as", -1: f"{-gain} fewer than"}[int(np.sign(gain))] in said


# -- what is asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("split", "sample"), SAMPLES.items())
def test_what_is_missing_is_asked_for_and_of_the_open_part_alone(
    trained: Train, asked: list[Any], split: str, sample: str
) -> None:
    run = trained("softmax", epochs=1)
    at = page(run, split=split)
    assert predictions_asked(asked) == [(run, sample)]
    assert f"What {run.name} reads" in at.get("progress")[0].proto.text.replace("\\", "")
    assert cells(at, "eg") == []
    sound(at.run())
    assert len(predictions_asked(asked)) == 1
    compute(PREDICTIONS, run, sample)
    assert len(cells(sound(at.run()), "eg")) == {"test": 2, "train": 3}[split]  # all digits have those of both splits
    assert not at.get("progress")


def test_new_weights_are_read_anew_and_the_old_figures_are_gone(run: Run, asked: list[Any]) -> None:
    at = page(run)
    weights = read_arrays(run.folder / "weights.safetensors")
    write_arrays(run.folder / "weights.safetensors", {name: -value for name, value in weights.items()})
    assert cells(sound(at.run()), "eg") == []
    assert predictions_asked(asked) == [(run, "test")]
    compute(PREDICTIONS, run, "test")
    line = cells(sound(at.run()), "eg")[1]
    labels, predicted, _ = read_of(run)
    assert line[2] == percent((labels == predicted).mean())


def test_no_run_at_all_is_a_sentence(runs: RunStore, asked: list[Any]) -> None:
    at = page_at("evaluate")
    assert "No classifier is trained yet: train one on the Train page." in words(at)
    assert predictions_asked(asked) == []
    for part in PARTS:
        assert not figures(page_at("evaluate", part=part))


def test_autoencoders_are_not_offered(trained: Train) -> None:
    made = trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)
    at = page(made)
    assert "No classifier is trained yet" in words(at)
    assert at.multiselect[0].value == []


def test_none_chosen_is_a_sentence(run: Run) -> None:
    at = page(run)
    at.multiselect[0].set_value([])
    assert "Choose a classifier." in words(sound(at.run()))
    assert cells(at, "eg") == []


def test_more_runs_than_there_is_room_for(run: Run, runs: RunStore) -> None:
    made = [run]
    for number in range(7):
        shutil.copytree(run.folder, runs.folder / f"copy-{number}")
        made.append(Run(runs.folder / f"copy-{number}"))
    at = page(*made)
    assert at.multiselect[0].value == [one.id for one in made[:6]]
    assert "8 runs are chosen; this page shows the first 6 of them." in words(at)
    assert len(cells(at, "eg")) == 1 + 6 * 2
    at = page(*made, part="compare")
    assert len(cells(at, "em")) == 1 + 15
    assert "Of many pairs one in twenty is resolved by chance." in words(at)


# -- the cell ------------------------------------------------------------------------------------------------------


def a_confusion(run: Run, split: str = "test") -> tuple[int, int]:
    """The most frequent confusion of a run."""
    counts = metrics.confusion_matrix(*read_of(run, split)[:2])
    np.fill_diagonal(counts, 0)
    true, read = np.unravel_index(counts.argmax(), counts.shape)
    assert counts[true, read]
    return int(true), int(read)


def test_a_cell_in_the_address_shows_its_digits(run: Run) -> None:
    true, read = a_confusion(run)
    at = page(run, part="confusion", true=str(true), read=str(read))
    labels, predicted, probabilities = read_of(run)
    rows = np.flatnonzero((labels == true) & (predicted == read))
    rows = rows[np.argsort(-probabilities[rows, read], kind="stable")]
    assert tiles(at, f"Class {true} read as {read}") == [f"{100 * probabilities[row, read]:.0f} %" for row in rows]
    assert (pictures(at) == digits_at(rows)).all()
    assert f"reads {len(rows)} of {(labels == true).sum()} digits of class {true} as {read}" in words(at)
    assert ringed(at) == {(true, read)}
    assert at.selectbox(key="latent-true").value == str(true)


def test_the_digits_shown_are_those_of_the_split(run: Run) -> None:
    true, read = a_confusion(run, "train")
    at = page(run, part="confusion", split="train", true=str(true), read=str(read))
    labels, predicted, probabilities = read_of(run, "train")
    rows = np.flatnonzero((labels == true) & (predicted == read))
    rows = rows[np.argsort(-probabilities[rows, read], kind="stable")]
    assert (pictures(at) == digits_at(rows[:48], "train")).all()


def test_a_click_chooses_the_cell_and_a_second_one_another(run: Run) -> None:
    at = page(run, part="confusion")
    assert ringed(at) == {None}
    assert "Click on a cell" in words(at)
    true, read = a_confusion(run)
    click(at, run, true, read, 7)
    assert ringed(at) == {(true, read)}
    assert (address(at, "true"), address(at, "read")) == (str(true), str(read))
    assert tiles(at)
    click(at, run, 3, 3, 8)
    assert ringed(at) == {(3, 3)}
    assert "of class 3 rightly" in words(at)
    sound(at.selectbox(key="latent-true").set_value("5").run())
    assert ringed(at) == {(5, 3)}  # the old click is heard once
    sound(at.run())
    assert (address(at, "true"), address(at, "read")) == ("5", "3")
    click(at, run, 3, 3, 9)  # the same cell again
    assert ringed(at) == {(3, 3)}


def test_a_click_on_one_table_is_ringed_in_all(pair: tuple[Run, Run]) -> None:
    at = page(*pair, part="confusion")
    click(at, pair[1], 2, 6, 7)
    assert len([name for name in figures(at) if name.startswith(MATRIX)]) == 3
    assert ringed(at) == {(2, 6)}
    assert words(at).count("digits of class 2 as 6") == 2


@pytest.mark.parametrize(("x", "y"), [(10, 4), (-1, 4), (4.5, 4), ("4", 4), (1e300, 0), (None, 1)])
def test_a_click_at_no_cell_is_none(run: Run, x: object, y: object) -> None:
    at = page(run, part="confusion")
    at.session_state[f"{MATRIX}{run.id}"] = {"click": {"x": x, "y": y, "n": 7}}
    assert ringed(sound(at.run())) == {None}


def test_any_takes_the_cell_away(run: Run) -> None:
    at = page(run, part="confusion", true="4", read="4")
    sound(at.selectbox(key="latent-read").set_value("").run())
    assert ringed(at) == {None}
    assert not tiles(at)
    assert (address(at, "true"), address(at, "read")) == ("4", None)


def test_more_digits_are_shown_a_page_at_a_time(run: Run) -> None:
    at = page(run, part="confusion", split="train", true="0", read="0")
    labels, predicted, _ = read_of(run, "train")
    total = int(((labels == 0) & (predicted == 0)).sum())
    assert total > 96
    for shown in (48, 96):
        assert len(tiles(at)) == shown
        (more,) = (button for button in at.button if button.label.startswith("Show"))
        assert more.label == f"Show {min(48, total - shown)} more"
        sound(more.click().run())
    assert len(np.unique(pictures(at), axis=0)) == min(144, total)


@pytest.mark.parametrize(
    "query",
    [
        {"part": "nonsense"}, {"part": "confusion", "true": "99", "read": "x"}, {"part": "confusion", "true": "-1"},
        {"part": "confusion", "cells": "<script>"}, {"part": "thresholds", "class": "-1"},
        {"part": "thresholds", "class": "10"}, {"part": "thresholds", "class": "8", "threshold": "7"},
        {"part": "thresholds", "class": "8", "threshold": "nan"},
        {"part": "thresholds", "class": "8", "threshold": "x"},
        {"part": "calibration", "temperature": "nan"}, {"part": "calibration", "temperature": "inf"},
        {"part": "calibration", "temperature": "0"}, {"part": "calibration", "temperature": "-1"},
        {"split": "all"}, {"split": "x" * 5000},
    ],
    ids=str,
)  # fmt: skip
def test_a_hostile_address_shows_what_is_there_at_first(run: Run, query: dict[str, str]) -> None:
    at, usual = page(run, **query), page(run, **{key: value for key, value in query.items() if key == "part"})
    if query.get("class") == "8":
        usual = page(run, part="thresholds", **{"class": "8"})
    assert json.dumps(figures(at)) == json.dumps(figures(usual))
    assert cells(at, "eg") == cells(usual, "eg")
    assert words(at) == words(usual)
    assert figures(at) or cells(at, "eg")
    assert not at.error
    for one in components(at):
        if "content" in one:
            assert hand(at, one["name"]) == one["start"] == {"temperature": 1.0, "threshold": 0.5}[one["name"]]


# -- the digits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["wrong", "loss", "unsure", "right", "nonsense"])
def test_digits_in_the_order_that_says_most(run: Run, order: str) -> None:
    at = page(run, part="digits", order=order)
    labels, predicted, probabilities = read_of(run)
    sure, wrong, every = probabilities.max(1), predicted != labels, np.arange(359)
    rows, key = {
        "loss": (every, -np.log(probabilities[every, labels])),
        "unsure": (every, 1 - sure),
        "right": (np.flatnonzero(~wrong), 1 - sure),
    }.get(order, (np.flatnonzero(wrong), sure))
    rows = rows[np.argsort(-key[rows], kind="stable")]
    assert f"{len(rows)} of 359 digits, as One reads them." in words(at)
    assert (pictures(at) == digits_at(rows[:48])).all()
    said = [
        f"{labels[row]} as {predicted[row]}, {100 * sure[row]:.0f} %" if wrong[row]
        else f"{labels[row]}, {100 * sure[row]:.0f} %"
        for row in rows[:48]
    ]  # fmt: skip
    assert tiles(at) == said
    assert "people agree" not in words(at)  # of these digits nobody has told


def test_digits_that_all_runs_misread(pair: tuple[Run, Run]) -> None:
    at = page(*pair, part="digits", order="all")
    wrong = [predicted != labels for labels, predicted, _ in map(read_of, pair)]
    rows = np.flatnonzero(wrong[0] & wrong[1])
    assert len(rows)
    assert f"{len(rows)} of 359 digits are misread by all 2 chosen runs." in words(at)
    assert (pictures(at) == digits_at(rows[:48])).all()
    at = page(pair[0], part="digits", order="all")  # of one run alone: what is there at first
    assert f"{wrong[0].sum()} of 359 digits, as One reads them." in words(at)


def test_digits_whose_labels_people_doubt_have_a_star(runs: RunStore, mnist: Dataset) -> None:
    shutil.copytree(ROOT / "checkpoints" / "mlp", runs.folder / "mlp")
    shipped = runs.get("mlp")
    compute(PREDICTIONS, shipped, "test")
    at = page(shipped, part="digits", order="loss")
    found = PREDICTIONS.load_current(shipped, "test")
    assert found is not None
    doubted = doubted_labels("mnist", "test")
    said = re.search(r"In this order (\d+) among the first 15, (\d+) among the first 50, (\d+) among the", words(at))
    assert said
    assert "of 15 test digits: they have a star here" in words(at)
    losses = -np.log(found.probabilities()[np.arange(10_000), mnist.test.labels])
    order = np.argsort(-losses, kind="stable")
    assert [int(count) for count in said.groups()] == [
        len(set(order[:most]) & set(doubted)) for most in (15, 50, 100)
    ]  # fmt: skip
    stars = {row for row, tile in zip(order[:48], tiles(at), strict=True) if tile.endswith("*")}
    assert stars == set(order[:48]) & set(doubted) != set()


# -- thresholds and calibration ------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_what_a_threshold_finds(run: Run, threshold: float) -> None:
    at = page(run, part="thresholds", **{"class": "8"})
    move(at, "threshold", threshold)
    labels, _, probabilities = read_of(run)
    true, said = labels == 8, probabilities[:, 8] >= threshold
    undefined = "undefined" if not said.any() else ""
    precision = undefined or percent(metrics.precision_score(true, said))
    (shown,) = moving(at)
    assert float(shown["text"]) == threshold
    assert shown["numbers"] == {
        "Precision": precision,
        "Recall": percent(metrics.recall_score(true, said)),
        "F1": percent(metrics.f1_score(true, said)),
        "Right": str((true & said).sum()),
        "False positives": str((~true & said).sum()),
        "False negatives": str((true & ~said).sum()),
    }
    assert f"False positives of {run.name}: {shown['numbers']['False positives']}, the worst first" in words(at)
    for title, rows, sign in (
        ("False positives", np.flatnonzero(~true & said), -1), ("False negatives", np.flatnonzero(true & ~said), 1),
    ):  # fmt: skip
        worst = rows[np.argsort(sign * probabilities[rows, 8], kind="stable")][:48]
        assert tiles(at, title) == [f"{labels[row]}, {100 * probabilities[row, 8]:.0f} %" for row in worst]
        assert (pictures(at, title) == digits_at(worst)).all()
    marks = {name: figure["data"][-1] for name, figure in figures(at).items()}
    drawn = (true & said).sum() / true.sum()
    assert [mark["mode"] for mark in marks.values()] == ["markers", "markers"]
    assert marks["roc"]["y"] == pytest.approx([drawn], rel=1e-4)
    assert marks["precision-recall"]["x"] == pytest.approx([drawn] if said.any() else [], rel=1e-4)


def test_a_threshold_is_in_the_address(run: Run) -> None:
    at = page(run, part="thresholds", threshold="0.25", **{"class": "8"})
    assert moving(at)[0]["text"] == "0.25"
    assert hand(at, "threshold") == 0.25
    assert address(move(at, "threshold", 0.26), "threshold") == "0.26"
    assert address(move(at, "threshold", 0.5), "threshold") is None  # what is there at first


def test_a_temperature_is_fitted_and_taken_back(run: Run) -> None:
    compute(CALIBRATION, run)
    known = CALIBRATION.load_current(run)
    assert known is not None
    at = page(run, part="calibration")
    labels, _, probabilities = read_of(run)

    def told(temperature: float) -> str:
        logs = np.log(probabilities) / temperature
        said = np.exp(logs) / np.exp(logs).sum(1, keepdims=True)
        sure, hit = said.max(1), said.argmax(1) == labels
        bins = [(sure > b / 15) & (sure <= (b + 1) / 15) for b in range(15)]
        gaps = sum(abs(hit[inside].sum() - sure[inside].sum()) for inside in bins)
        return f"ECE {gaps / 359:.4f}, log loss {metrics.log_loss(labels, said):.4f} at temperature {temperature:g}."

    before = figures(at)["reliability"]
    assert told(1.0) in words(at)
    assert cells(page(run), "eg")[1][-1] == told(1.0)[4:10]  # one number, one meaning
    fitted = round(known.temperature, 2)
    assert fitted != 1
    assert stops(at) == {"As it is: 1": 1, f"Fitted: {fitted:.2f}": fitted}
    move(at, "temperature", fitted)
    assert address(at, "temperature") == f"{fitted:g}"
    assert moving(at)[0]["text"] == f"{fitted:.2f}"
    assert moving(at)[0]["numbers"]["Calibration error (ECE)"] == told(fitted)[4:10]
    assert told(fitted) in words(at)
    assert figures(at)["reliability"] != before
    move(at, "temperature", 1.0)
    assert address(at, "temperature") is None
    assert figures(at)["reliability"] == before
    assert told(1.0) in words(at)


def test_without_a_fitted_temperature_there_is_no_button_for_it(run: Run) -> None:
    at = page(run, part="calibration")
    assert stops(at) == {"As it is: 1": 1}


def test_the_bins_of_the_diagram_hold_all_digits(run: Run) -> None:
    drawn = figures(page(run, part="calibration"))["reliability"]["data"]
    labels, predicted, probabilities = read_of(run)
    (bars,) = (one for one in drawn if one["type"] == "bar")
    assert sum(bars["y"]) == 359
    bins = np.clip(np.ceil(probabilities.max(1) * 15).astype(int) - 1, 0, 14)
    points = drawn[1]
    shares = [(predicted == labels)[bins == b].mean() for b in np.unique(bins)]
    assert points["y"] == pytest.approx(shares, rel=1e-4)


def test_another_of_the_chosen_runs_can_be_looked_at(pair: tuple[Run, Run]) -> None:
    at = page(*pair, part="calibration")
    assert words(at).startswith(pair[0].name) or f"\n{pair[0].name} is" in words(at)
    labels = read_of(pair[1])[0]
    at.selectbox(key="latent-of").set_value(pair[1].id)
    said = words(sound(at.run()))
    right = (read_of(pair[1])[1] == labels).mean()
    assert f"right on {100 * right:.4g}\N{NO-BREAK SPACE}% of 359 digits" in said


# -- what may go wrong ---------------------------------------------------------------------------------------------


def test_a_run_that_is_deleted_meanwhile(pair: tuple[Run, Run]) -> None:
    at = page(*pair)
    shutil.rmtree(pair[0].folder)
    sound(at.run())
    assert f"The run “{pair[0].id}” is not here" in words(at)
    assert {line[0].split("Test")[0].split("Training")[0] for line in cells(at, "eg")[1:]} == {pair[1].name}


def moved_slider() -> None:
    """What runs again alone, with what the part was drawn of, when its slider is moved."""
    import streamlit as st

    from pages.parts.evaluate import calibration, thresholds

    one = st.session_state["one"]
    if st.session_state["part"] == "calibration":
        calibration._diagram(one)
    else:
        thresholds._with_threshold([one], 8, False)


@pytest.mark.parametrize("part", ["calibration", "thresholds"])
def test_a_slider_that_is_moved_after_the_run_was_deleted_is_answered(run: Run, part: str) -> None:
    (one,) = readings.readings([run], "test")
    at = AppTest.from_function(moved_slider)
    at.session_state["one"], at.session_state["part"] = one, part
    drawn = figures(sound(at.run()))
    shutil.rmtree(run.folder)
    assert figures(sound(at.run())) == drawn != {}


def test_a_slider_that_is_moved_after_the_digits_went_away_is_answered_with_a_sentence(
    run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = readings.readings([run], "test")
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    at = AppTest.from_function(moved_slider)
    at.session_state["one"] = replace(one, digits=replace(one.digits, dataset="kmnist"))
    at.session_state["part"] = "thresholds"
    assert "Kuzushiji-MNIST is not in" in words(sound(at.run()))


@pytest.mark.parametrize("part", PARTS)
def test_a_run_that_is_deleted_while_the_page_is_drawn(run: Run, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    load = PREDICTIONS.load_current

    def lost(*what: Any) -> Any:
        found = load(*what)
        shutil.rmtree(run.folder, ignore_errors=True)
        return found

    monkeypatch.setattr(type(PREDICTIONS), "load_current", lambda self, *what: lost(*what))
    at = page(run, part=part)
    assert run.id in words(at)


def test_a_run_that_still_learns_is_waited_for(
    trained: Train, monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    run = trained("softmax", epochs=1)
    monkeypatch.setattr(Run, "status", lambda self: Status.RUNNING)
    with FileLock(run.folder / "lock"):
        assert f"this waits until {run.name} has been trained" in words(page(run))
    assert predictions_asked(asked) == []


def test_a_run_without_weights_is_a_sentence_and_the_other_is_shown(pair: tuple[Run, Run]) -> None:
    (pair[1].folder / "weights.safetensors").unlink()
    at = page(*pair)
    assert f"{pair[1].name} has no weights yet." in words(at)
    assert {line[0] for line in cells(at, "eg")[1:]} == {
        f"{pair[0].name}Test digits", f"{pair[0].name}Training digits"
    }  # fmt: skip


def test_weights_that_are_no_numbers_are_a_sentence(pair: tuple[Run, Run]) -> None:
    weights = read_arrays(pair[1].folder / "weights.safetensors")
    write_arrays(pair[1].folder / "weights.safetensors", {name: value * np.nan for name, value in weights.items()})
    compute(PREDICTIONS, pair[1], "test")
    at = page(*pair)
    assert "probabilities are not numbers. Train it again with a smaller learning rate." in words(at)
    assert len(cells(at, "eg")) == 3
    assert [button.label for button in at.button] == ["Try again"]


def test_readings_that_cannot_be_used_are_a_sentence_and_read_again(run: Run) -> None:
    file = run.projection_file("readings-test")
    file.write_bytes(file.read_bytes()[:200])
    run.projection_file("readings-all").unlink()
    at = page(run)
    assert "readings-test.npz cannot be used" in words(at)
    assert cells(at, "eg") == []
    assert [button.label for button in at.button] == ["Try again"]


def without_eights(run: Run) -> None:
    """Have the run never read an 8."""
    weights = read_arrays(run.folder / "weights.safetensors")
    (bias,) = (name for name, value in weights.items() if value.shape == (10,))
    weights[bias][8] = -1e4
    write_arrays(run.folder / "weights.safetensors", weights)
    compute(PREDICTIONS, run, "test")
    run.projection_file("readings-all").unlink()


def test_a_class_that_is_never_read(run: Run) -> None:
    without_eights(run)
    at = page(run)
    assert cells(at, "ec")[9][2:] == ["undefined", "0.00 %", "0.00 %"]
    assert "misses 8 most often: it finds 0.00 %" in words(at)
    counts = counts_sent(figures(page(run, part="confusion", true="8", read="8"))[f"{MATRIX}{run.id}"])
    assert counts[:, 8].sum() == 0 < counts[8].sum()
    at = page(run, part="thresholds", **{"class": "8"})
    (shown,) = moving(at)
    assert [shown["text"], *shown["numbers"].values()][:4] == ["0.50", "undefined", "0.00 %", "0.00 %"]
    for part in ("thresholds", "calibration", "compare"):
        assert figures(page(run, part=part))


def test_a_class_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    labels_of = samples.labels_of
    monkeypatch.setattr(samples, "labels_of", lambda *which: np.where(labels_of(*which) == 8, 1, labels_of(*which)))
    at = page(run)
    assert cells(at, "ec")[9][1:4] == ["0", "0.00 %", "undefined"]
    assert cells(at, "ec")[10][2] != "undefined"
    at = page(run, part="confusion", true="8", read="3")
    assert "reads 0 of 0 digits of class 8 as 3" in words(at)
    assert not tiles(at)
    assert "nan" not in json.dumps(figures(page(run, part="confusion", cells="rates"))).lower()
    at = page(run, part="thresholds", **{"class": "8"})
    assert "no digits of this class" in words(at)
    assert moving(at)[0]["numbers"]["Recall"] == "undefined"
    drawn = figures(page(run, part="thresholds"))["roc"]["data"]
    areas = dict(line["name"].split(": ") for line in drawn if "name" in line)
    assert areas["8"] == "–"
    known = [float(area) for name, area in areas.items() if name not in ("8", "macro mean", "micro mean")]
    assert float(areas["macro mean"]) == pytest.approx(np.mean(known), abs=1e-4)


@pytest.mark.parametrize("part", PARTS)
def test_runs_of_different_digits_are_not_measured_against_each_other(
    pair: tuple[Run, Run], mnist: Dataset, part: str
) -> None:
    first, second = pair
    second = of_mnist(second)
    at = page(first, second, part=part)
    if part == "glance":
        assert {line[1] for line in cells(at, "eg")[1:]} == {"359", "1,438", "10,000"}
    elif part == "digits":
        assert "as One reads them" in words(at)
        assert "Misread by every chosen run" not in at.selectbox(key="latent-order").options
    elif part == "confusion":
        assert list(figures(at)) == [f"{MATRIX}{first.id}"]
        assert f"{second.name} reads other digits" in words(at)
    elif part == "compare":
        assert cells(at, "em") == []
        assert "Choose another classifier of the same digits" in words(at)
        assert f"{second.name} reads other digits" in words(at)
        assert len(figures(at)["classifiers"]["data"][0]["y"]) == 1
    else:
        assert figures(at)
    if part == "thresholds":
        at = page(first, second, part=part, **{"class": "8"})
        named = [line["name"].split(": ")[0] for line in figures(at)["roc"]["data"] if "name" in line]
        assert named == [first.name]
        assert f"{second.name} reads other digits" in words(at)


def test_while_its_digits_are_not_here_the_embedded_ones_are_read(
    run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, asked: list[Any]
) -> None:
    gone = with_its_data_set_gone(run, tmp_path / "data", monkeypatch)
    at = page(gone)
    assert "mnist" in asked
    assert "embedded digits are used" in words(at) + at.get("progress")[0].proto.text
    assert cells(at, "eg")[1][1] == "359"


def test_names_are_shown_as_text(pair: tuple[Run, Run]) -> None:
    name = "<img src=x onerror=alert(1)> *x*"
    for one in pair:
        one.rename(name)
        one.annotate(name)
    for part in PARTS:
        for query in ({}, {"class": "8", "true": "4", "read": "4"}):
            at = page(*pair, part=part, **query)
            assert "<img src=x" not in html(at)
            assert "<img" not in "\n".join(element.value for element in at.caption).replace("\\<", "")
            titles = [
                note.get("text", "") for figure in figures(at).values() for note in figure["layout"]["annotations"]
            ]
            assert not any("<img" in title for title in titles)
