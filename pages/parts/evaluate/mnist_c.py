"""The errors of the chosen classifiers under the fifteen corruptions of MNIST-C, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.cache import keep_newest
from core.data import datasets
from core.data.corruptions import CORRUPTIONS, corrupted
from core.data.datasets import DATASETS
from core.robustness.mnist_c import MNIST_C, SEED, Corrupted
from core.runs.run import Run
from core.spreadsheet import Columns
from pages.parts.shared.job import Wish, follow
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.strips import picture_uri
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import Cell, table

_BLURB = "It takes a minute or more."
_MEANING = (
    "Errors in %, less is better; bold is less than every other beyond the 95 % intervals of both. MNIST-C (Mu and "
    "Gilmer, 2019) is for testing alone: no preset trains with these corruptions, though augmentation may vary digits "
    "in ways like some of them."
)


def mnist_c(runs: Sequence[Run], dataset: str) -> None:
    """Show the table of the runs that were measured, and offer to measure the others."""
    if dataset != "mnist":
        title = DATASETS[dataset].title
        say(f"MNIST-C is of MNIST's test digits; here its corruptions are done to those of {title}.")
    known: list[tuple[Run, Corrupted]] = []
    for run in runs:
        with guarded():
            follow(Wish(MNIST_C, run, (), f"MNIST-C, {run.name}", f"Measure {run.name}", _BLURB))
            if (found := MNIST_C.load_current(run)) is not None:
                known.append((run, found))
    if known:
        _table(known, dataset)


def _table(known: Sequence[tuple[Run, Corrupted]], dataset: str) -> None:
    wrong = [[one.clean, *map(int, one.wrong), float(one.wrong.mean())] for _, one in known]
    titles = ["Clean", *(name[0].upper() + name[1:] for name in CORRUPTIONS), "Mean of the fifteen"]
    pictures = _samples(dataset, datasets.load(dataset).test.images[:1].tobytes())
    rows: list[list[str | Cell]] = []
    for row, title in enumerate(titles):
        best = _resolved([one for _, one in known], [counts[row] for counts in wrong])
        mean = row == len(titles) - 1
        cells = [
            Cell(f"{100 * counts[row] / one.count:.2f}", bold=number == best)
            for number, ((_, one), counts) in enumerate(zip(known, wrong, strict=True))
        ]
        rows.append([Cell(title, bold=mean, picture="" if mean else pictures[row]), *cells])
    head: list[str | Cell] = ["Corruption", *(Cell(run.name, mark=run_mark(run)) for run, _ in known)]
    table(rows, head, name="ek", label="Errors under the corruptions of MNIST-C", columns=_columns(known))
    count = known[0][1].count
    say(f"{_MEANING} Of {count:,} test digits.")


def _columns(known: Sequence[tuple[Run, Corrupted]]) -> Columns:
    """Return the number of errors of each run under each corruption, a line each."""
    lines = [
        (run.name, name, int(wrong), one.count)
        for run, one in known
        for name, wrong in zip(("clean", *CORRUPTIONS), (one.clean, *one.wrong), strict=True)
    ]
    return {name: [line[i] for line in lines] for i, name in enumerate(("classifier", "corruption", "wrong", "digits"))}


def _resolved(runs: Sequence[Corrupted], wrong: Sequence[float]) -> int | None:
    """Return the number of the run with the fewest errors, where its interval lies below those of all others."""
    if len(runs) < 2:
        return None
    spans = [one.interval(count) for one, count in zip(runs, wrong, strict=True)]
    best = int(np.argmin([count / one.count for one, count in zip(runs, wrong, strict=True)]))
    return best if all(spans[best][1] < low for i, (low, _) in enumerate(spans) if i != best) else None


@keep_newest(8)
def _samples(dataset: str, pixels: bytes) -> list[str]:
    """Return the addresses of pictures of the first test digit, as it is and under each corruption.

    pixels: of that digit, by which others are told apart.
    """
    digit = np.frombuffer(pixels, np.uint8).reshape(1, 28, 28)
    return [picture_uri(digit), *(picture_uri(corrupted(digit, name, SEED)) for name in CORRUPTIONS)]
