import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import osetra as ose
from osetra.core.problem import Objective
from osetra.errors import StudyError
from osetra.policies import by_names
from osetra.policies.freeze_thaw import FreezeThaw, expected
from osetra.searchers import by_name

STEPS = 26
SPACE = ose.Space(x=ose.Float(0, 1), pace=ose.Float(0.2, 2, scale="log"))


def worth(config, step):
    """A falling curve whose end says which x is good; fast starters are not the best."""
    end = 0.1 + (config["x"] - 0.7) ** 2
    return end + (1.5 - end) * step ** -config["pace"]


def train(run, sign=1.0, keeps=True):
    if keeps:
        run.restore()
    for step in run.steps(STEPS):
        run.report(loss=sign * worth(run.config, step))
        if keeps:
            run.checkpoint({})


def studied(function=train, *, policy=None, seed=0, searcher="random", limits=None, **options) -> ose.Study:
    options = {"minimize": "loss", "pick": "last", **options}
    policy = policy or FreezeThaw(by_name(searcher))
    study = ose.Study("memory:", SPACE, scheduler=policy, searcher=searcher, seed=seed, **options)
    return study.run(function, steps=STEPS, **(limits or {"trials": 15}))


def test_it_finds_nearly_the_best_of_its_configurations_for_a_part_of_their_cost() -> None:
    study = studied(limits={"trials": 20})
    ends = sorted(worth(t.config, STEPS) for t in study.trials)
    assert study.best.value <= ends[2]
    assert study.history.curves.count("loss") < 0.6 * 20 * STEPS


def test_nothing_is_left_waiting() -> None:
    states = [t.state for t in studied().trials]
    assert set(states) <= {"finished", "stopped"}
    assert "finished" in states and "stopped" in states


def test_every_order_says_what_was_expected() -> None:
    orders = [o for t in studied().trials for o in t.orders]
    assert {o.verb for o in orders} == {"resume", "stop"}
    for order in orders:
        assert "expected at step 26, best expected" in order.why
        assert order.verb == "resume" or "chance" in order.why


def test_trainings_pause_at_units_only() -> None:
    study = studied(policy=FreezeThaw(by_name("random"), unit=5))
    for trial in study.trials:
        assert {p.step for p in trial.checkpoints} <= {5, 10, 15, 20, 25}


def test_maximising_the_negative_is_the_same_search() -> None:
    down = studied()
    up = studied(lambda run: train(run, -1.0), minimize=None, maximize="loss")

    def orders(study):
        return [[(o.verb, o.args) for o in t.orders] for t in study.trials]

    # Logarithms need positive values, so the scale may differ; what is found may not.
    assert math.isclose(down.best.value, -up.best.value, abs_tol=0.05)
    assert orders(studied()) == orders(down)


def test_a_budget_in_trainings_is_kept() -> None:
    study = studied(limits={"trainings": 6})
    assert study.history.curves.count("loss") <= 11 * STEPS
    assert len(study.trials) > 6


def test_without_checkpoints_hopeless_trainings_are_stopped() -> None:
    study = studied(lambda run: train(run, keeps=False), limits={"trials": 20})
    states = [t.state for t in study.trials]
    assert set(states) <= {"finished", "stopped"}
    assert states.count("stopped") >= 3
    assert "chance" in next(t for t in study.trials if t.state == "stopped").reason


def test_divergence_and_missing_values_do_no_harm() -> None:
    def trouble(run):
        run.restore()
        for step in run.steps(STEPS):
            bad = math.nan if run.trial % 3 == 0 and step > 4 else worth(run.config, step)
            run.report(loss=1e200 if run.trial % 4 == 0 else bad)
            if run.trial % 5 == 0:
                run.diverged("as told")
            run.checkpoint({})

    study = studied(trouble)
    assert math.isfinite(study.best.value) and study.best.value < 1
    assert not study.history.unfinished


def test_a_late_bloomer_is_expected_to_overtake() -> None:
    study = ose.Study("memory:", SPACE, minimize="loss", pick="last", searcher="random", scheduler="full")
    for x, pace, upto in [(0.7, 1.0, 26), (0.2, 1.0, 26), (0.5, 1.0, 26), (0.69, 1.0, 10), (0.1, 1.0, 10)]:
        study.enqueue(x=x, pace=pace)
        run = study.ask()
        for step in run.steps(STEPS):
            if step > upto:
                break
            run.report(loss=worth(run.config, step))
        study.tell(run)
    ahead = expected(Objective(metric="loss", pick="last"), study.history, STEPS)
    assert ahead is not None
    assert ahead.mean[4] < ahead.mean[5]


@pytest.mark.parametrize("options", [{"unit": 0}, {"initial": 1}])
def test_senseless_settings(options: dict) -> None:
    with pytest.raises(StudyError, match="or more"):
        FreezeThaw(by_name("random"), **options)


def test_it_is_known_by_name() -> None:
    assert isinstance(by_names(by_name("random"), "freeze_thaw"), FreezeThaw)


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 64), st.integers(0, 10**6))
def test_any_number_of_workers_at_any_pace(workers: int, seed: int) -> None:
    study = ose.Study(
        "memory:", SPACE, minimize="loss", searcher="random", scheduler="freeze_thaw", seed=seed
    )
    order, at_work = np.random.default_rng(seed), []
    for _ in range(80):
        if len(at_work) < workers:
            run = study.ask()
            run.restore()
            at_work.append((run, run.steps(STEPS)))
        run, steps = chosen = at_work[int(order.integers(len(at_work)))]
        step = next(steps, None)
        if step is None:
            study.tell(run)
            at_work.remove(chosen)
            continue
        run.report(loss=worth(run.config, step) if order.random() > 0.02 else math.nan)
        run.checkpoint({})
    for trial in study.trials:
        steps_, _ = study.history.curve(trial, "loss")
        assert steps_.tolist() == list(range(1, len(steps_) + 1))
