"""Columns as CSV for spreadsheets and for pandas: numbers as they are, texts as nothing but text."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence

import numpy as np

Columns = Mapping[str, Sequence[object] | np.ndarray]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet compute a text


def csv_bytes(columns: Columns) -> bytes:
    """Return columns of equal length as CSV (RFC 4180) in UTF-8; a text that would be computed gets a quote before.

    Numbers have all their digits; NaN is left empty. Raises ValueError where the lengths differ.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([[_cell(value) for value in row] for row in zip(*columns.values(), strict=True)])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, float | np.floating):
        # The shortest that reads back as the same number: of float32 str has fewer digits than of the float it makes.
        return "" if math.isnan(value) else str(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
