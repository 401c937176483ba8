"""Experience of a study: where a person says that it is, and what of it goes into the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from osetra.core.arguments import expected
from osetra.core.edits import problem_of
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.values import sequence
from osetra.errors import OsetraError, StudyError
from osetra.experience import home
from osetra.experience.first import TOPIC, noted
from osetra.experience.records import SUFFIX, StudyRecord, read_record, record_of
from osetra.policies.fidelity import at_fidelity
from osetra.stores import open_reader, studies
from osetra.stores.address import is_there, parse
from osetra.study.planner import Planner

log = logging.getLogger("osetra")

HOME = "home"
WANTED = (
    'experience is a list of studies, of files such as "studies.db" or "old.json.gz", and of "home" for what '
    "osetra tune has kept"
)


@runtime_checkable
class Told(Protocol):
    """A study in somebody's hands."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def problem(self) -> Problem:
        """What it asks."""
        ...

    @property
    def history(self) -> History:
        """What it knows."""
        ...


Source: TypeAlias = "str | PathLike[str] | Told | StudyRecord"
Experience: TypeAlias = "Source | Sequence[Source] | None"


def sources(given: object) -> list[object]:
    """Return where experience is, as a list.

    Raises:
        StudyError: something else than studies, files and "home".
    """
    if given is None:
        return []
    alone = isinstance(given, (str, PathLike, Told, StudyRecord))
    listed = (given,) if alone else sequence(given)
    if listed is None:
        raise expected("experience", given, WANTED)
    for one in listed:
        if not isinstance(one, (str, PathLike, Told, StudyRecord)) or (isinstance(one, str) and not one):
            raise expected("experience", one, WANTED)
    return list(listed)


def gathered(given: Sequence[object], history: History) -> list[StudyRecord]:
    """Return the records behind what a person gave, if the study whose history it is still has use for them.

    Raises:
        StudyError: there is nothing of the kind where it should be.
        StoreError: a store cannot be read.
    """
    if not given or history.noted(TOPIC):
        return []
    if history.trials:
        many = len(history.trials)
        log.log(
            logging.INFO if _usual(given) else logging.WARNING,
            "experience comes before the first trial: this study has %d and goes on without",
            many,
        )
        return []
    return [record for one in given for record in records_of(one)]


def learn(planner: Planner, given: Sequence[object], records: Sequence[StudyRecord]) -> None:
    """Note in a study's log what past studies say to try first, be it nothing; once, before any trial."""
    history = planner.history
    if not given or history.noted(TOPIC) or history.trials:
        return
    from osetra.experience.lessons import lessons, to_try  # with SciPy, which most programs do not need

    problem = planner.problem
    found, silent = lessons(problem, [one for one in records if one.opened != history.opened_at])
    usual = _usual(given)
    for sentence in silent:
        log.log(logging.INFO if usual else logging.WARNING, "%s", sentence)
    if usual and not found:  # as if there were no experience yet
        return
    planner.append([noted(to_try(problem, found), [one.record.study for one in found], problem.space)])


def _usual(given: Sequence[object]) -> bool:
    """Whether nobody named anything but the home, which is asked as a matter of course."""
    return all(isinstance(one, str) and one == HOME for one in given)


def records_of(source: object) -> list[StudyRecord]:
    """Return the records behind a study, a store's URL, a record's file, or "home".

    Raises:
        StudyError: no record, or no study; StoreError: a store that cannot be read.
    """
    if isinstance(source, StudyRecord):
        return [source]
    if isinstance(source, Told):
        return [record_from(source.problem, source.history, source.name)]
    if isinstance(source, str) and source == HOME:
        records, wrong = home.kept()
        for sentence in wrong:
            log.warning("experience: %s", sentence)
        return records
    text = str(source) if isinstance(source, str) else str(Path(source))  # type: ignore[arg-type]
    if text.endswith(SUFFIX):
        return [read_record(Path(text).expanduser())]
    return _of_store(text)


def record_from(problem: Problem, history: History, name: str) -> StudyRecord:
    """Return what a study taught, trials that a scheduler cut short with what they would have come to."""
    steps = history.steps
    return record_of(problem, history if steps is None else at_fidelity(problem, history, steps), name)


def _of_store(url: str) -> list[StudyRecord]:
    address = parse(url)
    there = studies(address.url) if address.file is None or is_there(address.file) else []
    names = [address.study] if "#" in url else there
    if not there or not set(names) <= set(there):
        raise StudyError(f"experience={url!r:.200}: there is no such study; {WANTED}")
    found: list[StudyRecord] = []
    for name in names:
        reader: Any = open_reader(address.url, name)
        try:
            history = History().extend(reader.read(), *reader.read_points())
            if history.opened is not None:
                found.append(
                    record_from(problem_of(history), history, name if name != "main" else str(address))
                )
        except OsetraError as error:
            log.warning("experience of %s#%s is left out: %s", address, name, error)
        finally:
            reader.close()
    return found
