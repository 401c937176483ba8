"""The readable form of parameters, used in TOML files, on the command line and in the log.

    lr=log(1e-4, 1)    units=int(16, 512, log)    optimizer=choice(sgd, adam)    dropout=0.2
    momentum=one_minus_log(0.5, 0.995, default=0.9) if optimizer=sgd|momentum

`parse_param(name, format_param(p)) == p` for every parameter p.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from osetra.core.params import Choice, Condition, Fixed, Float, Int, Ordinal, Param, Value, conditions_of
from osetra.core.scales import SCALES
from osetra.errors import SpaceError, nearest

_FORMS = ("float", "int", "choice", "ordinal", *SCALES)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^,()|=\s"]+')
_BARE = re.compile(r"[A-Za-z_][\w.\-+/:]*\Z")
_WORDS: dict[str, Value] = {"true": True, "false": False, "none": None}


def format_value(value: Value) -> str:
    """Return a value as text that `parse_value` reads back exactly."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        bare = _BARE.match(value) and value.lower() not in _WORDS and _number(value) is None
        return value if bare else json.dumps(value)
    return repr(value)


def parse_value(text: str) -> Value:
    """Read a number, true, false, none, or text with or without double quotes."""
    text = text.strip()
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            raise SpaceError(f"{text}: the quotes do not close") from None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    number = _number(text)
    return text if number is None else number


def format_condition(conditions: tuple[Condition, ...]) -> str:
    """Return conditions as `optimizer=sgd|momentum and layers=2`."""
    return " and ".join(f"{p}={'|'.join(map(format_value, allowed))}" for p, allowed in conditions)


def format_param(param: Param) -> str:
    """Return a parameter as text, its condition included."""
    condition = format_condition(conditions_of(param))
    return _call(param) + (f" if {condition}" if condition else "")


def parse_param(name: str, text: str) -> Param:
    """Read one parameter from text.

    Raises:
        SpaceError: naming the parameter, what was read and the forms that exist.
    """
    try:
        body, _, condition = _split_condition(text.strip())
        when = _conditions(condition)
        call = re.fullmatch(r"(\w+)\s*\((.*)\)", body, re.DOTALL)
        if call is None:
            if "(" in body and not body.startswith('"'):
                raise SpaceError("a bracket does not close")
            return Fixed(parse_value(body), when=when)
        return _build(call[1], *_arguments(call[2]), when)
    except SpaceError as error:
        raise SpaceError(f"{name}={text}: {error}") from None


def _call(param: Param) -> str:
    match param:
        case Fixed():
            return format_value(param.value)
        case Choice() | Ordinal():
            form, parts = type(param).__name__.lower(), [format_value(o) for o in param.options]
        case Float():
            form = "float" if param.scale == "linear" else param.scale
            parts = [repr(param.low), repr(param.high)]
        case Int():
            form, parts = "int", [repr(param.low), repr(param.high)]
            parts += [param.scale] * (param.scale != "linear")
            parts += [f"step={param.step}"] * (param.step != 1)
    parts += [f"default={format_value(param.default)}"] * (param.default is not None)
    return f"{form}({', '.join(parts)})"


def _build(form: str, plain: list[Value], named: dict[str, Value], when: tuple[Condition, ...]) -> Param:
    default = named.pop("default", None)
    if form in ("choice", "ordinal"):
        _nothing_else(named, "default")
        kind = Choice if form == "choice" else Ordinal
        return kind(*plain, default=default, when=dict(when))
    if form == "int":
        step = named.pop("step", 1)
        _nothing_else(named, "default, step")
        low, high, *rest = _range(plain)
        scale = rest[0] if rest else "linear"
        return Int(low, high, scale=scale, step=step, default=default, when=when)  # type: ignore[arg-type]
    if form in _FORMS:
        _nothing_else(named, "default")
        low, high, *rest = _range(plain)
        if rest:
            raise SpaceError(f"{rest[0]!r} is one argument too many; write {form}(low, high)")
        scale = "linear" if form == "float" else form
        return Float(low, high, scale=scale, default=default, when=when)  # type: ignore[arg-type]
    raise SpaceError(f"unknown form {form!r}; known: {', '.join(_FORMS)}.{nearest(form, _FORMS)}")


def _range(plain: list[Value]) -> list[Value]:
    if not 2 <= len(plain) <= 3:
        raise SpaceError("a range needs two numbers, low and high")
    return plain


def _nothing_else(named: dict[str, Value], known: str) -> None:
    if named:
        raise SpaceError(f"{next(iter(named))!r} is not an argument here; known: {known}")


def _arguments(text: str) -> tuple[list[Value], dict[str, Value]]:
    plain: list[Value] = []
    named: dict[str, Value] = {}
    for part in _split(text, ","):
        if not part:
            continue
        key, equals, value = part.partition("=")
        if equals and re.fullmatch(r"\w+", key.strip()):
            named[key.strip()] = parse_value(value)
        else:
            plain.append(parse_value(part))
    return plain, named


def _conditions(text: str) -> tuple[Condition, ...]:
    if not text:
        return ()
    conditions = []
    for part in _split(text, " and "):
        parent, equals, values = part.partition("=")
        if not equals or not _TOKEN.match(values.strip()):
            raise SpaceError(f"cannot read the condition {part!r}; write: if optimizer=sgd|momentum")
        conditions.append((parent.strip(), tuple(map(parse_value, _split(values, "|")))))
    return tuple(conditions)


def _split_condition(text: str) -> tuple[str, str, str]:
    for i, depth in _outside_quotes(text):
        if depth == 0 and text.startswith(" if ", i):
            return text[:i].strip(), "if", text[i + 4 :].strip()
    return text, "", ""


def _split(text: str, separator: str) -> list[str]:
    parts, start = [], 0
    for i, _ in _outside_quotes(text):
        if text.startswith(separator, i):
            parts.append(text[start:i].strip())
            start = i + len(separator)
    return [*parts, text[start:].strip()]


def _outside_quotes(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places outside double quotes, each with how many brackets are open there."""
    depth, quoted, escaped = 0, False, False
    for i, char in enumerate(text):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
            continue
        quoted = char == '"'
        depth += (char == "(") - (char == ")")
        if not quoted:
            yield i, depth


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if abs(number) != float("inf") and number == number else None
    return None
