"""Finale: the winner by fresh seeds, its model, and one look at the sealed test part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.cli.session import Session
from osetra.core.history import History
from osetra.core.judgement import Judgement
from osetra.core.numbers import mean_and_deviation
from osetra.core.problem import Objective
from osetra.core.trial import Trial
from osetra.errors import DataError, Diverged, NothingFinished
from osetra.views.terminal.tables import repeats_text
from osetra.views.verdict import verdict_rows

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
    from osetra.nets.paired import judge

    history, objective = session.study.history, session.study.problem.objective
    winner, why = chosen(history, objective)
    folder = session.place.folder / MODEL
    done = _earlier(folder)
    if done is not None and done.fingerprint == task.dataset.fingerprint:
        tests, judged = done.spread.get("test", []), done.spread.get("judged")
        if dict(done.config) == winner.config and tests and judged:
            known = Judgement(**judged)
            lines = verdict_rows(tests, done.baseline["test"], known, seeds=done.spread.get("told", ""))
            return _finale(winner, why, lines, tests, done.baseline["test"], known, folder)
    again = [*history.repeats(winner.number), *history.lost.get(winner.number, [])]
    seeds = [trial.seed for trial in again] or [winner.seed]
    with session.output.eyes.status(f"training the winner with {len(seeds)} seeds, then the sealed test"):
        trained = _trained(task, winner, seeds, command)
        tests = [task.test_scores(model) for model in trained]
        floor = task.test_scores(baseline)
        judged = judge(trained, baseline, task.dataset, task.split.test)
    lost = len(seeds) - len(trained)
    told = f"{len(trained)} of {len(seeds)} seeds, {lost} diverged" if lost else ""
    spread = {
        "seeds": [model.card.seed for model in trained],
        "test": tests,
        "judged": asdict(judged),
        "told": told,
    }
    kept = min(range(len(trained)), key=lambda i: _validation(trained[i], task.metric))
    models.save(_with_card(trained[kept], tests[kept], spread, baseline, floor), folder)
    lines = verdict_rows(tests, floor, judged, seeds=told)
    if done is not None:
        second = "the test part was read before in this study; this second reading is a little less honest"
        lines.append(("note", second))
    return _finale(winner, why, lines, tests, floor, judged, folder)


def chosen(history: History, objective: Objective) -> tuple[Trial, str]:
    """Return the study's best trial, and a sentence on how clear that is by its fresh seeds.

    Raises:
        NothingFinished: no trial has a valid result.
    """
    from osetra.nets.choose import choose

    best, kept, lost = history.best(objective), history.repeated, history.lost
    if best is None:
        raise NothingFinished("no trial has a valid result; osetra show names the reasons")
    if best.number in lost:
        told = repeats_text(history, best.number)
        return best, f"trial {best.number}: {told}; no setting finished with every seed, so narrow the ranges"
    if best.number in kept:
        results = {
            f"trial {trial.number}": [
                *(objective.sign * (again.value or 0.0) for again in kept.get(trial.number, [])),
                *(math.nan for _ in lost.get(trial.number, [])),
            ]
            for trial in history.ranked(objective)
            if trial.number in kept or trial.number in lost
        }
        return best, choose(results).sentence
    sentence = f"trial {best.number}, by its one result; fresh seeds would tell how lucky it was"
    if lost:
        numbers = ", ".join(map(str, sorted(lost)))
        sentence += f"; trial{'s' if len(lost) > 1 else ''} {numbers} diverged or failed with fresh seeds"
    return best, sentence


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
    spread: Mapping[str, Any],
    baseline: Baseline,
    floor: Mapping[str, float],
) -> Model:
    card = replace(
        model.card,
        metrics={**model.card.metrics, "test": dict(test)},
        spread=spread,
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
    judged: Judgement,
    folder: Path,
) -> Finale:
    names = [name for name in tests[0] if all(name in scores for scores in tests)]
    spread = {name: mean_and_deviation([scores[name] for scores in tests]) for name in names}
    document = {
        "chosen": winner.number,
        "model": str(folder),
        "test": {name: {"mean": mean, "sd": deviation} for name, (mean, deviation) in spread.items()},
        "baseline_test": dict(floor),
        "judged": asdict(judged),
    }
    return Finale([("chosen", why), *lines], document, folder)
