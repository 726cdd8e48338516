"""What the chosen classifiers' accuracy costs and how far they agree, on the Evaluate page."""

from collections.abc import Callable

import numpy as np
import pytest

from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from tests.conftest import compute
from tests.pages.evaluate.test_evaluate import address, figures, page, read_of, words


@pytest.fixture
def pair(trained: Callable[..., Run]) -> tuple[Run, Run]:
    """Two small classifiers that have read the test digits."""
    made = trained("softmax", epochs=3), trained("numpy-two-layer", epochs=1)
    for one, name in zip(made, ("One", "Two"), strict=True):
        one.rename(name)
        compute(PREDICTIONS, one, "test")
    return made


def test_accuracy_over_what_was_learned_and_over_time(pair: tuple[Run, Run]) -> None:
    drawn = figures(page(*pair, part="compare"))
    right = [(read_of(one)[0] == read_of(one)[1]).mean() for one in pair]
    for name, costs in (
        ("accuracy-learned", [one.summary().learned for one in pair]),
        ("accuracy-seconds", [one.summary().seconds for one in pair]),
    ):
        points = drawn[name]["data"][1]
        assert points["x"] == pytest.approx(costs, rel=1e-4)
        assert points["y"] == pytest.approx(1 - np.array(right), rel=1e-4)
    assert drawn["accuracy-learned"]["data"][1]["x"][0] == 7850


def test_a_run_of_which_the_time_is_not_known_is_named(pair: tuple[Run, Run]) -> None:
    (pair[1].folder / "events.jsonl").write_text("", encoding="utf-8")
    at = page(*pair, part="compare")
    assert "Of Two the learned parameters are not known." in words(at)
    assert "Of Two the seconds of training are not known." in words(at)
    assert len(figures(at)["accuracy-seconds"]["data"][1]["x"]) == 1


@pytest.mark.parametrize("kind", ["same", "right", "wrong", "nonsense"])
def test_how_far_they_agree(pair: tuple[Run, Run], kind: str) -> None:
    at = page(*pair, part="compare", agree=kind)
    labels = read_of(pair[0])[0]
    first, second = (read_of(one)[1] for one in pair)
    shares = {
        "right": ((first == labels) & (second == labels)).mean(),
        "wrong": ((first != labels) & (second != labels)).mean(),
    }
    known = kind if kind in shares else "same"
    drawn = figures(at)[f"agreement-{known}"]["data"][0]["z"]
    assert drawn[0][1] == drawn[1][0] == pytest.approx(shares.get(known, (first == second).mean()), rel=1e-4)
    assert f"same answer on {100 * (first == second).mean():.2f}\N{NO-BREAK SPACE}% of the digits" in words(at)
    assert address(at, "agree") == (kind if kind in shares else None)
