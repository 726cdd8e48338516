"""Tables of rows: each name once, in the order of the rows."""

from dataclasses import dataclass

import pytest

from core.data.datasets import DATASETS
from core.data.samples import SAMPLES
from core.latent.projectors import PROJECTORS
from core.models import MODELS
from core.table import table
from core.training.presets import PRESETS
from core.training.settings import AUGMENTATION_SETTINGS, SETTINGS
from core.worker import STORED


@dataclass(frozen=True)
class Row:
    name: str
    kind: str = "kind"


def test_rows_are_found_by_name_in_their_order() -> None:
    assert list(table(Row("b"), Row("a"))) == ["b", "a"]
    assert table(Row("a", "x"), by="kind") == {"x": Row("a", "x")}


def test_no_row_replaces_another() -> None:
    with pytest.raises(ValueError, match=r"two rows with the name 'a'. Give one"):
        table(Row("a"), Row("b"), Row("a"))
    with pytest.raises(ValueError, match="two rows with the kind 'kind'"):
        table(Row("a"), Row("b"), by="kind")


@pytest.mark.parametrize(
    ("rows", "by"),
    [
        *((rows, "name") for rows in (MODELS, PRESETS, DATASETS, PROJECTORS, SAMPLES, SETTINGS, AUGMENTATION_SETTINGS)),
        (STORED, "kind"),
    ],
)
def test_every_row_stands_under_its_own_name_with_a_title_of_its_own(rows: dict[str, object], by: str) -> None:
    assert all(getattr(row, by) == name for name, row in rows.items())
    titles = [getattr(row, "title", name) for name, row in rows.items()]
    assert sorted(titles) == sorted(set(titles))
