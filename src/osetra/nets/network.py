"""Network: fully connected nets for tables, small convolutional nets for pictures.

The output follows from the task and is never searched: C > 2 classes give C logits, two classes
give one logit, a regression one number. With batch normalisation before the activation the layer in
front has no bias: the norm's own shift would make it redundant.

Initialisation follows the activation: He (variance 2/fan_in) for the rectifier family, Glorot
(variance 2/(fan_in + fan_out)) for tanh and sigmoid, drawn from a uniform or a normal distribution
of that same variance. The output bias starts at the base rates, so the first loss is chance level.
Sources: He et al. 2015 (arXiv 1502.01852) eq. 10; Glorot & Bengio 2010 eq. 16; Ioffe & Szegedy 2015
(arXiv 1502.03167).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from osetra.core.params import Value
from osetra.errors import DataError, nearest
from osetra.nets.prepare import Preparation

Family = Literal["mlp", "cnn"]
ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
NORMS = ("none", "before", "after")
INITS = ("uniform", "normal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The structure of a network; the names are those of the catalogue."""

    family: Family = "mlp"
    layers: int = 2
    """Hidden fully connected layers (mlp)."""
    units: int = 64
    """Width of the hidden layers; for a cnn, of the layer after the convolutions."""
    blocks: int = 2
    """Convolution blocks (cnn), each halving the picture and doubling the filters."""
    filters: int = 16
    """Filters of the first block (cnn)."""
    kernel: int = 3
    """Side of the convolution window (cnn), odd."""
    activation: str = "relu"
    init: str = "uniform"
    batch_norm: str = "none"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        whole = {"layers": 32, "units": 16384, "blocks": 8, "filters": 2048, "kernel": 31}
        for name, most in whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= most:
                raise DataError(f"{name}={value!r}: a network takes a whole number in 1 … {most}")
        if self.kernel % 2 == 0:
            raise DataError(f"kernel={self.kernel}: an odd side keeps the picture's size; use 3 or 5")
        if not 0 <= self.dropout < 1:
            raise DataError(f"dropout={self.dropout:g}: a share of units, 0 … below 1")
        options: dict[str, Sequence[str]] = {
            "family": ("mlp", "cnn"), "activation": tuple(ACTIVATIONS), "init": INITS, "batch_norm": NORMS,
        }  # fmt: skip
        for name, known in options.items():
            value = getattr(self, name)
            if value not in known:
                hint = nearest(str(value), known)
                raise DataError(f"{name}={value!r}: choose one of {', '.join(known)}.{hint}")


def architecture(family: Family, config: Mapping[str, Value]) -> Architecture:
    """Return the structure that a config asks for; what it does not name keeps its default."""
    known = {field.name for field in fields(Architecture)} - {"family"}
    chosen = {name: value for name, value in config.items() if name in known}
    return Architecture(family=family, **chosen)  # type: ignore[arg-type]  # checked there


class Network(nn.Module):
    """Embeddings for categories, a body, and a linear head."""

    def __init__(self, embeddings: Sequence[nn.Embedding], body: nn.Sequential) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(embeddings)
        self.body = body

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return raw outputs (n, C), (n, 1) for two classes or a regression."""
        if len(self.embeddings):
            looked_up = [table(codes[:, i]) for i, table in enumerate(self.embeddings)]
            values = torch.cat([values, *looked_up], dim=1)
        return cast(Tensor, self.body(values))


def build(structure: Architecture, preparation: Preparation) -> Network:
    """Return a freshly initialised network; randomness comes from PyTorch's global generator.

    Raises:
        DataError: a convolutional network for a table, or more blocks than the picture can be halved.
    """
    outputs = len(preparation.classes) if preparation.task == "multiclass" else 1
    embeddings = [_embedding(levels) for levels in preparation.embedded]
    if structure.family == "cnn":
        body = _convolutional(structure, preparation, outputs)
    else:
        width = preparation.width + sum(table.embedding_dim for table in embeddings)
        if preparation.pictures is not None:
            width = math.prod(preparation.pictures.shape)
        body = _connected(structure, width, outputs, flatten=preparation.pictures is not None)
    network = Network(embeddings, body)
    _initialise(network, structure)
    _start_at_base_rates(cast(nn.Linear, body[-1]), preparation)
    return network


def parameter_groups(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the parameters that weight decay applies to, and those it must leave alone.

    Only weight matrices decay; biases, embeddings and the scale and shift of norms do not.
    """
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            weight = name == "weight" and isinstance(module, (nn.Linear, nn.Conv2d))
            (decayed if weight else spared).append(parameter)
    return decayed, spared


def set_dropout(network: Network, share: float) -> None:
    """Change the share of units that dropout silences, from the next batch on.

    A network built without dropout gets its layers now; the names of its weights stay as they are.

    Raises:
        DataError: no share, 0 … below 1.
    """
    share = Architecture(dropout=share).dropout
    layers = [module for module in network.body if isinstance(module, nn.Dropout)]
    for layer in layers:
        layer.p = share
    if layers or not share:
        return
    body: dict[str, nn.Module] = {}
    hidden = False
    for name, module in network.body.named_children():
        if hidden and isinstance(module, nn.Linear):  # where `_unit` puts it: behind a hidden layer
            body[f"dropout_{name}"] = nn.Dropout(share)
        hidden = hidden or isinstance(module, nn.Linear)
        body[name] = module
    network.body = nn.Sequential(OrderedDict(body))


def without_dropout(network: Network) -> Network:
    """Return the same layers without dropout: weights under names that do not depend on it."""
    rest = [module for module in network.body if not isinstance(module, nn.Dropout)]
    return Network(list(network.embeddings), nn.Sequential(*rest))  # type: ignore[arg-type]


def _embedding(levels: int) -> nn.Embedding:
    # Row 0 stands for levels never seen in training and stays zero: it says nothing.
    return nn.Embedding(levels, min(16, math.ceil(levels**0.5)), padding_idx=0)


def _connected(structure: Architecture, width: int, outputs: int, *, flatten: bool) -> nn.Sequential:
    modules: list[nn.Module] = [nn.Flatten()] if flatten else []
    for _ in range(structure.layers):
        linear = nn.Linear(width, structure.units, bias=structure.batch_norm != "before")
        modules += _unit(linear, nn.BatchNorm1d, structure.units, structure)
        width = structure.units
    return nn.Sequential(*modules, nn.Linear(width, outputs))


def _convolutional(structure: Architecture, preparation: Preparation, outputs: int) -> nn.Sequential:
    if preparation.pictures is None:
        raise DataError("a cnn takes pictures, and this data is a table; use the network 'mlp'")
    channels, height, width = preparation.pictures.shape
    possible = max(1, int(math.log2(min(height, width))))
    if structure.blocks > possible:
        raise DataError(
            f"blocks={structure.blocks}: pictures of {height}×{width} can be halved at most "
            f"{possible} times; use blocks={possible} or fewer"
        )
    modules: list[nn.Module] = []
    for block in range(structure.blocks):
        filters = structure.filters * 2**block
        bias = structure.batch_norm != "before"
        convolution = nn.Conv2d(channels, filters, structure.kernel, padding=structure.kernel // 2, bias=bias)
        modules += [*_unit(convolution, nn.BatchNorm2d, filters, structure, dropout=False), nn.MaxPool2d(2)]
        channels, height, width = filters, height // 2, width // 2
    linear = nn.Linear(channels * height * width, structure.units, bias=structure.batch_norm != "before")
    modules += [nn.Flatten(), *_unit(linear, nn.BatchNorm1d, structure.units, structure)]
    return nn.Sequential(*modules, nn.Linear(structure.units, outputs))


def _unit(
    layer: nn.Module,
    norm: type[nn.BatchNorm1d] | type[nn.BatchNorm2d],
    width: int,
    structure: Architecture,
    *,
    dropout: bool = True,
) -> list[nn.Module]:
    modules = [layer, ACTIVATIONS[structure.activation]()]
    if structure.batch_norm != "none":
        modules.insert(1 if structure.batch_norm == "before" else 2, norm(width))
    if dropout and structure.dropout > 0:
        modules.append(nn.Dropout(structure.dropout))
    return modules


@torch.no_grad()
def _initialise(network: Network, structure: Architecture) -> None:
    layers = [module for module in network.modules() if isinstance(module, (nn.Linear, nn.Conv2d))]
    for layer in layers:
        fan_in, fan_out = _fans(layer.weight)
        if layer is layers[-1]:
            variance = 1.0 / fan_in
        elif structure.activation in ("tanh", "sigmoid"):
            variance = 2.0 / (fan_in + fan_out)
        else:
            slope = 0.01 if structure.activation == "leaky_relu" else 0.0
            variance = 2.0 / ((1 + slope**2) * fan_in)
        if structure.init == "normal":
            layer.weight.normal_(0.0, math.sqrt(variance))
        else:
            layer.weight.uniform_(-math.sqrt(3 * variance), math.sqrt(3 * variance))
        if layer.bias is not None:
            layer.bias.zero_()


def _fans(weight: Tensor) -> tuple[int, int]:
    window = math.prod(weight.shape[2:])
    return weight.shape[1] * window, weight.shape[0] * window


@torch.no_grad()
def _start_at_base_rates(head: nn.Linear, preparation: Preparation) -> None:
    if preparation.task == "regression":
        return
    # A class absent from the training part would get an infinite logit.
    logs = np.log(np.maximum(preparation.priors, 1e-4))
    start = logs[1:] - logs[:1] if preparation.task == "binary" else logs - logs.mean()
    head.bias.copy_(torch.tensor(start, dtype=head.bias.dtype))
