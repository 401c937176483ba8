"""The verbs that read a study, and what they print on stdout."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import VERBS, main

pytestmark = pytest.mark.usefixtures("here")


def stdout(*words: str) -> str:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*words: str) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(stdout(*words, "--json"))
    return read


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    assert len(stdout(verb, "--help").splitlines()) > 4


def test_status_tells_how_far_a_study_is(digits: Path) -> None:
    shown = stdout("status", "digits")
    assert "minimize val_loss" in shown
    assert "1 finished  1 failed" in shown
    assert "0.2500 in trial 1" in shown


def test_importance_says_what_matters_and_what_each_change_brought(here: Path) -> None:
    study = ose.Study(str(here / "s.db"), ose.Space(a=ose.Float(0, 1), b=ose.Float(0, 1)), minimize="loss")
    for _ in range(20):
        run = study.ask()
        study.tell(run, (float(run.config["a"]) - 0.2) ** 2)
    study.close()
    shown = stdout("show", "s.db", "--importance")
    assert shown.splitlines()[0].startswith("a ") and "a 0.5 → " in shown
    assert max(map(len, shown.splitlines())) < 80
    read = document("show", "s.db", "--importance")
    assert (read["schema"], read["leading"]) == ("osetra.importance/1", "a")
    assert {row["name"]: row["matters"] for row in read["rows"]} == {"a": True, "b": False}
    assert len(read["effects"]["a"]["mean"]) == len(read["effects"]["a"]["values"])
    assert read["ablation"]["steps"][0]["name"] == "a"


def test_importance_of_too_few_trials_cannot_be_told(digits: Path) -> None:
    shown = stdout("show", "digits", "--importance")
    assert shown.count("cannot tell yet") == 2 and "8 are needed" in shown
    read = document("show", "digits", "--importance")
    assert [row["share"] for row in read["rows"]] == [None, None]
    refused = CliRunner().invoke(main, ["show", "digits", "1", "--importance"])
    assert refused.exit_code != 0 and "leave the trial out" in refused.output


def test_status_without_a_name_lists_all_studies(digits: Path) -> None:
    assert "digits" in stdout("status")
    assert [s["study"] for s in document("status")["studies"]] == ["digits"]


def test_a_study_is_found_by_name_folder_and_file(digits: Path) -> None:
    names = ("digits", str(digits), str(digits / "study.db"))
    assert {document("status", name)["study"] for name in names} == {"digits"}


def test_status_as_json_holds_the_best_in_full(digits: Path) -> None:
    read = document("status", "digits")
    assert read["schema"] == "osetra.status/1"
    assert read["best"]["value"] == 0.25
    assert read["trials"] == {"finished": 1, "failed": 1}
    assert read["space"]["lr"] == "log(0.0001, 1.0, default=0.01)"


def test_best_prints_pairs_that_enqueue_reads_back(digits: Path) -> None:
    pairs = stdout("best", "digits").split()
    queued = document("enqueue", "digits", *pairs)
    assert queued["config"] == document("best", "digits")["config"]
    assert queued["state"] == "queued"


def test_best_does_not_pass_over_a_better_steered_trial_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(run):  # type: ignore[no-untyped-def]
        for step in run.steps(4):
            if run.trial == 1 and step == 1:
                study.order(1, "set", lr=0.9)
            run.report(val_loss=1 - run.live("lr") + 0 * step)

    monkeypatch.chdir(tmp_path)
    study = ose.Study("s.db", ose.Space(lr=ose.Float(0.1, 1)), minimize="val_loss", scheduler="full")
    for lr in (0.2, 0.3):
        study.enqueue(lr=lr)
    study.run(train, trials=2)
    told = CliRunner().invoke(main, ["best", "s.db"])
    assert told.stdout == "lr=0.3\n"
    assert "trial 1 reached 0.1000, but was steered" in told.stderr


def test_show_draws_the_curves_of_the_best(digits: Path) -> None:
    shown = stdout("show", "digits")
    assert "val_loss by step" in shown
    assert "── trial 1" in shown


def test_show_a_trial_tells_everything_about_it(digits: Path) -> None:
    assert "a bad batch" in stdout("show", "digits", "2")
    read = document("show", "digits", "1")
    assert read["curves"]["train_loss"] == [[0, 1, 0.4], [0, 2, 0.2]]


def test_exported_csv_cells_are_harmless_in_a_spreadsheet(digits: Path) -> None:
    rows = list(csv.DictReader(stdout("export", "digits").splitlines()))
    assert rows[1]["reason"] == "'=cmd(), a bad batch"
    assert float(rows[0]["val_loss"]) == 0.25


def test_exported_json_lines_hold_everything_exactly(digits: Path) -> None:
    rows = [json.loads(line) for line in stdout("export", "digits", "--format", "jsonl").splitlines()]
    assert rows[1]["reason"] == "=cmd()\x1b[2J, a bad batch"


def test_export_writes_a_file_when_asked(digits: Path, here: Path) -> None:
    assert stdout("export", "digits", "-o", "trials.csv") == ""
    assert (here / "trials.csv").read_text().startswith("trial,state,val_loss")


def test_doctor_looks_at_storage_and_packages() -> None:
    names = {check["name"] for check in document("doctor")["checks"]}
    assert {"python", "sqlite", "file system", "torch", "cores"} <= names


def test_data_lists_sets_with_licence_and_whether_they_are_here() -> None:
    (digits,) = (entry for entry in document("data")["sets"] if entry["name"] == "digits")
    assert digits["licence"].startswith("BSD-3-Clause")
    assert digits["task"] == "multiclass"


def test_data_describes_a_file_before_it_is_used(here: Path) -> None:
    (here / "t.csv").write_text("a,colour,y\n" + "".join(f"{i},red,{i % 2}\n{i},,1\n" for i in range(9)))
    read = document("data", "t.csv", "--target", "y")
    assert read["task"] == "binary"
    assert {c["name"]: c["kind"] for c in read["columns"]} == {"a": "number", "colour": "category"}


def test_completion_offers_studies_by_name(digits: Path) -> None:
    environment = {"_OSETRA_COMPLETE": "bash_complete", "COMP_WORDS": "osetra status di", "COMP_CWORD": "2"}
    result = CliRunner().invoke(
        main, [], env=environment, prog_name="osetra", complete_var="_OSETRA_COMPLETE"
    )
    assert "plain,digits" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str) -> None:
    assert "_OSETRA_COMPLETE" in stdout("completion", shell)


def run_anew(code: str) -> None:
    """Run some lines in a process that has loaded nothing yet."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_status_needs_neither_torch_nor_scipy_nor_matplotlib(digits: Path) -> None:
    code = (
        "import sys; from osetra.cli import main; main(['status', 'digits'], standalone_mode=False); "
        "heavy = {'torch', 'scipy', 'matplotlib', 'pandas', 'sklearn'} & set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    run_anew(code)


def test_the_version_is_known_without_an_installed_package() -> None:
    assert stdout("--version").startswith("osetra 0.")


def test_a_look_at_data_fits_80_columns_and_says_what_to_beware_of(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from osetra.cli import main

    rows = "".join(
        f"{i % 9},${1000 + 13 * i % 700:,},2024-0{1 + i % 9}-03,{'ab'[i % 2]},{'xy'[i % 2]}\n"
        for i in range(90)
    )
    file = tmp_path / "sales.csv"
    file.write_text("user_id,price,day,copy,y\n" + rows.replace("$1,", '"$1,').replace(",2024", '",2024'))
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(main, ["data", str(file)])
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for words in (
        "thousands marks",
        "category",
        "date",
        "█",
        "--group user_id",
        "--drop copy",
        "on one core",
    ):
        assert words in shown.stdout
    kept = CliRunner().invoke(main, ["data", str(file), "--group", "user_id", "--drop", "copy", "--json"])
    assert [c["name"] for c in json.loads(kept.stdout)["columns"]] == ["price", "day"]


def test_a_trial_shows_one_prediction() -> None:
    study = ose.Study("one.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="bayes")
    study.run(lambda run: (run.config["x"] - 0.3) ** 2, trials=8, progress=False)
    stated = study.explain(8)
    study.close()
    shown = stdout("show", "one.db", "8")
    assert stated is not None
    assert f"{stated.predicted:.4g} ± {stated.deviation:.2g} expected" in " ".join(shown.split())
    assert shown.count("±") == 1


def test_the_first_picture_on_a_machine_says_nothing_of_fonts() -> None:
    pytest.importorskip("matplotlib")
    code = (
        "import logging; from osetra.views.figures.drawing import looks\n"
        "with looks(): import matplotlib.font_manager as fonts\n"
        "assert not fonts._log.isEnabledFor(logging.WARNING)"
    )
    run_anew(code)
