"""Stepper: one update of all weights from their gradients.

All parameters are views of one flat vector, weight matrices first, and so are their gradients: a
step is a handful of vector operations however many layers there are. PyTorch's own optimizers give
the same numbers (the tests compare them) and import a compiler that takes longer than a training.

With g the gradient, w the weights, t the count of steps:
- sgd        w ← w - lr·g
- momentum   v ← μ·v + g;  w ← w - lr·v              (nesterov: w ← w - lr·(g + μ·v))
- rmsprop    s ← ρ·s + (1-ρ)·g²;  w ← w - lr·g/(√s + ε)
- adam       m ← β1·m + (1-β1)·g;  s ← β2·s + (1-β2)·g²;  w ← w - lr·m̂/(√ŝ + ε),
             m̂ = m/(1-β1ᵗ), ŝ = s/(1-β2ᵗ)
The decay of adamw is w ← w·(1 - lr·wd), apart from the gradient; the others add wd·w to g.
Sources: Sutskever et al. 2013; Hinton, lecture 6e; Kingma & Ba arXiv 1412.6980 algorithm 1;
Loshchilov & Hutter arXiv 1711.05101 algorithm 2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from osetra.nets.network import parameter_groups
from osetra.nets.optim import Recipe


class Stepper:
    """Holds a network's parameters and gradients flat, and what the optimizer remembers."""

    __slots__ = ("_decayed", "_first", "_recipe", "_second", "_steps", "gradients", "weights")

    def __init__(self, recipe: Recipe, network: nn.Module) -> None:
        matrices, others = parameter_groups(network)
        parameters = [*matrices, *others]
        self.weights = torch.cat([parameter.detach().reshape(-1) for parameter in parameters])
        self.gradients = torch.zeros_like(self.weights)
        start = 0
        for parameter in parameters:
            end = start + parameter.numel()
            parameter.data = self.weights[start:end].view_as(parameter)
            parameter.grad = self.gradients[start:end].view_as(parameter)
            start = end
        self._recipe = recipe
        self._decayed = self.weights[: sum(matrix.numel() for matrix in matrices)]
        self._first = torch.zeros_like(self.weights)
        self._second = torch.zeros_like(self.weights)
        self._steps = 0

    def clear(self) -> None:
        """Set all gradients to zero, to be called before each backward pass."""
        self.gradients.zero_()

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Update the weights in place with the gradients that the backward pass left."""
        recipe, gradient = self._recipe, self.gradients
        self._steps += 1
        if recipe.weight_decay and recipe.optimizer == "adamw":
            self._decayed.mul_(1 - lr * recipe.weight_decay)
        elif recipe.weight_decay:
            gradient[: len(self._decayed)].add_(self._decayed, alpha=recipe.weight_decay)
        match recipe.optimizer:
            case "sgd":
                self.weights.add_(gradient, alpha=-lr)
            case "momentum" | "nesterov":
                self._momentum(gradient, lr)
            case "rmsprop":
                self._second.mul_(recipe.rms_decay).addcmul_(gradient, gradient, value=1 - recipe.rms_decay)
                self.weights.addcdiv_(gradient, self._second.sqrt().add_(recipe.eps), value=-lr)
            case _:
                self._adam(gradient, lr)

    def _momentum(self, gradient: Tensor, lr: float) -> None:
        self._first.mul_(self._recipe.momentum).add_(gradient)
        if self._recipe.optimizer == "nesterov":
            self.weights.add_(gradient, alpha=-lr)
            self.weights.add_(self._first, alpha=-lr * self._recipe.momentum)
        else:
            self.weights.add_(self._first, alpha=-lr)

    def _adam(self, gradient: Tensor, lr: float) -> None:
        recipe = self._recipe
        self._first.lerp_(gradient, 1 - recipe.beta1)
        self._second.mul_(recipe.beta2).addcmul_(gradient, gradient, value=1 - recipe.beta2)
        unbiased = math.sqrt(1 - recipe.beta2**self._steps)
        scale = self._second.sqrt().div_(unbiased).add_(recipe.eps)
        self.weights.addcdiv_(self._first, scale, value=-lr / (1 - recipe.beta1**self._steps))
