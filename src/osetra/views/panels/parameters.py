"""Parameters: what is searched, as the axes of every view need it."""

from __future__ import annotations

import numpy as np

from osetra.core.numbers import percent
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param, Value, default_of
from osetra.core.space import Space
from osetra.views.plain import plain_data

Document = dict[str, object]


def parameters(space: Space) -> list[Document]:
    """Return every parameter in declaration order; a name with several branches has one entry for each."""
    labels = {id(column.param): column.name for column in space.columns}
    return [parameter(name, param, labels.get(id(param), name)) for name, param in space]


def searched(space: Space) -> list[Document]:
    """Return the searched columns in declaration order."""
    columns = [space.columns[j] for j in space.declared]
    return [parameter(column.key, column.param, column.name) for column in columns]


def parameter(name: str, param: Param, label: str) -> Document:
    """Return a parameter: `label` tells the branches of a name apart."""
    numeric = isinstance(param, Float | Int)
    return {
        "name": name,
        "label": label,
        "kind": _kind(param),
        "scale": param.scale if isinstance(param, Float | Int) else None,
        "low": param.low if isinstance(param, Float | Int) else None,
        "high": param.high if isinstance(param, Float | Int) else None,
        "step": param.step if isinstance(param, Float | Int) else None,
        "values": None if numeric else plain_data(_options(param)),
        "default": plain_data(default_of(param)),
        "belief": belief(param),
        "when": {parent: plain_data(allowed) for parent, allowed in param.when} or None,
    }


def belief(param: Param) -> str | None:
    """Return where a person thinks that the best lies, in words; None where nobody has said so."""
    if isinstance(param, Float | Int) and param.prior is not None:
        prior = param.prior
        width = f"{prior.sd:g}" if prior.decades is None else f"{prior.decades:g} decades"
        return f"near {prior.mean:g}, ± {width}"
    if isinstance(param, Choice) and param.weights is not None:
        whole = sum(param.weights)
        shares = zip(param.options, param.weights, strict=True)
        return ", ".join(f"{option} {percent(weight / whole)}" for option, weight in shares)
    return None


def between(param: Float | Int, count: int) -> list[Value]:
    """Return values evenly spread over a range on its own scale, both ends among them."""
    return list(dict.fromkeys(param.from_unit(np.linspace(0.0, 1.0, count))))


def changed(space: Space, config: dict[str, Value]) -> list[str]:
    """Return the names whose value is not the default's, or that the default does not have."""
    default = space.default
    return [name for name, value in config.items() if name not in default or default[name] != value]


def _options(param: Param) -> list[Value]:
    if isinstance(param, Choice | Ordinal):
        return list(param.options)
    return [param.value] if isinstance(param, Fixed) else []


def _kind(param: Param) -> str:
    match param:
        case Float():
            return "float"
        case Int():
            return "int"
        case Ordinal():
            return "ordinal"
        case Choice():
            return "choice"
        case Fixed():
            return "constant"
