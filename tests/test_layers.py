"""The contracts about imports in pyproject.toml notice what they are there to notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code alone, to be broken."""
    for folder in ("core", "pages"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def linted(folder: Path) -> str:
    """What lint-imports says of the code in a folder, in one line."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.argv[0] = 'lint-imports'; "
    command = [sys.executable, "-c", code + "lint_imports_command()", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return " ".join(f"{done.returncode} {done.stdout}{done.stderr}".split())


def test_the_code_keeps_its_contracts(copy: Path) -> None:
    said = linted(copy)
    assert said.startswith("0 ")
    assert "0 broken" in said


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("core/files.py", "def late() -> None:\n    import core.runs.run", "Core stands on layers"),
        ("core/data/datasets.py", "import core.latent.maps", "Core stands on layers"),
        ("core/paths.py", "import streamlit", "Core knows nothing of the pages, nor of Streamlit"),
        ("core/live/growth.py", "import core.jobs.submit", "A live question starts no job"),
        ("core/live/answer.py", "import pages.draw", "Core knows nothing of the pages, nor of Streamlit"),
        ("pages/parts/runs/table.py", "import pages.parts.train.config_form", "Pages stand on layers"),
        ("pages/parts/web/page_line.py", "import pages.parts.shared.style", "Pages stand on layers"),
        ("core/runs/run.py", "def late() -> None:\n    import core.runs.store", "No import goes round in a circle"),
    ],
)
def test_a_broken_contract_is_named(copy: Path, file: str, line: str, contract: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    said = linted(copy)
    assert said.startswith("1 ")
    assert f"{contract}" in said.split("Broken contracts")[-1]


def test_a_folder_nobody_has_placed_is_noticed(copy: Path) -> None:
    (copy / "core" / "attic").mkdir()
    (copy / "core" / "attic" / "__init__.py").write_text('"""Left here."""\n')
    assert linted(copy).startswith("1 ")
