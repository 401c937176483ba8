"""Random histories: whatever is done to a store, it answers as the memory store does.

TestMyStore = store_machine(lambda: MyStore(fresh_path())).TestCase
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Fact, Noted, Suggested, Worker, ended
from osetra.core.ports import Store
from osetra.errors import Conflict, LeaseLost
from osetra.stores import MemoryStore
from osetra.testing.stores import Factory

_NUMBERS = st.integers(1, 3)
_WORKER = Worker("host", "boot", 1, 0.0)
_NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3)
_FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Suggested, trial=_NUMBERS, config=st.just({"lr": 0.5}), seed=st.integers(0, 2**62)),
    st.builds(Claimed, trial=_NUMBERS, attempt=_NUMBERS, worker=st.just(_WORKER)),
    st.builds(
        ended,
        _NUMBERS,
        _NUMBERS,
        st.sampled_from(["finished", "lost"]),
        st.floats(allow_nan=False) | st.none(),
    ),
    st.builds(Noted, topic=st.just("t"), name=_NAMES, text=st.text(max_size=9)),
)
_POINTS = st.builds(
    Point,
    trial=_NUMBERS,
    attempt=_NUMBERS,
    instance=st.integers(0, 1),
    step=st.integers(-2, 5),
    metric=st.sampled_from(["loss", "accuracy", "a b"]),
    value=st.floats(allow_nan=False),
)
_LEASES = st.sampled_from([0.0, 600.0])


class StoreMachine(RuleBasedStateMachine):
    """One random history; `make` opens a fresh store."""

    make: ClassVar[Factory]

    def __init__(self) -> None:
        super().__init__()
        self.store, self.model = type(self).make(), MemoryStore()
        self.version, self.cursors = 0, (0, 0)

    @rule(facts=st.lists(_FACTS, max_size=3), points=st.lists(_POINTS, max_size=4), lease=_LEASES)
    def append(self, facts: list[Fact], points: list[Point], lease: float) -> None:
        """Write to both."""
        self._both(lambda store: store.append(facts, points, lease=lease))

    @rule(trial=_NUMBERS, attempt=_NUMBERS, lease=_LEASES)
    def renew(self, trial: int, attempt: int, lease: float) -> None:
        """Renew a lease in both."""
        self._both(lambda store: store.renew(trial, attempt, lease=lease))

    @rule()
    def read_on(self) -> None:
        """Read what is new from both."""
        new = self.store.read(self.version)
        assert [e.fact for e in new] == [e.fact for e in self.model.read(self.version)]
        self.version += len(new)
        points, cursor = self.store.read_points(self.cursors[0])
        expected, model = self.model.read_points(self.cursors[1])
        assert points == expected
        self.cursors = (cursor, model)

    @rule()
    def close(self) -> None:
        """Close the store; what comes next opens it again."""
        if self.store.url != "memory:":
            self.store.close()

    @invariant()
    def agree(self) -> None:
        """Both have the same version, and the same leases have run out."""
        assert self.store.version() == self.model.version()
        assert self.store.expired() == self.model.expired()

    def teardown(self) -> None:
        """Close the store."""
        self.store.close()

    def _both(self, action: Callable[[Store], object]) -> None:
        assert _outcome(action, self.store) == _outcome(action, self.model)


def store_machine(make: Factory) -> type[StoreMachine]:
    """Return a hypothesis machine that drives a fresh store and its model side by side."""
    return type("StoreMachine", (StoreMachine,), {"make": staticmethod(make)})


def _outcome(action: Callable[[Store], object], store: Store) -> object:
    try:
        return action(store)
    except (Conflict, LeaseLost) as error:
        return str(error)
