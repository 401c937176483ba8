"""Templates: values become arguments as they are, and mistakes are named before anything runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import osetra as ose
from osetra.command.template import OWN, check, command_line, fill, text_of, variable
from osetra.errors import StudyError

SPACE = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log"),
    optimizer=ose.Choice("sgd", "adam"),
    momentum=ose.Float(0, 0.9, when={"optimizer": "sgd"}),
)


@pytest.mark.parametrize(
    ("argv", "filled"),
    [
        (["t", "--lr", "{lr}"], ["t", "--lr", "0.1"]),
        (["t", "--lr={lr}"], ["t", "--lr=0.1"]),
        (["t", "{lr},{lr}"], ["t", "0.1,0.1"]),
        (["t", "{ lr }"], ["t", "0.1"]),
        (["t", '{{"lr": {lr}}}'], ["t", '{"lr": 0.1}']),
        (["t", ""], ["t", ""]),
        (["t", "--momentum", "{momentum}", "z"], ["t", "z"]),
        (["t", "--momentum={momentum}", "z"], ["t", "z"]),
        (["t", "-m{momentum}", "-v"], ["t", "-v"]),
        (["t", "{momentum}"], ["t"]),
        (["t", "--a=1", "{momentum}"], ["t", "--a=1"]),
        (["t", "--verbose", "m={momentum}"], ["t", "--verbose"]),
        (["t", "--lr", "{lr}", "{momentum}"], ["t", "--lr", "0.1"]),
    ],
)
def test_words_are_filled_and_inactive_ones_left_out_with_their_flag(argv, filled):
    assert fill(argv, {"lr": "0.1"}) == filled


@given(st.text())
def test_a_value_is_never_interpreted(value):
    assert fill(["t", "{lr}", "--x={lr}"], {"lr": value}) == ["t", value, f"--x={value}"]


@given(st.text())
def test_doubled_braces_are_braces(text):
    assert fill([text.replace("{", "{{").replace("}", "}}")], {}) == [text]


@pytest.mark.parametrize("argument", ["{", "}", "{lr", "lr}", "{a{lr}}", "{{{"])
def test_a_lone_brace_is_an_error_that_says_how_to_write_one(argument):
    with pytest.raises(StudyError, match=r"lone '[{}]'; write '(\{\{|\}\})'"):
        fill([argument], {"lr": "1"})


def test_an_unknown_placeholder_names_the_nearest():
    with pytest.raises(StudyError, match=r"\{momentun\}: no such hyperparameter.*Did you mean 'momentum'"):
        check(["t", "{momentun}"], SPACE)


def test_a_searched_name_that_no_placeholder_uses_is_a_warning():
    (warning,) = check(["t", "{lr}", "{momentum}"], SPACE)
    assert "optimizer is in no placeholder" in warning
    assert "OSETRA_OPTIMIZER" in warning


@pytest.mark.parametrize("argv", [["t"], ["t", "{config}"], ["t", "{lr}", "{config}"], ["t", "{seed}"]])
def test_a_program_that_reads_the_file_or_the_environment_is_not_warned_of(argv):
    assert check(argv, SPACE) == []


@pytest.mark.parametrize("name", [name for name in OWN if name != "seed"])
def test_names_that_osetra_uses_itself_are_refused(name):
    with pytest.raises(StudyError, match=f"{variable(name)}.*rename it"):
        check(["t"], ose.Space({name: ose.Float(0, 1)}))


def test_names_that_the_environment_cannot_tell_apart_are_refused():
    with pytest.raises(StudyError, match=r"OSETRA_A_B .*like 'a-b'; rename"):
        check(["t"], ose.Space({"a-b": ose.Float(0, 1), "A_b": ose.Float(0, 1)}))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e-05, "1e-05"), (True, "true"), (3, "3"), ("a b", "a b"), (None, "null")],
)
def test_values_become_text_as_in_json(value, text):
    assert text_of(value) == text


def test_a_command_is_shown_as_it_is_typed():
    assert command_line(["./t", "--lr={lr}", "{x}", "a b", "$(rm)"]) == "./t --lr={lr} {x} 'a b' '$(rm)'"


FLAGS = ose.Space(nesterov=ose.Choice(True, False), lr=ose.Float(0, 1), amp=ose.Fixed(True))


@pytest.mark.parametrize(
    ("word", "on", "off"),
    [
        ("{nesterov:--nesterov}", ["--nesterov"], []),
        ("{ nesterov : --nesterov | --no-nesterov }", ["--nesterov"], ["--no-nesterov"]),
        ("{nesterov:-n}", ["-n"], []),
        ("{nesterov}", ["true"], ["false"]),
        ("--nesterov={nesterov}", ["--nesterov=true"], ["--nesterov=false"]),
    ],
)
def test_a_flag_stands_for_true(word, on, off):
    argv = ["t", "--x", word, "z"]
    assert fill(argv, {"nesterov": "true"}) == ["t", "--x", *on, "z"]
    assert fill(argv, {"nesterov": "false"}) == ["t", "--x", *off, "z"]


def test_an_inactive_flag_takes_nothing_with_it():
    assert fill(["t", "--x", "{nesterov:--nesterov}"], {}) == ["t", "--x"]


def test_a_flag_for_anything_but_true_and_false_is_refused():
    with pytest.raises(StudyError, match=r"\{lr:--lr\}: a flag is for choice\(true, false\), and lr is not"):
        check(["t", "{lr:--lr}"], FLAGS)
    with pytest.raises(StudyError, match="no such hyperparameter"):
        check(["t", "{nesterow:--nesterov}"], FLAGS)
    assert check(["t", "{nesterov:--nesterov}", "{amp:--amp}", "{lr}"], FLAGS) == []


def test_a_flag_that_gets_true_and_false_is_a_warning():
    (warning,) = check(["t", "--nesterov", "{nesterov}", "{lr}"], FLAGS)
    assert "write {nesterov:--nesterov} for both words" in warning


def test_a_flag_is_typed_without_quotes():
    assert command_line(["t", "{nesterov:--nesterov}", "{opt.lr}"]) == "t {nesterov:--nesterov} {opt.lr}"
