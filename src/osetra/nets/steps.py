"""Steps: sequences as a network takes them: channels scaled by the training part, ends known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import Codes
from osetra.data.series import Sequences, SeriesRecipe


@dataclass(frozen=True, slots=True)
class Steps:
    """How sequences are read, and the scaling of each channel: (value - shift) / scale."""

    recipe: SeriesRecipe
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    longest: int
    """Steps of the longest sequence of the training part."""


def fit_steps(sequences: Sequences, scale_of: Callable[[NDArray[np.float64]], tuple[float, float]]) -> Steps:
    """Return the scaling of each channel, from the steps that there are."""
    inside = np.arange(sequences.values.shape[2]) < sequences.lengths[:, None]
    fitted = []
    for channel in range(sequences.values.shape[1]):
        values = sequences.values[:, channel][inside].astype(np.float64)
        known = values[~np.isnan(values)]
        fitted.append(scale_of(known) if len(known) else (0.0, 1.0))
    shift, scale = zip(*fitted, strict=True)
    return Steps(sequences.recipe, shift, scale, int(sequences.lengths.max()))


def apply_steps(steps: Steps, sequences: Sequences) -> tuple[NDArray[np.float32], Codes]:
    """Return scaled values (n, c, T), 0 behind the ends and for what is missing, and lengths (n, 1)."""
    shift, scale = (np.array(each, dtype=np.float64)[:, None] for each in (steps.shift, steps.scale))
    values = (sequences.values - shift) / scale
    values[np.isnan(values)] = 0.0
    values *= np.arange(values.shape[2]) < sequences.lengths[:, None, None]
    return values.astype(np.float32), sequences.lengths[:, None]


def steps_to_json(steps: Steps) -> dict[str, Any]:
    """Return the state as plain JSON values."""
    return {
        "recipe": {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(steps.recipe).items()},
        "shift": list(steps.shift),
        "scale": list(steps.scale),
        "longest": steps.longest,
    }


def steps_from_json(state: Mapping[str, Any]) -> Steps:
    """Return what `steps_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not.
    """
    recipe = state["recipe"]
    channels = tuple(map(str, recipe["channels"]))
    levels = tuple(None if level is None else str(level) for level in recipe["levels"])
    shift, scale = (tuple(map(float, state[name])) for name in ("shift", "scale"))
    merged, longest = int(recipe["merged"]), int(state["longest"])
    if not len(channels) == len(shift) == len(scale) or merged < 1 or longest < 1 or 0.0 in scale:
        raise ValueError("sequences whose channels and scaling do not fit each other")
    made = SeriesRecipe(channels, levels, str(recipe["series"]), str(recipe["time"]), merged)
    return Steps(made, shift, scale, longest)
