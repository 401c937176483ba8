"""Devices: the names by which a person says where to train, checked before PyTorch is loaded."""

from __future__ import annotations

import re

from osetra.errors import DataError

NAMES = "auto, cpu, cuda, cuda:1 … or mps"
_FORM = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


def check_device(name: str) -> str:
    """Return the name of a device, checked in form only.

    Raises:
        DataError: no such name.
    """
    if not _FORM.fullmatch(name):
        raise DataError(f"device {name!r}: choose {NAMES}")
    return name
