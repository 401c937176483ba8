"""Editing: the space of a study is changed while it goes on; its trials stay and are read in the new one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from osetra.core.arguments import expected, given, is_number, mapping, plain, text, truth
from osetra.core.beliefs import within
from osetra.core.bounds import Bound, bounds_of
from osetra.core.declarations import Branches, branches_of, params_by_name
from osetra.core.edits import all_bounds, edited, readable, spaces
from osetra.core.options import UNSET
from osetra.core.outcomes import unfit
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param, Value
from osetra.core.space import Space, difference
from osetra.core.text import format_param
from osetra.core.values import as_value, sequence
from osetra.errors import SpaceError
from osetra.study.open import other_question, user
from osetra.study.planner import Planner
from osetra.study.silence import silence
from osetra.study.space_change import change, change_limits
from osetra.study.steering import StudySteering

log = logging.getLogger("osetra")


class StudyEditing(StudySteering):
    """The half of a `Study` that changes what is searched."""

    def edit(
        self,
        changes: Mapping[str, Branches] | None = None,
        /,
        *,
        was: Mapping[str, Value] | None = None,
        actor: str = "",
        why: str = "",
        **params: Branches,
    ) -> Space:
        """Replace or add parameters of the space by name, and return the new space.

        The trials so far stay, and are read in it: of a hyperparameter that is new, each had the value in
        `was`, or the declared default. Those whose values lie outside the new ranges may stay the best, but
        teach the search no more. Programs that run the study now go on in the new space.

            study.edit(units=Int(16, 1024, log=True))
            study.edit(dropout=Float(0, 0.5), was={"dropout": 0})

        Args:
            changes: parameters by name, for names that are no identifiers.
            was: the values that the trials so far had of new hyperparameters.
            actor: who does it, for the record.
            why: remembered with it.
            params: parameters by name; a value alone fixes it.

        Raises:
            SpaceError: the parameters make no sense, or the trials so far would mean nothing.
            StudyError: nothing would change.
        """
        wanted = "give parameters by name, such as edit({'lr': Float(1e-4, 1, log=True)})"
        named = params_by_name({**mapping("changes", {} if changes is None else changes, wanted), **params})
        known = mapping("was", {} if was is None else was, "give values by name, such as was={'dropout': 0}")
        replaced = {name: branches_of(name, branches) for name, branches in named.items()}
        who = text("actor", actor, "a name is needed") or user()
        return change(self._planner, lambda old: edited(old, replaced), known, who, text("why", why))

    def widen(
        self,
        name: str,
        *,
        low: float | None = None,
        high: float | None = None,
        options: Sequence[Value] | None = None,
        why: str = "",
    ) -> Space:
        """Widen the range of a hyperparameter, or give it more options, and return the new space.

        Raises:
            SpaceError: no such hyperparameter, or its range would not be wider.
        """
        return self._resize(name, _ends(low=low, high=high), options, why, wider=True)

    def narrow(
        self,
        name: str,
        *,
        low: float | None = None,
        high: float | None = None,
        options: Sequence[Value] | None = None,
        why: str = "",
    ) -> Space:
        """Narrow the range of a hyperparameter, or keep only some options, and return the new space.

        Raises:
            SpaceError: no such hyperparameter, or its range would not be narrower.
        """
        return self._resize(name, _ends(low=low, high=high), options, why, wider=False)

    def add(self, name: str, param: Param, *, was: object = UNSET, why: str = "") -> Space:
        """Search one more hyperparameter, and return the new space.

        Args:
            name: what it is called.
            param: its range or options.
            was: the value that the trials so far had; the declared default where it is left out.
            why: remembered with it.

        Raises:
            SpaceError: there is one of that name, or nothing says which value the trials so far had.
        """
        if text("name", name, "the name of a hyperparameter is needed") in self.problem.space.names:
            raise SpaceError(f"{name}: it is in the space already; change it with edit or widen")
        return self.edit({name: param}, was={} if was is UNSET else {name: as_value(was)}, why=why)

    def fix(self, name: str, value: Value, *, why: str = "") -> Space:
        """Search a hyperparameter no more: it has one value from here on. Returns the new space.

        A number may lie outside the range so far; an option has to be one of those known.

        Raises:
            SpaceError: no such hyperparameter, or none of its options.
        """
        params = self.problem.space.branches(name)
        if all(isinstance(param, (Choice, Ordinal)) for param in params):
            _known_option(name, value, params)
        return self.edit({name: Fixed(value)}, why=why)

    def limit(self, limits: Mapping[str, str], *, actor: str = "", why: str = "") -> None:
        """Replace what trials must keep to, as it is written in `Study(limits=…)`; {} takes all of it back.

        All trials are read by the new limits, also those so far: what breaks one is never the best, and a
        metric that was never reported counts as breaking its limit.

            study.limit({"latency_ms": "<= 5"})

        Raises:
            StudyError: a limit cannot be read, or nothing would change.
        """
        bounds, who = bounds_of(limits), text("actor", actor, "a name is needed") or user()
        change_limits(self._planner, bounds, who, text("why", why, "a text is needed"))
        _say_limits(self._planner)

    def silence(self, *rules: str, silent: bool = True) -> None:
        """Silence rules of advice in this study by name, in every program and view; or hear them again.

            study.silence("plateau", "noise")
            study.silence("plateau", silent=False)

        Raises:
            StudyError: there is no rule of that name.
        """
        if not rules:
            raise expected("rules", rules, "give names of rules, such as silence('plateau')")
        for rule in rules:
            silence(self._planner, rule, silent=truth("silent", silent))

    def _resize(
        self, name: str, ends: Mapping[str, float], options: object, why: str, *, wider: bool
    ) -> Space:
        param = self._only(name)
        if options is None:
            return self.edit({name: _ranged(name, param, ends, wider=wider)}, why=why)
        changed = _more_options if wider else _fewer_options
        return self.edit({name: changed(name, param, options)}, why=why)

    def _only(self, name: str) -> Param:
        params = self.problem.space.branches(text("name", name, "the name of a hyperparameter is needed"))
        if len(params) > 1:
            raise SpaceError(
                f"{name}: it has {len(params)} branches with conditions; give all of them: edit({name}=[…])"
            )
        return params[0]


def _known_option(name: str, value: object, params: Sequence[Param]) -> None:
    """Raise SpaceError where no branch has an option."""
    refused = []
    for param in params:
        try:
            param.check(value)
        except SpaceError as error:
            refused.append(str(error))
    if len(refused) == len(params):
        raise SpaceError(f"{name}: {'; '.join(refused)}; widen({name!r}, options=[…]) adds an option")


def reconcile(planner: Planner, wanted: Space | None, bounds: Sequence[Bound] | None) -> None:
    """Take over space and limits that a program asks for, when the study never had them: changed there.

    Those that the study had before were edited since, and the edit holds.

    Raises:
        StudyMismatch: the trials so far would mean nothing in the space.
    """
    if bounds is not None and set(bounds) not in map(set, all_bounds(planner.history)):
        change_limits(planner, bounds, user(), "the program asks for other limits")
        _say_limits(planner)
    had = spaces(planner.history)
    if wanted is None or wanted == had[-1]:
        return
    if wanted in had:
        log.info("the space was edited since: %s", "; ".join(difference(wanted, had[-1])))
        return
    changes = difference(had[-1], wanted)
    try:
        change(planner, lambda _: wanted, {}, user(), "the program asks for another space")
    except SpaceError as error:
        raise other_question(planner.store, [*changes, str(error)]) from None
    history = planner.history
    inside = len(readable(wanted, history, history.searched))
    read = f"; {inside} of {history.begun} trials lie in it" if history.begun else ""
    log.warning("the space of study %r is changed: %s%s", planner.store.study, "; ".join(changes), read)


def _say_limits(planner: Planner) -> None:
    """Warn that the limits are other ones, and how many of the trials so far keep them."""
    history, bounds = planner.history, planner.problem.bounds
    finished = [trial for trial in history.finished if trial.repeats is None]
    broken = unfit(history)
    kept = sum(trial.number not in broken for trial in finished)
    said = f"; {kept} of {len(finished)} finished trials keep them" if bounds and finished else ""
    now = ", ".join(map(str, bounds)) or "none"
    log.warning("the limits of study %r are changed: %s%s", planner.store.study, now, said)


def _ends(**given_ends: float | None) -> dict[str, float]:
    """Return the ends of a range that were given, as plain numbers."""
    ends: dict[str, float] = {}
    for end, value in given_ends.items():
        if value is not None:
            found = plain(value)
            if not is_number(found) or abs(found) > sys.float_info.max:
                raise expected(end, value, "the end of a range is a number")
            ends[end] = found
    return ends


def _ranged(name: str, param: Param, ends: Mapping[str, float], *, wider: bool) -> Param:
    if not isinstance(param, (Float, Int)):
        raise SpaceError(f"{name}: it has no range but {format_param(param)}; give options=")
    if not ends:
        raise expected(name, None, "give a new end of its range, such as high=1024")
    low, high = ends.get("low", param.low), ends.get("high", param.high)
    if (low > param.low or high < param.high) if wider else (low < param.low or high > param.high):
        other = "narrow" if wider else "widen"
        raise SpaceError(
            f"{name}: {low:g} … {high:g} is not {'wider' if wider else 'narrower'} than {param.low:g} … "
            f"{param.high:g}; see {other}"
        )
    prior = within(param.prior, low, high, param.scale)
    changed: dict[str, Any] = {"low": low, "high": high, "default": None, "prior": prior}
    new = replace(param, **changed)
    kept: Any = None if param.default is None else new.nearest(param.default)
    return replace(new, default=kept)


def _more_options(name: str, param: Param, options: object) -> Param:
    kind, more = _options(name, param, options)
    weights = None if kind.weights is None else (*kind.weights, *[_usual(kind.weights)] * len(more))
    return type(kind)(*kind.meanings, *more, default=kind.default, when=kind.when, weights=weights)


def _fewer_options(name: str, param: Param, options: object) -> Param:
    kind, kept = _options(name, param, options)
    if strange := [option for option in kept if option not in kind.options]:
        known = ", ".join(map(str, kind.options))
        raise SpaceError(f"{name}: {given(strange[0])} is none of its options: {known}")
    meanings = [m for option, m in zip(kind.options, kind.meanings, strict=True) if option in kept]
    default = kind.default if kind.default in kept else UNSET
    believed = kind.weights or (None,) * len(kind.options)
    left = [w for option, w in zip(kind.options, believed, strict=True) if option in kept and w is not None]
    return type(kind)(*meanings, default=default, when=kind.when, weights=left or None)


def _usual(weights: Sequence[float]) -> float:
    """Return what an option weighs that nobody has said anything of."""
    return sum(weights) / len(weights)


def _options(name: str, param: Param, options: object) -> tuple[Choice | Ordinal, tuple[Any, ...]]:
    if not isinstance(param, (Choice, Ordinal)):
        raise SpaceError(f"{name}: it has no options but {format_param(param)}; give low= or high=")
    found = sequence(options)
    if not found:
        raise expected("options", options, "a list of options is needed, such as options=['sgd', 'adam']")
    return param, tuple(found)
