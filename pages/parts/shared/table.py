"""Small tables of figures in one look: what is in them is text, and made HTML here alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

import streamlit as st

from core.spreadsheet import Columns, csv_bytes
from pages.parts.shared.run_mark import RunMark, mark_html
from pages.parts.shared.style import plain
from pages.parts.shared.upload import download


@dataclass(frozen=True)
class Cell:
    """A cell that is more than its text: with a run's mark before it, a bar as long as a share of 1 after it, or a
    second line below. picture: the address of a small one before the text, which says the same. columns: how many it
    takes; over more than one it is read as a sentence.
    """

    text: str
    below: str = ""
    mark: RunMark | None = None
    bar: float | None = None
    bold: bool = False
    columns: int = 1
    picture: str = ""


def table(
    rows: Sequence[Sequence[str | Cell]],
    head: Sequence[str | Cell] = (),
    *,
    name: str,
    label: str,
    look: str = "",
    columns: Columns | None = None,
) -> None:
    """Show rows, the first cell of each being its head, below the heads of the columns.

    name: its CSS class; label: what is in it, for people who do not see it. look: "wide" takes the whole width,
    "words" sets the cells as text, to the left, "short" is for short heads of rows. columns: what is saved as CSV,
    where that is offered. A table too wide for its place scrolls, by keys, too; it is as high as it is, for rows that
    are cut off look as if there were none.
    """
    top = "".join(_html("th", cell, "col") for cell in head)
    body = "".join(
        f"<tr>{_html('th', row[0], 'row')}{''.join(_html('td', cell) for cell in row[1:])}</tr>" for row in rows
    )
    html = (
        f"{_STYLE}<div class='{name}' role='region' aria-label='{escape(label)}' tabindex='0'>"
        f"<table class='dl-table {look}'>{f'<thead><tr>{top}</tr></thead>' if top else ''}"
        f"<tbody>{body}</tbody></table></div>"
    )
    if columns is None:
        st.html(html)
        return
    with st.container(gap=None):
        st.html(html)
        save_csv(columns, label, key=f"csv-{name}")


def save_csv(columns: Columns, label: str, *, key: str) -> None:
    """Show a small button that saves columns as CSV, named by what is in them; key: begins with "csv-"."""
    name = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:80] or "table"
    # People who do not see the table it belongs to are told which that is.
    text = f"CSV *of {plain(label)}*"
    st.html(_SMALL)
    download(text, partial(csv_bytes, columns), f"{name}.csv", key=key, type="tertiary", mime="text/csv")


def _html(tag: str, cell: str | Cell, scope: str = "") -> str:
    if isinstance(cell, str):
        cell = Cell(cell)
    facts = f" scope='{scope}'" * bool(scope) + f" colspan='{cell.columns}'" * (cell.columns > 1)
    mark = mark_html(cell.mark) if cell.mark else ""
    mark += f"<img alt='' width='28' height='28' src='{escape(cell.picture)}'>" if cell.picture else ""
    text = f"<b>{escape(cell.text)}</b>" if cell.bold else escape(cell.text)
    bar = "" if cell.bar is None else f"<u style='--share:{100 * min(1.0, max(0.0, cell.bar)):.1f}%'></u>"
    below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
    return f"<{tag}{facts}>{mark}{text}{bar}{below}</{tag}>"


_STYLE = """<style>
div:has(> .dl-table) { overflow: auto; }
.dl-table { border-collapse: collapse; font-size: 13.5px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.dl-table :is(th, td) { padding: 4px 0 4px 18px; text-align: right; vertical-align: top; font-weight: 400;
  white-space: nowrap; border: 0; }
.dl-table thead th { font-weight: 600; font-size: 13px; vertical-align: bottom; }
.dl-table tbody tr { border-top: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.dl-table b { font-weight: 600; }
.dl-table img { image-rendering: pixelated; border-radius: 2px; margin-right: 10px; vertical-align: middle;
  outline: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.dl-table tr:has(img) :is(td, th:first-child) { vertical-align: middle; white-space: nowrap; }
.dl-table small { display: block; opacity: .7; font-size: 12px; }
.dl-table u { display: inline-block; width: 84px; height: 9px; margin-left: 8px; opacity: .55;
  background: linear-gradient(90deg, currentColor var(--share), color-mix(in srgb, currentColor 12%, transparent) 0); }
.dl-table.wide { width: 100%; }
.dl-table.wide :is(th, td) { padding-left: 12px; }
.dl-table.wide thead th { white-space: normal; }
.dl-table :is([colspan], th:first-child), .dl-table.words :is(th, td) { text-align: left; white-space: normal;
  overflow-wrap: anywhere; }
.dl-table th:first-child, .dl-table.wide th:first-child { padding-left: 0; min-width: 7rem; }
.dl-table.short th:first-child { min-width: 2.5rem; }
.dl-table.short :is(th, td) + * { padding-left: 14px; }
.dl-table [colspan], .dl-table.words tbody th { color: color-mix(in srgb, currentColor 75%, transparent); }
.dl-table.words tbody th small { opacity: 1; }
.dl-table.words :is(th, td) { padding: 3px 14px 3px 0; min-width: 5.5rem; max-width: 22rem; }
.dl-table.words tbody th { position: sticky; left: 0; background: light-dark(#fff, #14181d); }
</style>"""
_SMALL = """<style>
[class*="st-key-csv-"] button { min-height: 0; padding: 0.2rem 0; opacity: 0.8; }
[class*="st-key-csv-"] button :is(p, span) { font-size: 12.5px; }
[class*="st-key-csv-"] button em { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
</style>"""
