"""The readable form of parameters, used in TOML files, on the command line and in the log.

    lr=log(1e-4, 1)    units=int(16, 512, log)    optimizer=choice(sgd, adam)    dropout=0.2
    momentum=one_minus_log(0.5, 0.995, default=0.9) if optimizer=sgd|momentum
    kernel=choice((3, 3), (5, 5))    size=choice(small=(16, 16), large=(64, 64), default=small)
    lr=log(1e-4, 1, prior=normal(0.01, decades=0.5))    optimizer=choice(sgd, adam, weights=(1, 3))

`parse_param(name, format_param(p)) == p` for every parameter p. The grammar is in `core.grammar`; Python's
spelling is read as well: `Float(1e-4, 1, log=True)`, `choice('sgd', 'adam')`, `[16, 32, 64]`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NoReturn

from osetra.core.beliefs import weights_text
from osetra.core.conditions import Condition
from osetra.core.grammar import FORMS, Argument, Call, read_item, read_parameter, usage
from osetra.core.options import UNSET, Unset, slip
from osetra.core.params import Choice, Fixed, Float, Int, Normal, Ordinal, Param, Value
from osetra.core.ranges import ranges_of_a_log
from osetra.core.values import Option, option_name, option_text
from osetra.errors import SpaceError, TextError, nearest

__all__ = [
    "choice_of_list",
    "format_condition",
    "format_param",
    "format_value",
    "param_code",
    "parse_param",
    "parse_value",
]

_ARGUMENTS = {
    "choice": ("default", "weights"),
    "ordinal": ("default", "weights"),
    "fixed": (),
    "int": ("low", "high", "default", "step", "scale", "log", "soft", "prior"),
}
_OF_FLOATS = ("low", "high", "default", "step", "scale", "log", "soft", "prior")


def format_value(value: Value) -> str:
    """Return a value as text that `parse_value` reads back exactly."""
    return option_text(value)


def parse_value(text: str) -> Value:
    """Read a number, true, false, none, text with or without quotes, or a tuple, which is its name.

    Raises:
        TextError: it is none of these; the text says where, and how it is written.
    """
    return option_name(read_item(text))


def format_condition(conditions: tuple[Condition, ...]) -> str:
    """Return conditions as `optimizer=sgd|momentum and layers=2`."""
    return " and ".join(f"{p}={'|'.join(map(format_value, allowed))}" for p, allowed in conditions)


def format_param(param: Param) -> str:
    """Return a parameter as text, its condition included."""
    condition = format_condition(param.when)
    return _call(param) + (f" if {condition}" if condition else "")


def param_code(param: Param) -> str:
    """Return a parameter as an expression of Python, in the words in which people write it."""
    match param:
        case Float() | Int():
            words = [repr(param.low), repr(param.high)]
            words += [f"scale={param.scale!r}"] if param.scale != "linear" else []
            words += [f"step={param.step!r}"] if param.step != (1 if isinstance(param, Int) else None) else []
            words += [f"default={param.default!r}"] if param.default is not None else []
            words += ["soft=True"] if param.soft else []
            words += [f"prior={param.prior!r}"] if param.prior is not None else []
        case Fixed():
            words = [repr(param.meaning)]
        case _:
            words = [repr(option) for option in param.meanings]
            words += [f"default={param.default!r}"] if param.default is not UNSET else []
            words += [f"weights={weights_text(param.weights)}"] if param.weights is not None else []
    conditions = {name: list(allowed) for name, allowed in param.when}
    words += [f"when={conditions!r}"] if param.when else []
    return f"{type(param).__name__}({', '.join(words)})"


def parse_param(name: str, text: str, *, stored: bool = False) -> Param:
    """Read one parameter from text.

    Args:
        name: for messages.
        text: what somebody wrote.
        stored: it comes from a log, where a few words stand without quotes that people must quote.

    Raises:
        SpaceError: naming the parameter, what was read, the column and how to mend it.
    """
    start = f"{name:.100}={text}" if len(text) <= 200 else f"{name:.100}={text[:200]}…"
    try:
        body, conditions = read_parameter(text, stored=stored)
        with ranges_of_a_log() if stored else nullcontext():
            return _built(body, conditions, stored)
    except TextError as error:
        raise TextError(f"{start}: {error}", error.column) from None
    except SpaceError as error:
        column = len(text) - len(text.lstrip()) + 1
        raise TextError(f"{start}: {error}", column) from None


def choice_of_list(items: tuple[Option, ...], when: tuple[Condition, ...] = ()) -> Choice:
    """Return the choice that a plain list of values is.

    Raises:
        SpaceError: it could as well be a range.
    """
    numbers = [i for i in items if isinstance(i, (int, float)) and not isinstance(i, bool)]
    if len(items) == len(numbers) == 2:
        both = ", ".join(map(option_text, items))
        whole = all(isinstance(item, int) for item in items)
        forms = [f for f, fits in (("log", min(numbers) > 0), ("int", whole), ("float", not whole)) if fits]
        raise SpaceError(
            f"two numbers can be a range or two options; write {' or '.join(f'{f}({both})' for f in forms)} "
            f"for all between them, choice({both}) for these two"
        )
    return Choice(*items, when=when)


def _call(param: Param) -> str:
    match param:
        case Fixed():
            return _fixed(param)
        case Choice() | Ordinal():
            form, parts = type(param).__name__.lower(), _options(param)
            parts += [] if isinstance(param.default, Unset) else [f"default={option_text(param.default)}"]
            parts += [] if param.weights is None else [f"weights={weights_text(param.weights)}"]
            return f"{form}({', '.join(parts)})"
        case Float():
            form = "float" if param.scale == "linear" else param.scale
            parts = [repr(param.low), repr(param.high)]
            parts += [] if param.step is None else [f"step={param.step!r}"]
        case Int():
            form, parts = "int", [repr(param.low), repr(param.high)]
            parts += [param.scale] * (param.scale != "linear")
            parts += [f"step={param.step}"] * (param.step != 1)
    parts += [f"default={param.default!r}"] * (param.default is not None)
    parts += ["soft=true"] * param.soft
    parts += [] if param.prior is None else [f"prior={param.prior}"]
    return f"{form}({', '.join(parts)})"


def _options(param: Choice | Ordinal) -> list[str]:
    if all(
        option_name(meaning) == option for option, meaning in zip(param.options, param.meanings, strict=True)
    ):
        return [option_text(meaning) for meaning in param.meanings]
    return [f"{_key(o)}={option_text(m)}" for o, m in zip(param.options, param.meanings, strict=True)]


def _fixed(param: Fixed) -> str:
    if option_name(param.meaning) != param.value:
        return f"fixed({_key(param.value)}={option_text(param.meaning)})"
    if isinstance(param.meaning, tuple):
        return f"fixed({option_text(param.meaning)})"
    text = option_text(param.value)
    return f'"{text}"' if text in FORMS and text != "linear" else text


def _key(name: Value) -> str:
    """Return the name of an option; in quotes where it could be taken for an argument."""
    text = option_text(name)
    return (
        text
        if text.isidentifier() and text not in ("default", "when", "weights")
        else option_text(f"{name} ")[:-2] + '"'
    )


def _built(body: Call | Option, when: tuple[Condition, ...], stored: bool) -> Param:
    if isinstance(body, tuple):
        return choice_of_list(body, when)
    if not isinstance(body, Call):
        return Fixed(body, when=when)
    form, plain, names = body.form, [a for a in body.arguments if not a.name], {}
    for argument in body.arguments:
        if argument.name in names:
            _refuse(f"{argument.name!r} is given twice", argument)
        if argument.name:
            names[argument.name] = argument
    believed = names.get("prior")
    if believed is not None and believed.belief is not None and form in ("choice", "ordinal", "fixed"):
        _refuse(
            "a belief is about a range; options take weights: choice(sgd, adam, weights=(1, 3))", believed
        )
    if form in ("choice", "ordinal"):
        return _choice(Choice if form == "choice" else Ordinal, plain, names, when, stored)
    if form == "fixed":
        return _only(body, when)
    return _range(form, plain, names, when)


def _choice(
    kind: type[Choice] | type[Ordinal],
    plain: list[Argument],
    names: dict[str, Argument],
    when: tuple[Condition, ...],
    stored: bool,
) -> Choice | Ordinal:
    weights = names.get("weights")
    if weights is not None and (weights.quoted or (stored and not isinstance(weights.item, tuple))):
        weights = None  # an option of that name, as logs of earlier versions have it without quotes
    names = {name: argument for name, argument in names.items() if argument is not weights}
    proportions: Any = None if weights is None else weights.item
    given = names.get("default")
    declared = given is not None and not given.quoted
    default = option_name(given.item) if given is not None and declared else UNSET
    options = {n: a.item for n, a in names.items() if not (n == "default" and declared)}
    if given is not None and default is None and None not in (*options.values(), *(a.item for a in plain)):
        _refuse("default=none: none is not one of the options; leave default= out for no default", given)
    loose = next((a for a in names.values() if a.name in options and not a.quoted), None)
    if plain and options:
        wrong = loose or names[next(iter(options))]
        _refuse(f"{wrong.name!r} is not an argument here; known: default, weights.{slip(wrong.name)}", wrong)
    if loose is not None and not stored and (hint := slip(loose.name)):
        _refuse(f"{loose.name!r} is not an argument here; known: default, weights.{hint}", loose)
    if options:
        return kind(options, default=default, when=when, weights=proportions)
    return kind([argument.item for argument in plain], default=default, when=when, weights=proportions)


def _only(body: Call, when: tuple[Condition, ...]) -> Fixed:
    if len(body.arguments) != 1:
        raise SpaceError(f"fixed takes one value; write {usage('fixed')}")
    argument = body.arguments[0]
    return Fixed({argument.name: argument.item} if argument.name else argument.item, when=when)


def _range(
    form: str, plain: list[Argument], names: dict[str, Argument], when: tuple[Condition, ...]
) -> Float | Int:
    known = _ARGUMENTS.get(form, _OF_FLOATS)
    for argument in names.values():
        if argument.name not in known:
            hint = nearest(argument.name, known)
            _refuse(f"{argument.name!r} is not an argument here; known: {', '.join(known)}.{hint}", argument)
    values: dict[str, Any] = {
        name: argument.item if argument.belief is None else _belief(argument.belief)
        for name, argument in names.items()
    }
    for name, argument in zip(("low", "high", "scale"), plain, strict=False):
        if name in values:
            _refuse(f"{name} is given twice", argument)
        values[name] = argument.item
    if "low" not in values or "high" not in values:
        raise SpaceError(f"a range needs two numbers, low and high; write {usage(form)}")
    extra = plain[3:] or [a for a in plain[2:] if not isinstance(a.item, str)]
    if extra or (len(plain) > 2 and form not in ("int", "float")):
        wrong = (extra or plain[2:])[0]
        as_ = f" It may be meant as step={wrong.item} or default={wrong.item}." if extra else ""
        _refuse(f"{wrong.item!r} is one argument too many; write {usage(form)}.{as_}", wrong)
    if form == "int":
        return Int(**values, when=when)
    if form != "float":
        if values.get("scale", form) != form or "log" in values:
            raise SpaceError(f"{form} is a scale already; leave the other one out")
        values["scale"] = form
    return Float(**values, when=when)


def _belief(body: Call) -> Normal:
    """Return the belief that a form within a range is."""
    given: dict[str, Any] = {}
    for argument in body.arguments:
        name = argument.name or ("mean" if not given else "")
        if name not in ("mean", "sd", "decades"):
            wrong = f"{argument.item!r} needs a name" if not name else f"{name!r} is not an argument here"
            _refuse(f"{wrong}; write normal(0.01, decades=0.5) or normal(0.5, sd=0.1)", argument)
        if name in given:
            _refuse(f"{name} is given twice", argument)
        given[name] = argument.item
    return Normal(**given)


def _refuse(message: str, argument: Argument) -> NoReturn:
    raise TextError(f"column {argument.column}: {message}", argument.column)
