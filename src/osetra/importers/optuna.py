"""Optuna: the trials of a study in Optuna's SQLite database, read without Optuna.

Tables of schema version 12, which Optuna has written since 3.0:

    studies, study_directions       names, and which way each value is better
    trials                          number, state, times
    trial_params                    values as floats, with the distribution as JSON
    trial_values                    final values, infinities by type
    trial_intermediate_values       reports by step
    trial_user_attributes, …        attributes as JSON
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from osetra.compat.optuna.adding import notes_of, past_of
from osetra.compat.optuna.distributions import CategoricalDistribution, IntDistribution, json_to_distribution
from osetra.compat.optuna.reading import VALUE
from osetra.compat.optuna.records import FrozenTrial, TrialState
from osetra.core.problem import Direction, Objective
from osetra.errors import DataError, nearest
from osetra.importers.writing import Imported, Taken
from osetra.stores.address import mask

SCHEMA = 12
"""The version of the tables that is read."""
_SPECIAL = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}

Rows = dict[int, list[tuple[Any, ...]]]


def studies_of(url: str) -> list[str]:
    """Return the names of the studies in a database.

    Raises:
        DataError: it is none of Optuna's, damaged, or of another version.
    """
    with _opened(url) as database:
        return [name for (name,) in database.execute("SELECT study_name FROM studies ORDER BY study_id")]


def read(url: str, name: str | None = None) -> Taken:
    """Return the trials of a study that ended.

    Args:
        url: a path, or sqlite:///PATH.
        name: the study's name; may be left out where there is one.

    Raises:
        DataError: it is no database of Optuna's, damaged, of another version, or has no such study.
    """
    names = studies_of(url)
    if name is None and len(names) != 1:
        raise DataError(f"{url} has {len(names)} studies: {', '.join(names)}; name one with --study")
    chosen = names[0] if name is None else name
    if chosen not in names:
        raise DataError(f"{url} has no study {chosen!r}; it has {', '.join(names)}.{nearest(chosen, names)}")
    with _opened(url) as database:
        (number,) = database.execute("SELECT study_id FROM studies WHERE study_name=?", [chosen]).fetchone()
        objectives = _objectives(database, number)
        records = list(_records(database, number))
    ended = [record for record in records if record.state.is_finished()]
    metrics = [objective.metric for objective in objectives]
    by_sign = sorted(objectives, key=lambda each: each.direction == "maximize")  # those to make small first
    trials = [
        Imported(past_of(record, metrics, by_sign[0].metric), record.distributions, notes_of(record, place))
        for place, record in enumerate(ended, start=1)
    ]
    left = [f"trial {r.number} is {r.state.name}, and has not ended" for r in records if r not in ended]
    return Taken(f"study {chosen!r} of {url}", trials, by_sign, left)


@contextmanager
def _opened(url: str) -> Iterator[sqlite3.Connection]:
    """Open a database to read it.

    Raises:
        DataError: it is none of Optuna's, damaged, or of another version.
    """
    path = Path(url.removeprefix("sqlite:///"))
    if "://" in str(url) and not url.startswith("sqlite:///"):
        raise DataError(
            f"{mask(url)}: of Optuna's databases SQLite files are read; copy it to one: optuna.copy_study"
        )
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            _check(database, path)
            yield database
    except sqlite3.Error as error:
        raise DataError(f"{path} cannot be read as a database of Optuna: {error}") from error


def _check(database: sqlite3.Connection, path: Path) -> None:
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if not {"studies", "trials", "trial_params", "version_info"} <= tables:
        raise DataError(f"{path} is no database of Optuna: it has {', '.join(sorted(tables)) or 'no tables'}")
    found = database.execute("SELECT schema_version, library_version FROM version_info").fetchone()
    if found is None or found[0] != SCHEMA:
        said = "no version" if found is None else f"version {found[0]} (Optuna {found[1]})"
        raise DataError(
            f"{path} has tables of {said}, and version {SCHEMA} is read; bring it up to date with a newer "
            f"Optuna: optuna storage upgrade --storage sqlite:///{path}"
        )


def _objectives(database: sqlite3.Connection, study: int) -> list[Objective]:
    query = "SELECT direction FROM study_directions WHERE study_id=? ORDER BY objective"
    ways = [str(way) for (way,) in database.execute(query, [study])] or ["MINIMIZE"]
    found = []
    for place, way in enumerate(ways):
        direction: Direction = "maximize" if way == "MAXIMIZE" else "minimize"
        name = VALUE if len(ways) == 1 else f"{VALUE}{place}"
        found.append(Objective(metric=name, direction=direction, pick="last"))
    return found


def _by_trial(database: sqlite3.Connection, study: int, columns: str, table: str, order: str) -> Rows:
    """Return rows of a table about the trials of a study, by trial; all names are constants of this file."""
    found: Rows = defaultdict(list)
    query = f"SELECT t.trial_id, {columns} FROM {table} x JOIN trials t ON t.trial_id=x.trial_id "  # noqa: S608
    for trial, *row in database.execute(query + f"WHERE t.study_id=? ORDER BY {order}", [study]):
        found[trial].append(tuple(row))
    return found


def _records(database: sqlite3.Connection, study: int) -> Iterator[FrozenTrial]:
    def about(columns: str, table: str, order: str) -> Rows:
        return _by_trial(database, study, columns, table, order)

    params = about("param_name, param_value, distribution_json", "trial_params", "param_id")
    values = about("value, value_type", "trial_values", "objective")
    said = about("step, intermediate_value, intermediate_value_type", "trial_intermediate_values", "step")
    user = about("key, value_json", "trial_user_attributes", "x.trial_id")
    query = "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials WHERE study_id=?"
    for trial, number, state, start, end in database.execute(query + " ORDER BY number", [study]):
        kinds, given = _params(number, params[trial])
        yield FrozenTrial(
            number=number,
            state=TrialState[state],
            values=[_number(*row) for row in values[trial]] or None,
            params=given,
            distributions=kinds,
            user_attrs={key: json.loads(text) for key, text in user[trial]},
            intermediate_values={step: _number(value, kind) for step, value, kind in said[trial]},
            datetime_start=_moment(start),
            datetime_complete=_moment(end),
        )


def _params(number: int, rows: list[tuple[Any, ...]]) -> tuple[dict[str, Any], dict[str, Any]]:
    kinds: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for name, value, text in rows:
        try:
            kind = kinds[name] = json_to_distribution(text)
            if isinstance(kind, CategoricalDistribution):
                given[name] = kind.choices[int(value)]
            else:
                given[name] = int(value) if isinstance(kind, IntDistribution) else float(value)
        except (ValueError, TypeError, IndexError) as error:
            raise DataError(f"trial {number}, parameter {name!r}: {error}") from error
    return kinds, given


def _number(value: float | None, kind: str) -> float:
    return _SPECIAL[kind] if kind in _SPECIAL else math.nan if value is None else float(value)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
