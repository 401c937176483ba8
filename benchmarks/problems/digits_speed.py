"""A small network on handwritten digits: its error on rows held out, and what one picture costs it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

EPOCHS, BATCH, AGAIN = 5, 32, 60


@lru_cache(1)
def data() -> tuple[Any, Any, Any, Any]:
    """Return training and validation pictures and digits."""
    import torch
    from sklearn.datasets import load_digits

    pictures, digits = load_digits(return_X_y=True)
    x = torch.tensor(pictures / 16 - 0.5, dtype=torch.float32)
    y = torch.tensor(digits)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order[:1200]], y[order[:1200]], x[order[1200:]], y[order[1200:]]


def train(config: Mapping[str, Any], seed: int) -> tuple[float, float]:
    """Return log10 of the error (at least half a picture of the 597) and of the microseconds of one picture.

    Each picture alone, in CPU time, the least of many: other programs can only make it longer.
    """
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, x_val, y_val = data()
    sizes = [64, *[int(config["units"])] * int(config["layers"]), 10]
    parts: list[nn.Module] = []
    for before, after in pairwise(sizes):
        parts += [nn.Linear(before, after), nn.ReLU()]
    net = nn.Sequential(*parts[:-1])
    optimizer = torch.optim.AdamW(net.parameters(), lr=config["lr"], weight_decay=config["decay"])
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(y)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        error = float((net(x_val).argmax(1) != y_val).float().mean())
        one, least = x_val[:1], float("inf")
        for _ in range(AGAIN):
            begun = time.process_time()
            for _ in range(20):
                net(one)
            least = min(least, (time.process_time() - begun) / 20)
    return math.log10(max(error, 0.5 / len(y_val))), math.log10(1e6 * least)
