"""Lines: what counts as a report, and what is output like any other."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.command.lines import LONGEST, Lines, looks_like_report, read_line
from osetra.errors import StudyError


def read(text):
    return read_line(text.encode() if isinstance(text, str) else text, "val_loss")


def test_metrics_step_and_marks_are_read():
    said = read('  {"step": 3, "val_loss": 0.5, "acc": 1, "steps": 20, "checkpoint": true}\r')
    assert (said.step, said.steps, said.checkpoint) == (3, 20, True)
    assert said.metrics == {"val_loss": 0.5, "acc": 1.0}


@pytest.mark.parametrize("text", ["NaN", "null", '"nan"', '"NaN"'])
def test_no_number_has_many_spellings(text):
    assert math.isnan(read(f'{{"val_loss": {text}}}').metrics["val_loss"])


@pytest.mark.parametrize("text", ["Infinity", '"inf"', '"Infinity"', '"+inf"', "1e999"])
def test_infinity_has_many_spellings(text):
    assert read(f'{{"val_loss": {text}}}').metrics["val_loss"] == math.inf


@pytest.mark.parametrize(
    "line",
    [
        "",
        "epoch 3: val_loss 0.5",
        "{}",
        "{",
        "[1, 2]",
        "0.5",
        '{"msg": "hello"}',
        '{"step": 3}',
        '{"step": "init", "level": "info"}',
        '{"checkpoint": "yes"}',
        '{"a": ' * 5000 + "}",
        '{"a": {"b": 1}}',
        "{" + "[" * 20000 + "}",
        b'{"val_loss": \xff}',
        b"\x00\x01\x7fELF",
    ],
)
def test_everything_else_is_output(line):
    assert read(line) is None


@pytest.mark.parametrize("value", ['"0.5"', "true", "[0.5]", "{}", '"low"', "1" + "0" * 400])
def test_an_objective_that_is_no_number_is_an_error(value):
    with pytest.raises(StudyError, match=r"val_loss is .*a metric is one number"):
        read(f'{{"val_loss": {value}}}')


@pytest.mark.parametrize("step", ["-1", "1.5", '"3"', "true", "null", "1e300", "NaN", "Infinity"])
def test_a_step_that_is_no_whole_number_is_an_error(step):
    with pytest.raises(StudyError, match="a whole number from 0 on is needed"):
        read(f'{{"val_loss": 1, "step": {step}}}')


def test_a_step_may_be_written_as_a_float():
    assert read('{"val_loss": 1, "step": 3.0}').step == 3


@pytest.mark.parametrize("name", ["", "a\\u0000b", "\\ud800", "x" * 300, "a\\u001b[2J"])
def test_names_that_cannot_be_stored_or_shown_are_left_out(name):
    said = read(f'{{"val_loss": 1, "{name}": 2}}')
    assert said.metrics == {"val_loss": 1.0}
    assert len(said.ignored) == 1


@given(st.dictionaries(st.text(), st.floats() | st.text() | st.none() | st.lists(st.integers())))
def test_any_json_object_is_read_or_refused_in_words(found):
    try:
        said = read(json.dumps(found))
    except StudyError as error:
        assert str(error)
    else:
        assert said is None or all(isinstance(value, float) for value in said.metrics.values())


@given(st.binary(max_size=300), st.integers(1, 20))
def test_lines_do_not_depend_on_how_the_stream_is_cut(data, size):
    cut, whole = Lines(), Lines()
    found = [line for i in range(0, len(data), size) for line in cut.feed(data[i : i + size])]
    assert found + cut.end() == whole.feed(data) + whole.end()


def test_a_stream_without_line_ends_takes_no_memory():
    lines = Lines()
    for _ in range(100):
        assert lines.feed(b"x" * LONGEST) == []
        assert len(lines._rest) <= LONGEST
    assert lines.feed(b'\n{"a": 1}\n') == [(2, b'{"a": 1}')]


@pytest.mark.parametrize(
    ("line", "step", "metrics"),
    [
        ("val_loss=0.5", None, {"val_loss": 0.5}),
        ("val_loss: 0.5", None, {"val_loss": 0.5}),
        ("  step=3 val_loss=0.5\r", 3, {"val_loss": 0.5}),
        ("step: 3, val_loss: .5, train_loss: 4e-1", 3, {"val_loss": 0.5, "train_loss": 0.4}),
        ("epoch=2 | val_loss = 1.5 | lr = 1e-3", None, {"epoch": 2, "val_loss": 1.5, "lr": 0.001}),
        ("val_loss=-inf", None, {"val_loss": -math.inf}),
    ],
)
def test_a_line_of_nothing_but_pairs_with_the_objective_is_a_report(line, step, metrics):
    found = read(line)
    assert (found.step, found.metrics, found.json) == (step, metrics, False)


def test_pairs_say_how_many_steps_there_are_and_nan():
    assert read("steps=20 val_loss=nan").steps == 20
    assert math.isnan(read("val_loss=NaN").metrics["val_loss"])


@pytest.mark.parametrize(
    "line",
    [
        "train_loss=0.5",
        "step=3 train_loss=0.5",
        "best val_loss=0.5",
        "val_loss=0.5 (best)",
        "val_loss=0.5s",
        "val_loss=0.5 val_loss=0.4",
        "val_loss=low",
        "val_loss=0,5",
        "val_loss 0.5",
        "val_loss==0.5",
        "12:30:05 val_loss=0.5",
        "args: val_loss=0.5",
        "2024-01-01 val_loss=1",
        "old_val_loss=0.5",
    ],
)
def test_pairs_among_other_words_are_output(line):
    assert read(line) is None


def test_a_step_that_is_none_is_an_error_among_pairs_too():
    with pytest.raises(StudyError, match=r"step is 1.5; a whole number"):
        read("step=1.5 val_loss=0.5")


@pytest.mark.parametrize(
    ("line", "looks"),
    [("best val_loss=0.5", True), ("{'val_loss': 0.5}", True), ("val_loss is fine", False), ("{}", False)],
)
def test_what_was_meant_as_a_report_is_noticed(line, looks):
    assert looks_like_report(line.encode(), "val_loss") is looks
