"""A study file from a stranger: nothing in it runs, nothing of it reaches the terminal raw."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from cli.studies import make_study
from osetra.cli import main
from osetra.errors import NotAStudy, StoreError
from osetra.stores import open_store
from osetra.upkeep.check import check
from osetra.upkeep.recover import recover

READERS = (
    ("status",),
    ("show",),
    ("best",),
    ("export",),
    ("db", "check"),
    ("db", "gc"),
    ("db", "backup"),
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    make_study(tmp_path / "osetra-runs" / "s")
    return tmp_path / "osetra-runs" / "s" / "study.db"


def call(*words: str) -> Result:
    result = CliRunner().invoke(main, list(words))
    assert "Traceback" not in result.output
    assert "bug of osetra" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def rewrite(file: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()


SCHEMAS = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON fact BEGIN DELETE FROM fact; END",
    "a trigger on leases": "CREATE TRIGGER t BEFORE INSERT ON live BEGIN SELECT raise(IGNORE); END",
    "a view": "CREATE VIEW v AS SELECT load_extension('/tmp/evil.so')",
    "an index that computes": "CREATE INDEX i ON fact (length(body) + abs(version))",
    "a default that computes": "UPDATE sqlite_schema SET sql = replace(sql, 'lease_until REAL    NOT NULL',"
    " 'lease_until REAL NOT NULL DEFAULT (randomblob(1000000000))') WHERE name = 'live'",
    "a check": "UPDATE sqlite_schema SET sql = replace(sql, 'body    TEXT    NOT NULL',"
    " 'body TEXT NOT NULL CHECK (length(randomblob(1000000000)) > 0)') WHERE name = 'fact'",
    "a virtual table": "CREATE VIRTUAL TABLE x USING fts5 (y)",
    "a table that is a view": "UPDATE sqlite_schema SET type = 'view', sql = 'CREATE VIEW point AS SELECT 1'"
    " WHERE name = 'point'",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_with_code_in_it_is_refused_before_it_is_used(file: Path, name: str) -> None:
    rewrite(file, SCHEMAS[name])
    before = file.read_bytes()
    with pytest.raises(StoreError):
        open_store(str(file))
    for words in READERS:
        assert call(*words, str(file)).exit_code in (1, 5), words
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*backup*"))


def test_the_facts_of_such_a_file_can_be_had_without_its_schema(file: Path) -> None:
    store = open_store(str(file))
    facts = store.read()
    store.close()
    rewrite(file, SCHEMAS["a trigger"])
    with pytest.raises(NotAStudy, match="osetra db recover"):
        open_store(str(file))
    made = recover(file)
    assert open_store(str(made.file)).read() == facts
    assert all(audit.sound for audit in check(made.file))


BODIES = {
    "no JSON": "nonsense",
    "an empty object": "{}",
    "a list": "[]",
    "a deep list": "[" * 100_000 + "]" * 100_000,
    "a deep object": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "deep where anything goes": '{"type":"noted","topic":"t","name":"n","text":"","data":{"a":'
    + "[" * 50_000
    + "]" * 50_000
    + "}}",
    "a number for a text": '{"type":"noted","topic":1,"name":"n","text":""}',
    "a huge number": '{"type":"claimed","trial":' + "9" * 400 + ',"attempt":1}',
    "not a number": '{"type":"ended","trial":1,"attempt":1,"outcome":"finished","value":NaN}',
    "an unknown kind": '{"type":"pickled","code":"cos\\nsystem"}',
    "a trial of nobody": '{"type":"ended","trial":99,"attempt":1,"outcome":"lost"}',
    "half a text": '{"type":"noted","topic":"t","name":"\\ud800","text":""}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_fact_that_makes_no_sense_is_an_error_in_words(file: Path, name: str) -> None:
    rewrite(file, "UPDATE fact SET body = ? WHERE version = 4", values=(BODIES[name],))
    for words in (("status",), ("show",), ("export",), ("best",)):
        assert call(*words, str(file)).exit_code in (5, 6), words
    assert call("db", "check", str(file)).exit_code == 1


@pytest.mark.parametrize("column", ["value", "kind", "metric", "step"])
def test_a_point_that_makes_no_sense_is_an_error_in_words(file: Path, column: str) -> None:
    wrong = {"value": "NULL", "kind": "77", "metric": "77", "step": "-9223372036854775808"}[column]
    rewrite(file, f"UPDATE point SET {column} = {wrong} WHERE id = 2")
    assert call("status", str(file)).exit_code in (0, 5)
    # Any step is a step: that one is only strange.
    assert call("db", "check", str(file)).exit_code == (column != "step")


@pytest.mark.slow
def test_a_hundred_megabytes_in_one_fact_are_refused_and_not_read(file: Path) -> None:
    bomb = json.dumps({"type": "noted", "topic": "t", "name": "n", "text": "x" * 100_000_000})
    rewrite(file, "UPDATE fact SET body = ? WHERE version = 4", values=(bomb,))
    result = call("status", str(file))
    assert result.exit_code == 5
    assert "too big" in result.stderr
    assert call("db", "check", str(file)).exit_code in (1, 5)


ESCAPES = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b5m\u202egnp\x08\x00"


def hostile(tmp_path: Path) -> Path:
    """A study whose every text is an escape sequence or a formula."""
    evil = f"=cmd|'/c calc'!A1{ESCAPES}".replace("\0", "")
    path = tmp_path / "evil.db"
    space = ose.Space(**{"lr": ose.Float(0, 1), "opt": ose.Choice(f"@sum{evil}", "b")})
    study = ose.Study(path, space, minimize="loss", searcher="random", task={"data": evil})
    run = study.ask()
    run.report(loss=0.5, **{evil: 1.0})
    study.order(run.trial, "note", actor=evil, text=evil)
    study.tell(run)
    study.tell(study.ask(), failed=evil)
    study.enqueue({"lr": 0.5, "opt": f"@sum{evil}"}, by=evil)
    study.close()
    return path


def test_no_text_of_a_study_steers_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(hostile(tmp_path))
    for words in (
        *(("status", path), ("show", path), ("best", path), ("db", "check", path), ("db", "gc", path)),
        *(("show", path, "1"), ("show", path, "2"), ("steer", path, "1"), ("export", path)),
    ):
        shown = call(*words).output
        assert not set(shown) & set("\x1b\x07\x08\x9b\u202e"), (words, shown)


def test_no_cell_of_an_exported_table_is_a_formula(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(call("export", str(hostile(tmp_path))).stdout)))
    assert len(rows) == 4
    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r") or float(cell) is not None, cell
