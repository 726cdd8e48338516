"""The pool of drawn digits is the same whoever asks in whatever order, and its digits are ones a reader knows."""

import numpy as np
import pytest

from core.data.glyph_strokes import glyph_strokes
from core.data.glyphs import POOL, GlyphPool
from core.ink.render import FIT, MASS_AT
from core.paths import ROOT
from core.runs.store import RunStore
from core.runs.weights import load_model

COUNT = 1000


@pytest.fixture(scope="module")
def pool():
    return GlyphPool(7, COUNT)


@pytest.fixture(scope="module")
def images(pool):
    return pool.images(np.arange(COUNT))


def drawn(label, count=400):
    return [glyph_strokes(label, np.random.default_rng((3, number))) for number in range(count)]


def test_pictures_are_the_same_in_any_order_and_in_a_pool_of_any_size(pool, images):
    other = GlyphPool(7, 2 * COUNT)
    rows = np.array([5, 900, 3, 5, 0])
    for part in (rows[:2], rows, rows[::-1]):  # first drawn, then partly and wholly kept
        assert (other.images(part) == images[part]).all()
    assert (other.labels[:COUNT] == pool.labels).all()


def test_a_caller_who_changes_a_picture_changes_only_his_own(pool, images):
    pool.images(np.array([4]))[:] = 0
    assert (pool.images(np.array([4])) == images[4]).all()


def test_another_seed_draws_other_digits(pool, images):
    other = GlyphPool(8, COUNT)
    assert (other.labels != pool.labels).mean() > 0.5
    same = np.flatnonzero(other.labels == pool.labels)[:20]
    assert (other.images(same) != images[same]).any(axis=(1, 2)).all()


def test_no_two_glyphs_are_alike(images):
    assert len(np.unique(images.reshape(COUNT, -1), axis=0)) == COUNT


def test_pictures_are_what_a_training_takes(pool, images):
    assert images.shape == (COUNT, 28, 28)
    assert images.dtype == np.uint8
    assert pool.labels.dtype == np.int64
    assert pool.images(np.zeros(0, np.int64)).shape == (0, 28, 28)


def test_classes_are_as_frequent_as_their_weights():
    labels = GlyphPool(0).labels
    assert len(labels) == POOL
    shares = np.bincount(labels, minlength=10) / POOL
    weights = np.array([8, 17, 8, 9, 11, 9, 8, 14, 7, 13])
    assert shares == pytest.approx(weights / weights.sum(), abs=0.008)


@pytest.mark.parametrize("row", [-1, COUNT])
def test_a_row_outside_the_pool_is_named(pool, row):
    with pytest.raises(IndexError, match=rf"no glyph {row}: ask for rows from 0 to {COUNT - 1}"):
        pool.images(np.array([0, row]))


def test_ink_fills_the_box_and_lies_as_that_of_the_pad(images):
    grey = images / 255
    extents = np.stack([(images > 40).any(axis=axis).sum(axis=1) for axis in (1, 2)]).max(axis=0)
    assert extents.min() >= FIT - 1
    assert extents.max() <= FIT + 2
    place = np.arange(28)
    mass = grey.sum(axis=(1, 2))
    centres = np.stack([grey.sum(axis=1) @ place, grey.sum(axis=2) @ place]) / mass
    # Far out of the middle only where ink would have left the picture.
    assert (np.abs(centres - MASS_AT) < 0.1).mean() > 0.97
    assert np.abs(centres - MASS_AT).max() < 3


def test_lines_are_as_wide_as_pens_make_them(pool, images):
    # A long line of width w has, per unit of length, area w and outline 2 (as in pen_marks). 0s have the fewest ends.
    zeros = images[pool.labels == 0] / 255
    across, down = np.abs(np.diff(zeros, axis=1)).sum(axis=(1, 2)), np.abs(np.diff(zeros, axis=2)).sum(axis=(1, 2))
    widths = 2 * zeros.sum(axis=(1, 2)) / ((across + down) * np.pi / 4)
    low, middle, high = np.quantile(widths, [0.05, 0.5, 0.95])
    assert 1.9 < low < 2.3
    assert 2.5 < middle < 2.9
    assert 3.2 < high < 3.5


@pytest.mark.parametrize("label", range(10))
def test_every_digit_is_drawn_in_several_ways_near_the_pad(label):
    glyphs = drawn(label, 100)
    assert len({tuple(map(len, strokes)) for strokes in glyphs}) > 1
    for strokes in glyphs:
        places = np.concatenate(strokes)
        assert places.shape[1] == 2
        assert np.ptp(places, axis=0).max() > 0.4
        assert places.min() > -0.3
        assert places.max() < 1.3


# The share drawn in two strokes: a slash, a foot, an open or closed 4, a loose bar, a bar, a second ring, a gap.
@pytest.mark.parametrize(
    ("label", "share"),
    [(0, 0.12), (1, 0.26), (2, 0), (3, 0), (4, 0.64), (5, 0.55), (6, 0), (7, 0.7), (8, 0.3), (9, 0.1)],
)
def test_as_many_as_should_have_a_second_stroke(label, share):
    counts = [len(strokes) for strokes in drawn(label)]
    assert max(counts) <= 2
    assert np.mean([count == 2 for count in counts]) == pytest.approx(share, abs=0.07 if share else 0)


def test_flag_of_a_one_is_left_of_its_stem_and_steeper_than_the_roof_of_a_seven():
    angles = []
    for strokes in drawn(1):
        stroke = strokes[0]
        top = stroke[:, 1].argmin()
        flag, stem = stroke[0] - stroke[top], stroke[-1] - stroke[top]
        if len(stroke) < 10 or top < 4:  # a plain stem
            continue
        assert stem[0] * flag[1] - stem[1] * flag[0] > -0.002  # clockwise from the stem: to its left, or along it
        angles.append(np.degrees(np.arctan2(flag[1], -flag[0])))
    assert len(angles) > 0.75 * 400
    assert min(angles) > 12
    assert 45 < np.median(angles) < 70


def test_a_net_that_learned_from_mnist_reads_them(pool, images):
    read = load_model(RunStore(ROOT / "checkpoints").get("cnn")).predict_proba(images).argmax(axis=1)
    for label in range(10):
        assert (read[pool.labels == label] == label).mean() > (0.8 if label == 1 else 0.9)
