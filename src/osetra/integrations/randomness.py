"""Randomness: the global random states of Python, NumPy and, where it is loaded, PyTorch.

As plain values and arrays, which every checkpoint can hold. A training that goes on with them draws
what it would have drawn; generators of one's own are one's own to keep.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np


def random_states() -> dict[str, Any]:
    """Return the states, as a tree that `run.checkpoint` keeps."""
    version, words, gauss = random.getstate()
    states: dict[str, Any] = {
        "python": [version, np.asarray(words, dtype=np.uint32), gauss],
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  # frameworks draw from it
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            states["cuda"] = [state.cpu().numpy() for state in torch.cuda.get_rng_state_all()]
    return states


def set_random_states(states: Mapping[str, Any]) -> None:
    """Set the states that `random_states` returned, of what is loaded here."""
    version, words, gauss = states["python"]
    random.setstate((version, tuple(int(word) for word in words), gauss))
    np.random.set_state(states["numpy"])  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is None or "torch" not in states:
        return
    torch.set_rng_state(torch.from_numpy(states["torch"].copy()))
    if torch.cuda.is_available():
        for device, state in enumerate(states.get("cuda", [])[: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(torch.from_numpy(state.copy()), device)
