import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import osetra as ose
from osetra.core.facts import Claimed, Ended, Ordered, Suggested, Worker
from osetra.core.history import History
from osetra.core.lineage import pieces
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal
from osetra.core.trial import Trial, advance, begin
from osetra.errors import StudyError
from osetra.policies import by_names
from osetra.policies.exploration import explore, live_names, one_structure
from osetra.policies.pbt import Pbt
from osetra.searchers import by_name

STEPS = 20
SPACE = ose.Space(lr=Float(1e-3, 1, scale="log"), units=Int(1, 64))


def loss_after(x: float, lr: float, step: int) -> float:
    """A training whose best learning rate falls from 0.5 to 0.01 halfway."""
    return x + abs(math.log10(lr) - math.log10(0.5 if step <= STEPS // 2 else 0.01))


def train(run, sign=1.0, keeps=True):
    state = (run.restore() if keeps else None) or {"x": 1.0}
    x = state["x"]
    for step in run.steps(STEPS):
        x = loss_after(x, run.live("lr"), step)
        run.report(loss=sign * x, lr=run.live("lr"))
        if keeps:
            run.checkpoint(lambda: {"x": x})


def studied(function=train, *, pbt=None, trials=8, seed=0, **options) -> ose.Study:
    options = {"minimize": "loss", "pick": "last", **options}
    pbt = pbt or Pbt(by_name("random"), interval=1)
    study = ose.Study("memory:", SPACE, scheduler=pbt, searcher="random", seed=seed, **options)
    return study.run(function, trials=trials)


def copies(history: History) -> list[tuple[Trial, Ordered]]:
    return [(t, o) for t in history.trials.values() for o in t.orders if o.verb == "rollback"]


def check_lineage(history: History, trial: Trial) -> None:
    """The values in force by the lineage are those that the training reported, step by step."""
    steps, rates = history.curve(trial, "lr")
    assert steps.tolist() == list(range(1, len(steps) + 1))
    stretches = pieces(history.trials, trial)
    assert stretches[0].after == 0
    assert all(a.after < b.after for a, b in pairwise(stretches))
    for step, rate in zip(steps.tolist(), rates.tolist(), strict=True):
        assert next(p for p in reversed(stretches) if p.after < step).values["lr"] == rate


class TestTheFold:
    def paused(self) -> Trial:
        trial = begin(Suggested(1, {"lr": 0.1}, 5, until=4), 0.0)
        trial = advance(trial, Claimed(1, 1, Worker("host", "boot", 7, 1.0)), 1.0)
        return advance(trial, Ended(1, 1, "paused", 0.5), 2.0)

    def test_a_scheduler_s_roll_back_says_how_far_to_go_on(self) -> None:
        order = Ordered(1, 1, "rollback", {"trial": 2, "step": 6, "until": 8, "lr": 0.2}, "pbt", "scheduler")
        trial = advance(self.paused(), order, 3.0)
        assert (trial.state, trial.until) == ("queued", 8)

    def test_a_person_s_roll_back_leaves_it(self) -> None:
        trial = advance(self.paused(), Ordered(1, 1, "rollback", {"step": 2}), 3.0)
        assert (trial.state, trial.until) == ("queued", 4)

    def test_how_far_to_go_on_is_no_value_in_force(self) -> None:
        history = studied().history
        assert copies(history)
        for trial in history.trials.values():
            assert all(set(a.live) <= {"lr"} for a in trial.attempts)


class TestPopulation:
    def test_it_follows_the_best_learning_rate_as_no_constant_one_can(self) -> None:
        study = studied(pbt=Pbt(by_name("random"), interval=1, renewal=0.25), seed=3)
        best = study.history.best(study.problem.objective)
        assert best is not None and best.value is not None
        constant = min(_constant(lr) for lr in np.logspace(-3, 0, 200))
        assert best.value < constant

    def test_the_lineage_of_every_member_is_the_schedule_it_was_trained_with(self) -> None:
        history = studied().history
        for trial in history.trials.values():
            check_lineage(history, trial)

    def test_the_schedule_can_be_replayed_without_the_population(self) -> None:
        study = studied()
        best = study.history.best(study.problem.objective)
        assert best is not None
        x, stretches = 1.0, pieces(study.history.trials, best)
        for step in range(1, STEPS + 1):
            x = loss_after(x, next(p for p in reversed(stretches) if p.after < step).values["lr"], step)
        assert x == best.value

    def test_with_one_worker_it_costs_as_much_as_its_members(self) -> None:
        history = studied().history
        assert [t.state for t in history.trials.values()] == ["finished"] * 8
        assert history.curves.count("loss") == 8 * STEPS

    def test_every_copy_names_its_evidence_and_comes_from_a_better_member(self) -> None:
        history = studied().history
        for _, order in copies(history):
            its, own = (float(order.why.split(mark)[1].split()[0]) for mark in ("loss ", "its own "))
            assert its < own
            assert "among the worst 2 of 8" in order.why
            assert "lr " in order.why and "→" in order.why
            assert (order.obeyed.result, order.args["step"] % 1) == ("done", 0)

    def test_maximising_the_negative_is_the_same_search(self) -> None:
        down = studied().history
        up = studied(lambda run: train(run, -1.0), minimize=None, maximize="loss").history
        orders = [[(t.number, o.args) for t, o in copies(h)] for h in (down, up)]
        assert orders[0] == orders[1] != []

    def test_the_same_seed_gives_the_same_orders(self) -> None:
        a, b = (copies(studied(seed=5).history) for _ in range(2))
        assert [(t.number, o.args) for t, o in a] == [(t.number, o.args) for t, o in b]

    def test_members_share_one_structure(self) -> None:
        assert {t.config["units"] for t in studied().trials} == {SPACE.default["units"]}

    def test_more_trials_are_more_populations_of_equal_size(self) -> None:
        pbt = Pbt(by_name("random"), size=3, interval=5)
        study = studied(pbt=pbt, trials=8)
        assert [len(p) for p in pbt.populations(study.history)] == [4, 4]
        assert all(t.state == "finished" for t in study.trials)

    def test_nobody_copies_in_the_first_half(self) -> None:
        orders = [order for _, order in copies(studied().history)]
        assert orders and all(order.args["step"] >= STEPS // 2 for order in orders)

    def test_intervals_are_kept_after_copies(self) -> None:
        history = studied(pbt=Pbt(by_name("random"), interval=4, alone=0.0)).history
        for trial in history.trials.values():
            assert {p.step for p in trial.checkpoints} <= {4, 8, 12, 16}
            assert len(trial.attempts) == 5


class TestTrouble:
    def test_a_member_without_a_value_goes_on_as_a_copy_at_once(self) -> None:
        def fragile(run):
            x = (run.restore() or {"x": 1.0})["x"]
            for step in run.steps(STEPS):
                x = loss_after(x, run.live("lr"), step) if run.live("lr") < 0.2 else math.nan
                run.report(loss=x, lr=run.live("lr"))
                run.checkpoint(lambda: {"x": x})

        history = studied(fragile).history
        assert all(t.state == "finished" and math.isfinite(t.value) for t in history.trials.values())
        assert any("own nan" in order.why for _, order in copies(history))
        for trial in history.trials.values():
            check_lineage(history, trial)

    def test_a_diverged_member_is_replaced_while_trials_are_left(self) -> None:
        def brittle(run):
            if run.config["lr"] > 0.5 or run.trial == 2:
                run.diverged("too fast")
            train(run)

        history = studied(brittle, pbt=Pbt(by_name("random"), size=6, interval=2), trials=12).history
        replacing = [t for t in history.trials.values() if t.parent is not None]
        assert replacing and "replaces trial 2, which diverged" in replacing[0].why
        for trial in replacing:
            check_lineage(history, trial)

    def test_without_any_value_everybody_is_stopped(self) -> None:
        def hopeless(run):
            run.restore()
            for _ in run.steps(STEPS):
                run.report(loss=math.nan)
                run.checkpoint(lambda: {})

        study = studied(hopeless)
        assert {t.state for t in study.trials} == {"stopped"}
        assert study.history.best(study.problem.objective) is None

    def test_without_checkpoints_all_run_to_their_end_and_it_is_said(self) -> None:
        history = studied(lambda run: train(run, keeps=False), trials=10).history
        assert {t.state for t in history.trials.values()} == {"finished"}
        assert not copies(history)
        held, blind = history.noted("pbt")
        assert "pbt searches lr; units stay at their defaults" in held.text
        assert "run.checkpoint" in blind.text

    def test_a_person_s_pause_is_left_alone(self) -> None:
        study = ose.Study(
            "memory:", SPACE, minimize="loss", searcher="random", scheduler=Pbt(by_name("random"), interval=5)
        )
        run = study.ask()
        for step in run.steps(STEPS):
            if step == 2:
                study.order(1, "pause")
            run.report(loss=1.0)
            run.checkpoint({})
        study.tell(run)
        assert study.trials[0].held
        for _ in range(5):
            assert study.ask().trial != 1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"size": 1}, "2 members or more"),
            ({"interval": 0}, "1 step or more"),
            ({"share": 0.6}, "up to 0.5"),
            ({"alone": 1.0}, "below 1"),
            ({"factors": (0.0, 1.0)}, "above 0"),
        ],
    )
    def test_senseless_settings(self, options: dict, message: str) -> None:
        with pytest.raises(StudyError, match=message):
            Pbt(by_name("random"), **options)

    def test_nothing_that_can_change_live(self) -> None:
        study = ose.Study("memory:", ose.Space(units=Int(1, 9)), minimize="loss", scheduler="pbt")
        with pytest.raises(StudyError, match="none of units can be changed while a network trains"):
            study.run(train, trials=2)
        assert one_structure(ose.Space(units=Int(1, 9)), ("units",)).names == ("units",)

    def test_a_training_that_changes_nothing_copies_weights_only_and_it_is_said(self) -> None:
        def deaf(run):
            x = (run.restore() or {"x": 1.0})["x"]
            for step in run.steps(STEPS):
                x = loss_after(x, run.config["lr"], step)
                run.report(loss=x, lr=run.config["lr"])
                run.checkpoint(lambda: {"x": x})

        history = studied(deaf).history
        assert history.accepts == frozenset()
        assert copies(history) and not history.noted("ignored")
        assert all(set(order.args) == {"trial", "step", "until"} for _, order in copies(history))
        assert any("read run.live(...) in each step" in note.text for note in history.noted("pbt"))
        for trial in history.trials.values():
            check_lineage(history, trial)

    def test_it_is_known_by_name(self) -> None:
        assert isinstance(by_names(by_name("random"), "pbt"), Pbt)


class TestWhatItSearches:
    SPACE = ose.Space(
        lr=Float(1e-3, 1, scale="log"), units=Int(1, 64), rate=Float(0, 1), schedule=Choice("cosine", "step")
    )

    def test_by_name_before_a_training_has_spoken_and_then_what_it_said(self) -> None:
        assert live_names(self.SPACE, None) == ("lr",)
        assert live_names(self.SPACE, {"units", "rate"}) == ("units", "rate")

    def test_choices_have_no_neighbours_and_must_be_named(self) -> None:
        assert live_names(self.SPACE, {"lr", "schedule"}) == ("lr",)

    def test_a_training_of_one_s_own_is_searched_in_what_it_accepts(self) -> None:
        def own(run):
            run.accepts("rate")
            x = (run.restore() or {"x": 1.0})["x"]
            for _ in run.steps(STEPS):
                x += abs(run.live("rate") - 0.3)
                run.report(loss=x)
                run.checkpoint(lambda: {"x": x})

        pbt = Pbt(by_name("random"), interval=1)
        study = ose.Study(space=self.SPACE, minimize="loss", pick="last", searcher="random", scheduler=pbt)
        history = study.run(own, trials=8).history
        assert history.accepts == {"rate"}
        # The first member began before anybody knew.
        assert {trial.config["units"] for trial in study.trials} == {self.SPACE.default["units"]}
        assert len({trial.config["rate"] for trial in study.trials[1:]}) == 7
        assert copies(history)
        assert all(set(order.args) <= {"trial", "step", "until", "rate"} for _, order in copies(history))


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 64), st.integers(0, 10**6), st.integers(1, 7))
def test_any_number_of_workers_at_any_pace(workers: int, seed: int, interval: int) -> None:
    pbt = Pbt(by_name("random"), size=6, interval=interval)
    study = ose.Study(
        "memory:", SPACE, minimize="loss", pick="last", searcher="random", scheduler=pbt, seed=seed
    )
    order, at_work = np.random.default_rng(seed), []
    for _ in range(150):
        if len(at_work) < workers:
            run = study.ask()
            at_work.append([run, run.steps(STEPS), (run.restore() or {"x": 1.0})["x"]])
            at_work[-1][1] = run.steps(STEPS)
        chosen = at_work[int(order.integers(len(at_work)))]
        run, steps, x = chosen
        step = next(steps, None)
        if step is None:
            study.tell(run)
            at_work.remove(chosen)
            continue
        x = chosen[2] = loss_after(x, run.live("lr"), step) if order.random() > 0.02 else math.nan
        run.report(loss=x, lr=run.live("lr"))
        run.checkpoint({"x": x})
    history = study.history
    for trial in history.trials.values():
        if trial.attempts and len(history.curve(trial, "lr")[0]):
            check_lineage(history, trial)
    for _, order_ in copies(history):
        assert 1e-3 <= order_.args["lr"] <= 1
        assert order_.args["until"] is None or order_.args["until"] % interval == 0
        assert order_.args["until"] is None or order_.args["until"] > order_.args["step"]


PARAMS = st.sampled_from(
    [
        Float(1e-4, 1, scale="log"),
        Float(0.5, 0.99, scale="one_minus_log"),
        Float(0.01, 0.9, scale="logit"),
        Float(0, 0.5),
        Int(3, 100, scale="log"),
        Int(2, 20, step=3),
        Choice("a", "b", "c"),
        Ordinal(16, 32, 64),
    ]
)


@given(PARAMS, st.floats(0, 1), st.sampled_from([0.5, 0.8, 1.2, 2.0]), st.none() | st.floats(0, 1))
def test_an_explored_value_is_one_of_the_range(param, unit, factor, anew) -> None:
    value = param.from_unit(np.array([unit]))[0]
    new = explore(param, value, factor, anew)
    assert param.check(new) == new
    if anew is None and not isinstance(param, Choice):
        order = param.to_unit([new])[0] - param.to_unit([value])[0]
        assert order >= -1e-9 if factor > 1 else order <= 1e-9
    assert explore(Fixed(3), 3, factor, anew) == 3


def test_one_structure_keeps_the_live_branches_of_the_default() -> None:
    space = ose.Space(
        optimizer=Choice("sgd", "adam"),
        lr=[
            Float(0.01, 1, scale="log", when={"optimizer": "sgd"}),
            Float(1e-4, 0.1, scale="log", when={"optimizer": "adam"}),
        ],
        momentum=Float(0.5, 0.99, when={"optimizer": "sgd"}),
        beta1=Float(0.5, 0.99, when={"optimizer": "adam"}),
        layers=Int(1, 4),
    )
    settled = one_structure(space, ("lr", "momentum", "beta1"))
    assert {c.key for c in settled.columns} == {"lr", "momentum"}
    assert settled.default == space.default
    for config in settled.decode(np.random.default_rng(0).random((20, 2))):
        assert space.complete(config) == config


def _constant(lr: float) -> float:
    x = 1.0
    for step in range(1, STEPS + 1):
        x = loss_after(x, lr, step)
    return x
