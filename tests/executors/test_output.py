"""The output of trainings: bounded, with both its ends, and dropped where there is no room."""

import os
import threading

from hypothesis import given
from hypothesis import strategies as st

from osetra.executors import output as module
from osetra.executors.output import HEAD, LIMIT, TAIL, SlotLog, TrainingOutput


def test_short_output_is_kept_whole(tmp_path):
    log = SlotLog(tmp_path / "x.log")
    log.write(b"one\n")
    log.begin()
    log.write(b"two\n")
    assert log.path.read_bytes() == b"one\ntwo\n"
    assert log.last == b"two\n"


def test_of_a_hundred_megabytes_the_beginning_and_the_end_stay(tmp_path):
    log = SlotLog(tmp_path / "x.log")
    log.write(b"the trial before\n")
    log.begin()
    log.write(b"it begins\n")
    block, written = b"." * 65536, 10
    for _ in range(1600):
        log.write(block)
        written += len(block)
        assert log.path.stat().st_size <= LIMIT
    log.write(b"\nit ends\n")
    data = log.path.read_bytes()
    assert data.startswith(b"the trial before\nit begins\n") and data.endswith(b"it ends\n")
    assert data.count(b"bytes left out") == 1
    left_out = int(data.partition(b"[... ")[2].partition(b" ")[0])
    gap = b"\n[... %d bytes left out ...]\n" % left_out
    assert len(data) - len(gap) + left_out == len(b"the trial before\n") + written + len(b"\nit ends\n")
    assert gap in data


@given(st.lists(st.integers(1, 4000), max_size=60))
def test_any_output_keeps_its_ends(tmp_path_factory, sizes):
    names = ("LIMIT", "HEAD", "TAIL")
    before = [getattr(module, name) for name in names]
    for name, value in zip(names, (10_000, 1250, 2500), strict=True):
        setattr(module, name, value)
    try:
        log, data = SlotLog(tmp_path_factory.mktemp("log") / "x.log"), b""
        for number, size in enumerate(sizes):
            piece = (b"%d," % number) * size
            data += piece[:size]
            log.write(piece[:size])
        kept = log.path.read_bytes()
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(module, name, value)
    assert len(kept) <= 10_000 + 4000
    assert kept[:1250] == data[:1250] and kept.endswith(data[-2500:])


def test_the_trials_before_make_room_for_the_present_one(tmp_path):
    log = SlotLog(tmp_path / "x.log")
    log.write(b"a" * (LIMIT - 10))
    log.begin()
    log.write(b"b" * 1000)
    data = log.path.read_bytes()
    assert data == b"a" * TAIL + b"b" * 1000 and HEAD > 1000


def test_a_full_disk_costs_the_log_and_nothing_else(tmp_path):
    reader, writer = os.pipe()
    output = TrainingOutput(reader, SlotLog(tmp_path / "x.log"))
    os.dup2(os.open("/dev/full", os.O_WRONLY), output.log._file)
    for _ in range(200):
        os.write(writer, b"." * 65536)  # a training that prints never waits for the disk
    os.write(writer, b"the end")
    os.close(writer)
    output.finish(20.0)
    assert output.last.endswith(".....the end")


def test_a_folder_that_cannot_be_written_costs_no_training(tmp_path):
    (tmp_path / "file").write_text("")
    log = SlotLog(tmp_path / "file" / "x.log")
    log.write(b"x" * 10_000_000)
    assert len(log.last) == module.LAST


def test_others_may_append_to_the_file_meanwhile(tmp_path):
    log = SlotLog(tmp_path / "x.log")
    with log.path.open("ab", buffering=0) as other:
        stop = threading.Event()

        def append():
            while not stop.is_set():
                other.write(b"o\n")

        thread = threading.Thread(target=append)
        thread.start()
        for _ in range(300):
            log.write(b"." * 20_000)
        stop.set()
        thread.join()
    log.write(b"end")
    assert log.path.stat().st_size < 2 * LIMIT and log.path.read_bytes().endswith(b"end")
