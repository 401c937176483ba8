"""Finale: the winner by fresh seeds, its model, and one look at the sealed test part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.cli.session import Session
from osetra.cli.views.verdict import mean_and_deviation, verdict_rows
from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial
from osetra.errors import DataError, Diverged, NothingFinished

if TYPE_CHECKING:
    from osetra.nets.baseline import Baseline
    from osetra.nets.model import Model
    from osetra.nets.task import NetworkTask

MODEL = "model"


@dataclass(frozen=True, slots=True)
class Finale:
    """What the end of a study on data is: lines for people, a document, the model's folder."""

    lines: list[tuple[str, str]]
    document: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None


def finale(session: Session, task: NetworkTask, baseline: Baseline, *, command: str) -> Finale:
    """Choose by the mean over fresh seeds, train the winner with those seeds, test once, save the best.

    The model kept is the one of the seed with the best validation score. A model that is there
    already for the same configuration is not made again, and the test part not read again.

    Raises:
        NothingFinished: no trial has a valid result.
        Diverged: the winner trains with none of its seeds.
    """
    from osetra.nets import model as models

    history, objective = session.study.history, session.study.problem.objective
    winner, why = chosen(history, objective)
    folder = session.place.folder / MODEL
    rows = len(task.split.test)
    done = _earlier(folder)
    if done is not None and done.fingerprint == task.dataset.fingerprint:
        tests = done.spread.get("test", [])
        if dict(done.config) == winner.config and tests:
            lines = verdict_rows(tests, done.baseline["test"], rows=rows)
            return _finale(winner, why, lines, tests, done.baseline["test"], folder)
    seeds = [trial.seed for trial in history.repeats(winner.number)] or [winner.seed]
    with session.output.eyes.status(f"training the winner with {len(seeds)} seeds, then the sealed test"):
        trained = _trained(task, winner, seeds, command)
        tests = [task.test_scores(model) for model in trained]
        floor = task.test_scores(baseline)
    kept = min(range(len(trained)), key=lambda i: _validation(trained[i], task.metric))
    models.save(_with_card(trained[kept], tests[kept], tests, seeds, baseline, floor), folder)
    lines = verdict_rows(tests, floor, rows=rows)
    if done is not None:
        again = "the test part was read before in this study; this second reading is a little less honest"
        lines.append(("note", again))
    return _finale(winner, why, lines, tests, floor, folder)


def chosen(history: History, objective: Objective) -> tuple[Trial, str]:
    """Return the trial whose repeats have the best mean, and a sentence on how clear that is.

    Raises:
        NothingFinished: no trial has a valid result.
    """
    from osetra.nets.choose import choose

    repeats: dict[str, list[float]] = {}
    for trial in history.ended:
        if trial.repeats is not None:
            value = math.nan if trial.value is None else objective.sign * trial.value
            repeats.setdefault(f"trial {trial.repeats}", []).append(value)
    if any(all(map(math.isfinite, values)) for values in repeats.values()):
        outcome = choose(repeats)
        return history.trials[int(outcome.winner.removeprefix("trial "))], outcome.sentence
    best = history.best(objective)
    if best is None:
        raise NothingFinished("no trial has a valid result; osetra show names the reasons")
    return best, f"trial {best.number}, by its one result; fresh seeds would tell how lucky it was"


def _trained(task: NetworkTask, winner: Trial, seeds: list[int], command: str) -> list[Model]:
    from osetra.nets.training import Rehearsal

    trained = []
    for seed in seeds:
        try:
            trained.append(task.fit(Rehearsal(winner.config, seed), command=command))
        except Diverged:
            continue
    if not trained:
        raise Diverged(f"trial {winner.number} trains with none of its seeds; lower its learning rate")
    return trained


def _validation(model: Model, metric: str) -> float:
    return float(model.card.metrics["validation"].get(metric.removeprefix("val_"), math.inf))


def _with_card(
    model: Model,
    test: Mapping[str, float],
    tests: list[dict[str, float]],
    seeds: list[int],
    baseline: Baseline,
    floor: Mapping[str, float],
) -> Model:
    card = replace(
        model.card,
        metrics={**model.card.metrics, "test": dict(test)},
        spread={"seeds": seeds, "test": tests},
        baseline={"validation": dict(baseline.scores), "test": dict(floor)},
    )
    return replace(model, card=card)


def _earlier(folder: Path) -> Any:
    from osetra.nets import model as models

    try:
        return models.load(folder).card
    except DataError:
        return None


def _finale(
    winner: Trial,
    why: str,
    lines: list[tuple[str, str]],
    tests: list[dict[str, float]],
    floor: Mapping[str, float],
    folder: Path,
) -> Finale:
    names = [name for name in tests[0] if all(name in scores for scores in tests)]
    spread = {name: mean_and_deviation([scores[name] for scores in tests]) for name in names}
    document = {
        "chosen": winner.number,
        "model": str(folder),
        "test": {name: {"mean": mean, "sd": deviation} for name, (mean, deviation) in spread.items()},
        "baseline_test": dict(floor),
    }
    return Finale([("chosen", why), *lines], document, folder)
