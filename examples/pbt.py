"""Population based training: a learning rate that changes during training, found in one go.

    python examples/pbt.py

Eight networks learn the digits side by side. Now and then the worst two go on as copies of the best
two, with a learning rate moved by a fifth. What comes out is a schedule: learning rates by epoch.
"""

import numpy as np
from sklearn.datasets import load_digits

import osetra as ose

EPOCHS = 20
IMAGES, LABELS = load_digits(return_X_y=True)
TRAIN, VALIDATION = slice(0, 1200), slice(1200, None)


def probabilities(weights, images):
    scores = images @ weights
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def train(run: ose.Run) -> None:
    rng = np.random.default_rng(run.seed)
    images = np.hstack([IMAGES / 16, np.ones((len(IMAGES), 1))])
    weights = np.zeros((images.shape[1], 10))
    state = run.restore()  # None at the beginning; after a pause or a copy what was kept below
    if state is not None:
        weights, rng.bit_generator.state = state["weights"], state["rng"]
    for _ in run.steps(EPOCHS):
        lr = run.live("lr")  # the value in force, not the one that the training began with
        for rows in rng.permutation(1200).reshape(-1, 10):
            wrong = probabilities(weights, images[rows]) - np.eye(10)[LABELS[rows]]
            weights = weights - lr * images[rows].T @ wrong / len(rows)
        right = probabilities(weights, images[VALIDATION])[np.arange(597), LABELS[VALIDATION]]
        run.report(val_loss=float(-np.log(right).mean()))
        # Everything that the next epoch depends on, randomness included.
        run.checkpoint({"weights": weights, "rng": rng.bit_generator.state})


if __name__ == "__main__":
    space = ose.Space(lr=ose.Float(0.001, 10, scale="log"))
    study = ose.Study("memory:", space, minimize="val_loss", scheduler="pbt").run(train, trials=8)
    best = study.best
    print(f"best: trial {best.number}, val_loss {best.value:.4f}")
    for after, config in study.schedule(best):
        print(f"  from epoch {after + 1:2}: lr {config['lr']:.4g}")
