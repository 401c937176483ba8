"""Babysit one training: a small network learns two spirals while you turn its learning rate.

    osetra babysit examples/babysit.py lr=0.3

It keeps checkpoints and reads the learning rate anew in every epoch, so that it can be paused, rolled
back and steered. Everything that the next epoch depends on is in the checkpoint: the weights, their
momentum and the state of the random numbers.
"""

import time

import numpy as np

import osetra as ose

space = ose.Space(
    lr=ose.Float(1e-3, 10, scale="log", default=0.1),
    momentum=ose.Float(0.5, 0.99, scale="one_minus_log", default=0.9),
    units=ose.Int(8, 128, scale="log", default=32),
)
EPOCHS = 150
PACE = 0.15
"""Seconds of rest per epoch: so small a network would be done before anybody could turn a knob."""


def spirals(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 2) on two interleaved spirals and their labels (n,)."""
    label = rng.integers(0, 2, n)
    turn = 3.0 * np.pi * np.sqrt(rng.random(n))
    angle = turn + np.pi * label
    points = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1) / 10.0
    return points + 0.03 * rng.standard_normal((n, 2)), label


def forward(weights: dict[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both hidden layers (n, units) and the probability (n,) of the second spiral."""
    first = np.tanh(x @ weights["a"] + weights["p"])
    second = np.tanh(first @ weights["b"] + weights["q"])
    return first, second, 1.0 / (1.0 + np.exp(-np.clip(second @ weights["c"], -60, 60)))


def loss(weights: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean cross-entropy."""
    p = np.clip(forward(weights, x)[2], 1e-12, 1 - 1e-12)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def gradients(weights: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the gradient of the mean cross-entropy by backpropagation."""
    first, second, p = forward(weights, x)
    out = (p - y) / len(y)
    back = np.outer(out, weights["c"]) * (1 - second**2)
    front = back @ weights["b"].T * (1 - first**2)
    return {"a": x.T @ front, "p": front.sum(0), "b": first.T @ back, "q": back.sum(0), "c": second.T @ out}


def train(run: ose.Run) -> None:
    """Train by gradient descent with momentum, in mini-batches."""
    rng = np.random.default_rng(run.seed)
    data = np.random.default_rng(0)
    (x, y), (x_val, y_val) = spirals(data, 1500), spirals(data, 500)
    units = int(run.config["units"])
    shapes = {"a": (2, units), "p": (units,), "b": (units, units), "q": (units,), "c": (units,)}
    weights = {name: rng.standard_normal(shape) / np.sqrt(shape[0]) for name, shape in shapes.items()}
    weights["a"] *= 3.0
    velocity = {name: np.zeros(shape) for name, shape in shapes.items()}
    state = run.restore()
    if state is not None:
        weights, velocity = state["weights"], state["velocity"]
        rng.bit_generator.state = state["rng"]
    for _ in run.steps(EPOCHS):
        time.sleep(PACE)
        lr, momentum = run.live("lr"), run.live("momentum")
        for rows in np.array_split(rng.permutation(len(x)), 24):
            slope = gradients(weights, x[rows], y[rows])
            for name in weights:
                velocity[name] = momentum * velocity[name] - lr * slope[name]
                weights[name] = weights[name] + velocity[name]
        run.report(train_loss=loss(weights, x, y), val_loss=loss(weights, x_val, y_val))
        run.checkpoint(lambda: {"weights": weights, "velocity": velocity, "rng": rng.bit_generator.state})


if __name__ == "__main__":
    study = ose.Study(space=space, minimize="val_loss", scheduler="full")
    study.run(train, trials=1)
    print(study.best.value)
