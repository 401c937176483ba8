"""Preparations as plain JSON values: what a saved model needs beside its weights.

Cards of earlier versions lack what came later: smooth, knots and inputs of columns, buckets of rare levels,
reach and logarithm of a target, schema, dialect and manner, sequences, sound, summary and units of
targets. Each then is what it was:
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from osetra.data.dataset import MultiTarget, TaskKind
from osetra.data.schema import schema_from_json, schema_to_json
from osetra.data.sound import SoundRecipe
from osetra.data.table import Manner
from osetra.nets import aims
from osetra.nets.prepare import Categories, Numbers, Pictures, Preparation
from osetra.nets.steps import steps_from_json, steps_to_json
from osetra.nets.tokens import LONGEST, MOST_WORDS, Tokens


def to_json(preparation: Preparation) -> dict[str, Any]:
    """Return the state as plain JSON values."""
    pictures = preparation.pictures
    return {
        "columns": [_column_to_json(column) for column in preparation.columns],
        "pictures": None if pictures is None else {
            "shape": list(pictures.shape), "shift": list(pictures.shift), "scale": list(pictures.scale)},
        "target": preparation.target,
        "task": preparation.task,
        "classes": list(preparation.classes),
        "priors": list(preparation.priors),
        "center": preparation.center,
        "spread": preparation.spread,
        "reach": None if preparation.reach is None else list(preparation.reach),
        "log": preparation.log,
        "aim": preparation.aim,
        "guess": preparation.guess,
        "multi": None if preparation.multi is None else _multi_to_json(preparation),
        "schema": schema_to_json(preparation.schema),
        "dialect": list(preparation.dialect),
        "manner": list(preparation.manner),
        "sequences": None if preparation.sequences is None else steps_to_json(preparation.sequences),
        "sound": None if preparation.sound is None else asdict(preparation.sound),
        "summary": None if preparation.summary is None else [list(each) for each in preparation.summary],
        "pair": list(preparation.pair),
        "target_units": list(preparation.target_units),
    }  # fmt: skip


def from_json(state: Mapping[str, Any]) -> Preparation:
    """Return the preparation that `to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: the state is not one that `to_json` wrote.
    """
    pictures = state["pictures"]
    channels, height, width = map(int, pictures["shape"]) if pictures else (0, 0, 0)
    task: TaskKind = state["task"]
    if task not in get_args(TaskKind):
        raise ValueError(f"task {task!r}")
    return Preparation(
        columns=tuple(_column_from_json(column) for column in state["columns"]),
        pictures=Pictures(
            (channels, height, width),
            tuple(map(float, pictures["shift"])),
            tuple(map(float, pictures["scale"])),
        )
        if pictures
        else None,
        target=str(state["target"]),
        task=task,
        classes=tuple(map(str, state["classes"])),
        priors=tuple(map(float, state["priors"])),
        center=float(state["center"]),
        spread=float(state["spread"]),
        reach=_pair(state["reach"]) if state.get("reach") else None,
        log=bool(state.get("log", False)),
        aim=_aim(state.get("aim", "")),
        guess=float(state.get("guess", 1.0)),
        target_units=tuple(map(str, state.get("target_units", ()))),
        **_multi_from_json(state.get("multi"), task),
        schema=schema_from_json(state.get("schema", ())),
        dialect=_manner(state.get("dialect", ())),
        manner=_manner(state.get("manner", ())),
        sequences=steps_from_json(state["sequences"]) if state.get("sequences") else None,
        sound=SoundRecipe(**state["sound"]) if state.get("sound") else None,
        summary=_summary(state["summary"]) if state.get("summary") else None,
        pair=_names(state["pair"]) if state.get("pair") else (),
    )


def _manner(state: Sequence[Any]) -> Manner:
    delimiter, decimal, header, encoding = map(str, (*state, "", "", "", "")[:4])
    return delimiter, decimal, header, encoding


def _summary(state: Sequence[Sequence[Any]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    shift, scale = (tuple(map(float, each)) for each in state)
    if len(shift) != len(scale):
        raise ValueError("a summary whose means and deviations do not fit each other")
    return shift, scale


def _multi_to_json(preparation: Preparation) -> dict[str, Any]:
    multi = preparation.multi
    assert multi is not None
    return {
        "names": list(multi.names), "answers": [list(pair) for pair in multi.answers], "mark": multi.mark,
        "centers": list(preparation.centers), "spreads": list(preparation.spreads),
        "units": list(preparation.units), "reaches": [list(pair) for pair in preparation.reaches],
    }  # fmt: skip


def _multi_from_json(state: Mapping[str, Any] | None, task: TaskKind) -> dict[str, Any]:
    several = task in ("multilabel", "multioutput")
    if state is None or not several:
        if several or state is not None:
            raise ValueError(f"task {task!r} with {'no' if state is None else 'several'} targets")
        return {}
    answers = tuple((str(no), str(yes)) for no, yes in state["answers"])
    multi = MultiTarget(tuple(map(str, state["names"])), answers, str(state["mark"]))
    numbers = {name: tuple(map(float, state[name])) for name in ("centers", "spreads", "units")}
    reaches = tuple(_pair(pair) for pair in state["reaches"])
    wanted = len(multi.names) if task == "multioutput" else 0
    lengths = {len(each) for each in numbers.values()}
    labels_written = task == "multilabel" and not multi.mark
    if lengths != {wanted} or len(reaches) not in (0, wanted) or not multi.names:
        raise ValueError(f"{len(multi.names)} targets with scales of {sorted(lengths)}")
    if len(answers) != (len(multi.names) if labels_written else 0):
        raise ValueError(f"{len(multi.names)} targets with {len(answers)} pairs of answers")
    return {"multi": multi, "reaches": reaches, **numbers}


def _aim(text: object) -> str:
    aim = str(text)
    if aim not in (aims.SQUARED, aims.ABSOLUTE) and not 0 < aims.level_of(aim) < 1:
        raise ValueError(f"aim {aim!r}")
    return aim


def _column_to_json(column: Numbers | Categories | Tokens) -> dict[str, Any]:
    if isinstance(column, Tokens):
        # No word holds a space; a line each would make the card tens of thousands of lines long.
        return {
            "text": column.name, "words": " ".join(column.words), "counts": " ".join(map(str, column.counts)),
            "texts": column.texts, "length": column.length, "buckets": column.buckets,
        }  # fmt: skip
    if isinstance(column, Numbers):
        return {
            "number": column.name, "fill": column.fill, "shift": column.shift, "scale": column.scale,
            "indicator": column.indicator, "smooth": column.smooth, "knots": [list(k) for k in column.knots],
        }  # fmt: skip
    return {
        "category": column.name, "levels": list(column.levels), "embedded": column.embedded,
        "inputs": [list(each) for each in column.inputs], "buckets": column.buckets,
    }  # fmt: skip


def _column_from_json(column: Mapping[str, Any]) -> Numbers | Categories | Tokens:
    if "text" in column:
        return _tokens_from_json(column)
    if "number" in column:
        fill, shift, scale = (float(column[key]) for key in ("fill", "shift", "scale"))
        knots = tuple(_pair(knot) for knot in column.get("knots", ()))
        smooth = bool(column.get("smooth", False))
        return Numbers(str(column["number"]), fill, shift, scale, bool(column["indicator"]), smooth, knots)
    inputs = tuple(tuple(map(float, each)) for each in column.get("inputs", ()))
    levels, embedded = tuple(map(str, column["levels"])), bool(column["embedded"])
    if inputs and (len(inputs) != len(levels) or len({len(each) for each in inputs}) != 1):
        raise ValueError(f"inputs of {column['category']!r}")
    return Categories(str(column["category"]), levels, embedded, inputs, int(column.get("buckets", 0)))


def _names(values: Sequence[Any]) -> tuple[str, str]:
    first, second = map(str, values)
    return first, second


def _tokens_from_json(column: Mapping[str, Any]) -> Tokens:
    words, counts = tuple(column["words"].split(" ")), tuple(map(int, column["counts"].split()))
    words = words if counts else ()
    texts, length, buckets = (int(column[key]) for key in ("texts", "length", "buckets"))
    sound = len(words) == len(set(words)) == len(counts) <= MOST_WORDS and all(
        1 <= n <= texts for n in counts
    )
    if not sound or not 1 <= length <= LONGEST or not 1 <= buckets <= MOST_WORDS:
        raise ValueError(f"words of {column['text']!r}")
    return Tokens(str(column["text"]), words, counts, texts, length, buckets)


def _pair(values: Sequence[Any]) -> tuple[float, float]:
    low, high = map(float, values)
    return low, high
