"""What the command line says when something is wrong: what was given, what is allowed, what to do."""

from __future__ import annotations

import errno
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from cli.studies import SPACE
from osetra.cli import main

pytestmark = pytest.mark.usefixtures("here")


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def refused(code: int, *words: str) -> str:
    result = call(*words)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.stderr.split())


def test_an_unknown_command_names_the_nearest() -> None:
    assert "no such command 'statsu'. Did you mean 'status'?" in refused(2, "statsu")


def test_an_unknown_study_lists_the_known_ones_and_the_nearest(digits: Path) -> None:
    assert refused(1, "status", "digit") == (
        "error: digit: no such study; known under ./osetra-runs: digits. Did you mean 'digits'?"
    )


def test_without_any_study_the_message_says_how_to_start_one() -> None:
    assert refused(1, "best", "digits").endswith("start one: osetra tune digits")


def test_a_file_that_is_no_study_is_left_alone(here: Path) -> None:
    (here / "notes.db").write_text("shopping list")
    assert "notes.db" in refused(5, "status", "notes.db")
    assert (here / "notes.db").read_text() == "shopping list"


def test_a_study_of_a_newer_osetra_ends_with_code_6(digits: Path) -> None:
    connection = sqlite3.connect(digits / "study.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "upgrade osetra" in refused(6, "status", "digits")


def test_an_unknown_trial_says_which_there_are(digits: Path) -> None:
    assert refused(1, "show", "digits", "9") == "error: digits has no trial 9; it has 1 to 2"


def test_an_unknown_metric_lists_those_reported(digits: Path) -> None:
    shown = refused(1, "show", "digits", "--metric", "accuracy")
    assert "accuracy: no such metric was reported; reported: val_loss, train_loss" in shown


def test_an_unknown_searcher_names_the_nearest() -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", "--searcher", "soboll")
    assert "soboll" in shown
    assert "Did you mean 'sobol'?" in shown


def test_a_log_scale_from_zero_says_how_to_mend_it() -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", "--set", "alpha=log(0, 1)")
    assert "a log scale needs low > 0" in shown


@pytest.mark.parametrize("option", ["--trials", "--minutes"])
def test_a_budget_of_nothing_is_refused(option: str) -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", option, "0")
    assert f"0 leaves nothing to do; give a number above 0, or leave {option} out" in shown


def test_an_unknown_hyperparameter_in_set_names_the_nearest() -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", "--set", "alfa=0.1")
    assert "--set alfa: no such hyperparameter; known: alpha. Did you mean 'alpha'?" in shown


def test_an_unknown_hyperparameter_in_tune_names_the_nearest() -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", "--tune", "alhpa")
    assert "--tune alhpa: no such hyperparameter; known: alpha. Did you mean 'alpha'?" in shown


def test_a_range_upside_down_says_how_to_mend_it() -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", "--set", "alpha=log(1, 0.1)")
    assert "low must be below high; swap them" in shown


def test_a_folder_without_permission_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", denied)
    shown = refused(1, "tune", "hello.py:descend", "--minimize", "cost", "-o", "sealed/runs")
    assert "sealed/runs: cannot write there (Permission denied); choose another folder with --out" in shown


def test_an_output_folder_that_is_a_file_is_named(here: Path) -> None:
    (here / "taken").write_text("")
    shown = refused(1, "tune", "hello.py:descend", "--minimize", "cost", "-o", "taken")
    assert "taken: cannot write there (File exists); choose another folder with --out" in shown


def test_bad_toml_says_where(here: Path) -> None:
    (here / "study.toml").write_text("[study]\nminimize = cost\n")
    shown = refused(2, "tune", "hello.py:descend", "-c", "study.toml")
    assert "study.toml is no valid TOML" in shown
    assert "line 2" in shown


def test_an_unknown_key_in_toml_names_the_nearest(here: Path) -> None:
    (here / "study.toml").write_text('[study]\nminimise = "cost"\n')
    shown = refused(2, "tune", "hello.py:descend", "-c", "study.toml")
    assert "[study] has no key 'minimise'" in shown
    assert "Did you mean 'minimize'?" in shown


def test_an_unknown_section_in_toml_names_the_nearest(here: Path) -> None:
    (here / "study.toml").write_text('[spaces]\nlr = "log(1e-4, 1)"\n')
    shown = refused(2, "tune", "hello.py:descend", "-c", "study.toml")
    assert "unknown section [spaces]; known: [study], [space], [data]. Did you mean 'space'?" in shown


def test_a_wrong_kind_of_value_in_toml_says_what_is_expected(here: Path) -> None:
    (here / "study.toml").write_text('[study]\ntrials = "many"\n')
    shown = refused(2, "tune", "hello.py:descend", "-c", "study.toml")
    assert "[study] trials = 'many': int expected" in shown


def test_a_missing_function_lists_those_of_the_script() -> None:
    shown = refused(2, "tune", "hello.py:desend", "--minimize", "cost")
    assert "hello.py: no function 'desend' in it; it has: descend, slowly, broken" in shown
    assert "Did you mean 'descend'?" in shown


def test_a_missing_script_is_named() -> None:
    assert "nowhere.py: no such file" in refused(2, "tune", "nowhere.py:train")


def test_a_script_that_fails_to_import_names_the_line(here: Path) -> None:
    (here / "faulty.py").write_text("import math\n\nmath.no_such_thing\n")
    shown = refused(1, "tune", "faulty.py:train", "--minimize", "cost")
    assert "faulty.py, line 3: AttributeError" in shown


def test_a_script_with_the_name_of_another_module_is_refused(here: Path) -> None:
    (here / "json.py").write_text("def train(run): ...\n")
    shown = refused(2, "tune", "json.py:train", "--minimize", "cost")
    assert "which is another module's; rename the file" in shown


def test_a_script_study_without_a_goal_says_how_to_give_one() -> None:
    shown = refused(2, "tune", "hello.py:descend")
    assert "what counts as better? Give the metric your function reports: --minimize val_loss" in shown


def test_a_script_without_a_space_says_the_three_ways_to_declare_one(here: Path) -> None:
    (here / "bare.py").write_text("def train(run): ...\n")
    shown = refused(2, "tune", "bare.py", "--minimize", "cost")
    assert "nothing says what to search" in shown
    assert "--set 'lr=log(1e-4, 1)'" in shown


def test_the_same_name_with_another_space_shows_the_difference(here: Path) -> None:
    space = ose.Space(alpha=ose.Float(0, 1), beta=ose.Float(0, 1))
    ose.Study(str(_folder(here) / "study.db"), space, minimize="cost").close()
    shown = refused(1, "tune", "hello.py:descend", "--minimize", "cost", "-n", "1")
    assert "alpha: float(0.0, 1.0) → log(0.001, 10.0, default=0.1)" in shown
    assert "beta: it is gone" in shown


def test_a_study_of_another_program_cannot_be_resumed_by_command(digits: Path) -> None:
    shown = refused(1, "resume", "digits")
    assert "digits was not started by `osetra tune`" in shown


def test_enqueue_refuses_an_unknown_hyperparameter(digits: Path) -> None:
    shown = refused(1, "enqueue", "digits", "lrr=0.1")
    assert "lrr: no such hyperparameter; known: lr, units. Did you mean 'lr'?" in shown


def test_enqueue_refuses_a_value_outside_its_range(digits: Path) -> None:
    assert "lr: 7 is outside 0.0001 … 1" in refused(1, "enqueue", "digits", "lr=7")


def test_enqueue_refuses_a_word_without_a_value(digits: Path) -> None:
    assert "'lr': write name=value, for example lr=0.01" in refused(2, "enqueue", "digits", "lr")


def test_best_of_a_study_without_results_ends_with_code_3(here: Path) -> None:
    ose.Study(str(_folder(here) / "study.db"), SPACE, minimize="val_loss").close()
    assert "none of 0 ended trials has a valid result" in refused(3, "best", "hello")


def test_debug_shows_the_traceback() -> None:
    result = call("--debug", "status", "nowhere")
    assert isinstance(result.exception, ose.OsetraError)


def test_json_documents_hold_no_bare_nan(here: Path) -> None:
    study = ose.Study(str(_folder(here) / "study.db"), SPACE, minimize="val_loss")
    study.tell(study.ask(), float("nan"))
    study.close()
    document = json.loads(call("show", "hello", "1", "--json").stdout, parse_constant=pytest.fail)
    assert document["value"] == "nan"


def _folder(here: Path) -> Path:
    folder = here / "osetra-runs" / "hello"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("option", ["--minutes", "--trainings", "--report-timeout"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_limit_that_is_no_number_is_refused(option: str, value: str, here: Path) -> None:
    shown = refused(2, "tune", "hello.py:descend", "--minimize", "cost", option, value)
    assert f"{value} is no limit; give a number above 0, or leave {option} out" in shown
    assert not (here / "osetra-runs").exists()


@pytest.mark.parametrize(
    "name", ["../x", "/tmp/x", "a/b", "..", ".hidden", "a\\b", "a\x1b[2J", "", "x" * 200]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, here: Path) -> None:
    before = set(here.parent.iterdir())
    for words in (("tune", "hello.py:descend", "--minimize", "cost"), ("babysit", "hello.py:descend")):
        shown = refused(2, *words, "--name", name)
        assert "is no name: letters, digits, spaces and . _ + - are" in shown
    assert set(here.parent.iterdir()) == before
    assert not (here / "osetra-runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("tune", "hello.py:descend", "-c", "study.toml", "--dry-run"),
        ("run", "study.toml", "--dry-run", "--", "./hello.sh", "{alpha}"),
        ("run", "--dry-run", "study.toml", "--", "./hello.sh", "{alpha}"),
        ("run", "study.toml", "--", "./hello.sh", "{nothing}"),
        ("tune", "nowhere.csv"),
    ],
)
def test_what_runs_nothing_leaves_nothing_behind(words: tuple[str, ...], here: Path) -> None:
    (here / "hello.sh").write_text("#!/bin/sh\n")
    (here / "hello.sh").chmod(0o755)
    call(*words)
    assert not (here / "osetra-runs").exists()


def test_the_help_of_every_verb_says_in_words_what_numbers_it_takes(here: Path) -> None:
    for verb in ("tune", "resume", "worker", "show", "babysit", "run"):
        shown = call(verb, "--help").stdout
        assert "RANGE" not in shown and "x>" not in shown, verb
    assert "1 to 100" in call("tune", "--help").stdout
    assert "0 is not in the range 1 or more" in call("resume", "x", "--workers", "0").stderr
