"""The scripts of the components, without a browser: their own tests in node, their types, and how they are served."""

import base64
import json
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.datasets import Dataset
from core.ink.render import DOT, prefix, render
from core.ink.trace import trace
from core.latent.selection import inside
from core.runs.store import RunStore
from core.runs.weights import load_model
from pages.parts.atlas.component import MAX_CORNERS
from pages.parts.draw.controls import PANELS
from pages.parts.web import component
from tests.conftest import ROOT

PARTS = ROOT / "pages" / "parts"
TYPESCRIPT = "typescript@5.9.3"


def needs(found: str | None, what: str) -> str:
    """The path of a program. Without it the test is skipped with a reason, in the CI it fails."""
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and the CI must have it.")
    if found is None:
        pytest.skip(f"{what} is missing: the scripts of the pages are not tested.")
    return found


@lru_cache(maxsize=1)
def node() -> str | None:
    """Node, if it is one that has tests: 18 or newer."""
    found = shutil.which("node")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout if found else ""
    return found if (version := re.match(r"v(\d+)", said)) and int(version[1]) >= 18 else None


@lru_cache(maxsize=1)
def compiler() -> tuple[str, ...] | None:
    """How to call the TypeScript compiler: the one that is installed, else what npx brings over the network."""
    if found := shutil.which("tsc"):
        return (found,)
    npx = shutil.which("npx")
    fetched = (npx, "--yes", "-p", TYPESCRIPT, "tsc") if npx else None
    if fetched is None or subprocess.run([*fetched, "--version"], capture_output=True, check=False).returncode:
        return None
    return fetched


def ran(script: str, **given: Any) -> Any:
    """What a module returns as its `result`; it finds its arguments in `given`."""
    program = f"const given = {json.dumps(given)};\n{script}\nconsole.log(JSON.stringify(result));"
    command = [needs(node(), "Node 18"), "--input-type=module"]
    done = subprocess.run(command, cwd=PARTS, input=program, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def test_the_scripts_pass_their_own_tests() -> None:
    tests = sorted(str(file) for file in (ROOT / "tests" / "js").glob("*.test.mjs"))
    done = subprocess.run([needs(node(), "Node 18"), "--test", *tests], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout[-8000:]


def test_the_scripts_have_no_errors_of_type() -> None:
    needs(node(), "Node 18")
    needs(compiler() and "tsc", "The TypeScript compiler")
    command = [*(compiler() or ()), "-p", str(PARTS / "tsconfig.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout[-8000:]


def test_every_script_is_checked() -> None:
    scripts = sorted(PARTS.rglob("*.js"))
    assert len(scripts) > 40
    assert not [str(file) for file in scripts if not file.read_text(encoding="utf-8").startswith("// @ts-check\n// ")]


def test_every_panel_that_can_be_picked_is_one_of_the_pad_and_the_other_way_round() -> None:
    script = (PARTS / "pad" / "pad.js").read_text(encoding="utf-8")
    table = re.search(r"^const PANELS = {(.*?)};$", script, re.M | re.S)
    assert table
    rows = [row.split(":") for row in table[1].split(",") if row.strip()]
    names = [name.strip() for name, _ in rows]
    assert sorted(names) == sorted(PANELS), "PANELS of pages/parts/draw/controls.py and of pad.js differ"
    for _, of in rows:
        assert re.search(rf"^import {{[^}}]*\b{of.strip()}\b[^}}]*}} from \"./panels/\w+.js\";$", script, re.M)


@pytest.mark.parametrize("seed", range(4))
def test_a_lasso_holds_the_rows_that_the_server_finds_in_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(400, 2)).astype(np.float32)
    polygon = rng.normal(size=(9, 2)).tolist()  # crosses itself
    script = """import { rowsInside } from "./atlas/select.js";
    const result = [...rowsInside(given.polygon, Float32Array.from(given.flat), given.flat.length / 2)];"""
    mask = ran(script, polygon=polygon, flat=points.ravel().tolist())
    assert np.flatnonzero(mask).tolist() == inside(points, polygon).tolist()
    assert 0 < sum(mask) < 400


def test_a_long_lasso_keeps_its_shape_in_as_many_corners_as_the_page_takes() -> None:
    angle = np.linspace(0, 2 * np.pi, 5000)
    rough = np.random.default_rng(1).normal(scale=2, size=5000)
    corners = np.stack([300 + (200 + rough) * np.cos(angle), 300 + (200 + rough) * np.sin(angle)], 1)
    script = """import { simplified } from "./atlas/select.js";
    const result = simplified(given.corners, 0.7, given.most);"""
    shape = np.array(ran(script, corners=corners.tolist(), most=MAX_CORNERS))
    assert 20 < len(shape) <= MAX_CORNERS
    assert np.all(np.abs(np.hypot(*(shape - 300).T) - 200) < 10)


def test_the_first_part_of_the_ink_is_what_the_server_takes_for_it() -> None:
    rng = np.random.default_rng(0)
    strokes = [rng.uniform(0, 1, (n, 2)).round(4) for n in (12, 1, 5)]
    script = """import { countDots, prefix } from "./pad/strokes.js";
    countDots(given.dot);
    const result = given.shares.map((share) => prefix(given.strokes, share));"""
    shares = [0.1, 0.37, 0.72, 0.95, 1.0]
    found = ran(script, strokes=[stroke.tolist() for stroke in strokes], shares=shares, dot=DOT)
    for share, parts in zip(shares, found, strict=True):
        expected = prefix(strokes, share)
        assert len(parts) == len(expected)
        for part, other in zip(parts, expected, strict=True):
            np.testing.assert_allclose(part, other, atol=2e-4)


def test_the_shared_styles_reach_a_component_that_says_nothing_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(component.st.components.v2, "component", lambda name, **given: made.append(given))
    for isolated in (True, False):
        component.component("made_up", PARTS / "pad" / "pad.js", html="<p>Hello</p>", isolate_styles=isolated)
    assert made[0]["html"] == '<div class="component"><p>Hello</p></div>'
    assert ".component {" in made[0]["css"]
    assert made[1]["html"] == "<p>Hello</p>"
    assert ".component" not in made[1]["css"]


def side_by_side(pictures: np.ndarray) -> np.ndarray:
    """What the pad finds of uint8 pictures (n, 28, 28): whether each looks like two drawings beside each other."""
    script = """import { sideBySide } from "./pad/cards/marks.js";
    const bytes = Uint8Array.from(atob(given.pictures), (letter) => letter.charCodeAt(0));
    const result = given.rows.map((i) => Number(sideBySide(bytes.subarray(784 * i, 784 * (i + 1)))));"""
    encoded = base64.b64encode(np.ascontiguousarray(pictures).tobytes()).decode()
    return np.array(ran(script, pictures=encoded, rows=list(range(len(pictures)))), bool)


def test_hardly_a_test_digit_looks_like_two_and_nearly_all_that_are_two_do(mnist: Dataset) -> None:
    assert side_by_side(mnist.test.images).mean() <= 0.0005
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(60):
        drawn, right = [], 0.0
        for row in rng.integers(0, len(mnist.test), 2):
            strokes = [stroke[:, :2] / 2 for stroke in trace(mnist.test.images[row])[0]]
            every = np.concatenate(strokes)
            shift = right + 0.07 + rng.uniform(0.02, 0.12) - every[:, 0].min()  # a pen's width and a gap
            drawn += [stroke + np.array([shift, 0.0]) for stroke in strokes]
            right = shift + every[:, 0].max()
        pairs.append(render(drawn, 0.07))
    assert side_by_side(np.stack(pairs)).mean() >= 0.9


def test_the_examples_are_what_they_are_called() -> None:
    result = ran("""import { EXAMPLES, FIRST } from "./pad/examples.js";
    const result = { first: FIRST, ...Object.fromEntries(EXAMPLES.map(({ name, strokes }) => [name, strokes])) };""")
    drawn = {name: [np.array(stroke) for stroke in strokes] for name, strokes in result.items()}
    pictures = np.stack([render(strokes) for strokes in drawn.values()])
    assert dict(zip(drawn, side_by_side(pictures).tolist(), strict=True)) == {
        "first": False,
        "a crossed 7": False,
        "two digits": True,
        "very small": False,
        "on its side": False,
    }
    read = load_model(RunStore(ROOT / "checkpoints").get("cnn")).predict_proba(pictures).argmax(1)
    assert read[:2].tolist() == [5, 7]
    assert read[3] == 3
    assert np.ptp(np.concatenate(drawn["very small"]), axis=0).max() < 0.12


def test_the_fingerprint_follows_every_script_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fingerprint() -> str:
        component.scripts.cache_clear()
        component.fingerprint.cache_clear()
        return component.fingerprint()

    monkeypatch.setattr(component, "_PARTS", tmp_path)
    try:
        (tmp_path / "a.js").write_text("1")
        first = fingerprint()
        (tmp_path / "a.css").write_text("1")
        (tmp_path / "a.py").write_text("1")
        assert fingerprint() == first
        assert list(component.scripts()) == ["a.js"]
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "b.js").write_text("1")
        second = fingerprint()
        (tmp_path / "a.js").write_text("2")
        assert len({first, second, fingerprint()}) == 3
    finally:
        monkeypatch.undo()
        fingerprint()
