"""`python -m core PRESET`: train without the dashboard, which sees the run live all the same."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.data.datasets import DATASETS
from core.measures.scores import SCORES, figure_of
from core.runs import recorder
from core.runs.events import EpochLine
from core.runs.log import History
from core.runs.run import Run, Status
from core.runs.store import store
from core.training.config import TrainConfig
from core.training.presets import PRESETS
from core.training.settings import SETTINGS

_LOOK_EVERY_S = 0.2
_CHANGES = ("dataset", "epochs", "batch_size", "lr", "seed", "train_size", "device")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what the arguments name; return 0 when the run finished or was paused, else 1."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list or (not options.preset and not options.resume):
        for preset in PRESETS.values():
            sys.stdout.write(f"{preset.name:27} {preset.title}\n")
        return 0
    try:
        run = _run(options)
    except ValueError as error:
        parser.error(str(error))
    return _train(run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m core", description="Train a preset; Ctrl-C pauses it.")
    parser.add_argument("preset", nargs="?", help="name of a preset; without one, all are listed")
    parser.add_argument("--list", action="store_true", help="list the presets")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was paused, stopped or interrupted")
    parser.add_argument("--name", default="", help="what to call the run")
    for name in _CHANGES:
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=type(getattr(TrainConfig, name)),
            choices=list(DATASETS) if name == "dataset" else None,
            help=f"{SETTINGS[name].title}. {SETTINGS[name].help}".strip(),
        )
    return parser


def _run(options: argparse.Namespace) -> Run:
    """Return the run to train, ready for a worker. Raises ValueError when there can be none."""
    changes: dict[str, Any] = {name: getattr(options, name) for name in _CHANGES if getattr(options, name) is not None}
    if options.resume:
        run = store().get(options.resume)
        if set(changes) - {"epochs"}:
            raise ValueError("A run goes on with its own settings; only --epochs can be changed with --resume.")
        run.request_resume(changes.get("epochs"))
        return run
    if options.preset not in PRESETS:
        raise ValueError(f"There is no preset {options.preset!r}. Those there are: {', '.join(PRESETS)}.")
    return store().create(replace(PRESETS[options.preset].config, **changes), options.name)


def _train(run: Run) -> int:
    """Train the run in this process, showing how far it is until it ends."""
    sys.stdout.write(f"{run.name} ({run.id})\n")
    ended = threading.Event()
    shown = threading.Thread(target=_show, args=(run, ended), daemon=True)

    def pause(signum: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who presses it twice means it
        run.request_pause()

    before = signal.signal(signal.SIGINT, pause)
    shown.start()
    try:
        with run.request.held():
            recorder.train(run)
    finally:
        signal.signal(signal.SIGINT, before)
        ended.set()
        shown.join()
    status = run.status()
    if status != Status.FAILED and run.has_weights():
        SCORES.run_job(run)
        if figure := figure_of(run):
            sys.stdout.write(f"Test {figure.metric} of the weights it keeps: {figure.text}\n")
    hint = f"Go on with: python -m core --resume {run.id}" if status == Status.PAUSED else run.message()
    sys.stdout.write(f"{status}. {hint}".rstrip() + "\n")
    return 0 if status in (Status.FINISHED, Status.PAUSED) else 1


def _show(run: Run, ended: threading.Event) -> None:
    """Follow the run's files, as a page does: one line that changes in a terminal, else a line per epoch."""
    terminal, epochs = sys.stdout.isatty(), 0
    while True:
        last = ended.wait(_LOOK_EVERY_S)
        history = run.history()
        if terminal:
            begun = history.steps or history.fitted
            line = _progress(history, run.config.epochs) if begun else run.message() or "preparing"
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write(f"\r{line[:width]:{width}}")
        else:
            sys.stdout.writelines(f"{_epoch(line)}\n" for line in history.epochs[epochs:])
            epochs = len(history.epochs)
        sys.stdout.flush()
        if last:
            sys.stdout.write("\n" if terminal else "")
            return


def _progress(history: History, epochs: int) -> str:
    share = history.share_done
    bar = "█" * int(20 * share) + "░" * (20 - int(20 * share))
    if not history.steps:
        return f"{bar} {share:.0%} fitted, {history.seconds:.0f} s"
    step = history.steps[-1]
    left = (time.time() - step.time + step.seconds) * (1 / share - 1) if share else 0
    tested = f"  test {_metrics(history.epochs[-1].test)}" if history.epochs else ""
    return f"{bar} epoch {step.epoch:.2f} of {epochs}  {_metrics(step.train)}{tested}  {left:.0f} s left"


def _epoch(line: EpochLine) -> str:
    learned = f"epoch {line.epoch}  {_metrics(line.train)}" if line.train else "fitted"
    return f"{learned}  test {_metrics(line.test)}  {line.seconds:.0f} s"


def _metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())


if __name__ == "__main__":
    raise SystemExit(main())
