"""Checkpoints: the state of a training on disk, whole or not there at all, and never code.

A checkpoint is one file: a zip of NumPy arrays and a JSON tree that says where each belongs. Reading
it runs nothing: no pickle is written or accepted. Files are written under another name, forced to
the disk and renamed, and the log remembers their SHA-256, so that a torn or foreign file is
recognised before anything of it is used.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from osetra.core.facts import Checkpointed
from osetra.core.history import History
from osetra.core.lineage import checkpoints, here
from osetra.core.trial import ENDED, Trial
from osetra.errors import CheckpointError

Tree = Any
"""None, bool, int, float, str, bytes and arrays, in lists and dicts with text keys, nested at will."""

KEPT = 2
"""How many of the latest checkpoints of an unfinished trial are kept beside its best one."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checkpoint that is safely on disk."""

    file: str
    size: int
    sha256: str


def write(folder: Path, name: str, tree: Tree, *, quota: float = math.inf) -> Written:
    """Write a tree as folder/name.npz.

    Raises:
        CheckpointError: something in the tree cannot be kept, the quota is reached or the disk is full.
    """
    data = _packed(tree)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        used = sum(entry.stat().st_size for entry in os.scandir(folder))
        if used + len(data) > quota:
            raise CheckpointError(
                f"{folder}: the checkpoints would take {(used + len(data)) / 1e6:.3g} MB, the limit is "
                f"{quota / 1e6:.3g} MB; raise study.run(checkpoints=Checkpoints(quota=...)) or delete some"
            )
        path = folder / f"{name}.npz"
        rough = folder / f".{name}.{os.getpid()}.part"
        with rough.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rough.replace(path)
        _sync(folder)
    except OSError as error:
        raise CheckpointError(f"{folder}: the checkpoint cannot be written: {error.strerror}") from None
    return Written(path.name, len(data), hashlib.sha256(data).hexdigest())


def read(path: Path, sha256: str) -> Tree:
    """Return the tree of a checkpoint.

    Raises:
        CheckpointError: the file is missing, torn or another one than the log remembers.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError(f"{path}: torn or not the file that was written (its SHA-256 differs)")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            if any(part.file_size > part.compress_size for part in arrays.zip.infolist()):
                raise ValueError("it is compressed, which ours never are")
            return _unpacked(json.loads(arrays["tree"].tobytes()), arrays)
    except (
        BadZipFile,
        KeyError,
        ValueError,
        AttributeError,
        TypeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise CheckpointError(f"{path}: no checkpoint of osetra ({error})") from None


def intact(folder: Path, point: Checkpointed) -> bool:
    """Whether a checkpoint is on disk as it was written."""
    try:
        data = (folder / Path(point.file).name).read_bytes()
    except (OSError, ValueError):  # a name from somebody else's log may hold anything
        return False
    return len(data) == point.size and hashlib.sha256(data).hexdigest() == point.sha256


def needed(history: History, sign: float) -> set[str]:
    """Return the files that somebody may still go on from.

    Of an unfinished trial the latest two and the best one on its lineage, and those that waiting
    branches and roll-backs name; of ended trials the best one of the best three.
    """
    keep: set[str] = set()
    for number in history.unfinished:
        keep |= _wanted(history, history.trials[number], sign)
    for trial in _top(tuple(chain.from_iterable(history.trials.derived(_top, sign))), sign):
        keep |= {best.file for best in best_of(trial.checkpoints, sign)}
    return keep


def best_of(points: Iterable[Checkpointed], sign: float) -> list[Checkpointed]:
    """Return the checkpoint with the best value, as a list of one or none."""
    valued = [point for point in points if point.value is not None]
    return [min(valued, key=lambda point: sign * (point.value or 0.0))] if valued else []


def clean(folder: Path, history: History, sign: float) -> int:
    """Delete the checkpoints in the log that nobody needs any more; return how many."""
    try:
        present = {entry.name for entry in os.scandir(folder)}
    except FileNotFoundError:
        return 0
    gone = spare(present, history, sign)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    return len(gone)


def spare(present: set[str], history: History, sign: float) -> set[str]:
    """Return the files among some that are in the log and that nobody needs any more."""
    unused = present - needed(history, sign) if present else set()
    if not unused:
        return set()
    # Only now: a long study has had many more checkpoints than there are files.
    kept = (point.file for trial in history.trials.chosen(_keeping) for point in trial.checkpoints)
    return {file for file in kept if file in unused}


def receive(folder: Path, name: str, data: bytes) -> None:
    """Put a checkpoint that came from another machine into the folder, whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rough = folder / f".{name}.{os.getpid()}.part"
    rough.write_bytes(data)
    rough.replace(folder / name)


def _keeping(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.checkpoints]


def _top(trials: Sequence[Trial], sign: float) -> list[Trial]:
    """Return the best three ended trials that have checkpoints."""
    ended = [t for t in trials if t.state in ENDED and t.checkpoints and t.value is not None]
    return sorted(ended, key=lambda t: sign * (t.value or 0.0))[:3]


def _wanted(history: History, trial: Trial, sign: float) -> set[str]:
    way = checkpoints(history.trials, here(trial))
    keep = {point.file for point in (*way[:KEPT], *best_of(way, sign))}
    for order in trial.orders:
        if order.pending and "step" in order.args:
            other = history.trials[order.args.get("trial", trial.number)]
            way = checkpoints(history.trials, here(other))
            keep |= {p.file for p in way if p.step <= order.args["step"]}
    return keep


def _packed(tree: Tree) -> bytes:
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    text = json.dumps(_flat(tree, arrays, "checkpoint"))
    arrays["tree"] = np.frombuffer(text.encode(), dtype=np.uint8)
    data = io.BytesIO()
    np.savez(data, **arrays)  # type: ignore[arg-type]  # newer NumPy has an option beside the names
    return data.getvalue()


def _flat(tree: Tree, arrays: dict[str, np.ndarray[Any, Any]], place: str) -> Any:
    """Return JSON for a tree; arrays and bytes are put aside under a number."""
    if tree is None or isinstance(tree, (bool, int, str)):
        return tree
    if isinstance(tree, float):
        return tree  # json writes NaN and Infinity and reads them back, bit for bit
    if isinstance(tree, Mapping):
        strange = [key for key in tree if not isinstance(key, str)]
        if strange:
            raise CheckpointError(f"{place}: the key {strange[0]!r} is no text; use str({strange[0]!r})")
        return {"d": {key: _flat(value, arrays, f"{place}[{key!r}]") for key, value in tree.items()}}
    if isinstance(tree, (list, tuple)):
        return {"l": [_flat(value, arrays, f"{place}[{i}]") for i, value in enumerate(tree)]}
    name = f"a{len(arrays)}"
    if isinstance(tree, (bytes, bytearray)):
        arrays[name] = np.frombuffer(bytes(tree), dtype=np.uint8)
        return {"b": name}
    if isinstance(tree, (np.ndarray, np.generic)) and tree.dtype.kind in "biufc":
        arrays[name] = np.asarray(tree)
        return {"a": name}
    raise CheckpointError(
        f"{place} is a {type(tree).__module__}.{type(tree).__qualname__}, which no checkpoint keeps; give "
        "numbers, text, bytes, NumPy arrays, lists and dicts (for PyTorch: osetra.nets.state.capture)"
    )


def _unpacked(flat: Any, arrays: Any) -> Tree:
    if not isinstance(flat, dict):
        return flat
    ((kind, content),) = flat.items()
    if kind == "d":
        return {key: _unpacked(value, arrays) for key, value in content.items()}
    if kind == "l":
        return [_unpacked(value, arrays) for value in content]
    return arrays[content].tobytes() if kind == "b" else arrays[content]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
