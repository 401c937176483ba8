"""`osetra retest`, and what goes with it: what is due, the history of the setting in use, a search anew."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import osetra as ose
from osetra.cli import main
from osetra.core.due import CHECKED, DAYS
from osetra.tuning.locations import find

SCRIPT = """
import numpy as np
import osetra as ose

space = ose.Space(lr=ose.Float(1e-4, 1, log=True, default=0.01), units=ose.Int(1, 100))
BEST = 0.01

def train(run):
    noise = 0.01 * float(np.random.default_rng(run.seed).normal())
    run.report(loss=abs(float(np.log10(run.config["lr"] / BEST))) + noise)
"""


def osetra(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def shown(*words: str) -> str:
    result = osetra(*words)
    assert result.exit_code == 0, result.output
    return result.output


def document(*words: str) -> dict[str, Any]:
    result = osetra(*words, "--json")
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def refused(*words: str) -> str:
    result = osetra(*words)
    assert result.exit_code in (1, 2), result.output
    return " ".join(result.output.split())


def write_table(file: Path, seed: int, *, rows: int = 300, slope: float = 1.0, mean: float = 0.0) -> Path:
    rng = np.random.default_rng(seed)
    x = rng.normal(mean, 1, (rows, 3))
    y = np.where(slope * x[:, 0] + np.sin(2 * x[:, 1]) + 0.2 * rng.normal(size=rows) > mean, "yes", "no")
    lines = ["a,b,c,y", *(f"{r[0]:.3f},{r[1]:.3f},{r[2]:.3f},{t}" for r, t in zip(x, y, strict=True))]
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study tuned on a table, with its model."""
    folder = tmp_path_factory.mktemp("tuned")
    write_table(folder / "january.csv", 0)
    ose.tune(
        folder / "january.csv", target="y", trials=4, epochs=3, confirm=2, progress=False,
        out=folder / "osetra-runs" / "prices", refit=False,
    )  # fmt: skip
    return folder


@pytest.fixture
def prices(tuned: Path, here: Path) -> Path:
    """The same, to be worked with."""
    shutil.copytree(tuned / "osetra-runs", here / "osetra-runs")
    shutil.copy2(tuned / "january.csv", here / "january.csv")
    return here


@pytest.fixture
def script(here: Path) -> Path:
    """A study of a function of one's own, confirmed."""
    (here / "hello.py").write_text(SCRIPT)
    words = (
        "tune",
        "hello.py:train",
        "--minimize",
        "loss",
        "--trials",
        "8",
        "--confirm",
        "2",
        "--name",
        "own",
    )
    shown(*words, "--searcher", "random")
    return here


@pytest.mark.slow
def test_the_cost_is_said_first_and_a_verdict_follows(prices: Path) -> None:
    june = str(write_table(prices / "june.csv", 7))
    planned = shown("retest", "prices", june, "--dry-run")
    assert "12 to 22 trainings, about" in planned and "nothing was trained" in planned
    assert "in use" in planned and planned.count("against") >= 2
    assert "the data is as it was: none of 4 columns changed" in " ".join(planned.split())
    done = document("retest", "prices", june)
    assert done["schema"] == "osetra.retest/1"
    verdict = done["verdict"]
    assert verdict["outcome"] in ("good", "world changed", "adopt", "re-tune", "too good")
    assert 12 <= verdict["runs"] <= 22 and verdict["due"] > time.strftime("%Y-%m-%d")
    assert done["data"]["changed"] == [] and done["trainings"] == {"least": 12, "most": 22}
    kept = find("prices").open()
    (note,) = kept.history.noted(CHECKED)
    kept.close()
    assert note.data["about"]["data"]["source"] == june
    listed = shown("show", "prices")
    assert verdict["outcome"] in listed and "next re-test" in listed
    assert [p["kind"] for p in document("show", "prices")["incumbent"]["points"]] == ["release", "check"]
    shown("plot", "prices", "incumbent", "-o", "incumbent.png")
    assert (prices / "incumbent.png").stat().st_size > 5000


@pytest.mark.slow
def test_a_model_names_its_study_and_alone_it_is_refused(prices: Path) -> None:
    assert "in use" in shown("retest", "osetra-runs/prices/model", "--dry-run")
    shutil.copytree("osetra-runs/prices/model", "away")
    assert "a model without its study" in refused("retest", "away")


@pytest.mark.slow
def test_data_that_moved_is_said_and_status_names_it(prices: Path) -> None:
    assert document("status", "prices")["retest"]["why"] == []
    time.sleep(0.01)
    write_table(prices / "january.csv", 9, mean=1.5)
    why = document("status", "prices")["retest"]["why"]
    assert len(why) == 1 and why[0].startswith("data changed: ") and "of 4 columns" in why[0]
    assert "data changed" in shown("status") and "osetra retest prices" in shown("status", "prices")
    assert "data changed" in shown("retest", "prices", "--dry-run")


@pytest.mark.slow
def test_bad_data_is_refused_before_anything_is_trained(prices: Path) -> None:
    text = (prices / "january.csv").read_text()
    (prices / "gone.csv").write_text(text.replace("a,b,c,y", "a,bee,c,y", 1))
    assert "1 of 3 columns gone: 'b'" in refused("retest", "prices", "gone.csv")
    (prices / "blind.csv").write_text(text.replace("a,b,c,y", "a,b,c,z", 1))
    assert "'y'" in refused("retest", "prices", "blind.csv")
    (prices / "few.csv").write_text("\n".join(text.splitlines()[:101]) + "\n")
    planned = " ".join(shown("retest", "prices", "few.csv", "--dry-run").split())
    assert "only 100 rows, 300 when the setting was chosen" in planned
    assert "no such file" in refused("retest", "prices", "nowhere.csv")
    study = find("prices").open()
    assert not study.history.noted(CHECKED)
    study.close()


@pytest.mark.slow
def test_a_search_that_never_ended_has_nothing_to_test(prices: Path) -> None:
    shutil.rmtree("osetra-runs/prices/model")
    study = find("prices").open()
    config = dict(study.best.config)
    study.close()
    assert "in use" in shown("retest", "prices", "--dry-run")  # the log knows what was released
    assert config
    again = ose.Study("osetra-runs/half/study.db" if Path("osetra-runs/half").mkdir() is None else "",
                      ose.Space(lr=ose.Float(0.1, 1)), minimize="val_loss",
                      task={"request": {"source": str(prices / "january.csv"), "target": "y"}})  # fmt: skip
    again.close()
    assert "no released model" in refused("retest", "half")


@pytest.mark.slow
def test_a_search_on_later_data_begins_with_what_was_good(prices: Path) -> None:
    june = str(write_table(prices / "june.csv", 7, slope=-1.0))
    study = find("prices").open()
    best = dict(study.best.config)
    study.close()
    planned = shown("tune", june, "--warm-from", "prices", "--dry-run")
    assert "as the earlier study did" in planned
    told = document("tune", june, "--warm-from", "prices", "--no-refit")
    assert told["study"] == "prices-2" and told["done"] >= 4
    warm = find("prices-2").open()
    first = warm.trials[0]
    assert (first.config, first.by) == (best, "warm start") and "study prices" in first.why
    warm.close()
    # The same command goes on where it was.
    assert document("tune", june, "--warm-from", "prices", "--no-refit")["done"] == told["done"]


def test_a_function_of_ones_own_is_tested_again(script: Path) -> None:
    assert document("retest", "own")["verdict"]["outcome"] == "good"
    (script / "hello.py").write_text(SCRIPT.replace("BEST = 0.01", "BEST = 0.1"))
    assert document("status", "own")["retest"]["why"] == ["code changed: hello.py"]
    sys.modules.pop("hello", None)
    done = document("retest", "own")
    assert done["verdict"]["outcome"] == "re-tune"
    assert done["remarks"] == ["code changed: hello.py"]
    assert done["retune"].startswith("osetra tune ") and done["retune"].endswith(" --warm-from own")
    assert document("status", "own")["retest"]["why"] == []  # that is known by now


def test_what_is_due_is_due_by_its_date(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "next on" in shown("status", "own")
    later = time.time() + 86_400 * (DAYS + 3) + 60
    monkeypatch.setattr("osetra.study.reviewing.time", SimpleNamespace(time=lambda: later))
    assert document("status", "own")["retest"]["why"] == ["93 days"]
    assert "93 days" in shown("status")
    assert "since 93 days" in " ".join(shown("retest", "own", "--dry-run").split())


def test_what_cannot_be_tested_again_says_why(script: Path, digits: Path) -> None:
    assert "reads its data itself" in refused("retest", "own", "june.csv")
    assert "osetra.Study(...).retest(train)" in refused("retest", "digits")
    assert "no such study" in refused("retest", "nothing")
    words = ("tune", "hello.py:train", "--minimize", "loss", "--trials", "3", "--name", "plain")
    shown(*words, "--searcher", "random")
    assert "confirmed with fresh seeds" in refused("retest", "plain")
    assert osetra("retest", "own", "--delta", "-1").exit_code == 2


def test_a_warm_start_needs_a_study_of_the_same_kind(script: Path, digits: Path) -> None:
    write_table(script / "t.csv", 0)
    assert "has other hyperparameters" in refused(
        "tune", "t.csv", "-t", "y", "--warm-from", "own", "--dry-run"
    )
    assert "no such study" in refused("tune", "hello.py:train", "--warm-from", "gone")
    done = document("tune", "hello.py:train", "--warm-from", "own")
    assert (done["study"], done["done"], done["metric"]) == ("own-2", 4, "loss")
    assert Path("osetra-runs/own-2").is_dir()
