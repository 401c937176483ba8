"""Checkpoints on disk: exact, whole or refused, never code."""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from osetra.core.facts import Checkpointed, Claimed, Ordered
from osetra.core.lineage import best_of
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.retention import needed
from osetra.core.space import Space
from osetra.errors import CheckpointError
from osetra.testing.histories import WORKER, Log
from osetra.training.checkpoints import clean, intact, read, write

PROBLEM = Problem(Space(lr=Float(0.001, 1, scale="log")), Objective(metric="val_loss"))

_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=40))
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def same(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return (math.isnan(one) and math.isnan(two)) or struct.pack("d", one) == struct.pack("d", two)
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two


@given(_TREES)
@settings(max_examples=150)
def test_what_is_read_is_what_was_written(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("kept")
    written = write(folder, "one", {"it": tree})
    assert same(read(folder / written.file, written.sha256), {"it": tree})


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "?", "c8", ">f4", "f2"])
def test_arrays_keep_every_bit_their_type_and_shape(tmp_path, dtype):
    rng = np.random.default_rng(0)
    for shape in ((), (0,), (3,), (2, 0, 3), (4, 5)):
        array = np.array(rng.normal(size=shape) * 3).astype(dtype)
        written = write(tmp_path, "a", [array, array.T])
        back = read(tmp_path / written.file, written.sha256)
        assert back[0].dtype == array.dtype and back[0].shape == array.shape
        assert back[0].tobytes() == array.tobytes()
        assert back[1].shape == array.T.shape


class Foreign:
    """An array of another library, as NumPy knows them."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values)


def test_arrays_of_other_libraries_come_back_as_numpys(tmp_path):
    tree = {"state": (Foreign([1.5, 2.0]), [Foreign(3)])}
    written = write(tmp_path, "one", tree)
    array, (number,) = read(tmp_path / written.file, written.sha256)["state"]
    assert array.tolist() == [1.5, 2.0] and number.shape == () and number == 3
    for strange in (Foreign(["a"]), Foreign([object()])):
        with pytest.raises(CheckpointError, match="Foreign, which no checkpoint keeps"):
            write(tmp_path, "two", {"state": strange})


@pytest.mark.parametrize(
    ("tree", "named"),
    [
        ({"model": object()}, "checkpoint['model'] is a builtins.object"),
        ([1, {2, 3}], "checkpoint[1] is a builtins.set"),
        ({1: "a"}, "the key 1 is no text"),
        (np.array([object()]), "numpy.ndarray"),
        ({"f": print}, "builtin_function"),
    ],
)
def test_what_cannot_be_kept_is_named(tmp_path, tree, named):
    with pytest.raises(CheckpointError) as error:
        write(tmp_path, "one", tree)
    assert named in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_torn_or_foreign_file_is_refused(tmp_path):
    written = write(tmp_path, "one", {"weights": np.arange(100.0)})
    path = tmp_path / written.file
    whole = path.read_bytes()
    for cut in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(CheckpointError, match="SHA-256"):
            read(path, written.sha256)
    path.unlink()
    with pytest.raises(CheckpointError, match="No such file"):
        read(path, written.sha256)


def test_a_pickle_inside_never_runs(tmp_path):
    ran = tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return (ran.write_text, ("boom",))

    data = io.BytesIO()
    np.savez(data, tree=np.array([Bomb()], dtype=object), allow_pickle=True)
    import hashlib

    for evil in (data.getvalue(), pickle.dumps(Bomb()), _zip({"tree.npy": pickle.dumps(Bomb())})):
        path = tmp_path / "evil.npz"
        path.write_bytes(evil)
        with pytest.raises(CheckpointError, match="no checkpoint of osetra"):
            read(path, hashlib.sha256(evil).hexdigest())
    assert not ran.exists()


def _zip(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_the_quota_is_kept_and_named(tmp_path):
    write(tmp_path, "one", np.zeros(1000))
    with pytest.raises(CheckpointError, match=r"the limit is 0.01 MB; raise study.run"):
        write(tmp_path, "two", np.zeros(1000), quota=10_000)
    assert [p.name for p in tmp_path.iterdir()] == ["one.npz"]


def test_only_what_somebody_may_need_stays(tmp_path):
    log = Log(PROBLEM)
    trial = log.start()
    points = []
    for step, value in enumerate([0.9, 0.2, 0.5, 0.4, 0.6], 1):
        written = write(tmp_path, f"t{step}", {"step": step})
        points.append(Checkpointed(trial, 1, 0, step, written.file, written.size, written.sha256, value))
    log.write(*points)
    assert best_of(points, 1.0) == [points[1]] and best_of(points, -1.0) == [points[0]]
    assert needed(log.history, 1.0) == {"t5.npz", "t4.npz", "t2.npz"}
    assert clean(tmp_path, log.history, 1.0) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t2.npz", "t4.npz", "t5.npz"]
    assert intact(tmp_path, points[1]) and not intact(tmp_path, points[0])
    log.write(Ordered(trial, 1, "rollback", {"step": 4}))
    assert "t4.npz" in needed(log.history, 1.0)
    log.end(trial, "finished", 0.2)
    assert needed(log.history, 1.0) == {"t2.npz"}


def test_files_that_the_log_does_not_know_are_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    log = Log(PROBLEM)
    log.write(Claimed(log.queue(), 1, WORKER))
    assert clean(tmp_path, log.history, 1.0) == 0
    assert (tmp_path / "mine.txt").exists()


def test_a_checkpoint_that_cannot_be_kept_says_so_once_per_study(tmp_path, caplog):
    import osetra as ose

    def train(run):
        for step in run.steps(4):
            run.report(loss=1.0 / step)
            run.checkpoint(lambda: {"x": np.zeros(2000)})

    study = ose.Study(tmp_path / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", scheduler="full")
    study.run(train, trials=3, progress=False, checkpoints=ose.Checkpoints(every=0, quota=1000))
    study.close()
    assert [trial.state for trial in study.trials] == ["finished"] * 3
    assert sum("trainings cannot be paused until then" in record.message for record in caplog.records) == 1
