"""Tokens: free text as rows of word numbers, with a vocabulary learnt on the training part only.

The words of at least two training texts have a number each, the commonest first; all others share some by
hash. 0 fills up what is shorter than the longest. What a word weighs is its inverse document frequency, and a
text's weights have length one. Sources: Spärck Jones 1972; Weinberger et al. 2009 (hashing).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from osetra.data.dataset import Codes, TextColumn
from osetra.data.words import numbered, texts_holding

Array = NDArray[np.float64]
MOST_WORDS = 30_000
FEWEST_TEXTS = 2
BUCKETS = 512
"""How many numbers the rare and the new words share."""
PAIRS = 2**15
"""Numbers that pairs of neighbouring words share by hash."""
LONGEST = 512
"""Words of a text that are read at most."""
MOST_NUMBERS = 2**25
"""Word numbers of a whole data set, which are kept in memory."""
USUAL = 0.98
"""Share of the training texts that are read to their end, where they are not longer than LONGEST."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """How a column of text becomes numbers."""

    name: str
    words: tuple[str, ...]
    counts: tuple[int, ...]
    """In how many training texts each word is."""
    texts: int
    """How many training texts there were."""
    length: int
    """Words that are read of a text; also the inputs that the column gives."""
    buckets: int

    @property
    def size(self) -> int:
        """How many numbers there are, that of nothing included."""
        return 1 + len(self.words) + self.buckets

    @property
    def weights(self) -> NDArray[np.float32]:
        """The inverse document frequency (size,) of each number; 0 of nothing."""
        rare = np.ones(self.buckets)
        counts = np.concatenate([np.array(self.counts, dtype=np.float64), rare])
        return np.concatenate([[0.0], 1.0 + np.log((1 + self.texts) / (1 + counts))]).astype(np.float32)


def fit_tokens(column: TextColumn, rows: Codes) -> Tokens:
    """Learn the vocabulary and the usual length from training rows."""
    found, used = numbered(column.levels), column.codes[rows]
    times = np.bincount(used[used >= 0], minlength=len(column.levels))
    holding = texts_holding(found, times)
    known = np.flatnonzero(holding >= FEWEST_TEXTS)
    known = known[np.argsort(-holding[known], kind="stable")[:MOST_WORDS]]
    lengths = np.repeat(found.lengths, times) if len(times) else np.zeros(0, dtype=np.int64)
    usual = int(np.quantile(lengths, USUAL, method="higher")) if len(lengths) else 1
    room = MOST_NUMBERS // max(1, len(column.codes))
    return Tokens(
        column.name, tuple(found.lexicon[i] for i in known), tuple(map(int, holding[known])),
        int(times.sum()), max(1, min(usual, LONGEST, room)), BUCKETS,
    )  # fmt: skip


def token_codes(how: Tokens, column: TextColumn) -> Codes:
    """Return the numbers (n, length) of each row's words; a missing text is all 0."""
    found = numbered(column.levels)
    numbers = _numbers(how, found.lexicon)
    owners = found.owners
    places = np.arange(len(found.flat)) - (found.ends - found.lengths)[owners]
    kept = places < how.length
    table = np.zeros((len(column.levels) + 1, how.length), dtype=np.int32)
    table[owners[kept], places[kept]] = numbers[found.flat[kept]]
    return table[column.codes].astype(np.int64)


def share_of_new_words(how: Tokens, column: TextColumn) -> float:
    """Return the share of a column's words that no two training texts had."""
    found = numbered(column.levels)
    times = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    new = _numbers(how, found.lexicon)[found.flat] > len(how.words)
    each = np.repeat(times, found.lengths)
    return float(np.sum(each * new) / max(1, each.sum()))


def word_matrix(how: Tokens, codes: Codes) -> sparse.csr_array:
    """Return the weights (n, size - 1) of the words of each row: TF-IDF, rows of length one."""
    weights = how.weights.astype(np.float64)[codes]
    lengths = np.sqrt(np.sum(weights**2, axis=1, keepdims=True))
    weights = weights / np.maximum(lengths, 1e-12)
    rows, places = np.nonzero(codes)
    columns = codes[rows, places] - 1
    # Words that occur twice are added up.
    return sparse.csr_array((weights[rows, places], (rows, columns)), shape=(len(codes), how.size - 1))


def blocks(columns: Sequence[Tokens], first: int) -> tuple[slice, ...]:
    """Return where the numbers of each text column stand among the codes, which begin at `first`."""
    ends = np.cumsum([first, *(how.length for how in columns)]).tolist()
    return tuple(slice(begin, end) for begin, end in pairwise(ends))


def _numbers(how: Tokens, lexicon: Sequence[str]) -> NDArray[np.int32]:
    place = {word: i for i, word in enumerate(how.words, start=1)}
    first = len(how.words) + 1
    return np.fromiter(
        (place.get(t) or first + zlib.crc32(t.encode("utf-8", "replace")) % how.buckets for t in lexicon),
        np.int32,
        len(lexicon),
    )
