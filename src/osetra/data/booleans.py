"""Booleans: yes and no in the many spellings that several people, or programs, leave in one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Answers: TypeAlias = tuple[str, str] | tuple[()]
"""How no and yes are written; () where a column holds something else."""
_FAMILIES = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("0", "1"), ("0.0", "1.0"), ("off", "on"),
    ("nein", "ja"), ("nee", "ja"), ("nej", "ja"), ("non", "oui"), ("no", "si"), ("no", "sí"), ("não", "sim"),
    ("nao", "sim"), ("faux", "vrai"), ("falsch", "wahr"), ("falso", "vero"), ("falso", "verdadero"),
    ("falso", "verdadeiro"), ("нет", "да"), ("ne", "ano"), ("nie", "tak"), ("hayır", "evet"), ("否", "是"),
    ("いいえ", "はい"), ("아니요", "예"),
)  # fmt: skip
SIDES: dict[str, int] = {word: side for pair in _FAMILIES for side, word in enumerate(pair)}
"""0 of what means no, 1 of what means yes; in lower case."""
_WORDS = {"n": "no", "y": "yes", "f": "false", "t": "true"}


def answers_of(levels: Sequence[str], counts: Sequence[int]) -> Answers:
    """Return how no and yes are written most often in a column of nothing else, else ().

    A single letter counts where its word, or its opposite, is in the column: of f, n and y nobody knows.
    Two levels of different kinds, such as f and y, are no answers either.
    """
    folded = {level.casefold() for level in levels}
    if not folded <= SIDES.keys() or len({SIDES[word] for word in folded}) != 2:
        return ()
    pairs = [set(pair) for pair in _FAMILIES if set(pair) <= folded]
    if not pairs:
        return ()
    in_words = any(len(word) > 1 or word in "01" for pair in pairs for word in pair)
    for letter in folded & _WORDS.keys():
        with_opposite = any(letter in pair for pair in pairs)
        if _WORDS[letter] not in folded and not (with_opposite and (in_words or len(folded) == 2)):
            return ()
    best: dict[int, tuple[int, str]] = {}
    for level, count in zip(levels, counts, strict=True):
        side = SIDES[level.casefold()]
        best[side] = max(best.get(side, (0, "")), (int(count), level))
    return best[0][1], best[1][1]


def answer_for(text: str, answers: Answers) -> str:
    """Return a text as a column writes it where it means yes or no, and as it is where it means neither."""
    side = SIDES.get(text.casefold()) if answers else None
    return text if side is None else answers[side]


def class_of(text: str, classes: Mapping[str, int]) -> int | None:
    """Return the number of the class that a text means, also in another case or spelling of yes and no."""
    if text in classes:
        return classes[text]
    alike = [number for name, number in classes.items() if name.casefold() == text.casefold()]
    if len(alike) == 1:
        return alike[0]
    names = sorted(classes)
    found = classes.get(answer_for(text, answers_of(names, [1] * len(names)))) if len(names) == 2 else None
    return None if alike else found
