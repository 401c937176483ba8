"""Facts: the immutable entries of a study's log.

| fact         | key                             | establishes                                     |
|--------------|---------------------------------|-------------------------------------------------|
| Opened       | opened                          | the question, the seed and the format           |
| Edited       | edited/NUMBER                   | the space from here on                          |
| Suggested    | suggested/TRIAL                 | a configuration, who proposed it and why        |
| Claimed      | claimed/TRIAL/ATTEMPT           | one worker runs it, from which checkpoint on    |
| Checkpointed | checkpointed/TRIAL/ATT/INST/STEP| a file from which the training can go on        |
| Ordered      | ordered/TRIAL/NUMBER            | what a person or a scheduler wants of a trial   |
| Seen         | seen/TRIAL/NUMBER               | the order has reached the training process      |
| Obeyed       | obeyed/TRIAL/NUMBER             | what came of it, at which step                  |
| Ended        | ended/TRIAL/ATTEMPT             | how that attempt ended, and with which value    |
| Noted        | noted/TOPIC/NAME                | anything a searcher or a person wants remembered|

A store accepts each key once. That single rule gives exclusive claims, harmless retries and
fencing: "finished" and "lost" of one attempt want the same key, so only one of them happens. Of two
people who give a trial its third order at once, the second is refused and sees the first.
"""

from __future__ import annotations

import math
import zlib
from typing import Any, Literal, TypeAlias

import msgspec

from osetra.core.params import Config, Value
from osetra.errors import StoreError

FORMAT = 3
"""Version of the facts of a study of one objective, which it says where it was opened."""
SEVERAL = 4
"""Version of a study of several objectives or with limits, which earlier programs would not see; the
highest that is read."""
CHECKED = 3
"""From this version on every fact has a checksum, so that one without it has lost it."""

Origin = Literal["searcher", "person", "confirm"]
Outcome = Literal["finished", "diverged", "failed", "lost", "interrupted", "paused", "stopped", "rewound"]
Verb = Literal["stop", "pause", "resume", "set", "scale", "rollback", "branch", "promote", "extend", "note"]
Actor = Literal["person", "scheduler", "autopilot"]
Basis = Literal["", "reports", "returned", "raised"]
"""What an end rests on: the reports, a number that was returned, or what the training raised; "": unknown."""
Values = dict[str, Value]


class Worker(msgspec.Struct, frozen=True, gc=False):
    """A process, named so that others on its host can prove whether it still lives."""

    host: str
    boot: str
    pid: int
    started: float
    """Start time of the process in clock ticks since boot, which tells a reused pid apart."""
    slot: int = 0
    namespace: str = ""
    """Where `pid` and `started` mean something: a container numbers its processes by itself. Empty in logs
    of earlier versions."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """A checkpoint, by the place in the log that made it."""

    trial: int
    attempt: int
    instance: int
    step: int


class Aim(msgspec.Struct, frozen=True, gc=False):
    """A further objective."""

    metric: str
    direction: Literal["minimize", "maximize"]


class Opened(msgspec.Struct, frozen=True, gc=False, tag="opened"):
    """The study exists."""

    space: dict[str, str | list[str]]
    metric: str
    direction: Literal["minimize", "maximize"]
    pick: Literal["best", "last"]
    seed: int
    searcher: str = "auto"
    """Name of the searcher to go on with."""
    scheduler: str = "full"
    """Name of the scheduler, or of the policy, to go on with."""
    task: dict[str, Any] = {}
    """What is trained, for `resume` and the model card: data, target, command, versions."""
    format: int = FORMAT
    others: list[Aim] | msgspec.UnsetType = msgspec.UNSET
    """What else is made better; a study of one objective does not write it."""
    limits: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """What trials must keep to, by metric, such as <=20; likewise."""


class Edited(msgspec.Struct, frozen=True, gc=False, tag="edited"):
    """The space is another one from here on, or the limits are; the trials before are read in it."""

    number: int
    """1, 2, …; who edits a space has seen all earlier edits."""
    space: dict[str, str | list[str]]
    values: Values = {}
    """What trials had so far of the hyperparameters that are new."""
    actor: str = ""
    why: str = ""
    limits: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """What trials must keep to from here on, by metric; none of an edit of the space."""


class Suggested(msgspec.Struct, frozen=True, gc=False, tag="suggested"):
    """A configuration is queued as a trial."""

    trial: int
    config: Config
    seed: int
    """Seed of the training's own randomness, fresh for every repeat of a configuration."""
    origin: Origin = "searcher"
    by: str = ""
    """The searcher's name, or the person's."""
    why: str = ""
    seen: int = 0
    """Version of the log that the decision was taken on."""
    repeats: int | None = None
    """The trial of which this is a repeat with a fresh seed."""
    until: int | None = None
    """The step at which it pauses when it can keep a checkpoint there; None: it runs to its end."""
    parent: Source | None = None
    """The checkpoint of another trial that it starts from: a branch."""


class Claimed(msgspec.Struct, frozen=True, gc=False, tag="claimed"):
    """A worker runs the trial."""

    trial: int
    attempt: int
    worker: Worker
    source: Source | None = None
    """The checkpoint that this attempt goes on from; None: from the beginning."""
    live: Values = {}
    """Values in force at its start instead of the configuration's."""


class Checkpointed(msgspec.Struct, frozen=True, gc=False, tag="checkpointed"):
    """The state of a training after a step is on disk."""

    trial: int
    attempt: int
    instance: int
    step: int
    file: str
    """Name inside the study's folder of checkpoints."""
    size: int
    """Bytes."""
    sha256: str
    value: float | None = None
    """The objective at this step; None when it was not reported or not finite."""


class Ordered(msgspec.Struct, frozen=True, gc=False, tag="ordered"):
    """Somebody wants something of a trial; obeyed at the training's next report."""

    trial: int
    number: int
    """1, 2, … per trial; who gives an order has seen all lower ones."""
    verb: Verb
    args: dict[str, Any] = {}
    """set, scale, rollback, branch: values by name. `step` for rollback, branch; `until`; `text`."""
    actor: str = ""
    by: Actor = "person"
    why: str = ""


class Seen(msgspec.Struct, frozen=True, gc=False, tag="seen"):
    """The order is in the hands of the training process."""

    trial: int
    number: int


class Obeyed(msgspec.Struct, frozen=True, gc=False, tag="obeyed"):
    """What came of an order."""

    trial: int
    number: int
    attempt: int
    step: int
    """The step after which it took effect."""
    result: Literal["done", "refused"] = "done"
    text: str = ""
    values: Values = {}
    """All values in force afterwards instead of the configuration's."""


class Ended(msgspec.Struct, frozen=True, gc=False, tag="ended"):
    """An attempt is over; after `lost`, `interrupted` and `rewound` the trial is queued again."""

    trial: int
    attempt: int
    outcome: Outcome
    value: float | None = None
    kind: Literal["finite", "inf", "-inf", "nan"] = "finite"
    """Beside the value because JSON has no infinities."""
    reason: str = ""
    detail: str = ""
    """Traceback or last output; may be long."""
    basis: Basis = ""


class Noted(msgspec.Struct, frozen=True, gc=False, tag="noted"):
    """Something to remember: a zoom, a target, a choice, with a sentence for people."""

    topic: str
    name: str
    text: str
    data: dict[str, Any] = {}


Fact: TypeAlias = (
    Opened | Edited | Suggested | Claimed | Checkpointed | Ordered | Seen | Obeyed | Ended | Noted
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A fact with its place in the log (1, 2, …) and its time by the store's clock (Unix s)."""

    version: int
    time: float
    fact: Fact


def key(fact: Fact) -> str:
    """Return the name of what a fact establishes."""
    match fact:
        case Opened():
            return "opened"
        case Edited(number=number):
            return f"edited/{number}"
        case Suggested(trial=trial):
            return f"suggested/{trial}"
        case Claimed(trial=trial, attempt=attempt):
            return f"claimed/{trial}/{attempt}"
        case Checkpointed(trial=trial, attempt=attempt, instance=instance, step=step):
            return f"checkpointed/{trial}/{attempt}/{instance}/{step}"
        case Ordered(trial=trial, number=number) | Seen(trial=trial, number=number):
            return f"{fact.__struct_config__.tag}/{trial}/{number}"
        case Obeyed(trial=trial, number=number):
            return f"obeyed/{trial}/{number}"
        case Ended(trial=trial, attempt=attempt):
            return f"ended/{trial}/{attempt}"
        case Noted(topic=topic, name=name):
            return f"noted/{topic}/{name}"


def ended(
    trial: int,
    attempt: int,
    outcome: Outcome,
    value: float | None = None,
    reason: str = "",
    detail: str = "",
    basis: Basis = "",
) -> Ended:
    """Return an Ended that carries any float, infinities and NaN included."""
    if value is None or math.isfinite(value):
        return Ended(trial, attempt, outcome, value, "finite", reason, detail, basis)
    kind: Literal["nan", "inf", "-inf"] = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return Ended(trial, attempt, outcome, None, kind, reason, detail, basis)


def value_of(fact: Ended) -> float | None:
    """Return the exact value an attempt ended with; None when it had none."""
    return fact.value if fact.kind == "finite" else float(fact.kind)


def encode(fact: Fact) -> bytes:
    """Return a fact as JSON, proven to be read back as the same fact, with a checksum at its end.

    Raises:
        StoreError: it would be read as another one, or not at all; nothing of it may be written.
        OverflowError: a whole number beyond 64 bits.
        UnicodeEncodeError: a text with stray surrogates.
    """
    try:
        again = _decoder.decode(_encoder.encode(fact))
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        raise StoreError(f"{key(fact)!r:.60} cannot be written: {error}") from None
    if again != fact and _listed(msgspec.structs.asdict(again)) != _listed(msgspec.structs.asdict(fact)):
        raise StoreError(f"{key(fact)!r:.60} cannot be written: {_difference(fact, again)}")
    data = _encoder.encode(again)  # 1 for a float is written as 1.0, as it will be whenever it is copied
    return b'%b,"crc":"%08x"}' % (data[:-1], zlib.crc32(data))


def decode(data: bytes | str) -> Fact:
    """Read a fact from JSON, with a checksum or, as earlier versions wrote it, without.

    The checksum stands behind the fact's own fields as one more, which earlier versions pass over.

    Raises:
        msgspec.ValidationError: it is no fact.
        msgspec.DecodeError: it is damaged.
    """
    body = data.encode() if isinstance(data, str) else data
    if body[-_TAIL:-10] == b',"crc":"':
        whole = zlib.crc32(b"}", zlib.crc32(body[:-_TAIL]))
        if body[-10:] != b'%08x"}' % whole:
            raise msgspec.DecodeError("its checksum differs from what was written")
    return _decoder.decode(body)


def has_checksum(data: str) -> bool:
    """Whether a fact in JSON ends with a checksum."""
    return data[-_TAIL:-10] == ',"crc":"'


def _difference(fact: Fact, again: Fact) -> str:
    """Say which field comes back as something else."""
    given, read = msgspec.structs.asdict(fact), msgspec.structs.asdict(again)
    name = next(name for name in given if _listed(given[name]) != _listed(read[name]))
    return f"{name}={given[name]!r:.60} would be read as {read[name]!r:.60}; JSON has no such value"


def _listed(value: Any) -> Any:
    """Return a value with tuples as lists: JSON has only one kind of them."""
    if isinstance(value, dict):
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, (list, tuple)) else value


_TAIL = len(b',"crc":"01234567"}')
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
