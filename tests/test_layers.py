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
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "folders_contract.py", tmp_path / "tests")
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
        ("pages/parts/runs/table.py", "def late() -> None:\n    import pages.parts.latent", "Pages stand on layers"),
        ("pages/parts/shared/style.py", "import pages.parts.draw.controls", "Pages stand on layers"),
        ("pages/parts/shared/style.py", "import pages.parts.pad.component", "Pages stand on layers"),
        ("pages/parts/figure/component.py", "import pages.parts.draw.controls", "Pages stand on layers"),
        ("pages/parts/figure/component.py", "import pages.parts.atlas.component", "Pages stand on layers"),
        ("pages/parts/walks/means.py", "import pages.parts.atlas.component", "Pages stand on layers"),
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


def add(folder: Path, name: str, module: str, line: str = "") -> None:
    """A new folder beside those of the pages and the components."""
    made = folder / "pages" / "parts" / name
    made.mkdir()
    (made / "__init__.py").write_text('"""New."""\n')
    (made / f"{module}.py").write_text(f'"""New."""\n\n{line}\n')


def test_a_new_page_and_a_new_component_have_their_places_by_themselves(copy: Path) -> None:
    add(copy, "tally", "component", "import pages.parts.shared.style")
    add(copy, "digits", "examples", "import pages.parts.tally.component")
    assert linted(copy).startswith("0 ")


@pytest.mark.parametrize(
    ("name", "module", "line"),
    [
        ("digits", "examples", "import pages.parts.draw.controls"),
        ("tally", "component", "import pages.parts.draw.controls"),
        ("tally", "component", "import pages.parts.pad.component"),
    ],
)
def test_a_new_folder_stands_on_none_of_its_kind(copy: Path, name: str, module: str, line: str) -> None:
    add(copy, name, module, line)
    said = linted(copy)
    assert said.startswith("1 ")
    broken = said.split("Broken contracts")[-1]
    assert f"pages.parts.{name}.{module} -> {line.split()[1]}" in broken
