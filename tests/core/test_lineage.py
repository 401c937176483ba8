"""Where an attempt goes on: the checkpoint that a roll-back means."""

from __future__ import annotations

import pytest

from osetra.core.facts import Checkpointed, Ended, Ordered
from osetra.core.lineage import next_start
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log


@pytest.mark.parametrize(
    ("direction", "values", "args", "step"),
    [
        ("minimize", (0.5, 0.2, 0.4), {}, 2),
        ("maximize", (0.5, 0.2, 0.4), {}, 1),
        ("minimize", (None, None, None), {}, 3),
        ("minimize", (0.5, 0.2, 0.4), {"step": 3}, 3),
        ("minimize", (0.5, 0.2, 0.4), {"step": 1}, 1),
        ("minimize", (0.5, 0.2, 0.4), {"step": 1, "lr": 0.3}, 1),
    ],
)
def test_a_rollback_goes_to_its_step_or_else_to_the_best(direction, values, args, step):
    log = Log(Problem(Space(lr=Float(0.001, 1)), Objective(metric="loss", direction=direction)))
    trial = log.start({"lr": 0.1})
    for at, value in enumerate(values, 1):
        log.write(Checkpointed(trial, 1, 0, at, f"{at}.npz", 1, "", value))
    log.write(Ordered(trial, 1, "rollback", args), Ended(trial, 1, "rewound"))
    start = next_start(log.history.trials, log.history.trials[trial], log.history.sign)
    assert start.candidates[0].step == step
    assert start.rollback is not None and start.rollback.number == 1
    assert start.live == {name: value for name, value in args.items() if name != "step"}
