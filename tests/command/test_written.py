"""Metrics that a program leaves in files of its own: tables, JSON lines, event files."""

from __future__ import annotations

import base64
import os
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command.programs import curve, make_run
from osetra.command import CommandTraining
from osetra.command.events import TornRecord, masked_crc, read_events
from osetra.command.written import Written
from osetra.errors import StudyError
from osetra.training.execution import execute

# Written by tensorboard 2.21: loss 0.5 and 0.25 at the steps 1 and 2, a histogram, acc as a tensor at 3.
EVENTS = base64.b64decode(
    "SAAAAAAAAAD+kkidCfaEKwRIw9pBGg1icmFpbi5FdmVudDoyUi4KLHRlbnNvcmJvYXJkLnN1bW1hcnkud3JpdGVyLm"
    "V2ZW50X2ZpbGVfd3JpdGVyIwuChhoAAAAAAAAAEpvYLQkAAEBA/FTZQRABKg0KCwoEbG9zcxUAAAA/l9Z0BBoAAAAA"
    "AAAAEpvYLQkAAIBA/FTZQRACKg0KCwoEbG9zcxUAAIA+2JeQ7CYAAAAAAAAAc0/jAAkAAIBA/FTZQRACKhkKFwoBaC"
    "oSEQAAAAAAAPA/GQAAAAAAAPA/rLNkAB4AAAAAAAAA2dwSMgkAAMBA/FTZQRADKhEKDwoDYWNjQggIASoEAABAP0Ed"
    "aa0="
)
EVENT_SCALARS = [(1, "loss", 0.5), (2, "loss", 0.25), (3, "acc", 0.75)]


def written(folder: Path, path: str, metric: str = "val_loss") -> Written:
    return Written.of([path], str(folder), metric)


def record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def event(step: int, tag: str, value: float) -> bytes:
    """A record as writers of event files make it, for steps below 128 and short tags."""
    name = tag.encode()
    one = b"\x0a" + bytes([len(name)]) + name + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(one)]) + one
    return record(
        b"\x09" + struct.pack("<d", 1.0) + b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary
    )


def test_the_checksum_is_that_of_the_standard() -> None:
    # RFC 3720, B.4: CRC-32C of 32 zero bytes is 0x8A9136AA; then rotated and shifted.
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def test_a_file_of_tensorboard_is_read() -> None:
    found, size = read_events(EVENTS)
    assert [(s.step, s.tag, s.value) for s in found] == EVENT_SCALARS and size == len(EVENTS)


@given(at=st.integers(0, len(EVENTS)))
def test_a_file_that_is_still_written_is_read_as_far_as_it_is_whole(at: int) -> None:
    first, size = read_events(EVENTS[:at])
    rest, _ = read_events(EVENTS[size:])
    assert [tuple(s) for s in first + rest] == EVENT_SCALARS


@given(at=st.integers(0, len(EVENTS) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_makes_another_number(at: int, bit: int) -> None:
    data = bytearray(EVENTS)
    data[at] ^= 1 << bit
    try:
        found, _ = read_events(bytes(data))
    except TornRecord:
        return
    assert [tuple(s) for s in found] == EVENT_SCALARS[: len(found)]


@given(data=st.binary(max_size=60), rows=st.lists(st.binary(max_size=40), max_size=3))
def test_any_bytes_are_read_or_refused(data: bytes, rows: list[bytes]) -> None:
    for garbage in (data, b"".join(map(record, rows)) + data):
        try:
            read_events(garbage)
        except TornRecord as error:
            assert "byte" in str(error)


def test_a_table_is_read_as_it_grows(tmp_path: Path) -> None:
    table, seen = tmp_path / "m.csv", []
    source = written(tmp_path, "m.csv")
    assert source.new() == []
    for text in ("epoch,train_loss,val_loss\n", "0,0.9,0.8\n", "1,0.7", ",0.6\n2,0.5,\n", ",,0.4\n3,0.3,nan"):
        with table.open("a") as file:
            file.write(text)
        seen += source.new()
    seen += source.new(last=True)
    assert [(step, found.get("val_loss")) for step, found in seen][:2] == [(0, 0.8), (1, 0.6)]
    assert seen[2] == (2, {"train_loss": 0.5, "val_loss": 0.4}) or seen[2][1]["train_loss"] == 0.5
    assert seen[-1][0] == 3 and seen[-1][1]["val_loss"] != seen[-1][1]["val_loss"]


def test_a_table_that_is_written_anew_after_each_step_is_read_once(tmp_path: Path) -> None:
    rows, seen = ["loss;val_loss"], []
    source = written(tmp_path, "m.csv")
    for step in range(4):
        rows.append(f"{step};{step / 10}")
        (tmp_path / "m.csv").write_text("\n".join(rows) + "\n")
        seen += source.new()
    assert [(step, found["val_loss"]) for step, found in seen] == [(1, 0.0), (2, 0.1), (3, 0.2), (4, 0.3)]


@pytest.mark.parametrize("again", ["appended", "written anew", "the same"])
def test_what_stood_there_before_is_another_trainings(tmp_path: Path, again: str) -> None:
    table, old = tmp_path / "m.csv", "step,val_loss\n1,9\n2,8\n"
    table.write_text(old)
    os.utime(table, (1, 1))
    source = written(tmp_path, "m.csv")
    assert source.new() == []
    if again == "appended":
        with table.open("a") as file:
            file.write("1,0.5\n")
        assert source.new(last=True) == [(1, {"val_loss": 0.5})]
    elif again == "written anew":
        table.write_text("step,val_loss\n1,0.5\n")
        assert source.new(last=True) == [(1, {"val_loss": 0.5})]
    else:
        table.write_text(old)
        assert source.new(last=True) == [(1, {"val_loss": 9.0}), (2, {"val_loss": 8.0})]


def test_json_lines_in_a_file_are_reports(tmp_path: Path) -> None:
    source = written(tmp_path, "m.jsonl")
    (tmp_path / "m.jsonl").write_text('{"step": 1, "val_loss": 0.5}\nwords\n{"step": 2, "val_loss": 0.25}')
    assert source.new() == [(1, {"val_loss": 0.5})]
    assert source.new(last=True) == [(2, {"val_loss": 0.25})]


def test_event_files_are_followed_by_folder(tmp_path: Path) -> None:
    for part in ("train", "validation", "old"):
        (tmp_path / "runs" / part).mkdir(parents=True)
    (tmp_path / "runs/old/events.out.tfevents.1").write_bytes(event(1, "epoch_loss", 7.0))
    source = written(tmp_path, "runs", "validation/epoch_loss")
    train, held = (tmp_path / "runs" / part / "events.out.tfevents.2" for part in ("train", "validation"))
    train.write_bytes(event(1, "epoch_loss", 0.5) + event(2, "epoch_loss", 0.25))
    assert source.new() == []
    held.write_bytes(event(1, "epoch_loss", 0.75)[:-3])
    assert source.new() == []
    held.write_bytes(event(1, "epoch_loss", 0.75))
    assert source.new() == [(1, {"train/epoch_loss": 0.5, "validation/epoch_loss": 0.75})]
    assert source.new(last=True) == [(2, {"train/epoch_loss": 0.25})]


WRITER = """
import sys
for step in range(1, 4):
    with open(sys.argv[1], "a") as file:
        file.write("step,val_loss\\n" * (step == 1) + f"{step},{1 / step}\\n")
"""


def test_a_program_that_prints_nothing_is_heard_by_its_table(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(WRITER)
    argv = (sys.executable, "fit.py", "trial-{trial}.csv")
    run = make_run(tmp_path)
    ending = execute(CommandTraining(argv, str(tmp_path), str(tmp_path), reports=("trial-{trial}.csv",)), run)
    assert ending.outcome == "finished" and ending.value == pytest.approx(1 / 3)
    assert curve(run) == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("m.csv", None, "m.csv was never written"),
        ("m.csv", "step,loss\n1,2\n", "m.csv has step, loss. Did you mean 'loss'?"),
        ("m.csv", "step,val_loss\n1,\n", "m.csv has step, val_loss"),
        ("runs", None, "no new event file with a scalar is below"),
        ("m.txt", "hello", "a .csv or .jsonl file is read"),
        ("m.csv", b"step,val_loss\n1,\x002\n", ""),
        ("m.jsonl", '{"val_loss": 1\n', "is no JSON object"),
        ("m.jsonl", '{"val_loss": "low"}\n', "a metric is one number"),
    ],
)
def test_a_training_that_leaves_no_metric_is_told_what_is_there(
    tmp_path: Path, path, content, sentence
) -> None:
    code = f"open({path!r}, 'wb').write({content.encode() if isinstance(content, str) else content!r})"
    if path == "m.txt":
        (tmp_path / path).write_text("there")
    argv = (sys.executable, "-c", ("pass" if content is None else code).replace("{", "{{").replace("}", "}}"))
    ending = execute(CommandTraining(argv, str(tmp_path), str(tmp_path), reports=(path,)), make_run(tmp_path))
    if sentence:
        assert ending.outcome == "failed" and sentence in ending.reason
    else:
        assert ending.outcome in ("failed", "finished")


def test_a_damaged_event_file_is_named(tmp_path: Path) -> None:
    source = written(tmp_path, ".")
    (tmp_path / "events.out.tfevents.1").write_bytes(b"no events at all")
    with pytest.raises(StudyError, match="is no file of events"):
        source.new()
