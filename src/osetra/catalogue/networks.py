"""Structure: what makes up the built-in networks. Output and loss follow from the task, not from here.

Short names of sources as in `training.py`; KerasTuner is its Xception space, FCNet the small
fully connected nets of arXiv 1905.04970.
"""

from __future__ import annotations

from osetra.catalogue.entry import Catalogue, CatalogueEntry
from osetra.catalogue.training import SHARED
from osetra.core.params import Choice, Float, Int, Ordinal

LAYERS = CatalogueEntry(
    name="layers",
    params=(Int(1, 5, default=2),),
    tier=3,
    live=False,
    help="hidden layers; add until the validation error stops improving",
    source="rtdl 1…8, LCBench 1…5",
)
ACTIVATION = CatalogueEntry(
    name="activation",
    params=(Choice("relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", default="relu"),),
    tier=3,
    live=False,
    help="what bends the hidden layers; the initial weights follow it (He or Glorot)",
    source="Auto-PyTorch, pytabkit; ReLU is most used",
)
INIT = CatalogueEntry(
    name="init",
    params=(Choice("uniform", "normal", default="uniform"),),
    tier=4,
    live=False,
    help="distribution of the first weights; their variance follows the activation",
    source="He et al. arXiv 1502.01852, Glorot & Bengio 2010",
)
DROPOUT = CatalogueEntry(
    name="dropout",
    params=(Float(0.0, 0.5, default=0.1),),
    tier=3,
    live=True,
    help="share of hidden units left out at each step; large networks profit more",
    source="rtdl 0…0.5; RealMLP 0, 0.15, 0.3",
)
BATCH_NORM = CatalogueEntry(
    name="batch_norm",
    params=(Choice("none", "before", "after", default="none"),),
    tier=3,
    live=False,
    help="normalises each hidden unit over the batch, before or after the activation",
    source="Ioffe & Szegedy arXiv 1502.03167 (before); widens the range of good learning rates",
)


def units(default: int) -> CatalogueEntry:
    """Return the entry for the width of hidden layers."""
    return CatalogueEntry(
        name="units",
        params=(Int(16, 512, scale="log", default=default),),
        tier=2,
        live=False,
        help="width of the hidden layers; wide with regularisation beats narrow",
        source="rtdl 1…512, LCBench 64…1024, FCNet 16…512",
    )


FILTERS = CatalogueEntry(
    name="filters",
    params=(Ordinal(8, 16, 32, 64, default=16),),
    tier=2,
    live=False,
    help="filters of the first block; every further block has twice as many",
    source="KerasTuner 32…128, halved for small pictures on a CPU",
)
BLOCKS = CatalogueEntry(
    name="blocks",
    params=(Int(1, 3, default=2),),
    tier=3,
    live=False,
    help="convolution blocks; each halves the picture",
    source="KerasTuner 2…8 for large pictures; 28×28 can be halved four times",
)
KERNEL = CatalogueEntry(
    name="kernel",
    params=(Ordinal(3, 5, default=3),),
    tier=3,
    live=False,
    help="side of the convolution window, in pixels",
    source="KerasTuner 3, 5",
)


def _sorted(entries: tuple[CatalogueEntry, ...]) -> tuple[CatalogueEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.tier))


MLP = Catalogue(
    "mlp",
    "fully connected network, for tables and small pictures",
    _sorted((*SHARED, units(128), LAYERS, ACTIVATION, DROPOUT, BATCH_NORM, INIT)),
)
CNN = Catalogue(
    "cnn",
    "small convolutional network, for pictures",
    _sorted((*SHARED, FILTERS, units(64), BLOCKS, KERNEL, ACTIVATION, DROPOUT, BATCH_NORM, INIT)),
)
