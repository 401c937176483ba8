"""State: everything that a PyTorch training needs to go on as if it had never stopped.

    from osetra.nets.state import capture, restore

    def train(run):
        model, optimizer = ...
        state = run.restore()
        if state is not None:
            losses = restore(state, model=model, optimizer=optimizer)["losses"]
        for epoch in run.steps(20):
            for group in optimizer.param_groups:
                group["lr"] = run.live("lr")     # after restore: the value in force wins
            ...
            run.checkpoint(lambda: capture(model=model, optimizer=optimizer, losses=losses))

Leaving a part out changes the training that follows: without the optimizer its moments start at
zero, without the random states rows come in another order and dropout takes other units. Buffers
that a module declares non-persistent are left out, as PyTorch means them to be.

An optimizer brings its old learning rate back, and so does a scheduler: set the rate in force after
`restore`, as above. Nothing here pickles, and restoring never runs code.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from osetra.errors import CheckpointError
from osetra.nets.packing import Tree, pack, unpack

Generator = torch.Generator | np.random.Generator


class Stateful(Protocol):
    """Something whose state PyTorch can give and take, such as a learning-rate scheduler."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""
        ...

    def load_state_dict(self, state: dict[str, Any], /) -> object:
        """Take a state."""
        ...


def capture(
    *,
    model: nn.Module | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: Stateful | None = None,
    generator: Generator | None = None,
    randomness: bool = True,
    **extra: Any,
) -> Tree:
    """Return the state of a training as a tree that `run.checkpoint` keeps.

    The tree is a copy: training on does not change it.

    Args:
        model: its parameters and persistent buffers.
        optimizer: its groups and moments.
        scheduler: its counters.
        generator: a generator of the training's own, of PyTorch or NumPy, such as a data loader's.
        randomness: whether to add the global random states of PyTorch (CPU, and CUDA when in use),
            NumPy and Python.
        extra: anything else that the loop needs: numbers, text, tensors, arrays, lists, dicts, and
            further `state_dict()`s.

    Raises:
        CheckpointError: something in it cannot be kept; the text names the place.
    """
    parts: dict[str, Any] = {"extra": extra}
    if model is not None:
        state = model.state_dict()
        parts["model"] = {"state": dict(state), "metadata": dict(getattr(state, "_metadata", {}))}
    if optimizer is not None:
        parts["optimizer"] = {
            "kind": _kind(optimizer),
            "shapes": _shapes(optimizer),
            "state": optimizer.state_dict(),
        }
    if scheduler is not None:
        parts["scheduler"] = {"kind": _kind(scheduler), "state": scheduler.state_dict()}
    if generator is not None:
        parts["generator"] = {"kind": _kind(generator), "state": _state_of(generator)}
    if randomness:
        parts["randomness"] = _random_states()
    return pack(parts)


def restore(
    tree: object,
    *,
    model: nn.Module | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: Stateful | None = None,
    generator: Generator | None = None,
    randomness: bool = True,
) -> dict[str, Any]:
    """Load what `capture` returned into the given objects, in place, and return its extras.

    Everything is checked before anything is changed. Parts of the tree that are not asked for are
    left alone. Tensors among the extras are on the CPU.

    Args:
        tree: what `capture` returned.
        model: gets parameters and buffers.
        optimizer: gets groups and moments; it must be over the same parameters in the same order.
        scheduler: gets its counters.
        generator: gets its random state.
        randomness: whether to set the global random states, where they were captured.

    Raises:
        CheckpointError: the tree is damaged, lacks a part, or is of another model or optimizer; the
            text names the first tensor that does not fit.
    """
    parts = unpack(tree)
    asked = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "generator": generator}
    given = {name: item for name, item in asked.items() if item is not None}
    _check_parts(parts, given)
    if model is not None:
        _check_model(model, parts["model"]["state"])
    if optimizer is not None:
        _check_optimizer(optimizer, parts["optimizer"]["shapes"])
    if model is not None:
        state = OrderedDict(parts["model"]["state"])
        state._metadata = parts["model"]["metadata"]  # type: ignore[attr-defined]  # as PyTorch does
        model.load_state_dict(state)
    for item in (optimizer, scheduler):
        if item is not None:
            item.load_state_dict(parts["optimizer" if item is optimizer else "scheduler"]["state"])
    if generator is not None:
        _set_state(generator, parts["generator"]["state"])
    if randomness and "randomness" in parts:
        _set_random_states(parts["randomness"])
    return dict(parts["extra"])


def _check_parts(parts: Any, given: Mapping[str, object]) -> None:
    if not isinstance(parts, dict) or "extra" not in parts:
        raise CheckpointError("not a state that osetra.nets.state.capture returned: it has other parts")
    for name, item in given.items():
        if name not in parts:
            held = ", ".join(part for part in parts if part != "extra") or "extras only"
            raise CheckpointError(f"the checkpoint holds no {name} ({held}); capture({name}=…) puts one in")
        kind = parts[name].get("kind", _kind(item))
        if name != "model" and kind != _kind(item):
            raise CheckpointError(
                f"the checkpoint is of another {name}: {kind} there, {_kind(item)} here; "
                f"use the same one, or leave {name} out to start it afresh"
            )


def _check_model(model: nn.Module, stored: Mapping[str, Any]) -> None:
    wanted = model.state_dict()
    for name in [*wanted, *stored]:
        there, here = _described(stored, name), _described(wanted, name)
        if there != here:
            raise CheckpointError(
                f"the checkpoint is of another model: {name} is {there} there and {here} here; "
                "build the model from the configuration that the checkpoint was made with"
            )


def _described(state: Mapping[str, Any], name: str) -> str:
    value = state.get(name)
    if not isinstance(value, Tensor):
        return "present" if name in state else "absent"
    return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"


def _check_optimizer(optimizer: torch.optim.Optimizer, stored: list[list[list[int]]]) -> None:
    here = _shapes(optimizer)
    if [len(group) for group in here] != [len(group) for group in stored]:
        raise CheckpointError(
            "the checkpoint is of another optimizer: its groups have "
            f"{', '.join(str(len(group)) for group in stored)} parameters and those here "
            f"{', '.join(str(len(group)) for group in here)}"
        )
    for number, (ours, theirs) in enumerate(zip(here, stored, strict=True)):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if one != other:
                raise CheckpointError(
                    f"the checkpoint is of another optimizer: parameter {index} of group {number} is "
                    f"{other} there and {one} here; give the parameters in the same order"
                )


def _shapes(optimizer: torch.optim.Optimizer) -> list[list[list[int]]]:
    return [[list(p.shape) for p in group["params"]] for group in optimizer.param_groups]


def _kind(item: object) -> str:
    return type(item).__qualname__


def _state_of(generator: Generator) -> Any:
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    return generator.bit_generator.state


def _set_state(generator: Generator, state: Any) -> None:
    if isinstance(generator, torch.Generator):
        generator.set_state(state)
        return
    try:
        generator.bit_generator.state = state
    except ValueError as error:
        raise CheckpointError(f"the checkpoint is of another generator: {error}") from None


def _random_states() -> dict[str, Any]:
    used = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if used else [],
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  # users' own loops may use it
        "python": random.getstate(),
    }


def _set_random_states(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available():
        for device, state in enumerate(states["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, device)
    np.random.set_state(states["numpy"])  # noqa: NPY002
    random.setstate(states["python"])
