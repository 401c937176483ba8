"""Rows 18, 33, 34: searches and checkpoints after sudden deaths, damage and full disks."""

import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

import osetra as ose
from executors.test_processes import until
from faults import KILLS
from osetra.core.facts import Checkpointed
from osetra.errors import CheckpointError
from osetra.training.checkpoints import intact, read, write

SPACE = ose.Space(lr=ose.Float(1e-4, 0.5, scale="log"), units=ose.Int(8, 64))


def value(config):
    return (np.log10(config["lr"]) + 2) ** 2 + config["units"] / 100


def searched(url, searcher, trials, deadly=0):
    """Run a search in this process; the deadly trial kills it at its first attempt."""

    def train(run):
        if run.trial == deadly and run.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        for step in run.steps(2):
            run.report(loss=value(run.config) + 1 / step)
        return value(run.config)

    study = ose.Study(url, SPACE, minimize="loss", searcher=searcher, scheduler="full", seed=3)
    study.run(train, trials=trials)
    found = [(trial.config, trial.seed, trial.value) for trial in study.trials]
    study.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("searcher", ["random", "sobol", "tpe", "cmaes"])
def test_row_33_a_search_that_died_at_any_trial_goes_on_as_if_it_had_not(tmp_path, searcher):
    trials = max(8, KILLS // 2)
    expected = searched(tmp_path / "whole.db", searcher, trials)
    for deadly in range(1, trials + 1):
        url = tmp_path / f"{deadly}.db"
        child = os.fork()
        if child == 0:
            searched(url, searcher, trials, deadly)
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        before = {trial.number for trial in ose.Study(url).history.finished}
        assert before == set(range(1, deadly))
        assert searched(url, searcher, trials) == expected
        study = ose.Study(url)
        assert [len(trial.attempts) for trial in study.trials] == [
            2 if trial.number == deadly else 1 for trial in study.trials
        ]


@pytest.mark.slow
def test_row_34_a_kill_during_a_save_leaves_whole_checkpoints_only(tmp_path):
    rng = random.Random(34)
    for turn in range(KILLS):
        folder = tmp_path / str(turn)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            for step in range(10_000):
                written = write(folder, f"step-{step}", {"step": step, "w": np.full(50_000, step, float)})
                os.write(writer, f"{written.file} {written.size} {written.sha256} {step}\n".encode())
        os.close(writer)
        assert until(folder.exists)
        time.sleep(rng.uniform(0.0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reader) as lines:
            told = [line.split() for line in lines if line.endswith("\n")]
        for file, size, sha256, step in told:
            assert intact(folder, Checkpointed(1, 1, 0, int(step), file, int(size), sha256))
            assert read(folder / file, sha256)["step"] == int(step)
        # What has its final name is whole, even when nobody was told of it.
        for path in folder.glob("*.npz"):
            with np.load(path, allow_pickle=False) as arrays:
                assert {array.size for array in arrays.values()}
        assert len(list(folder.glob("*.npz"))) <= len(told) + 1


def test_row_34_a_flipped_byte_is_always_noticed(tmp_path):
    rng = random.Random(35)
    written = write(tmp_path, "one", {"w": np.arange(300.0), "text": "état"})
    path, whole = tmp_path / written.file, (tmp_path / written.file).read_bytes()
    point = Checkpointed(1, 1, 0, 1, written.file, written.size, written.sha256)
    for _ in range(200):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        assert not intact(tmp_path, point)
        with pytest.raises(CheckpointError, match="SHA-256 differs"):
            read(path, written.sha256)
    path.write_bytes(whole)
    assert intact(tmp_path, point)


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 24 MB: room for the log before its first checkpoint."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(1, max(5, KILLS // 4)))
def test_row_18_a_disk_that_fills_up_pauses_a_study_and_its_checkpoints(small_disk, step, caplog):
    """Log and checkpoints share the disk; something else fills it, and goes away after a while."""
    filler = small_disk / "filler"

    def make_room():
        until(lambda: "no space left" in caplog.text or "cannot be written" in caplog.text, 20)
        time.sleep(0.3)
        filler.unlink()

    helper = threading.Thread(target=make_room)

    def train(run):
        x = (run.restore() or {"x": 1.0})["x"]
        for now in run.steps(5):
            x /= 2
            if run.trial == 2 and now == 1 + step % 5 and not helper.ident:
                with filler.open("wb", buffering=0) as file, suppress(OSError):
                    for size in (65536, 4096, 512, 1):
                        with suppress(OSError):
                            while file.write(b"x" * size) == size:
                                pass
                helper.start()
            run.report(loss=x, **{f"metric {i}": x for i in range(10 * step)})
            run.checkpoint(lambda: {"x": x, "w": np.zeros(2000)})
        return x

    study = ose.Study(small_disk / "s.db", SPACE, minimize="loss", searcher="random", scheduler="full")
    study.run(train, trials=4, checkpoints=ose.Checkpoints(every=0))
    helper.join()
    assert [trial.state for trial in study.trials] == ["finished"] * 4
    assert all(study.curve(n, "loss")[1] == [0.5**k for k in range(1, 6)] for n in range(1, 5))
    study.close()
