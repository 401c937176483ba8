"""Baseline: what a linear model reaches, and what guessing reaches. A network must beat both.

Softmax regression by L-BFGS, linear regression by its normal equations, both with an L2 penalty
chosen among a few by the validation loss. Of free text they see each word, weighted by TF-IDF. Source:
Karpathy, A Recipe for Training Neural Networks (dumb baselines first).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg

from osetra.data.dataset import NUMERIC, Codes, Dataset
from osetra.data.split import Split
from osetra.nets import metrics
from osetra.nets.linear import LinearNetwork
from osetra.nets.linear_fits import fit_aimed, fit_labels
from osetra.nets.prepare import Inputs, Preparation, fit, inputs_of
from osetra.nets.summaries import summary_of
from osetra.nets.targets import outputs, raw_width
from osetra.nets.tokens import blocks, word_matrix

Array = NDArray[np.float64]
Features: TypeAlias = "Array | sparse.csr_array"
Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
PENALTIES = (1.0, 1e-2, 1e-4)
"""L2 penalties tried, on the mean loss of standardised inputs; each starts where the last ended."""
PRIOR_ROWS = (10.0, 3.0)
"""Of many categories: penalties as heavy as so many rows that say a category makes no difference."""
PENALTIES_OF_WORDS = (1e-2, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6)
"""Words are many and each is rare, so that the best penalty is small, and has to be met."""
SPARSE_FROM = 512
"""Levels of embedded categories from which their one-hot columns are kept as the places of their ones."""
ITERATIONS = 150
TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A fitted linear model: raw outputs = features @ weights + bias."""

    preparation: Preparation
    weights: Array
    """(d, C), (d, 1) for a regression, or (d, k) for several targets."""
    bias: Array
    penalty: float
    scores: Mapping[str, float]
    """Validation scores: loss, error, balanced_error, or loss, rmse, r2."""
    guessing: Mapping[str, float]
    """The same scores for always answering the base rates or the mean."""
    threshold: metrics.Threshold = None
    """From which share on a class or label is the answer, as in a model's card."""


def baseline(dataset: Dataset, split: Split, names: Sequence[str] = (), *, aim: str = "") -> Baseline:
    """Return the best linear model on the validation part, fitted on the training part.

    Its scores are the usual ones, or those named, which must hold loss. `aim` is which error of a number is
    made small, by it as by the network.
    """
    preparation, features = _prepared(dataset, split.train, aim)
    x, y = features[split.train], outputs(preparation, dataset.target[split.train])
    held_out, truth = features[split.validation], dataset.target[split.validation]
    codes = inputs_of(preparation, dataset).codes[split.validation]
    shares = _shares(dataset, split.train)
    candidates = []
    weights, bias = np.zeros((x.shape[1], raw_width(preparation))), np.zeros(1)
    for penalty in PENALTIES_OF_WORDS if preparation.texts else _penalties(x):
        weights, bias = _solve(preparation, x, y, penalty, weights, bias, shares)
        scores = metrics.scores(preparation, held_out @ weights + bias, truth, names, codes=codes)
        candidates.append((scores, penalty, weights, bias))
    scores, penalty, weights, bias = min(candidates, key=lambda candidate: candidate[0]["loss"])
    fitted = Baseline(preparation, weights, bias, penalty, scores, {})
    guessing = metrics.scores(preparation, guesses(fitted, len(truth)), truth, names, codes=codes)
    return replace(fitted, guessing=guessing)


def refitted(model: Baseline, dataset: Dataset, rows: Codes) -> Baseline:
    """Return the same kind of model with the same penalty, fitted on other rows; its scores stay."""
    preparation, features = _prepared(dataset, rows, model.preparation.aim)
    x, y = features[rows], outputs(preparation, dataset.target[rows])
    start = np.zeros((x.shape[1], raw_width(preparation)))
    weights, bias = _solve(preparation, x, y, model.penalty, start, np.zeros(1), _shares(dataset, rows))
    return replace(model, preparation=preparation, weights=weights, bias=bias)


def network_of(model: Baseline) -> LinearNetwork:
    """Return the linear model as a network that gives the same raw outputs."""
    preparation = model.preparation
    levels = (*preparation.embedded, *(how.size for how in preparation.texts))
    width = len(model.weights) - sum(count - 1 for count in levels)
    network = LinearNetwork(
        width, preparation.embedded, model.weights.shape[1], summary_of(preparation), preparation.texts
    )
    parts, start = {"weight": model.weights[:width]}, width
    for place, count in enumerate(levels):
        parts[f"tables.{place}.weight"] = np.vstack(
            [np.zeros((1, model.weights.shape[1])), model.weights[start : start + count - 1]]
        )
        start += count - 1
    parts["bias"] = np.broadcast_to(model.bias, (model.weights.shape[1],)).copy()
    network.load_state_dict({name: torch.from_numpy(part) for name, part in parts.items()})
    network.eval()
    return network


def evaluate_baseline(
    model: Baseline, dataset: Dataset, rows: Codes, names: Sequence[str] = ()
) -> dict[str, float]:
    """Return the scores of a baseline on some rows, such as the sealed test part."""
    raw = linear_outputs(model, dataset, rows)
    codes = inputs_of(model.preparation, dataset).codes[rows]
    return metrics.scores(model.preparation, raw, dataset.target[rows], names, model.threshold, codes)


def linear_outputs(model: Baseline, dataset: Dataset, rows: Codes) -> Array:
    """Return the raw outputs (n, C), or (n, 1) for a regression, of a baseline on some rows."""
    inputs = inputs_of(model.preparation, dataset).rows(rows)
    outputs: Array = linear_features(model.preparation, inputs) @ model.weights + model.bias
    return outputs


def guesses(model: Baseline, n: int) -> Array:
    """Return the raw outputs (n, C), or (n, 1), of always answering the base rates or the mean."""
    return np.tile(_base_rates(model.preparation), (n, 1))


def linear_features(preparation: Preparation, inputs: Inputs) -> Features:
    """Return inputs as one matrix (n, d): pictures flattened, embedded categories one-hot, sparse if many.

    Sequences and sounds are their summaries.
    """
    if (summary := summary_of(preparation)) is not None:
        made: Array = summary(torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes)).numpy()
        return made
    flat = inputs.values.reshape(len(inputs), -1).astype(np.float64)
    if sum(preparation.embedded) < SPARSE_FROM and not preparation.texts:
        hot = [
            (inputs.codes[:, [i]] == np.arange(1, levels)).astype(np.float64)
            for i, levels in enumerate(preparation.embedded)
        ]
        return np.concatenate([flat, *hot], axis=1)
    parts = [sparse.csr_array(flat)]
    for i, levels in enumerate(preparation.embedded):
        rows = np.flatnonzero(inputs.codes[:, i])  # 0 was never seen
        places = (rows, inputs.codes[rows, i] - 1)
        parts.append(sparse.csr_array((np.ones(len(rows)), places), shape=(len(inputs), levels - 1)))
    words = blocks(preparation.texts, len(preparation.embedded))
    parts += [
        word_matrix(how, inputs.codes[:, block]) for how, block in zip(preparation.texts, words, strict=True)
    ]
    return sparse.csr_array(sparse.hstack(parts, format="csr"))


def _penalties(x: Features) -> tuple[float, ...]:
    """Return the penalties to try: of many categories also what so few rows of each ask for."""
    if isinstance(x, np.ndarray):
        return PENALTIES
    few = {rows / x.shape[0] for rows in PRIOR_ROWS}
    return tuple(sorted({*PENALTIES, *few}, reverse=True))


def _prepared(dataset: Dataset, rows: Codes, aim: str) -> tuple[Preparation, Features]:
    preparation = fit(dataset, rows, aim=aim)
    return preparation, linear_features(preparation, inputs_of(preparation, dataset))


def _shares(dataset: Dataset, rows: Codes) -> Array | None:
    """Return how much each row counts (n,), 1 in all; None where all count alike."""
    if dataset.weights is None:
        return None
    shares: Array = dataset.weights[rows] / dataset.weights[rows].sum()
    return shares


def _solve(
    preparation: Preparation,
    x: Features,
    y: NDArray[np.float32] | Codes,
    penalty: float,
    weights: Array,
    bias: Array,
    shares: Array | None,
) -> tuple[Array, Array]:
    if preparation.task == "multilabel":
        return fit_labels(x, y, penalty, shares, (weights, bias))
    if preparation.aim:
        return fit_aimed(
            x, y.reshape(len(y), -1).astype(np.float64), penalty, preparation.aim, shares, (weights, bias)
        )
    if preparation.task == "multioutput":
        return _solve_each(x, y.astype(np.float64), penalty, shares)
    if preparation.task == "regression":
        return _solve_linear(x, y.astype(np.float64), penalty, shares)
    return _solve_softmax(x, y.astype(np.int64), penalty, weights, bias, shares)


def _solve_linear(x: Features, y: Array, penalty: float, shares: Array | None = None) -> tuple[Array, Array]:
    """Solve the normal equations; `shares` (n,) say how much each row counts and sum to 1."""
    if not isinstance(x, np.ndarray):
        return _solve_sparse(x, y, penalty, np.full(len(y), 1.0 / len(y)) if shares is None else shares)
    if shares is not None:
        return _solve_weighed(x, y, penalty, shares)
    center = x.mean(axis=0)
    gram = (x - center).T @ (x - center) / len(x) + penalty * np.eye(x.shape[1])
    weights: Array = np.linalg.solve(gram, (x - center).T @ y / len(x))[:, None]
    return weights, float(y.mean()) - center @ weights


def _solve_each(x: Features, y: Array, penalty: float, shares: Array | None) -> tuple[Array, Array]:
    """Solve the equations of each of several numbers, on the rows that have it."""
    weights, biases = [], []
    for values in y.T:
        rows = np.flatnonzero(~np.isnan(values))
        if not len(rows):
            weights.append(np.zeros((x.shape[1], 1)))
            biases.append(np.zeros(1))
            continue
        part = None if shares is None else shares[rows] / shares[rows].sum()
        found, bias = _solve_linear(x if len(rows) == len(y) else x[rows], values[rows], penalty, part)
        weights.append(found)
        biases.append(np.reshape(bias, 1))
    return np.concatenate(weights, axis=1), np.concatenate(biases)


def _solve_weighed(x: Array, y: Array, penalty: float, shares: Array) -> tuple[Array, Array]:
    center: Array = np.asarray(shares @ x, dtype=np.float64)
    scaled: Array = np.asarray((x - center) * np.sqrt(shares)[:, None], dtype=np.float64)
    gram = scaled.T @ scaled + penalty * np.eye(x.shape[1])
    slope: Array = np.asarray((x - center).T @ (shares * y), dtype=np.float64)
    weights: Array = np.asarray(np.linalg.solve(gram, slope)[:, None], dtype=np.float64)
    return weights, float(shares @ y) - center @ weights


def _solve_sparse(x: sparse.csr_array, y: Array, penalty: float, shares: Array) -> tuple[Array, Array]:
    """Solve the same equations by conjugate gradients, without ever forming them."""
    columns = x.shape[1]
    center, mean = np.asarray(x.T @ shares), float(shares @ y)
    diagonal = np.asarray(x.multiply(x).T @ shares) - center**2 + penalty

    def product(weights: Vector) -> Array:
        through: Array = x.T @ (shares * (x @ weights))
        return through - center * float(center @ weights) + penalty * weights

    gram = LinearOperator((columns, columns), matvec=product, dtype=np.float64)
    scaled = LinearOperator((columns, columns), matvec=lambda weights: weights / diagonal, dtype=np.float64)
    found, _ = cg(gram, x.T @ (shares * y) - center * mean, rtol=TOLERANCE, maxiter=ITERATIONS, M=scaled)
    weights = np.asarray(found)[:, None]
    return weights, mean - center @ weights


def _solve_softmax(
    x: Features, y: Codes, penalty: float, weights: Array, bias: Array, shares: Array | None = None
) -> tuple[Array, Array]:
    n, classes = x.shape[0], weights.shape[1]
    rows, truth = torch.arange(n), torch.from_numpy(y)
    # PyTorch multiplies here because it was told how many threads to use; NumPy cannot be told.
    inputs = torch.from_numpy(x) if isinstance(x, np.ndarray) else None

    counts = None if shares is None else torch.from_numpy(shares)

    def outputs_of(weights: Array) -> torch.Tensor:
        if inputs is None:
            return torch.from_numpy(np.asarray(x @ weights))
        product: torch.Tensor = inputs @ torch.from_numpy(weights)
        return product

    def slope_of(delta: torch.Tensor) -> Array:
        return np.asarray(x.T @ delta.numpy() if inputs is None else (inputs.T @ delta).numpy())

    def cost(flat: Vector) -> tuple[float, Vector]:
        weights, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        logits = outputs_of(weights) + torch.from_numpy(bias)
        logs = torch.log_softmax(logits, dim=1)
        right = logs[rows, truth]
        loss = -float(right.mean() if counts is None else right @ counts)
        # d loss / d logits = prediction - truth, the start of backpropagation.
        delta = torch.exp(logs)
        delta[rows, truth] -= 1.0
        delta = delta / n if counts is None else delta * counts[:, None]
        slope = slope_of(delta) + penalty * weights
        gradient: Vector = np.concatenate([slope.ravel(), delta.sum(dim=0).numpy()])
        return loss + penalty * float(np.sum(weights**2)) / 2, gradient

    start: Vector = np.concatenate([weights.ravel(), np.broadcast_to(bias, classes)])
    found = minimize(
        cost, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "ftol": TOLERANCE}
    ).x
    return found[:-classes].reshape(-1, classes), found[-classes:]


def _base_rates(preparation: Preparation) -> Array:
    if preparation.task in NUMERIC:
        return np.zeros(raw_width(preparation))
    if preparation.task == "multilabel":
        shares = np.clip(np.array(preparation.priors), 1e-12, 1 - 1e-12)
        return np.asarray(np.log(shares / (1 - shares)))
    rates: Array = np.log(np.maximum(np.array(preparation.priors), 1e-12))
    return rates
