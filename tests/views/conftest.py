"""What the tests of the views share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Return a check of a text against the file of the test's name; OSETRA_GOLDEN=write makes it."""
    name = request.node.name.removeprefix("test_")
    file = GOLDEN / f"{name}.txt"

    def check(shown: str) -> None:
        if os.environ.get("OSETRA_GOLDEN") == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown, encoding="utf-8")
        assert shown == file.read_text(encoding="utf-8")

    yield check
