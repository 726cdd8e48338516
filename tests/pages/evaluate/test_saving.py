"""The tables of the Evaluate page as CSV: with the numbers they are made of, not those they show."""

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from sklearn import metrics

from core.data.corruptions import CORRUPTIONS
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from pages.parts.evaluate.thresholds import THRESHOLDS
from pages.parts.shared import upload
from tests.conftest import compute, page_at
from tests.pages.evaluate.test_evaluate import read_of
from tests.robustness.written import write_mnist_c


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """The files that the page offers, by their names: what makes each."""
    offered: dict[str, Callable[[], bytes]] = {}
    show = upload.st.download_button

    def note(label: str, make: Callable[[], bytes], name: str, **options: Any) -> bool:
        offered[name] = make
        return bool(show(label, make, name, **options))

    monkeypatch.setattr(upload.st, "download_button", note)
    return offered


@pytest.fixture
def pair(trained: Callable[..., Run]) -> tuple[Run, Run]:
    """Two small classifiers that have read the test digits, one with a name that a spreadsheet would compute."""
    made = trained("softmax", epochs=6), trained("softmax", epochs=1, seed=3)
    for one, name in zip(made, ("=1+1", "Two, “2”"), strict=True):
        one.rename(name)
        compute(PREDICTIONS, one, "test")
    return made


def table(make: Callable[[], bytes]) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(make()), dtype={"class": str})


def test_the_figures_at_a_glance_have_all_their_digits(pair: tuple[Run, Run], files: Any) -> None:
    page_at("evaluate", run=",".join(one.id for one in pair))
    found = table(files["figures-of-the-chosen-classifiers.csv"])
    assert found["classifier"].tolist() == ["'=1+1", "Two, “2”"]
    for line, one in zip(found.itertuples(), pair, strict=True):
        labels, predicted, probabilities = read_of(one)
        assert line.accuracy == metrics.accuracy_score(labels, predicted)
        assert line.log_loss == pytest.approx(metrics.log_loss(labels, probabilities), rel=1e-12)
        assert (line.digits, line.errors, line.split) == (359, (labels != predicted).sum(), "test")
        assert line.accuracy_low < line.accuracy < line.accuracy_high
    found = table(files["figures-of-each-class-1-1-test-digits.csv"])
    labels, predicted, _ = read_of(pair[0])
    parts = metrics.precision_recall_fscore_support(labels, predicted, zero_division=float("nan"))
    for name, values in zip(("precision", "recall", "f1", "digits"), parts, strict=True):
        assert found[name][:10].to_numpy() == pytest.approx(values, rel=1e-12, nan_ok=True)
    assert found["class"].tolist() == [*map(str, range(10)), "mean"]


def test_the_pairs_and_what_a_threshold_finds(pair: tuple[Run, Run], files: Any) -> None:
    query = {"run": ",".join(one.id for one in pair), "class": "8", "threshold": "0.11"}
    page_at("evaluate", part="compare", **query)
    (line,) = table(files["pairs-of-classifiers.csv"]).itertuples()
    labels = read_of(pair[0])[0]
    first, second = (read_of(one)[1] == labels for one in pair)
    assert (line.first, line.second) == ("'=1+1", "Two, “2”")
    assert (line.only_first_right, line.only_second_right) == ((first & ~second).sum(), (second & ~first).sum())
    assert 0 <= line.p <= 1
    page_at("evaluate", part="thresholds", **query)
    lines = list(table(files["what-is-found-of-class-8.csv"]).itertuples())
    assert len(lines) == len(THRESHOLDS)
    (line,) = (line for line in lines if line.threshold == 0.11)
    said, true = read_of(pair[0])[2][:, 8] >= 0.11, labels == 8
    assert (line.tp, line.fp, line.fn, line.tn) == (
        (said & true).sum(), (said & ~true).sum(), (~said & true).sum(), (~said & ~true).sum(),
    )  # fmt: skip
    assert said.any()
    assert line.precision == metrics.precision_score(true, said)


def test_the_errors_under_mnist_c_are_saved_a_line_each(pair: tuple[Run, Run], files: Any) -> None:
    for one in pair:
        write_mnist_c(one, 20, range(0, 150, 10))
    page_at("evaluate", run=",".join(one.id for one in pair), part="sabotage", spoil="mnist-c")
    found = table(files["errors-under-the-corruptions-of-mnist-c.csv"])
    assert len(found) == 2 * 16
    assert found["corruption"].tolist()[:2] == ["clean", next(iter(CORRUPTIONS))]
    assert found["wrong"].tolist()[:16] == [20, *range(0, 150, 10)]
