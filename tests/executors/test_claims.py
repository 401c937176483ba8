"""From which checkpoint an attempt begins: the newest whole one, never a damaged or foreign one."""

import pytest

import osetra as ose
from executors import programs
from osetra.core.facts import Claimed, Opened, Ordered, Suggested
from osetra.core.history import History
from osetra.core.invariants import violations
from osetra.errors import StudyError
from osetra.executors.claims import claim_next
from osetra.executors.identity import this_process
from osetra.executors.leases import give_up_lost
from osetra.stores import MemoryStore, open_store


@pytest.fixture
def paused(tmp_path):
    """A study whose trial 1 waits at step 5, with a checkpoint after every step."""
    study = ose.Study(tmp_path / "s.db", programs.RATES, minimize="loss", scheduler="full")

    def train(run):
        x = (run.restore() or {"x": 1.0})["x"]
        for step in run.steps(8):
            x = programs.descent(x, run.live("lr"))
            if step == 5 and run.attempt == 1:
                study.order(1, "pause")
            run.report(loss=abs(x))
            run.checkpoint(lambda: {"x": x})

    study.run(train, trials=1, checkpoints=ose.Checkpoints(every=0))
    assert study.trials[0].state == "paused"
    return study, train


def resumed_from(study):
    study.order(1, "resume")
    store = open_store(study.url)
    claim = claim_next(store, study.history, this_process(), repeats_only=False)
    assert claim is not None
    return None if claim.checkpoint is None else claim.checkpoint.step


def kept(study):
    return study._store.checkpoints


def test_the_latest_and_the_best_are_kept(paused):
    study, _ = paused
    steps = sorted(int(path.stem.rpartition("-")[2]) for path in kept(study).iterdir())
    assert {4, 5} <= set(steps)
    assert resumed_from(study) == 5


@pytest.mark.parametrize("damage", ["torn", "empty", "gone", "foreign"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(paused, damage, caplog):
    study, train = paused
    newest = kept(study) / "trial-1-attempt-1-fold-0-step-5.npz"
    other = kept(study) / "trial-1-attempt-1-fold-0-step-4.npz"
    match damage:
        case "torn":
            newest.write_bytes(newest.read_bytes()[:-20])
        case "empty":
            newest.write_bytes(b"")
        case "gone":
            newest.unlink()
        case "foreign":
            newest.write_bytes(other.read_bytes())
    study.order(1, "resume")
    study.run(train, trials=1)
    trial = study.trials[0]
    assert trial.state == "finished" and trial.attempts[1].source.step == 4
    assert f"{newest.name} is damaged or gone; an older state is used" in caplog.text
    steps, losses = study.history.curve(trial, "loss")
    x, expected = 1.0, []
    for _ in range(8):
        x = programs.descent(x, trial.config["lr"])
        expected.append(abs(x))
    assert steps.tolist() == list(range(1, 9)) and losses.tolist() == expected


def test_without_any_whole_checkpoint_a_training_begins_anew(paused):
    study, train = paused
    for path in kept(study).iterdir():
        path.write_bytes(b"garbage")
    study.order(1, "resume")
    study.run(train, trials=1)
    trial = study.trials[0]
    assert trial.state == "finished" and trial.attempts[1].source is None
    assert study.history.curve(trial, "loss")[0].tolist() == list(range(1, 9))


def test_a_rollback_to_a_damaged_checkpoint_is_refused_and_nothing_else_is_loaded_silently(paused):
    study, train = paused
    study.order(1, "rollback", step=4, lr=0.2)
    for path in kept(study).iterdir():
        path.write_bytes(b"garbage")
    study.run(train, trials=1)
    trial = study.trials[0]
    assert trial.orders[-1].obeyed.result == "refused"
    assert "no whole checkpoint at or before step 4" in trial.orders[-1].text


def test_who_claims_second_gets_nothing(paused):
    study, _ = paused
    study.order(1, "resume")
    history, store = study.history, open_store(study.url)
    assert claim_next(store, history, this_process(), repeats_only=False) is not None
    assert claim_next(store, history, this_process(), repeats_only=False) is None
    claims = [entry.fact for entry in store.read() if isinstance(entry.fact, Claimed)]
    assert [claim.attempt for claim in claims] == [1, 2]


def test_the_lease_of_a_claim_that_crossed_with_an_order_ends_with_time():
    store = MemoryStore()
    opened = Opened({"lr": "log(0.01, 1)"}, "loss", "minimize", "best", 0)
    order = Ordered(1, 1, "pause")
    store.append([opened, Suggested(1, {"lr": 0.1}, 1), order, Claimed(1, 1, this_process())], lease=0.0)
    history = History().extend(store.read())
    assert history.trials[1].state == "paused"
    assert store.expired() == [(1, 1)]
    assert give_up_lost(store, history) == []
    assert store.expired() == []
    assert History().extend(store.read()).trials[1].state == "paused"
    assert violations(store.read(), [], expired=store.expired()) == []


def test_who_comes_too_late_takes_another_trial():
    store = MemoryStore()
    store.append([Suggested(n, {"lr": 0.1}, 1) for n in range(1, 9)])
    stale = History().extend(store.read())
    store.append([Claimed(n, 1, this_process(slot=9)) for n in range(1, 8)])
    claim = claim_next(store, stale, this_process(), repeats_only=False)
    assert claim is not None
    assert claim.trial == 8
    assert claim_next(store, stale, this_process(), repeats_only=False) is None


@pytest.mark.parametrize(("verb", "values"), [("rollback", {}), ("branch", {"lr": 0.2})])
def test_an_order_for_a_checkpoint_that_is_gone_is_refused_and_harms_nothing(paused, verb, values):
    study, train = paused
    (kept(study) / "trial-1-attempt-1-fold-0-step-5.npz").unlink()
    before = study.history.version
    with pytest.raises(StudyError, match=r"after step 5 is gone.*there are those after step .*4: give step="):
        study.order(1, verb, step=5, **values)
    assert study.history.version == before
    study.order(1, verb, step=4, **values)
    for file in kept(study).iterdir():
        file.unlink()
    with pytest.raises(StudyError, match="start anew"):
        study.order(1, verb, step=4, **values)
    study.run(train, trials=1)
    assert study.trials[0].state in ("finished", "paused")
