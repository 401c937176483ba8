"""Network: fully connected nets for tables, small convolutional nets for pictures, others for sequences.

The output follows from the task and is never searched: C > 2 classes give C logits, two classes
give one logit, a regression one number, several targets one output each. With batch normalisation before the
activation the layer in front has no bias: the norm's own shift would make it redundant.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from osetra.errors import DataError
from osetra.nets.architecture import ACTIVATIONS, Architecture
from osetra.nets.factorization import FactorTable, Interaction
from osetra.nets.initial import initialise, start_at_base_rates
from osetra.nets.layers import (
    MemberHeads,
    NumberFront,
    ParametricActivation,
    Periodic,
    Piecewise,
    Residual,
    Scaling,
    agreed,
)
from osetra.nets.multi_output import MultiOutput
from osetra.nets.prepare import Preparation
from osetra.nets.sequence_encoder import SequenceFront
from osetra.nets.targets import raw_width
from osetra.nets.text_encoder import TextFront

Head = nn.Linear | MemberHeads


class Network(nn.Module):
    """Embeddings for numbers, categories and texts, a body, and a linear head."""

    def __init__(
        self,
        embeddings: Sequence[nn.Embedding],
        body: nn.Sequential,
        front: NumberFront | SequenceFront | None = None,
        texts: TextFront | None = None,
        *,
        members: int = 1,
        numbers: bool = False,
        reach: tuple[float, float] | None = None,
        interaction: Interaction | None = None,
        multi: MultiOutput | None = None,
    ) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(embeddings)
        self.front = front
        self.texts = texts
        self.body = body
        self.members = members
        self.numbers = numbers
        """Whether what members say is a number each, and no share of a class."""
        self.reach = reach
        """The numbers that a regression has seen: it never answers beyond them."""
        self.multi = multi
        """What several targets make of what members say, and where they end."""
        self.looks_up = bool(len(embeddings))
        self.interaction = interaction

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return raw outputs (n, C), (n, 1) for two classes or a regression, (n, k) for several targets.

        While it is trained, members speak for themselves: (n · members, C), row by row.
        """
        if isinstance(self.front, SequenceFront):
            values = self.front(values, codes)
        elif self.front is not None:
            values = self.front(values)
        if self.looks_up:
            looked_up = [table(codes[:, i]) for i, table in enumerate(self.embeddings)]
            beside = looked_up if self.interaction is None else self.interaction.seen(looked_up)
            values = torch.cat([values, *beside], dim=1)
        votes = None
        if self.texts is not None:
            encoded, votes = self.texts(codes)
            values = torch.cat([values, encoded], dim=1)
        raw = cast(Tensor, self.body(values))
        if self.interaction is not None:
            raw = raw + cast(Tensor, self.interaction(looked_up, codes))
        if votes is not None:
            raw = raw + (votes if self.members == 1 else votes.unsqueeze(1))
        if self.training:
            return raw if self.members == 1 else raw.reshape(len(values) * self.members, -1)
        if self.multi is not None:
            return cast(Tensor, self.multi(raw))
        if self.members > 1:
            raw = raw.mean(dim=1) if self.numbers else agreed(raw)
        return raw if self.reach is None else raw.clamp(*self.reach)

    @property
    def penalty(self) -> Tensor | float:
        """What the factors of the rows last seen add to the slope of their mean loss, and not to its value.

        The loss that is reported stays one that can be compared with that of other rows.
        """
        told = 0.0 if self.interaction is None else self.interaction.penalty
        return told - told.detach() if isinstance(told, Tensor) else told


def build(structure: Architecture, preparation: Preparation) -> Network:
    """Return a freshly initialised network; randomness comes from PyTorch's global generator.

    Raises:
        DataError: a convolutional network for a table, or more blocks than the picture can be halved.
    """
    outputs = raw_width(preparation) if preparation.task != "binary" else 1
    embeddings = [_embedding(levels, structure.embedding_size) for levels in preparation.embedded]
    front: NumberFront | SequenceFront | None = None
    interaction, texts = None, None
    if preparation.texts:
        texts = TextFront(preparation.texts, len(preparation.embedded), structure, outputs)
    if structure.family == "factorization":
        interaction = _interaction(structure, preparation)
        for place in interaction.places:
            embeddings[place] = FactorTable(preparation.embedded[place], structure.factors)
    if structure.family == "sequence":
        front = _sequence_front(structure, preparation)
        body = nn.Sequential(*_top(structure, front.width, outputs))
    elif structure.family == "cnn":
        body = _convolutional(structure, preparation, outputs)
    else:
        front = _front(structure, preparation)
        width = _width(preparation) if front is None else front.width
        beside = embeddings
        if interaction is not None and not interaction.shared:
            beside = [table for place, table in enumerate(embeddings) if place not in interaction.places]
        width += sum(table.embedding_dim for table in beside) + (texts.width if texts else 0)
        body = _connected(structure, width, outputs, flatten=preparation.pictures is not None and not front)
    members = structure.members if structure.family == "mlp" else 1
    multi = None if preparation.multi is None else MultiOutput(preparation)
    network = Network(
        embeddings,
        body,
        front,
        texts,
        members=members,
        numbers=preparation.task == "regression",
        reach=preparation.reach,
        interaction=interaction,
        multi=multi,
    )
    initialise(network, structure)
    start_at_base_rates(cast(Head, body[-1]), preparation)
    return network


def set_dropout(network: Network, share: float) -> None:
    """Change the share of units that dropout silences, from the next batch on.

    A network built without dropout gets its layers now; the names of its weights stay as they are.

    Raises:
        DataError: no share, 0 … below 1.
    """
    share = Architecture(dropout=share).dropout
    layers = dropouts(network)
    for layer in layers:
        layer.p = share
    if layers or not share:
        return
    body: dict[str, nn.Module] = {}
    hidden = False
    for name, module in network.body.named_children():
        if hidden and _is_layer(module):  # where `_unit` puts it: behind a hidden layer
            body[f"dropout_{name}"] = nn.Dropout(share)
        hidden = hidden or _is_layer(module)
        body[name] = module
    network.body = nn.Sequential(OrderedDict(body))


def dropouts(network: Network) -> list[nn.Dropout]:
    """Return the layers that silence units."""
    return [module for module in network.body if isinstance(module, nn.Dropout)]


def without_dropout(network: Network) -> Network:
    """Return the same layers without dropout: weights under names that do not depend on it."""
    rest = [module for module in network.body if not isinstance(module, nn.Dropout)]
    tables = cast(list[nn.Embedding], list(network.embeddings))
    body = nn.Sequential(*rest)
    return Network(
        tables, body, network.front, network.texts,
        members=network.members, numbers=network.numbers, reach=network.reach,
        interaction=network.interaction, multi=network.multi,
    )  # fmt: skip


def _is_layer(module: nn.Module) -> bool:
    if isinstance(module, Residual):
        return not isinstance(module.unit[0], nn.Conv2d)
    return isinstance(module, (nn.Linear, MemberHeads))


def _embedding(levels: int, size: int) -> nn.Embedding:
    # Row 0 stands for levels never seen in training and stays zero: it says nothing.
    return nn.Embedding(levels, size or min(16, math.ceil(levels**0.5)), padding_idx=0)


def _interaction(structure: Architecture, preparation: Preparation) -> Interaction:
    places = preparation.pair_places
    if places is None:
        raise DataError(
            "a factorization takes ratings of items by users, and this data names no such columns; give "
            "--user and --item, or use the network 'mlp'"
        )
    features = preparation.width or len(preparation.embedded) > len(places)
    return Interaction(
        places, preparation.embedded, structure.factor_decay, shared=structure.deep == "all" or not features
    )


def _width(preparation: Preparation) -> int:
    return preparation.width if preparation.pictures is None else math.prod(preparation.pictures.shape)


def _front(structure: Architecture, preparation: Preparation) -> NumberFront | None:
    width = _width(preparation)
    numbers = preparation.numbers if preparation.pictures is None else tuple(range(width))
    if structure.number_embedding == "none" or not numbers:
        return None
    embedding = (
        Periodic(len(numbers), structure.frequency)
        if structure.number_embedding == "periodic"
        else Piecewise(len(numbers))
    )
    return NumberFront(embedding, numbers, width)


def _connected(structure: Architecture, width: int, outputs: int, *, flatten: bool) -> nn.Sequential:
    modules: list[nn.Module] = [nn.Flatten()] if flatten else []
    if structure.scaling_layer or structure.members > 1:
        modules.append(Scaling(width, structure.members))
    for number in range(structure.layers):
        linear = nn.Linear(width, structure.units, bias=structure.batch_norm != "before")
        unit = _unit(linear, nn.BatchNorm1d, structure.units, structure)
        modules += [Residual(*unit)] if structure.residual and number else unit
        if structure.dropout > 0:
            modules.append(nn.Dropout(structure.dropout))
        width = structure.units
    head = nn.Linear(width, outputs)
    return nn.Sequential(
        *modules, head if structure.members == 1 else MemberHeads(structure.members, width, outputs)
    )


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
        modules += [*_convolution(structure, channels, filters), nn.MaxPool2d(2)]
        if structure.residual:
            modules.append(Residual(*_convolution(structure, filters, filters)))
        channels, height, width = filters, height // 2, width // 2
    if structure.pooling == "average":
        modules.append(nn.AdaptiveAvgPool2d(1))
        height = width = 1
    return nn.Sequential(*modules, nn.Flatten(), *_top(structure, channels * height * width, outputs))


def _sequence_front(structure: Architecture, preparation: Preparation) -> SequenceFront:
    if preparation.sequences is None:
        raise DataError("a network for sequences takes sequences, and this data is none; use 'mlp' or 'cnn'")
    steps = preparation.sequences
    return SequenceFront(structure, len(steps.shift), steps.longest)


def _top(structure: Architecture, width: int, outputs: int) -> list[nn.Module]:
    """Return the hidden layer and the head behind convolutions or an encoder."""
    linear = nn.Linear(width, structure.units, bias=structure.batch_norm != "before")
    modules = _unit(linear, nn.BatchNorm1d, structure.units, structure)
    if structure.dropout > 0:
        modules.append(nn.Dropout(structure.dropout))
    return [*modules, nn.Linear(structure.units, outputs)]


def _convolution(structure: Architecture, channels: int, filters: int) -> list[nn.Module]:
    bias = structure.batch_norm != "before"
    layer = nn.Conv2d(channels, filters, structure.kernel, padding=structure.kernel // 2, bias=bias)
    return _unit(layer, nn.BatchNorm2d, filters, structure)


def _unit(
    layer: nn.Module,
    norm: type[nn.BatchNorm1d] | type[nn.BatchNorm2d],
    width: int,
    structure: Architecture,
) -> list[nn.Module]:
    bent: nn.Module = ACTIVATIONS[structure.activation]()
    if structure.parametric_activation and norm is nn.BatchNorm1d:
        bent = ParametricActivation(bent, width)
    modules = [layer, bent]
    if structure.batch_norm != "none":
        modules.insert(1 if structure.batch_norm == "before" else 2, norm(width))
    elif structure.layer_norm:
        modules.insert(1, nn.LayerNorm(width) if norm is nn.BatchNorm1d else nn.GroupNorm(1, width))
    return modules
