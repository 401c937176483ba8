"""Every SQL statement has a name and a purpose, and stands in a .sql file."""

from __future__ import annotations

import re
from pathlib import Path

import osetra.stores
from osetra.stores.sqlite.database import APPLICATION, SCHEMA
from osetra.stores.statements import load

FOLDER = Path(osetra.stores.__file__).parent


def test_every_statement_is_loaded_under_its_name() -> None:
    for file in FOLDER.rglob("*.sql"):
        statements = load(str(file.relative_to(FOLDER)))
        text = file.read_text()
        assert len(statements) == text.count("-- name:")
        if "LANGUAGE plpgsql" not in text:  # a function holds statements of its own
            assert len(statements) == len(re.findall(";$", text, re.M))
        assert all(statements.values())


def test_every_statement_is_used() -> None:
    files = list(FOLDER.glob("*/statements.sql"))
    assert files
    for file in files:
        code = "".join(beside.read_text() for beside in file.parent.glob("*.py"))
        statements = load(str(file.relative_to(FOLDER)))
        assert [name for name in statements if f'"{name}"' not in code] == []


def test_python_holds_no_sql() -> None:
    verbs = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA)\s+(\w+|\*)")
    for file in FOLDER.rglob("*.py"):
        code = re.sub(r'"""[\s\S]*?"""', "", file.read_text())
        assert not verbs.search(code), file.name


def test_mark_and_version_agree_with_the_schema() -> None:
    tables = load("sqlite/schema.sql")
    assert tables["mark"] == f"PRAGMA application_id = {APPLICATION}"
    assert tables["schema"] == f"PRAGMA user_version = {SCHEMA}"
