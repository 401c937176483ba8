"""Spellings of a run: how other libraries report a number and ask for a hyperparameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osetra.core.arguments import given, is_whole, plain
from osetra.core.spellings import attribute
from osetra.errors import StudyError

SAME: Mapping[str, str] = {"params": "config", "number": "trial"}
"""Attributes of a run that other libraries have under another name."""
_SPACE = 'run.config["lr"], with lr in the space: Space(lr=Float(1e-4, 1, scale="log"))'
_REPORT = "run.report(val_loss=0.3): every reported metric is kept"
HINTS: Mapping[str, str] = {
    "suggest_float": _SPACE,
    "suggest_loguniform": _SPACE,
    "suggest_uniform": _SPACE,
    "suggest_int": 'run.config["layers"], with layers in the space: Space(layers=Int(1, 9))',
    "suggest_categorical": 'run.config["act"], with act in the space: Space(act=Choice("relu", "gelu"))',
    "get": 'run.config["lr"]',
    "should_prune": "for epoch in run.steps(20): it ends by itself when the run has to; elsewhere, "
    "run.interrupted",
    "should_stop": "run.interrupted",
    "set_user_attr": 'run.remember(commit="abc")',
    "log": _REPORT,
    "log_metric": _REPORT,
    "log_metrics": _REPORT,
    "metrics": _REPORT,
    "summary": _REPORT,
    "user_attrs": 'run.remember(commit="abc"), which trial.attrs has in the study',
    "attrs": 'run.remember(commit="abc"), which trial.attrs has in the study',
    "value": "return 0.3 at the end of the training, or run.report(val_loss=0.3)",
    "finish": "return: the run ends with its function",
    "save": "run.checkpoint(lambda: state)",
    "load": "run.restore()",
    "epochs": "run.steps(20)",
    "epoch": "run.step",
    "study": "nothing: a training knows its own run only",
}
"""What to write instead of names whose meaning is near, and not the same."""


def of_run(run: object, name: str) -> Any:
    """Return what a run has under another name; raises AttributeError, with our spelling, when nothing."""
    return attribute("a run", run, name, SAME, HINTS)


Reported = tuple[Any, dict[str, object]]


def reported(metric: str, given_first: tuple[object, ...], named: Mapping[str, object]) -> Reported:
    """Return step and metrics of a report, when more than a step stands first.

    A mapping of metrics is certain: {"val_loss": 0.3}, with a step before or behind it. A number, or a name
    and a number, are not: which of them would be the step?

    Args:
        metric: the objective's name.
        given_first: what was given without a name.
        named: what was given by name.

    Raises:
        StudyError: it is not certain; the text shows how it is written.
    """
    mappings = [one for one in given_first if isinstance(one, Mapping)]
    others = [one for one in given_first if not isinstance(one, Mapping) and one is not None]
    if len(mappings) == 1 and len(others) < 2:
        metrics = mappings[0]
        odd = [name for name in metrics if not isinstance(name, str)]
        if odd:
            raise StudyError(
                f"report: {given(odd[0])} is no name of a metric; write run.report({metric}=0.3)"
            )
        both = {**metrics, **named}
        if len(both) < len(metrics) + len(named) or (others and "step" in both):
            raise StudyError("report: the step, or a metric, was given twice")
        return (others[0] if others else None), both
    shown = ", ".join(map(given, given_first))
    raise StudyError(f"report({shown}) does not say what is what; write {_ours(metric, others)}")


def _ours(metric: str, others: list[object]) -> str:
    """Return how a report is written, with the numbers that were given where that helps."""
    names = [str(one) for one in others if isinstance(one, str) and one.isidentifier()]
    numbers = [plain(one) for one in others if isinstance(plain(one), (int, float))]
    name, step = names[0] if names else metric, ""
    value = numbers[0] if numbers else 0.3
    if len(numbers) > 1 and is_whole(numbers[1]):
        step = f"{numbers[1]}, "
    name, ends = (name, "") if name.isidentifier() else (f'**{{"{name}": ', "}")
    return f"run.report({step}{name}{'' if ends else '='}{value!r:.40}{ends})"
