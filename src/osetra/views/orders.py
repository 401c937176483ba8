"""Orders as people read them: what was asked of a trial, by whom, and how far it has come."""

from __future__ import annotations

from datetime import datetime

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from osetra.core.clean import one_line
from osetra.core.numbers import duration, setting
from osetra.core.trial import Order, Trial
from osetra.study.orders import Told, told

STATUS_STYLES = {
    "requested": "cyan",
    "seen": "bold cyan",
    "done": "green",
    "refused": "yellow",
    "moot": "dim",
}
STEERED = "✎"
"""Marks a trial whose values were changed while it trained."""
STEERED_LEGEND = f"{STEERED} steered: its configuration alone does not say what was trained"


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


def outcome_text(order: Order, state: Told) -> str:
    """Return what came of an order, in a few words."""
    if state.status in ("requested", "seen"):
        return state.text
    if order.verb == "note":
        return f"at step {order.step}"
    return one_line(state.text) or "at once"


def orders_table(trial: Trial, orders: tuple[Order, ...] | None = None) -> RenderableType:
    """Return the orders for a trial, oldest first, with their states."""
    orders = trial.orders if orders is None else orders
    if not orders:
        return Text(f"no orders for trial {trial.number} yet", "dim")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("#", justify="right")
    for heading in ("order", "state", "by", "requested", "obeyed", "what came of it"):
        table.add_column(heading, overflow="fold" if heading == "what came of it" else "ellipsis")
    for order in orders:
        state = told(trial, order)
        result = outcome_text(order, state)
        why = f" · {_short(one_line(order.why))}" if order.why and order.why not in result else ""
        table.add_row(
            str(order.number),
            order_text(order),
            Text(state.status, STATUS_STYLES[state.status]),
            giver(order),
            clock(order.requested),
            "" if order.obeyed is None else f"+{duration(order.obeyed - order.requested)}",
            Text.assemble(result, (why, "dim")),
        )
    return table


def _short(text: str, most: int = 48) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def clock(time: float) -> str:
    """Return a Unix time as the wall clock shows it: `14:02:11`, with the date when it is not today's."""
    moment = datetime.fromtimestamp(time).astimezone()
    today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def order_document(trial: Trial, order: Order) -> dict[str, object]:
    """Return an order as plain data."""
    state = told(trial, order)
    return {
        "number": order.number,
        "order": order.verb,
        "args": order.args,
        "actor": order.actor,
        "by": order.by,
        "why": order.why,
        "status": state.status,
        "result": state.text,
        "requested": order.requested,
        "seen": order.seen,
        "obeyed": order.obeyed,
        "attempt": order.attempt or None,
        "step": order.step if order.obeyed is not None else None,
        "values": order.values,
    }
