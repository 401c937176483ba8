"""The final model: the winner by fresh seeds, trained again, and one look at the sealed test part."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial
from osetra.errors import DataError, Diverged, Interrupted
from osetra.tuning.answer import answering, linear_answer, validation
from osetra.tuning.deadline import REFIT_COST, SPARE_NETWORKS, Deadline, seconds_per_training
from osetra.tuning.winner import enough, seeds_of, winner_of

if TYPE_CHECKING:
    from osetra.core.judgement import Judgement
    from osetra.data.dataset import Codes
    from osetra.nets.baseline import Baseline
    from osetra.nets.boosting import Boosted
    from osetra.nets.model import Card, Model
    from osetra.nets.task import NetworkTask

MODEL = "model"
BOOSTING_SECONDS = 30.0
"""What the yardstick may take where nobody waits for a deadline."""
EXAMINATION_SECONDS = 20.0
_SHARES = {"boosting": 0.3, "importance": 0.3}
"""Of what is left before a deadline."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked of the final model; None is what is safe."""

    refit: bool | None = None
    ensemble: int | None = None
    """So many seeds of the winner answer together; None is all that were trained anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalModel:
    """The winner with its model folder, and what the sealed rows say of it."""

    winner: Trial
    why: str
    """Why it and no other, in a sentence."""
    folder: Path
    tests: Sequence[Mapping[str, float]]
    """Scores on the sealed rows, of each seed's network, or of the ensemble of all."""
    baseline: Mapping[str, float]
    """Scores of the linear model on the same rows."""
    judgement: Judgement
    seeds: str = ""
    """How many seeds were trained when some did not train, such as "2 of 3 seeds, 1 diverged"."""
    read_before: bool = False
    """Whether the sealed rows had been read before in this study."""
    answer: str = ""
    """Where the linear model was saved instead of the network: why."""
    refit: str = ""
    """On which rows the saved weights were learnt, and why."""
    boosting: Mapping[str, float] = field(default_factory=dict)
    """Scores of scikit-learn's gradient boosting on the same rows; empty where it was not trained."""
    boosting_p: float = 1.0
    """Chance of a difference as large to the network; negative where boosting is better."""
    notes: Sequence[str] = ()
    """What was left out for want of time."""
    asked: str = "loss"
    """The metric that the search was for."""
    partial: bool = False
    """Whether a training was cut short for want of time, so that another call makes the model anew."""

    @property
    def metric(self) -> str:
        """What the network and the linear model are compared by."""
        return self.judgement.metric or ("rmse" if "rmse" in self.baseline else "error")


@dataclass(frozen=True, slots=True)
class _Delivered:
    """What is tested and saved, beside what was trained on the training rows alone."""

    models: list[Model]
    linear: Baseline
    refit: str
    rows: Codes | None = None
    """Which rows they learnt from, where those are more than the training rows."""


def final_model(
    history: History,
    objective: Objective,
    task: NetworkTask,
    baseline: Baseline,
    folder: Path,
    command: str,
    *,
    wishes: Wishes | None = None,
    deadline: Deadline | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> FinalModel:
    """Choose by the mean over fresh seeds, train the winner with those seeds, test once, save the best.

    The model kept is the one of the seed with the best validation score, or the linear model where that is
    better. A model that is there already for the same configuration is not made again, and the test part
    not read again.

    Args:
        history: the study's, when its search is over.
        objective: what is better.
        task: what is trained on which data.
        baseline: the linear model that has to be beaten.
        folder: where the model goes.
        command: what makes the model again, for its card.
        wishes: whether it is trained again on all rows, and of how many seeds it is made.
        deadline: when all has to be over; what is no must is left out.
        tell: who is told which part is under way.

    Raises:
        NothingFinished: no trial has a valid result.
        Diverged: the winner trains with none of its seeds.
    """
    wishes, deadline = wishes or Wishes(), deadline or Deadline()
    winner, why = winner_of(history, objective)
    card = _earlier(folder)
    same_data = card is not None and card.fingerprint == task.dataset.fingerprint
    if card is not None and same_data and (made := _made_before(card, winner, why, folder, wishes)):
        return made
    needed = enough(seeds_of(history, winner), wishes.ensemble or 1)
    # Time that is left over goes into networks that answer beside those that were trained anyway.
    seeds = enough(needed, SPARE_NETWORKS if deadline.hurries and wishes.ensemble is None else 1)
    each = seconds_per_training(history, objective)
    models, skipped, partial = _trained(task, winner, seeds, len(needed), command, deadline, each, tell)
    tell("finishing the winner, on all rows where that is safe")
    delivered = _delivered(task, winner, models, baseline, wishes, deadline, each)
    tell("reading the sealed test rows")
    tried = _boosted(task, delivered, deadline)
    boosted = tried if tried and tried.enough else None
    judgement = _judged(task, delivered.models, delivered.linear)
    tests = [_finite(task.test_scores(model)) for model in delivered.models]
    final = FinalModel(
        winner=winner,
        why=why,
        folder=folder,
        tests=tests,
        baseline=_finite(task.test_scores(delivered.linear)),
        judgement=judgement,
        seeds=_count(len(models), max(len(models), len(needed) - skipped), wishes.ensemble),
        read_before=same_data,
        answer=linear_answer(task, models, baseline, judgement),
        refit=delivered.refit,
        boosting=_finite(boosted.scores) if boosted else {},
        boosting_p=_boosting_p(task, delivered.models, boosted),
        notes=[*partial, *_left_out(task, skipped, len(needed), tried)],
        asked=task.asked,
        partial=bool(partial),
    )
    tell("examining and saving the model")
    _save(final, models, delivered, task, baseline, wishes, deadline)
    return final


def _trained(
    task: NetworkTask,
    winner: Trial,
    seeds: list[int],
    needed: int,
    command: str,
    deadline: Deadline,
    seconds: float,
    tell: Callable[[str], None],
) -> tuple[list[Model], int, list[str]]:
    """Return the networks of the seeds, for how many there was no time, and which were cut short.

    Those that trials left behind are taken; the others are trained, `seconds` each as far as is known.
    Beyond the first that are `needed` they are trained only where all rows can be learnt from, too.
    """
    from osetra.nets.refit import epochs_of
    from osetra.nets.task import rehearse

    trained: list[Model] = []
    partial: list[str] = []
    for place, seed in enumerate(seeds):
        known = None if winner.steered else task.kept_model(winner.config, seed, command)
        in_time = deadline.for_trainings > 1.2 * seconds
        if known is not None and (known[1] or not in_time):
            model, complete = known
            trained.append(model)
            if not complete:
                partial.append(
                    f"trained for {model.card.epochs} of {task.budget} epochs, for want of time; the same "
                    "call again goes on"
                )
            continue
        if place >= needed and epochs_of(trained, task.budget)[0]:
            in_time &= deadline.for_trainings > seconds * (1.2 + REFIT_COST * (len(trained) + 1))
        if trained and not in_time:
            return trained, max(0, needed - place), partial
        begun = time.monotonic()
        tell(f"training the winner, seed {place + 1} of {len(seeds)}")
        until = deadline.last_training if trained else math.inf  # a model is better late than never
        try:
            trained.append(rehearse(task, winner.config, seed, command=command, until=until))
        except Diverged:
            continue
        except Interrupted:
            return trained, max(0, needed - place), partial
        seconds = max(seconds, time.monotonic() - begun)
    if not trained:
        raise Diverged(f"trial {winner.number} trains with none of its seeds; lower its learning rate")
    return trained, 0, partial


def _delivered(
    task: NetworkTask,
    winner: Trial,
    models: list[Model],
    baseline: Baseline,
    wishes: Wishes,
    deadline: Deadline,
    seconds: float,
) -> _Delivered:
    """Return the models that are tested: with thresholds, on all rows if that is safe, together if asked."""
    from osetra.nets.baseline import refitted
    from osetra.nets.refit import all_rows, epochs_of, refit
    from osetra.nets.thresholds import calibrated, calibrated_linear

    linear = calibrated_linear(task, baseline)
    apart = answering(models, wishes.ensemble, task)
    calibrated_apart = [calibrated(task, model) for model in apart]
    only = f"learnt from the {len(task.split.train)} training rows: "
    if wishes.refit is False:
        return _Delivered(calibrated_apart, linear, only + "refitting was switched off")
    epochs, reason = epochs_of(models, task.budget)
    if not epochs and wishes.refit:
        epochs, reason = round(sum(m.card.best_epoch for m in models) / len(models)), "as was asked"
    if not epochs:
        return _Delivered(calibrated_apart, linear, only + reason)
    rows = all_rows(task.split).train
    trained = statistics.median(model.card.epochs for model in models)
    once = seconds * epochs / max(trained, 1) * len(rows) / len(task.split.train)
    again, why_not = refit(task, winner.config, models, epochs, seconds=once, until=deadline.last_training)
    if why_not:
        return _Delivered(calibrated_apart, linear, only + why_not)
    all_again = [*again, *models[len(again) :]]
    apart_again = [
        replace(model, card=replace(model.card, threshold=old.card.threshold))
        for model, old in zip(answering(all_again, wishes.ensemble, task), calibrated_apart, strict=True)
    ]
    linear = replace(refitted(linear, task.dataset, rows), threshold=linear.threshold)
    told = f"learnt from all {len(rows)} rows that are not sealed, for {reason}"
    if len(again) < len(models):
        told = f"{len(again)} of {len(models)} networks {told}; for the others no time was left"
    return _Delivered(apart_again, linear, told, rows=rows)


def _boosted(task: NetworkTask, delivered: _Delivered, deadline: Deadline) -> Boosted | None:
    from osetra.nets.boosting import boosted

    rows = task.split.train if delivered.rows is None else delivered.rows
    return boosted(
        task.dataset,
        delivered.linear.preparation,
        rows,
        task.split.test,
        seconds=min(BOOSTING_SECONDS, _SHARES["boosting"] * deadline.left),
        threads=task.threads,
        names=task.all_scores,
    )


def _left_out(task: NetworkTask, skipped: int, seeds: int, boosted: Boosted | None) -> Iterator[str]:
    """Yield what there was no time for."""
    from osetra.nets.boosting import MOST_TARGETS, TREES

    if skipped:
        yield f"{skipped} of {seeds} seeds were not trained for want of time"
    if boosted is None and task.dataset.multi and len(task.dataset.multi.names) > MOST_TARGETS:
        yield f"gradient boosting is left out: more than {MOST_TARGETS} targets would take too long"
    if boosted and not boosted.enough:
        yield f"gradient boosting is left out: its time was over after {boosted.rounds} of {TREES} rounds"


def _boosting_p(task: NetworkTask, models: list[Model], boosted: Boosted | None) -> float:
    from osetra.nets.paired import compared

    return compared(models, boosted.raw, task.dataset, task.split.test) if boosted else 1.0


def _judged(task: NetworkTask, models: list[Model], baseline: Baseline) -> Judgement:
    from osetra.nets.paired import judge

    return judge(models, baseline, task.dataset, task.split.test)


def _count(trained: int, seeds: int, ensemble: int | None) -> str:
    together = trained if ensemble is None else min(trained, ensemble)
    diverged = f"{trained} of {seeds} seeds, {seeds - trained} diverged" if trained < seeds else ""
    if together > 1:
        return f"an ensemble of {together} seeds" + (f"; {diverged}" if diverged else "")
    return diverged


def _save(
    final: FinalModel,
    models: list[Model],
    delivered: _Delivered,
    task: NetworkTask,
    baseline: Baseline,
    wishes: Wishes,
    deadline: Deadline,
) -> None:
    """Keep the model of the seed with the best validation score, or the linear one, its card filled in."""
    from osetra.nets import model as nets_model
    from osetra.nets.baseline import network_of
    from osetra.nets.examination import examined, inputs_summary
    from osetra.nets.thresholds import residuals_of

    several = len(delivered.models) > 1
    kept = min(range(len(models)), key=lambda i: validation(models[i], task)) if several else 0
    model, before = delivered.models[kept], answering(models, wishes.ensemble, task)[kept]
    scores = {**model.card.metrics, "test": dict(final.tests[kept])}
    if final.answer:
        linear = delivered.linear
        model = nets_model.Model(network_of(linear), None, linear.preparation, model.card)
        before = nets_model.Model(network_of(baseline), None, baseline.preparation, model.card)
        scores = {"validation": _finite(baseline.scores), "test": dict(final.baseline)}
    card = replace(
        model.card,
        metrics=scores,
        spread={
            "seeds": [each.card.seed for each in models],
            "test": final.tests,
            "judged": asdict(final.judgement),
            "told": final.seeds,
            "asked": asdict(wishes),
            "boosting_p": final.boosting_p,
            "metric": final.asked,
            "partial": final.partial,
        },
        baseline={"validation": _finite(baseline.scores), "test": dict(final.baseline)},
        answer=final.answer,
        refit=final.refit,
        boosting=dict(final.boosting),
        threshold=delivered.linear.threshold if final.answer else model.card.threshold,
        residuals=residuals_of(task, before),
        inputs=inputs_summary(task.dataset, task.split.train),
    )
    model = replace(model, card=card)
    seconds = min(EXAMINATION_SECONDS, _SHARES["importance"] * deadline.left)
    report = examined(model, task.dataset, task.split.test, seconds=seconds)
    nets_model.save(replace(model, card=replace(card, report=report)), final.folder)


def _finite(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the scores that could be computed."""
    return {name: value for name, value in scores.items() if math.isfinite(value)}


def _earlier(folder: Path) -> Card | None:
    """Return the card of the model that is there already."""
    from osetra.nets import model as nets_model

    try:
        return nets_model.load(folder).card
    except DataError:
        return None


def _made_before(card: Card, winner: Trial, why: str, folder: Path, wishes: Wishes) -> FinalModel | None:
    """Return what an earlier call made of the same winner; None when that was another one."""
    from osetra.core.judgement import Judgement

    spread: Mapping[str, Any] = card.spread
    if dict(card.config) != winner.config or not spread.get("test") or not spread.get("judged"):
        return None
    if spread.get("partial"):
        return None
    if spread.get("asked", asdict(Wishes())) != asdict(wishes):
        return None
    return FinalModel(
        winner=winner,
        why=why,
        folder=folder,
        tests=spread["test"],
        baseline=card.baseline["test"],
        judgement=Judgement(**spread["judged"]),
        seeds=spread.get("told", ""),
        answer=card.answer,
        refit=card.refit,
        boosting=card.boosting,
        boosting_p=spread.get("boosting_p", 1.0),
        asked=spread.get("metric", "loss"),
    )
