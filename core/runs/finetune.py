"""Fine-tuning: a copy of a run learns to read one's own drawings, mixed into the digits that it can read already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.data.augment import Augmentation
from core.data.datasets import DATASETS, Split
from core.ink.collection import MAX_DRAWINGS
from core.ink.drawing import Drawing, from_lines, images, labels, to_line
from core.runs.facts import MAX_NAME
from core.runs.run import Run
from core.runs.store import RunStore, copies
from core.training.config import TrainConfig

DRAWINGS = "drawings.jsonl"  # in the folder of a run that learns from drawings: those, as they were when it began
MAX_BYTES = 32 * 2**20  # of that file; of most pens it is the 20,000 drawings that a set may have
# Least and most share of a batch, and the drawings from which on it is the most: a few have little to say.
_LEAST_SHARE, _MOST_SHARE, _MANY = 0.05, 0.2, 50
_ENOUGH = 20_000  # digits of those that it can read already
# For runs that learned from digits as they are: stronger variation costs the small nets more on MNIST than it brings.
_GENTLE = Augmentation(shift=1.0, rotate=5.0, scale=0.05, shear=5.0, elastic=0.4, thickness=0.3)


def recipe(run: Run, count: int) -> TrainConfig:
    """Return how a copy of the run learns from so many drawings: briefly, gently, and varying all that it sees.

    One that learned from varied digits goes on with its own variation, or it would forget what that was for.
    Raises ValueError when the run cannot learn to read digits.
    """
    if run.spec.task != "classify":
        raise ValueError(f"{run.name} redraws digits, it does not read them. Choose a run that does.")
    if not learns_on(run):
        raise ValueError(
            f"{run.name} is fitted at once, so that it cannot learn on from what it is. Choose a run that learns by "
            "steps."
        )
    return replace(
        run.config,
        start=run.id,
        own_share=round(_LEAST_SHARE + (_MOST_SHARE - _LEAST_SHARE) * min(1.0, count / _MANY), 3),
        epochs=3,
        batch_size=128,
        optimizer="adam",
        lr=0.001,
        schedule="one-cycle",
        weight_decay=0.0,
        train_size=_ENOUGH if DATASETS[run.config.dataset].train_count > _ENOUGH else 0,  # 0: all of them
        per_class=0,
        label_noise=0.0,
        augmentation=run.config.augmentation if run.config.augmentation.active else _GENTLE,
        patience=0,
        device="cpu",
        max_minutes=60.0,
    )


def learns_on(run: Run) -> bool:
    """Say whether a copy of the run can go on learning: one that is fitted at once only begins anew."""
    return run.spec.learns == "by steps"


def start(store: RunStore, run: Run, drawings: Sequence[Drawing], name: str = "") -> Run:
    """Make a run that begins from the weights of another and learns from these drawings; all of them, as they are.

    It keeps a copy of the weights, of the run that those stand on, and of the drawings: none of them is needed later.
    Raises ValueError when it cannot learn from them or the disk refuses, RunNotFound when the run is gone.
    """
    if not 1 <= len(drawings) <= MAX_DRAWINGS:
        raise ValueError(f"There are {len(drawings):,} drawings to learn from. Give 1 to {MAX_DRAWINGS:,}.")
    once = {drawing.id: drawing for drawing in drawings}.values()
    lines = b"".join(to_line(drawing) + b"\n" for drawing in once)
    if len(lines) > MAX_BYTES:
        raise ValueError(
            f"These drawings have {len(lines) / 2**20:,.0f} MB, and {MAX_BYTES / 2**20:.0f} fit. Give fewer."
        )
    run.ensure_exists()
    if not run.has_weights():
        raise ValueError(f"{run.name} has no weights yet. Wait for its first epoch.")
    config = recipe(run, len(once))
    taught = f", taught {len(once):,} drawing{'s' * (len(once) > 1)}"
    kept = {DRAWINGS: lines, **copies(run, "start"), **_source(run)}
    return store.create(config, name or run.name[: MAX_NAME - len(taught)] + taught, kept)


def again(store: RunStore, run: Run, config: TrainConfig, name: str = "") -> Run:
    """Make a run that learns from the same drawings as this one, from the same weights on, with other settings.

    Raises ValueError when these do not fit the weights or the disk refuses, RunNotFound when the run is gone.
    """
    check_again(run, config)
    try:
        lines = (run.folder / DRAWINGS).read_bytes()
    except OSError as error:
        raise ValueError(
            f"The drawings of {run.name} cannot be read ({error.strerror}). Choose another run."
        ) from error
    return store.create(config, name, {DRAWINGS: lines, **copies(Run(run.folder / "start"), "start"), **_source(run)})


def check_again(run: Run, config: TrainConfig) -> None:
    """Raise ValueError unless a run with these settings can begin from the weights that the run began from."""
    mine = run.config
    if config.start != mine.start:
        raise ValueError(f"start is {config.start!r}, but {run.name} began from {mine.start!r}. Choose a preset.")
    for setting, words in (("model", "model"), ("params", "setting of the model"), ("source", "encoder")):
        if getattr(config, setting) != getattr(mine, setting):
            raise ValueError(
                f"With another {words} the weights that {run.name} began from do not fit. Leave it as it was, or "
                "choose a preset to begin from nothing."
            )


def learned_from(run: Run) -> tuple[Drawing, ...]:
    """Return the drawings that a run learns from; none for a run that learns from other digits alone.

    What somebody broke in their file is not among them.
    """
    try:
        return from_lines((run.folder / DRAWINGS).read_bytes()).added if run.config.start else ()
    except (OSError, ValueError):
        return ()


def own_split(run: Run) -> Split | None:
    """Return those drawings as a model sees them, None where there are none."""
    drawings = learned_from(run)
    return Split(images(drawings), labels(drawings)) if drawings else None


def _source(run: Run) -> dict[str, bytes]:
    """Return the copy that the run keeps of the one it stands on, if it does."""
    return copies(Run(run.folder / "source"), "source") if run.config.source else {}
