"""Devices: where a network is trained: the processor, or a graphics processor where there is one.

What is computed on the processor is bitwise the same each time. On other devices sums are taken in an
order of their own, so that a repetition agrees to within rounding, and chance still comes from the seed.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from osetra.errors import DataError

NAMES = "auto, cpu, cuda, cuda:1 or mps"
_FORM = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
_HELD_BACK = 0.5
"""Share of a device's free memory that data may fill; the rest is for weights and what a step computes."""


def check_device(name: str) -> str:
    """Return a name of a device, checked in form only.

    Raises:
        DataError: no such name.
    """
    if not _FORM.fullmatch(name):
        raise DataError(f"device {name!r}: choose {NAMES}")
    return name


def chosen_device(name: str) -> str:
    """Return the device that a name means on this machine: auto is the first that computes fast.

    Raises:
        DataError: no such name, or no such device here.
    """
    check_device(name)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if count else "mps" if torch.backends.mps.is_available() else "cpu"
    if name == "mps" and not torch.backends.mps.is_available():
        raise DataError("device 'mps': this machine has no Apple GPU that PyTorch can use; use auto or cpu")
    if name.startswith("cuda"):
        number = int(name.partition(":")[2] or 0)
        if not count:
            why = "was built without CUDA" if torch.version.cuda is None else "finds no GPU here"
            raise DataError(f"device {name!r}: this PyTorch ({torch.__version__}) {why}; use auto or cpu")
        if number >= count:
            raise DataError(f"device {name!r}: this machine has {count} GPU{'s' if count > 1 else ''}, "
                            f"cuda:0 … cuda:{count - 1}")  # fmt: skip
    return name


def random_devices(device: str) -> list[int]:
    """Return the GPUs whose generators a training on a device uses."""
    where = torch.device(device)
    if where.type != "cuda":
        return []
    return [torch.cuda.current_device() if where.index is None else where.index]


def device_state(where: torch.device) -> Tensor | None:
    """Return the state of a GPU's generator; None on the processor."""
    return torch.cuda.get_rng_state(where) if where.type == "cuda" else None


def set_device_state(where: torch.device, state: Tensor | None) -> None:
    """Give a GPU's generator the state that a checkpoint holds."""
    if state is not None and where.type == "cuda":
        torch.cuda.set_rng_state(state, where)


def fits(tensors: tuple[Tensor, ...], where: torch.device) -> bool:
    """Whether data fits on a device, with room for the rest."""
    if where.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(where)
    # Twice: a shuffled copy is made of it at every epoch.
    return 2 * sum(each.numel() * each.element_size() for each in tensors) < _HELD_BACK * free
