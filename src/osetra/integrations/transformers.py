"""Transformers: `trainer.train` of Hugging Face's Trainer as a run of osetra, by one callback.

    def train(run):
        callback = OsetraCallback(run)
        args = TrainingArguments(learning_rate=run.config["lr"], eval_strategy="epoch", save_strategy="no", …)
        trainer = Trainer(model, args, train_dataset=…, eval_dataset=…, callbacks=[callback])
        trainer.train(resume_from_checkpoint=callback.resume())

A step is an evaluation. The state is what Trainer itself saves: when a checkpoint is due it is asked to, its
files go into the run's checkpoint and its folder is deleted. `resume` writes them where Trainer reads them,
with PyTorch's loader that runs no code; the one file that needs more, training_args.bin, is left out, since
nothing goes on from it.

`tune_trainer` is all of this in one call, for who knows `Trainer.hyperparameter_search`.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from osetra.core.arguments import expected
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.torch import ScaledRates
from osetra.integrations.versions import framework
from osetra.study.study import Study
from osetra.training.run import Run

transformers = framework("transformers")
_Callback: Any = transformers.TrainerCallback

UNWANTED = ("epoch", "total_flos", "num_input_tokens_seen")
"""What Trainer logs that is no metric."""
LEFT_OUT = "training_args.bin"


class OsetraCallback(_Callback):  # type: ignore[misc]
    """Reports, stops, steers and keeps a `trainer.train`.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; looked for unless given, None for a
            training whose rate nobody may change.

    Raises:
        StudyError: the run has no such hyperparameter; at the start of a training, that several processes
            train, that nothing is evaluated, that save_strategy="best", that what `resume` returned was not
            given to it, or that another callback counts the steps; that the metric is never logged.
        CheckpointError: another framework kept the checkpoint.
    """

    def __init__(self, run: Run, *, lr: str | None = "") -> None:
        self._loop = OwnedLoop(run, lr, framework="Transformers")
        self._rates = ScaledRates(self._loop)
        self._logs: dict[str, object] = {}
        self._folder: TemporaryDirectory[str] | None = None
        self._saving = False

    def resume(self) -> str | None:
        """Return the folder that `trainer.train(resume_from_checkpoint=…)` goes on from; None at a start."""
        state = self._loop.restore()
        if state is None:
            return None
        self._folder = TemporaryDirectory(prefix="osetra-")
        folder = Path(self._folder.name) / f"checkpoint-{state['step']}"
        folder.mkdir()
        for name, data in state["files"].items():
            (folder / Path(name).name).write_bytes(data)
        return str(folder)

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Begin, behind what was done before."""
        _check(args)
        if self._folder is not None and state.global_step == 0:
            raise StudyError(
                "the run goes on from a checkpoint and the Trainer begins anew; write "
                "trainer.train(resume_from_checkpoint=callback.resume())"
            )
        optimizer = more["optimizer"]
        self._rates.attach([getattr(optimizer, "optimizer", optimizer)])  # within Accelerate's
        by_epoch = args.eval_strategy == "epoch"
        total = math.ceil(state.num_train_epochs) if by_epoch else state.max_steps // state.eval_steps
        total = max(1, int(total))
        if self._loop.begin(total) >= total:
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        """Remember what is logged until the step ends."""
        self._logs |= {name: value for name, value in (logs or {}).items() if name not in UNWANTED}

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **more: Any) -> None:
        """End the step with what was evaluated."""
        self._end_of_step(control, metrics or {})

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Keep what Trainer has just saved, if it was asked to for that."""
        if not self._saving:
            return
        self._saving = False
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        self._loop.keep(lambda: {"step": state.global_step, "files": _files(folder)})
        if not self._wanted_by_user:
            shutil.rmtree(folder, ignore_errors=True)
        self._advance(control)

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Leave the optimizer as it was."""
        self._rates.detach()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._loop.end()

    _wanted_by_user = False

    def _end_of_step(self, control: Any, metrics: Mapping[str, object]) -> None:
        if not self._loop.going_on:
            return  # an evaluation of one's own
        self._loop.report({**self._logs, **{n: v for n, v in metrics.items() if n not in UNWANTED}})
        self._logs = {}
        if self._loop.due:
            self._wanted_by_user, self._saving = bool(control.should_save), True
            control.should_save = True  # and on_save goes on from here
        else:
            self._advance(control)

    def _advance(self, control: Any) -> None:
        if not self._loop.advance():
            control.should_training_stop = True


def tune_trainer(
    trainer_init: Callable[[Mapping[str, Any]], Any],
    space: Space,
    n_trials: int = 20,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    url: str | PathLike[str] = "memory:",
    workers: int = 1,
    seed: int = 0,
    **options: Any,
) -> Study:
    """Search with a Trainer, as `Trainer.hyperparameter_search` does; return the study.

    study = tune_trainer(lambda config: Trainer(model(config), args(config), ...), space, n_trials=20)
    study.best.config, study.best.value

    Args:
        trainer_init: returns a Trainer for values by name; each of its trials gets the seed of its run, and a
            folder of its own below the Trainer's output_dir.
        space: what is searched.
        n_trials: trials in total; 0 leaves the end to other limits.
        minimize: what is made small; "eval_loss" where nothing is made large.
        maximize: what is made large, such as "eval_accuracy" of compute_metrics.
        url: where the study is kept, so that it can go on later.
        workers: trainings at once, in processes of their own; more than one need a url.
        seed: makes the whole search repeatable.
        options: whatever else `Study.run` takes, such as minutes, trackers or stop_when.

    Raises:
        StudyError: what `OsetraCallback` and `Study` refuse, or trainer_init returned no Trainer.
    """
    least = minimize or (None if maximize else "eval_loss")
    study = Study(url, space, minimize=least, maximize=maximize, seed=seed)
    return study.run(partial(_train, trainer_init), trials=n_trials or None, workers=workers, **options)


def _train(trainer_init: Callable[[Mapping[str, Any]], Any], run: Run) -> None:
    transformers.set_seed(run.seed % 2**32)
    trainer = trainer_init(run.config)
    if not isinstance(trainer, transformers.Trainer):
        raise expected("trainer_init", trainer, "it returned that; return a Trainer for the values it gets")
    trainer.args.seed = run.seed % 2**32
    trainer.args.output_dir = str(Path(trainer.args.output_dir) / f"trial-{run.trial}")
    callback = OsetraCallback(run)
    trainer.add_callback(callback)
    trainer.train(resume_from_checkpoint=callback.resume())


def _check(args: Any) -> None:
    if args.world_size > 1:
        raise StudyError(
            f"Trainer trains in {args.world_size} processes, and a run is one of them; train in one, and let "
            "study.run(workers=…) use the devices"
        )
    if args.eval_strategy == "no":
        raise StudyError(
            "nothing is evaluated, and a search by training loss finds what learns by heart; say "
            'eval_strategy="epoch" or "steps", and give the Trainer an eval_dataset'
        )
    if args.save_strategy == "best":
        raise StudyError(
            'save_strategy="best" decides by itself when the Trainer saves, and no checkpoint could be kept; '
            'say save_strategy="no": osetra keeps the best checkpoint of each trial'
        )


def _files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and p.name != LEFT_OUT}
