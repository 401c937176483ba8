"""Words: what a network learns of free text until it reads text itself: which common words are in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_WORDS = 64
RAREST = 0.02
"""Words in a smaller share of the texts say something about few rows only."""
TOKEN = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")


def tokens(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return [found.lower() for found in TOKEN.findall(text)]


def vocabulary(levels: Sequence[str], counts: NDArray[np.int64]) -> tuple[str, ...]:
    """Return the words that tell texts apart: in many of them, and not in nearly all; commonest first."""
    found: Counter[str] = Counter()
    for level, count in zip(levels, counts.tolist(), strict=True):
        for word in set(tokens(level)):
            found[word] += count
    total = int(counts.sum())
    usable = {word: n for word, n in found.items() if max(2, RAREST * total) <= n <= (1 - RAREST) * total}
    return tuple(sorted(usable, key=lambda word: (-usable[word], word))[:MOST_WORDS])


def contained(levels: Sequence[str], words: Sequence[str]) -> NDArray[np.float64]:
    """Return (levels, words): 1 where a text has a word, else 0."""
    place = {word: i for i, word in enumerate(words)}
    table = np.zeros((len(levels), len(words)))
    for row, level in enumerate(levels):
        for word in tokens(level):
            if word in place:
                table[row, place[word]] = 1.0
    return table
