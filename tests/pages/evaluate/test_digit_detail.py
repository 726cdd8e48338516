"""The digit chosen in a gallery of the Evaluate page: what is told of it, its place in the address, its way to Draw."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data import datasets
from core.data.datasets import Dataset
from core.data.label_errors import doubted_labels
from core.ink.render import render
from core.ink.trace import trace
from core.measures.pixel_neighbours import nearest_in_pixels
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from tests.conftest import compute, page_at, page_of_site, sound
from tests.pages.evaluate.test_evaluate import (
    a_confusion,
    address,
    click,
    galleries,
    hand,
    html,
    of_mnist,
    read_of,
    tiles,
    words,
)

Train = Callable[..., Run]
HINT = "Choose a digit to see"


@pytest.fixture
def run(trained: Train) -> Run:
    """A small classifier that has read all digits."""
    return read_all(trained("softmax", epochs=2), "One")


def read_all(run: Run, name: str) -> Run:
    run.rename(name)
    for sample in ("test", "all"):
        compute(PREDICTIONS, run, sample)
    return run


def page(*runs: Run, **query: str) -> AppTest:
    """The page among the others, to which it has links, with these runs chosen by the address."""
    return page_of_site("evaluate", run=",".join(one.id for one in runs), **query)


def title(at: AppTest) -> str | None:
    """Which digit is shown."""
    found = re.search(r"<h2>(.*?)</h2>", html(at))
    return found and unescape(found[1])


def answers(at: AppTest) -> list[str]:
    """The lines of the runs, as people read them."""
    return [unescape(re.sub("<.*?>", "", line)) for line in re.findall(r"<th class='run'.*?</th>", html(at))]


def pick(at: AppTest, number: object, n: object, where: int = 0) -> AppTest:
    """The choice of a digit in a gallery, as the browser tells it."""
    name = list(at.session_state["galleries"])[where]
    at.session_state[name] = {"pick": {"number": number, "n": n}}
    return sound(at.run())


def link(at: AppTest) -> dict[str, list[str]]:
    """What the link to Draw says."""
    (found,) = (e.proto for e in at.get("page_link") if e.proto.label == "Send to Draw")
    return parse_qs(found.query_string)


def test_a_digit_that_is_chosen_is_told_of(run: Run, trained: Train) -> None:
    other = read_all(trained("softmax", epochs=1, seed=3), "Two")
    at = page(run, other, part="digits")
    assert HINT in words(at)
    assert title(at) is None
    number = galleries(at)[0]["tiles"][3]["number"]
    pick(at, number, 7)
    assert title(at) == f"Test digit {number}"
    assert galleries(at)[0]["chosen"] == number
    assert address(at, "digit") == str(number)
    label = read_of(run)[0][number]
    assert f"<p>Labelled <b>{label}</b></p>" in html(at)
    for line, one in zip(answers(at), (run, other), strict=True):
        _, predicted, probabilities = read_of(one)
        wrong = "✗ " * bool(predicted[number] != label)
        share = f"{100 * probabilities[number, predicted[number]]:.1f} %"
        assert line.endswith(f"{one.name} reads {wrong}{predicted[number]}, {share}")
    rows = re.findall(r"<tr><td.*?</tr>", html(at))
    for row, one in zip(rows, (run, other), strict=True):
        told = re.findall(r"<td(.*?)><i style='--p:([\d.]+)%;--c:#\w+'></i>(\d*)</td>", row)
        assert [float(share) for _, share, _ in told] == pytest.approx(100 * read_of(one)[2][number], abs=0.06)
        assert [bool(own) for own, _, _ in told] == [digit == label for digit in range(10)]
    near = nearest_in_pixels("digits", datasets.load("digits").test.images[number], 8)
    alts = re.findall(r'<img decoding="sync" alt="(\d · [\d.]+)"', html(at))
    assert alts == [f"{name} · {gap:.3g}" for name, gap in zip(near.labels, near.distances, strict=True)]
    assert link(at) == {"digit": [f"digits-test-{number}"], "run": [f"{run.id},{other.id}"]}
    assert "doubt" not in html(at)


def test_a_training_digit_is_none_of_its_neighbours(run: Run) -> None:
    at = page(run, part="digits", split="train", digit="7")
    assert title(at) == "Training digit 7"
    near = nearest_in_pixels("digits", datasets.load("digits").train.images[7], 8, without=7)
    alts = re.findall(r'<img decoding="sync" alt="(\d · [\d.]+)"', html(at))
    assert alts[0] == f"{near.labels[0]} · {near.distances[0]:.3g}"
    assert near.distances[0] > 0
    assert link(at)["digit"] == ["digits-train-7"]


def test_it_is_closed_and_the_address_forgets_it(run: Run) -> None:
    at = page(run, part="digits", digit="7")
    assert title(at) == "Test digit 7"
    sound(at.button(key="digit-close").click().run())
    assert title(at) is None
    assert address(at, "digit") is None
    pick(at, 9, 8)
    assert title(at) == "Test digit 9"
    pick(at, None, 9)  # Escape
    assert (title(at), address(at, "digit")) == (None, None)


def test_a_choice_is_heard_once_and_an_older_one_no_more(run: Run) -> None:
    at = pick(page(run, part="digits"), 7, 100)
    sound(at.button(key="digit-close").click().run())
    assert title(sound(at.run())) is None
    assert title(pick(at, 8, 99)) is None
    assert title(pick(at, 8, 101)) == "Test digit 8"


@pytest.mark.parametrize(
    ("number", "n"), [(-1, 7), ("7", 7), (True, 7), (7.0, 7), (7, "7"), (7, 2**60), (7, True), ([], 7), (10**12, 7)]
)
def test_what_is_no_choice_is_none(run: Run, number: object, n: object) -> None:
    at = pick(page(run, part="digits"), number, n)
    assert title(at) is None
    assert address(at, "digit") is None


@pytest.mark.parametrize("digit", ["359", "-1", "x", "1e2", "٣", "9" * 40, "<img src=x>", "7.0", " 7"])
def test_an_address_without_such_a_digit_is_a_sentence(run: Run, digit: str) -> None:
    at = page(run, part="digits", digit=digit)
    said = words(at)
    assert "There is no digit" in said
    assert "among the 359 test digits. Choose one from 0 to 358." in said
    assert "<img src" not in html(at)
    assert title(at) is None
    assert tiles(at)
    assert title(pick(at, 8, 7)) == "Test digit 8"


def test_of_other_digits_the_number_is_another_digit(run: Run) -> None:
    at = page(run, part="digits", digit="7")
    at.segmented_control[1].set_value("train")
    assert title(sound(at.run())) is None
    assert address(at, "digit") is None
    assert title(page(run, part="digits", split="train", digit="7")) == "Training digit 7"


def test_it_stays_from_part_to_part(run: Run) -> None:
    at = page(run, part="digits", digit="7")
    for part in ("confusion", "compare", "digits"):
        at.segmented_control[0].set_value(part)
        sound(at.run())
        assert title(at) == (None if part == "compare" else "Test digit 7")  # of one run there is no gallery there
        assert address(at, "digit") == "7"


def test_a_cell_then_its_digit(run: Run) -> None:
    at = page(run, part="confusion")
    true, read = a_confusion(run)
    click(at, run, true, read, 7)
    number = galleries(at)[0]["tiles"][0]["number"]
    pick(at, number, 8, where=-1)
    labels, predicted, _ = read_of(run)
    assert (labels[number], predicted[number]) == (true, read)
    assert title(at) == f"Test digit {number}"
    assert (address(at, "true"), address(at, "read"), address(at, "digit")) == (str(true), str(read), str(number))


def test_all_of_an_address_is_restored(run: Run, trained: Train) -> None:
    other = read_all(trained("softmax", epochs=1, seed=3), "Two")
    facts = {"split": "train", "class": "8", "of": other.id, "kind": "fp", "digit": "7"}
    at = page(run, other, part="digits", **facts)
    assert (title(at), at.selectbox(key="latent-class").value) == ("Training digit 7", "8")
    assert at.selectbox(key="latent-of").value == other.id
    assert at.selectbox(key="latent-kind").value == "fp"
    at = page(run, other, part="thresholds", threshold="0.25", **facts)
    assert hand(at, "threshold") == 0.25
    assert title(at) == "Training digit 7"
    at = page(run, other, part="confusion", true="4", read="9", cells="rates", **facts)
    assert at.selectbox(key="latent-read").value == "9"
    assert title(at) == "Training digit 7"
    at = page(run, other, part="calibration", temperature="0.1", **facts)
    assert hand(at, "temperature") == 0.1
    for name, value in {**facts, "part": "calibration", "temperature": "0.1"}.items():
        assert address(at, name) == value


@pytest.mark.parametrize(("kind", "of_it", "said"), [("fn", 1, 0), ("fp", 0, 1), ("tp", 1, 1), ("tn", 0, 0)])
def test_the_four_kinds_of_a_class(run: Run, kind: str, of_it: int, said: int) -> None:
    at = page(run, part="digits", kind=kind, **{"class": "8"})
    labels, predicted, probabilities = read_of(run)
    rows = np.flatnonzero(((labels == 8) == of_it) & ((predicted == 8) == said))
    order = {"tp": probabilities.max(1), "tn": -probabilities[:, 8]}.get(kind, -probabilities.max(1))
    rows = rows[np.argsort(order[rows], kind="stable")]
    (shown,) = galleries(at) or [{"tiles": []}]
    assert not shown["tiles"] or re.fullmatch("(True|False) (posi|nega)tives of class 8", shown["label"])
    assert [tile["number"] for one in galleries(at) for tile in one["tiles"]] == rows[:48].tolist()
    of = f"{(labels == 8).sum()} digits of class 8" if of_it else f"{(labels != 8).sum()} digits of the other classes"
    assert f"One reads {len(rows)} of {of} {'' if said else 'not '}as 8." in words(at)


def test_a_doubted_label_is_said_to_be_doubted(run: Run, mnist: Dataset) -> None:
    changed, row = of_mnist(run), int(doubted_labels("mnist", "test")[0])
    at = page(changed, part="digits", digit=str(row))
    assert "People doubt its label: fewer than 3 of 5 agree with it" in html(at)
    assert "doubt its label" not in html(page(changed, part="digits", digit=str(row + 1)))
    assert link(at)["digit"] == [f"mnist-test-{row}"]


# -- on the pad ----------------------------------------------------------------------------------------------------


def drawing(at: AppTest) -> Any:
    return at.session_state["drawing"]


def test_draw_takes_the_digit_of_the_address_as_strokes(run: Run) -> None:
    at = page_at("draw", run=run.id, digit="digits-train-7")
    strokes, width = trace(datasets.load("digits").train.images[7])
    assert (drawing(at).image == render(strokes, width)).all()
    assert address(at, "digit") == "digits-train-7"
    stamp = drawing(at).stamp
    assert drawing(sound(at.run())).stamp == stamp  # once
    newer = {"strokes": [[[0.5, 0.2], [0.5, 0.8]]], "width": 0.07, "stamp": stamp + 1}
    at.session_state["draw-pad"] = {"drawing": newer}
    sound(at.run())
    assert drawing(at).stamp == stamp + 1
    assert address(at, "digit") is None
    at.query_params["digit"] = "digits-train-7"  # sent again
    assert drawing(sound(at.run())).stamp > stamp + 1


@pytest.mark.parametrize(
    "digit",
    ["digits-test-359", "digits-train-1438", "nothing-test-1", "mnist-test", "digits-all-1", "../x-test-1", "x" * 5000],
)
def test_what_is_no_digit_is_told_and_the_pad_is_as_it_was(run: Run, digit: str) -> None:
    at = page_at("draw", run=run.id, digit=digit)
    assert re.search("has no (test|train) digit|names no digit", words(at))
    assert "drawing" not in at.session_state or drawing(at).image is None


def test_each_of_two_galleries_counts_its_own_choices(run: Run) -> None:
    at = page(run, part="thresholds", threshold="0.08", **{"class": "8"})
    assert len(galleries(at)) == 2
    for where, number, n in ((0, 7, 1000), (1, 8, 500), (0, 9, 1001), (1, 10, 501)):
        assert title(pick(at, number, n, where)) == f"Test digit {number}"
