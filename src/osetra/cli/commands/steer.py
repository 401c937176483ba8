"""`osetra steer`: give a training an order while it runs, or see the orders it was given."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from osetra.cli.failures import REQUEST, Failure, typed
from osetra.cli.options import json_option, parse_pairs, study_argument
from osetra.cli.output import Output
from osetra.core.numbers import duration
from osetra.core.trial import ENDED, Order, Trial
from osetra.study.orders import VERBS, WORDS, verb_of
from osetra.tuning.locations import find
from osetra.views.orders import clock, giver, order_document, order_status, order_text, outcome_text
from osetra.views.series import report_interval
from osetra.views.terminal.orders import orders_table

if TYPE_CHECKING:
    from osetra.study.study import Study

INTERVALS, LEAST, MOST = 3.0, 5.0, 120.0
"""How many report intervals are waited for an order to be obeyed, and the seconds at least and at most."""
LOOK = 0.1
"""Seconds between looks at the log."""


@click.command("steer", context_settings={"ignore_unknown_options": True})
@study_argument
@click.argument("trial", type=int)
@click.argument("order", required=False)
@click.argument("words", nargs=-1, metavar="[NAME=VALUE…]")
@click.option("--no-wait", is_flag=True, help="Return at once, without seeing whether it is obeyed.")
@click.option("--why", default="", metavar="TEXT", help="Remembered with the order.")
@click.option("--actor", default="", metavar="NAME", help="Who gives it [default: your login name].")
@json_option
@click.pass_obj
def command(
    output: Output,
    study: str,
    trial: int,
    order: str | None,
    words: tuple[str, ...],
    no_wait: bool,
    why: str,
    actor: str,
    as_json: bool,
) -> None:
    """Give TRIAL of STUDY an order; without one, list the orders it was given.

    It is obeyed at the training's next report, also when another program runs the study. Values that
    a training can change while it runs are set; all others are tried in a branch.

    \b
      osetra steer digits 7 set lr=3e-4       the learning rate from now on
      osetra steer digits 7 scale lr=0.3      … times 0.3
      osetra steer digits 7 pause             wait at a checkpoint; resume goes on
      osetra steer digits 7 stop              end it, keep the result so far
      osetra steer digits 7 rollback          to the best checkpoint; rollback 12 lr=1e-3
      osetra steer digits 7 branch units=256  a new trial; branch 12 lr=1e-3 from step 12
      osetra steer digits 7 promote           pass the scheduler's next cut
      osetra steer digits 7 extend until=30   train on to step 30
      osetra steer digits 7 note "odd spike"
      osetra steer digits 7 undo              take back the last order, while unseen; undo 2
    """  # noqa: D301 - click reads \b as "do not rewrap"
    if order not in (None, "undo"):
        with typed():
            verb_of(order)
    opened = find_study(study)
    if order is None:
        _list(output, opened, trial, as_json)
        return
    if order == "undo":
        _undo(output, opened, trial, words, actor, as_json)
        return
    args = parse_words(order, words)
    # A hyperparameter may have the name of an argument of `order`, such as "why".
    values = {name: value for name, value in args.items() if name not in WORDS}
    place = {name: value for name, value in args.items() if name in WORDS}
    given = opened.order(trial, order, values, actor=actor, why=why, **place)
    waiting = Waiting(output, opened, trial, given.number, quiet=as_json)
    try:
        waiting.follow(wait=not no_wait)
    except KeyboardInterrupt:
        if not as_json:
            output.say(Text("the order stands; it is obeyed without anybody waiting", "dim"))
    now = opened.history.trials[trial]
    if as_json:
        document = order_document(now, now.orders[given.number - 1])
        output.document("order", {"trial": trial, "state": now.state, **document})
    else:
        waiting.hint(find(study).reference)
    state = order_status(now, now.orders[given.number - 1])
    if state.status in ("refused", "moot"):
        raise Failure(f"{state.status}: {state.text}", REQUEST)


def _undo(
    output: Output, study: Study, trial: int, words: tuple[str, ...], actor: str, as_json: bool
) -> None:
    if len(words) > 1 or (words and not words[0].isdecimal()):
        raise click.BadParameter(f"{' '.join(words)!r}: write undo, or undo and the number of the order")
    order = study.undo(trial, int(words[0]) if words else None, actor=actor)
    now = study.history.trials[trial]
    if as_json:
        output.document("order", {"trial": trial, "state": now.state, **order_document(now, order)})
    else:
        output.show(Text(f"trial {trial}: order {order.number} ({order_text(order)}) was taken back"))


def find_study(text: str) -> Study:
    """Open an existing study."""
    return find(text).open()


def parse_words(order: str, words: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments of an order; a bare whole number is the step of rollback and branch.

    Raises:
        click.BadParameter: a word that is neither a step nor NAME=VALUE.
    """
    if order == "note":
        return {"text": " ".join(words)}
    args: dict[str, Any] = {}
    rest = list(words)
    if order in ("rollback", "branch") and rest and "=" not in rest[0]:
        word = rest.pop(0)
        if not word.isdecimal():
            raise click.BadParameter(f"{word!r}: write {order} STEP, {order} NAME=VALUE, or both")
        args["step"] = int(word)
    if order in VERBS:
        args |= parse_pairs(tuple(rest))
    return args


@dataclass(slots=True)
class Waiting:
    """Watches an order from requested over seen to obeyed, and tells each once."""

    output: Output
    study: Study
    trial: int
    number: int
    quiet: bool = False

    def look(self) -> tuple[Trial, Order]:
        """Return the trial and the order as they are now."""
        trial = self.study.history.trials[self.trial]
        return trial, trial.orders[self.number - 1]

    def follow(self, *, wait: bool) -> None:
        """Tell what happens to the order until it is obeyed or patience ends."""
        trial, order = self.look()
        self._tell(Text.assemble((order_text(order), "bold"), f" for trial {self.trial}, by {giver(order)}"))
        self._tell(Text.assemble(("requested  ", "dim"), clock(order.asked_at)))
        if not order.pending:
            self._result(trial, order)
            return
        metric = self.study.problem.objective.metric
        pace = report_interval(self.study.history, trial, metric, time.time())
        running = trial.state == "running"
        if running and not self.quiet:
            about = "" if pace is None else f", in about {duration(pace)}"
            self.output.say(Text(f"acts at the next report{about}", "dim"))
        patience = min(MOST, max(LEAST, INTERVALS * (pace or 0.0))) if wait and running else 0.0
        seen, deadline = False, time.monotonic() + patience
        while True:
            trial, order = self.look()
            if order.seen_at is not None and not seen:
                seen = True
                self._tell(self._stamp("seen", order.seen_at, order))
            if not order.pending or trial.state in ENDED:
                self._result(trial, order)
                return
            if time.monotonic() >= deadline:
                return
            time.sleep(LOOK)

    def hint(self, location: str) -> None:
        """Say what to type next."""
        trial, order = self.look()
        if order.verb == "branch" and not order.refused:
            idle = f"if no program runs the study: {self._again(location)}"
            self.output.say(Text(f"trained at the next free worker; {idle}", "dim"))
        elif order.pending and trial.state == "running":
            self.output.say(
                Text(f"not obeyed yet, the order stands: osetra steer {location} {self.trial}", "dim")
            )
        elif trial.state == "queued":
            idle = f"if no program runs the study: {self._again(location)}"
            self.output.say(Text(f"goes on at the next free worker; {idle}", "dim"))

    def _again(self, location: str) -> str:
        """Return what lets a study go on that no program runs."""
        opened = self.study.history.opened
        known = opened is not None and "request" in opened.task
        return f"osetra resume {location}" if known else "start the program with its study.run(...) again"

    def _result(self, trial: Trial, order: Order) -> None:
        state = order_status(trial, order)
        if state.status == "done" and order.obeyed_at is not None:
            self._tell(
                self._stamp("obeyed", order.obeyed_at, order) + f"  {outcome_text(order, state)}".rstrip()
            )

    def _stamp(self, label: str, when: float, order: Order) -> Text:
        later = duration(max(0.0, when - order.asked_at))
        return Text.assemble((f"{label:<9}  ", "dim"), clock(when), (f"  {later} later", "dim"))

    def _tell(self, text: Text) -> None:
        if not self.quiet:
            self.output.show(text)


def _list(output: Output, study: Study, number: int, as_json: bool) -> None:
    trial = study.history.find(number)
    if as_json:
        orders = [order_document(trial, order) for order in trial.orders]
        output.document("orders", {"trial": number, "state": trial.state, "orders": orders})
        return
    output.show(Text.assemble((f"trial {number}", "bold"), f"  {trial.state}"))
    output.show(orders_table(trial))
