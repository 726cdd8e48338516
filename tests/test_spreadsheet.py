"""Columns as CSV: read back as they were by pandas and by the standard, and no text is computed."""

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest

from core.spreadsheet import csv_bytes


def test_they_are_read_back_as_they_were() -> None:
    columns = {
        "row": np.array([7, 9]), "x": np.array([0.1, -2.5], np.float32), "share": [1 / 3, math.nan],
        "class": ['a "b", c', "zwei\nZeilen ü"], "of": ["", "1"],
    }  # fmt: skip
    content = csv_bytes(columns)
    found = pd.read_csv(io.BytesIO(content), dtype={"x": np.float32}, keep_default_na=False, na_values={"share": [""]})
    assert list(found.columns) == list(columns)
    for name in ("row", "x", "class"):
        assert found[name].tolist() == list(columns[name])
    assert found["of"].astype(str).tolist() == ["", "1"]
    assert math.isnan(found["share"][1])
    assert found["share"][0] == 1 / 3
    assert b",0.1,0.3333333333333333," in content
    assert content.count(b"\r\n") == 3  # RFC 4180; a line end within a cell is another one


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_a_spreadsheet_would_compute_gets_a_quote(begin: str) -> None:
    ((head,), (cell,)) = csv.reader(io.StringIO(csv_bytes({f"{begin}h": [f"{begin}x"]}).decode(), newline=""))
    assert (head, cell) == (f"'{begin}h", f"'{begin}x")


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        csv_bytes({"a": [1, 2], "b": [1]})


def test_negative_numbers_are_numbers() -> None:
    assert csv_bytes({"a": [-1, -0.5, np.float64(-2.5), np.int64(-3)]}) == b"a\r\n-1\r\n-0.5\r\n-2.5\r\n-3\r\n"
