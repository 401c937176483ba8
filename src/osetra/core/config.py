"""Configurations as trainings and people get them: dictionaries that can be read as attributes, too.

A training gets a copy of its own and may do with it what it likes. What a history holds is shared by
everybody who looks at it, so that one cannot be changed: a copy of it can.
"""

from __future__ import annotations

from typing import Any, NoReturn

from osetra.errors import StudyError, nearest


class RunConfig(dict[str, Any]):
    """A training's own configuration: `config["lr"]`, or `config.lr` where the name is an identifier."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            known = ", ".join(self)
            hint = nearest(name, self)
            raise AttributeError(f"no hyperparameter {name!r}; there are {known}.{hint}") from None

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        # Copied, pickled and sent elsewhere it is a plain dictionary.
        return dict, (dict(self),)


class TrialConfig(RunConfig):
    """A configuration that a history holds: copied, and not changed."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise StudyError(
            "this configuration is part of the study's history and cannot be changed; change a copy: "
            "config = dict(trial.config)"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    pop = popitem = clear = update = setdefault = _refuse
