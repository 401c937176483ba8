"""Studies that the command line started: on a table, on a data set by name, on a script, on a program."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

from golden.reading import FILES

RUNS = Path("osetra-runs")
OSETRA = [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')"]

SCRIPT = """
def fall(run):
    w = 0.0
    for _ in run.steps(6):
        w -= run.config["alpha"] * (2 * w - 10)
        run.report(cost=w * w - 10 * w + 25, w=w)
"""
PROGRAM = """
awk -v alpha="$1" 'BEGIN {
  for (step = 1; step <= 3; step++) {
    w -= alpha * (2 * w - 10)
    printf "{\\"step\\": %d, \\"cost\\": %.12f}\\n", step, w * w - 10 * w + 25
  }
}'
"""
TOML = """
[study]
minimize = "cost"
trials = 4
searcher = "sobol"

[space]
alpha = "log(1e-3, 1, default=0.1)"
kind = 'choice(plain, "with spaces")'
"""

STARTED = {
    "clinic": (
        *("tune", "clinic.csv", "--target", "outcome", "--trials", "3", "--epochs", "3"),
        *("--set", "units=6", "--tune", "lr", "--confirm", "1"),
    ),
    "wine": (
        *("tune", "wine", "--trials", "3", "--epochs", "2", "--set", "units=6", "--tune", "lr"),
        *("--searcher", "random", "--scheduler", "full", "--confirm", "0"),
    ),
    "fall": ("tune", "fall.py:fall", "-c", "study.toml"),
    "program": ("run", "study.toml", "--name", "program", "--", "sh", "program.sh", "{alpha}"),
}
"""What started each study, by its name."""
PREDICTED = {"clinic": "clinic.csv", "wine": "wine"}
"""What the models predict."""
GOES_ON = {
    "wine": ("resume", "wine", "--trials", "4"),
    "fall": (*STARTED["fall"], "--trials", "6"),
    "program": (*STARTED["program"][:4], "--trials", "6", *STARTED["program"][4:]),
}
"""What goes on with a copy of each study. A study on a file only goes on where that file was."""


def osetra(folder: Path, *words: str) -> str:
    """Return what the command line writes to stdout, in a process of its own."""
    done = subprocess.run([*OSETRA, *words], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"osetra {words}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def write_sources(folder: Path) -> None:
    """Write the script, the program and what they search."""
    (folder / "fall.py").write_text(SCRIPT)
    (folder / "program.sh").write_text(PROGRAM)
    (folder / "study.toml").write_text(TOML)


def write_table(file: Path) -> None:
    """Write a table with numbers, categories and missing cells."""
    rng = random.Random(0)
    lines = ["age,colour,weight,outcome"]
    for _ in range(120):
        age, colour = rng.uniform(20, 80), rng.choice(["red", "green", "blüe, dark"])
        sick = age + (20 if colour == "red" else 0) + rng.gauss(0, 5) > 55
        weight = "" if rng.random() < 0.2 else f"{rng.uniform(50, 100):.1f}"
        lines.append(f'{age:.1f},"{colour}",{weight},{"yes" if sick else "no"}')
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def copy_run(name: str, folder: Path) -> None:
    """Lay a study's folder where the command line looks for it from the given folder."""
    place = folder / RUNS / name
    shutil.copytree(FILES / "runs" / name, place)
    (place / "study.sqlite").rename(place / "study.db")
