"""The final model: the winner by fresh seeds, trained again, and one look at the sealed test part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial
from osetra.errors import DataError, Diverged, NothingFinished
from osetra.views.terminal.tables import repeats_text

if TYPE_CHECKING:
    from osetra.core.judgement import Judgement
    from osetra.nets.baseline import Baseline
    from osetra.nets.model import Card, Model
    from osetra.nets.task import NetworkTask

MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalModel:
    """The winner with its model folder, and what the sealed rows say of it."""

    winner: Trial
    why: str
    """Why it and no other, in a sentence."""
    folder: Path
    tests: Sequence[Mapping[str, float]]
    """Scores on the sealed rows, of each seed's network."""
    baseline: Mapping[str, float]
    """Scores of the linear model on the same rows."""
    judgement: Judgement
    seeds: str = ""
    """How many seeds were trained when some did not train, such as "2 of 3 seeds, 1 diverged"."""
    read_before: bool = False
    """Whether the sealed rows had been read before in this study."""


def final_model(
    history: History, objective: Objective, task: NetworkTask, baseline: Baseline, folder: Path, command: str
) -> FinalModel:
    """Choose by the mean over fresh seeds, train the winner with those seeds, test once, save the best.

    The model kept is the one of the seed with the best validation score. A model that is there
    already for the same configuration is not made again, and the test part not read again.

    Args:
        history: the study's, when its search is over.
        objective: what is better.
        task: what is trained on which data.
        baseline: the linear model that has to be beaten.
        folder: where the model goes.
        command: what makes the model again, for its card.

    Raises:
        NothingFinished: no trial has a valid result.
        Diverged: the winner trains with none of its seeds.
    """
    winner, why = winner_of(history, objective)
    card = _earlier(folder)
    same_data = card is not None and card.fingerprint == task.dataset.fingerprint
    if card is not None and same_data:
        made = _made_before(card, winner, why, folder)
        if made is not None:
            return made
    seeds = seeds_of(history, winner)
    models = _trained(task, winner, seeds, command)
    tests, floor = [task.test_scores(model) for model in models], task.test_scores(baseline)
    final = FinalModel(
        winner=winner,
        why=why,
        folder=folder,
        tests=tests,
        baseline=floor,
        judgement=_judged(task, models, baseline),
        seeds=_count(len(models), len(seeds)),
        read_before=same_data,
    )
    _save(final, models, task, baseline)
    return final


def seeds_of(history: History, winner: Trial) -> list[int]:
    """Return the fresh seeds that a trial was run with, else its own."""
    again = [*history.repeats(winner.number), *history.lost.get(winner.number, [])]
    return [trial.seed for trial in again] or [winner.seed]


def winner_of(history: History, objective: Objective) -> tuple[Trial, str]:
    """Return the study's best trial, and a sentence on how clear that is by its fresh seeds.

    Raises:
        NothingFinished: no trial has a valid result.
    """
    from osetra.nets.choose import choose

    best, kept, lost = history.best(objective), history.repeated, history.lost
    if best is None:
        raise NothingFinished("no trial has a valid result; osetra show names the reasons")
    if best.number in lost:
        broken = repeats_text(history, best.number)
        return (
            best,
            f"trial {best.number}: {broken}; no setting finished with every seed, so narrow the ranges",
        )
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
    from osetra.nets.task import rehearse

    trained = []
    for seed in seeds:
        try:
            trained.append(rehearse(task, winner.config, seed, command=command))
        except Diverged:
            continue
    if not trained:
        raise Diverged(f"trial {winner.number} trains with none of its seeds; lower its learning rate")
    return trained


def _judged(task: NetworkTask, models: list[Model], baseline: Baseline) -> Judgement:
    from osetra.nets.paired import judge

    return judge(models, baseline, task.dataset, task.split.test)


def _count(trained: int, seeds: int) -> str:
    return f"{trained} of {seeds} seeds, {seeds - trained} diverged" if trained < seeds else ""


def _save(final: FinalModel, models: list[Model], task: NetworkTask, baseline: Baseline) -> None:
    """Keep the model of the seed with the best validation score, its card filled in."""
    from osetra.nets import model as nets_model

    spread = {
        "seeds": [model.card.seed for model in models],
        "test": final.tests,
        "judged": asdict(final.judgement),
        "told": final.seeds,
    }
    kept = min(range(len(models)), key=lambda i: _validation(models[i], task.metric))
    model = models[kept]
    card = replace(
        model.card,
        metrics={**model.card.metrics, "test": dict(final.tests[kept])},
        spread=spread,
        baseline={"validation": dict(baseline.scores), "test": dict(final.baseline)},
    )
    nets_model.save(replace(model, card=card), final.folder)


def _validation(model: Model, metric: str) -> float:
    return float(model.card.metrics["validation"].get(metric.removeprefix("val_"), math.inf))


def _earlier(folder: Path) -> Card | None:
    """Return the card of the model that is there already."""
    from osetra.nets import model as nets_model

    try:
        return nets_model.load(folder).card
    except DataError:
        return None


def _made_before(card: Card, winner: Trial, why: str, folder: Path) -> FinalModel | None:
    """Return what an earlier call made of the same winner; None when that was another one."""
    from osetra.core.judgement import Judgement

    spread: Mapping[str, Any] = card.spread
    if dict(card.config) != winner.config or not spread.get("test") or not spread.get("judged"):
        return None
    return FinalModel(
        winner=winner,
        why=why,
        folder=folder,
        tests=spread["test"],
        baseline=card.baseline["test"],
        judgement=Judgement(**spread["judged"]),
        seeds=spread.get("told", ""),
    )
