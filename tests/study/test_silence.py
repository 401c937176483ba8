"""Rules of advice can be silenced by name: in Python, on the command line and in study.toml."""

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main
from osetra.errors import StudyError
from osetra.tuning.studyfile import read_study_file


def _linear(path: Path) -> ose.Study:
    return ose.Study(path / "s.osetra", ose.Space(lr=ose.Float(1e-4, 1)), minimize="loss")


def test_a_silenced_rule_says_nothing_anywhere_until_it_is_heard_again(tmp_path: Path) -> None:
    with closing(_linear(tmp_path)) as study:
        assert [f.rule for f in study.advice] == ["space_lint"]
        study.silence("space_lint", "noise")
        study.silence("space_lint")  # twice is once
        assert study.advice == []
        assert [note.data["rule"] for note in study.history.noted("silence")] == ["space_lint", "noise"]
        study.silence("space_lint", silent=False)
        assert [f.rule for f in study.advice] == ["space_lint"]


def test_a_rule_that_is_none_is_named_with_the_nearest(tmp_path: Path) -> None:
    with (
        closing(_linear(tmp_path)) as study,
        pytest.raises(StudyError, match="'plateu' is no rule of advice; rules: fail"),
    ):
        study.silence("plateu")
    file = tmp_path / "study.toml"
    file.write_text('[study]\nsilence = ["plateau", "edge"]', encoding="utf-8")
    with pytest.raises(StudyError, match=r"study.toml: .study. 'edge' is no rule of advice"):
        read_study_file(file)
    file.write_text('[study]\nsilence = ["plateau"]', encoding="utf-8")
    assert read_study_file(file).silence == ["plateau"]


def test_the_command_silences_and_hears(tmp_path: Path) -> None:
    _linear(tmp_path).close()
    file = str(tmp_path / "s.osetra")
    assert "lr is linear" in CliRunner().invoke(main, ["advice", file]).output
    quiet = CliRunner().invoke(main, ["advice", file, "--silence", "space_lint"]).output
    assert "lr is linear" not in quiet
    assert "silent: space_lint" in quiet
    assert "lr is linear" in CliRunner().invoke(main, ["advice", file, "--hear", "space_lint"]).output
