"""Optuna's interface over osetra's studies: a script runs after changing its import.

    import osetra.compat.optuna as optuna

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-5, 1, log=True)
        ...
        return loss

    study = optuna.create_study(storage="sqlite:///study.db", study_name="digits", load_if_exists=True)
    study.optimize(objective, n_trials=50)

Optuna itself is not needed. The study is one of osetra's, `study.osetra`: the live page, advice, orders to
running trials, exact resume after a crash and every view work on it.

**How a space that the program does not declare is found.** An osetra study has a space, and its trials have
configurations; here the program says what it needs while it runs. So the space is edited as it shows:

1. A study begins with an empty space, and its first trial with an empty configuration.
2. Who asks for a parameter that is not known adds it to the space. The log gets an edit, as by
   `Study.add`, with the value that trials so far had of it: the one that this trial gets. It is the middle of
   the range in the first trial, and drawn at random later.
3. From then on the searcher chooses it with all others, and trials get it at once.
4. A parameter that some trials ask for and others do not gets a condition: the values of one other parameter
   that tell exactly which ones. It is mended when a trial shows otherwise, and there is none where nothing
   tells.

What it costs: values of a parameter are random in the trial in which it shows for the first time; a trial
that was given a value which it never asked for, before its condition was known, teaches the search nothing;
ranges that depend on other values are granted, but a value moved into one teaches nothing either. What each
trial really asked for is noted at its end, so that `trial.params` is true in every case.

Beside the first trial of a study others wait for up to a second until it has shown its parameters.
"""

from __future__ import annotations

from typing import Any

from osetra.compat.optuna import (
    distributions,
    exceptions,
    importance,
    logging,
    pruners,
    samplers,
    storages,
    study,
    trial,
    visualization,
)
from osetra.compat.optuna.absent import INSTEAD, install
from osetra.compat.optuna.exceptions import TrialPruned, refuse
from osetra.compat.optuna.study import (
    Study,
    copy_study,
    create_study,
    delete_study,
    get_all_study_names,
    get_all_study_summaries,
    load_study,
)
from osetra.compat.optuna.trial import Trial, create_trial
from osetra.version import __version__ as __version__

__all__ = [
    "Study",
    "Trial",
    "TrialPruned",
    "copy_study",
    "create_study",
    "create_trial",
    "delete_study",
    "distributions",
    "exceptions",
    "get_all_study_names",
    "get_all_study_summaries",
    "importance",
    "load_study",
    "logging",
    "pruners",
    "samplers",
    "storages",
    "study",
    "trial",
    "visualization",
]

install()


def __getattr__(name: str) -> Any:
    if name in INSTEAD:
        raise refuse(name, INSTEAD[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
