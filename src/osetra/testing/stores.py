"""The conformance kit of stores: what any store has to do, whatever it is made of.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_store(check, tmp_path):
        check(lambda: MyStore(tmp_path / "study"))

A factory gives an empty log at its first call; a store that outlives its process gives the same log
at every later call. `store_machine` compares long random histories with the memory store.
"""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Callable, Sequence

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Fact, Noted, Opened, Suggested, Worker, ended
from osetra.core.ports import Store
from osetra.errors import Conflict, LeaseLost, OsetraError, StoreError

Factory = Callable[[], Store]
Check = Callable[[Factory], None]

WORKER = Worker("host", "boot", 1, 0.0)
EXACT = (0.0, -0.0, 1.0, 0.1, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, -1e-310)
"""Values that databases like to change."""


def check_empty_log(make: Factory) -> None:
    """An empty log has version 0, no facts, no points, no leases."""
    store = make()
    assert (store.version(), store.read(), store.read_points()) == (0, [], ([], 0))
    assert store.expired() == []
    assert not store.renew(1, 1)


def check_facts_come_back(make: Factory) -> None:
    """Facts come back equal, numbered 1, 2, 3, …, and `after` leaves out what is known."""
    store = make()
    facts: list[Fact] = [
        Opened({"lr": "log(0.1, 1)"}, "loss", "minimize", "best", 7, task={"data": "Zürich\n\"'"}),
        Suggested(1, {"lr": 0.5, "kind": "a", "on": True, "none": None}, 3, "person", "Ada", "a hunch"),
        Claimed(1, 1, WORKER),
        ended(1, 1, "diverged", math.nan, "blew up", "line\n" * 2000),
        Noted("zoom", "1", "closer", {"low": [1, 2.5, None]}),
    ]
    assert store.append(facts[:2]) == 2
    assert store.append(facts[2:]) == 5
    assert [entry.fact for entry in store.read()] == facts
    assert [entry.version for entry in store.read(3)] == [4, 5]
    assert store.version() == 5
    assert store.read(5) == []


def check_append_nothing(make: Factory) -> None:
    """Appending nothing changes nothing and returns the version."""
    store = make()
    store.append([_note("a")])
    assert store.append([]) == 1
    assert store.version() == 1


def check_conflict(make: Factory) -> None:
    """A key is accepted once, and the fact that comes second takes its whole call with it."""
    store = make()
    store.append([_note("a")])
    for facts in ([_note("b"), _note("a")], [_note("b"), _note("b")]):
        assert _refused(Conflict, store, facts)
    assert store.append([_note("b")]) == 2


def check_conflict_names_the_key(make: Factory) -> None:
    """A Conflict says which key was taken."""
    store = make()
    store.append([Claimed(3, 1, WORKER)])
    try:
        store.append([Claimed(3, 1, WORKER)])
    except Conflict as conflict:
        assert conflict.key == "claimed/3/1"
    else:
        raise AssertionError("the second claim was accepted")


def check_points_exact(make: Factory) -> None:
    """Every float comes back with every bit, and the cursor goes on from there."""
    store = _claimed(make())
    points = [Point(1, 1, 0, step, "loss", value) for step, value in enumerate(EXACT)]
    store.append([], points)
    found, cursor = store.read_points()
    assert [p[:5] for p in found] == [p[:5] for p in points]
    assert [_bits(p.value) for p in found] == [_bits(p.value) for p in points]
    assert store.read_points(cursor) == ([], cursor)
    more = [Point(1, 1, 2, 0, "loss", 1.0), Point(1, 1, 0, -5, "other metric", 2.0)]
    store.append([], more)
    assert store.read_points(cursor)[0] == more


def check_first_point_stays(make: Factory) -> None:
    """Repeating a point is harmless; the first value stays."""
    store = _claimed(make())
    store.append([], [_point(1, value=0.5), _point(1, value=9.0)])
    store.append([], [_point(1, value=7.0), _point(2, value=0.25)])
    assert [p.value for p in store.read_points()[0]] == [0.5, 0.25]


def check_points_need_a_live_attempt(make: Factory) -> None:
    """Points are refused before the claim and after the end, and what came with them is not written."""
    store = make()
    assert _refused(LeaseLost, store, [_note("a")], [_point(1)])
    _claimed(store)
    store.append([ended(1, 1, "lost")])
    assert _refused(LeaseLost, store, [_note("a")], [_point(1)])
    store.append([Claimed(1, 2, WORKER)])
    assert _refused(LeaseLost, store, [_note("a")], [_point(1, attempt=2), _point(1)])
    assert store.read_points()[0] == []
    store.append([_note("a")], [_point(1, attempt=2)])


def check_points_beside_their_facts(make: Factory) -> None:
    """A claim opens for the points of its own call, and an end closes only behind them."""
    store = make()
    store.append([Suggested(1, {}, 0), Claimed(1, 1, WORKER)], [_point(1)])
    store.append([ended(1, 1, "finished", 0.5)], [_point(2)])
    store.append([Claimed(2, 1, WORKER), ended(2, 1, "finished", 0.5)], [Point(2, 1, 0, 1, "loss", 1.0)])
    assert len(store.read_points()[0]) == 3
    assert not store.renew(1, 1)
    assert not store.renew(2, 1)


def check_end_before_claim(make: Factory) -> None:
    """A claim that arrives after its own end opens nothing."""
    store = make()
    store.append([ended(1, 1, "lost")])
    store.append([Claimed(1, 1, WORKER)])
    assert not store.renew(1, 1)
    assert _refused(LeaseLost, store, [], [_point(1)])


def check_leases(make: Factory) -> None:
    """A lease runs out, can be renewed while its attempt lasts, and ends with it."""
    store = _claimed(make(), lease=0.0)
    store.append([Claimed(2, 1, WORKER)], lease=600.0)
    assert store.expired() == [(1, 1)]
    assert store.renew(1, 1)
    assert store.expired() == []
    assert store.renew(1, 1, lease=0.0)
    store.append([ended(1, 1, "lost")])
    assert store.expired() == []
    assert not store.renew(1, 1)


def check_impossible_values(make: Factory) -> None:
    """Numbers beyond 64 bits, broken text and unusable names are refused, and nothing is written."""
    store = _claimed(make())
    for facts, points in (
        ([_note("a")], [Point(1, 1, 0, 2**63, "loss", 1.0)]),
        ([_note("a")], [Point(1, 1, 0, 1, "\ud800", 1.0)]),
        ([_note("a"), _note("\ud800")], []),
        ([_note("a"), _note("a\0b")], []),
        ([_note("a"), _note("long" * 1000)], []),
        ([_note("a")], [Point(1, 1, 0, 1, "a\0b", 1.0)]),
    ):
        assert _refused(StoreError, store, facts, points)
    assert store.append([_note("a")]) == 3


def check_threads(make: Factory) -> None:
    """Sixteen threads that want the same eight trials get each of them once."""
    store = make()
    won: list[int] = []

    def claim_all() -> None:
        for trial in range(8):
            try:
                store.append([Claimed(trial, 1, WORKER)], [Point(trial, 1, 0, 0, "loss", 1.0)])
            except Conflict:
                continue
            won.append(trial)

    threads = [threading.Thread(target=claim_all) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(8))
    assert [entry.version for entry in store.read()] == list(range(1, 9))
    assert len(store.read_points()[0]) == 8


def check_two_hands(make: Factory) -> None:
    """What one hand writes the other reads at once, leases included; for stores with a url."""
    one, two = make(), make()
    _claimed(one)
    assert two.version() == 2
    two.append([], [_point(1)])
    assert one.read_points() == two.read_points()
    assert _refused(Conflict, two, [Claimed(1, 1, WORKER)])
    two.append([ended(1, 1, "finished", 1.0)])
    assert not one.renew(1, 1)
    assert one.read() == two.read()


def check_closed_and_opened(make: Factory) -> None:
    """A log outlives its store object; for stores with a url."""
    store = _claimed(make())
    store.append([], [_point(1)])
    before = (store.read(), store.read_points())
    store.close()
    again = make()
    assert (again.read(), again.read_points()) == before
    assert again.append([_note("a")]) == 3


CHECKS: tuple[Check, ...] = (
    check_empty_log,
    check_facts_come_back,
    check_append_nothing,
    check_conflict,
    check_conflict_names_the_key,
    check_points_exact,
    check_first_point_stays,
    check_points_need_a_live_attempt,
    check_points_beside_their_facts,
    check_end_before_claim,
    check_leases,
    check_impossible_values,
    check_threads,
)
"""For every store."""

SHARED_CHECKS: tuple[Check, ...] = (check_two_hands, check_closed_and_opened)
"""For stores that several processes can open."""


def _claimed(store: Store, lease: float = 60.0) -> Store:
    store.append([Suggested(1, {"lr": 0.5}, 3), Claimed(1, 1, WORKER)], lease=lease)
    return store


def _note(name: str) -> Noted:
    return Noted("topic", name, "text")


def _point(step: int, *, attempt: int = 1, value: float = 1.0) -> Point:
    return Point(1, attempt, 0, step, "loss", value)


def _bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack("d", value)


def _refused(
    error: type[OsetraError], store: Store, facts: Sequence[Fact], points: Sequence[Point] = ()
) -> bool:
    """Whether an append raises the error and leaves no trace."""
    before = (store.read(), store.read_points())
    try:
        store.append(facts, points)
    except error:
        return (store.read(), store.read_points()) == before
    return False
