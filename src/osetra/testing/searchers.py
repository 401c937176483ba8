"""What every searcher must get right. For outsiders too: call `check_searcher` in a test of yours.

@pytest.mark.parametrize("case", CASES, ids=str)
def test_my_searcher(case):
    check_searcher(MySearcher(), case)
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.decisions import Suggestion
from osetra.core.facts import Outcome
from osetra.core.finite import identity, size
from osetra.core.history import History
from osetra.core.params import Choice, Config, Fixed, Float, Int, Ordinal
from osetra.core.ports import Searcher
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log

SPACES: Mapping[str, Space] = {
    "floats": Space(lr=Float(1e-4, 1, scale="log"), beta=Float(0.5, 0.999, scale="one_minus_log")),
    "ints": Space(units=Int(16, 512, scale="log"), batch=Int(8, 256, step=8), layers=Int(1, 4)),
    "categorical": Space(optimizer=Choice("sgd", "adam", "rmsprop"), size=Ordinal(16, 32, 64)),
    "conditional": Space(
        optimizer=Choice("sgd", "adam"),
        momentum=Float(0.5, 0.99, when={"optimizer": "sgd"}),
        nesterov=Choice(True, False, when={"optimizer": "sgd"}),
        layers=Int(1, 3),
        units2=Int(8, 64, when={"layers": (2, 3)}),
    ),
    "branches": Space(
        {
            "optimizer": Choice("sgd", "adam"),
            "lr": [
                Float(1e-3, 1, scale="log", when={"optimizer": "sgd"}),
                Float(1e-5, 1e-2, scale="log", when={"optimizer": "adam"}),
            ],
            "epochs": Fixed(10),
        }
    ),
    "small tree": Space(a=Choice("x", "y"), b=Choice(1, 2, 3, when={"a": "x"}), c=Int(1, 2)),
    "single point": Space(lr=Fixed(0.1)),
    "60 dimensions": Space({f"x{i}": Float(0, 1) for i in range(60)}),
    "200 choices": Space(word=Choice(*(f"w{i}" for i in range(200))), x=Float(0, 1)),
}
"""Spaces of all kinds."""

ENDINGS: Mapping[str, Callable[[int, float], float | None]] = {
    "empty": lambda i, y: y,
    "finished": lambda i, y: y,
    "failed": lambda i, y: None,
    "one finished": lambda i, y: y if i == 5 else None,
    "nan and inf": lambda i, y: [y, math.nan, math.inf, -math.inf][i % 4],
    "all equal": lambda i, y: 1.0,
    "huge range": lambda i, y: 10 ** (24 * y - 12),
    "pending": lambda i, y: y,
}
"""Histories of all kinds: how trial i ends when its true value is y in 0 … 1."""


@dataclass(frozen=True, slots=True)
class SearcherCase:
    """One space with one kind of history."""

    space: str
    ending: str
    trials: int = 30

    def __str__(self) -> str:
        return f"{self.space}, {self.ending}"


# How a trial ended is one number of its history, whatever the number of dimensions: the space that takes
# longest is tried with one ending of each kind, for more trials than the 16 of a generation of CMA-ES.
_OF_MANY_DIMENSIONS = ("empty", "finished", "nan and inf", "pending")

CASES: tuple[SearcherCase, ...] = (
    *(SearcherCase(space, ending) for space in SPACES if space != "60 dimensions" for ending in ENDINGS),
    *(SearcherCase("60 dimensions", ending, 20) for ending in _OF_MANY_DIMENSIONS),
)
"""What to try a searcher with."""


def check_searcher(searcher: Searcher, case: SearcherCase) -> None:
    """Run a searcher through a case.

    Raises:
        AssertionError: with a sentence that says what went wrong.
    """
    problem = Problem(SPACES[case.space], Objective(metric="loss"))
    trials = 0 if case.ending == "empty" else case.trials
    log = searched(searcher, problem, trials, ENDINGS[case.ending], pending=case.ending == "pending")
    for count in (0, 1, 5):
        _check_call(searcher, problem, log.history, count)


def searched(
    searcher: Searcher,
    problem: Problem,
    trials: int,
    ending: Callable[[int, float], float | None],
    *,
    pending: bool = False,
) -> Log:
    """Return the log of a study that the searcher ran for up to `trials` trials."""
    log = Log(problem, seed=3, target=2 * trials)
    history = log.history
    for i in range(trials):
        written = len(log.entries)
        found = _call(searcher, problem, history, 1)
        if not found:
            break
        number = log.take(found[0], searcher.name)
        if not (pending and i % 3 == 0):
            value = ending(i, hidden_value(found[0].config))
            log.end(number, *_outcome(value))
        history = history.extend(log.entries[written:])
    return log


def hidden_value(config: Config) -> float:
    """Return a repeatable value in 0 … 1 for a config: lower for numbers near 0.3."""
    numbers = [v for v in config.values() if isinstance(v, float)]
    words = zlib.crc32(repr(sorted((k, v) for k, v in config.items() if not isinstance(v, float))).encode())
    smooth = sum((v - 0.3) ** 2 for v in numbers) / max(len(numbers), 1)
    return 0.8 * smooth / (1 + smooth) + 0.2 * (words % 97) / 97


def _outcome(value: float | None) -> tuple[Outcome, float | None]:
    if value is None:
        return "failed", None
    return ("finished" if math.isfinite(value) else "diverged"), value


def _call(searcher: Searcher, problem: Problem, history: History, count: int) -> Sequence[Suggestion]:
    rng = np.random.default_rng((3, history.next_trial))
    return list(searcher.suggest(problem, history, count, rng))


def _check_call(searcher: Searcher, problem: Problem, history: History, count: int) -> None:
    before = _fingerprint(history)
    found = _call(searcher, problem, history, count)
    assert _fingerprint(history) == before, "suggest() changed the history"
    assert len(found) <= count, f"{len(found)} suggestions were given where {count} were asked for"
    assert found == _call(searcher, problem, history, count), "the same call gave other suggestions"
    for suggestion in found:
        complete = problem.space.complete(suggestion.config)
        assert complete == suggestion.config, f"{suggestion.config} is not a full config of the space"
        assert suggestion.why, f"{suggestion.config} comes without a why"
    _check_duplicates(problem, history, found)


def _check_duplicates(problem: Problem, history: History, found: Sequence[Suggestion]) -> None:
    if size(problem.space) is None:
        return
    known = [identity(trial.config) for trial in history.searched]
    fresh = [identity(suggestion.config) for suggestion in found]
    both = [*known, *fresh]
    assert len(set(both)) == len(both), "a configuration of a finite space was suggested twice"


def _fingerprint(history: History) -> tuple[object, ...]:
    trials = tuple((n, repr(trial)) for n, trial in history.trials.items())
    return history.version, trials, history.unfinished, history.notes, len(history.curves)
