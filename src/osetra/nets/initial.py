"""Initial: the weights that a training begins with.

The variance follows the activation: He (2/fan_in) for the rectifier family, Glorot
(2/(fan_in + fan_out)) for tanh and sigmoid, drawn from a uniform or a normal distribution of that same
variance. The output bias starts at the base rates, so the first loss is chance level. "data" fits the
first weights to a batch instead: every unit begins with a spread of one, and with its bend in the middle
of what it sees, the average of five rows weighted at random.
Sources: He et al. 2015 (arXiv 1502.01852) eq. 10; Glorot & Bengio 2010 eq. 16; Ioffe & Szegedy 2015
(arXiv 1502.03167); for "data", Holzmüller et al. 2024 (RealMLP, arXiv 2407.04491).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from osetra.data.dataset import NUMERIC
from osetra.nets.architecture import Architecture
from osetra.nets.factorization import Interaction
from osetra.nets.layers import MemberHeads, NumberFront, Piecewise, Scaling
from osetra.nets.prepare import Preparation

Layer = nn.Linear | nn.Conv1d | nn.Conv2d | MemberHeads
FITTED_ON = 512
"""Rows of the batch that the first weights are fitted to."""
_AVERAGED = 5


@torch.no_grad()
def initialise(network: nn.Module, structure: Architecture) -> None:
    """Draw the first weights; those of embeddings of numbers are drawn where they are made."""
    layers = [module for module in network.modules() if isinstance(module, Layer)]
    for layer in layers:
        fan_in, fan_out = fans(layer)
        if layer is layers[-1]:
            variance = 1.0 / fan_in
        elif structure.activation in ("tanh", "sigmoid"):
            variance = 2.0 / (fan_in + fan_out)
        else:
            slope = 0.01 if structure.activation == "leaky_relu" else 0.0
            variance = 2.0 / ((1 + slope**2) * fan_in)
        if structure.init == "uniform":
            layer.weight.uniform_(-math.sqrt(3 * variance), math.sqrt(3 * variance))
        else:
            layer.weight.normal_(0.0, math.sqrt(variance))
        if layer.bias is not None:
            layer.bias.zero_()
    for module in network.modules():
        if isinstance(module, Scaling) and module.weight.ndim == 2:
            module.weight.copy_(2.0 * torch.randint(0, 2, module.weight.shape) - 1.0)


@torch.no_grad()
def start_at_base_rates(head: nn.Linear | MemberHeads, preparation: Preparation) -> None:
    """Make the first answer the shares of the classes."""
    if preparation.task in NUMERIC:
        return
    if preparation.task == "multilabel":
        shares = np.clip(preparation.priors, 1e-4, 1 - 1e-4)
        head.bias.copy_(torch.tensor(np.log(shares / (1 - shares)), dtype=head.bias.dtype))
        return
    # A class absent from the training part would get an infinite logit.
    logs = np.log(np.maximum(preparation.priors, 1e-4))
    start = logs[1:] - logs[:1] if preparation.task == "binary" else logs - logs.mean()
    head.bias.copy_(torch.tensor(start, dtype=head.bias.dtype))


@torch.no_grad()
def fit_to_data(network: nn.Module, structure: Architecture, values: Tensor, codes: Tensor) -> None:
    """Fit to the training rows what a network learns of them before its first step."""
    front = getattr(network, "front", None)
    if isinstance(front, NumberFront) and isinstance(front.embedding, Piecewise):
        front.embedding.settle(front.chosen(values))
    interaction = getattr(network, "interaction", None)
    if isinstance(interaction, Interaction):
        interaction.settle(codes)
    if structure.init != "data":
        return
    rows = torch.randperm(len(values), device="cpu")[:FITTED_ON].to(values.device)
    layers = [module for module in network.modules() if isinstance(module, Layer)]
    hooks = [layer.register_forward_pre_hook(_fitted) for layer in layers]
    training = network.training
    network.train()
    # Averages of norms are those of training, not of this look.
    kept = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network(values[rows], codes[rows])
    for name, buffer in network.named_buffers():
        buffer.copy_(kept[name])
    network.train(training)
    for hook in hooks:
        hook.remove()


def fans(layer: Layer) -> tuple[int, int]:
    """Return how many inputs a unit has, and how many units an input."""
    if isinstance(layer, MemberHeads):
        return layer.weight.shape[1], layer.weight.shape[2]
    window = math.prod(layer.weight.shape[2:])
    return layer.weight.shape[1] * window, layer.weight.shape[0] * window


def _fitted(layer: Any, inputs: tuple[Tensor]) -> None:
    """Give a layer, just before its first use, outputs of unit spread, and its biases."""
    fan_in, _ = fans(layer)
    layer.weight.normal_(0.0, 1.0 / math.sqrt(fan_in))
    if layer.bias is not None:
        layer.bias.zero_()
    outputs = layer.forward(*inputs)
    if isinstance(layer, (nn.Conv1d, nn.Conv2d)):
        outputs = outputs.movedim(1, -1)
    heads = isinstance(layer, MemberHeads)
    flat = outputs.flatten(0, -3 if heads else -2)
    spread = flat.std(dim=0, correction=0).clamp_min(1e-6)
    layer.weight /= spread.unsqueeze(1) if heads else spread.reshape(-1, *[1] * (layer.weight.ndim - 1))
    if layer.bias is None:
        return
    picked = torch.randint(0, len(flat), (_AVERAGED, *spread.shape)).to(flat.device)
    shares = torch.empty(_AVERAGED, *spread.shape).exponential_().to(flat.device)
    layer.bias.copy_(-(flat.gather(0, picked) * shares / shares.sum(dim=0)).sum(dim=0) / spread)
