"""Figures: whatever the histories hold, valid Plotly figures of bounded size that say what was measured."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import palette
from core.figures.binning import MAX_POINTS, binned
from core.figures.curves import (
    LOSS_TITLES,
    Curves,
    ReferenceLine,
    learning_curves,
)
from core.figures.words import describe_learning_curves, how_to_read
from core.models import MODELS
from core.runs.events import EpochLine, StepLine
from core.runs.facts import MARKS
from core.runs.log import History

EMPTY = History((), (), (), 0, 0.0)


def history(steps: int, per_epoch: int = 10, metric: str = "accuracy", test_every: int = 5) -> History:
    rows: list[StepLine] = []
    for step in range(1, steps + 1):
        train = {"loss": 1 / step, metric: 1 - 1 / (step + 1)}
        test = None if step % test_every else {"loss": 1.1 / step, metric: 0.5}
        rows.append(StepLine(0.0, step / 100, step, step / per_epoch, 64, 0.1, train, test))
    whole = {"loss": 1.0, metric: 0.7}, {"loss": 0.9, metric: 0.75}
    epochs = [EpochLine(0.0, e / 10, e, e * per_epoch, 6400.0, *whole) for e in range(1, steps // per_epoch + 1)]
    return History(tuple(rows), tuple(epochs), (), steps, steps / 100)


def curves(steps: int, name: str = "Net", **changes: Any) -> Curves:
    return Curves(name, 0, "cross-entropy", history(steps, **changes))


def draw(*runs: Curves, **options: Any) -> dict[str, Any]:
    """A figure that Plotly accepts and JSON can carry, NaN forbidden."""
    figure = learning_curves(runs, **options)
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)
    return figure


@pytest.mark.parametrize("count", [0, 1, 2, 3, 399, 400, 401, 402, 799, 5000])
def test_binning_keeps_the_ends_and_the_limit(count):
    x = np.arange(count, dtype=float)
    bx, by = binned(x, x**2)
    assert len(bx) == len(by) == min(count, MAX_POINTS)
    if count:
        assert (bx[0], bx[-1]) == (0, count - 1)
        assert (by[0], by[-1]) == (0, pytest.approx((count - 1.0) ** 2, rel=1e-4))
        assert bx == sorted(set(bx))


def test_bins_are_means():
    rng = np.random.default_rng(0)
    y = rng.normal(5, 1, 4002)
    _, by = binned(np.arange(4002), y)
    inner = [v for v in by[1:-1] if v is not None]
    assert np.mean(inner) == pytest.approx(y[1:-1].mean(), abs=1e-2)
    assert np.std(inner) < 0.5 * y.std()


def test_binning_leaves_out_what_is_not_finite():
    y = np.ones(4000)
    y[100:103] = [np.nan, np.inf, -np.inf]
    y[2000:3000] = np.nan
    _, by = binned(np.arange(4000), y)
    assert {v for v in by if v is not None} == {1.0}
    assert by[50] == 1.0  # a bin with some finite values is their mean
    assert None in by[200:300]  # a bin without any is a gap


def test_binning_refuses_unpaired_values_with_a_sentence():
    with pytest.raises(ValueError, match=r"same length, got 2 and 1.*\."):
        binned([1, 2], [1])
    with pytest.raises(ValueError, match="at least 3, got 2"):
        binned([1], [1], limit=2)


@pytest.mark.parametrize("runs", [(), (Curves("New", 3, "bce", EMPTY),), (curves(1),), (curves(3000, per_epoch=300),)])
def test_figures_are_valid_at_every_age_of_a_run(runs):
    figure = draw(*runs)
    assert all(len(trace["x"]) <= MAX_POINTS for trace in figure["data"])


def test_a_view_lasts_as_long_as_its_panels():
    def view(*runs):
        return draw(*runs)["layout"]["uirevision"]

    assert view(curves(1)) == view(curves(3000, per_epoch=300))
    # Plotly would keep the made-up range of empty axes otherwise.
    assert view() == view(Curves("New", 3, "bce", EMPTY)) != view(curves(1))


@pytest.mark.parametrize(
    ("loss", "titles"),
    [
        ("cross-entropy", ["Loss: cross-entropy", "Accuracy"]),
        ("bce", ["Loss: binary cross-entropy", "Mean squared error"]),
        ("mse", ["Mean squared error"]),
    ],
)
def test_a_run_that_waits_has_the_panels_it_will_have(loss, titles):
    figure = draw(Curves("New", 3, loss, EMPTY))
    assert [note["text"] for note in figure["layout"]["annotations"][:-1]] == [f"<b>{title}</b>" for title in titles]


@pytest.mark.parametrize("runs", [(), (Curves("New", 3, "bce", EMPTY),)])
def test_without_a_step_there_are_two_empty_panels_with_a_word(runs):
    figure = draw(*runs)
    assert [(t["xaxis"], t["x"], t["y"]) for t in figure["data"]] == [("x", [None], [None]), ("x2", [None], [None])]
    assert figure["layout"]["annotations"][-1]["text"] == ("no step yet" if runs else "The curves appear here.")


def test_one_point_is_visible():
    (trace,) = (t for t in draw(curves(1))["data"] if t["xaxis"] == "x")
    assert (trace["x"], trace["mode"]) == ([0.1], "markers")


def test_each_run_has_its_colour_and_its_marker_in_both_panels():
    figure = draw(curves(50), Curves("Other", 4, "cross-entropy", history(50)))
    strong = [t for t in figure["data"] if t["mode"] == "lines+markers"]
    assert [(t["line"]["color"], t["marker"]["symbol"], t["xaxis"]) for t in strong] == [
        (palette.RUN_COLORS[c], palette.RUN_MARKERS[c], axis) for axis in ("x", "x2") for c in (0, 4)
    ]


def test_the_whole_test_set_has_the_larger_mark_and_wins_over_the_sample():
    (test,) = (t for t in draw(curves(20))["data"] if t["mode"] == "lines+markers" and t["xaxis"] == "x2")
    assert test["x"] == [0.5, 1.0, 1.5, 2.0]
    assert test["y"] == [0.5, 0.75, 0.5, 0.75]
    small, large = test["marker"]["size"][:2]
    assert test["marker"]["size"] == [small, large, small, large]
    assert small < large


@pytest.mark.parametrize(
    ("loss", "metric", "titles"),
    [
        ("cross-entropy", "accuracy", ["Loss: cross-entropy", "Accuracy"]),
        ("bce", "mse", ["Loss: binary cross-entropy", "Mean squared error"]),
        ("mse", "mse", ["Mean squared error"]),
        ("elbo", "mse", ["Loss: negative ELBO (nats)", "Mean squared error"]),
    ],
)
def test_panels_follow_from_what_was_measured(loss, metric, titles):
    figure = draw(Curves("Net", 0, loss, history(30, metric=metric)))
    assert [note["text"] for note in figure["layout"]["annotations"]] == [f"<b>{title}</b>" for title in titles]


def test_runs_of_both_tasks_share_the_loss_panel_and_have_one_each():
    figure = draw(curves(30), Curves("Auto", 1, "bce", history(30, metric="mse")))
    assert [note["text"] for note in figure["layout"]["annotations"]] == [
        "<b>Loss</b>", "<b>Accuracy</b>", "<b>Mean squared error</b>",
    ]  # fmt: skip
    assert {t["xaxis"] for t in figure["data"]} == {"x", "x2", "x3"}


def test_a_diverged_run_has_a_gap_and_a_description():
    run = Curves("Wild", 0, "cross-entropy", history(4))
    run.history.steps[2].train["loss"] = math.nan
    run.history.steps[3].train["loss"] = -math.inf
    (loss,) = (t for t in draw(run)["data"] if t["xaxis"] == "x")
    assert loss["y"] == [1, 0.5, None, None]
    assert describe_learning_curves([run]) == "Wild has a training loss of 0.5 after 0.2 epochs."


def test_a_reference_is_a_dashed_line_over_the_whole_run():
    figure = draw(Curves("Auto", 0, "mse", history(30, metric="mse")), references=[ReferenceLine("PCA, 8", 0.0374)])
    (line,) = (t for t in figure["data"] if t["line"].get("dash") == "dash")
    assert (line["x"], line["y"]) == ([0, 3], [0.0374, 0.0374])
    assert not any(t["line"].get("dash") for t in draw(curves(30), references=[ReferenceLine("PCA", 0.1)])["data"])


@pytest.mark.parametrize(
    ("levels", "shifts"),
    [((0.03, 0.03, 0.03), [0, -13, -26]), ((0.03, 0.02, 0.01), [0, 0, 0]), ((0.03, 0.029, 0.01), [0, -13, 0])],
)
def test_references_have_their_labels_in_the_margin_and_apart(levels, shifts):
    lines = [ReferenceLine(f"PCA-{k}", level) for k, level in enumerate(levels)]
    layout = draw(Curves("Auto", 0, "mse", history(30, metric="mse")), references=lines)["layout"]
    labels = [note for note in layout["annotations"] if note["text"].startswith("PCA")]
    assert {(note["x"], note["xanchor"]) for note in labels} == {(1.0, "left")}
    assert [note["yshift"] for note in labels] == shifts
    assert layout["margin"]["r"] > 90 > draw(curves(30))["layout"]["margin"]["r"]


def test_a_label_is_at_its_level_on_a_logarithmic_scale():
    line = ReferenceLine("PCA-8", 0.01)
    layout = draw(Curves("Auto", 0, "mse", history(30, metric="mse")), references=[line], log_loss=True)["layout"]
    (label,) = (note for note in layout["annotations"] if note["text"] == "PCA-8")
    assert label["y"] == pytest.approx(-2)


def test_a_penalty_and_a_bound_show_what_they_are_made_of():
    def titles(run):
        return [note["text"][3:-4] for note in draw(run)["layout"]["annotations"]]

    sparse = history(30, metric="mse")
    for step in sparse.steps:
        step.train["penalty"] = 0.1
    assert titles(Curves("Sparse", 0, "mse", sparse)) == ["Loss with penalty", "Mean squared error", "Penalty"]
    bound = history(30, metric="mse")
    for step in bound.steps:
        step.train.update(reconstruction=90.0, kl=20.0)
    parts = ["Mean squared error", "Reconstruction (nats)", "KL (nats)"]
    assert titles(Curves("VAE", 0, "elbo", bound)) == ["Loss: negative ELBO (nats)", *parts]
    assert titles(Curves("VAE", 0, "elbo", bound, 4.0)) == ["Loss: reconstruction + 4 KL (nats)", *parts]


def test_the_error_of_a_sampled_code_is_not_drawn_beside_that_of_the_mean():
    figure = draw(Curves("VAE", 0, "elbo", history(30, metric="mse")))
    assert [t["hovertemplate"].count("batches") for t in figure["data"] if t["xaxis"] == "x2"] == [0]


def test_training_digits_measured_as_test_digits_are_have_open_marks():
    run = curves(30)
    epochs = [replace(epoch, train_sample={"loss": 0.1, "accuracy": 0.9}) for epoch in run.history.epochs]
    run = replace(run, history=replace(run.history, epochs=tuple(epochs)))
    (opened,) = (t for t in draw(run)["data"] if t["xaxis"] == "x2" and "-open" in str(t["marker"].get("symbol")))
    assert opened["y"] == [0.9] * len(epochs)
    assert opened["x"] == [epoch.epoch for epoch in epochs]


def test_a_run_that_minimises_the_squared_error_leaves_the_loss_panel_to_the_others():
    figure = draw(
        Curves("Bound", 0, "elbo", history(30, metric="mse")), Curves("Auto", 1, "mse", history(30, metric="mse"))
    )
    assert [note["text"] for note in figure["layout"]["annotations"]] == [
        "<b>Loss: negative ELBO (nats)</b>", "<b>Mean squared error</b>",
    ]  # fmt: skip
    assert {t["name"] for t in figure["data"] if t["xaxis"] == "x"} == {"Bound"}
    assert {t["name"] for t in figure["data"] if t["xaxis"] == "x2"} == {"Bound", "Auto"}


def test_the_loss_can_be_logarithmic_and_the_accuracy_never_is():
    layout = draw(curves(30), log_loss=True)["layout"]
    assert (layout["yaxis"].get("type"), layout["yaxis2"].get("type")) == ("log", None)


def test_free_text_cannot_become_markup_or_a_template():
    figure = draw(Curves('<a href="x">%{x}</a>', 0, "cross-entropy", history(30)))
    for trace in figure["data"]:
        assert "<a" not in trace["name"] + trace["hovertemplate"]
        assert trace["hovertemplate"].count("%{") == 2  # the value and the epoch


def test_descriptions_give_the_last_and_the_best_value():
    assert describe_learning_curves([]) == "No run is chosen."
    assert describe_learning_curves([Curves("New", 0, "mse", EMPTY)]) == "New has no measurement yet."
    assert describe_learning_curves([curves(10)]) == "Net has a test accuracy of 75.00\u00a0% after 1 epoch."
    both = describe_learning_curves([curves(15), Curves("Auto", 1, "mse", history(15, metric="mse"))])
    assert both == (
        "Net has a test accuracy of 75.00\u00a0% after 1 epoch; "
        "Auto has a test mean squared error of 0.7500 after 1 epoch."
    )


def test_an_earlier_epoch_that_was_better_is_named_with_what_chose_it():
    run = curves(30)
    values = iter([0.91, 0.95, 0.93])
    epochs = [replace(epoch, test={"accuracy": next(values)}) for epoch in run.history.epochs]
    run = replace(run, history=replace(run.history, epochs=tuple(epochs)))
    assert describe_learning_curves([run]).replace("\u00a0", " ") == (
        "Net has a test accuracy of 93.00 % after 3 epochs (epoch 2 was better by 2.00 points, chosen by the test set)."
    )


def test_a_look_at_a_sample_is_called_one():
    assert describe_learning_curves([curves(5)]).replace("\u00a0", " ") == (
        "Net has a test accuracy of 50.00 % on the first 1,000 test digits so far."
    )


def test_a_look_at_a_sample_is_the_last_word_on_a_run_that_has_ended():
    assert describe_learning_curves([replace(curves(5), ended=True)]).endswith("on the first 1,000 test digits.")


def test_the_first_steps_are_no_0_epochs():
    run = Curves("New", 0, "elbo", history(1, per_epoch=469, metric="mse"))
    assert describe_learning_curves([run]) == "New has a training loss of 1 after 0.0021 epochs."


THIN = "Thin lines: the running mean of training batches."


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([], ""),
        ([Curves("New", 0, "bce", EMPTY)], ""),
        ([curves(1)], "Small dots: the running mean of training batches."),
        ([curves(4)], THIN),
        ([curves(5)], f"{THIN} Strong marks: the first 1,000 test digits."),
        ([curves(10, test_every=99)], f"{THIN} Strong marks: all test digits."),
        ([curves(20, test_every=99)], f"{THIN} Strong lines: all test digits."),
        ([curves(4), replace(curves(10), faint=True)], f"{THIN} Faint lines: test digits of the runs that have ended."),
    ],
)
def test_only_lines_and_marks_that_are_there_are_explained(runs, told):
    assert how_to_read(draw(*runs)) == told


def test_open_marks_are_explained_where_there_are_some():
    run = curves(10)
    both = "test digits, a large mark where all were tested, a small one for the first 1,000"
    assert how_to_read(draw(run)) == f"{THIN} Strong lines: {both}."
    epochs = [replace(epoch, train_sample={"loss": 0.5, "accuracy": 0.9}) for epoch in run.history.epochs]
    drawn = draw(replace(run, history=replace(run.history, epochs=tuple(epochs))))
    assert "Open marks: up to 10,000 training digits measured as test digits are." in how_to_read(drawn)


def test_a_panel_without_a_point_shows_the_epochs_of_the_others_and_says_when_it_is_measured_first():
    layout = draw(Curves("VAE", 0, "elbo", history(4, metric="mse")))["layout"]
    assert layout["xaxis2"]["range"] == [0, pytest.approx(1.04 * 0.4)]
    assert layout["yaxis2"]["range"] == [0, 1]
    word = layout["annotations"][-1]
    assert (word["text"], word["xref"]) == ("measured first after<br>a quarter of an epoch", "x2 domain")
    later = draw(Curves("VAE", 0, "elbo", history(5, metric="mse")))["layout"]
    assert later["xaxis2"]["range"] == [0, pytest.approx(1.04 * 0.5)]
    assert (later["yaxis2"]["rangemode"], "range" in later["yaxis2"]) == ("tozero", False)
    # Plotly would keep the made-up range otherwise.
    assert layout["yaxis2"]["uirevision"] != later["yaxis2"].get("uirevision", later["uirevision"])
    many = draw(curves(30))["layout"]
    assert not any("rangemode" in many[axis] for axis in ("yaxis", "yaxis2"))
    assert not any("range" in many[axis] for axis in ("xaxis", "yaxis", "xaxis2", "yaxis2"))


# -- the palettes ------------------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("background", ["#ffffff", "#14181d"])
@pytest.mark.parametrize("color", palette.RUN_COLORS)
def test_run_colours_stand_out_from_both_pages(color, background):
    dark, light = sorted((luminance(color), luminance(background)))
    assert (light + 0.05) / (dark + 0.05) >= 2.5


def test_there_is_a_colour_a_marker_and_a_glyph_for_every_run():
    for cycle in (palette.RUN_COLORS, palette.RUN_MARKERS, palette.RUN_GLYPHS):
        assert len(set(cycle)) == len(cycle) == 8
    marks = [palette.run_mark(number) for number in range(MARKS)]
    assert len({(mark.color, mark.glyph) for mark in marks}) == len({(m.color, m.marker) for m in marks}) == MARKS
    assert {len(set(colors)) for colors in palette.DIGIT_COLORS.values()} == {10}
    assert {loss for spec in MODELS.values() for loss in spec.losses} <= set(LOSS_TITLES)


def test_a_model_without_steps_is_a_level_across_the_epochs_of_the_others():
    epoch = EpochLine(0.0, 3.0, 1, 1, 0.0, {}, {"loss": 0.4, "accuracy": 0.97}, {"loss": 0.1, "accuracy": 1.0})
    fitted = Curves("Trees", 1, "cross-entropy", History((), (epoch,), (), 1, 3.0, 1.0), at_once=True, ended=True)
    figure = draw(curves(40), fitted)
    levels = [trace for trace in figure["data"] if trace.get("name") == "Trees"]
    assert [(trace["x"], trace["y"]) for trace in levels] == [([0, 4], [0.4, 0.4]), ([0, 4], [0.97, 0.97])]
    assert all("fitted at once" in trace["hovertemplate"] for trace in levels)
    assert "Dashed levels" in how_to_read(figure)
    assert "Dashed levels" not in how_to_read(draw(curves(40)))
    assert describe_learning_curves([fitted]) == "Trees has a test accuracy of 97.00\xa0%, fitted at once."
    alone = draw(fitted)
    assert alone["layout"]["uirevision"] == "loss accuracy"
    under_way = replace(fitted, history=History((), (), (), 1, 3.0, 0.4))
    assert describe_learning_curves([under_way]) == "Trees is fitted to 40\xa0%."
    assert not [trace for trace in draw(curves(40), under_way)["data"] if trace.get("name") == "Trees"]
    faint = replace(fitted, faint=True)
    assert "Dashed" not in how_to_read(draw(curves(40), faint))
