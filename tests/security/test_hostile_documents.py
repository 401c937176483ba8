"""Hostile text through the verbs that write, train and predict: one JSON object each, and a calm terminal."""

from __future__ import annotations

import csv
import json
import os
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main
from osetra.errors import SpaceError
from security.test_hostile_text import TURNING, UNSEEN

HOSTILE = {
    "escape": "a\x1b[31mb\x1b]0;title\x07\x9b2J",
    "direction": "a\u202etxt.exe\u2066b\u200f",
    "line": "a\nb\r\tc\u2028d",
    "nul": "a\0b",
    "half": "a\udcffb\ud800",
}
SCRIPT = """
import osetra as ose
TEXT = {text}
space = ose.Space(x=ose.Float(0, 1), mode=ose.Choice(TEXT, "plain"), **{{n: ose.Int(1, 3) for n in {names}}})
def train(run):
    print(TEXT.encode("utf-8", "replace"))
    for step in run.steps(2):
        run.report(loss=run.config["x"], **{{name: 1.0 for name in {metrics}}})
    if run.trial == 2:
        raise ValueError(TEXT)
"""


def call(*words: str, code: int = 0) -> Mapping[str, Any]:
    """Return the document that a verb prints; an answer of another kind, or raw text, is a failure."""
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code == code, done.output
    assert not UNSEEN.search(done.stdout), words
    assert not TURNING.search(done.stderr), words
    assert "bug of osetra" not in done.output and "Traceback" not in done.output
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def refused(*words: str) -> None:
    """Make a call that is refused with a sentence."""
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code in (1, 2, 5) and done.stdout == "", done.output
    assert done.stderr.strip() and not TURNING.search(done.stderr)
    assert "bug of osetra" not in done.stderr and "Traceback" not in done.stderr


def allowed(text: str) -> list[str]:
    """Return the names of hyperparameters and metrics that a text may be: it, or none."""
    try:
        ose.Space(**{text: ose.Int(1, 3)})
    except SpaceError as error:
        assert not TURNING.search(str(error))
        return []
    return [text]


@pytest.fixture(params=HOSTILE)
def text(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A text of a stranger, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield HOSTILE[request.param]
    sys.modules.pop("own", None)


def test_orders_and_configurations_of_strangers(text: str) -> None:
    names = allowed(text)
    space = ose.Space(x=ose.Float(0, 1), **{name: ose.Int(1, 3) for name in names})
    study = ose.Study("s.db", space, minimize="loss", searcher="random", name="one")
    study.run(lambda run: run.config["x"], trials=1, progress=False)
    run = study.ask()
    storable = text in (HOSTILE["escape"], HOSTILE["direction"], HOSTILE["line"])
    own = text if storable else "plain"  # the others cannot be stored, and are refused
    for verb in ("note", "stop"):
        study.order(run.trial, verb, why=own, actor=own, **({"text": own} if verb == "note" else {}))
    assert call("enqueue", "s.db", "x=0.25", *(f"{name}=2" for name in names))["config"]["x"] == 0.25
    refused("enqueue", "s.db", f"{text}y=1")
    refused("enqueue", "s.db", f"x={text}")
    listed = call("steer", "s.db", str(run.trial))["orders"]
    assert [order["order"] for order in listed] == ["note", "stop"]
    words = ("steer", "s.db", str(run.trial), "note", "--no-wait")
    assert call(*words, own, "--why", own, "--actor", own)["order"] == "note"
    if not storable:
        for bad in ((text,), ("a", "--why", text), ("a", "--actor", text)):
            refused(*words, *bad)
    refused("steer", "s.db", str(run.trial), text)
    refused("steer", "s.db", str(run.trial), "set", f"{text}y=1")
    for verb in ("steer", "enqueue", "replay", "resume"):
        refused(verb, text, *(["1"] if verb in ("steer", "replay") else []))


def test_trainings_of_strangers(text: str, tmp_path: Path) -> None:
    names = allowed(text)
    metrics = [name for name in names if "\0" not in name]
    (tmp_path / "own.py").write_text(SCRIPT.format(text=ascii(text), names=names, metrics=metrics))
    words = ("tune", "own.py:train", "--minimize", "loss", "--searcher", "random", "-o", "s")
    if text == HOSTILE["half"]:
        refused(*words)  # nothing could be stored
        return
    tuned = call(*words, "--trials", "2", "--keep-going")
    assert tuned["trials"] == {"finished": 1, "failed": 1}
    assert call("replay", "s", "1")["same"] is True
    assert call("resume", "s", "--trials", "3")["done"] == 3
    refused(*words, "--name", text)
    refused("tune", f"{text}.py:train", "--minimize", "loss")
    refused("tune", f"own.py:{text}", "--minimize", "loss")
    refused(*words[:2], "--minimize", text, "-o", "t", "--set", f"{text}y=1")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose name, columns, cells and labels are what strangers chose."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("stranger")
    name = "a\x1b[31m\u202e\nb.csv"
    texts, rng = [HOSTILE[kind] for kind in ("escape", "direction", "line")], random.Random(0)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*texts, "user_\x1b[31mid", "label\u202e"])
        for row in range(80):
            number = rng.random()
            cells = [number, texts[row % 3], rng.random(), f"r{row}\x1b]0;t\x07"]
            rows.writerow([*cells, texts[0] if number > 0.5 else texts[1]])
    return folder / name


@pytest.mark.slow
def test_tables_of_strangers(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stranger.parent)
    table = str(stranger)
    described = call("data", table, "-t", "label\u202e")
    assert HOSTILE["escape"] in described["inputs"]
    assert [found["name"] for found in call("data", table)["likely_targets"]] == ["label\u202e"]
    half = stranger.with_name(os.fsdecode(b"\xff.csv"))
    half.write_bytes(stranger.read_bytes())
    assert call("data", str(half), "-t", "label\u202e")["rows"] == 80
    refused("tune", str(half), "-t", "label\u202e")
    refused("data", table, "-t", HOSTILE["line"] + "?")
    few = ("--trials", "1", "--epochs", "2", "--confirm", "0", "-o", "s\x1b[31m\u202e")
    tuned = call("tune", table, "-t", "label\u202e", *few)
    assert tuned["trials"] == {"finished": 1}
    folder = few[-1]
    assert call("resume", folder, "--trials", "2")["done"] == 2
    predicted = call("predict", folder, table, "--keep", HOSTILE["direction"])
    assert len(predicted["rows"]) == 80
    assert set(predicted["classes"]) == {HOSTILE["escape"], HOSTILE["direction"]}
    assert call("evaluate", folder, table)["rows"] == 80
    refused("predict", folder, table, "--keep", HOSTILE["nul"])
    refused("evaluate", folder, table, "-t", HOSTILE["half"])
    refused("predict", folder, HOSTILE["nul"])
    for verb in ("predict", "evaluate"):
        for text in HOSTILE.values():
            refused(verb, text, table)
            refused(verb, folder, f"{text}.csv")
