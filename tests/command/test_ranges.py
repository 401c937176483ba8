"""Ranges in place of values, and metrics by pattern: scripts that are not changed."""

import sys

import pytest

import osetra as ose
from osetra.command.lines import read_line
from osetra.command.patterns import compiled, read_patterns
from osetra.command.ranges import is_range, with_placeholders
from osetra.command.template import parse
from osetra.command.training import CommandTraining
from osetra.core.space import Space
from osetra.errors import SpaceError, StudyError

LOSS = "val_loss=([0-9.e+-]+)"


def test_ranges_become_placeholders_and_lines_of_a_space():
    words = (
        "python",
        "t.py",
        "--lr~log(1e-5, 1e-1)",
        "-b~int(8, 64)",
        "--weight-decay~0.1",
        "opt.lr~log(1e-5, 1)",
    )
    command, lines = with_placeholders(words)
    assert command == (
        *("python", "t.py", "--lr", "{lr}", "-b", "{b}"),
        *("--weight-decay", "{weight_decay}", "opt.lr={opt.lr}"),
    )
    assert lines == {
        "lr": "log(1e-5, 1e-1)", "b": "int(8, 64)", "weight_decay": "0.1", "opt.lr": "log(1e-5, 1)",
    }  # fmt: skip
    assert set(Space.parse(lines).names) == set(lines)
    assert [parse(word).names for word in command] == [
        [],
        [],
        [],
        ["lr"],
        [],
        ["b"],
        [],
        ["weight_decay"],
        ["opt.lr"],
    ]


def test_a_flag_is_there_or_not():
    command, lines = with_placeholders(["--amp~flag"])
    assert command == ("{amp:--amp}",) and lines == {"amp": "choice(false, true)"}
    assert [parse(command[0]).filled({"amp": value}) for value in ("true", "false")] == ["--amp", ""]


@pytest.mark.parametrize("word", ["~/data", "a.csv", "--lr", "--lr=0.1", "x=~y", "--", "-", "/tmp/a~b"])
def test_other_words_stay_as_they_are(word):
    assert not is_range(word)
    assert with_placeholders([word]) == ((word,), {})


def test_wrong_ranges_are_named():
    with pytest.raises(StudyError, match=r"--lr~ has no range; write --lr~'log\(1e-5, 1e-1\)'"):
        with_placeholders(["--lr~"])
    with pytest.raises(StudyError, match="lr has a range before"):
        with_placeholders(["--lr~int(1, 2)", "--lr~int(1, 3)"])
    with pytest.raises(SpaceError, match="unknown form 'lug'"):
        with_placeholders(["--lr~lug(1, 2)"])


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3: val_loss=0.25",
        "val_loss = 0.25 (best)",
        "| val_loss: 2.5e-1 | acc 0.9",
        "val_loss=9\rval_loss=0.25",
    ],
)
def test_a_metric_is_found_behind_its_name(line):
    assert read_patterns(line, (LOSS,)) == {"val_loss": 0.25}


def test_a_metric_is_found_behind_other_words_with_its_step():
    patterns = ("val_loss=validation loss is ([0-9.]+)", "step=epoch ([0-9]+)", "acc=accuracy ([0-9.]+)%")
    found = read_line(b"epoch 7: validation loss is 0.5, accuracy 91%", "val_loss", patterns)
    assert found is not None and found.step == 7 and found.metrics == {"val_loss": 0.5, "acc": 91.0}
    assert read_line(b"epoch 7: accuracy 91%", "val_loss", patterns) is None
    assert read_line(b"epoch 7: validation loss is .", "val_loss", patterns) is None


def test_json_and_pairs_are_still_reports():
    assert read_line(b'{"step": 2, "val_loss": 0.5}', "val_loss", (LOSS,)).step == 2
    assert read_line(b"step=2, val_loss=0.5", "val_loss", ("val_loss=loss is ([0-9.]+)",)).step == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "print('loss is', 0.5)",
            f"no line fits --metric {LOSS!r}; the last line that it printed is 'loss is 0.5'",
        ),
        ("pass", f"no line fits --metric {LOSS!r}, and it printed nothing"),
    ],
)
def test_a_program_whose_lines_fit_no_pattern_is_told_which(tmp_path, words, said):
    program = CommandTraining(
        (sys.executable, "-c", words, "{lr}"), str(tmp_path), str(tmp_path), patterns=(LOSS,)
    )
    study = ose.Study("memory:", ose.Space(lr=ose.Float(0.1, 1)), minimize="val_loss")
    study.run(program, trials=1, progress=False)
    assert study.trials[0].attempts[-1].reason == f"the program ended without reporting val_loss; {said}"


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("val_loss", "does not begin with the name of a metric"),
        ("=([0-9]+)", "does not begin with the name of a metric"),
        ("val_loss=[0-9]+", "has no group"),
        ("val_loss=([0-9]+)(e5)?", "has 2 groups"),
        ("val_loss=([", "is no regular expression"),
    ],
)
def test_wrong_patterns_are_named(pattern, sentence):
    with pytest.raises(StudyError, match=sentence):
        compiled(pattern)
