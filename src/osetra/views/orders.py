"""Orders as people read them: what was asked of a trial, by whom, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from osetra.core.clean import one_line
from osetra.core.numbers import setting
from osetra.core.trial import ENDED, Order, Trial

STEERED = "✎"
"""Marks a trial whose values were changed while it trained."""
STEERED_LEGEND = f"{STEERED} steered: its configuration alone does not say what was trained"

AT_ONCE = ("branch", "note")
"""Orders that are done as soon as they are given."""
QUEUES = ("resume", "extend", "promote")
"""Orders that change how far a trial goes as soon as they are given."""


Status = Literal["requested", "seen", "done", "refused", "moot"]


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """How far an order has come, in words."""

    status: Status
    text: str


def order_status(trial: Trial, order: Order) -> OrderStatus:
    """Return how far an order has come."""
    if order.obeyed is not None:
        return OrderStatus(order.obeyed.result, order.text)
    if trial.state in ENDED:
        return OrderStatus("moot", f"the trial had {ended_word(trial)} before it could be obeyed")
    if order.seen_at is not None:
        return OrderStatus("seen", "the training has it and obeys at its next report")
    waits = {
        "running": "at the training's next report",
        "queued": "when the trial goes on, at the next free worker of a program that runs the study",
        "paused": "when the trial goes on, in a program that runs the study",
    }
    where = "when the trial goes on: it was paused by hand, so order resume" if trial.held else ""
    return OrderStatus("requested", f"obeyed {where or waits[trial.state]}")


def too_late(trial: Trial, order: Order) -> str:
    """Return why an order cannot be taken back any more; empty while it can."""
    if order.verb in AT_ONCE:
        return "it was done as soon as it was given"
    if order.obeyed is not None or order.seen_at is not None or trial.state in ENDED:
        return f"too late: {order_status(trial, order).text or 'it was obeyed'}"
    if order.verb in QUEUES:
        return "it holds since it was given; pause or stop the trial instead"
    return ""


def ended_word(trial: Trial) -> str:
    """Return what a trial that ended `has`: finished, diverged, failed, been stopped."""
    return "been stopped" if trial.state == "stopped" else trial.state


def order_text(order: Order) -> str:
    """Return an order as it is typed: `set lr=0.0003`, `rollback 12 lr=0.001`, `note odd spike`."""
    words: list[str] = [order.verb]
    ordered = sorted(order.args.items(), key=lambda item: item[0] != "step")
    for name, value in ordered:
        if name in ("step", "text"):
            words.append(one_line(str(value)))
        elif name == "until":
            words.append("to the end" if value is None else f"until={value}")
        else:
            words.append(f"{name}={setting(value)}")
    return " ".join(words)


def giver(order: Order) -> str:
    """Return who gave an order."""
    name = one_line(order.actor)
    if order.by == "autopilot":
        return "autopilot"
    return f"{name} (scheduler)" if order.by == "scheduler" else name or "somebody"


def outcome_text(order: Order, state: OrderStatus) -> str:
    """Return what came of an order, in a few words."""
    if state.status in ("requested", "seen"):
        return state.text
    if order.verb == "note":
        return f"at step {order.step}"
    return one_line(state.text) or "at once"


def clock(time: float) -> str:
    """Return a Unix time as the wall clock shows it: `14:02:11`, with the date when it is not today's."""
    moment = datetime.fromtimestamp(time).astimezone()
    today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def order_document(trial: Trial, order: Order) -> dict[str, object]:
    """Return an order as plain data."""
    state = order_status(trial, order)
    return {
        "number": order.number,
        "order": order.verb,
        "args": order.args,
        "actor": order.actor,
        "by": order.by,
        "why": order.why,
        "status": state.status,
        "result": state.text,
        "requested": order.asked_at,
        "seen": order.seen_at,
        "obeyed": order.obeyed_at,
        "attempt": None if order.obeyed is None else order.obeyed.attempt or None,
        "step": None if order.obeyed is None else order.obeyed.step,
        "values": order.values,
    }
