"""Packing: nested Python values with tensors ⇄ plain values and one safetensors blob.

What comes out of `pack` is made of str, int, float, bool, None, list, dict and one bytes, so that it
can be kept anywhere; what JSON cannot say (tuples, keys that are no text, NaN, arrays) is a dict with
the key "$" that names what it stands for. `unpack` builds nothing but the types listed here: it
imports nothing, calls nothing, and so can never run code from a file.

A tensor that occurs twice is written once and comes back as one tensor. Tensors come back on the
CPU, with the memory layout they had.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.nn.parameter import is_lazy

from osetra.errors import CheckpointError

Tree: TypeAlias = dict[str, Any]
"""str, int, float, bool, None, list, dict with text keys, bytes."""

FORMAT = "osetra.state/1"
ARRAYS = "biufcmMSU"
"""Kinds of NumPy arrays that hold plain numbers, times or text."""


def pack(value: Any) -> Tree:
    """Return a value as a tree of plain values.

    Raises:
        CheckpointError: something in it cannot be kept; the text names the place.
    """
    packer = _Packer()
    tree = packer.flat(value, "state")
    return {"format": FORMAT, "tree": tree, "tensors": save(packer.tensors)}


def unpack(tree: object) -> Any:
    """Return the value that `pack` was given; every call returns tensors of its own.

    Raises:
        CheckpointError: the tree is not what `pack` wrote, or was damaged.
    """
    if not isinstance(tree, Mapping) or tree.get("format") != FORMAT:
        found = tree.get("format") if isinstance(tree, Mapping) else type(tree).__name__
        raise CheckpointError(
            f"not a state that osetra.nets.state.capture returned ({found!r} instead of {FORMAT!r}); "
            "give restore() the whole dict that capture() returned"
        )
    try:
        return _Unpacker(load(bytes(tree["tensors"]))).value(tree["tree"])
    except (SafetensorError, ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"the state is damaged ({error}); go on from an earlier checkpoint") from None


@dataclass(slots=True)
class _Packer:
    tensors: dict[str, Tensor] = field(default_factory=dict)
    seen: dict[tuple[object, ...], str] = field(default_factory=dict)

    def flat(self, value: Any, place: str) -> Any:
        match value:
            case Tensor():
                return self._tensor(value, place)
            case np.generic() | np.ndarray():
                return self._array(value, place)
            case None | bool() | str():
                return value
            case int():
                # Random states hold integers that the usual JSON readers cannot.
                return int(value) if abs(value) < 2**63 else {"$": "int", "is": str(int(value))}
            case float():
                return float(value) if math.isfinite(value) else {"$": "float", "is": str(float(value))}
            case bytes() | bytearray():
                return {"$": "bytes", "at": self._add(_bytes(value))}
            case list() | tuple():
                items = [self.flat(item, f"{place}[{i}]") for i, item in enumerate(value)]
                return items if isinstance(value, list) else {"$": "tuple", "is": items}
            case Mapping():
                return self._mapping(value, place)
            case _:
                raise CheckpointError(
                    f"{place} is a {type(value).__module__}.{type(value).__qualname__}, which cannot be "
                    "kept; give tensors, arrays, numbers, text, bytes, lists, tuples or dicts"
                )

    def _mapping(self, value: Mapping[Any, Any], place: str) -> Any:
        if type(value) is not Counter and all(type(key) is str and key != "$" for key in value):
            return {key: self.flat(item, f"{place}[{key!r}]") for key, item in value.items()}
        kind = "counter" if type(value) is Counter else "dict"
        pairs = [
            [self.flat(key, f"a key of {place}"), self.flat(item, f"{place}[{key!r}]")]
            for key, item in value.items()
        ]
        return {"$": kind, "is": pairs}

    def _tensor(self, value: Tensor, place: str) -> Any:
        if is_lazy(value) or value.layout != torch.strided or value.is_meta or value.is_quantized:
            kind = "not initialised" if is_lazy(value) else "sparse, quantized or without memory"
            raise CheckpointError(
                f"{place} is a tensor that is {kind}; only plain tensors can be kept: make it one, "
                "or train one batch before"
            )
        value = value.detach()
        strides = value.stride()
        key = (value.device, value.data_ptr(), value.dtype, value.shape, strides)
        # By falling stride, so that channels_last and transposed tensors come back as they were.
        order = sorted(range(value.ndim), key=lambda axis: -strides[axis])
        if not value.permute(order).is_contiguous():
            order = list(range(value.ndim))
        if key not in self.seen or not value.numel():
            self.seen[key] = self._add(_plain(value.permute(order)), place)
        flat = {"$": "tensor", "at": self.seen[key]}
        return flat if order == sorted(order) else {**flat, "order": order}

    def _array(self, value: np.generic | np.ndarray[Any, Any], place: str) -> Any:
        if value.dtype.kind not in ARRAYS:
            raise CheckpointError(
                f"{place} is an array of {value.dtype}, which cannot be kept; give one of numbers"
            )
        kind = "scalar" if isinstance(value, np.generic) else "array"
        at = self._add(_bytes(value.tobytes()))
        return {"$": kind, "dtype": value.dtype.str, "shape": list(value.shape), "at": at}

    def _add(self, content: Tensor, place: str = "") -> str:
        name = str(len(self.tensors))
        try:
            save({name: content[:0] if content.ndim else content})
        except (KeyError, ValueError, SafetensorError):
            raise CheckpointError(
                f"{place} is a tensor of {content.dtype}, which safetensors cannot hold"
            ) from None
        self.tensors[name] = content
        return name


@dataclass(slots=True)
class _Unpacker:
    tensors: dict[str, Tensor]
    seen: dict[tuple[str, tuple[int, ...]], Tensor] = field(default_factory=dict)

    def value(self, flat: Any) -> Any:
        if isinstance(flat, list):
            return [self.value(item) for item in flat]
        if not isinstance(flat, Mapping):
            return flat
        if "$" in flat:
            return self._tagged(flat)
        return {key: self.value(item) for key, item in flat.items()}

    def _tagged(self, flat: Mapping[str, Any]) -> Any:
        match flat["$"]:
            case "tensor":
                return self._tensor(flat["at"], tuple(flat.get("order", ())))
            case "array" | "scalar":
                return self._array(flat)
            case "bytes":
                return self.tensors[flat["at"]].numpy().tobytes()
            case "int":
                return int(flat["is"])
            case "float":
                return float(flat["is"])
            case "tuple":
                return tuple(self.value(item) for item in flat["is"])
            case "dict" | "counter" as kind:
                pairs = {self.value(key): self.value(item) for key, item in flat["is"]}
                return pairs if kind == "dict" else Counter(pairs)
            case strange:
                raise ValueError(f"{strange!r} is no kind of value")

    def _tensor(self, name: str, order: tuple[int, ...]) -> Tensor:
        if (name, order) not in self.seen:
            # A clone has the alignment that the kernels of a fresh training would meet.
            content = self.tensors[name].clone()
            back = sorted(range(len(order)), key=order.__getitem__)
            self.seen[name, order] = content.permute(back) if order else content
        return self.seen[name, order]

    def _array(self, flat: Mapping[str, Any]) -> Any:
        dtype = np.dtype(flat["dtype"])
        if dtype.kind not in ARRAYS:
            raise ValueError(f"an array of {dtype}")
        array = self.tensors[flat["at"]].clone().numpy().view(dtype).reshape(flat["shape"])
        return array[()] if flat["$"] == "scalar" else array


def _plain(value: Tensor) -> Tensor:
    """Return a contiguous copy on the CPU with memory of its own."""
    value = value.resolve_conj().resolve_neg()
    return torch.empty(value.shape, dtype=value.dtype).copy_(value)


def _bytes(content: bytes | bytearray) -> Tensor:
    return torch.from_numpy(np.array(bytearray(content), dtype=np.uint8))
