"""The orders for a trial as a table, and the colours of their states."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from osetra.core.clean import one_line
from osetra.core.numbers import duration
from osetra.core.trial import Order, Trial
from osetra.views.orders import Status, clock, giver, order_status, order_text, outcome_text

STATUS_STYLES: dict[Status, str] = {
    "requested": "cyan",
    "seen": "bold cyan",
    "done": "green",
    "refused": "yellow",
    "moot": "dim",
}


def orders_table(trial: Trial, orders: tuple[Order, ...] | None = None) -> RenderableType:
    """Return the orders for a trial, oldest first, with their states."""
    orders = trial.orders if orders is None else orders
    if not orders:
        return Text(f"no orders for trial {trial.number} yet", "dim")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("#", justify="right")
    for heading in ("order", "state", "by", "requested", "obeyed", "what came of it"):
        long = heading in ("order", "what came of it")
        table.add_column(heading, overflow="fold" if long else "ellipsis", no_wrap=not long)
    for order in orders:
        state = order_status(trial, order)
        result = outcome_text(order, state)
        why = f" · {_short(one_line(order.why))}" if order.why and order.why not in result else ""
        table.add_row(
            str(order.number),
            order_text(order),
            Text(state.status, STATUS_STYLES[state.status]),
            giver(order),
            clock(order.asked_at),
            "" if order.obeyed_at is None else f"+{duration(order.obeyed_at - order.asked_at)}",
            Text.assemble(result, (why, "dim")),
        )
    return table


def _short(text: str, most: int = 48) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
