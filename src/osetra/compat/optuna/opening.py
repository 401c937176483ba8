"""Opening: studies made, found, copied and deleted by name and place."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.exceptions import DuplicatedStudyError, refuse
from osetra.compat.optuna.pruners import BasePruner, check_pruner
from osetra.compat.optuna.reading import VALUE
from osetra.compat.optuna.records import FrozenTrial, StudyDirection
from osetra.compat.optuna.samplers import BaseSampler, check_sampler
from osetra.compat.optuna.storages import BaseStorage, InMemoryStorage, storage_for, understood
from osetra.core.ports import Store
from osetra.core.space import Space
from osetra.stores import storage_of, studies
from osetra.stores.address import Address
from osetra.study.study import Study
from osetra.upkeep.copy import copy

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy


def create_study(
    *,
    storage: object = None,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    study_name: str | None = None,
    direction: str | StudyDirection | None = None,
    load_if_exists: bool = False,
    directions: Sequence[str | StudyDirection] | None = None,
) -> OptunaStudy:
    """Return a new study, or one that exists.

    Args:
        storage: a URL such as sqlite:///study.db, a path, or a storage; None is the memory of this program.
        sampler: see `samplers`; None is what osetra recommends.
        pruner: see `pruners`; likewise.
        study_name: its name; None makes one up.
        direction: "minimize", which it is unless given, or "maximize".
        load_if_exists: whether one of that name is gone on with.
        directions: of several values, instead of `direction`.

    Raises:
        DuplicatedStudyError: there is one of that name.
        ValueError: a direction that there is not.
    """
    ways = _directions(direction, directions)
    found, name = storage_for(storage), study_name or f"no-name-{uuid.uuid4()}"
    chosen, judge = check_sampler(sampler), check_pruner(pruner)
    if name in _names(found):
        if not load_if_exists:
            raise DuplicatedStudyError(
                f"Another study with name {name!r} already exists. Give another name, or reuse it with "
                "load_if_exists=True (osetra: the same file goes on)"
            )
        return _opened(found, name, chosen, judge)
    metrics = [VALUE] if len(ways) == 1 else [f"{VALUE}{place}" for place in range(len(ways))]
    least = [m for m, way in zip(metrics, ways, strict=True) if way == StudyDirection.MINIMIZE]
    most = [m for m, way in zip(metrics, ways, strict=True) if way == StudyDirection.MAXIMIZE]
    asked: dict[str, Any] = {"minimize": least or None, "maximize": most or None}
    return _opened(found, name, chosen, judge, Space({}), **asked)


def load_study(
    *,
    study_name: str | None,
    storage: object,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
) -> OptunaStudy:
    """Return a study that exists.

    Raises:
        KeyError: there is none of that name.
        ValueError: no name is given, and there is not exactly one study.
    """
    found = storage_for(storage)
    names = _names(found)
    if study_name is None:
        if len(names) != 1:
            raise ValueError(
                f"study_name: there are {len(names)} studies; name one of {', '.join(names) or 'none'}"
            )
        study_name = names[0]
    _check_there(study_name, names)
    return _opened(found, study_name, check_sampler(sampler), check_pruner(pruner))


def delete_study(*, study_name: str, storage: object) -> None:
    """Delete a study with everything in it.

    Raises:
        KeyError: there is none of that name.
    """
    found = storage_for(storage)
    _check_there(study_name, _names(found))
    if isinstance(found, InMemoryStorage):
        del found.studies[study_name]
        return
    with understood(found.url):
        storage_of(found.url).delete(study_name)


def copy_study(
    *, from_study_name: str, from_storage: object, to_storage: object, to_study_name: str | None = None
) -> None:
    """Copy a study with all its trials.

    Raises:
        KeyError: there is none of that name.
        DuplicatedStudyError: there is one of the new name.
        NotOffered: one of the places is the memory of a program.
    """
    source, target = storage_for(from_storage), storage_for(to_storage)
    name = to_study_name or from_study_name
    _check_there(from_study_name, _names(source))
    if name in _names(target):
        raise DuplicatedStudyError(f"Another study with name {name!r} already exists.")
    if isinstance(target, InMemoryStorage):
        raise refuse("copy_study to memory", "keep the copy in a file: to_storage='sqlite:///copy.db'")
    with understood(target.url):
        if not isinstance(source, InMemoryStorage):
            copy([(Address(source.url, from_study_name), Address(target.url, name))])
            return
        store: Store = source.studies[from_study_name]._store
        with closing(storage_of(target.url).open(name)) as new:
            new.restore(store.read(), store.read_points()[0])


@dataclass(frozen=True)
class StudySummary:
    """What there is to say of a study in a line."""

    study_name: str
    directions: list[StudyDirection]
    best_trial: FrozenTrial | None
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]
    n_trials: int
    datetime_start: datetime | None

    @property
    def direction(self) -> StudyDirection:
        """Which way its value is better."""
        if len(self.directions) > 1:
            raise RuntimeError("A study with several objectives has several directions; see .directions")
        return self.directions[0]


def get_all_study_names(storage: object) -> list[str]:
    """Return the names of all studies at a place."""
    return _names(storage_for(storage))


def get_all_study_summaries(storage: object, include_best_trial: bool = True) -> list[StudySummary]:
    """Return a summary of each study at a place."""
    found = storage_for(storage)
    summaries = []
    for name in _names(found):
        study = _opened(found, name, None, None)
        trials = study.trials
        single = len(study.directions) == 1 and bool(study._complete())
        best = study.best_trial if include_best_trial and single else None
        starts = [trial.datetime_start for trial in trials if trial.datetime_start is not None]
        attrs = (study.user_attrs, study.system_attrs)
        summaries.append(
            StudySummary(name, study.directions, best, *attrs, len(trials), min(starts, default=None))
        )
        if not isinstance(found, InMemoryStorage):
            study.osetra.close()
    return summaries


def _names(storage: BaseStorage) -> list[str]:
    if isinstance(storage, InMemoryStorage):
        return list(storage.studies)
    with understood(storage.url):
        return studies(storage.url)


def _check_there(name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise KeyError(f"there is no study {name!r} here; there are: {', '.join(names) or 'none'}")


def _directions(one: Any, several: Sequence[Any] | None) -> list[StudyDirection]:
    if one is not None and several is not None:
        raise ValueError("Specify only one of `direction` and `directions`.")
    if isinstance(several, str):
        raise ValueError(f"directions={several!r}: a sequence of directions is needed")
    found = [one or "minimize"] if several is None else list(several)
    if not found:
        raise ValueError("The number of objectives must be greater than 0.")
    ways = []
    for way in found:
        name = way.name.lower() if isinstance(way, StudyDirection) else way
        if name not in ("minimize", "maximize"):
            raise ValueError(f"Please set either 'minimize' or 'maximize' to direction; {way!r} is neither.")
        ways.append(StudyDirection[name.upper()])
    return ways


def _opened(
    storage: BaseStorage,
    name: str,
    sampler: BaseSampler | None,
    pruner: BasePruner | None,
    space: Space | None = None,
    **objectives: Any,
) -> OptunaStudy:
    from osetra.compat.optuna.study import OptunaStudy

    memory = isinstance(storage, InMemoryStorage)
    if memory and name in storage.studies:  # type: ignore[attr-defined]
        study: Study = storage.studies[name]  # type: ignore[attr-defined]
    else:
        with understood(storage.url):
            study = Study(
                storage.url,
                space,
                name=name,
                searcher=sampler.searcher if sampler else None,
                scheduler=pruner.scheduler if pruner else None,
                seed=sampler.seed if sampler and space is not None else None,
                pick="last",
                **objectives,
            )
        if memory:
            storage.studies[name] = study  # type: ignore[attr-defined]
    return OptunaStudy(study, storage, sampler or _Recommended(), pruner or BasePruner())


class _Recommended(BaseSampler):
    searcher = "auto"
