"""TensorFlow: loops with a GradientTape: variables in checkpoints, and the learning rate in force.

    optimizer.build(model.trainable_variables)
    rate = follow_rate(run, optimizer)              # before the first step of the optimizer
    parts = {"model": model, "optimizer": optimizer}
    state = run.restore()
    if state is not None:
        restore(state, **parts)
    for epoch in run.steps(20):
        rate.follow()                               # orders are obeyed from here on
        ...                                         # tapes, optimizer.apply_gradients, also in a tf.function
        run.report(val_loss=...)
        run.checkpoint(lambda: capture(**parts))

A compiled step has read what Python knew when it was traced; only variables change later. So the rate that
the optimizer takes is multiplied by a variable, behind whatever a schedule object computes, and behind what
is assigned to `optimizer.learning_rate`: neither is changed, and neither undoes an order.

A model of Keras holds the seeds of its dropout among its variables, and a tf.random.Generator is a part like
others. What tf.random.normal and the shuffling of tf.data draw from can be read by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from osetra.core.arguments import expected, given
from osetra.errors import CheckpointError, StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.versions import framework
from osetra.training.run import Run

tf = framework("tensorflow")

FORMAT = "osetra.tensorflow/1"
PLAIN = "biufc"
"""Kinds of arrays that a checkpoint holds as they are; others are kept as their bytes."""
_RATE = "_get_current_learning_rate"
"""The method of Keras 3 by which an optimizer asks for its rate, in each step."""


def capture(**parts: Any) -> dict[str, Any]:
    """Return the state of a training as a tree that `run.checkpoint` keeps, random states of NumPy included.

    Args:
        parts: models, layers, modules, optimizers, variables and generators by names of your own.

    Raises:
        CheckpointError: a part has no variables.
    """
    kept = {name: [_kept(variable) for variable in _variables(name, part)] for name, part in parts.items()}
    return {"format": FORMAT, "parts": kept, "randomness": random_states()}


def restore(state: object, **parts: Any) -> None:
    """Assign what `capture` kept; everything is checked before anything is changed.

    Args:
        state: what `capture` returned.
        parts: the same as were captured, built, under the same names.

    Raises:
        CheckpointError: the state is none of `capture`, or of other parts; the text names the first variable
            that does not fit.
    """
    if not isinstance(state, Mapping) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"not a state that osetra.integrations.tensorflow.capture returned ({given(state)}); give "
            "restore() the whole dict that capture() returned"
        )
    kept = state["parts"]
    if set(kept) != set(parts):
        raise CheckpointError(f"the checkpoint has {', '.join(kept)}, and restore() got {', '.join(parts)}")
    found = {name: _variables(name, part) for name, part in parts.items()}
    for name, variables in found.items():
        _check(name, variables, kept[name])
    for name, variables in found.items():
        for variable, one in zip(variables, kept[name], strict=True):
            variable.assign(_again(one, variable))
    set_random_states(state["randomness"])


class RateVariable:
    """The learning rate in force of a run, as a variable that steps multiply theirs by."""

    def __init__(self, loop: OwnedLoop, optimizers: list[Any]) -> None:
        self._loop = loop
        self._built = [_built_with(one) for one in optimizers]
        self.factor = tf.Variable(1.0, trainable=False, dtype=tf.float32, name="osetra_factor")
        """The rate in force / the rate of the configuration."""
        for one in optimizers:
            self._attach(one)

    def follow(self) -> float:
        """Obey what was ordered until now; return the factor. Without this in the loop orders are refused.

        Raises:
            StudyError: an optimizer was built with the rate in force, which would be multiplied twice.
        """
        factor, name = self._loop.factor, self._loop.rate
        live = np.float32(self._loop.run.live(str(name)))
        if factor != 1.0 and any(built == live for built in self._built):
            raise StudyError(
                f"the optimizer was built with run.live({name!r}), and that rate would be multiplied twice; "
                f"build it with run.config[{name!r}]"
            )
        self._built = []
        self.factor.assign(factor)
        return factor

    def _attach(self, optimizer: Any) -> None:
        plain, apply = getattr(optimizer, _RATE), optimizer.apply

        def scaled() -> Any:
            rate = tf.convert_to_tensor(plain())
            return rate * tf.cast(self.factor, rate.dtype)

        def applied(*args: Any, **kwargs: Any) -> Any:
            # For as long as a step is taken, or traced; around it the rate reads as schedules left it. Keras
            # looks through whatever is set otherwise.
            object.__setattr__(optimizer, _RATE, scaled)
            try:
                return apply(*args, **kwargs)
            finally:
                object.__delattr__(optimizer, _RATE)

        object.__setattr__(optimizer, "apply", applied)


def follow_rate(run: Run, *optimizers: Any, lr: str = "") -> RateVariable:
    """Let optimizers follow the learning rate in force, under schedule objects too.

    Args:
        run: what the training function got.
        optimizers: of Keras 3, before their first step.
        lr: name of the hyperparameter; looked for unless given.

    Raises:
        StudyError: the run has no such hyperparameter; an optimizer is none of Keras 3 on TensorFlow, has
            taken steps.
    """
    loop = OwnedLoop(run, lr, framework="TensorFlow")
    if loop.rate is None:
        raise StudyError(
            f"follow_rate: none of {', '.join(run.config)} is named lr, learning_rate or eta; say lr='…'"
        )
    if not optimizers:
        raise expected("optimizer", None, "follow_rate(run, optimizer) takes one of Keras")
    inner = [getattr(one, "inner_optimizer", one) for one in optimizers]  # of a LossScaleOptimizer
    for one in inner:
        _check_optimizer(one)
    return RateVariable(loop, inner)


def _check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, tf.keras.optimizers.Optimizer) or not hasattr(optimizer, _RATE):
        raise StudyError(
            f"follow_rate({given(optimizer)}): its learning rate cannot be followed, for it asks for it in "
            "a way of its own; give one of Keras 3, such as tf.keras.optimizers.Adam(run.config['lr'])"
        )
    if int(optimizer.iterations.numpy()) > 0:
        raise StudyError(
            "follow_rate: the optimizer has taken steps, and a compiled one would go on without orders; call "
            "it before the first step, and restore() behind it"
        )


def _built_with(optimizer: Any) -> float | None:
    """Return the rate that an optimizer was built with; None where a schedule computes it."""
    rate: Any = getattr(optimizer, "_learning_rate", None)
    return float(rate.numpy()) if hasattr(rate, "numpy") else None


def _variables(name: str, part: Any) -> list[Any]:
    if isinstance(part, tf.Variable):
        return [part]
    if isinstance(part, tf.random.Generator):
        return [part.state]
    found = getattr(part, "variables", None)
    if found is None or callable(found):
        raise CheckpointError(
            f"{name} is a {type(part).__name__}, which has no variables; capture models, optimizers, "
            "tf.Variable and tf.random.Generator"
        )
    return list(found)


def _kept(variable: Any) -> dict[str, Any]:
    values = np.asarray(variable.numpy())
    plain = values.dtype.kind in PLAIN
    form = {"dtype": str(values.dtype), "shape": list(values.shape)}
    return {**form, "values": np.array(values) if plain else values.tobytes()}


def _again(kept: Mapping[str, Any], variable: Any) -> Any:
    values = kept["values"]
    if isinstance(values, bytes):
        return np.frombuffer(values, dtype=np.asarray(variable.numpy()).dtype).reshape(kept["shape"])
    return values


def _check(name: str, variables: list[Any], kept: list[Mapping[str, Any]]) -> None:
    here = [(str(v.numpy().dtype), list(v.shape)) for v in variables]
    there = [(one["dtype"], list(one["shape"])) for one in kept]
    if here == there:
        return
    pairs = zip([*here, None], [*there, None], strict=False)
    index = next(number for number, (one, other) in enumerate(pairs) if one != other)
    label = getattr(variables[index], "name", "") if index < len(variables) else "none here"
    raise CheckpointError(
        f"the checkpoint is of another {name}: {len(there)} variables there, {len(here)} here, and number "
        f"{index + 1} ({label}) differs; build it from run.config before restore(), an optimizer by "
        "optimizer.build(model.trainable_variables)"
    )
