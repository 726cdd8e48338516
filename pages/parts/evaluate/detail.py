"""The digit chosen in a gallery: what every run reads in it, its nearest training digits, and the way to Draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import streamlit as st

from core.data.label_errors import doubted_labels
from core.measures.pixel_neighbours import nearest_in_pixels
from pages.parts.evaluate.gallery import ONE, chosen_digit, forget, hear
from pages.parts.evaluate.readings import Digits, Reading
from pages.parts.pad.address import digit_name
from pages.parts.shared.run_mark import mark_html, run_mark
from pages.parts.shared.strips import image_tiles, picture_uri
from pages.parts.shared.style import guarded, say
from pages.parts.shared.table import save_csv

_SCALE = 6  # CSS pixels of a pixel of the digit
_NEAR = 8
_SMALL = 0.005  # probabilities below it round to 0 %, and are not written
_DOUBTED = (
    "People doubt its label: fewer than 3 of 5 agree with it (Northcutt, Athalye and Mueller, 2021). What is called "
    "misread here may be no error."
)
_TRACED = (
    "Opens the Draw page with these runs and the digit on the pad, as strokes that are traced from its pixels: models "
    "may read them otherwise."
)
# Beside a long gallery it stays in sight; on a phone, where it comes after the gallery, it rises from the lower edge.
_STYLE = """<style>
.stColumn:has(.st-key-digit-detail) { position: sticky; top: 4.4rem; align-self: start; }
.st-key-digit-detail [data-testid="stCaptionContainer"] p { margin: 0; }
.dd-head { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
.dd-head img { display: block; image-rendering: pixelated; border-radius: 3px; }
.dd-head h2 { margin: 0; padding: 0; font-size: 1.05rem; line-height: 1.3; }
.dd-head p { margin: 2px 0 0; font-size: 13.5px; line-height: 1.35; }
.dd-head div { flex: 1 1 180px; }
.dd-box { overflow-x: auto; }
.dd { border-collapse: collapse; table-layout: fixed; width: 100%; max-width: 460px; font-size: 11.5px;
  line-height: 1.25; font-variant-numeric: tabular-nums; }
.dd :is(th, td) { padding: 0; text-align: center; border: 0; font-weight: 400; vertical-align: bottom; }
.dd thead th { font-size: 12px; font-weight: 600; overflow-wrap: anywhere; }
.dd .run { text-align: left; font-size: 13.5px; padding-top: 9px; }
.dd .run b { font-weight: 600; }
.dd .own { background: color-mix(in srgb, currentColor 9%, transparent); }
.dd td i { display: block; height: 26px; margin: 0 3px 1px;
  border-bottom: 1px solid color-mix(in srgb, currentColor 30%, transparent);
  background: linear-gradient(0deg, var(--c) var(--p), transparent 0); }
.dd td { height: 43px; vertical-align: top; }
.dd .wrong { color: color-mix(in srgb, #d1435b 70%, currentColor); font-weight: 700; }
@media (max-width: 640px) {
  .stColumn:has(.st-key-digit-shown) { position: sticky; top: auto; bottom: 0; z-index: 5; max-height: 52vh;
    overflow-y: auto; overscroll-behavior: contain; padding: 10px 0 6px; background: light-dark(#fff, #14181d);
    border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
  .dd-head img { width: 112px; height: 112px; }
}
</style>"""


def beside_detail(digits: Digits, readings: Sequence[Reading], show: Callable[[], None]) -> None:
    """Show galleries of some digits, and beside them the digit that is chosen in one; alone run again by a choice.

    show: shows the galleries. readings: whose answers are told, those of other digits left out.
    """
    same = [one for one in readings if one.digits.dataset == digits.dataset]
    st.fragment(_beside_detail, key="digit-part")(digits, same, show)


def _beside_detail(digits: Digits, readings: Sequence[Reading], show: Callable[[], None]) -> None:
    hear()
    st.html(_STYLE)
    left, right = st.columns([3, 2], gap="medium")
    with left, guarded():
        show()
    with right, st.container(key="digit-detail", gap="small"), guarded():
        number = chosen_digit(digits)
        if number is None:
            say("Choose a digit to see what every run reads in it and its nearest training digits, or to draw on it.")
            return
        with st.container(key="digit-shown", gap="small"):
            _detail(digits, readings, number)


def _detail(digits: Digits, readings: Sequence[Reading], number: int) -> None:
    picture = digits.images(np.array([number]))[0]
    st.html(_head_html(digits, number, picture))
    runs = ",".join(one.run.id for one in readings)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        query = {"digit": digit_name(digits.dataset, digits.split, number), "run": runs}
        st.page_link("draw.py", label="Send to Draw", icon=":material/draw:", query_params=query, help=_TRACED)
        st.button("Close", key="digit-close", icon=":material/close:", type="tertiary", on_click=forget)
    st.html(_answers_html(digits, readings, number))
    say("Probabilities in %; the column of its label is shaded.")
    save_csv(_columns(digits, readings, number), f"Answers, {ONE[digits.split].lower()} {number}", key="csv-answers")
    own = number if digits.split == "train" else None
    near = nearest_in_pixels(digits.dataset, picture, _NEAR, without=own)
    names = [f"{digits.classes[label]} · {gap:.3g}" for label, gap in zip(near.labels, near.distances, strict=True)]
    say("Nearest training digits, with their distance in pixels (Euclidean, grey from 0 to 1).")
    image_tiles(digits.training_images(near.rows), names, label="The training digits nearest in pixels")


def _columns(digits: Digits, readings: Sequence[Reading], number: int) -> dict[str, list[object]]:
    shares = np.stack([one.digits.probabilities[number] for one in readings])
    return {
        "classifier": [one.run.name for one in readings],
        "label": [digits.classes[digits.labels[number]] for _ in readings],
        "read": [digits.classes[one.digits.predicted[number]] for one in readings],
        **{f"probability of {name}": list(shares[:, i]) for i, name in enumerate(digits.classes)},
    }


def _head_html(digits: Digits, number: int, picture: np.ndarray) -> str:
    name = f"{ONE[digits.split]} {number:,}"
    label = digits.classes[digits.labels[number]]
    doubt = f"<p>{escape(_DOUBTED)}</p>" if number in doubted_labels(digits.dataset, digits.split) else ""
    side = 28 * _SCALE
    return (
        f'<div class="dd-head"><img decoding="sync" alt="{escape(name)}" src="{picture_uri(picture[None])}" '
        f'width="{side}" height="{side}"><div><h2>{escape(name)}</h2>'
        f"<p>Labelled <b>{escape(label)}</b></p>{doubt}</div></div>"
    )


def _answers_html(digits: Digits, readings: Sequence[Reading], number: int) -> str:
    """A table of the ten probabilities of each run, below its name and what it reads."""
    true = int(digits.labels[number])
    own = [" class='own'" * (label == true) for label in range(len(digits.classes))]
    head = "".join(f"<th scope='col'{own[i]}>{escape(name)}</th>" for i, name in enumerate(digits.classes))
    lines = []
    for one in readings:
        mark, shares, read = run_mark(one.run), one.digits.probabilities[number], int(one.digits.predicted[number])
        what = escape(digits.classes[read])
        said = f"<b>{what}</b>" if read == true else f"<b class='wrong' title='wrong'>✗ {what}</b>"
        cells = "".join(f"<td{own[i]}>{_bar(share, mark.color)}</td>" for i, share in enumerate(shares))
        lines.append(
            f"<tr><th class='run' scope='rowgroup' colspan='{len(own)}'>{mark_html(mark)}{escape(one.run.name)} reads "
            f"{said}, {100 * shares[read]:.1f} %</th></tr><tr>{cells}</tr>"
        )
    table = f"<table class='dd'><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="dd-box" role="region" aria-label="Answers" tabindex="0">{table}</div>'


def _bar(share: float, color: str) -> str:
    return f"<i style='--p:{100 * share:.1f}%;--c:{color}'></i>{f'{100 * share:.0f}' if share >= _SMALL else ''}"
