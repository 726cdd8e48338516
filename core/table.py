"""A table of rows by their names: the models, the presets, the data sets and whatever else one adds a row to."""

from __future__ import annotations

from typing import TypeVar

Row = TypeVar("Row")


def table(*rows: Row, by: str = "name") -> dict[str, Row]:
    """Return rows by the attribute `by`, in their order. Raises ValueError where two have the same."""
    found: dict[str, Row] = {}
    for row in rows:
        name = getattr(row, by)
        if name in found:
            raise ValueError(f"There are two rows with the {by} {name!r}. Give one of them another.")
        found[name] = row
    return found
