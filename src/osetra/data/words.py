"""Words: free text cut into the pieces that a network reads, each distinct text once.

A token is a word or number in lower case, with # or @ in front where it stands there, a run of other marks
such as "!!!", or a single character of scripts that write no spaces. Long numbers keep their length only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RAREST = 0.02
"""Words in a smaller share of the texts say something about few rows only."""
LONGEST_NUMBER = 4
"""Digits from which on only the length of a number is kept."""
LONGEST_TOKEN = 40
"""Characters of a token; what is longer is no word."""
LONGEST_TEXT = 1_000_000
"""Characters that are read of one text."""
WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Thai, Hiragana, Katakana and Han."""
_CHARACTER = re.compile(f"[{_UNSPACED}]")
TOKEN = re.compile(rf"[{_UNSPACED}]|[#@]?[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)*|[^\w\s{_UNSPACED}]+")


@dataclass(frozen=True, slots=True, eq=False)
class TokenNumbers:
    """Distinct texts as the numbers of their tokens."""

    lexicon: tuple[str, ...]
    """The distinct tokens, in the order in which they first occur."""
    flat: NDArray[np.int32]
    """The tokens of all texts, one text after the other, as places in the lexicon."""
    ends: NDArray[np.int64]
    """Where each text ends in it."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each text has."""
        return np.diff(self.ends, prepend=0)

    @property
    def owners(self) -> NDArray[np.int64]:
        """Which text each token belongs to."""
        return np.repeat(np.arange(len(self.ends)), self.lengths)


def words(text: str) -> list[str]:
    """Return the words of two letters or more of a text, in lower case."""
    return [found.lower() for found in WORD.findall(text)]


def tokens(text: str) -> list[str]:
    """Return the tokens of a text in their order."""
    return [_normal(found) for found in TOKEN.findall(text[:LONGEST_TEXT].lower())]


@lru_cache(maxsize=4)
def numbered(texts: tuple[str, ...]) -> TokenNumbers:
    """Return the tokens of distinct texts as numbers; what was asked for last is remembered."""
    book: dict[str, int] = {}
    parts: list[NDArray[np.int32]] = []
    for text in texts:
        found = tokens(text)
        parts.append(np.fromiter((book.setdefault(t, len(book)) for t in found), np.int32, len(found)))
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    flat = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return TokenNumbers(tuple(book), flat, ends)


def word_count(text: str) -> int:
    """Return about how many words a text has; where none are told apart, two characters are one."""
    text = text[:LONGEST_TEXT]
    return len(words(text)) + len(_CHARACTER.findall(text)) // 2


def texts_holding(found: TokenNumbers, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return in how many rows each token of the lexicon is, by how often each text occurs."""
    if not len(found.flat):
        return np.zeros(len(found.lexicon), dtype=np.int64)
    pairs = np.unique(found.owners * len(found.lexicon) + found.flat)
    owners, numbers = np.divmod(pairs, len(found.lexicon))
    counts = np.bincount(numbers, weights=times[owners], minlength=len(found.lexicon))
    return counts.astype(np.int64)


def common_words(levels: tuple[str, ...], times: NDArray[np.int64]) -> tuple[str, ...]:
    """Return the words that tell texts apart: in many of them, and not in nearly all; commonest first."""
    found, total = numbered(levels), int(times.sum())
    holding = texts_holding(found, times)
    usable = np.flatnonzero((holding >= max(2, RAREST * total)) & (holding <= (1 - RAREST) * total))
    ordered = usable[np.argsort(-holding[usable], kind="stable")]
    chosen = (found.lexicon[i] for i in ordered)
    return tuple(word for word in chosen if WORD.search(word) or _CHARACTER.search(word))


def contained(levels: Sequence[str], known: Sequence[str]) -> NDArray[np.float64]:
    """Return (levels, words): 1 where a text has a word, else 0."""
    place = {word: i for i, word in enumerate(known)}
    table = np.zeros((len(levels), len(known)))
    for row, level in enumerate(levels):
        for word in words(level):
            if word in place:
                table[row, place[word]] = 1.0
    return table


def _normal(token: str) -> str:
    if len(token) > LONGEST_NUMBER and token.isdigit():
        return "0" * min(len(token), LONGEST_TOKEN)
    return token[:LONGEST_TOKEN]
