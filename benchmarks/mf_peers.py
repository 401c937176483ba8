"""Peers that may stop and continue trainings: Optuna's pruners, DEHB, and one epoch count for all.

Each is a `simulator.Driver` at its own defaults.
"""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import peers
from osetra.core.params import Config
from osetra.core.space import Space
from osetra.numerics import bayes
from osetra.numerics.design import sobol
from osetra.numerics.gp import Hyper
from osetra.numerics.memory import Memory
from problems.benchmark import Array, Place
from simulator import Driver, Work

Start = Callable[[Space, int, int, Place], Driver]
"""Space, steps of a full training, seed, and what is trained in the place of a suggestion."""
HUGE = 1e300
SHARE = 0.7
"""Of the budget, before the i-epoch baseline finishes its best."""
TRAININGS = 30
"""Full trainings in a budget."""


class Optuna:
    """A sampler with a pruner that is asked after every step."""

    def __init__(
        self, space: Space, steps: int, seed: int, place: Place, sampler: str, pruner: Any = None
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        self._states, self._prunes = optuna.trial.TrialState, pruner is not None
        # Hyperband draws a trial's bracket from the study's name.
        self._study = optuna.create_study(
            study_name=f"seed {seed}",
            sampler=getattr(optuna.samplers, sampler)(seed=seed),
            pruner=pruner(optuna.pruners, steps) if pruner else optuna.pruners.NopPruner(),
        )
        self._space, self._steps, self._place = space, steps, place
        self._trials: dict[int, Any] = {}

    def next(self) -> Work:
        """Return a new trial."""
        trial, config = peers.asked(self._study, self._space, self._place)
        self._trials[trial.number] = trial
        return Work(trial.number, config, self._steps)

    def report(self, work: Work, step: int, value: float) -> bool:
        """Report, and return whether the pruner lets it go on."""
        trial = self._trials[work.key]
        if self._prunes:
            trial.report(float(np.clip(value, -HUGE, HUGE)), step)
        if not np.isfinite(value):
            self._study.tell(trial, state=self._states.PRUNED if self._prunes else self._states.FAIL)
        elif step == self._steps:
            self._study.tell(trial, float(np.clip(value, -HUGE, HUGE)))
        elif self._prunes and trial.should_prune():
            self._study.tell(trial, state=self._states.PRUNED)
        else:
            return True
        return False


class Dehb:
    """DEHB with eta 3 from 1 step to all; a promoted configuration goes on from where it was.

    Its configurations cannot be replaced: of a table it is told the nearest row under its own.
    """

    def __init__(self, space: Space, steps: int, seed: int, place: Place) -> None:
        import dehb
        from loguru import logger

        self._folder = tempfile.TemporaryDirectory()
        self._dehb = dehb.DEHB(
            dimensions=len(space.columns),
            min_fidelity=1,
            max_fidelity=steps,
            eta=3,
            seed=seed,
            n_workers=1,
            save_freq="end",
            output_path=self._folder.name,
            log_level="ERROR",
        )
        logger.remove()
        self._space, self._asked = space, dict[int, Any]()

    def next(self) -> Work:
        """Return a configuration and its fidelity."""
        job = self._dehb.ask()
        point = np.clip(np.asarray(job["config"], dtype=np.float64), 0.0, 1.0)
        work = Work(int(job["config_id"]), self._space.decode(point[None])[0], max(1, round(job["fidelity"])))
        self._asked[id(work)] = (job, work)
        return work

    def report(self, work: Work, step: int, value: float) -> bool:
        """Tell the value at the fidelity asked for, or a divergence."""
        if step < work.until and np.isfinite(value):
            return True
        job, _ = self._asked.pop(id(work))
        fitness = float(np.clip(np.nan_to_num(value, nan=HUGE), -HUGE, HUGE))
        self._dehb.tell(job, {"fitness": fitness, "cost": float(work.until)})
        self._dehb._clean_inactive_brackets()
        return False


@dataclass(slots=True)
class OneEpochCount:
    """Train all to one step for 70 % of the budget, then finish the best of them, best first."""

    space: Space
    steps: int
    seed: int
    place: Place
    rung: int
    modelled: bool = False
    """Whether configurations come from our Gaussian process instead of a Sobol sequence."""
    _spent: int = 0
    _configs: list[Config] = field(default_factory=list)
    _values: dict[int, float] = field(default_factory=dict)
    _finishing: set[int] = field(default_factory=set)
    _memory: Memory[Hyper] = field(default_factory=lambda: Memory(64))

    def next(self) -> Work:
        """Return a new configuration, or the best one that is not finished."""
        if self._spent >= SHARE * TRAININGS * self.steps:
            waiting = [k for k in self._values if k not in self._finishing and np.isfinite(self._values[k])]
            if waiting:
                key = min(waiting, key=self._values.__getitem__)
                self._finishing.add(key)
                return Work(key, self._configs[key], self.steps)
        point = self._proposed() if self.modelled else sobol(len(self._configs), 1, self._d, self.seed)[0]
        self._configs.append(self.place(self.space.decode(point[None])[0]))
        return Work(len(self._configs) - 1, self._configs[-1], self.rung)

    def report(self, work: Work, step: int, value: float) -> bool:
        """Keep the value at the rung."""
        self._spent += 1
        if step == self.rung or not np.isfinite(value):
            self._values[work.key] = value
        return True

    @property
    def _d(self) -> int:
        return len(self.space.columns)

    def _proposed(self) -> Array:
        columns = self.space.columns
        cube = bayes.Cube(
            np.array([c.levels for c in columns], dtype=np.int64),
            np.array([c.categorical for c in columns], dtype=bool),
            self.space.snap,
            self.space.encode([self.space.default])[0],
        )
        known = list(self._values)
        pending = [k for k in range(len(self._configs)) if k not in self._values]
        y = np.array([self._values[k] for k in known])
        observed = bayes.Observations(
            self.space.encode([self._configs[k] for k in known]).reshape(-1, self._d),
            y,
            ~np.isfinite(y),
            self.space.encode([self._configs[k] for k in pending]).reshape(-1, self._d),
        )
        rng = np.random.default_rng((self.seed, len(self._configs)))
        found = bayes.suggest(observed, cube, 1, rng, seed=self.seed, memory=self._memory)
        return found[0].x if found else rng.random(self._d)


def available() -> dict[str, Start]:
    """Return the peers that are installed, by name."""
    found: dict[str, Start] = {}
    if importlib.util.find_spec("optuna"):
        found |= {
            "optuna-random": lambda s, r, seed, p: Optuna(s, r, seed, p, "RandomSampler"),
            "optuna-tpe": lambda s, r, seed, p: Optuna(s, r, seed, p, "TPESampler"),
            "optuna-tpe+hyperband": lambda s, r, seed, p: Optuna(s, r, seed, p, "TPESampler", _hyperband),
            "optuna-random+asha": lambda s, r, seed, p: Optuna(s, r, seed, p, "RandomSampler", _halving),
            "optuna-random+hyperband": lambda s, r, seed, p: Optuna(
                s, r, seed, p, "RandomSampler", _hyperband
            ),
        }
    if importlib.util.find_spec("dehb") and importlib.util.find_spec("ConfigSpace"):
        found["dehb"] = Dehb
    return found


def baselines() -> dict[str, Start]:
    """Return "train all to one step, then finish the best", at a tenth and a quarter of the steps."""
    return {
        "sobol@10%": lambda s, r, seed, p: OneEpochCount(s, r, seed, p, _rung(r, 5)),
        "sobol@25%": lambda s, r, seed, p: OneEpochCount(s, r, seed, p, _rung(r, 13)),
        "bayes@10%": lambda s, r, seed, p: OneEpochCount(s, r, seed, p, _rung(r, 5), modelled=True),
        "bayes@25%": lambda s, r, seed, p: OneEpochCount(s, r, seed, p, _rung(r, 13), modelled=True),
    }


def _rung(steps: int, of_52: int) -> int:
    return max(1, round(steps * of_52 / 52))


def _hyperband(pruners: Any, steps: int) -> Any:
    return pruners.HyperbandPruner(min_resource=1, max_resource=steps, reduction_factor=3)


def _halving(pruners: Any, steps: int) -> Any:
    return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=4)
