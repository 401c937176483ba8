"""JAX: Flax and Optax in a loop of one's own: trees in checkpoints, and the learning rate in force.

    optimizer = by_factor(optax.adam(optax.cosine_decay_schedule(run.config["lr"], 1000)))
    rate = follow_rate(run)
    parts = {"params": params, "opt_state": optimizer.init(params), "key": jax.random.key(run.seed)}
    state = run.restore()
    if state is not None:
        parts = restore(state, parts)
    for epoch in run.steps(20):
        parts = train_step(parts, rate.factor)      # … optimizer.update(grads, …, params, factor=factor)
        run.report(val_loss=…)
        run.checkpoint(lambda: capture(parts))

A rate that a schedule computes within the update can be changed by nobody, not even where
`optax.inject_hyperparams` shows it: the next update computes it anew. So the update is multiplied, by
(in force / configured), which is an argument of the compiled step and no part of any state. That is the same
as another rate wherever the rate is what a direction is multiplied with last, as in the optimizers of Optax.

Arrays keep their bits, bfloat16 and keys of random numbers as well; modules and optimizers of Flax NNX are
captured by their state and updated in place.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from osetra.core.arguments import given
from osetra.errors import CheckpointError, StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.versions import framework
from osetra.training.run import Run

jax = framework("jax")

FORMAT = "osetra.jax/1"
PLAIN = "biufc"
"""Kinds of arrays that a checkpoint holds as they are; others are kept as their bytes."""


def capture(tree: Any, *, randomness: bool = True) -> dict[str, Any]:
    """Return the state of a training as a tree that `run.checkpoint` keeps.

    Args:
        tree: parameters, states of optimizers, keys, numbers, in dicts, tuples, dataclasses and all else
            that JAX knows as a tree; modules and optimizers of Flax NNX.
        randomness: whether to add the global random states of Python and NumPy.

    Raises:
        CheckpointError: a leaf is neither an array nor a plain value; the text names its place.
    """
    leaves = {place: _kept(leaf, place) for place, leaf in _leaves(tree)}
    return {"format": FORMAT, "leaves": leaves, "randomness": random_states() if randomness else None}


def restore(state: object, tree: Any, *, randomness: bool = True) -> Any:
    """Return a tree of the form of `tree` with what `capture` kept; objects of Flax NNX are updated in place.

    Everything is checked before anything is changed. Arrays go to the devices of those in `tree`.

    Args:
        state: what `capture` returned.
        tree: the same as was captured, as it is at the start of a training.
        randomness: whether to set the global random states, where they were captured.

    Raises:
        CheckpointError: the state is none of `capture`, or of another model or optimizer; the text names the
            first leaf that does not fit.
    """
    if not isinstance(state, Mapping) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"not a state that osetra.integrations.jax.capture returned ({given(state)}); give restore() the "
            "whole dict that capture() returned"
        )
    kept, here = state["leaves"], dict(_leaves(tree))
    for place in [*here, *kept]:
        one, other = _described(kept.get(place)), _described(_form(here[place]) if place in here else None)
        if one != other:
            raise CheckpointError(
                f"the checkpoint is of another tree: {place or 'it'} is {one} there and {other} here; build "
                "model and optimizer from the configuration that the checkpoint was made with"
            )
    restored = _put(tree, [_again(kept[place], leaf) for place, leaf in here.items()])
    if randomness and state["randomness"] is not None:
        set_random_states(state["randomness"])
    return restored


class FollowedRate:
    """The learning rate in force of a run, as what updates are multiplied by."""

    def __init__(self, loop: OwnedLoop) -> None:
        self._loop = loop

    @property
    def factor(self) -> float:
        """The rate in force / the rate of the configuration: 1.0 until somebody ordered another."""
        return self._loop.factor


def follow_rate(run: Run, *, lr: str = "") -> FollowedRate:
    """Have orders for the learning rate obeyed; return the factor to give to updates.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter; looked for unless given.

    Raises:
        StudyError: the run has no such hyperparameter.
    """
    loop = OwnedLoop(run, lr, framework="JAX")
    if loop.rate is None:
        raise StudyError(
            f"follow_rate: none of {', '.join(run.config)} is named lr, learning_rate or eta; say lr='…'"
        )
    run.live(loop.rate)  # from now on orders for it are obeyed
    return FollowedRate(loop)


def by_factor(optimizer: Any) -> Any:
    """Return an optimizer of Optax whose `update` takes `factor=`, and multiplies what it returns by it.

    Raises:
        StudyError: it is no optimizer of Optax; at an update, that no factor is given, or that a compiled
            step has it as a constant, which later orders would not reach.
    """
    optax = framework("optax")
    if not isinstance(optimizer, optax.GradientTransformation):
        raise StudyError(f"by_factor({given(optimizer)}): give it an optimizer of Optax, as optax.adam(1e-3)")
    inner = optax.with_extra_args_support(optimizer)

    def update(updates: Any, state: Any, params: Any = None, *, factor: Any = None, **extra: Any) -> Any:
        _check_factor(factor, updates)
        updates, state = inner.update(updates, state, params, **extra)
        return jax.tree.map(lambda one: one * jax.numpy.asarray(factor, one.dtype), updates), state

    return optax.GradientTransformationExtraArgs(inner.init, update)


def _check_factor(factor: Any, updates: Any) -> None:
    if factor is None:
        raise StudyError(
            "update(…) without factor=: the optimizer was made by by_factor; give factor=rate.factor, where "
            "rate = follow_rate(run)"
        )
    traced = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(updates))
    if traced and not isinstance(factor, jax.core.Tracer):
        raise StudyError(
            "factor= is a constant of the compiled step, and orders for the learning rate would never reach "
            "it; make it an argument of the jitted function, as in step(params, state, batch, rate.factor)"
        )


def _parted(tree: Any) -> tuple[list[tuple[str, Any]], Any, list[tuple[Any, Any]]]:
    """Return the leaves of a tree by place, its form, and its objects of NNX with their states."""
    nnx = sys.modules.get("flax.nnx")
    objects: list[tuple[Any, Any]] = []

    def of_nnx(part: Any) -> bool:
        return nnx is not None and isinstance(part, (nnx.Module, nnx.Optimizer, nnx.Rngs))

    def opened(part: Any) -> Any:
        if nnx is None or not of_nnx(part):
            return part
        state = nnx.state(part)
        objects.append((part, state))
        return nnx.to_pure_dict(state)

    plain = jax.tree.map(opened, tree, is_leaf=of_nnx)
    leaves, form = jax.tree_util.tree_flatten_with_path(plain)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in leaves], form, objects


def _leaves(tree: Any) -> list[tuple[str, Any]]:
    return _parted(tree)[0]


def _put(tree: Any, leaves: list[Any]) -> Any:
    """Return a tree with other leaves."""
    nnx = sys.modules.get("flax.nnx")
    _, form, objects = _parted(tree)
    pure = jax.tree.unflatten(form, leaves)
    if nnx is None or not objects:
        return pure
    waiting = list(objects)

    def closed(part: Any, new: Any) -> Any:
        if not waiting or part is not waiting[0][0]:
            return new
        one, state = waiting.pop(0)
        nnx.replace_by_pure_dict(state, new)
        nnx.update(one, state)
        return one

    known = {id(part) for part, _ in waiting}
    return jax.tree.map(closed, tree, pure, is_leaf=lambda part: id(part) in known)


def _form(leaf: Any) -> dict[str, Any]:
    """Return what a leaf is, without its values."""
    if _is_key(leaf):
        return {"key": str(jax.random.key_impl(leaf)), "shape": list(leaf.shape)}
    if hasattr(leaf, "dtype") and hasattr(leaf, "shape"):
        return {"dtype": str(leaf.dtype), "shape": list(leaf.shape)}
    return {"plain": type(leaf).__name__}


def _kept(leaf: Any, place: str) -> dict[str, Any]:
    form = _form(leaf)
    if "key" in form:
        return {**form, "values": np.asarray(jax.random.key_data(leaf))}
    if "dtype" in form:
        values = np.ascontiguousarray(leaf) if np.ndim(leaf) else np.asarray(leaf)
        return {**form, "values": values if values.dtype.kind in PLAIN else values.tobytes()}
    if leaf is None or isinstance(leaf, (bool, int, float, str, bytes)):
        return {**form, "values": leaf}
    raise CheckpointError(
        f"{place or 'the tree'} is a {type(leaf).__module__}.{type(leaf).__qualname__}, which no checkpoint "
        "keeps; capture arrays and plain values, and build functions anew from run.config"
    )


def _again(kept: Mapping[str, Any], leaf: Any) -> Any:
    """Return a leaf as it was kept, where the one here lies."""
    values = kept["values"]
    if "plain" in kept:
        return values
    if "key" in kept:
        return jax.random.wrap_key_data(jax.numpy.asarray(values), impl=kept["key"])
    if isinstance(values, bytes):
        values = np.frombuffer(values, dtype=leaf.dtype).reshape(kept["shape"])
    if not isinstance(leaf, jax.Array):
        return np.array(values) if isinstance(leaf, np.ndarray) else values[()]
    if leaf.weak_type and not leaf.shape:
        return jax.numpy.asarray(values.item())  # a number of Python, which takes the type of its partner
    return jax.device_put(values, leaf.sharding)


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _described(form: Mapping[str, Any] | None) -> str:
    if form is None:
        return "absent"
    return form.get("plain") or f"{form.get('dtype', 'keys')} {form['shape']}"
