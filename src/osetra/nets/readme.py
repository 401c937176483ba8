"""Readme: a model's card as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osetra.core.clean import one_line
from osetra.core.numbers import number, settings
from osetra.nets.aims import ABSOLUTE, level_of, words
from osetra.nets.targets import said_units

if TYPE_CHECKING:
    from osetra.nets.model import Model

_KINDS = {
    "network": "A network",
    "linear": "A linear model",
    "ensemble": "Several networks that answer together",
}
_TARGETS = 50
"""So many targets are listed; all are in card.json."""
_COLUMNS = 20
"""So many columns are listed by importance; all are in card.json."""


def readme(model: Model) -> str:
    """Return the page of a model, in Markdown."""
    return "\n".join(_lines(model)) + "\n"


def _lines(model: Model) -> Iterator[str]:
    card = model.card
    yield f"# {_text(card.dataset)}: {_text(model.preparation.target)}"
    yield ""
    version = _text(card.versions.get("osetra", ""))
    yield f"{_KINDS[model.kind]} that predicts {_text(model.preparation.target)}, by osetra {version}."
    units = said_units(model.preparation)
    for sentence in (f"units: {units}" * bool(units), _aim(model).removesuffix("."), card.answer, card.refit):
        if sentence:
            yield f"{_text(sentence[0].upper() + sentence[1:])}."
    yield ""
    yield f"    {one_line(card.command or 'osetra predict MODEL DATA')}"
    yield ""
    if card.config:
        yield f"Hyperparameters of the network: {_text(settings(card.config, list(card.config)))}."
        yield ""
    yield from _scores(model)
    report = card.report
    if isinstance(card.threshold, (list, tuple)):
        names = model.preparation.multi.names if model.preparation.multi else model.preparation.classes
        yield from _thresholds(names, card.threshold, labels=model.preparation.multi is not None)
    elif card.threshold is not None:
        second = _text(model.preparation.classes[1])
        yield f"{second} is the answer from a probability of {card.threshold:.3f} on, by validation rows."
        yield ""
    yield from _targets(report)
    yield from _importance(report)
    yield from _confusion(report)
    yield from _calibration(report)
    if "residuals" in report:
        yield "## Residuals (truth minus prediction)"
        yield ""
        yield from _table(
            ("", "value"), [(name, number(value)) for name, value in report["residuals"].items()]
        )


def _scores(model: Model) -> Iterator[str]:
    card = model.card
    parts: dict[str, Mapping[str, float]] = {
        f"this model, {part}": scores for part, scores in card.metrics.items()
    }
    parts |= {f"linear model, {part}": scores for part, scores in card.baseline.items()}
    if card.boosting:
        parts["gradient boosting, test"] = card.boosting
    names = list(dict.fromkeys(name for scores in parts.values() for name in scores if name != "train_loss"))
    yield "## Scores"
    yield ""
    rows = [(part, *(_number(scores.get(name)) for name in names)) for part, scores in parts.items()]
    yield from _table(("", *names), rows)


def _aim(model: Model) -> str:
    """Return what a network that does not answer the mean does answer, as a sentence; empty otherwise."""
    aim = model.preparation.aim
    if not aim:
        return ""
    answer = "the median" if aim == ABSOLUTE else f"the {level_of(aim):g} quantile"
    return f"Its answer is {answer} of what is likely: it learnt by the {words(aim)}."


def _thresholds(names: Sequence[str], cuts: Sequence[float], *, labels: bool) -> Iterator[str]:
    said = "A label is answered from its threshold on" if labels else (
        "The answer is the class whose probability is the largest beside its threshold"
    )  # fmt: skip
    yield f"{said}, by validation rows."
    yield ""
    rows: list[tuple[str, ...]]
    rows = [(_text(name), f"{cut:.3f}") for name, cut in list(zip(names, cuts, strict=True))[:_TARGETS]]
    yield from _table(("", "threshold"), rows)


def _targets(report: Mapping[str, Any]) -> Iterator[str]:
    found = report.get("targets")
    if not found:
        return
    yield "## Each target by itself, on the sealed rows"
    yield ""
    names = list(dict.fromkeys(name for each in found for name in each if name != "target"))
    yield from _table(
        ("", *names),
        [(_text(each["target"]), *(_cell(each.get(name)) for name in names)) for each in found[:_TARGETS]],
    )
    if len(found) > _TARGETS:
        yield f"… {len(found)} in all, which card.json holds."
        yield ""


def _importance(report: Mapping[str, Any]) -> Iterator[str]:
    if not report.get("importance"):
        return
    listed = report["importance"][:_COLUMNS]
    measure = next(name for name in listed[0] if name not in ("column", "sd"))
    yield f"## Importance: {measure} more when a column is shuffled"
    yield ""
    yield from _table(
        ("column", measure, "±"),
        [(_text(each["column"]), _number(each[measure]), _number(each["sd"])) for each in listed],
    )


def _confusion(report: Mapping[str, Any]) -> Iterator[str]:
    found = report.get("confusion")
    if not found:
        return
    yield "## Confusion: rows are the truth, columns the answer"
    yield ""
    if "table" in found:
        names = [_text(name) for name in found["classes"]]
        yield from _table(
            ("", *names), [(n, *map(str, row)) for n, row in zip(names, found["table"], strict=True)]
        )
        return
    yield from _table(
        ("is", "answered", "rows"),
        [(_text(each["is"]), _text(each["answered"]), str(each["rows"])) for each in found["mistakes"]],
    )


def _calibration(report: Mapping[str, Any]) -> Iterator[str]:
    found = report.get("calibration")
    if not found:
        return
    yield f"## Calibration: {100 * found['error']:.1f} % off on average"
    yield ""
    yield from _table(
        ("said", "right", "rows"),
        [(f"{each['said']:.2f}", f"{each['right']:.2f}", str(each["rows"])) for each in found["bins"]],
    )


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _number(value: float | None) -> str:
    return "" if value is None else number(value)


def _cell(value: float | int | None) -> str:
    return str(value) if isinstance(value, int) else _number(value)


def _text(text: str) -> str:
    """Return text from a data set so that it is no markup."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#!" else c for c in one_line(text))
