"""Structure: what makes up the built-in networks. Output and loss follow from the task, not from here.

A table begins with the defaults of RealMLP (RealMLP-TD, tuned by its authors on 118 data sets): one
training of it is hard to beat by tuning a plainer network. Short names of sources as in `training.py`;
KerasTuner is its Xception space, FCNet the small fully connected nets of arXiv 1905.04970.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from osetra.catalogue.entry import Catalogue, CatalogueEntry
from osetra.catalogue.training import ADAPTIVE, BATCH_SIZE, INPUT_SCALING, LR, SHARED
from osetra.core.conditions import conditions
from osetra.core.params import Choice, Float, Int, Ordinal, Param, Value

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
    params=(
        Choice(
            "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid", default="relu"
        ),
    ),
    tier=3,
    live=False,
    help="what bends the hidden layers; the initial weights follow it (He or Glorot)",
    source="Auto-PyTorch, pytabkit; ReLU is most used; RealMLP: selu for classes, mish for numbers",
)  # fmt: skip
INIT = CatalogueEntry(
    name="init",
    params=(Choice("uniform", "normal", "data", default="uniform"),),
    tier=4,
    live=False,
    help="distribution of the first weights; their variance follows the activation, or a first batch (data)",
    source="He et al. arXiv 1502.01852, Glorot & Bengio 2010; RealMLP: data",
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


LAYER_NORM = CatalogueEntry(
    name="layer_norm",
    params=(Choice(False, True, default=False, when={"batch_norm": "none"}),),
    tier=4,
    live=False,
    help="normalises the units of each row before the activation, whatever the batch",
    source="Ba et al. arXiv 1607.06450",
)
RESIDUAL = CatalogueEntry(
    name="residual",
    params=(Choice(False, True, default=False),),
    tier=4,
    live=False,
    help="adds the input of a hidden layer, or of a further convolution per block, to its output",
    source="He et al. arXiv 1512.03385; for tables rtdl's ResNet",
)
UNITS = CatalogueEntry(
    name="units",
    params=(Int(16, 512, scale="log", default=128),),
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


POOLING = CatalogueEntry(
    name="pooling",
    params=(Choice("flatten", "average", default="flatten"),),
    tier=4,
    live=False,
    help="what the last block hands on: every pixel, or the average of each filter (global average pooling)",
    source="Lin et al. arXiv 1312.4400",
)
AUGMENT = CatalogueEntry(
    name="augment",
    params=(Choice("none", "crop", "flip_crop", "random", default="none"),),
    tier=3,
    live=True,
    help="changes pictures at each step: shifts, mirror images, or turning, scaling, contrast and erasing",
    source="random in the spirit of RandAugment, arXiv 1909.13719; never mirror digits or letters",
)
SOUND_AUGMENT = replace(
    AUGMENT,
    params=(Choice("none", "specaugment", default="specaugment"),),
    tier=2,
    help="changes sounds at each step: begin earlier or later, some frames and bands masked",
    source="SpecAugment, Park et al. arXiv 1904.08779, without time warping",
)
ENCODER = CatalogueEntry(
    name="encoder",
    params=(Choice("conv", "gru", default="conv"),),
    tier=2,
    live=False,
    help="what reads the steps: convolutions along time, or a recurrent network in both directions",
    source="Wang et al. arXiv 1611.06455 (convolutions are best on most); Cho et al. arXiv 1406.1078 (GRU)",
)
NUMBER_EMBEDDING = CatalogueEntry(
    name="number_embedding",
    params=(Choice("none", "periodic", "piecewise", default="periodic"),),
    tier=3,
    live=False,
    help="what each number becomes before the first layer: waves of it, or its place among its quantiles",
    source="Gorishniy et al. arXiv 2203.05556; RealMLP: periodic (PBLD)",
)
FREQUENCY = CatalogueEntry(
    name="frequency",
    params=(Float(0.01, 10.0, scale="log", default=0.1, when={"number_embedding": "periodic"}),),
    tier=2,
    live=False,
    help="spread of the frequencies of the waves: large ones see finer steps in a number, and overfit",
    source="RealMLP default 0.1, searched 0.01…50 (plr_sigma)",
)
EMBEDDING_SIZE = CatalogueEntry(
    name="embedding_size",
    params=(Ordinal(4, 8, 16, default=8),),
    tier=4,
    live=False,
    help="numbers that stand for each category of a column with many",
    source="RealMLP default 8, searched 4, 8, 16",
)
SCALING_LAYER = CatalogueEntry(
    name="scaling_layer",
    params=(Choice(True, False, default=True),),
    tier=4,
    live=False,
    help="a learnt factor on each input, with six times the rate: columns are chosen early",
    source="RealMLP",
)
PARAMETRIC_ACTIVATION = CatalogueEntry(
    name="parametric_activation",
    params=(Choice(True, False, default=True),),
    tier=4,
    live=False,
    help="each hidden unit learns how much of its bend it takes",
    source="RealMLP",
)
PARAMETRIZATION = CatalogueEntry(
    name="parametrization",
    params=(Choice("neural_tangent", "standard", default="neural_tangent", when={"optimizer": ADAPTIVE}),),
    tier=4,
    live=False,
    help="neural_tangent: weights move by lr/√fan_in and biases by lr/10, so that one rate fits all widths",
    source="Jacot et al. arXiv 1806.07572; RealMLP",
)
MEMBERS = CatalogueEntry(
    name="members",
    params=(Ordinal(1, 4, 8, 16, 32, default=1, when={"batch_norm": "none"}),),
    tier=4,
    live=False,
    help="networks in one that share their hidden layers and answer together; as many times the cost",
    source="TabM, Gorishniy et al. arXiv 2410.24210: 32",
)


FACTORS = CatalogueEntry(
    name="factors",
    params=(Ordinal(8, 16, 32, 64, 128, default=16),),
    tier=2,
    live=False,
    help="learnt numbers of each user and item; more of them need more decay, and help little from some on",
    source="Koren et al. 2009: 50 and more; measured on movielens",
)
FACTOR_DECAY = CatalogueEntry(
    name="factor_decay",
    params=(Float(3.0, 100.0, scale="log", default=30.0),),
    tier=1,
    live=False,
    help="how much factors are held back: as if so many ratings said that each is nothing; it matters most",
    source="Rendle et al. arXiv 1905.01395: well-tuned decay beats newer models; measured on movielens",
)
DEEP = CatalogueEntry(
    name="deep",
    params=(Choice("all", "features", default="all"),),
    tier=3,
    live=False,
    help="what the hidden layers beside the product see: the other columns, or the factors too",
    source="Guo et al. arXiv 1703.04247 (DeepFM): all; Rendle et al. arXiv 2005.09683: the product is enough",
)


def by_tier(entries: tuple[CatalogueEntry, ...]) -> tuple[CatalogueEntry, ...]:
    """Return the entries, most important first."""
    return tuple(sorted(entries, key=lambda entry: entry.tier))


def begun(entries: Iterable[CatalogueEntry], **defaults: Value) -> tuple[CatalogueEntry, ...]:
    """Return the entries, some with another default in their first branch."""
    return tuple(
        replace(known, params=(_with_default(known.params[0], defaults[known.name]), *known.params[1:]))
        if known.name in defaults
        else known
        for known in entries
    )


def _with_default(param: Param, value: Value) -> Param:
    if isinstance(param, (Choice, Ordinal)):
        return type(param)(*param.options, default=value, when=param.when)
    return replace(param, default=value)  # type: ignore[arg-type]  # checked as it is built


_HIDDEN = (ACTIVATION, DROPOUT, BATCH_NORM, LAYER_NORM, RESIDUAL, INIT)
_TABLE_LR = replace(
    LR,
    params=(
        Float(
            5e-3, 0.5, scale="log", default=0.04,
            when={"optimizer": ADAPTIVE, "parametrization": "neural_tangent"},
        ),
        replace(LR.params[0], when=conditions({"optimizer": ADAPTIVE, "parametrization": "standard"})),
        *LR.params[1:],
    ),
    source=f"RealMLP default 0.04 for classes, 0.2 for numbers, searched 0.02…0.3; else {LR.source}",
)  # fmt: skip
_TABLE_SCALING = replace(
    INPUT_SCALING,
    params=(Choice("robust", "quantile", "standard", "minmax", "none", default="robust"),),
    help="how inputs are normalised: robust by quartiles and bent at ±3, quantile to a normal distribution",
    source="RealMLP: robust; rtdl: quantile; LeCun et al., Efficient BackProp (1998): standard",
)
_TABLE_UNITS = replace(
    UNITS,
    params=(Int(64, 512, scale="log", default=256),),
    source="RealMLP default 256, searched 256, 384, 512; rtdl 1…512",
)

TABLE = Catalogue(
    "table",
    "fully connected network for tables, RealMLP at its defaults",
    by_tier(
        begun(
            (
                _TABLE_LR,
                *(known for known in SHARED if known.name not in ("lr", "input_scaling")),
                _TABLE_UNITS, LAYERS, *_HIDDEN, NUMBER_EMBEDDING, FREQUENCY, EMBEDDING_SIZE, SCALING_LAYER,
                PARAMETRIC_ACTIVATION, PARAMETRIZATION, MEMBERS, _TABLE_SCALING,
            ),
            batch_size=256, beta2=0.95, weight_decay=0.02, schedule="coslog4", layers=3, init="data",
            regularization_schedule="flat_cosine", label_smoothing=0.1, dropout=0.15, activation="selu",
        )
    ),
)  # fmt: skip
MLP = Catalogue(
    "mlp",
    "fully connected network, for small pictures",
    by_tier((*SHARED, UNITS, LAYERS, *_HIDDEN)),
)
CNN = Catalogue(
    "cnn",
    "small convolutional network, for pictures",
    by_tier(begun((*SHARED, FILTERS, UNITS, BLOCKS, KERNEL, POOLING, AUGMENT, *_HIDDEN), units=64)),
)
_BY_STEPS = {"encoder": "conv"}
SEQUENCE = Catalogue(
    "sequence",
    "convolutions along time or a GRU, for sequences of steps",
    by_tier(
        begun(
            (
                *SHARED, ENCODER, UNITS, *_HIDDEN,
                replace(
                    FILTERS,
                    params=(Ordinal(16, 32, 64, 128, default=32, when=_BY_STEPS),),
                    help="filters of the convolutions along time",
                    source="Wang et al. arXiv 1611.06455: 64 … 256, halved for a CPU",
                ),
                replace(
                    BLOCKS,
                    params=(Int(1, 4, default=3, when=_BY_STEPS),),
                    help="blocks of two convolutions along time; each sees twice as far",
                    source="Wang et al. arXiv 1611.06455: 3",
                ),
                replace(
                    KERNEL,
                    params=(Ordinal(3, 5, 7, 9, default=5, when=_BY_STEPS),),
                    help="length of the convolution window, in steps",
                    source="Wang et al. arXiv 1611.06455: 8, 5, 3",
                ),
            ),
            units=64, batch_norm="before", residual=True, dropout=0.2,
        )
    ),
)  # fmt: skip
SOUND = Catalogue(
    "sound",
    "small convolutional network, for sounds as log-mel pictures",
    by_tier(
        begun(
            (*SHARED, FILTERS, UNITS, BLOCKS, KERNEL, POOLING, SOUND_AUGMENT, *_HIDDEN),
            units=64, blocks=3, batch_norm="before", dropout=0.2,
        )
    ),
)  # fmt: skip
_FACTOR_BATCH = replace(
    BATCH_SIZE,
    params=(Ordinal(256, 512, 1024, 2048, 4096, default=1024),),
    tier=3,
    source="measured on movielens: a step costs little more for more ratings",
)
_SHARED_LATE = tuple(
    replace(known, tier=4) if known.name in ("beta1", "weight_decay") else known
    for known in SHARED
    if known.name not in ("lr", "batch_size", "input_scaling", "mixup")
)
_FACTOR_LR = replace(
    LR,
    params=(Float(2e-3, 0.06, scale="log", default=0.02, when={"optimizer": ADAPTIVE}), *LR.params[1:]),
    source=f"measured on movielens; else {LR.source}",
)
FACTORIZATION = Catalogue(
    "factorization",
    "factors of users and items, with hidden layers beside their product, for ratings",
    by_tier(
        begun(
            (
                _FACTOR_LR, *_SHARED_LATE, _FACTOR_BATCH, FACTORS, FACTOR_DECAY, DEEP,
                replace(UNITS, tier=3), LAYERS, *_HIDDEN, EMBEDDING_SIZE, _TABLE_SCALING,
            ),
            lr=0.02, beta2=0.95, units=64, layers=1, dropout=0.25, activation="silu", embedding_size=4,
        )
    ),
)  # fmt: skip
_OF_CLASSES = ("label_smoothing", "class_weights", "focal")


def for_numbers(catalogue: Catalogue) -> Catalogue:
    """Return a known search space for a regression: nothing that is about classes, defaults of its own."""
    kept = (known for known in catalogue.entries if known.name not in _OF_CLASSES)
    numbers: dict[str, Value] = {}
    if catalogue.name in ("table", "text"):
        numbers = {"lr": 0.2 if catalogue.name == "table" else 0.1, "activation": "mish"}
    return replace(catalogue, entries=begun(kept, **numbers))
