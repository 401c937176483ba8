"""Kept: the network of each trial beside its study, so that nothing is trained twice for the final model.

A training is a function of its task, its configuration and its seed, so that these name its file. Only what
they say alone is kept: a training that a person steered is none of theirs. Weights are those of the best
epoch so far, also of a training that was paused or ran out of time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from osetra.core.params import Value

SUFFIX = ".safetensors"
ABOUT = "about"
"""The one entry of a file's metadata."""


@dataclass(frozen=True, slots=True)
class KeptNetwork:
    """What a training left behind."""

    weights: Mapping[str, Tensor]
    epochs: int
    """How many were trained."""
    best_epoch: int
    scores: Mapping[str, float]
    complete: bool
    """Whether the training came to its end."""


def name_of(task: str, config: Mapping[str, Value], seed: int) -> str:
    """Return the name of the file for a training; `task` is whatever else decides what it comes to."""
    what = json.dumps([task, sorted(config.items()), seed], default=str)
    return hashlib.sha256(what.encode()).hexdigest()[:32] + SUFFIX


def keep(file: Path, network: KeptNetwork) -> None:
    """Write a network, whole or not at all; where it cannot be written it is trained again later."""
    about = {
        "epochs": network.epochs,
        "best_epoch": network.best_epoch,
        "scores": dict(network.scores),
        "complete": network.complete,
    }
    part = file.with_suffix(".part")
    with suppress(OSError, SafetensorError):
        file.parent.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.contiguous() for name, tensor in network.weights.items()}
        save_file(weights, part, {ABOUT: json.dumps(about)})
        part.replace(file)


def kept(file: Path) -> KeptNetwork | None:
    """Return what was kept; None where nothing was, or what is there is damaged."""
    try:
        with safe_open(file, framework="pt") as stored:
            about = json.loads(stored.metadata()[ABOUT])
            weights: dict[str, torch.Tensor] = {n: stored.get_tensor(n) for n in stored.keys()}  # noqa: SIM118
        return KeptNetwork(weights=weights, **about)
    except (OSError, SafetensorError, ValueError, TypeError, KeyError):
        return None


def forget(folder: Path) -> None:
    """Delete what was kept in a folder, and the folder."""
    for file in [*folder.glob(f"*{SUFFIX}"), *folder.glob("*.part")]:
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
