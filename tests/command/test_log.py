"""Logs keep the head and the tail of any amount of output."""

from hypothesis import given
from hypothesis import strategies as st

from osetra.command import log as module
from osetra.command.log import OutputLog


def test_short_output_is_kept_whole(tmp_path):
    log = OutputLog(tmp_path / "new" / "x.log", limit=100)
    log.write(b"one\n")
    log.write(b"two\n")
    log.close()
    assert log.path.read_bytes() == b"one\ntwo\n"


def test_long_output_keeps_head_and_tail_and_says_what_is_missing(tmp_path):
    log = OutputLog(tmp_path / "x.log", limit=20)
    log.write(b"0123456789" + b"." * 1000 + b"abcdefghij")
    log.close()
    assert log.path.read_bytes() == b"0123456789\n[... 1000 bytes left out ...]\nabcdefghij"


def test_the_file_stays_small_while_output_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0.0)
    log = OutputLog(tmp_path / "x.log", limit=1000)
    for number in range(300):
        log.write(b"%6d " % number * 20)
        assert log.path.stat().st_size <= 1100
        assert len(log._tail) <= 1200
        assert log.path.read_bytes().endswith(b"%6d " % number)
    log.close()


@given(st.lists(st.binary(max_size=50), max_size=30))
def test_any_output_ends_in_its_last_bytes(tmp_path_factory, chunks):
    log = OutputLog(tmp_path_factory.mktemp("log") / "x.log", limit=40)
    for chunk in chunks:
        log.write(chunk)
    log.close()
    data, kept = b"".join(chunks), log.path.read_bytes()
    assert kept[:20] == data[:20]
    assert kept.endswith(data[-20:])
    assert kept == data or len(data) > 40


def test_a_folder_that_cannot_be_written_costs_no_training(tmp_path):
    (tmp_path / "file").write_text("")
    log = OutputLog(tmp_path / "file" / "x.log")
    log.write(b"x" * 10_000_000)
    log.close()
