"""From a table that nobody prepared to predictions, without a line of code."""

from __future__ import annotations

import csv
import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osetra.cli import main
from osetra.installing import install_line

PROGRAM = [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')"]


@pytest.fixture
def table(here: Path) -> Path:
    """A CSV with numbers, categories and missing cells."""
    rng = random.Random(0)
    lines = ["age,colour,weight,outcome"]
    for _ in range(160):
        age, colour = rng.uniform(20, 80), rng.choice(["red", "green", "blue"])
        sick = age + (20 if colour == "red" else 0) + rng.gauss(0, 5) > 55
        weight = "" if rng.random() < 0.2 else f"{rng.uniform(50, 100):.1f}"
        lines.append(f"{age:.1f},{colour},{weight},{'yes' if sick else 'no'}")
    (here / "clinic.csv").write_text("\n".join(lines) + "\n")
    return here / "clinic.csv"


def osetra(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], cwd=here, capture_output=True, text=True, timeout=240, check=False
    )


def within(*words: str) -> Result:
    """Run a command in this process, which loads PyTorch once."""
    return CliRunner().invoke(main, words)


@pytest.mark.slow
def test_a_table_becomes_a_model_and_the_model_predictions(here: Path, table: Path) -> None:
    words = ("tune", "clinic.csv", "--target", "outcome", "--trials", "3", "--epochs", "6")
    done = osetra(here, *words)
    assert done.returncode == 0, done.stderr
    assert "160 rows, 3 columns (1 category), 2 classes" in done.stderr
    assert "logistic regression: error" in done.stderr
    assert "rows that nothing was chosen by" in done.stdout
    for part in ("finishing the winner", "reading the sealed test rows", "saving the model"):
        assert part in done.stderr
    folder = here / "osetra-runs" / "clinic" / "model"
    card: dict[str, Any] = json.loads((folder / "card.json").read_text())["card"]
    assert {"error", "loss"} <= set(card["metrics"]["test"])
    assert 1 <= len(card["spread"]["test"]) <= 3  # as many as are worth their cost beside so short a search
    assert card["command"].startswith("osetra tune ")

    predicted = within("predict", "clinic", "clinic.csv", "-o", "out.csv")
    assert predicted.exit_code == 0, predicted.stderr
    rows = list(csv.DictReader((here / "out.csv").read_text().splitlines()))
    assert len(rows) == 160
    assert {row["outcome"] for row in rows} <= {"yes", "no"}

    trials = within("export", "clinic", "-o", "trials.csv")
    assert "its model: osetra export clinic --format onnx -o FOLDER" in trials.stderr
    exported = within("export", "clinic", "--format", "onnx", "-o", "away")
    assert exported.exit_code == 0, exported.stderr
    assert "model.onnx, preparation.json and predict.py written to away" in exported.stderr
    alone = subprocess.run(
        [sys.executable, "away/predict.py", "clinic.csv"],
        cwd=here,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [row["outcome"] for row in csv.DictReader(alone.stdout.splitlines())] == [
        row["outcome"] for row in rows
    ]

    more = within("resume", "clinic", "--trials", "4", "--json")
    document = json.loads(more.stdout)
    assert (document["schema"], document["done"]) == ("osetra.tune/1", 4)
    spread = json.loads((folder / "card.json").read_text())["card"]["spread"]["test"]
    assert document["test"]["error"]["mean"] == pytest.approx(
        sum(scores["error"] for scores in spread) / len(spread)
    )

    other = within(*words, "--seed", "5")
    assert other.exit_code == 1
    assert "seed: 0 → 5" in other.stderr


def test_a_dry_run_shows_what_would_be_searched_and_trains_nothing(table: Path) -> None:
    done = CliRunner().invoke(main, ["tune", str(table), "--target", "outcome", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "lr = log(0.005, 0.5" in done.stdout
    assert "nothing was run" in done.stderr
    assert not (table.parent / "osetra-runs" / "clinic" / "study.db").exists()


def test_without_torch_the_message_holds_the_one_command(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "osetra.tuning.extras.find_spec", lambda name: None if name == "torch" else found(name)
    )
    done = CliRunner().invoke(main, ["tune", str(table), "--target", "outcome"])
    assert done.exit_code == 1
    assert f"the built-in network needs PyTorch: {install_line('torch')}" in done.stderr


@pytest.mark.parametrize(
    ("code", "words", "message"),
    [
        (1, ("tune", "nowhere.csv"), "nowhere.csv: no such file"),
        (1, ("tune", "digit"), "Did you mean 'digits'?"),
        (1, ("tune", "clinic.csv"), "which column is to be predicted? Give --target"),
        (1, ("tune", "clinic.csv", "-t", "outcom"), "'outcom': no such column"),
        (2, ("tune", "clinic.csv", "-t", "outcome", "--set", "lrr=0.1"), "Did you mean 'lr'?"),
        (2, ("tune", "clinic.csv", "-t", "outcome", "--tune", "unit"), "Did you mean 'units'?"),
        (
            2,
            ("tune", "clinic.csv", "-t", "outcome", "--maximize", "accuracy"),
            "accuracy: no metric of this task",
        ),
        (1, ("predict", "nowhere", "clinic.csv"), "nowhere: no such folder; give the folder"),
        (1, ("predict", "hello.py", "clinic.csv"), "hello.py: this is a file and no model; give the folder"),
        (
            1,
            ("data", "hello.py"),
            "hello.py: this is a program and no data; to tune its function: osetra tune",
        ),
    ],
)
def test_a_request_that_cannot_be_granted_says_why(
    table: Path, code: int, words: tuple[str, ...], message: str
) -> None:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == code
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.output


def test_spaces_prints_ranges_defaults_and_what_each_does() -> None:
    done = CliRunner().invoke(main, ["spaces", "mlp"], env={"COLUMNS": "140"})
    assert "one_minus_log(0.5, 0.995)  default 0.9  if optimizer=momentum|nesterov" in done.stdout
    assert "learning rate α" in done.stdout
    assert "BLEND: batch size, learning rate, epochs, number of layers, dropout" in done.stdout
    document = json.loads(CliRunner().invoke(main, ["spaces", "--json"]).stdout)
    names = [space["name"] for space in document["spaces"]]
    assert names == ["table", "text", "factorization", "mlp", "cnn", "sequence", "sound"]


def test_a_gpu_that_is_not_there_is_refused_before_there_is_a_study(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = CliRunner().invoke(main, ["tune", str(table), "--target", "outcome", "--device", "cuda"])
    assert done.exit_code != 0
    said = " ".join(done.stderr.split())
    assert "device 'cuda': PyTorch" in said and "use device auto or cpu" in said
    assert not (table.parent / "osetra-runs" / "clinic" / "study.sqlite").exists()


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:1"])
def test_a_device_of_no_such_name_is_refused(table: Path, name: str) -> None:
    done = CliRunner().invoke(main, ["tune", str(table), "--target", "outcome", "--device", name])
    assert done.exit_code != 0
    assert f"device '{name}': choose auto, cpu, cuda" in " ".join(done.stderr.split())


def test_ngs_order_is_asked_for_by_name(table: Path) -> None:
    words = ["tune", str(table), "--target", "outcome", "--order", "ng", "-n", "10", "--dry-run"]
    done = CliRunner().invoke(main, words)
    assert "10 trials, in Ng's order: searching lr, batch_size and units;" in " ".join(
        (done.stdout + done.stderr).split()
    )
