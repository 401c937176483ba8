"""PaddlePaddle: loops of one's own: layers and optimizers in checkpoints, and the learning rate in force.

    follow_rate(run, optimizer)
    parts = {"model": model, "optimizer": optimizer}
    state = run.restore()
    if state is not None:
        restore(state, **parts)
    for epoch in run.steps(20):
        paddle.seed(run.seed % 2**31 + epoch)
        ...                                 # loss.backward(), optimizer.step(), scheduler.step()
        run.report(val_loss=...)
        run.checkpoint(lambda: capture(**parts))

The rate is multiplied when the optimizer steps and put back behind it, so that schedulers neither undo an
order nor take it for their own work; `set_lr`, which Paddle refuses under a scheduler, is not needed.

Paddle names parameters by how many layers the process has made before, and finds the moments of an optimizer
by these names: in a process that trained another trial before they would be lost without a word. They are
kept by the places of the parameters. Paddle gives the state of its random generator to nobody, so who draws
from it (dropout, paddle.randn) goes on with the same bits where each step begins with a seed of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from osetra.core.arguments import given
from osetra.errors import CheckpointError, StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.versions import framework
from osetra.training.run import Run

paddle = framework("paddle")

FORMAT = "osetra.paddle/1"
LOW = ("bfloat16", "float8")
"""Kinds of numbers that NumPy does not know; they are kept as float32, which holds all of them."""


def capture(**parts: Any) -> dict[str, Any]:
    """Return the state of a training as a tree that `run.checkpoint` keeps, random states of NumPy included.

    Args:
        parts: layers, optimizers, schedulers and scalers, by names of your own.

    Raises:
        CheckpointError: a part has no state_dict.
    """
    kept = {name: _plain(_state(name, part)) for name, part in parts.items()}
    return {"format": FORMAT, "parts": kept, "randomness": random_states()}


def restore(state: object, **parts: Any) -> None:
    """Set what `capture` kept; everything is checked before anything is changed.

    Args:
        state: what `capture` returned.
        parts: the same as were captured, under the same names.

    Raises:
        CheckpointError: the state is none of `capture`, or of other parts; the text names the first that
            does not fit.
    """
    if not isinstance(state, Mapping) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"not a state that osetra.integrations.paddle.capture returned ({given(state)}); give restore() "
            "the whole dict that capture() returned"
        )
    kept = state["parts"]
    if set(kept) != set(parts):
        raise CheckpointError(f"the checkpoint has {', '.join(kept)}, and restore() got {', '.join(parts)}")
    for name, part in parts.items():
        _check(name, part, kept[name])
    for name, part in parts.items():
        load = getattr(part, "set_state_dict", None) or part.load_state_dict
        load(_named(part, _tensors(kept[name])))
    set_random_states(state["randomness"])


def follow_rate(run: Run, *optimizers: Any, lr: str = "") -> None:
    """Let optimizers follow the learning rate in force, under any scheduler.

    Args:
        run: what the training function got.
        optimizers: of paddle.optimizer.
        lr: name of the hyperparameter; looked for unless given.

    Raises:
        StudyError: the run has no such hyperparameter; an optimizer is none, or was built with the rate in
            force.
    """
    loop = OwnedLoop(run, lr, framework="PaddlePaddle")
    if loop.rate is None:
        raise StudyError(
            f"follow_rate: none of {', '.join(run.config)} is named lr, learning_rate or eta; say lr='…'"
        )
    if not optimizers or not all(isinstance(one, paddle.optimizer.Optimizer) for one in optimizers):
        raise StudyError(f"follow_rate(run{''.join(f', {given(one)}' for one in optimizers)}): give Paddle's")
    live = run.live(loop.rate)  # from now on orders for it are obeyed
    for one in optimizers:
        if loop.factor != 1.0 and _scheduler(one) is None and one.get_lr() == live:
            raise StudyError(
                f"the optimizer was built with run.live({loop.rate!r}), and that rate would be multiplied "
                f"twice; build it with run.config[{loop.rate!r}]"
            )
    for one in optimizers:
        for method in ("step", "minimize"):
            object.__setattr__(one, method, _scaled(one, getattr(one, method), loop))


def _scaled(optimizer: Any, method: Callable[..., Any], loop: OwnedLoop) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        with _times(optimizer, loop.factor):
            return method(*args, **kwargs)

    return step


@contextmanager
def _times(optimizer: Any, factor: float) -> Iterator[None]:
    """Multiply the rate of an optimizer while inside."""
    if factor == 1.0:
        yield
        return
    scheduler, before = _scheduler(optimizer), optimizer.get_lr()
    try:
        if scheduler is None:
            optimizer.set_lr(before * factor)
        else:
            scheduler.last_lr = before * factor
        yield
    finally:
        if scheduler is None:
            optimizer.set_lr(before)
        else:
            scheduler.last_lr = before


def _scheduler(optimizer: Any) -> Any:
    rate = optimizer._learning_rate
    return rate if isinstance(rate, paddle.optimizer.lr.LRScheduler) else None


def _state(name: str, part: Any) -> Any:
    read = getattr(part, "state_dict", None)
    if read is None:
        raise CheckpointError(
            f"{name} is a {type(part).__name__}, which has no state_dict; capture layers, optimizers, "
            "schedulers and scalers"
        )
    return _placed(part, read())


def _names(part: Any) -> list[str]:
    """Return the names of an optimizer's parameters in their order; of another part none."""
    listed = getattr(part, "_parameter_list", None) or []
    flat = [one for each in listed for one in (each["params"] if isinstance(each, dict) else [each])]
    return [parameter.name for parameter in flat]


def _placed(part: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state with #3 in place of the name of the fourth parameter."""
    return _renamed(state, {name: f"#{place}" for place, name in enumerate(_names(part))})


def _named(part: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    return _renamed(state, {f"#{place}": name for place, name in enumerate(_names(part))})


def _renamed(state: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in state.items():
        fitting = [name for name in names if key == name or key.startswith(f"{name}_")]
        old = max(fitting, key=len, default="")
        new = names[old] + key[len(old) :] if old else key
        found[new] = _renamed(value, names) if isinstance(value, Mapping) else value
    return found


def _plain(tree: Any) -> Any:
    """Return a tree with arrays for tensors."""
    if isinstance(tree, Mapping):
        return {key: _plain(value) for key, value in tree.items()}
    if isinstance(tree, paddle.Tensor):
        kind = str(tree.dtype).removeprefix("paddle.")
        values = tree.astype("float32") if kind.startswith(LOW) else tree
        return {"tensor": np.array(values.numpy()), "kind": kind}
    return tree


def _tensors(tree: Any) -> Any:
    if isinstance(tree, Mapping) and set(tree) == {"tensor", "kind"}:
        return paddle.to_tensor(tree["tensor"]).astype(tree["kind"])
    return {key: _tensors(value) for key, value in tree.items()} if isinstance(tree, Mapping) else tree


def _check(name: str, part: Any, kept: Mapping[str, Any]) -> None:
    """Refuse tensors of other shapes, and of a layer others; an optimizer has none before its first step."""
    here = _plain(_state(name, part))
    missing = set() if _names(part) else set(here) ^ set(kept)
    for key in [*sorted(missing), *(key for key in kept if key in here)]:
        one, other = _shape(kept.get(key)), _shape(here.get(key))
        if one != other or key in missing:
            raise CheckpointError(
                f"the checkpoint is of another {name}: {key} is {one} there and {other} here; build it from "
                "the configuration that the checkpoint was made with"
            )
    places = [int(key[1:].split("_")[0]) for key in kept if key.startswith("#")]
    if places and max(places) >= len(_names(part)):
        raise CheckpointError(
            f"the checkpoint is of another {name}: {max(places) + 1} parameters there, {len(_names(part))} "
            "here; build it from the configuration that the checkpoint was made with"
        )


def _shape(kept: Any) -> str:
    if kept is None:
        return "absent"
    return str(list(kept["tensor"].shape)) if isinstance(kept, Mapping) and "tensor" in kept else "plain"
