"""One training at work on stderr: keys become orders, and the program waits while it is paused."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from osetra.advice.autopilot import next_advice
from osetra.advice.training import TrainingAdvice, rate_name, training_advice
from osetra.cli.display.keyboard import BACKSPACE, ENTER, ESCAPE, Keyboard
from osetra.cli.options import parse_pairs
from osetra.cli.output import Output
from osetra.core.clean import printable
from osetra.core.facts import Actor
from osetra.core.history import History
from osetra.core.ports import Checkpoints
from osetra.core.trial import ENDED, Trial
from osetra.errors import OsetraError
from osetra.executors.warm import WarmExecutor
from osetra.study.tracking import Trackers
from osetra.views.events import EventStream
from osetra.views.lines import event_text
from osetra.views.terminal.screen import live_screen
from osetra.views.terminal.training import STEP_UP, ScreenState, advice_line, live_line, training_screen

if TYPE_CHECKING:
    from osetra.study.study import Study
    from osetra.training.run import Run

REDRAW = 0.2
"""Least seconds between two redraws."""
WAIT = 0.1
"""Seconds between looks at the log and the keyboard while nothing is trained."""
MESSAGE = 6.0
"""Seconds for which a message stands."""
ORDERS = {"b": "rollback", "s": "stop"}
FACTORS = {"+": STEP_UP, "=": STEP_UP, "-": 1 / STEP_UP, "_": 1 / STEP_UP}
"""What keys multiply the learning rate by; both characters of a key count."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
PROMPTS = {"f": "branch with NAME=VALUE:", "n": "note:"}


def train_with_keys(
    output: Output,
    study: Study,
    function: Callable[[Run], object],
    name: str,
    told: Trackers = (),
    *,
    autopilot: bool = False,
) -> None:
    """Train what is queued in a study of one training, and follow the orders of a person.

    Raises:
        KeyboardInterrupt: after `q` or Ctrl-C, once the training has been handed back.
    """
    from osetra.executors import Processes

    workers = WarmExecutor(Processes(1))
    with Keyboard() as keyboard, BabysitDisplay(study, output.eyes, keyboard, name, autopilot) as display:
        try:
            while True:
                study.run(
                    function,
                    trials=1,
                    executor=workers,
                    checkpoints=Checkpoints(every=0.0),
                    progress=False,
                    watch=display,
                    trackers=told,
                )
                if not display.wait():
                    return
        finally:
            workers.close()


def watch_with_keys(output: Output, study: Study, name: str, trial: int, *, autopilot: bool = False) -> Trial:
    """Show a trial that another program trains, and give the orders of a person; return it when it ended.

    Raises:
        KeyboardInterrupt: after `q` or Ctrl-C; the training goes on.
    """
    with (
        Keyboard() as keyboard,
        BabysitDisplay(study, output.eyes, keyboard, name, autopilot, only=trial) as display,
    ):
        while True:
            history = study.history
            display(history)
            if history.trials[trial].state in ENDED:
                return history.trials[trial]
            time.sleep(WAIT)


@dataclass(slots=True)
class BabysitDisplay:
    """Called with the history while the study runs; use it as a context manager."""

    study: Study
    console: Console
    keyboard: Keyboard
    name: str
    autopilot: bool = False
    only: int | None = None
    """The number of the one trial that is meant; None: whatever is trained."""
    message: str = ""
    prompt: str = ""
    """The key whose line is being typed."""
    typed: str = ""
    help: bool = False
    _live: Live | None = None
    _drawn: float = 0.0
    _message_at: float = 0.0
    _events: EventStream = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)
    _reported: dict[int, int] = field(default_factory=dict)
    _advised: tuple[int, str] = (0, "")

    def __enter__(self) -> Self:
        problem, history = self.study.problem, self.study.history
        self._events = EventStream(problem)
        self._events.new(history)
        metric = problem.objective.metric
        self._reported = {n: history.step(t, metric) for n, t in history.trials.items()}
        self._live = self._stack.enter_context(live_screen(self.console))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is None:
            self._log(self.study.history)
        self._stack.close()

    def __call__(self, history: History) -> None:
        """Obey the keys, press some when on autopilot, and show what is new."""
        trial = self._shown(history)
        if trial is None:
            return
        advice = training_advice(self.study.problem, history, trial)
        for key in self.keyboard.pressed():
            self.press(key, trial, advice)
        if self.autopilot:
            self._follow_by_rule(history, trial)
        self.show(history)

    def wait(self) -> bool:
        """Wait while the training is paused, or for an answer to advice on its end; False when it is over."""
        while True:
            history = self.study.history
            trial = self._shown(history)
            if trial is None:
                return False
            if history.queued or history.running:
                return True
            advice = training_advice(self.study.problem, history, trial)
            ask = advice is not None and advice.verb is not None and self.keyboard.there
            if self.autopilot and self._follow_by_rule(history, trial):
                continue
            if trial.state in ENDED and (self.autopilot or not ask):
                return False
            for key in self.keyboard.pressed(WAIT):
                if trial.state in ENDED and key in ("q", ENTER, ESCAPE) and not self.prompt:
                    return False
                self.press(key, trial, advice)
            if not self.keyboard.there:
                time.sleep(WAIT)
            self.show(self.study.history, waiting=trial.state in ENDED)

    def press(self, key: str, trial: Trial, advice: TrainingAdvice | None) -> None:
        """Do what a key stands for."""
        if self.prompt:
            self._type(key, trial)
        elif key in PROMPTS:
            self.prompt, self.typed, self.message = key, "", ""
        elif key == "q":
            signal.raise_signal(signal.SIGINT)
        elif key == "?":
            self.help = not self.help
        elif key == "a":
            self._follow(trial, advice)
        elif key in FACTORS:
            self._scale(trial, FACTORS[key])
        elif key == "p":
            self._order(trial, "resume" if _held(trial) else "pause")
        elif key in ORDERS:
            self._order(trial, ORDERS[key])
        elif key.isprintable() and key.strip():
            self._tell(f"{key}: no such key; ? lists them")

    def show(self, history: History, *, waiting: bool = False) -> None:
        """Draw the screen, or tell what is new where there is none."""
        trial = self._shown(history)
        if trial is None:
            return
        if self._live is None:
            self._log(history)
            return
        now = time.monotonic()
        if now - self._drawn < REDRAW:
            return
        self._drawn = now
        self.message = self.message if now - self._message_at < MESSAGE else ""
        size = self.console.size
        screen = ScreenState(
            name=self.name,
            now=time.time(),
            width=size.width,
            height=size.height,
            keys=self.keyboard.there,
            autopilot=self.autopilot,
            advice=training_advice(self.study.problem, history, trial),
            message=self.message,
            prompt=PROMPTS.get(self.prompt, ""),
            typed=self.typed,
            help=self.help,
            waiting=waiting,
        )
        self._live.update(training_screen(self.study.problem, history, trial, screen), refresh=True)

    def _follow(self, trial: Trial, advice: TrainingAdvice | None) -> None:
        if advice is None or advice.verb is None:
            self._tell("there is no advice to follow now")
        else:
            self._order(trial, advice.verb, dict(advice.args), why=advice.text)

    def _scale(self, trial: Trial, factor: float) -> None:
        rate = rate_name(trial.config)
        if rate is None:
            self._tell(f"this training has no learning rate among {', '.join(trial.config)}")
        else:
            self._order(trial, "scale", {rate: factor})

    def _type(self, key: str, trial: Trial) -> None:
        """Take one key of a line that is being typed."""
        if key == ESCAPE:
            self.prompt = ""
        elif key == BACKSPACE:
            self.typed = self.typed[:-1]
        elif key == ENTER:
            prompt, text, self.prompt = self.prompt, self.typed.strip(), ""
            if not text:
                return
            if prompt == "n":
                self._order(trial, "note", {"text": text})
                return
            try:
                pairs: dict[str, Any] = dict(parse_pairs(tuple(text.split())))
            except Exception as error:  # click's and ours: the line makes no sense
                self._tell(str(error))
                return
            self._order(trial, "branch", pairs)
        elif key.isprintable():
            self.typed += key

    def _order(
        self,
        trial: Trial,
        verb: str,
        args: Mapping[str, Any] = NOTHING,
        *,
        why: str = "",
        by: Actor = "person",
    ) -> bool:
        """Give an order; what is wrong with it becomes the message."""
        actor = "autopilot" if by == "autopilot" else ""
        try:
            order = self.study.order(trial, verb, why=why, by=by, actor=actor, **args)
        except OsetraError as error:
            self._tell(str(error))
            return False
        if verb == "branch":
            rest = "stays paused" if trial.state == "paused" else "goes on first"
            self._tell(f"{order.text} is queued; trial {trial.number} {rest}")
        return True

    def _follow_by_rule(self, history: History, trial: Trial) -> bool:
        """Follow advice without a person; return whether an order was given."""
        found = next_advice(self.study.problem, history, trial)
        if found is None or found.verb is None:
            return False
        given = self._order(trial, found.verb, found.args, why=found.text, by="autopilot")
        if given and self._live is None:
            self.console.print(advice_line(found, keys=False, autopilot=True), soft_wrap=True)
        return given

    def _shown(self, history: History) -> Trial | None:
        return live_trial(history) if self.only is None else history.trials[self.only]

    def _tell(self, text: str) -> None:
        self.message, self._message_at = printable(text), time.monotonic()
        if self._live is None:
            self.console.print(Text(self.message, "yellow"), soft_wrap=True)

    def _log(self, history: History) -> None:
        """Print a line per step and per event."""
        problem = self.study.problem
        metric = problem.objective.metric
        for trial in history.trials.values() if self.only is None else [history.trials[self.only]]:
            steps, _ = history.curve(trial, metric)
            last = self._reported.get(trial.number, 0)
            now = int(steps[-1]) if len(steps) else 0
            for step in [s for s in steps.tolist() if s > min(last, now)]:
                self.console.print(Text(live_line(problem, history, trial, step)), soft_wrap=True)
            self._reported[trial.number] = now
        for event in self._events.new(history):
            self.console.print(event_text(event), soft_wrap=True)
        last_trial = self._shown(history)
        advice = training_advice(problem, history, last_trial) if last_trial else None
        mark = (advice.trial, advice.rule) if advice else (0, "")
        if advice and mark != self._advised and not self.autopilot:
            self.console.print(advice_line(advice, keys=False, autopilot=False), soft_wrap=True)
        self._advised = mark


def live_trial(history: History) -> Trial | None:
    """Return the trial that is shown: the running one, else the one to go on with, else the last begun."""
    begun = [trial for trial in history.trials.values() if trial.attempts]
    paused = sorted((trial for trial in history.paused if trial.held), key=_left, reverse=True)
    order = [*history.running, *history.queued, *paused, *begun[-1:]]
    return order[0] if order else None


def _left(trial: Trial) -> float:
    """Return when the latest attempt ended."""
    return (trial.attempt.ended or 0.0) if trial.attempt else 0.0


def _held(trial: Trial) -> bool:
    """Whether it is paused, or was told to pause at its next report."""
    pausing = [order for order in trial.orders if order.pending and order.verb == "pause"]
    return trial.state == "paused" or bool(pausing)
