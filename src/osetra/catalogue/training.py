"""Training settings that every network shares: optimizer, learning rate, schedule, decay.

Sources, by their short names in the entries:
- AlgoPerf: mlcommons/algorithmic-efficiency, search spaces of the baselines (2025)
- PD1: Wang et al., arXiv 2109.08215;  LCBench, Auto-PyTorch: Zimmer et al., arXiv 2006.13799
- rtdl: Gorishniy et al., arXiv 2106.11959;  Playbook: Godbole et al., Deep Learning Tuning Playbook
- timm: Wightman, pytorch-image-models;  Bengio: arXiv 1206.5533
- RealMLP: Holzmüller et al., arXiv 2407.04491, whose tuned defaults a table begins with
"""

from __future__ import annotations

from osetra.catalogue.entry import CatalogueEntry
from osetra.core.params import Choice, Float, Ordinal

ADAPTIVE = ("adam", "adamw", "rmsprop")
WITH_MOMENTUM = ("momentum", "nesterov")
FALLING = (
    "constant",
    "step",
    "exponential",
    "linear",
    "cosine",
    "flat_cosine",
    "inverse_time",
    "inverse_sqrt",
)
"""Schedules that begin at their highest, so that a warm-up can stand before them."""

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
    tier=2,
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
    params=(
        Choice(
            "constant", "step", "exponential", "linear", "cosine", "flat_cosine", "coslog4", "one_cycle",
            "inverse_time", "inverse_sqrt", default="cosine",
        ),
    ),
    tier=3,
    live=True,
    help="how the learning rate falls over the epochs; inverse_time is 1/(1+kt), inverse_sqrt k/√t",
    source="Playbook: linear or cosine; timm: cosine; RealMLP: coslog4; one_cycle: arXiv 1708.07120",
)  # fmt: skip
WARMUP = CatalogueEntry(
    name="warmup",
    params=(Ordinal(0.0, 0.02, 0.05, 0.1, default=0.05, when={"schedule": FALLING}),),
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
            when={"schedule": tuple(name for name in (*FALLING, "one_cycle") if name != "constant")},
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

CLIP_NORM = CatalogueEntry(
    name="clip_norm",
    params=(Ordinal(0.0, 0.3, 1.0, 3.0, 10.0, default=0.0),),
    tier=4,
    live=True,
    help="longest gradient that is taken as it is, longer ones are shortened; 0 takes them all",
    source="Pascanu et al. arXiv 1211.5063; AlgoPerf: 1 or none",
)
REGULARIZATION_SCHEDULE = CatalogueEntry(
    name="regularization_schedule",
    params=(Choice("constant", "flat_cosine", default="constant"),),
    tier=4,
    live=True,
    help="whether weight decay and dropout stay, or fall to nothing in the second half",
    source="RealMLP: flat_cosine",
)
LABEL_SMOOTHING = CatalogueEntry(
    name="label_smoothing",
    params=(Ordinal(0.0, 0.03, 0.1, 0.2, default=0.0),),
    tier=3,
    live=True,
    help="share of each label that is spread over all classes: fewer errors, less sure probabilities",
    source="Szegedy et al. arXiv 1512.00567: 0.1; RealMLP 0.1, searched 0.005…0.1; AlgoPerf 0…0.2",
)
CLASS_WEIGHTS = CatalogueEntry(
    name="class_weights",
    params=(Choice("none", "balanced", default="none"),),
    tier=4,
    live=True,
    help="whether rare classes count as much as frequent ones: better balanced error, worse error",
    source="King & Zeng 2001; scikit-learn's class_weight",
)
FOCAL = CatalogueEntry(
    name="focal",
    params=(Ordinal(0.0, 0.5, 1.0, 2.0, 5.0, default=0.0),),
    tier=4,
    live=True,
    help="γ of the focal loss: rows that are right already count less; 0 is cross-entropy",
    source="Lin et al. arXiv 1708.02002: 0…5, best 2 where classes are very unequal",
)
MIXUP = CatalogueEntry(
    name="mixup",
    params=(Ordinal(0.0, 0.1, 0.2, 0.4, default=0.0),),
    tier=4,
    live=True,
    help="rows are mixed in pairs by shares of Beta(mixup, mixup); 0 leaves them alone",
    source="Zhang et al. arXiv 1710.09412: 0.1…0.4",
)
AVERAGING = CatalogueEntry(
    name="averaging",
    params=(Choice("none", "ema", "swa", default="none"),),
    tier=4,
    live=False,
    help="scores and keeps the average of the weights over steps (ema) or late epochs (swa)",
    source="Polyak & Juditsky 1992; swa: Izmailov et al. arXiv 1803.05407",
)
AVERAGE_DECAY = CatalogueEntry(
    name="average_decay",
    params=(Float(0.9, 0.9999, scale="one_minus_log", default=0.99, when={"averaging": "ema"}),),
    tier=4,
    live=True,
    help="memory of the average: about 1/(1-average_decay) steps",
    source="timm 0.999…0.9999 for 10⁵ steps, shortened with the trainings here",
)

SHARED: tuple[CatalogueEntry, ...] = (
    LR, OPTIMIZER, MOMENTUM, BETA1, BETA2, EPS, RMS_DECAY, BATCH_SIZE, WEIGHT_DECAY, SCHEDULE, WARMUP,
    FINAL_LR, REGULARIZATION_SCHEDULE, CLIP_NORM, LABEL_SMOOTHING, CLASS_WEIGHTS, FOCAL, MIXUP, AVERAGING,
    AVERAGE_DECAY, INPUT_SCALING,
)  # fmt: skip
