"""Aliases: names that people give to the same hyperparameter, each with the catalogue's own."""

from __future__ import annotations

import re
from collections.abc import Mapping

KNOWN: Mapping[str, tuple[str, ...]] = {
    "lr": ("learning_rate", "eta", "alpha", "step_size", "base_lr", "initial_lr", "max_lr", "lr0"),
    "weight_decay": ("wd", "l2", "l2_penalty", "l2_regularization"),
    "batch_size": ("bs", "batch", "minibatch_size", "train_batch_size", "per_device_batch_size"),
    "momentum": ("mom", "sgd_momentum"),
    "beta1": ("b1", "adam_beta1"),
    "beta2": ("b2", "adam_beta2"),
    "eps": ("epsilon", "adam_eps", "adam_epsilon"),
    "optimizer": ("opt", "optim", "optimiser"),
    "layers": ("num_layers", "n_layers", "depth", "hidden_layers", "nlayers"),
    "units": (
        "max_units",
        "hidden_units",
        "width",
        "hidden",
        "hidden_size",
        "n_units",
        "num_units",
        "hidden_dim",
    ),
    "dropout": ("max_dropout", "dropout_rate", "p_dropout", "drop"),
    "activation": ("act", "nonlinearity", "activation_fn"),
    "schedule": ("lr_schedule", "scheduler", "lr_scheduler"),
    "warmup": ("warmup_ratio", "warmup_fraction", "warmup_share"),
    "label_smoothing": ("smoothing", "label_smooth"),
    "clip_norm": ("clip", "grad_clip", "gradient_clip", "max_grad_norm", "clip_grad_norm"),
    "filters": ("channels", "num_filters", "n_filters"),
    "kernel": ("kernel_size",),
}
"""By the catalogue's name."""
_USUAL = {_spelled: name for name, others in KNOWN.items() for _spelled in (name, *others)}


def usual(name: str) -> str:
    """Return the catalogue's name of a hyperparameter, or the name itself in plain letters.

    Case, dashes and dots do not count: `Learning-Rate`, `optim.lr` and `lr` are one thing; what stands before
    a dot counts where the rest is no known name.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9.]+", "_", words.lower()).strip("_")
    last = plain.rpartition(".")[2]
    return _USUAL.get(plain) or _USUAL.get(last) or plain
