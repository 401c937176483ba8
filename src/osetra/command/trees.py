"""Trees: what JSON, YAML and TOML files say, and how values get into them and back into text.

YAML is written as the JSON that it contains, with numbers that every reader of it takes for numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

Place = tuple[Any, Any]
"""A mapping or list, and the key or index in it."""
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_NAN = {"json": "NaN", "yaml": ".nan", "toml": "nan"}
_INF = {"json": "Infinity", "yaml": ".inf", "toml": "inf"}


def place(tree: Any, name: str) -> Place | None:
    """Return where a dotted name leads: keys, and numbers in lists; None where it leads nowhere."""
    if isinstance(tree, dict) and name in tree:
        return tree, name
    if isinstance(tree, list) and name.isdecimal() and int(name) < len(tree):
        return tree, int(name)
    for dot in re.finditer(r"\.", name):
        head, tail = name[: dot.start()], name[dot.end() :]
        step = place(tree, head) if _is_step(tree, head) else None
        found = None if step is None else place(step[0][step[1]], tail)
        if found is not None:
            return found
    return None


def _is_step(tree: Any, head: str) -> bool:
    """Whether it is one key or index of this very tree, and no way further down."""
    if isinstance(tree, list):
        return head.isdecimal() and int(head) < len(tree)
    return isinstance(tree, dict) and head in tree


def put(found: Place, value: Any, *, leave_out: bool = False) -> None:
    """Set a value where a place is, or leave it out."""
    if leave_out:
        del found[0][found[1]]
    else:
        found[0][found[1]] = value


def dotted(tree: Any, before: str = "") -> list[str]:
    """Return the dotted names of all single values of a tree."""
    return [*_dotted(tree, before)]


def _dotted(tree: Any, before: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _dotted(value, f"{before}.{key}" if before else str(key))
    elif before:
        yield before


def literal(value: Any, kind: str) -> str:
    """Return a value as a file of that kind writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value, kind)
        case datetime() | date() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(literal(each, kind) for each in value)}]"
        case dict():
            equals = " =" if kind == "toml" else ":"
            pairs = (f"{_key(key, kind)}{equals} {literal(each, kind)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        case str():
            return quoted(value)
    return str(value)


def quoted(text: str) -> str:
    """Return a text in double quotes, as JSON, YAML and TOML all read it."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def plain(value: Any) -> str:
    """Return a value as it stands inside of a text: text as it is."""
    return value if isinstance(value, str) else literal(value, "json")


def written(tree: Any, kind: str) -> str:
    """Return a whole tree as text of that kind."""
    if kind != "toml":
        return literal(tree, kind) + "\n"
    return "".join(f"{_key(key, kind)} = {literal(value, kind)}\n" for key, value in tree.items())


def _float(value: float, kind: str) -> str:
    if math.isnan(value):
        return _NAN[kind]
    if math.isinf(value):
        return ("-" if value < 0 else "") + _INF[kind]
    text = repr(value)
    # 1e-05 is a number in JSON and a text in YAML 1.1, which asks for a point; so it gets one.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _key(key: Any, kind: str) -> str:
    """Return a key; that of YAML may be a number."""
    return literal(key, kind) if kind == "yaml" or isinstance(key, str) else json.dumps(str(key))
