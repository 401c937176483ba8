"""JAX, Optax and Flax NNX: trees keep their bits, and an order holds under every schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402

from osetra.errors import CheckpointError, StudyError  # noqa: E402
from osetra.integrations.jax import by_factor, capture, follow_rate, restore  # noqa: E402
from osetra.training.checkpoints import read, write  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(1, keepdims=True)
SCHEDULES: dict[str, Any] = {
    "constant": lambda lr: lr,
    "constant_schedule": optax.constant_schedule,
    "cosine": lambda lr: optax.cosine_decay_schedule(lr, 20),
    "cosine_onecycle": lambda lr: optax.cosine_onecycle_schedule(20, lr),
    "exponential": lambda lr: optax.exponential_decay(lr, 3, 0.7),
    "linear": lambda lr: optax.linear_schedule(lr, lr / 10, 12),
    "linear_onecycle": lambda lr: optax.linear_onecycle_schedule(20, lr),
    "piecewise_constant": lambda lr: optax.piecewise_constant_schedule(lr, {5: 0.5}),
    "polynomial": lambda lr: optax.polynomial_schedule(lr, lr / 10, 2, 12),
    "sgdr": lambda lr: optax.sgdr_schedule(
        [{"init_value": lr / 10, "peak_value": lr, "decay_steps": 6, "warmup_steps": 2}] * 3
    ),
    "warmup_cosine": lambda lr: optax.warmup_cosine_decay_schedule(lr / 10, lr, 3, 20),
    "warmup_constant": lambda lr: optax.warmup_constant_schedule(lr / 10, lr, 3),
    "join": lambda lr: optax.join_schedules(
        [optax.constant_schedule(lr), optax.linear_schedule(lr, 0, 9)], [4]
    ),
}
OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda rate: optax.sgd(rate, momentum=0.9),
    "adamw": optax.adamw,
    "injected": lambda rate: optax.inject_hyperparams(optax.adam)(learning_rate=rate),
    "chain": lambda rate: optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate)),
}


def _moves(schedule: str, optimizer: str, orders: Any) -> np.ndarray:
    """Return what each of 12 updates changed, gradients being always the same."""
    run, _, link = steered(orders)
    rate = follow_rate(run)
    tx = by_factor(OPTIMIZERS[optimizer](SCHEDULES[schedule](run.config["lr"])))
    weights, moved = jnp.zeros(2), []
    state = tx.init(weights)

    @jax.jit
    def update(state: Any, factor: Any) -> Any:
        return tx.update(jnp.array([1.0, -0.5]), state, jnp.zeros(2), factor=factor)

    for _ in run.steps(12):
        updates, state = update(state, rate.factor)
        moved.append(np.asarray(updates))
        run.report(val_loss=1.0)
    assert link.refusal == ""
    return np.stack(moved)


@pytest.mark.parametrize(
    ("schedule", "optimizer"),
    [*((name, "adamw") for name in SCHEDULES), *(("cosine", name) for name in OPTIMIZERS)],
)
def test_no_schedule_undoes_an_order_and_none_notices_it(schedule: str, optimizer: str) -> None:
    plain, ordered = _moves(schedule, optimizer, []), _moves(schedule, optimizer, [(6, {"lr": 0.025})])
    assert ordered[:6].tobytes() == plain[:6].tobytes()
    np.testing.assert_allclose(ordered[6:], 0.25 * plain[6:], rtol=1e-5, atol=1e-9)


def _loss(params: Any, x: Any, y: Any, key: Any) -> Any:
    hidden = jnp.tanh(x @ params["w"] + params["b"])
    kept = jax.random.bernoulli(key, 0.7, hidden.shape)
    return jnp.mean((jnp.where(kept, hidden, 0) @ params["v"] - y) ** 2)


def _start(run: Run, tx: Any, units: int = 4) -> dict[str, Any]:
    key = jax.random.key(3)
    shapes = {"w": (3, units), "b": (units,), "v": (units, 1)}
    params = {n: jax.random.normal(jax.random.fold_in(key, i), s) for i, (n, s) in enumerate(shapes.items())}
    return {"params": params, "opt_state": tx.init(params), "key": key}


def _trained(run: Run) -> np.ndarray:
    tx = by_factor(optax.adam(optax.cosine_decay_schedule(run.config["lr"], 20)))
    rate, parts = follow_rate(run), _start(run, tx)
    np.random.seed(3)  # noqa: NPY002  # loops of people draw from it

    @jax.jit
    def step(parts: Any, x: Any, y: Any, factor: Any) -> Any:
        key, drawn = jax.random.split(parts["key"])
        loss, grads = jax.value_and_grad(_loss)(parts["params"], x, y, drawn)
        updates, opt_state = tx.update(grads, parts["opt_state"], parts["params"], factor=factor)
        params = optax.apply_updates(parts["params"], updates)
        return {"params": params, "opt_state": opt_state, "key": key}, loss

    state = run.restore()
    if state is not None:
        parts = restore(state, parts)
    for epoch in run.steps(6):
        for rows in np.random.permutation(32).reshape(4, 8):  # noqa: NPY002
            parts, loss = step(parts, X[rows], Y[rows], rate.factor)
        run.report(val_loss=loss)
        run.checkpoint(lambda: capture(parts))
        if "die" in run.config:
            die_once(run, epoch, 4)
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(parts["params"])])


def test_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, _trained, at=3)
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    _, unbroken, killed = killed_and_unbroken(tmp_path, lambda run, result: np.save(result, _trained(run)))
    assert unbroken.tobytes() == killed.tobytes()


def test_a_model_of_nnx_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    nnx = pytest.importorskip("flax.nnx")

    def trained(run: Run) -> np.ndarray:
        rngs = nnx.Rngs(0, dropout=run.seed)
        model = nnx.Sequential(
            nnx.Linear(3, 4, rngs=rngs), nnx.BatchNorm(4, rngs=rngs), nnx.Dropout(0.3, rngs=rngs)
        )
        optimizer = nnx.Optimizer(model, by_factor(optax.adam(run.config["lr"])), wrt=nnx.Param)
        rate, parts = follow_rate(run), {"model": model, "optimizer": optimizer, "seen": 0}
        state = run.restore()
        if state is not None:
            parts = restore(state, parts)
            assert parts["model"] is model

        @nnx.jit
        def step(model: Any, optimizer: Any, factor: Any) -> Any:
            loss, grads = nnx.value_and_grad(lambda m: jnp.mean((m(X) - Y) ** 2))(model)
            optimizer.update(model, grads, factor=factor)
            return loss

        for epoch in run.steps(5):
            run.report(val_loss=step(model, optimizer, rate.factor))
            parts["seen"] = epoch
            run.checkpoint(lambda: capture(parts))
        assert parts["seen"] == 5 or run.interrupted
        return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))])

    unbroken, broken, _, _ = resumed(tmp_path, trained, at=3)
    assert unbroken.tobytes() == broken.tobytes()


LEAVES: dict[str, Any] = {
    **{
        name: jnp.array([0, 1, 2.5]).astype(name)
        for name in ("bfloat16", "float16", "float32", "float8_e4m3fn", "int8", "uint32", "bool", "complex64")
    },
    "scalar": jnp.float32(0.1),
    "weak": jnp.asarray(0.1),
    "empty": jnp.zeros((0, 3)),
    "keys": jax.random.split(jax.random.key(1), 3),
    "rbg": jax.random.key(1, impl="rbg"),
    "raw key": jax.random.PRNGKey(1),
    "numpy": np.arange(3.0),
    "numpy scalar": np.float64(0.1),
    "number": 0.1,
    "text": "a",
}


@pytest.mark.parametrize("name", LEAVES)
def test_every_leaf_keeps_its_bits_and_its_kind(name: str, tmp_path: Path) -> None:
    leaf = LEAVES[name]
    kept = write(tmp_path, "c", capture({"a": (leaf, [leaf])}))
    tree = restore(read(tmp_path / kept.file, kept.sha256), {"a": (leaf, [leaf])})
    assert jax.tree.structure(tree) == jax.tree.structure({"a": (leaf, [leaf])})
    for again in jax.tree.leaves(tree):
        assert type(again) is type(leaf)
        assert getattr(again, "weak_type", None) == getattr(leaf, "weak_type", None)
        if name in ("keys", "rbg"):
            again, one = jax.random.key_data(again), jax.random.key_data(leaf)
        else:
            one = leaf
        assert np.asarray(again).dtype == np.asarray(one).dtype
        assert np.asarray(again).tobytes() == np.asarray(one).tobytes()


def test_a_run_keeps_trees_of_jax_as_they_are(tmp_path: Path) -> None:
    state = optax.adam(0.1).init({"w": jnp.ones(3)})
    kept = write(tmp_path, "c", {"state": state, "params": (jnp.ones(2), 1)})
    again = read(tmp_path / kept.file, kept.sha256)
    assert [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(again["state"])] == [
        np.asarray(leaf).tolist() for leaf in jax.tree.leaves(state)
    ]
    assert again["params"][0].dtype == np.float32


def test_wrong_uses_are_named() -> None:
    run, _, _ = steered()
    tx, rate = by_factor(optax.sgd(0.1)), follow_rate(run)
    weights = jnp.zeros(2)
    with pytest.raises(StudyError, match=r"give factor=rate\.factor"):
        tx.update(weights, tx.init(weights), weights)
    with pytest.raises(StudyError, match="a constant of the compiled step"):
        jax.jit(lambda g: tx.update(g, tx.init(g), factor=rate.factor))(weights)
    with pytest.raises(StudyError, match="give it an optimizer of Optax"):
        by_factor(0.1)
    with pytest.raises(CheckpointError, match=r"\['a'\] is float32 \[2\] there and float32 \[3\] here"):
        restore(capture({"a": jnp.zeros(2)}), {"a": jnp.zeros(3)})
    with pytest.raises(
        CheckpointError, match=r"\['b'\] is absent there and plain int|\['b'\] is absent there and int"
    ):
        restore(capture({"a": 1}), {"a": 1, "b": 2})
    with pytest.raises(CheckpointError, match=r"not a state that .*jax.capture returned"):
        restore({"a": 1}, {"a": 1})
    with pytest.raises(CheckpointError, match=r"\['f'\] is a builtins\.function, which no checkpoint keeps"):
        capture({"f": len.__class__ and (lambda: 1)})
    nameless, _, _ = steered()
    del nameless.config["lr"]
    with pytest.raises(StudyError, match="is named lr, learning_rate or eta"):
        follow_rate(nameless)
