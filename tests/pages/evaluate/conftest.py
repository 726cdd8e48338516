"""What all tests of the Evaluate page have: nothing that it asks for is computed."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def asked(submitted: list[Any]) -> list[Any]:
    """What the page asks for is only noted."""
    return submitted
