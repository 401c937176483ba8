"""A world on a virtual clock: processes that run one at a time, in an order drawn from a seed.

Every process is a thread that holds the one token, or waits for it. It gives the token away when it
sleeps, waits for a message or reaches a `point`; there it may also be delayed, stalled or killed. The
same seed gives the same story, and hours pass in milliseconds.
"""

from __future__ import annotations

import math
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import attrgetter

from osetra.errors import StoreError
from osetra.executors.wire import Message

PATIENCE = (1.0, 5.0)
"""Virtual seconds between looks at an empty pipe: a loaded machine, and fewer turns."""
FOREVER = 1e5
"""Virtual seconds after which a story counts as one that never ends."""


class Killed(BaseException):
    """Unwinds the thread of a process that was killed; nothing it does on the way has an effect."""


class ReplyLost(StoreError):
    """A call of the store took effect, and nobody heard of it; the caller ends, as a program would."""


def _shut() -> threading.Lock:
    """Return a lock that is taken: who takes it again waits until somebody gives it back."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False, slots=True)
class Actor:
    """A process of the world."""

    pid: int
    name: str
    host: str
    parent: Actor | None
    """The process with which the kernel lets it die."""
    wake: float = 0.0
    killed: bool = False
    done: bool = False
    pipes: list[Pipe] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=_shut)

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self.killed or self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How likely each mishap is at a point; `faults` bounds those that hurt."""

    delay: float = 0.1
    kill: float = 0.006
    stall: float = 0.006
    jump: float = 0.001
    lost_reply: float = 0.01
    full: float = 0.01
    faults: int = 12

    def drawn(self, rng: random.Random) -> Chances:
        """Return the chances of one story: some mishaps are absent from it, others abound."""
        names = ("kill", "stall", "jump", "lost_reply", "full")
        return replace(self, **{name: getattr(self, name) * rng.choice((0.0, 1.0, 4.0)) for name in names})


class World:
    """The clock, the scheduler and the processes."""

    def __init__(self, seed: int, chances: Chances, stall: float) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - a story is no secret
        self.chances = chances.drawn(self.rng)
        self.left, self.stall = chances.faults, stall
        self.now = 0.0
        self.jumped = 0.0
        """Seconds by which the wall clock was set."""
        self.points = self.switches = self.kills = self.jumps = 0
        self.broken: list[str] = []
        """What no process should have raised."""
        self.actors: list[Actor] = []
        self._living: list[Actor] = []
        self._over = _shut()
        self._threads: list[threading.Thread] = []
        self.current = Actor(0, "nobody", "", None, done=True)

    def monotonic(self) -> float:
        """Return seconds that no jump of the wall clock changes."""
        return self.now

    def time(self) -> float:
        """Return what the wall clock of every host shows."""
        return 1e9 + self.now + self.jumped

    def start(self, name: str, host: str, action: Callable[[], None], parent: Actor | None = None) -> Actor:
        """Start a process; it gets the token when it is due."""
        actor = Actor(len(self.actors) + 1, name, host, parent, self.now + self.rng.random())
        self.actors.append(actor)
        self._living.append(actor)
        thread = threading.Thread(target=self._live, args=(actor, action), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return actor

    def run(self) -> None:
        """Let the story happen; returns when every process has ended."""
        self._pass_on()
        self._over.acquire()
        for thread in self._threads:
            thread.join()

    def sleep(self, seconds: float) -> None:
        """Let the current process sleep while others work; who is of no story sleeps by the real clock."""
        if threading.current_thread() not in self._threads:
            time.sleep(seconds)
            return
        me = self.current
        me.wake = self.now + max(0.0, seconds)
        following = self._next()
        if following is not me:
            self._give(following)
            me.turn.acquire()
        else:
            self.now = max(self.now, me.wake)
        if self.now > FOREVER and not me.killed:
            self.broken.append(f"{me.name} is still at work after {FOREVER:g} s")
            for actor in self.actors:
                self.kill(actor)
        if me.killed:
            raise Killed

    def point(self) -> None:
        """Mark a place where others may come first, or a mishap may happen to the current process."""
        self.points += 1
        if self.current.killed:
            raise Killed
        luck, chances = self.rng.random(), self.chances
        if luck < chances.delay:
            self.sleep(self.rng.expovariate(1.0))
        elif self.hurts(luck - chances.delay, chances.kill):
            self.kills += 1
            self.kill(self.current)
            raise Killed
        elif self.hurts(luck - chances.delay - chances.kill, chances.stall):
            self.sleep(self.stall * self.rng.uniform(0.5, 1.5))
        elif self.hurts(luck - chances.delay - chances.kill - chances.stall, chances.jump):
            self.jumps += 1
            self.jumped += self.rng.choice([-3600.0, 3600.0])

    def hurts(self, luck: float, chance: float) -> bool:
        """Whether a mishap happens now."""
        happens = self.left > 0 and luck < chance
        self.left -= happens
        return happens

    def kill(self, actor: Actor) -> None:
        """Kill a process and everything that dies with it."""
        if not actor.gone:
            actor.killed, actor.wake = True, self.now
            self._bury(actor)

    def alive(self, pid: int) -> bool:
        """Whether a process still runs."""
        return not self.actors[pid - 1].gone

    def _live(self, actor: Actor, action: Callable[[], None]) -> None:
        actor.turn.acquire()
        try:
            if not actor.killed:
                action()
        except (Killed, ReplyLost):
            pass
        except BaseException as error:
            self.broken.append(f"{actor.name}: {error!r}")
        actor.done = True
        self._bury(actor)
        self._pass_on()

    def _bury(self, actor: Actor) -> None:
        for pipe in actor.pipes:
            pipe.gone = True
            if pipe.other is not None:
                pipe.other.stir()
        for other in self.actors:
            if other.parent is actor:
                self.kill(other)

    def _next(self) -> Actor | None:
        self._living = [actor for actor in self._living if not actor.done]
        return min(self._living, key=attrgetter("wake"), default=None)

    def _pass_on(self) -> None:
        following = self._next()
        if following is None:
            self._over.release()
        else:
            self._give(following)

    def _give(self, actor: Actor | None) -> None:
        assert actor is not None
        self.switches += 1
        self.now = max(self.now, min(actor.wake, 2 * FOREVER))
        self.current = actor
        actor.turn.release()


class Pipe:
    """One end of two pipes between processes; stands in for `wire.Channel`."""

    def __init__(self, world: World, owner: Actor | None = None) -> None:
        self.world = world
        self.other: Pipe | None = None
        self.inbox: deque[Message] = deque()
        self.gone = False
        self.deadly = False
        """Whether its owner does not outlive the other end."""
        self._closed = False
        self._waiting: Actor | None = None
        if owner is not None:
            self.belong(owner)

    def belong(self, owner: Actor) -> None:
        """Close this end when its owner ends."""
        owner.pipes.append(self)

    def join(self, other: Pipe) -> None:
        """Connect two ends."""
        self.other, other.other = other, self

    @property
    def closed(self) -> bool:
        """Whether the other side is gone and everything it sent was read."""
        if self._closed and self.deadly:
            raise Killed
        return self._closed

    def send(self, message: Message) -> None:
        """Write a message; a vanished reader marks the channel closed."""
        self.world.point()
        assert self.other is not None
        if self.other.gone:
            self._closed = True
            return
        self.other.inbox.append(message)
        self.other.stir()

    def receive(self, timeout: float | None = 0.0) -> list[Message]:
        """Return the messages that arrive within about `timeout` seconds (None: wait for one)."""
        if self.world.current.killed:
            raise Killed
        assert self.other is not None
        if not self.inbox and not self.other.gone and timeout != 0.0:
            self._waiting = self.world.current
            self.world.sleep(math.inf if timeout is None else self.world.rng.uniform(*PATIENCE))
            self._waiting = None
        if not self.inbox and self.other.gone:
            self._closed = True
        came = list(self.inbox)
        self.inbox.clear()
        return came

    def stir(self) -> None:
        """Wake who waits at this end."""
        if self._waiting is not None:
            self._waiting.wake = min(self._waiting.wake, self.world.now + self.world.rng.random() / 10)

    def close(self) -> None:
        """Close this end."""
        self.gone = self._closed = True
        if self.other is not None:
            self.other.stir()


@dataclass(slots=True)
class Process:
    """Stands in for `subprocess.Popen`."""

    actor: Actor

    @property
    def pid(self) -> int:
        """The process number."""
        return self.actor.pid

    def poll(self) -> int | None:
        """Return the exit status; None while it runs."""
        return -signal.SIGKILL if self.actor.killed else 0 if self.actor.done else None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status of a process that is known to end."""
        return self.poll() or 0
