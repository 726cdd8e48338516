"""The live part of the Train page: how the chosen runs stand, their curves, and what they make of test digits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from core.data.datasets import DATASETS, is_ready, load
from core.figures.curves import ReferenceLine, learning_curves
from core.figures.terms import explain_terms_of
from core.figures.words import describe_learning_curves, how_to_read
from core.measures.pca import pca_error
from core.runs.run import Run, RunNotFound
from pages.parts.figure.component import live_figure
from pages.parts.shared.curves import curves_of
from pages.parts.shared.noise import Noise
from pages.parts.shared.question import in_words
from pages.parts.shared.run_controls import count_active, stop_all
from pages.parts.shared.run_mark import run_mark
from pages.parts.shared.run_status import run_statuses
from pages.parts.shared.strips import Caption, StripRow, image_strip
from pages.parts.shared.style import plain

_ALIGNED = "<style>.st-key-strips .dl-labels { min-width: 12.5rem; }</style>"
_NO_CURVE = "There is no curve: a model that is fitted at once takes no steps that could be followed."
_pca_thread = ThreadPoolExecutor(1, thread_name_prefix="pca")
_MANY = 3  # active runs, whose curves take a browser longer to draw
_SOON_S = 6.0  # a young run is looked at more often, so that its first point comes at once


def live_runs(runs: Sequence[Run]) -> None:
    """Show the runs, and look again while any of them goes on."""
    if not runs:
        _invitation()
        return
    every = _interval(runs)
    st.fragment(_live, run_every=every, key="live-runs")(list(runs), every)


def _invitation() -> None:
    # Drawing empty axes also loads the drawing library, so that the first point need not wait for it.
    text = "Press Train to watch a model learn. It goes on if you leave this page, and its curves wait for you."
    live_figure(learning_curves([]), key="no-curves", height=330, label=text)
    st.caption(text)


def _interval(runs: Sequence[Run]) -> float | None:
    """Return the seconds between two looks, None when nothing goes on."""
    active = count_active(runs)
    if not active:
        waiting = any(not _pca_error(*place).done() for run in runs if (place := _code(run)))
        return 0.5 if waiting else None
    if any(time.time() - run.created < _SOON_S for run in runs):
        return 0.25
    return 0.5 if active < _MANY else 1.0


def _live(runs: list[Run], every: float | None) -> None:
    run_statuses(runs)
    stop_all(runs)
    _curves(runs)
    with st.container(key="strips"):
        st.html(_ALIGNED)
        _strips(runs)
    if _interval(runs) != every:
        st.rerun()


def _curves(runs: Sequence[Run]) -> None:
    """Show the curves and a sentence for them; runs that took no steps have the sentence alone."""
    curves = curves_of(runs, active_in_front=True)
    log_loss = bool(st.session_state.get("log-loss"))
    text = describe_learning_curves(curves)
    if all(one.at_once for one in curves):
        st.caption(plain(f"{text} {_NO_CURVE}" if curves else text))
        return
    figure = learning_curves(curves, references=_references(runs), log_loss=log_loss)
    live_figure(figure, key="curves", height=330, label=text)
    words, switch = st.columns([3.6, 1], gap="small")
    tip = f"{explain_terms_of(_written_in(figure), 'epoch')}{_why_training_is_harder(runs)}"
    words.caption(plain(f"{text} {how_to_read(figure)}".strip()), help=tip)
    switch.toggle("Logarithmic scale", key="log-loss", persist_state="session")


def _written_in(figure: dict[str, Any]) -> str:
    return " ".join(note["text"] for note in figure["layout"]["annotations"])


def _why_training_is_harder(runs: Sequence[Run]) -> str:
    """Return a line for the tip, where the runs' settings make training digits harder than test digits; else ""."""
    reasons: set[str] = set()
    for run in runs:
        with suppress(RunNotFound):
            config = run.config
            reasons |= {"augmentation"} if config.augmentation.active else set()
            reasons |= {"dropout"} if config.params.get("dropout") else set()
            reasons |= {"label smoothing"} if config.label_smoothing else set()
    if not reasons:
        return ""
    why = in_words(sorted(reasons), len(reasons))
    verb = "makes" if len(reasons) == 1 else "make"
    return f"  \n{why.capitalize()} {verb} training harder than testing: the training loss may lie above the test loss."


def _references(runs: Sequence[Run]) -> list[ReferenceLine]:
    """Return PCA's error at each code size among the runs, as far as it is known by now."""
    known = []
    for dataset, size in sorted({place for run in runs if (place := _code(run))}):
        error = _pca_error(dataset, size)
        if error.done() and error.exception() is None:
            known.append(ReferenceLine(f"PCA-{size} (clipped)", error.result()))
    return known


def _code(run: Run) -> tuple[str, int] | None:
    """Return the data set and code size to compare with PCA; None without a code, and before the first epoch.

    Fitting PCA takes processor time that a run needs for its first points. A run that cleans noise is tested on noisy
    digits, and PCA's error on clean ones is no line for it.
    """
    size = run.config.params.get("code_size") if run.config.noise == "none" else None
    try:
        if isinstance(size, int) and run.history().epochs and is_ready(run.config.dataset):
            return run.config.dataset, size
    except RunNotFound:
        pass  # its status line says so
    return None


@lru_cache(maxsize=64)
def _pca_error(dataset: str, size: int) -> Future[float]:
    # Fitting takes seconds the first time: the page goes on meanwhile, and draws the line when it is known.
    return _pca_thread.submit(pca_error, dataset, size)


def _strips(runs: Sequence[Run]) -> None:
    """Show test digits: under them what each autoencoder redraws, above them what each classifier answers.

    What is to be cleaned stands between the digits and what the runs that saw it so made of it.
    """
    probed = [(run, probe) for run in runs if is_ready(run.config.dataset) and (probe := run.probe())]
    digits = 20 if len(probed) == 1 else 10
    for half in (slice(0, 10), slice(10, digits)):
        redrawn: dict[tuple[str, bytes], dict[bytes, list[StripRow]]] = {}
        for run, probe in probed:
            indices, outputs = probe.indices[half], probe.outputs[half]
            test = load(run.config.dataset).test
            if not len(indices) or not 0 <= indices.min() <= indices.max() < len(test):
                continue
            if run.spec.task == "classify":
                _answers(run, test.images[indices], test.labels[indices], outputs, named=half.start == 0)
                continue
            originals = [StripRow("Test digits", test.images[indices])]
            same = redrawn.setdefault((run.config.dataset, indices.tobytes()), {b"": originals})
            rows = same[b""]
            if probe.inputs is not None:
                inputs, noise = probe.inputs[half], Noise(run.config.noise, run.config.noise_level)
                rows = same.setdefault(inputs.tobytes(), [StripRow("With noise", inputs, str(noise))])
            rows.append(StripRow(run.name, outputs, mark=run_mark(run)))
        for seen in redrawn.values():
            image_strip([row for part in seen.values() for row in part], wrap=True)


def _answers(run: Run, images: np.ndarray, labels: np.ndarray, outputs: np.ndarray, named: bool) -> None:
    classes, answers = DATASETS[run.config.dataset].classes, outputs.argmax(axis=1)
    right = answers == labels
    captions = [Caption(classes[a], wrong=not r) for a, r in zip(answers, right, strict=True)]
    told = f"{right.sum()} of {len(right)} test digits right" + ("" if right.all() else ", \N{BALLOT X} is wrong")
    row = StripRow(run.name if named else "", images, told, mark=run_mark(run))
    image_strip([row], captions, wrap=True)
