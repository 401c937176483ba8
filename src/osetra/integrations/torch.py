"""PyTorch: the learning rate in force in optimizers that schedulers hold as well.

    rates = follow_rate(run, optimizer)     # once, behind the optimizer; schedulers may come before or behind

`run.live("lr")` alone is undone by the next `scheduler.step()` of LambdaLR, OneCycleLR and others, which set
the rate anew. Here the rate is multiplied by (in force / configured) when the optimizer steps, and put back
behind the step: a scheduler neither undoes the order nor takes it for its own work. State that is kept holds
the scheduler's rates, so what is restored is not multiplied twice.

`capture` and `restore` are those of `osetra.nets.state`: model, optimizer, scheduler and random states.
`on_ranks` trains one run in several processes, for DistributedDataParallel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from osetra.core.arguments import expected
from osetra.errors import StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.ranks import on_ranks as on_ranks
from osetra.integrations.versions import framework
from osetra.nets.state import capture as capture
from osetra.nets.state import restore as restore
from osetra.training.run import Run

torch = framework("torch")


@dataclass(slots=True)
class ScaledRates:
    """The rates of optimizers, times the factor of a run, while they step."""

    loop: OwnedLoop
    _handles: list[Any] = field(default_factory=list)
    _before: dict[int, list[Any]] = field(default_factory=dict)

    def attach(self, optimizers: Iterable[Any]) -> None:
        """Multiply in these optimizers from now on; call it before their state is restored.

        Raises:
            StudyError: one was built with the rate in force, which would be multiplied twice.
        """
        for optimizer in optimizers:
            self._check(optimizer)
            self._handles += [
                optimizer.register_step_pre_hook(self._scale),
                optimizer.register_step_post_hook(self._put_back),
            ]

    def detach(self) -> None:
        """Leave the optimizers as they were."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _scale(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        factor = self.loop.factor
        if factor != 1.0:
            self._before[id(optimizer)] = [group["lr"] for group in optimizer.param_groups]
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * factor

    def _put_back(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        before = self._before.pop(id(optimizer), [])
        for group, rate in zip(optimizer.param_groups, before, strict=False):
            group["lr"] = rate

    def _check(self, optimizer: Any) -> None:
        name = self.loop.rate
        if name is None or self.loop.factor == 1.0:
            return
        live = self.loop.run.live(name)
        built = [float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups]
        if built and built[0] == live:
            raise StudyError(
                f"the optimizer was built with run.live({name!r}), and that rate would be multiplied twice; "
                f"build it with run.config[{name!r}]: what is in force is multiplied in at each step"
            )


def follow_rate(run: Run, *optimizers: Any, lr: str = "") -> ScaledRates:
    """Let the optimizers of a loop of one's own follow the learning rate in force, under any scheduler.

    Args:
        run: what the training function got.
        optimizers: of PyTorch, or wrapped by Accelerate.
        lr: name of the hyperparameter; looked for unless given.

    Raises:
        StudyError: an optimizer is none; the run has no such hyperparameter; it was built with the rate
            in force.
    """
    loop = OwnedLoop(run, lr, framework="PyTorch")
    inner = [getattr(optimizer, "optimizer", optimizer) for optimizer in optimizers]
    wrong = [one for one in inner if not isinstance(one, torch.optim.Optimizer)]
    if wrong or not inner:
        raise expected(
            "optimizer", wrong[0] if wrong else None, "follow_rate(run, optimizer) takes PyTorch's"
        )
    if loop.rate is None:
        raise StudyError(
            f"follow_rate: none of {', '.join(run.config)} is named lr, learning_rate or eta; say lr='…'"
        )
    run.live(loop.rate)  # from now on orders for it are obeyed
    rates = ScaledRates(loop)
    rates.attach(inner)
    return rates
