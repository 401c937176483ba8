"""From sequences and sounds to a model that answers later ones, as people do it."""

import numpy as np
import pytest
from click.testing import CliRunner

import osetra
from data.test_sound import folder
from nets.test_sequences import write
from osetra.cli import main

SMALL = {"units": 8, "filters": 8, "blocks": 1, "kernel": 3}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_list_of_arrays_is_tuned_and_answered():
    rng = np.random.default_rng(0)
    several, labels = [], []
    for i in range(60):
        steps = 5 + int(rng.integers(6))
        rising = np.linspace(0, 2, steps) * (1 if i % 2 else -1)
        several.append(np.stack([rising, rng.normal(size=steps)], axis=1) + 0.1 * rng.normal(size=(steps, 2)))
        labels.append("up" if i % 2 else "down")
    result = osetra.tune(
        several, labels, trials=2, confirm=0, epochs=4, set=SMALL, progress=False, device="cpu"
    )
    again = osetra.load_model(result.model.folder)
    answers = again.predict(several)
    assert np.mean(answers == np.array(labels)) > 0.8
    assert np.array_equal(answers, result.model.predict(several))


def run(*words):
    found = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_series_of_a_table_on_the_command_line(here):
    write(here / "series.csv")
    write(here / "later.csv", 20, seed=3)
    reading = ("--target", "shape", "--series", "id", "--time", "t")
    said = run("data", "series.csv", *reading)
    assert "60 sequences of 6 to 14 steps of 3 channels" in said
    assert "network for sequences" in said
    small = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    run(
        "tune",
        "series.csv",
        *reading,
        "--trials",
        "2",
        "--confirm",
        "0",
        "--epochs",
        "4",
        *small,
        "--name",
        "s",
    )
    lines = run("predict", "s", "later.csv").splitlines()
    assert len([line for line in lines if line.endswith(("0", "1", *"23456789"))]) >= 20
    assert "error" in run("evaluate", "s", "later.csv")


def test_a_folder_of_sounds_on_the_command_line(here):
    folder(here / "noises", 10)
    folder(here / "later", 3)
    assert "20 sounds of up to" in run("data", "noises")
    small = ("--set", "units=8", "--set", "filters=4", "--set", "blocks=2")
    run("tune", "noises", "--trials", "2", "--confirm", "0", "--epochs", "4", *small, "--name", "n")
    assert "high/0.wav" in run("predict", "n", "later")
    assert "error" in run("evaluate", "n", "later")
