"""Sequence encoder: sequences of different lengths to one vector each; what is behind an end has no say.

Convolutions: blocks of convolutions along time that keep the length, each with a norm over the steps that
there are, and from the second on with its input added; the windows widen from block to block; long sequences
are halved behind each. Then mean and maximum of every filter over all steps. Source: Wang et al., Time Series
Classification from Scratch (arXiv 1611.06455), FCN and ResNet; dilation: Bai et al. (arXiv 1803.01271).
GRU: read in both directions (Cho et al., arXiv 1406.1078), then mean and maximum of its states.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from osetra.nets.architecture import ACTIVATIONS, Architecture

HALVED_FROM = 96
"""Sequences of so many steps are halved behind each block."""


class StepNorm(nn.BatchNorm1d):
    """Batch normalisation over the steps that there are."""

    def __init__(self, filters: int) -> None:
        # A batch has many steps, so that its own mean and deviation tell much: averages may follow soon.
        super().__init__(filters, momentum=0.3)

    def forward(self, values: Tensor, inside: Tensor | None = None) -> Tensor:
        """Return values (n, c, T), normalised; what is behind an end stays as it is."""
        if inside is None:
            return super().forward(values)
        if torch.compiler.is_exporting():  # a graph has no room for as many steps as there are
            return torch.where(inside[:, None], super().forward(values), values)
        steps = values.transpose(1, 2)
        normed = steps.masked_scatter(inside[:, :, None], super().forward(steps[inside]))
        return normed.transpose(1, 2)


class StepConvolution(nn.Module):
    """A convolution along time, norm and activation, on the steps that there are."""

    def __init__(self, structure: Architecture, channels: int, dilation: int) -> None:
        super().__init__()
        norm, filters = structure.batch_norm, structure.filters
        self.layer = nn.Conv1d(
            channels, filters, structure.kernel, padding=dilation * (structure.kernel // 2),
            dilation=dilation, bias=norm != "before",
        )  # fmt: skip
        self.norm = None if norm == "none" else StepNorm(filters)
        self.first = norm == "before"
        self.layer_norm = nn.LayerNorm(filters) if norm == "none" and structure.layer_norm else None
        self.activation = ACTIVATIONS[structure.activation]()

    def forward(self, values: Tensor, inside: Tensor) -> Tensor:
        """Return values (n, filters, T), 0 behind the ends."""
        values = self.layer(values)
        if self.norm is not None and self.first:
            values = self.norm(values, inside)
        if self.layer_norm is not None:
            values = self.layer_norm(values.transpose(1, 2)).transpose(1, 2)
        values = self.activation(values)
        if self.norm is not None and not self.first:
            values = self.norm(values, inside)
        return values * inside[:, None]


class ConvolutionEncoder(nn.Module):
    """Blocks of convolutions, then mean and maximum of each filter: (n, 2 · filters)."""

    def __init__(self, structure: Architecture, channels: int, longest: int) -> None:
        super().__init__()
        self.halving = longest >= HALVED_FROM
        self.residual = structure.residual
        convolutions = []
        for block in range(structure.blocks):
            dilation = 1 if self.halving else 2**block
            convolutions.append(StepConvolution(structure, channels, dilation))
            convolutions.append(StepConvolution(structure, structure.filters, dilation))
            channels = structure.filters
        self.convolutions = nn.ModuleList(convolutions)
        self.width = 2 * structure.filters

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Return a vector for each sequence (n, c, T)."""
        inside = _inside(values, lengths)
        values = values.masked_fill(~inside[:, None], 0.0)  # rows that were mixed have something there
        for place in range(0, len(self.convolutions), 2):
            entering = self.convolutions[place](values, inside)
            values = self.convolutions[place + 1](entering, inside)
            values = values + entering if self.residual else values
            if self.halving and (torch.compiler.is_exporting() or values.shape[2] > 1):
                values = _halved(_emptied(values, inside))
                lengths = (lengths + 1) // 2
                inside = _inside(values, lengths)
                values = values.masked_fill(~inside[:, None], 0.0)
        return _pooled(values, inside, lengths)


class RecurrentEncoder(nn.Module):
    """A GRU in both directions, then mean and maximum of its states: (n, 4 · units)."""

    def __init__(self, structure: Architecture, channels: int) -> None:
        super().__init__()
        self.cells = nn.GRU(channels, structure.units, batch_first=True, bidirectional=True)
        self.width = 4 * structure.units

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Return a vector for each sequence (n, c, T)."""
        if torch.compiler.is_exporting():
            states = self._in_graph(values, lengths)
            return _pooled(states, _inside(states, lengths), lengths)
        packed = pack_padded_sequence(
            values.transpose(1, 2), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.cells(packed)[0], batch_first=True)
        states = states.transpose(1, 2)
        return _pooled(states, _inside(states, lengths), lengths)

    def _in_graph(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Return states (n, 2 · units, T) as the operator GRU of ONNX, whose gates are in another order."""
        cells, units = self.cells, self.cells.hidden_size

        def ordered(name: str) -> Tensor:
            ways = [cells.get_parameter(f"{name}_l0{way}") for way in ("", "_reverse")]
            gates = [way.reshape(3, units, *way.shape[1:]) for way in ways]
            return torch.stack([torch.cat([each[1], each[0], each[2]]) for each in gates])

        biases = torch.cat([ordered("bias_ih"), ordered("bias_hh")], dim=1)
        n, _, steps = values.shape
        states = torch.onnx.ops.symbolic(
            "GRU",
            (values.permute(2, 0, 1), ordered("weight_ih"), ordered("weight_hh"), biases, lengths.int()),
            {"direction": "bidirectional", "hidden_size": units, "linear_before_reset": 1},
            dtype=values.dtype,
            shape=(steps, 2, n, units),
            version=18,
        )
        return states.permute(2, 1, 3, 0).flatten(1, 2)


class SequenceFront(nn.Module):
    """What stands before the body of a network for sequences."""

    def __init__(self, structure: Architecture, channels: int, longest: int) -> None:
        super().__init__()
        self.encoder: ConvolutionEncoder | RecurrentEncoder = (
            RecurrentEncoder(structure, channels)
            if structure.encoder == "gru"
            else ConvolutionEncoder(structure, channels, longest)
        )
        self.width = self.encoder.width

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return a vector for each sequence (n, c, T), whose length is its first code."""
        lengths = codes[:, 0]
        if values.device.type == "cpu" and not torch.compiler.is_exporting():
            values = values[:, :, : int(lengths.max())]  # reading a length from a GPU would wait for it
        return cast(Tensor, self.encoder(values, lengths))


def _inside(values: Tensor, lengths: Tensor) -> Tensor:
    """Return which steps (n, T) there are."""
    return torch.arange(values.shape[2], device=values.device) < lengths[:, None]


def _halved(values: Tensor) -> Tensor:
    """Return the larger of two steps in a row; a graph gets as many steps as can be halved in every block."""
    if torch.compiler.is_exporting():
        n, channels, _ = values.shape
        return values.reshape(n, channels, -1, 2).amax(dim=3)
    return functional.max_pool1d(values, 2, ceil_mode=True)


def _emptied(values: Tensor, inside: Tensor) -> Tensor:
    return values.masked_fill(~inside[:, None], float("-inf"))


def _pooled(values: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
    mean = (values * inside[:, None]).sum(dim=2) / lengths[:, None]
    return torch.cat([mean, _emptied(values, inside).amax(dim=2)], dim=1)
