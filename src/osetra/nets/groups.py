"""Groups: which parameters take which share of the learning rate and of the weight decay.

As a rule weight matrices decay, and biases, embeddings and the scale and shift of norms do not. In the
neural tangent parametrization (Jacot et al., arXiv 1806.07572) a layer computes Wx/√fan_in with weights of
unit size. Adam's step does not know that factor, so that the same comes of plain weights whose rate is
divided by √fan_in and whose decay is multiplied by it: nothing is computed at every step for it. Optimizers
whose steps follow the size of the gradient keep the standard rates. Biases then take a tenth of the rate;
the factors of scaling layers, activations and embeddings are those of RealMLP (Holzmüller et al., arXiv
2407.04491).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from osetra.nets.architecture import Architecture
from osetra.nets.factorization import FactorTable
from osetra.nets.initial import Layer, fans
from osetra.nets.layers import MemberHeads, ParametricActivation, Periodic, Piecewise, Scaling
from osetra.nets.text_encoder import WordTable

Factors = tuple[float, float]
_SCALING: Factors = (6.0, 6.0)
_ACTIVATION: Factors = (0.1, 0.1)
_EMBEDDING: Factors = (0.1, 0.1)
_WAVES: Factors = (0.1 * 2 * math.pi, 0.1 / (2 * math.pi))
"""The factor 2π of a periodic embedding stands in its weights."""
_WORDS: Factors = (0.1, 10.0)
_VOTES: Factors = (1.0, 10.0)
"""Words are many and most are rare: what is learnt of each is held back more."""
_BIAS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class ParameterGroup:
    """Parameters with the factors on the learning rate and on the weight decay in force."""

    rate: float
    decay: float
    parameters: list[nn.Parameter]


def parameter_groups(
    network: nn.Module, structure: Architecture | None = None, *, adaptive: bool = True
) -> list[ParameterGroup]:
    """Return the parameters by their factors: first those that decay as they are, then those spared.

    Args:
        network: all of its parameters.
        structure: how it was built; its parametrization counts.
        adaptive: whether the optimizer's steps are independent of the size of gradients.
    """
    tangent = structure is not None and structure.parametrization == "neural_tangent" and adaptive
    found: dict[Factors, list[nn.Parameter]] = {(1.0, 1.0): [], (1.0, 0.0): []}
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            factors = _factors(module, name, tangent)
            found.setdefault(factors, []).append(parameter)
    return [ParameterGroup(*factors, parameters) for factors, parameters in found.items() if parameters]


def _factors(module: nn.Module, name: str, tangent: bool) -> Factors:
    match module:
        case nn.Linear() | nn.Conv1d() | nn.Conv2d() | MemberHeads():
            return _of_layer(module, name, tangent)
        case nn.GRU():
            return (1.0, 1.0 if name.startswith("weight") else 0.0)
        case Scaling():
            return _SCALING if module.weight.ndim == 1 else (1.0, 0.0)
        case ParametricActivation():
            return _ACTIVATION
        case Periodic() if name == "waves":
            return _WAVES
        case Periodic() | Piecewise():
            return _EMBEDDING
        case FactorTable():
            return (1.0, 0.0)  # held back by a penalty of their own
        case WordTable():
            factors = _VOTES if module.votes else _WORDS
            return factors if tangent else (10.0 * factors[0], 0.0)
        case nn.Embedding() if tangent:
            return (1.0, 1.0)
        case _:
            return (1.0, 0.0)


def _of_layer(layer: Layer, name: str, tangent: bool) -> Factors:
    if name == "bias":
        return (_BIAS, 0.0) if tangent else (1.0, 0.0)
    if not tangent:
        return (1.0, 1.0)
    fan_in, _ = fans(layer)
    factor = 1 / math.sqrt(fan_in)
    return (factor, 1 / factor)
