"""Text: what a network for free text adds to that of a table, and what it begins with.

Short names of sources as in `training.py` and `networks.py`; fastText: arXiv 1607.01759; Kim: arXiv
1408.5882; DAN: Iyyer et al. 2015, Deep Unordered Composition Rivals Syntactic Methods for Text
Classification.
"""

from __future__ import annotations

from dataclasses import replace

from osetra.catalogue.entry import Catalogue, CatalogueEntry
from osetra.catalogue.networks import TABLE, begun, by_tier
from osetra.core.params import Choice, Float, Int, Ordinal

TEXT_ENCODER = CatalogueEntry(
    name="text_encoder",
    params=(Choice("bag", "cnn", "transformer", default="bag"),),
    tier=3,
    live=False,
    help="what becomes of the words of a text: their mean, the best of windows of them, or attention",
    source="bag: fastText, DAN; cnn: Kim; transformer: Vaswani et al. arXiv 1706.03762",
)
WORD_SIZE = CatalogueEntry(
    name="word_size",
    params=(Ordinal(16, 32, 64, 128, default=32),),
    tier=3,
    live=False,
    help="numbers that stand for each word",
    source="fastText 10…100, DAN and Kim 300, learnt from far larger collections",
)
WORD_DROPOUT = CatalogueEntry(
    name="word_dropout",
    params=(Float(0.0, 0.7, default=0.5),),
    tier=2,
    live=False,
    help="share of words that are left out at each step, so that no single one is relied on",
    source="DAN 0.3; 0.5 measured on short texts",
)
WORD_PAIRS = CatalogueEntry(
    name="word_pairs",
    params=(Choice(True, False, default=True),),
    tier=4,
    live=False,
    help="whether pairs of neighbouring words count beside words: not good is not good",
    source="fastText: better on all of its eight collections",
)
WORD_VOTES = CatalogueEntry(
    name="word_votes",
    params=(Choice(True, False, default=True),),
    tier=4,
    live=False,
    help="whether each word adds to the answer directly too, as in a linear model",
    source="Cheng et al., Wide & Deep, arXiv 1606.07792",
)
TEXT_FILTERS = CatalogueEntry(
    name="text_filters",
    params=(Ordinal(32, 64, 128, default=64, when={"text_encoder": "cnn"}),),
    tier=4,
    live=False,
    help="filters of each of the two windows",
    source="Kim 100",
)
TEXT_KERNEL = CatalogueEntry(
    name="text_kernel",
    params=(Ordinal(1, 3, 5, default=3, when={"text_encoder": "cnn"}),),
    tier=4,
    live=False,
    help="words in the narrower window; the other one sees two more",
    source="Kim 3, 4, 5",
)
TEXT_HEADS = CatalogueEntry(
    name="text_heads",
    params=(Ordinal(1, 2, 4, 8, default=4, when={"text_encoder": "transformer"}),),
    tier=4,
    live=False,
    help="ways in which a word looks at the others",
    source="Vaswani et al. 8 for 512 numbers per word",
)
TEXT_DEPTH = CatalogueEntry(
    name="text_depth",
    params=(Int(1, 3, default=1, when={"text_encoder": "transformer"}),),
    tier=4,
    live=False,
    help="blocks of attention one after the other",
    source="Vaswani et al. 6 for millions of sentences",
)

_FRONT = (
    TEXT_ENCODER, WORD_SIZE, WORD_DROPOUT, WORD_PAIRS, WORD_VOTES, TEXT_FILTERS, TEXT_KERNEL, TEXT_HEADS,
    TEXT_DEPTH,
)  # fmt: skip
_TABLE_LR = next(known for known in TABLE.entries if known.name == "lr")
_LR = replace(
    _TABLE_LR,
    params=(
        Float(2e-3, 0.2, scale="log", default=0.02, when=_TABLE_LR.params[0].when),
        *_TABLE_LR.params[1:],
    ),
    source="measured on short texts; words take a tenth of it",
)
# Word numbers cannot be mixed.
_OTHERS = tuple(
    replace(known, tier=4) if known.name == "frequency" else known
    for known in TABLE.entries
    if known.name not in ("mixup", "lr")
)

TEXT = Catalogue(
    "text",
    "network for free text, beside the other columns of a table",
    by_tier((*begun((_LR, *_OTHERS), dropout=0.3, layers=2), *_FRONT)),
)
