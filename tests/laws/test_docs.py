"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
FILE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|sql|md|toml|sh))`")
ELSEWHERE = {"study.toml", "train.py", "hello.py"}
"""Files of users that the documents speak of."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    named = set(FILE.findall(document.read_text(encoding="utf-8"))) - ELSEWHERE
    roots = (ROOT, ROOT / "src" / "osetra", ROOT / "tests", ROOT / "docs")
    assert sorted(name for name in named if not any((root / name).exists() for root in roots)) == []
