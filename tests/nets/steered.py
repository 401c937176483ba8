"""A run for tests: keeps a checkpoint of every epoch, goes on from any, and changes values by plan."""

import msgspec

from osetra.core.claim import Claim
from osetra.core.problem import Objective
from osetra.data.split import split
from osetra.errors import Diverged, StudyError
from osetra.nets.packing import pack, unpack
from osetra.nets.training import prepare, train
from osetra.training.link import MemoryLink, ScriptedLink
from osetra.training.run import Run, control_of


class Steered:
    """What `osetra.Run` is to a training, without a study."""

    def __init__(self, config, *, state=None, step=0, live=None, orders=None, until=10**9):
        self.config, self.seed, self.interrupted = config, 0, False
        self.state, self.first, self.until = state, step + 1, until
        self.values, self.orders = dict(live or {}), orders or {}
        self.step, self.reports, self.kept, self.accepted, self.offers = 0, {}, {}, [], 0

    def restore(self):
        return None if self.state is None else msgspec.msgpack.decode(self.state)

    def checkpoint(self, state):
        self.offers += 1
        self.kept[self.step] = msgspec.msgpack.encode(state())
        return True

    def accepts(self, *names):
        self.accepted.append(names)

    def live(self, name):
        if name in self.values:
            return self.values[name]
        if name not in self.config:
            raise StudyError(f"{name}: unknown")
        return self.config[name]

    def steps(self, count, /):
        for step in range(self.first, min(count, self.until) + 1):
            self.step = step
            yield step

    def folds(self, count, /):
        yield from range(count)

    def report(self, step=None, /, **metrics):
        self.reports[self.step] = metrics
        self.values.update(self.orders.get(self.step, {}))

    def diverged(self, reason, /):
        raise Diverged(reason)


def run_of(config, seed=0, changes=(), link=None):
    """A run without a study; with changes, (after step, values), somebody sets values on the way."""
    link = link or ScriptedLink(MemoryLink(), 1, changes)
    return Run.of(Claim(1, 1, config, seed), Objective(metric="val_loss"), link)


def curves(run):
    """What such a run has reported: {metric: values}."""
    found = {}
    for point in control_of(run).link.link.points:
        found.setdefault(point.metric, []).append(point.value)
    return found


def fit(run, data, *, family="mlp", epochs=5, patience=99, show=("loss", "lr")):
    """Train on the data's one split as `NetworkTask` does."""
    parts = prepare(data, split(data), scaling=run.config.get("input_scaling", "standard"))
    return train(run, parts, family=family, epochs=epochs, patience=patience, show=show, state=run.restore())


def ending(train):
    """The outcome of a training, or why it diverged."""
    try:
        return outcome(train())
    except Diverged as reason:
        return str(reason)


def changed(state, change):
    """A checkpoint with something in it changed."""
    parts = unpack(msgspec.msgpack.decode(state))
    change(parts)
    return msgspec.msgpack.encode(pack(parts))


def outcome(trained):
    """All that must be bitwise equal of two trainings."""
    weights = {name: value.clone() for name, value in trained.network.state_dict().items()}
    return weights, dict(trained.scores), trained.best_epoch, trained.epochs
