"""The benchmarks are run by hand, so that nothing else would notice that what they import has moved."""

from importlib import import_module

import pytest

from tests.conftest import ROOT

MODULES = sorted(file.stem for file in (ROOT / "tests" / "benchmarks").glob("[!_]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_finds_what_it_imports(name: str) -> None:
    assert callable(import_module(f"tests.benchmarks.{name}").main)
