"""Small tables with free text for the tests of this room."""

import numpy as np

from osetra.data.dataset import Dataset, NumberColumn, Target, TextColumn, fingerprint

GOOD, BAD = ("loved", "great", "fine"), ("hated", "poor", "awful")
FILL = ("the", "thing", "was", "here", "and", "there", "we", "saw", "it")


def reviews(n: int = 160, seed: int = 0, *, number: bool = True, blank: int = 0) -> Dataset:
    """Two classes that a word tells apart; some cells are missing."""
    rng = np.random.default_rng(seed)
    codes = (np.arange(n) % 2).astype(np.int64)
    texts = []
    for code in codes:
        words = list(rng.choice(FILL, rng.integers(2, 9)))
        words.insert(int(rng.integers(0, len(words) + 1)), str(rng.choice(GOOD if code else BAD)))
        texts.append(" ".join(words) + f" x{rng.integers(1000)}")
    levels = tuple(sorted(set(texts)))
    cells = np.array([levels.index(text) for text in texts], dtype=np.int64)
    if blank:
        cells[::blank] = -1
    columns = (TextColumn("review", cells, levels),)
    columns += (NumberColumn("stars", codes + rng.normal(0, 2, n)),) if number else ()
    target = Target(codes, "binary", ("no", "yes"))
    return Dataset(
        name="reviews",
        source="reviews",
        columns=columns,
        target_name="liked",
        target=codes,
        task="binary",
        classes=target.classes,
        fingerprint=fingerprint(columns, None, target),
    )
