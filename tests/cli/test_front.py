"""Several objectives and limits on the command line: asked, shown, drawn, exported and refused."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from osetra.cli import main

SCRIPT = """
import osetra as ose

space = ose.Space(a=ose.Float(0, 1), b=ose.Float(0, 1))


def train(run):
    a, b = run.config["a"], run.config["b"]
    for _ in run.steps(2):
        run.report(val_loss=a)
    return {"val_loss": a, "latency_ms": 20 * ((1 - a) ** 2 + b)}
"""
TOML = """
[study]
minimize = ["val_loss", "latency_ms"]
limits = { latency_ms = "<= 20" }
trials = 12
searcher = "random"
"""


def osetra(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def both(here: Path) -> Iterator[Path]:
    """Work beside both.py and both.toml."""
    (here / "both.py").write_text(SCRIPT)
    (here / "both.toml").write_text(TOML)
    yield here
    sys.modules.pop("both", None)


@pytest.fixture
def study(both: Path) -> str:
    """The name of a study of both.py that has run."""
    done = osetra("tune", "both.py:train", "-c", "both.toml", "--name", "both", "--confirm", "0")
    assert done.exit_code == 0, done.output
    assert "Front" in done.output
    assert "which breaks latency_ms<=20" in done.output
    return "both"


def test_it_is_shown_drawn_and_exported(study: str, here: Path) -> None:
    shown = osetra("show", study).output
    assert "minimize val_loss, minimize latency_ms; latency_ms<=20" in shown
    assert "knee" in shown
    assert " !" in shown, "a trial that breaks the limit is marked"
    document = json.loads(osetra("show", study, "--json").stdout)
    assert document["best"] is None
    front = document["front"]
    assert set(front["front"]) == {
        t for t, s in zip(front["trials"], front["state"], strict=True) if s == "front"
    }
    assert front["knee"] in front["front"]
    assert "infeasible" in front["state"]
    rows = list(csv.DictReader(io.StringIO(osetra("export", study).stdout)))
    assert {row["standing"] for row in rows} == {"front", "dominated", "infeasible"}
    assert [int(r["trial"]) for r in rows if r["standing"] == "front"] == sorted(front["front"])
    assert osetra("plot", study, "front", "-o", "front.png").exit_code == 0
    assert (here / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "front of" in osetra("status").output


def test_the_best_one_is_the_knee(study: str) -> None:
    knee = json.loads(osetra("best", study, "--json").stdout)
    assert set(knee["values"]) == {"val_loss", "latency_ms"}
    done = osetra("best", study)
    assert f"trial {knee['trial']}, the knee of a front of" in done.output
    assert f"a={knee['config']['a']!r}" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--minimize", "val_loss,val_loss"), "val_loss is an objective twice"),
        (("--limit", "latency_ms"), "write it as latency_ms<=20"),
        (("--limit", "latency_ms<=1", "--limit", "latency_ms>=0"), "latency_ms has a limit already"),
        (("--limit", "latency_ms<=fast"), "write it as latency_ms<=20"),
    ],
)
def test_what_makes_no_sense_is_refused(both: Path, options: tuple[str, ...], said: str) -> None:
    done = osetra("tune", "both.py:train", "-c", "both.toml", "--name", "other", *options)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not (both / "osetra-runs" / "other" / "study.db").exists()


@pytest.mark.usefixtures("both")
def test_limits_that_nothing_meets() -> None:
    asked = ("--minimize", "val_loss", "--limit", "latency_ms<=-1", "--trials", "4", "--searcher", "random")
    done = osetra("tune", "both.py:train", "--name", "none", "--confirm", "0", *asked)
    assert done.exit_code == 3
    assert "none of 4 finished trials keeps latency_ms<=-1; the nearest is trial" in done.output


def test_a_file_with_a_wrong_limit_names_the_file(both: Path) -> None:
    (both / "wrong.toml").write_text(TOML.replace('"<= 20"', "20"))
    done = osetra("tune", "both.py:train", "-c", "wrong.toml")
    assert done.exit_code == 2
    assert "wrong.toml: [study] limits['latency_ms']=20" in done.output


def test_the_built_in_network_has_no_limits(here: Path) -> None:
    (here / "rows.csv").write_text("x,y\n" + "\n".join(f"{i},{i % 2}" for i in range(60)))
    done = osetra("tune", "rows.csv", "--limit", "val_loss<=1")
    assert done.exit_code == 2
    assert "limits are for what a function or a program" in done.output
