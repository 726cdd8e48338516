"""Strips of 28 x 28 pictures under one another (originals over reconstructions over errors), crisp at any size."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from pages.parts.shared.run_mark import RunMark, mark_html

_TILE, _GAP = 28, 2  # pixels of the picture, before scaling
_TILE_GAP = 6  # CSS pixels between tiles
_WRAP = 5  # columns that fit on a phone
ERROR_LIMIT = 0.5  # an error this large (in grey, 0..1) has the full colour


@dataclass(frozen=True)
class StripRow:
    """One line of a strip: uint8 images (k, 28, 28) grey or (k, 28, 28, 3) RGB.

    `detail` is a second line under the label, `notes` one short text under each picture.
    """

    label: str
    images: np.ndarray
    detail: str = ""
    notes: Sequence[str] = ()
    mark: RunMark | None = None  # before the label


@dataclass(frozen=True)
class TextRow:
    """One line of a strip that has a short text for each column, such as what a run reads there; no pictures."""

    label: str
    texts: Sequence[str | Caption]
    detail: str = ""
    mark: RunMark | None = None  # before the label


@dataclass(frozen=True)
class Caption:
    """The text over a column; a wrong answer gets a cross and bold type besides its colour."""

    text: str
    wrong: bool = False


Rows = Sequence[StripRow | TextRow]


def image_strip(
    rows: Sequence[StripRow | TextRow],
    captions: Sequence[str | Caption] | None = None,
    *,
    scale: int = 2,
    wrap: bool = False,
) -> None:
    """Draw rows of pictures with their labels left, each pixel `scale` CSS pixels wide.

    On a narrow page the labels go above the rows and the strip scrolls sideways; with `wrap` it is broken into
    groups of five columns instead, for strips drawn anew while someone looks (scrolling would start over).
    Raises ValueError on uneven rows.
    """
    counts = {len(row.images if isinstance(row, StripRow) else row.texts) for row in rows}
    (count,) = counts if len(counts) == 1 else (0,)
    if count == 0:
        raise ValueError("A strip needs at least one row, and the same number of pictures in each. Check its rows.")
    labels = ['<div class="dl-cap"></div>'] if captions is not None else []
    for row in rows:
        labels.append(f'<div class="{"dl-pic" if isinstance(row, StripRow) else "dl-text"}">{_label(row)}</div>')
        labels.extend(['<div class="dl-note"></div>'] if isinstance(row, StripRow) and row.notes else [])
    spoken = [row.label or row.detail for row in rows]
    step = _WRAP if wrap else count
    groups = "".join(_group(rows, captions, slice(i, i + step), scale) for i in range(0, count, step))
    st.html(
        f'<div class="dl-box"><div class="dl-strip" style="--side:{_TILE * scale}px;--gap:{_GAP * scale}px">'
        f'<div class="dl-labels" aria-hidden="true">{"".join(labels)}</div><div class="dl-scroll" tabindex="0" '
        f'role="group" aria-label="{escape(", ".join(filter(None, spoken)))}">'
        f'<div class="dl-inner{" dl-wrap" if wrap else ""}">{groups}</div></div></div></div>{_STYLE}'
    )


def image_tiles(
    images: np.ndarray, captions: Sequence[str | Caption], *, label: str, scale: int = 2, columns: int = 0
) -> None:
    """Draw uint8 images (k, 28, 28) as captioned tiles, `columns` in a line or as many as there is room for."""
    side = _TILE * scale
    cells = "".join(
        f'<figure><img decoding="sync" alt="{escape(_plain(caption))}" src="{picture_uri(image[None])}" '
        f'width="{side}" height="{side}"><figcaption>{_caption(caption)}</figcaption></figure>'
        for image, caption in zip(images, captions, strict=True)
    )
    room = f";max-width:{columns * (side + _TILE_GAP)}px" if columns else ""
    letters = max((len(_plain(caption)) for caption in captions), default=0)  # tiles are as wide as the longest needs
    st.html(
        f'<div class="dl-tiles" role="group" aria-label="{escape(label)}" style="--letters:{letters}{room}">'
        f"{cells}</div>{_STYLE}"
    )


def rgb(images: np.ndarray) -> np.ndarray:
    """Turn grey uint8 (k, 28, 28) into uint8 (k, 28, 28, 3), to stand beside an error map."""
    return np.repeat(images[..., None], 3, -1)


def error_map(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Colour the difference reconstruction - image of two uint8 stacks (k, 28, 28): uint8 RGB (k, 28, 28, 3).

    Black is no error, blue is ink that is missing, orange is ink that is too much; lightness grows evenly with the
    error (in OKLab) up to ERROR_LIMIT, so that equal errors look equally strong on a light and on a dark page.
    """
    difference = reconstructions.astype(np.int16) - images.astype(np.int16)
    return _error_colors()[difference + 255]


def error_legend() -> None:
    """One line that says how to read the colours of `error_map`."""
    stops = _error_colors()[np.linspace(-ERROR_LIMIT * 255, ERROR_LIMIT * 255, 9).round().astype(int) + 255]
    colors = ",".join(f"rgb({r} {g} {b})" for r, g, b in stops)
    st.html(
        f'<div class="dl-legend"><span>too little ink</span><i style="background:linear-gradient(90deg,{colors})">'
        f"</i><span>too much ink</span><span>full colour from {ERROR_LIMIT:g} of the grey range</span></div>{_STYLE}"
    )


def _group(
    rows: Sequence[StripRow | TextRow], captions: Sequence[str | Caption] | None, part: slice, scale: int
) -> str:
    """Some columns of a strip with all their rows."""
    html = []
    if captions is not None:
        html.append(_cells("dl-cap", [_caption(c) for c in captions[part]]))
    for line in rows:
        above = f'<div class="dl-above" aria-hidden="true">{_label(line)}</div>'
        if isinstance(line, TextRow):
            html.append(above + _cells("dl-text", [_caption(text) for text in line.texts[part]]))
            continue
        images = line.images[part]
        width = (_TILE * len(images) + _GAP * (len(images) - 1)) * scale
        spoken = f"{line.label}. {line.detail}".strip(". ")
        html.append(
            f'{above}<div class="dl-pic"><img decoding="sync" '
            f'alt="{escape(spoken)}" src="{picture_uri(images)}" width="{width}" height="{_TILE * scale}"></div>'
        )
        if line.notes:
            html.append(_cells("dl-note", [escape(note) for note in line.notes[part]]))
    return f'<div class="dl-group">{"".join(html)}</div>'


def _cells(kind: str, texts: list[str]) -> str:
    return f'<div class="{kind} dl-cells">{"".join(f"<span>{text}</span>" for text in texts)}</div>'


def _label(row: StripRow | TextRow) -> str:
    detail = f"<small>{escape(row.detail)}</small>" if row.detail else ""
    label = f"<b>{mark_html(row.mark) if row.mark else ''}{escape(row.label)}</b>" if row.label else ""
    return label + detail


def _plain(caption: str | Caption) -> str:
    if isinstance(caption, str):
        return caption
    return f"{caption.text}, wrong" if caption.wrong else caption.text


def _caption(caption: str | Caption) -> str:
    if isinstance(caption, Caption) and caption.wrong:
        return f'<b class="dl-wrong" title="wrong">✗ {escape(caption.text)}</b>'
    return escape(_plain(caption))


def picture_uri(images: np.ndarray) -> str:
    """Return the data address of a PNG of images, uint8 (k, 28, 28) or RGB, side by side with transparent gaps."""
    count = len(images)
    canvas = np.zeros((_TILE, count * (_TILE + _GAP), 4), np.uint8)
    cells = canvas.reshape(_TILE, count, _TILE + _GAP, 4)[:, :, :_TILE]  # a view: writing to it fills the canvas
    pictures = images.swapaxes(0, 1)
    cells[..., :3] = pictures if images.ndim == 4 else pictures[..., None]
    cells[..., 3] = 255
    png = io.BytesIO()
    Image.fromarray(canvas[:, :-_GAP]).save(png, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


@lru_cache(maxsize=1)
def _error_colors() -> np.ndarray:
    """Colour of each difference -255..255: uint8 (511, 3).

    Lightness and chroma grow linearly in OKLab (B. Ottosson, 2020) from black to blue and to orange.
    """
    error = np.clip(np.arange(-255, 256) / 255 / ERROR_LIMIT, -1, 1)
    strength = np.abs(error)
    hue = np.deg2rad(np.where(error < 0, 250.0, 60.0))
    chroma = 0.15 * strength
    lab = np.stack([0.76 * strength, chroma * np.cos(hue), chroma * np.sin(hue)], -1)
    to_cone = np.array(
        [
            [1, 0.3963377774, 0.2158037573],
            [1, -0.1055613458, -0.0638541728],
            [1, -0.0894841775, -1.2914855480],
        ]
    )
    to_rgb = np.array(
        [[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
         [-0.0041960863, -0.7034186147, 1.7076147010]]
    )  # fmt: skip
    linear = np.clip((lab @ to_cone.T) ** 3 @ to_rgb.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (encoded * 255).round().astype(np.uint8)


# Sent with each strip: an element of its own for the style would come too late for the first frame.
_STYLE = """<style>
.dl-box { container-type: inline-size; }
.dl-strip { display: flex; gap: 14px; line-height: 1.25; font-size: 13px; }
.dl-labels { flex: 0 0 auto; max-width: 220px; }
.dl-scroll { flex: 0 1 auto; min-width: 0; overflow-x: auto; overscroll-behavior-x: contain; padding-bottom: 6px; }
.dl-inner { display: flex; gap: 0 var(--gap); width: max-content; }
.dl-pic { height: var(--side); margin-bottom: var(--gap); display: flex; flex-direction: column;
  justify-content: center; }
.dl-pic img { display: block; image-rendering: pixelated; max-width: none; border-radius: 2px; }
.dl-labels b, .dl-above b { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dl-labels small, .dl-above small { opacity: .7; font-size: 12px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; font-variant-numeric: tabular-nums; }
.dl-cells { display: flex; gap: var(--gap); }
.dl-cells span { width: var(--side); text-align: center; font-size: 12px; font-variant-numeric: tabular-nums;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.dl-text { height: 38px; display: flex; flex-direction: column; justify-content: center; }
.dl-text.dl-cells { flex-direction: row; justify-content: flex-start; align-items: center; }
.dl-cap { height: 20px; } .dl-note { height: 20px; } .dl-note span { opacity: .7; }
.dl-wrong { color: color-mix(in srgb, #d1435b 70%, currentColor); font-weight: 700; }
.dl-above { display: none; position: sticky; left: 0; width: max-content; max-width: 100cqw; gap: 8px;
  align-items: baseline; padding: 4px 0 3px; }
@container (max-width: 620px) { .dl-labels { display: none; } .dl-above { display: flex; }
  .dl-text.dl-cells { height: 24px; }
  .dl-inner.dl-wrap { flex-wrap: wrap; width: auto; row-gap: 14px; } }
.dl-tiles { display: flex; flex-wrap: wrap; gap: 10px 6px; }
.dl-tiles figure { margin: 0; }
.dl-tiles img { display: block; margin-inline: auto; image-rendering: pixelated; border-radius: 2px; }
.dl-tiles figcaption { font-size: 12px; line-height: 1.3; text-align: center; font-variant-numeric: tabular-nums;
  padding-top: 2px; min-width: calc(var(--letters) * .85ch); }
.dl-legend { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; font-size: 12px; }
.dl-legend span { opacity: .75; }
.dl-legend i { width: 120px; height: 10px; border-radius: 2px; }
</style>"""
