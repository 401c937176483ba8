"""Architecture: the structure of a network, as a checked record of plain values.

What a record does not name keeps the value that networks had before there was a choice, so that models
and studies of earlier versions mean today what they meant then. What a new study begins with stands in
the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from torch import nn

from osetra.core.params import Value
from osetra.errors import DataError, nearest

Family = Literal["mlp", "cnn", "sequence", "factorization"]
ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
NORMS = ("none", "before", "after")
INITS = ("uniform", "normal", "data")
EMBEDDINGS = ("none", "periodic", "piecewise")
PARAMETRIZATIONS = ("standard", "neural_tangent")
DEEP = ("features", "all")
POOLINGS = ("flatten", "average")
ENCODERS = ("conv", "gru")
TEXT_ENCODERS = ("bag", "cnn", "transformer")
_WHOLE = {
    "layers": (1, 32), "units": (1, 16384), "blocks": (1, 8), "filters": (1, 2048), "kernel": (1, 31),
    "members": (1, 256), "embedding_size": (0, 512), "factors": (1, 1024),
    "word_size": (2, 1024), "text_filters": (1, 2048), "text_kernel": (1, 31), "text_heads": (1, 64),
    "text_depth": (1, 16),
}  # fmt: skip
_OPTIONS: Mapping[str, Sequence[str]] = {
    "family": ("mlp", "cnn", "sequence", "factorization"), "encoder": ENCODERS, "deep": DEEP,
    "activation": tuple(ACTIVATIONS), "init": INITS, "batch_norm": NORMS,
    "number_embedding": EMBEDDINGS, "parametrization": PARAMETRIZATIONS, "pooling": POOLINGS,
    "text_encoder": TEXT_ENCODERS,
}  # fmt: skip
_TRUTHS = ("parametric_activation", "layer_norm", "residual", "scaling_layer", "word_pairs", "word_votes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The structure of a network; the names are those of the catalogue."""

    family: Family = "mlp"
    layers: int = 2
    """Hidden fully connected layers (mlp)."""
    units: int = 64
    """Width of the hidden layers; for a cnn, of the layer after the convolutions; of a gru its own too."""
    encoder: str = "conv"
    """What reads sequences: convolutions along time, or a recurrent network in both directions."""
    blocks: int = 2
    """Convolution blocks (cnn), each halving the picture and doubling the filters."""
    filters: int = 16
    """Filters of the first block (cnn)."""
    kernel: int = 3
    """Side of the convolution window (cnn), odd."""
    pooling: str = "flatten"
    """What the last block hands on (cnn): every pixel, or the average of each filter."""
    activation: str = "relu"
    parametric_activation: bool = False
    """Whether each hidden unit learns how much of its activation it takes."""
    init: str = "uniform"
    """Distribution of the first weights; "data" fits them to a first batch."""
    parametrization: str = "standard"
    """How steps grow with the width; neural_tangent: a wide layer's weights move less, its biases a tenth."""
    batch_norm: str = "none"
    layer_norm: bool = False
    residual: bool = False
    """Whether hidden layers, or convolution blocks, add their input to their output."""
    dropout: float = 0.0
    number_embedding: str = "none"
    """What a number input becomes before the first layer (mlp)."""
    frequency: float = 0.1
    """Spread of the frequencies of a periodic embedding."""
    embedding_size: int = 0
    """Numbers per embedded category; 0 is the root of its levels, at most 16."""
    scaling_layer: bool = False
    """Whether each input has a learnt factor (mlp)."""
    factors: int = 16
    """Learnt numbers of each user and item (factorization)."""
    factor_decay: float = 30.0
    """How much each of them is held back: as if so many rows said that it is nothing (factorization)."""
    deep: str = "all"
    """What the hidden layers beside the product see: other columns, or the factors too (factorization)."""
    members: int = 1
    """Networks in one that share their hidden layers (mlp)."""
    text_encoder: str = "bag"
    """How a text becomes a few numbers: by its words, by windows of them, or by attention."""
    word_size: int = 64
    """Numbers per word."""
    word_dropout: float = 0.0
    """Share of words that are left out at each step."""
    word_pairs: bool = True
    """Whether pairs of neighbouring words count beside words."""
    word_votes: bool = True
    """Whether each word adds to the answer directly, too."""
    text_filters: int = 64
    text_kernel: int = 3
    """Words in the narrower of two windows (cnn), odd."""
    text_heads: int = 4
    text_depth: int = 1

    def __post_init__(self) -> None:
        for name, (least, most) in _WHOLE.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise DataError(f"{name}={value!r}: a network takes a whole number in {least} … {most}")
        for name, known in _OPTIONS.items():
            value = getattr(self, name)
            if value not in known:
                hint = nearest(str(value), known)
                raise DataError(f"{name}={value!r}: choose one of {', '.join(known)}.{hint}")
        for name in _TRUTHS:
            if not isinstance(getattr(self, name), bool):
                raise DataError(f"{name}={getattr(self, name)!r}: choose true or false")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.kernel % 2 == 0:
            raise DataError(f"kernel={self.kernel}: an odd side keeps the picture's size; use 3 or 5")
        if not 0 <= self.dropout < 1:
            raise DataError(f"dropout={self.dropout:g}: a share of units, 0 … below 1")
        if not 0 <= self.word_dropout < 1:
            raise DataError(f"word_dropout={self.word_dropout:g}: a share of words, 0 … below 1")
        if self.text_kernel % 2 == 0:
            raise DataError(f"text_kernel={self.text_kernel}: an odd window has a middle; use 3 or 5")
        uneven = self.word_size % 2 or self.word_size % self.text_heads
        if self.text_encoder == "transformer" and uneven:
            raise DataError(
                f"word_size={self.word_size}, text_heads={self.text_heads}: an even number per word that the "
                "heads share out evenly is needed, such as 64 and 4"
            )
        if not 0 < self.frequency <= 1000:
            raise DataError(f"frequency={self.frequency!r}: a number above 0, at most 1000")
        if not 0 <= self.factor_decay < float("inf"):
            raise DataError(f"factor_decay={self.factor_decay!r}: a number from 0 up")
        if self.members > 1 and self.batch_norm != "none":
            raise DataError(
                f"members={self.members}, batch_norm={self.batch_norm}: members share layers that a batch "
                "norm would mix; use layer_norm, or batch_norm=none"
            )


def architecture(family: Family, config: Mapping[str, Value]) -> Architecture:
    """Return the structure that a config asks for; what it does not name keeps its default."""
    known = {field.name for field in fields(Architecture)} - {"family"}
    chosen = {name: value for name, value in config.items() if name in known}
    return Architecture(family=family, **chosen)  # type: ignore[arg-type]  # checked there
