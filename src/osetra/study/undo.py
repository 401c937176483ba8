"""Undo: an order is taken back while nobody has seen it.

Seeing an order and taking it back establish the same fact, so that only one of them happens: a training
never obeys what the log says was taken back.
"""

from __future__ import annotations

from osetra.core.facts import Fact, Obeyed, Seen
from osetra.core.trial import Order, Trial
from osetra.errors import StudyError
from osetra.study.planner import Planner
from osetra.views.orders import order_text, too_late


def undo(planner: Planner, number: int, order: int | None, actor: str) -> Order:
    """Take an order back, and return what has become of it.

    Args:
        planner: of the study.
        number: the trial's.
        order: the order's; None takes the last one.
        actor: who takes it back.

    Raises:
        StudyError: there is no such order, or it is too late.
    """
    trial = planner.history.find(number)
    chosen = _find(trial, order)
    if why := too_late(trial, chosen):
        raise StudyError(f"trial {number}, order {chosen.number} ({order_text(chosen)}): {why}")
    text = f"taken back by {actor}" if actor else "taken back"
    facts: list[Fact] = [
        Seen(number, chosen.number),
        Obeyed(number, chosen.number, len(trial.attempts), 0, "refused", text),
    ]
    if not planner.append(facts):
        raise StudyError(f"trial {number}, order {chosen.number}: the training was faster and has it")
    return planner.history.trials[number].orders[chosen.number - 1]


def _find(trial: Trial, order: int | None) -> Order:
    if not trial.orders:
        raise StudyError(f"trial {trial.number} was given no orders, so there is nothing to take back")
    if order is None:
        return trial.orders[-1]
    found = next((each for each in trial.orders if each.number == order), None)
    if found is None:
        raise StudyError(f"trial {trial.number} has no order {order}; it has 1 … {len(trial.orders)}")
    return found
