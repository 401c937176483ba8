"""Steering from the page: what `osetra steer`, `enqueue` and `edit` can write, and nothing else.

Through the same functions, so that what they refuse is refused here, with the same sentence. A request names
trials, verbs, values and ranges of the declared space: no path, command or module comes from it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from osetra.core.arguments import expected, mapping, text, whole
from osetra.core.declarations import params_from_lines
from osetra.core.edits import problem_of
from osetra.core.space import difference
from osetra.dashboard.follow import Follower
from osetra.stores.address import Address
from osetra.study.open import user
from osetra.study.study import Study
from osetra.views.orders import order_document
from osetra.views.plain import plain_data

Document = dict[str, object]

KEYS = 1000
"""Requests that are remembered, so that one that is sent twice is carried out once."""
PLACE = ("step", "trial", "until", "text")
"""What orders take beside hyperparameters."""
LONGEST = 200
"""Letters of such a key at most."""
TOLD = 10_000
"""Letters of a note or a reason at most: they go to every open page, again and again."""


@dataclass(slots=True)
class PageSteering:
    """Writes to one study what people ask for on the page; safe to use from several threads."""

    address: Address
    follower: Follower
    """Tells whether the log is another one than before, such as that of a file that was replaced."""
    _study: Study | None = None
    _log: int = -1
    _done: OrderedDict[str, Document] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, request: Mapping[str, Any]) -> Document:
        """Give a trial an order.

        Raises:
            StudyError: it makes no sense, or comes too late.
        """

        def give(study: Study) -> Document:
            number, verb = whole("trial", request.get("trial"), least=1), request.get("verb")
            place, values = _parts(mapping("args", request.get("args", {}), "values by name"))
            if "text" in place:
                place["text"] = _told("text", place["text"], "a note is a text")
            why = _told("why", request.get("why", ""), "a reason is a text")
            order = study.order(number, verb, values, actor=_actor(), why=why, **place)  # type: ignore[arg-type]
            return {"order": plain_data(order_document(study.history.trials[number], order))}

        return self._once(request, give)

    def undo(self, request: Mapping[str, Any]) -> Document:
        """Take back an order that no training has seen yet; raises StudyError when it is too late."""

        def take_back(study: Study) -> Document:
            number = whole("trial", request.get("trial"), least=1)
            order = study.undo(number, whole("number", request.get("number"), least=1), actor=_actor())
            return {"order": plain_data(order_document(study.history.trials[number], order))}

        return self._once(request, take_back)

    def enqueue(self, request: Mapping[str, Any]) -> Document:
        """Queue a configuration; raises SpaceError for what the space does not allow."""

        def queue(study: Study) -> Document:
            config: Any = mapping("config", request.get("config", {}), "hyperparameters by name")
            return {"trial": study.enqueue(config, by=_actor()).number}

        return self._once(request, queue)

    def aim(self, request: Mapping[str, Any]) -> Document:
        """Note how many trials the study is to have in total."""

        def note(study: Study) -> Document:
            trials = whole("trials", request.get("trials"), least=1)
            study.aim(trials)
            return {"trials": trials}

        return self._once(request, note)

    def edit(self, request: Mapping[str, Any]) -> Document:
        """Replace or add parameters of the space, given as text by name; raises SpaceError as `edit` does."""

        def change(study: Study) -> Document:
            lines = mapping("params", request.get("params"), "ranges as text by name")
            was: Any = mapping("was", request.get("was", {}), "values by name")
            why = _told("why", request.get("why", ""), "a reason is a text")
            before = problem_of(study.history).space
            space = study.edit(params_from_lines(lines), was=was, actor=_actor(), why=why)
            return {"space": plain_data(space.spec), "changes": difference(before, space)}

        return self._once(request, change)

    def close(self) -> None:
        """Release the store."""
        with self._lock:
            if self._study is not None:
                self._study.close()
            self._study = None

    def _once(self, request: Mapping[str, Any], act: Callable[[Study], Document]) -> Document:
        key = text("key", request.get("key", ""), "what tells one request from another is a text")
        if len(key) > LONGEST:
            raise expected("key", key, f"at most {LONGEST} letters tell one request from another")
        with self._lock:
            if key and key in self._done:
                return self._done[key]
            view = self.follower.look()
            log = -1 if view is None else view.generation
            if self._study is None or log != self._log:
                self._study, self._log = Study(self.address.url, name=self.address.study), log
            try:
                done = act(self._study)
            finally:
                self._study.close()  # nothing is held between two requests
            if key:
                self._done[key] = done
                while len(self._done) > KEYS:
                    self._done.popitem(last=False)
            return done


def _parts(args: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return where and how far an order goes, and the hyperparameters that it changes.

    A hyperparameter that is called as one of the former stands under "values".
    """
    place = {name: args[name] for name in PLACE if name in args}
    values = {name: value for name, value in args.items() if name not in (*PLACE, "values")}
    values |= mapping("values", args.get("values", {}), "hyperparameters by name")
    return place, values or None


def _told(name: str, given: object, wanted: str) -> str:
    """Return what somebody wrote; raises StudyError for what is no text, or endless."""
    told = text(name, given, wanted)
    if len(told) > TOLD:
        raise expected(name, told, f"{wanted} of at most {TOLD} letters")
    return told


def _actor() -> str:
    return f"{user()} (page)".strip()
