"""Spellings: what other libraries call what is meant, taken where that is certain, and told where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from osetra.core.arguments import given, whole
from osetra.core.spellings import attribute
from osetra.errors import StudyError, nearest

ATTRIBUTES: Mapping[str, str] = {
    "best_trial": "best",
    "best_trials": "front",
    "best_config": "best.config",
    "best_params": "best.config",
    "best_value": "best.value",
    "study_name": "name",
    "optimize": "run",
}
"""Attributes of a study that other libraries have under another name."""
HINTS: Mapping[str, str] = {
    "trials_dataframe": "study.to_frame()",
    "get_trials": "study.trials",
    "enqueue_trial": "study.enqueue(lr=0.01)",
    "set_user_attr": 'study.remember(7, commit="abc"), of a trial',
    "user_attrs": "trial.attrs, of a trial",
    "stop": "study.run(train, stop_when=lambda study: …), study.run(train, minutes=10), or Ctrl-C",
    "search": "study.run(train, trials=50)",
    "fit": "study.run(train, trials=50)",
    "get_best_hyperparameters": "study.best.config",
    "direction": "study.problem.objective.direction",
    "sampler": "study.searcher",
    "space": "study.problem.space",
}
"""What to write instead of a name whose meaning is near, and not the same."""
KEYWORDS: Mapping[str, str] = {
    "n_trials": "trials",
    "num_samples": "trials",
    "max_trials": "trials",
    "n_jobs": "workers",
    "num_workers": "workers",
    "timeout": "minutes (timeout=600 is minutes=10)",
    "max_epochs": "steps",
    "epochs": "steps",
    "callbacks": "on_trial_end, a function of the trial that ended, or stop_when, one of the study",
    "callback": "on_trial_end, a function of the trial that ended, or stop_when, one of the study",
    "show_progress_bar": "progress",
    "storage": "url",
    "study_name": "name",
    "sampler": "searcher",
    "tuner": "searcher",
    "pruner": "scheduler",
    "direction": 'minimize="val_loss" or maximize="val_acc"',
    "directions": 'minimize=["val_loss", "latency_ms"], or minimize= and maximize= together',
    "objectives": 'minimize=["val_loss", "latency_ms"], or minimize= and maximize= together',
    "constraints_func": 'limits={"latency_ms": "<= 20"}',
    "constraints": 'limits={"latency_ms": "<= 20"}',
    "outcome_constraints": 'limits={"latency_ms": "<= 20"}',
    "mode": 'minimize="val_loss" or maximize="val_acc"',
    "objective": 'minimize="val_loss" or maximize="val_acc"',
    "metric": 'minimize="val_loss" or maximize="val_acc"',
    "params": "config",
    "search_space": "space",
    "load_if_exists": "nothing: an existing study is always gone on with",
    "state": 'failed="why"',
    "values": "value",
    "n_seeds": "seeds",
    "executions_per_trial": "seeds, of confirm()",
}
"""Arguments that other libraries have, and what is written here."""


def of_study(study: object, name: str) -> Any:
    """Return what a study has under another name; raises AttributeError, with our spelling, when nothing."""
    return attribute("a study", study, name, ATTRIBUTES, HINTS)


def refuse(call: str, others: Iterable[str], known: Iterable[str]) -> None:
    """Refuse arguments that a function does not have.

    Raises:
        StudyError: there are any; with our spelling, or the nearest one.
    """
    for name in others:
        ours = KEYWORDS.get(name, "")
        known = [one for one in known if one not in ("self", "others")]
        meant = f"; write {ours}" if ours else f"; it has {', '.join(known)}.{nearest(name, known)}"
        raise StudyError(f"{call}() has no argument {name!r}{meant}")


def limits_by_other_names(
    options: Mapping[str, Any], others: Mapping[str, object], begun: int
) -> dict[str, Any]:
    """Return the options of `run` with what `n_trials` and `n_jobs` mean, where that is certain.

    Args:
        options: the arguments by our names.
        others: those by other names.
        begun: how many trials the study has: beside them, nobody knows whether a number is the total.

    Raises:
        StudyError: it is not certain, or there is no such argument.
    """
    taken = dict(options)
    for name, value in others.items():
        ours = KEYWORDS.get(name)
        if ours not in ("trials", "workers") or options[ours] not in (None, 1):
            refuse("run", [name], options)
        if ours == "trials" and begun:
            more = begun + whole(name, value, least=1)
            raise StudyError(
                f"{name}={given(value)}: the study has {begun} trials, and trials= is the total; write "
                f"trials={more} for {value} more"
            )
        taken[str(ours)] = value
    return taken


def goal_by_other_names(
    minimize: object, maximize: object, others: dict[str, object]
) -> tuple[object, object]:
    """Return the metrics to make small and large, from `direction="maximize", metric="val_acc"` too.

    Takes what it understands out of `others`.

    Raises:
        StudyError: the direction says nothing without a metric, or contradicts it.
    """
    if "direction" not in others:
        return minimize, maximize
    direction = others.pop("direction")
    metric = others.pop("metric", None)
    if direction not in ("minimize", "maximize") or (metric is None and minimize is maximize is None):
        example = "val_loss" if direction != "maximize" else "val_acc"
        goal = direction if direction in ("minimize", "maximize") else "minimize"
        raise StudyError(
            f'direction={given(direction)}: write what is made better, {goal}="{example}"; it is the name '
            "of a metric that the training reports"
        )
    named = {"minimize": minimize, "maximize": maximize}
    other = "maximize" if direction == "minimize" else "minimize"
    if named[other] is not None or (metric is not None and named[str(direction)] not in (None, metric)):
        raise StudyError(
            f"direction={given(direction)} contradicts what else was given; write {direction}= only"
        )
    named[str(direction)] = metric if metric is not None else named[str(direction)]
    return named["minimize"], named["maximize"]
