"""The command line trains what the dashboard trains, pauses at Ctrl-C and goes on."""

import os
import signal
import subprocess
import sys

import pytest

from core.__main__ import main
from core.measures.scores import SCORES, figure_of
from core.runs.run import Status
from core.training.presets import PRESETS
from tests.conftest import ROOT, wait_for


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_list_names_every_preset(capsys):
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out
    for preset in PRESETS.values():
        assert f"{preset.name} " in listed
        assert preset.title in listed


def test_trains_a_preset_with_changes(runs, capsys):
    assert main(["numpy-two-layer", "--dataset", "digits", "--epochs", "2", "--seed", "5", "--name", "By hand"]) == 0
    (run,) = runs.runs()
    assert run.status() == Status.FINISHED
    assert (run.name, run.config.epochs, run.config.seed, run.config.dataset) == ("By hand", 2, 5, "digits")
    assert run.config.params == PRESETS["numpy-two-layer"].config.params
    lines = capsys.readouterr().out.splitlines()
    assert "By hand" in lines[0]
    assert [line.split("  ")[0] for line in lines[1:-2]] == ["epoch 1", "epoch 2"]
    test = run.history().epochs[-1].test
    assert f"test loss {test['loss']:.4g}, accuracy {test['accuracy']:.4g}" in lines[-3]
    assert lines[-2] == f"Test accuracy of the weights it keeps: {figure_of(run).text}"
    assert SCORES.load_current(run).test["accuracy"] == pytest.approx(test["accuracy"], abs=1e-5)
    assert lines[-1].startswith("finished")


def test_fits_a_preset_without_steps(runs, capsys):
    assert main(["knn", "--dataset", "digits", "--train-size", "200"]) == 0
    (run,) = runs.runs()
    assert run.status() == Status.FINISHED
    _, fitted, measured, last = capsys.readouterr().out.splitlines()
    assert fitted.startswith("fitted  test loss")
    assert measured == f"Test accuracy of the weights it keeps: {figure_of(run).text}"
    assert last == "finished."


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["knn", "--epochs", "9"], "fitted at once"),
        (["forest", "--lr", "0.5"], "lr is 0.5"),
        (["no-such-preset"], "no-such-preset"),
        (["softmax", "--lr", "-1"], "lr"),
        (["softmax", "--epochs", "0"], "epochs"),
        (["softmax", "--device", "tpu"], "tpu"),
        (["--resume", "../etc"], "is no run"),
        (["--resume", "gone"], "is gone"),
        (["notebook-on-sparse"], "kl-sparse"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(runs, capsys, arguments, named):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err
    assert runs.runs() == []


def test_failing_run_ends_with_its_reason(runs, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    monkeypatch.setattr("core.data.datasets.is_ready", lambda name: True)
    assert main(["numpy-two-layer", "--epochs", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("failed. ")


@pytest.mark.slow
def test_ctrl_c_pauses_and_resume_goes_on(runs):
    process = start("numpy-two-layer", "--dataset", "digits", "--epochs", "1000")
    wait_for(lambda: runs.runs() and runs.runs()[0].history().epochs)
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=60)
    (run,) = runs.runs()
    assert (process.returncode, errors, run.status()) == (0, "", Status.PAUSED)
    assert told.endswith(f"--resume {run.id}\n")
    done = len(run.history().epochs)
    again = start("--resume", run.id)
    wait_for(lambda: len(run.history().epochs) > done)
    assert run.status() == Status.RUNNING  # as the dashboard sees it
    assert runs.at_work() == [run]
    os.kill(again.pid, signal.SIGINT)
    again.communicate(timeout=60)
    assert run.status() == Status.PAUSED


@pytest.mark.slow
def test_terminal_shows_one_line_that_changes(runs):
    """In a terminal of its own, as a person has it."""
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'core', *sys.argv[1:]]) >> 8)"
    command = [sys.executable, "-c", code, "numpy-two-layer", "--dataset", "digits", "--epochs", "40"]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, env=environment, stdin=subprocess.DEVNULL)
    shown = done.stdout.decode()
    assert shown.count("\r") > 3
    assert "epoch 40.00 of 40" in shown
    assert "█" * 20 in shown
    assert runs.runs()[0].status() == Status.FINISHED
