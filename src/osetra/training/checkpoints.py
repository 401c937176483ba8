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
import logging
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from osetra.core.claim import Checkpoint
from osetra.core.facts import Checkpointed
from osetra.core.history import History
from osetra.core.ports import USUAL, Checkpoints
from osetra.core.retention import spare
from osetra.errors import CheckpointError
from osetra.files import open_private, private_folder, read_regular

log = logging.getLogger("osetra")

SHARE = 20.0
"""A checkpoint that nobody asked for waits until this many times the last one's cost has passed."""

Tree = Any
"""None, bool, int, float, str, bytes and arrays, in lists and dicts with text keys, nested at will.

Tuples come back as lists, and arrays of any library as NumPy's."""


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A checkpoint that is safely on disk."""

    file: str
    size: int
    sha256: str


def write(folder: Path, name: str, tree: Tree, *, quota: float = math.inf) -> CheckpointFile:
    """Write a tree as folder/name.npz.

    Raises:
        CheckpointError: something in the tree cannot be kept, the quota is reached or the disk is full.
    """
    data = _packed(tree)
    try:
        private_folder(folder)
        used = sum(entry.stat().st_size for entry in os.scandir(folder))
        if used + len(data) > quota:
            raise CheckpointError(
                f"{folder}: the checkpoints would take {(used + len(data)) / 1e6:.3g} MB, the limit is "
                f"{quota / 1e6:.3g} MB; raise study.run(checkpoints=Checkpoints(quota=...)) or delete some"
            )
        path = folder / f"{name}.npz"
        rough = folder / f".{name}.{os.getpid()}.part"
        with open_private(rough, anew=True) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rough.replace(path)
        _sync(folder)
    except OSError as error:
        raise CheckpointError(f"{folder}: the checkpoint cannot be written: {error.strerror}") from None
    return CheckpointFile(path.name, len(data), hashlib.sha256(data).hexdigest())


def read(path: Path, sha256: str) -> Tree:
    """Return the tree of a checkpoint.

    Raises:
        CheckpointError: the file is missing, torn or another one than the log remembers.
    """
    try:
        data = read_regular(path)
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
        data = read_regular(folder / Path(point.file).name)
    except (OSError, ValueError):  # a name from somebody else's log may hold anything
        return False
    return len(data) == point.size and hashlib.sha256(data).hexdigest() == point.sha256


def clean(folder: Path, history: History, sign: float) -> int:
    """Delete the checkpoints in the log that nobody needs any more; return how many."""
    try:
        present = {entry.name for entry in os.scandir(folder)}
    except FileNotFoundError:
        return 0
    unneeded = spare(present, history, sign)
    for name in unneeded:
        (folder / name).unlink(missing_ok=True)
    return len(unneeded)


def receive(folder: Path, name: str, data: bytes) -> None:
    """Put a checkpoint that came from another machine into the folder, whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    private_folder(folder)
    rough = folder / f".{name}.{os.getpid()}.part"
    with open_private(rough, anew=True) as file:
        file.write(data)
    rough.replace(folder / name)


_complained: set[Path] = set()
"""Folders of studies that take none at present, which was said."""


@dataclass(slots=True)
class CheckpointWriter:
    """Writes and reads the checkpoints of one attempt.

    Without a folder nothing is ever kept, and trainings run to their end.
    """

    folder: Path | None = None
    start: Checkpoint | None = None
    limits: Checkpoints = USUAL
    refused: str = ""
    """Why the last one could not be kept; empty when it could."""
    _last: float = field(default_factory=time.monotonic)
    _cost: float = 0.0
    _at: int = 0
    _best: float = float("inf")
    _improved: bool = False

    def read_start(self) -> dict[str, Any]:
        """Return what is in the checkpoint that the attempt goes on from.

        Raises:
            CheckpointError: the file was damaged since the attempt began.
        """
        assert self.start is not None
        tree: dict[str, Any] = read(Path(self.start.file), self.start.sha256)
        return tree

    def notice(self, value: float) -> None:
        """Take the objective of a step, to be minimised: a new best one is worth keeping."""
        self._improved = value < self._best
        self._best = min(value, self._best)

    def due(self, step: int, *, wanted: bool) -> bool:
        """Whether to keep one now: somebody waits for it, or enough time has passed."""
        if self.folder is None or step == 0:
            return False
        waited, every = time.monotonic() - self._last, self.limits.every
        if every <= 0:
            return True
        patience = max(SHARE * self._cost, every if self._improved else 2 * every)
        return wanted or waited >= patience

    def keep(self, place: tuple[int, int, int, int], tree: Any, value: float | None) -> Checkpointed | None:
        """Write a checkpoint and return its fact; None when there is no room, which is said once.

        Raises:
            CheckpointError: something in the tree cannot be kept.
        """
        assert self.folder is not None
        trial, attempt, instance, step = place
        begun = time.monotonic()
        name = f"trial-{trial}-attempt-{attempt}-fold-{instance}-step-{step}"
        try:
            file = write(self.folder, name, tree, quota=self.limits.quota)
        except CheckpointError as error:
            if str(self.folder) not in str(error):
                raise  # the training's own mistake
            if self.folder not in _complained:
                _complained.add(self.folder)
                log.warning("%s; trainings cannot be paused until then", error)
            self.refused = str(error)
            return None
        self._last = time.monotonic()
        self._cost, self.refused = self._last - begun, ""
        _complained.discard(self.folder)
        return Checkpointed(*place, file.file, file.size, file.sha256, value)


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
    array = _as_array(tree)
    if array is not None and array.dtype.kind in "biufc":
        arrays[name] = array
        return {"a": name}
    raise CheckpointError(
        f"{place} is a {type(tree).__module__}.{type(tree).__qualname__}, which no checkpoint keeps; give "
        "numbers, text, bytes, arrays, lists and dicts (for PyTorch: osetra.nets.state.capture, for JAX: "
        "osetra.integrations.jax.capture)"
    )


def _as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """Return an array of NumPy or of a library that gives its arrays to NumPy; None for all else."""
    if not hasattr(type(value), "__array__"):
        return None
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None  # one that is on another device, or belongs to a graph


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
