"""Pen marks grow out of the digits that writers give them, as wide as their strokes, and no others."""

import numpy as np
import pytest

from core.data import datasets
from core.data.pen_marks import add_marks
from core.ink.render import render

MARKED = (1, 7, 9)


def drawn(*strokes):
    return render([np.array(stroke, float) for stroke in strokes])[None]


STEM = drawn([(0.5, 0.1), (0.5, 0.9)])
SEVEN = drawn([(0.3, 0.1), (0.7, 0.1), (0.5, 0.9)])


def real(label, count=60):
    train = datasets.load("digits").train
    return train.images[train.labels == label][:count]


def marked(images, label, seed=0, share=1.0):
    return add_marks(images, np.full(len(images), label), share, np.random.default_rng(seed))


@pytest.mark.parametrize("label", range(10))
def test_only_ones_sevens_and_nines_get_marks_and_no_ink_is_lost(label):
    images = real(label)
    before = images.copy()
    result = marked(images, label)
    assert result.shape == images.shape
    assert result.dtype == np.uint8
    assert (result >= images).all()
    assert (images == before).all()
    grown = (result != images).any(axis=(1, 2)).mean()
    assert grown > 0.9 if label in MARKED else grown == 0


def test_share_says_how_many_and_none_is_none():
    images = np.repeat(STEM, 2000, axis=0)
    changed = (marked(images, 1, share=0.3) != images).any(axis=(1, 2)).mean()
    assert changed == pytest.approx(0.3, abs=0.04)
    assert (marked(images, 1, share=0.0) == images).all()


def test_the_same_seed_marks_the_same_way_and_another_does_not():
    images = real(7)
    assert (marked(images, 7, 3) == marked(images, 7, 3)).all()
    assert (marked(images, 7, 3) != marked(images, 7, 4)).any()


def test_flag_is_at_the_top_left_of_a_one_and_the_foot_across_its_bottom():
    images = np.repeat(STEM, 500, axis=0)
    new = (marked(images, 1).astype(int) - images).clip(0)
    rows = np.flatnonzero(STEM[0].any(axis=1))
    top, bottom = rows[0], rows[-1]
    stem = int(np.rint(STEM[0].sum(axis=0) @ np.arange(28) / STEM[0].sum()))
    assert new[:, top : top + 10, stem + 3 :].max() == 0  # nothing to the right of the top
    upper, lower = new[:, : bottom - 6].any(axis=(1, 2)), new[:, bottom - 4 :].any(axis=(1, 2))
    assert (upper | lower).all()
    assert 0.45 < (upper & ~lower).mean() < 0.65  # a long flag beside the stem reaches down to where a foot is
    assert 0.08 < (lower & ~upper).mean() < 0.22
    feet = new[lower, bottom - 1 :].sum(axis=(0, 1))
    assert feet[:stem].sum() == pytest.approx(feet[stem + 1 :].sum(), rel=0.15)


def test_bar_crosses_the_stem_of_a_seven_below_its_roof():
    images = np.repeat(SEVEN, 500, axis=0)
    new = (marked(images, 7).astype(int) - images).clip(0)
    top = int(np.flatnonzero((SEVEN[0] > 128).any(axis=1))[0])
    crossed = new[:, top + 7 : top + 16].any(axis=(1, 2))
    assert crossed.mean() == pytest.approx(0.8, abs=0.06)
    row = top + 10
    stem = SEVEN[0, row].argmax()
    assert new[:, row, :stem].any()
    assert new[:, row, stem + 2 :].any()
    assert not new[:, top + 18 :].any()


def test_tail_of_a_nine_curls_to_the_left_of_where_it_ended():
    nine = drawn([(0.6, 0.3), (0.45, 0.1), (0.35, 0.3), (0.6, 0.35), (0.6, 0.1), (0.6, 0.9)])
    images = np.repeat(nine, 300, axis=0)
    new = (marked(images, 9).astype(int) - images).clip(0)
    bottom = np.flatnonzero(nine[0].any(axis=1))[-1]
    end = nine[0, bottom - 1].argmax()
    assert new[:, : bottom - 9].max() == 0
    assert new[:, :, :end].sum() > 20 * new[:, :, end + 2 :].sum()


@pytest.mark.parametrize("width", [0.05, 0.09])
def test_marks_are_as_wide_as_the_digit(width):
    stem = render([np.array([(0.5, 0.1), (0.5, 0.9)])], width)[None].astype(float)
    thick = stem[0, 14].sum() / 255
    new = marked(np.repeat(stem.astype(np.uint8), 400, axis=0), 1).astype(float) - stem
    # A column of the foot, left of the stem: what is there is as high as the stem is wide.
    column = new[:, 15:, 10].sum(axis=1) / 255
    assert np.median(column[column > 1]) == pytest.approx(thick, abs=0.6)


@pytest.mark.parametrize("grey", [0, 1, 40, 255])
def test_odd_pictures_stay_pictures(grey):
    images = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), grey, np.uint8)])
    images = np.concatenate([images, np.zeros((1, 28, 28), np.uint8)])
    images[2, 5, 5] = grey
    for label in MARKED:
        result = marked(images, label)
        assert (result >= images).all()
        assert not result[0].any()  # no mark on nothing


def test_no_digits_stay_none():
    assert marked(np.zeros((0, 28, 28), np.uint8), 1).shape == (0, 28, 28)
