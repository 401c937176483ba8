"""`osetra predict` and `osetra evaluate` on files that are written otherwise than that of the training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.nets.model import save
from osetra.nets.task import Data, NetworkTask, rehearse

OPTIONS = ("--delimiter", "|", "--decimal", ",", "--encoding", "cp1252", "--na", "x=leer", "--header", "2")


@pytest.fixture
def model(here: Path) -> Path:
    rows = [f"{i % 17 + 0.5},{'äb'[i % 2]},{'yes' if i % 2 else 'no'}" for i in range(90)]
    (here / "first.csv").write_text("\n".join(["x,kind,y", *rows]) + "\n")
    task = NetworkTask(data=Data(where=str(here / "first.csv"), target="y"), epochs=2)
    return save(rehearse(task, {"units": 4, "layers": 1, "lr": 0.05}, seed=0), here / "model")


def answers(model: Path, file: str, *options: str) -> list[list[object]]:
    done = CliRunner().invoke(main, ["predict", str(model), file, "--json", *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["rows"]


def test_both_verbs_take_the_options_of_reading(model: Path, here: Path) -> None:
    (here / "plain.csv").write_text("x,kind,y\n3.5,ä,yes\n,b,no\n7.25,ä,no\n")
    other = "a title\nx|kind|y\n3,5|ä|yes\nleer|b|no\n7,25|ä|no\n"
    (here / "other.txt").write_text(other, "cp1252")
    assert answers(model, "other.txt", *OPTIONS) == answers(model, "plain.csv")
    judged = [
        CliRunner().invoke(main, ["evaluate", str(model), *words, "--json"]).stdout
        for words in (("other.txt", *OPTIONS), ("plain.csv",))
    ]
    assert json.loads(judged[0])["scores"] == json.loads(judged[1])["scores"]


def test_a_slip_is_said_or_refused(model: Path, here: Path) -> None:
    (here / "slips.csv").write_text("x,kind,y\n3.5,ä,yes\nmany,b,no\n7.25,ä,no\n")
    for verb in ("predict", "evaluate"):
        done = CliRunner().invoke(main, [verb, str(model), "slips.csv"])
        assert done.exit_code == 0, done.output
        said = " ".join(done.stderr.split())
        assert "1 cell cannot be read as what was learnt and is taken as missing: 'x' row 2 'many'" in said
        strict = CliRunner().invoke(main, [verb, str(model), "slips.csv", "--strict"])
        assert strict.exit_code == 1
        assert "x: row 2 holds 'many', which is not a finite number" in " ".join(strict.stderr.split())


def test_what_a_model_has_settled_cannot_be_said_again(model: Path) -> None:
    done = CliRunner().invoke(main, ["predict", str(model), "first.csv", "--category", "x"])
    assert done.exit_code == 2
    assert "No such option" in done.stderr


def test_in_python_the_options_have_the_same_names(model: Path, here: Path) -> None:
    from osetra.errors import DataError
    from osetra.tuning.model import load_model

    (here / "other.csv").write_text("x;kind\n3,5;ä\n999;b\n")
    found = load_model(model).predictions("other.csv", delimiter=";", na=[999], decimal=",")
    assert len(found) == 2
    with pytest.raises(DataError, match=r"'delimeter': no option of reading new rows.*delimiter"):
        load_model(model).predictions("other.csv", delimeter=";")
    with pytest.raises(DataError, match="decimal=';': give"):
        load_model(model).evaluate("first.csv", decimal=";")


def test_answers_never_replace_the_rows_that_they_are_for(model: Path, here: Path) -> None:
    before = (here / "first.csv").read_text()
    (here / "link.csv").symlink_to(here / "first.csv")
    for out in ("first.csv", "./first.csv", "link.csv"):
        done = CliRunner().invoke(main, ["predict", str(model), "first.csv", "-o", out])
        assert done.exit_code == 2
        assert "this is DATA itself, which would be replaced; name another file" in " ".join(
            done.stderr.split()
        )
    assert (here / "first.csv").read_text() == before
