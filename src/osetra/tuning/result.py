"""The result of a tuning: the best trial, its model, and what the sealed test rows say of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from osetra.core.numbers import (
    mean_and_deviation,
    mean_text,
    number,
    percent,
    searched_names,
    settings,
)
from osetra.core.trial import Trial
from osetra.tuning.final_model import FinalModel
from osetra.tuning.model import TunedModel
from osetra.views.verdict import SHARES, verdict_rows

if TYPE_CHECKING:
    from osetra.study.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class TestScore:
    """How the chosen network does on rows that nothing was chosen by."""

    __test__ = False  # no test case, whatever a collector of tests thinks

    metric: str
    """error, a share of wrong classes; balanced_error, its mean over classes, where one is rare; or rmse, in
    the units of the target."""
    value: float
    """Its mean over the seeds that were trained."""
    deviation: float | None
    """Standard deviation over the seeds; None of a single one."""
    low: float
    high: float
    """95 % interval that so many rows leave open."""
    rows: int
    baseline: float
    """The linear model's, on the same rows."""
    p: float
    """Two-sided chance of a difference as large between equally good models."""
    outcome: str
    """better or worse than the baseline, open, or no signal."""
    verdict: str
    """The same as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneResult:
    """What a tuning came to."""

    name: str
    """The study's name, as `osetra show` takes it."""
    study: Study
    best: Trial
    """The winner: by its mean over fresh seeds where they were run."""
    test: TestScore
    model: TunedModel
    final: FinalModel
    """How the winner was chosen, and the scores behind `test`."""

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The end of a tuning in labelled lines for people."""
        final = self.final
        lines = verdict_rows(final.tests, final.baseline, final.judgement, seeds=final.seeds)
        lines += _more_rows(final)
        if final.read_before:
            second = (
                "the test part was read before in this study; this second reading is a little less honest"
            )
            lines.append(("note", second))
        return [("chosen", final.why), *lines]

    @property
    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        tests = self.final.tests
        names = [name for name in tests[0] if all(name in scores for scores in tests)]
        spread = {name: mean_and_deviation([scores[name] for scores in tests]) for name in names}
        return {
            "chosen": self.best.number,
            "model": str(self.final.folder),
            "test": {name: {"mean": mean, "sd": deviation} for name, (mean, deviation) in spread.items()},
            "baseline_test": dict(self.final.baseline),
            "boosting_test": dict(self.final.boosting),
            "answer": "linear" if self.final.answer else "network",
            "refit": self.final.refit,
            "judged": asdict(self.final.judgement),
        }

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in self.rows)

    def __repr__(self) -> str:
        return f"<TuneResult of {self.name!r}: trial {self.best.number}, {self.test.verdict}>"

    def _repr_html_(self) -> str:
        names = searched_names(self.study.problem.space)
        rows = [*self.rows, ("best", settings(self.best.config, names)), ("model", str(self.final.folder))]
        left = 'style="text-align:left"'
        cells = "".join(
            f"<tr><th {left}>{escape(label)}</th><td {left}>{escape(text)}</td></tr>" for label, text in rows
        )
        return f"<table>{cells}</table>"


def _more_rows(final: FinalModel) -> list[tuple[str, str]]:
    """Return what else is to be said of the final model: the yardstick, what is saved, what was left out."""
    rows: list[tuple[str, str]] = []
    if final.asked not in ("loss", final.metric) and all(final.asked in scores for scores in final.tests):
        ours = mean_text([scores[final.asked] for scores in final.tests])
        theirs = number(final.baseline.get(final.asked))
        rows.append(("asked", f"{final.asked} {ours} on the same rows; {theirs} with the linear model"))
    if final.boosting:
        value = final.boosting[final.metric]
        shown = percent(value) if final.metric in SHARES else number(value)
        clear = abs(final.boosting_p) < 0.05 and math.copysign(1.0, final.boosting_p) < 0
        # What is judged row by row may differ from what is shown: nothing is claimed that the figures deny.
        clear = clear and value < mean_and_deviation([scores[final.metric] for scores in final.tests])[0]
        better = f", better than the network (p = {abs(final.boosting_p):.2g}): try it too" if clear else ""
        rows.append(
            (
                "yardstick",
                f"{final.metric.replace('_', ' ')} {shown} with scikit-learn's gradient boosting{better}",
            )
        )
    if final.answer:
        rows.append(("saved", final.answer))
    if final.refit:
        rows.append(("rows", final.refit))
    return rows + [("note", note) for note in final.notes]


def result_of(name: str, study: Study, final: FinalModel, model: TunedModel) -> TuneResult:
    """Return what a study on data came to."""
    judged = final.judgement
    metric = final.metric
    mean, deviation = mean_and_deviation([scores[metric] for scores in final.tests])
    lines: Mapping[str, str] = dict(verdict_rows(final.tests, final.baseline, judged, seeds=final.seeds))
    test = TestScore(
        metric=metric,
        value=mean,
        deviation=deviation,
        low=judged.low,
        high=judged.high,
        rows=judged.rows,
        baseline=final.baseline[metric],
        p=judged.p,
        outcome=judged.outcome,
        verdict=lines["verdict"],
    )
    return TuneResult(name=name, study=study, best=final.winner, test=test, model=model, final=final)
