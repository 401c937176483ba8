"""Devices: which GPU each worker slot gets, by the environment of its training process.

A program that sees one device through CUDA_VISIBLE_DEVICES calls it cuda:0, so training code need
not know of slots (CUDA C++ Programming Guide, "CUDA Environment Variables").
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from osetra.errors import StudyError

VISIBLE = "CUDA_VISIBLE_DEVICES"


def choose(gpus: str | Sequence[int | str], environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the devices that `gpus` names, as CUDA_VISIBLE_DEVICES names them.

    Args:
        gpus: "all", "0,1", [0, 1], or names of devices or of parts of them, such as "GPU-8f6a…" and
            "MIG-8f6a…". Numbers count in the CUDA_VISIBLE_DEVICES of the environment where there is
            one, as under SLURM, and as nvidia-smi does elsewhere.
        environment: where CUDA_VISIBLE_DEVICES is looked up.

    Raises:
        StudyError: no device where "all" were asked for, a number beyond those given to this program,
            or a device twice.
    """
    words = [str(gpu).strip() for gpu in (gpus.split(",") if isinstance(gpus, str) else gpus)]
    words = [word for word in words if word]
    given = _given(environment)
    if words == ["all"]:
        found = _installed() if given is None else given
        if not found:
            why = "nvidia-smi lists none" if given is None else f"{VISIBLE} is empty"
            raise StudyError(f"gpus=all: there is no GPU here ({why}); leave gpus out to train on the CPU")
        return tuple(found)
    devices = [_device(word, given) for word in words]
    double = next(
        (word for word, device in zip(words, devices, strict=True) if devices.count(device) > 1), ""
    )
    if double:
        raise StudyError(f"gpus: {double} is named twice; for two trainings on one device use more slots")
    return tuple(devices)


def environment_of(gpu: str) -> dict[str, str]:
    """Return what the environment of a training on a device needs; nothing when none was chosen."""
    if not gpu:
        return {}
    # CUDA by itself puts the fastest device first, nvidia-smi and the person count by bus.
    order = {} if VISIBLE in os.environ else {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    return {**order, VISIBLE: gpu}


def _given(environment: Mapping[str, str]) -> list[str] | None:
    """Return the devices that this program was given; None when it may see all."""
    if VISIBLE not in environment:
        return None
    words = [word.strip() for word in environment[VISIBLE].split(",")]
    return [word for word in words if word and word != "-1"]


def _device(word: str, given: list[str] | None) -> str:
    if not word.isdecimal():
        if word.startswith(("GPU-", "MIG-")):
            return word
        raise StudyError(
            f"gpus: {word!r} names no device; write numbers such as 0,1, names that nvidia-smi -L lists "
            "(GPU-…, MIG-…), or all"
        )
    if given is None:
        return str(int(word))
    if int(word) >= len(given):
        last = f"0 to {len(given) - 1}" if given else "no device at all"
        raise StudyError(
            f"gpus: there is no device {word}; {VISIBLE}={','.join(given)} gives this program {last}, "
            "and numbers count in that list"
        )
    return given[int(word)]


def _installed() -> list[str]:
    """Return the numbers of the devices that nvidia-smi lists."""
    with suppress(OSError, subprocess.SubprocessError):
        command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
        listing = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
        return [line.strip() for line in listing.stdout.splitlines() if line.strip().isdecimal()]
    return []
