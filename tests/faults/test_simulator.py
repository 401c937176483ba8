"""Rows 7, 8, 18, 28, 29, 30, 40: stories with every mishap, on a virtual clock; planted bugs are found.

The normal run tells some hundred stories, `make soak` ten thousand.
"""

import msgspec
import pytest

from faults import SOAK
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Obeyed, Ordered, Suggested
from osetra.errors import Conflict, LeaseLost
from osetra.executors import claims, leases, supervisor
from osetra.executors.appending import append_patiently
from osetra.executors.identity import this_process
from osetra.executors.recorder import Recorder
from osetra.stores import SqliteStore
from osetra.stores.memory import MemoryStore
from osetra.testing.rig.simulator import simulate
from osetra.testing.rig.world import Chances

STORIES = 10_000 if SOAK else 100
ENOUGH = 400
"""Stories within which a planted bug has to show."""


def sound(outcome, seed):
    assert outcome.violations == (), f"seed {seed}"
    return outcome


@pytest.mark.slow
def test_every_story_ends_well():
    kills = finished = 0
    for seed in range(STORIES):
        outcome = sound(simulate(seed), seed)
        kills, finished = kills + outcome.kills, finished + outcome.finished
    assert kills > STORIES and finished > 2 * STORIES


def test_stories_end_well_with_a_scheduler_that_pauses_and_promotes():
    for seed in range(STORIES // 10):
        sound(simulate(seed, scheduler="asha", trials=6), seed)


def test_stories_end_well_in_sqlite(tmp_path):
    for seed in range(STORIES // 20):
        sound(
            simulate(seed, lambda clock, seed=seed: SqliteStore(tmp_path / f"{seed}.db", clock=clock)), seed
        )


def test_a_seed_stands_for_one_story():
    stories = [simulate(7), simulate(8), simulate(7)]
    assert stories[0] == stories[2] != stories[1]


def test_without_mishaps_nothing_is_tried_twice():
    calm = Chances(kill=0, stall=0, jump=0, lost_reply=0, full=0)
    outcome = sound(simulate(1, chances=calm), 1)
    assert outcome.kills == 0 and outcome.finished > 0


def found(words="", **chances):
    """Return what the first story says that shows a planted bug, in such words."""
    for seed in range(ENOUGH):
        outcome = simulate(seed, chances=Chances(**chances))
        if told := [text for text in outcome.violations if words in text]:
            return told[0]
    return ""


def test_planted_a_store_that_ends_an_attempt_twice(monkeypatch):
    check = MemoryStore._check

    def lenient(self, keys, claimed, points):
        check(self, [name for name in keys if not name.startswith("ended/")], claimed, points)

    monkeypatch.setattr(MemoryStore, "_check", lenient)
    assert "second time" in found()


def test_planted_a_claim_without_a_key(monkeypatch):
    check = MemoryStore._check

    def lenient(self, keys, claimed, points):
        check(self, [name for name in keys if not name.startswith("claimed/")], claimed, points)

    monkeypatch.setattr(MemoryStore, "_check", lenient)
    assert "claimed" in found()


def test_planted_points_accepted_after_the_end(monkeypatch):
    check = MemoryStore._check
    monkeypatch.setattr(
        MemoryStore, "_check", lambda self, keys, claimed, points: check(self, keys, claimed, ())
    )
    assert found("accepted after its end")


def test_planted_an_end_without_its_last_points(monkeypatch):
    end = Recorder.end
    monkeypatch.setattr(Recorder, "end", lambda self, *how: self.buffer.clear() or end(self, *how))
    assert found()


def test_planted_an_end_in_a_transaction_of_its_own(monkeypatch):
    append = MemoryStore.append

    def torn(self, facts, points=(), *, lease=60.0):
        version = append(self, facts, (), lease=lease)
        if any(isinstance(fact, Ended) for fact in facts):
            return version  # the process is killed before its points follow
        return append(self, [], points, lease=lease)

    monkeypatch.setattr(MemoryStore, "append", torn)
    assert found()


def test_planted_a_reaper_that_looks_at_old_leases(monkeypatch):
    expired = MemoryStore.expired

    def stale(self):
        self.known = getattr(self, "known", set()) | set(self._leases)
        return sorted(self.known) if self._clock.now() % 100 < 50 else expired(self)

    monkeypatch.setattr(MemoryStore, "expired", stale)
    assert "given up" in found()


def test_planted_a_restart_that_forgets_the_values_in_force(monkeypatch):
    claimed = supervisor.claim_next

    def forgetful(*given):
        claim = claimed(*given)
        return claim and msgspec.structs.replace(claim, live={})

    monkeypatch.setattr(supervisor, "claim_next", forgetful)
    assert "does not follow" in found()


def test_planted_an_order_that_is_given_out_twice(monkeypatch):
    new = claims.OrderInbox.new

    def again(self):
        came = new(self)
        return came + [order for order in came if order.verb == "scale"]

    monkeypatch.setattr(claims.OrderInbox, "new", again)
    assert "does not follow" in found()


def test_planted_a_supervisor_that_ignores_its_lost_lease(monkeypatch):
    monkeypatch.setattr(leases, "end", _forced)
    monkeypatch.setattr(supervisor, "end", _forced)
    assert found()


def _forced(store, trial, attempt, ending, points=()):
    """End an attempt, under the next free number when its own has ended."""
    while True:
        fact = Ended(trial, attempt, ending.outcome, ending.value, "finite", ending.reason)
        try:
            append_patiently(store, [fact], ())
        except Conflict:
            attempt += 1
        else:
            return True


def test_a_zombie_cannot_obey_an_order_between_two_reports():
    """Row 7, 40: its points are written, it stalls, the trial is given up and begun again elsewhere."""
    store, me = MemoryStore(), this_process()
    store.append([Suggested(1, {"lr": 0.1}, 1), Claimed(1, 1, me), Ordered(1, 1, "set", {"lr": 0.2})])
    zombie = Recorder(store)
    zombie.add([Point(1, 1, 0, 1, "loss", 0.5)])
    zombie.flush()
    store.append([Ended(1, 1, "lost"), Claimed(1, 2, me)])
    with pytest.raises(LeaseLost):
        zombie.record(Obeyed(1, 1, 1, 1, "done", "", {"lr": 0.2}))
    assert not any(isinstance(entry.fact, Obeyed) for entry in store.read())
