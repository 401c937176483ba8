"""Loop: an objective called with trial after trial, in this thread or in several."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from osetra.compat.optuna.engine import Exhausted
from osetra.compat.optuna.exceptions import TrialPruned
from osetra.compat.optuna.records import FrozenTrial, TrialState
from osetra.compat.optuna.telling import tell
from osetra.compat.optuna.trial import OptunaTrial

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy

log = logging.getLogger("osetra.compat.optuna")

Objective: TypeAlias = Callable[[OptunaTrial], "float | Sequence[float]"]
Callback: TypeAlias = Callable[[Any, FrozenTrial], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of optimize."""

    objective: Objective
    until: float
    """Moment by the monotonic clock after which nothing is begun."""
    catch: tuple[type[Exception], ...]
    callbacks: tuple[Callback, ...]
    collect: bool
    advance: Callable[[], None]


class Loop:
    """What runs the trials of one study object."""

    def __init__(self, study: OptunaStudy) -> None:
        self._study = study
        self._here = threading.local()
        self._stopped = False

    def stop(self) -> None:
        """Begin no further trial.

        Raises:
            RuntimeError: nothing is being optimized.
        """
        if not getattr(self._here, "looping", False):
            raise RuntimeError(
                "`Study.stop` is supposed to be invoked inside an objective function or a callback."
            )
        self._stopped = True

    def run(
        self,
        objective: Objective,
        n_trials: int | None,
        timeout: float | None,
        n_jobs: int,
        catch: Iterable[type[Exception]] | type[Exception],
        callbacks: Iterable[Callback] | None,
        collect: bool,
        bar: bool,
    ) -> None:
        """Call an objective with trial after trial.

        Raises:
            RuntimeError: it is called within an objective.
            TypeError: an argument is of another kind.
        """
        if getattr(self._here, "looping", False):
            raise RuntimeError("Nested invocation of `Study.optimize` method isn't allowed.")
        if not callable(objective):
            raise TypeError(f"{objective!r} cannot be called; give a function that takes a trial")
        caught = tuple(catch) if isinstance(catch, Iterable) else (catch,)
        self._stopped = False
        with _progress(bar, n_trials) as advance:
            until = float("inf") if timeout is None else time.monotonic() + timeout
            call = _Call(objective, until, caught, tuple(callbacks or ()), collect, advance)
            threads = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
            if threads == 1:
                self._sequence(call, n_trials)
            else:
                self._side_by_side(call, n_trials, threads)

    def _over(self, call: _Call) -> bool:
        return self._stopped or time.monotonic() >= call.until

    def _sequence(self, call: _Call, n_trials: int | None) -> None:
        begun = 0
        self._here.looping = True
        try:
            while not self._over(call) and (n_trials is None or begun < n_trials):
                begun += 1
                self._one(call)
        finally:
            self._here.looping = False

    def _side_by_side(self, call: _Call, n_trials: int | None, threads: int) -> None:
        running: set[Future[None]] = set()
        begun = 0
        with ThreadPoolExecutor(max_workers=threads) as pool:
            try:
                while not self._over(call) and (n_trials is None or begun < n_trials):
                    if len(running) >= threads:
                        done, running = wait(running, return_when=FIRST_COMPLETED)
                        for future in done:
                            future.result()
                        continue
                    begun += 1
                    running.add(pool.submit(self._sequence, call, 1))
                for future in running:
                    future.result()
            except BaseException:
                self._stopped = True
                raise

    def _one(self, call: _Call) -> None:
        study = self._study
        try:
            trial = study.ask()
        except Exhausted as error:
            log.info("%s", error)
            self._stopped = True
            return
        try:
            record = self._tried(call, trial)
        finally:
            if call.collect:
                gc.collect()
            call.advance()
        for callback in call.callbacks:
            callback(study, record)

    def _tried(self, call: _Call, trial: OptunaTrial) -> FrozenTrial:
        """Call the objective with a trial, and end it.

        Raises:
            BaseException: whatever the objective raised and is not caught.
        """
        study = self._study
        try:
            values = call.objective(trial)
        except TrialPruned as error:
            record, _ = tell(study, trial, None, TrialState.PRUNED, False)
            log.info("Trial %d pruned. %s", record.number, error)
            return record
        except BaseException as error:
            params = trial.params
            study._engine.fail(trial._in_log, error)
            log.warning(
                "Trial %d failed with parameters: %s because of the following error: %r.",
                *(trial.number, params, error),
                exc_info=error,
            )
            if not isinstance(error, call.catch):
                raise
            return study._engine.reader().record(trial._in_log)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the line below says it
            record, wrong = tell(study, trial, values, None, False)
        self._say(record, values, wrong)
        return record

    def _say(self, record: FrozenTrial, values: object, wrong: str) -> None:
        if wrong:
            log.warning("Trial %d failed with value %r: %s", record.number, values, wrong)
            return
        if not log.isEnabledFor(logging.INFO):
            return
        found = record.values or []
        worth = f"values: {found}" if len(found) > 1 else f"value: {found[0]}"
        log.info(
            "Trial %d finished with %s and parameters: %s.%s",
            *(record.number, worth, record.params, "" if len(found) > 1 else self._best()),
        )

    def _best(self) -> str:
        try:
            best = self._study.best_trial
        except ValueError:
            return " No trial so far keeps its constraints."
        return f" Best is trial {best.number} with value: {best.value}."


def _progress(wanted: bool, n_trials: int | None) -> AbstractContextManager[Callable[[], None]]:
    """Return what shows a bar while it is entered, and is called after each trial."""
    return _Bar(n_trials) if wanted else nullcontext(lambda: None)


class _Bar(AbstractContextManager[Callable[[], None]]):
    def __init__(self, n_trials: int | None) -> None:
        columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns)
        self._task = self._progress.add_task("trials", total=n_trials)

    def __enter__(self) -> Callable[[], None]:
        self._progress.start()
        return lambda: self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
