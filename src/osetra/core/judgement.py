"""Judgement: what rows that nothing was chosen by can say about a network and a simple model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Comparison: TypeAlias = Literal["better", "worse", "open", "no signal"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the sealed rows can say about a network and the linear model."""

    outcome: Comparison
    p: float
    """Two-sided chance of a difference as large between equally good models."""
    low: float
    high: float
    """95 % interval, by rows, of the network's error share, or of its rmse."""
    guessing: float
    """Error share, or rmse, of always answering the commonest class, or the mean."""
    rows: int
    metric: str = ""
    """What low, high and guessing measure; empty is error, or rmse of a number."""
