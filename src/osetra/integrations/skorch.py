"""Skorch: `net.fit` as a run of osetra, by one callback.

    def train(run):
        net = NeuralNetClassifier(Module, lr=run.config["lr"], max_epochs=20, callbacks=[OsetraCallback(run)])
        net.fit(X, y)

A step is an epoch: the numbers of its row in the history are reported, a checkpoint is kept when one is due,
and the fit ends early when the run has to. The next attempt goes on behind the checkpoint, with modules,
optimizers, history, what other callbacks remember, schedulers among them, and random states; it ends with the
same bits.

The random states are set when the first epoch begins and not before: a split of rows that is drawn anew then
falls as it did in the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osetra.errors import CheckpointError, StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.torch import ScaledRates
from osetra.integrations.versions import framework
from osetra.nets.packing import pack, unpack
from osetra.training.run import Run

skorch = framework("skorch")
_Callback: Any = skorch.callbacks.Callback

UNWANTED = ("epoch", "dur", "train_batch_count", "valid_batch_count")
"""What a row of the history holds that is no metric."""


class OsetraCallback(_Callback):  # type: ignore[misc]
    """Reports, stops, steers and keeps a `net.fit`; the last of the net's callbacks.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; looked for unless given, None for a
            training whose rate nobody may change.

    Raises:
        StudyError: the run has no such hyperparameter; at the start of a fit, that callbacks stand behind
            this one, or that another one counts the steps; that the metric is never logged.
        CheckpointError: the checkpoint is of another net.
    """

    def __init__(self, run: Run, *, lr: str | None = "") -> None:
        self.run, self.lr = run, lr
        self._loop = OwnedLoop(run, lr, framework="skorch")
        self._rates = ScaledRates(self._loop)
        self._total: int | None = None
        self._heard = 0
        self._randomness: Mapping[str, Any] | None = None

    def _get_param_names(self) -> list[str]:
        """Return what copies of a net are made with; the steps stay with this one."""
        return ["run", "lr"]

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Go on from the checkpoint, if there is one."""
        self._check_place(net)
        self._rates.attach(_parts(net, "_optimizers").values())
        state = self._loop.restore()
        if state is not None:
            self._load(net, state)
        self._heard = len(net.history)
        done = self._loop.begin(int(net.max_epochs))
        # The loop asks for their number once this returns, and no epoch can be left out within it.
        self._total, net.max_epochs = net.max_epochs, int(net.max_epochs) - done

    def on_epoch_begin(self, net: Any, *data: Any, **kwargs: Any) -> None:
        """Draw on from where the checkpoint was kept, once the rows are split."""
        if self._randomness is not None:
            set_random_states(self._randomness)
            self._randomness = None

    def on_epoch_end(self, net: Any, *data: Any, **kwargs: Any) -> None:
        """Report, keep a checkpoint, and stop the fit when the run has to end."""
        self._report(net)
        self._loop.keep(lambda: self._state(net))
        if not self._loop.advance() and len(net.history) < (self._total or 0):
            raise KeyboardInterrupt  # as skorch's own EarlyStopping does; its fit goes on behind the loop

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Report an epoch that another callback ended the fit with, and leave the net as it was."""
        if self._loop.going_on and len(net.history) > self._heard and "train_loss" in net.history[-1]:
            self._report(net)
        self._rates.detach()
        if self._total is not None:
            net.max_epochs, self._total = self._total, None
        self._loop.end()

    def _report(self, net: Any) -> None:
        self._heard = len(net.history)
        row = net.history[-1]
        self._loop.report({name: value for name, value in row.items() if name not in UNWANTED})

    def _check_place(self, net: Any) -> None:
        names = [name for name, one in net.callbacks_]
        behind = names[[one for _, one in net.callbacks_].index(self) + 1 :]
        late = [name for name in behind if name != "print_log" and not name.startswith("PrintLog")]
        if late:
            raise StudyError(
                f"callbacks=[…]: {', '.join(late)} behind OsetraCallback would speak after its report; give "
                "OsetraCallback as the last one"
            )

    def _state(self, net: Any) -> dict[str, Any]:
        kept = {
            kind: {name: dict(part.state_dict()) for name, part in _parts(net, kind).items()}
            for kind in ("_modules", "_criteria", "_optimizers")
        }
        memories = {name: _memory(one) for name, one in net.callbacks_ if one is not self}
        tree = pack({**kept, "history": list(net.history), "memories": memories})
        return {"skorch": tree, "randomness": random_states()}

    def _load(self, net: Any, state: Mapping[str, Any]) -> None:
        tree = unpack(state["skorch"])
        try:
            for kind in ("_modules", "_criteria", "_optimizers"):
                for name, part in _parts(net, kind).items():
                    part.load_state_dict(tree[kind][name])
        except (KeyError, RuntimeError, ValueError) as error:
            why = str(error).strip().splitlines()[-1].strip()
            raise CheckpointError(
                f"the checkpoint is of another net: {why}; build modules and optimizers from run.config"
            ) from error
        net.history[:] = tree["history"]
        for name, one in net.callbacks_:
            _remember(one, tree["memories"].get(name, {}))
        self._randomness = state["randomness"]


def _parts(net: Any, kind: str) -> dict[str, Any]:
    """Return modules, criteria or optimizers of a net by name."""
    return {name: getattr(net, f"{name}_") for name in getattr(net, kind)}


def _memory(callback: Any) -> dict[str, Any]:
    """Return what a callback remembers: by scikit-learn's custom its names end with an underscore."""
    memory: dict[str, Any] = {}
    for name, value in vars(callback).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if hasattr(value, "state_dict") and not isinstance(value, type):
            memory[name] = {"state": value.state_dict()}
        elif value is None or isinstance(value, (bool, int, float, str)):
            memory[name] = {"value": value}
    return memory


def _remember(callback: Any, memory: Mapping[str, Any]) -> None:
    for name, kept in memory.items():
        if "state" in kept:
            getattr(callback, name).load_state_dict(kept["state"])
        else:
            setattr(callback, name, kept["value"])
