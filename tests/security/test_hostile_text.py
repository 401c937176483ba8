"""Names and texts of strangers in what machines read: JSON stays JSON, and cells stay text."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\uff1d1+1",
    "\u200b=1+1",
    "a\x1b[31mred\x1b[0m",
    "a\x07\x08\x7f\x9bb",
    "line\nbreak\r\ttab",
    "\u202etxt.exe\u202c",
    "\u2066turned\u2069",
    "quote\"',;`$(id)",
)
VERBS = ("status", "best", "show", "show 1", "db check", "db list", "db gc --dry-run")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys; characters without a width belong to some scripts."""
FORMULA = re.compile("^[\\s\u200b]*[=+@\uff1d-]")


@pytest.fixture(params=range(len(HOSTILE)), ids=lambda number: f"{number}")
def hostile(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A study whose metric, options, notes and reasons are what a stranger chose."""
    monkeypatch.chdir(tmp_path)
    text = HOSTILE[request.param]
    space = ose.Space(x=ose.Float(0, 1), mode=ose.Choice(text, "plain"))
    study = ose.Study("s.db", space, minimize="loss", searcher="random")

    def train(run: ose.Run) -> float:
        run.report(loss=1.0, **{text: 2.0})
        if run.number == 2:
            raise ValueError(text)
        return 1.0

    study.enqueue(x=0.5, mode=text)
    study.run(train, trials=3, progress=False, keep_going=True)
    study.order(1, "note", text=text, actor=text, why=text)
    study.close()
    return text


def test_every_document_is_json_without_anything_unseen(hostile: str) -> None:
    for verb in VERBS:
        first, *more = verb.split()
        words = [first, more.pop(0)] if first == "db" else [first]
        shown = CliRunner().invoke(main, [*words, "s.db", *more, "--json"])
        assert not UNSEEN.search(shown.stdout), verb
        assert not shown.stdout or json.loads(shown.stdout), verb
        plain = CliRunner().invoke(main, [*words, "s.db", *more])
        assert not TURNING.search(plain.output), verb
        assert "bug of osetra" not in plain.output + shown.output, verb


def test_every_export_reads_back_and_no_cell_begins_a_formula(hostile: str) -> None:
    table = CliRunner().invoke(main, ["export", "s.db", "--format", "csv"])
    assert table.exit_code == 0, table.output
    rows = list(csv.reader(io.StringIO(table.stdout)))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert not FORMULA.match(cell) or re.fullmatch(r"-?[\d.e+-]+|-?inf", cell), cell
    lines = CliRunner().invoke(main, ["export", "s.db", "--format", "jsonl"]).stdout
    documents = [json.loads(line) for line in lines.splitlines()]
    assert documents
    assert not UNSEEN.search(lines)
    assert hostile in json.dumps(documents, ensure_ascii=False) or json.dumps(hostile)[1:-1] in lines
