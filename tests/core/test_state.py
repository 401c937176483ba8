import json
from typing import get_args

import msgspec
import pytest

from osetra.core.facts import Outcome
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.state import State
from osetra.core.trial import ENDED
from osetra.testing.histories import Log


def test_a_state_is_the_text_that_stands_in_the_log() -> None:
    assert State.FINISHED == "finished"
    assert f"{State.LOST}" == "lost"
    assert {"failed": 1}[State.FAILED] == 1
    assert json.dumps(State.PAUSED) == msgspec.json.encode(State.PAUSED).decode() == '"paused"'


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_of_an_attempt_is_a_state_with_a_sentence(outcome: str) -> None:
    assert State(outcome).sentence


def test_a_trial_has_members_as_states() -> None:
    log = Log(Problem(Space(x=Float(0, 1)), Objective(metric="loss")))
    log.run({}, 0.5)
    log.run({}, None)
    log.start({})
    assert [type(trial.state) for trial in log.history.trials.values()] == [State] * 3
    assert [trial.state for trial in log.history.ended] == [State.FINISHED, State.FAILED]
    assert all(State(state).sentence for state in ENDED)
