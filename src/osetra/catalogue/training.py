"""Training settings that every network shares: optimizer, learning rate, schedule, decay.

Sources, by their short names in the entries:
- AlgoPerf: mlcommons/algorithmic-efficiency, search spaces of the baselines (2025)
- PD1: Wang et al., arXiv 2109.08215;  LCBench, Auto-PyTorch: Zimmer et al., arXiv 2006.13799
- rtdl: Gorishniy et al., arXiv 2106.11959;  Playbook: Godbole et al., Deep Learning Tuning Playbook
- timm: Wightman, pytorch-image-models;  Bengio: arXiv 1206.5533
"""

from __future__ import annotations

from osetra.catalogue.entry import CatalogueEntry
from osetra.core.params import Choice, Float, Ordinal

ADAPTIVE = ("adam", "adamw", "rmsprop")
WITH_MOMENTUM = ("momentum", "nesterov")

LR = CatalogueEntry(
    name="lr",
    params=(
        Float(1e-4, 1e-1, scale="log", default=3e-3, when={"optimizer": ADAPTIVE}),
        Float(1e-3, 1.0, scale="log", default=0.05, when={"optimizer": WITH_MOMENTUM}),
        Float(1e-2, 5.0, scale="log", default=0.2, when={"optimizer": "sgd"}),
    ),
    tier=1,
    live=True,
    help="learning rate α: too small crawls, too large blows up; always on a log scale",
    source="Auto-PyTorch 1e-5…1e-1, rtdl 1e-5…1e-2, AlgoPerf 1e-4…1e-2 (Adam); LCBench 1e-4…1e-1, "
    "PD1 1e-5…10 (SGD); defaults measured on digits, wine and letter",
)
OPTIMIZER = CatalogueEntry(
    name="optimizer",
    params=(Choice("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", default="adamw"),),
    tier=3,
    live=False,
    help="how a gradient becomes a step; each has its own learning-rate range",
    source="Playbook: pick a popular one and tune all of it; AlgoPerf baselines",
)
MOMENTUM = CatalogueEntry(
    name="momentum",
    params=(Float(0.5, 0.995, scale="one_minus_log", default=0.9, when={"optimizer": WITH_MOMENTUM}),),
    tier=2,
    live=True,
    help="averages gradients over about 1/(1-momentum) steps",
    source="AlgoPerf and PD1, which sample log(1-momentum); widened to 0.5",
)
BETA1 = CatalogueEntry(
    name="beta1",
    params=(Float(0.5, 0.98, scale="one_minus_log", default=0.9, when={"optimizer": ("adam", "adamw")}),),
    tier=3,
    live=True,
    help="Adam's momentum: averages gradients over about 1/(1-β1) steps",
    source="AlgoPerf AdamW 1-β1 in 0.02…0.5; Playbook: from 10 trials on",
)
BETA2 = CatalogueEntry(
    name="beta2",
    params=(Float(0.9, 0.9999, scale="one_minus_log", default=0.999, when={"optimizer": ("adam", "adamw")}),),
    tier=4,
    live=True,
    help="Adam's memory of squared gradients: about 1/(1-β2) steps",
    source="Playbook: only with far more than 25 trials; Auto-PyTorch",
)
EPS = CatalogueEntry(
    name="eps",
    params=(Float(1e-10, 1e-3, scale="log", default=1e-8, when={"optimizer": ADAPTIVE}),),
    tier=4,
    live=True,
    help="keeps adaptive steps finite; large values turn Adam towards SGD",
    source="Playbook: only from 25 trials on",
)
RMS_DECAY = CatalogueEntry(
    name="rms_decay",
    params=(Float(0.1, 0.999, scale="one_minus_log", default=0.99, when={"optimizer": "rmsprop"}),),
    tier=3,
    live=True,
    help="RMSprop's memory of squared gradients: about 1/(1-rms_decay) steps",
    source="Auto-PyTorch 0.1…0.99, on the log of 1-x",
)
BATCH_SIZE = CatalogueEntry(
    name="batch_size",
    params=(Ordinal(16, 32, 64, 128, 256, default=32),),
    tier=2,
    live=True,
    help="rows per step: small batches add noise and steps, large ones are faster per row",
    source="LCBench 16…512, Auto-PyTorch 32…320; default 32 by Bengio",
)
WEIGHT_DECAY = CatalogueEntry(
    name="weight_decay",
    params=(
        Float(1e-4, 0.3, scale="log", default=0.01, when={"optimizer": "adamw"}),
        Float(
            1e-7, 1e-2, scale="log", default=2e-5,
            when={"optimizer": ("sgd", "momentum", "nesterov", "rmsprop", "adam")},
        ),
    ),
    tier=2,
    live=True,
    help="pulls weights to zero (never biases and norms); decoupled for adamw, L2 otherwise",
    source="AlgoPerf AdamW 5e-3…1, rtdl 1e-6…1e-3; timm 2e-5, AlgoPerf SGD 1e-7…5e-5, Auto-PyTorch …0.1",
)  # fmt: skip
SCHEDULE = CatalogueEntry(
    name="schedule",
    params=(Choice("constant", "step", "exponential", "linear", "cosine", default="cosine"),),
    tier=3,
    live=True,
    help="how the learning rate falls over the epochs",
    source="Playbook: linear or cosine; timm: cosine",
)
WARMUP = CatalogueEntry(
    name="warmup",
    params=(Ordinal(0.0, 0.02, 0.05, 0.1, default=0.05),),
    tier=3,
    live=True,
    help="share of the training over which the learning rate rises from zero",
    source="AlgoPerf 0.02…0.1, default 0.05",
)
FINAL_LR = CatalogueEntry(
    name="final_lr",
    params=(
        Ordinal(
            0.001, 0.01, 0.1, default=0.01,
            when={"schedule": ("step", "exponential", "linear", "cosine")},
        ),
    ),
    tier=4,
    live=True,
    help="what the schedule ends at, as a share of lr",
    source="AlgoPerf 1e-3, 1e-2; nanoGPT 0.1",
)  # fmt: skip
INPUT_SCALING = CatalogueEntry(
    name="input_scaling",
    params=(Choice("standard", "minmax", "none", default="standard"),),
    tier=4,
    live=False,
    help="how inputs are normalised, fitted on the training part only",
    source="standardised inputs speed up learning: LeCun et al., Efficient BackProp (1998)",
)

SHARED: tuple[CatalogueEntry, ...] = (
    LR, OPTIMIZER, MOMENTUM, BETA1, BETA2, EPS, RMS_DECAY, BATCH_SIZE, WEIGHT_DECAY, SCHEDULE, WARMUP,
    FINAL_LR, INPUT_SCALING,
)  # fmt: skip
