"""Peers: other optimisers behind one ask-and-tell face, each at its own defaults."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from osetra.core.params import Choice, Condition, Config, Fixed, Float, Int, Ordinal, Searched
from osetra.core.space import Space
from problems.benchmark import Place, itself


class AskTell(Protocol):
    """An optimiser; a value of NaN says that the training diverged."""

    def ask(self, place: Place = itself) -> tuple[object, Config]:
        """Return a token and the next configuration, which is what `place` has in the place of its own."""
        ...

    def tell(self, token: object, value: float) -> None:
        """Give the result of what `ask` returned with the token."""
        ...


Start = Callable[[Space, int], AskTell]


class Random:
    """Independent uniform points."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._rng = space, np.random.default_rng(seed)

    def ask(self, place: Place = itself) -> tuple[object, Config]:
        """Return a random configuration."""
        return None, place(self._space.decode(self._rng.random((1, len(self._space.columns))))[0])

    def tell(self, token: object, value: float) -> None:
        """Random search learns nothing."""


class Optuna:
    """An Optuna sampler over the define-by-run form of a space."""

    def __init__(self, space: Space, seed: int, sampler: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        self._space, self._optuna = space, optuna
        self._study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))

    def ask(self, place: Place = itself) -> tuple[object, Config]:
        """Return the next trial and its configuration."""
        return asked(self._study, self._space, place)

    def tell(self, token: object, value: float) -> None:
        """Report a value; a diverged training counts as failed, which is how Optuna says it."""
        failed = self._optuna.trial.TrialState.FAIL
        if np.isnan(value):
            self._study.tell(token, state=failed)
        else:
            self._study.tell(token, float(np.clip(value, -1e300, 1e300)))


class Hyperopt:
    """hyperopt's TPE over nested choices."""

    def __init__(self, space: Space, seed: int) -> None:
        import hyperopt

        logging.getLogger("hyperopt").setLevel(logging.ERROR)
        self._hp, self._space = hyperopt, space
        self._domain = hyperopt.Domain(lambda _: 0.0, _nested(hyperopt.hp, space), pass_expr_memo_ctrl=None)
        self._trials, self._rng = hyperopt.Trials(), np.random.default_rng(seed)

    def ask(self, place: Place = itself) -> tuple[object, Config]:
        """Return the next document and its configuration: its own, since documents cannot be replaced."""
        ids = self._trials.new_trial_ids(1)
        self._trials.refresh()
        (document,) = self._hp.tpe.suggest(ids, self._domain, self._trials, int(self._rng.integers(2**31)))
        drawn = {k: v[0] for k, v in document["misc"]["vals"].items() if v}
        nested = self._hp.space_eval(self._domain.expr, drawn)
        self._trials.insert_trial_docs([document])
        self._trials.refresh()
        return document["tid"], _flat(nested, self._space)

    def tell(self, token: object, value: float) -> None:
        """Report a value, or a failure."""
        document = next(t for t in self._trials._dynamic_trials if t["tid"] == token)
        failed = np.isnan(value)
        result = (
            {"status": "fail"} if failed else {"status": "ok", "loss": float(np.clip(value, -1e300, 1e300))}
        )
        document["state"], document["result"] = self._hp.JOB_STATE_DONE, result
        self._trials.refresh()


def available() -> dict[str, Start]:
    """Return the peers that are installed, by name."""
    found: dict[str, Start] = {"random": Random}
    if importlib.util.find_spec("optuna"):
        found["optuna-tpe"] = lambda space, seed: Optuna(space, seed, "TPESampler")
        found["optuna-gp"] = lambda space, seed: Optuna(space, seed, "GPSampler")
    if importlib.util.find_spec("hyperopt"):
        found["hyperopt"] = Hyperopt
    return found


def asked(study: Any, space: Space, place: Place) -> tuple[Any, Config]:
    """Return the next trial of an Optuna study and its configuration.

    Where another configuration is trained in the place of the suggested one, that one is enqueued as a trial of
    the study, and the suggested trial fails, which Optuna's samplers pass over.
    """
    import optuna

    trial = study.ask()
    wanted = suggested(trial, space)
    placed = place(wanted)
    if placed == wanted:
        return trial, wanted
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    study.enqueue_trial(params_of(placed, space))
    trial = study.ask()
    suggested(trial, space)
    return trial, placed


def params_of(config: Config, space: Space) -> dict[str, Any]:
    """Return a configuration under the names and numbers that `suggested` asks Optuna for."""
    found: dict[str, Any] = {}
    for name, param in space:
        if name in config and not isinstance(param, Fixed):
            if isinstance(param, Float) and param.scale == "one_minus_log":
                rest = 1 - float(config[name])  # type: ignore[arg-type]  # a number
                found[f"1-{name}"] = min(max(rest, 1 - param.high), 1 - param.low)
            elif isinstance(param, Ordinal):
                found[name] = param.options.index(config[name])
            else:
                found[name] = config[name]
    return found


def suggested(trial: Any, space: Space) -> Config:
    """Return the configuration that an Optuna trial suggests in the define-by-run form of a space."""
    config: Config = {}
    for name, param in _parents_first(space):
        if all(config.get(parent) in allowed for parent, allowed in param.when):
            config[name] = param.value if isinstance(param, Fixed) else _suggest(trial, name, param)
    return config


def _parents_first(space: Space) -> list[tuple[str, Any]]:
    entries, placed, ordered = list(space), set[str](), list[tuple[str, Any]]()
    while entries:
        ready = [e for e in entries if all(parent in placed for parent, _ in e[1].when)]
        ordered += ready
        placed |= {name for name, _ in ready}
        entries = [e for e in entries if e not in ready]
    return ordered


def _suggest(trial: Any, name: str, param: Searched) -> Any:
    match param:
        case Float(scale="one_minus_log"):
            # Optuna has no such scale; a user would search the log of one minus the value.
            return 1 - trial.suggest_float(f"1-{name}", 1 - param.high, 1 - param.low, log=True)
        case Float():
            return trial.suggest_float(name, param.low, param.high, log=param.scale == "log")
        case Int():
            log = param.scale == "log"
            return trial.suggest_int(name, param.low, param.high, log=log)
        case Ordinal():
            return param.options[trial.suggest_int(name, 0, param.levels - 1)]
        case Choice():
            return trial.suggest_categorical(name, param.options)


def _nested(hp: Any, space: Space) -> Any:
    """Return hyperopt's form: a child lives inside the options of its parent that allow it."""

    def level(condition: Condition | None, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, param in space:
            whens = param.when
            if (not whens and condition is None) or (
                condition is not None
                and whens
                and whens[0][0] == condition[0]
                and condition[1][0] in whens[0][1]
            ):
                found[name] = _expression(hp, path + name, name, param, level)
        return found

    return level(None, "")


def _expression(hp: Any, label: str, name: str, param: Any, level: Any) -> Any:
    match param:
        case Fixed():
            return param.value
        case Float(scale="log"):
            return hp.loguniform(label, np.log(param.low), np.log(param.high))
        case Float(scale="one_minus_log"):
            return 1 - hp.loguniform(label, np.log(1 - param.high), np.log(1 - param.low))
        case Float():
            return hp.uniform(label, param.low, param.high)
        case Int(scale="log"):
            return hp.qloguniform(label, np.log(param.low - 0.499), np.log(param.high + 0.499), 1)
        case Int():
            return hp.quniform(label, param.low - 0.499, param.high + 0.499, 1)
        case Ordinal():
            return {"index": hp.quniform(label, -0.499, param.levels - 0.501, 1)}
        case _:
            options = [
                {"option": option, "children": level((name, (option,)), f"{label}={option}/")}
                for option in param.options
            ]
            return hp.choice(label, options)


def _flat(nested: dict[str, Any], space: Space) -> Config:
    config: Config = {}
    for name, value in nested.items():
        param = space.branches(name)[0]
        if isinstance(value, dict) and "index" in value:
            config[name] = param.options[int(value["index"])]  # type: ignore[union-attr]
        elif isinstance(value, dict):
            config[name] = value["option"]
            config |= _flat(value["children"], space)
        elif isinstance(param, Int):
            config[name] = int(np.clip(value, param.low, param.high))
        elif isinstance(param, Float):
            config[name] = float(np.clip(value, param.low, param.high))
        else:
            config[name] = value
    return config
