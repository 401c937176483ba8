"""A model folder from a stranger runs nothing, fills no memory, and its texts are cleaned."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

import numpy as np
import torch

from osetra.cli import main
from osetra.errors import DataError
from osetra.nets.architecture import Architecture
from osetra.nets.model import load
from osetra.nets.predict import Predictions
from security.test_code import Bomb


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of two epochs on a small table."""
    folder = tmp_path_factory.mktemp("model")
    rows = "".join(f"{i % 7},{i % 3},{'-1' if i % 2 else '=cmd()'}\n" for i in range(60))
    (folder / "t.csv").write_text("a,b,y\n" + rows)
    words = [
        "tune",
        str(folder / "t.csv"),
        "--trials",
        "1",
        "--epochs",
        "1",
        "--confirm",
        "0",
        "-o",
        str(folder / "s"),
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return folder


def copy(trained: Path, tmp_path: Path, change: object = None) -> Path:
    card = json.loads((trained / "s" / "model" / "card.json").read_text())
    del card["checksums"]  # who means harm leaves them out
    if callable(change):
        change(card)
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "weights.safetensors").write_bytes(
        (trained / "s" / "model" / "weights.safetensors").read_bytes()
    )
    return folder


@pytest.mark.slow
def test_pickles_in_place_of_weights_and_card_never_run(trained: Path, tmp_path: Path) -> None:
    ran, folder = tmp_path / "ran", copy(trained, tmp_path)
    for name in ("weights.safetensors", "card.json"):
        whole = (folder / name).read_bytes()
        for evil in (pickle.dumps(Bomb(ran)), b"\x80\x04" + pickle.dumps(Bomb(ran)), b"", b"\0" * 99):
            (folder / name).write_bytes(evil)
            with pytest.raises(DataError):
                load(folder)
        torch.save(Bomb(ran), folder / name)
        with pytest.raises(DataError):
            load(folder)
        (folder / name).write_bytes(whole)
    assert not ran.exists()
    load(folder)


@pytest.mark.slow
def test_cards_that_ask_for_too_much_or_too_deep_are_refused(trained: Path, tmp_path: Path) -> None:
    folder = copy(trained, tmp_path)
    card = {**json.loads((folder / "card.json").read_text()), "kind": "network"}  # whichever had won
    structure = dataclasses.asdict(Architecture())
    deep = "[" * 100_000 + "]" * 100_000
    texts = [
        deep,
        '{"format": ' + deep + "}",
        json.dumps({**card, "architecture": {"layers": deep}}),
        "null",
        "3",
    ]
    texts.append(json.dumps({**card, "architecture": {**structure, "units": 10**12}}))
    texts.append(json.dumps({**card, "architecture": {**structure, "layers": -1}}))
    texts.append(json.dumps({**card, "architecture": {**structure, "activation": "__import__"}}))
    for text in texts:
        (folder / "card.json").write_text(text)
        done = CliRunner().invoke(main, ["predict", str(folder), str(trained / "t.csv")])
        assert done.exit_code == 1, text[:80]
        assert "bug of osetra" not in done.output, (text[:80], done.output)


@pytest.mark.slow
def test_predicted_cells_are_no_formulas_and_numbers_stay_numbers(trained: Path) -> None:
    done = CliRunner().invoke(main, ["predict", str(trained / "s"), str(trained / "t.csv")])
    assert done.exit_code == 0, done.output
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert {row[1] for row in rows[1:]} <= {"'=cmd()", "-1"}
    assert len(rows) == 61


def test_escapes_in_names_are_dropped_from_the_table() -> None:
    from osetra.cli.commands.predict import _write_csv

    shares = np.array([[0.25, 0.75]])
    found = Predictions(
        "\x1b[2Jy", ("@a\x07.png",), ("=x\x1b]0;t\x07",), ("-2", "+cmd|' /C calc'!A0"), shares
    )
    out = io.StringIO()
    _write_csv(found, out)
    head, row = csv.reader(io.StringIO(out.getvalue()))
    assert head == ["row", "y", "p(-2)", "p(+cmd|' /C calc'!A0)"]
    assert row == ["'@a.png", "'=x", "0.25", "0.75"]
