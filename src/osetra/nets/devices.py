"""Devices: where a network is trained: the processor, or a graphics processor where there is one.

What is computed on the processor is bitwise the same each time. On other devices sums are taken in an
order of their own, so that a repetition agrees to within rounding, and chance still comes from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from osetra.errors import DataError

_DATA_SHARE = 0.5
"""Share of a device's free memory that data may fill; the rest is for weights and what a step computes."""
_USED_SHARE = 0.8
"""Share of a device's free memory that trainings side by side may fill."""


def chosen_device(name: str) -> str:
    """Return the device that a name means on this machine: auto is a GPU where there is one.

    Raises:
        DataError: no such device here.
    """
    count = gpus()
    if name == "auto":
        return "cuda" if count else "mps" if torch.backends.mps.is_available() else "cpu"
    if name == "mps" and not torch.backends.mps.is_available():
        raise DataError(
            "device 'mps': this machine has no Apple GPU that PyTorch can use; use device auto or cpu"
        )
    if name.startswith("cuda"):
        if not count:
            built = "was built without CUDA" if torch.version.cuda is None else "finds no GPU here"
            raise DataError(
                f"device {name!r}: PyTorch {torch.__version__} {built}; use device auto or cpu, or install "
                "a PyTorch with CUDA on a machine with a GPU"
            )
        if int(name.partition(":")[2] or 0) >= count:
            there = "one GPU, cuda:0" if count == 1 else f"{count} GPUs, cuda:0 … cuda:{count - 1}"
            raise DataError(f"device {name!r}: this machine has {there}")
    return name


def gpus() -> int:
    """Return how many GPUs PyTorch can use here."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


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


def fits(tensors: Sequence[Tensor], where: torch.device) -> bool:
    """Whether data fits on a device, with room for the rest."""
    if where.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(where)
    # Twice: a shuffled copy is made of it at every epoch.
    return 2 * sum(each.numel() * each.element_size() for each in tensors) < _DATA_SHARE * free


def precision_of(where: torch.device, family: str) -> torch.dtype | None:
    """Return the short numbers that a network is computed with; None where they do not help.

    Convolutions gain by them. The small layers of tables wait for the device anyway.
    """
    if where.type != "cuda" or family != "cnn":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def slots_for(workers: int, devices: int, used: int, free: int) -> int:
    """Return how many trainings run at once: one per GPU, more where their memory allows.

    Args:
        workers: how many a person wants.
        devices: how many GPUs there are; 0 leaves it to the person.
        used: bytes that one training was measured to use, 0 if it was not.
        free: bytes that are free on each.
    """
    if not devices:
        return workers
    packed = max(1, int(_USED_SHARE * free // used)) if used else 1
    return max(devices, min(workers, devices * packed))


def free_memory(device: str) -> int:
    """Return the bytes that are free on a GPU; 0 on the processor."""
    where = torch.device(device)
    return int(torch.cuda.mem_get_info(where)[0]) if where.type == "cuda" else 0


def used_memory(device: str) -> int:
    """Return the most bytes that this process has held on a GPU; 0 on the processor."""
    where = torch.device(device)
    return int(torch.cuda.max_memory_reserved(where)) if where.type == "cuda" else 0
