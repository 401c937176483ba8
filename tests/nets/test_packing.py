"""Packing: whatever goes in comes out, through a format that holds plain values only."""

import base64
import json
import math
import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.parameter import UninitializedParameter

from osetra.errors import CheckpointError
from osetra.nets.packing import pack, unpack


def through_json(tree):
    """The tree as the strictest reader sees it: JSON for all but the one blob."""
    text = json.dumps({**tree, "tensors": base64.b64encode(tree["tensors"]).decode()}, allow_nan=False)
    read = json.loads(text)
    return {**read, "tensors": base64.b64decode(read["tensors"])}


def there_and_back(value):
    return unpack(through_json(pack(value)))


def same(one, two):
    """Equal in value and in type, all the way down; NaN equals itself."""
    if type(one) is not type(two):
        return False
    if isinstance(one, torch.Tensor):
        return (
            (one.dtype, one.shape, one.stride()) == (two.dtype, two.shape, two.stride())
            and _raw(one) == _raw(two)
        )  # fmt: skip
    if isinstance(one, (np.ndarray, np.generic)):
        return (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
    if isinstance(one, dict):
        return list(one) == list(two) and all(
            type(a) is type(b) and same(one[a], two[b]) for a, b in zip(one, two, strict=True)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(same(a, b) for a, b in zip(one, two, strict=True))
    if isinstance(one, float):
        return repr(one) == repr(two)  # tells -0.0 from 0.0, and NaN equals itself
    return one == two


def _raw(tensor):
    return tensor.contiguous().flatten().view(torch.uint8).tolist() if tensor.numel() else []


KEYS = st.one_of(st.text(max_size=4), st.integers(), st.booleans(), st.none(), st.just("$"))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(2**62, 2**200), st.floats(), st.text(max_size=8),
    st.binary(max_size=20),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=12,
)


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_any_nest_of_plain_values_comes_back_with_its_types(value):
    assert same(there_and_back(value), value)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
@pytest.mark.parametrize(
    "dtype",
    [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8,
     torch.int64, torch.uint16, torch.uint32, torch.complex64],
)  # fmt: skip
def test_tensors_of_every_kind_and_shape_come_back(dtype, shape):
    torch.manual_seed(0)
    tensor = (torch.randn(shape) * 3).to(torch.int64).abs().to(dtype)
    assert same(there_and_back({"x": tensor})["x"], tensor)


def test_special_numbers_in_tensors_come_back_bit_for_bit():
    tensor = torch.tensor([math.nan, math.inf, -math.inf, -0.0, 1e-45])
    assert same(there_and_back(tensor), tensor)


def test_memory_layout_comes_back():
    picture = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert same(there_and_back(picture), picture)
    turned = torch.randn(3, 4).T
    assert same(there_and_back(turned), turned)


def test_a_slice_comes_back_without_the_rest_of_its_memory():
    big = torch.randn(1000, 1000)
    tree = pack({"column": big[:, 3], "rows": big[:2], "wide": big[:1].expand(4, 1000)})
    assert len(tree["tensors"]) < 50_000
    found = unpack(tree)
    assert torch.equal(found["column"], big[:, 3])
    assert torch.equal(found["wide"], big[:1].expand(4, 1000))


def test_a_shared_tensor_is_written_once_and_comes_back_shared():
    tensor = torch.randn(1000)
    tree = pack([tensor, {"again": tensor}, tensor.clone()])
    assert len(tree["tensors"]) < 2.5 * tensor.nbytes
    first, again, clone = unpack(tree)
    assert first is again["again"]
    first.zero_()
    assert clone.any()


def test_overlapping_views_stay_apart():
    tensor = torch.arange(6.0)
    one, two = there_and_back([tensor[:4], tensor[2:]])
    one.zero_()
    assert two.tolist() == [2, 3, 4, 5]


def test_each_unpacking_gives_tensors_of_its_own():
    tree = pack(torch.zeros(3))
    unpack(tree).fill_(1)
    assert unpack(tree).tolist() == [0, 0, 0]


def test_packing_is_a_snapshot():
    tensor = torch.zeros(3)
    tree = pack({"x": tensor})
    tensor.fill_(7)
    assert unpack(tree)["x"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "array",
    [np.arange(6).reshape(2, 3), np.zeros((0, 2)), np.array(1.5, np.float16), np.array(["a", "bcd"]),
     np.array([1, 2], ">u4"), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.float32(0.1),
     np.int64(3), np.True_, np.array([1 + 2j]), np.array(["2026-01-01"], "datetime64[D]")],
)  # fmt: skip
def test_arrays_and_their_scalars_come_back(array):
    assert same(there_and_back(array), array)


def test_a_counter_stays_one():
    found = there_and_back({"milestones": Counter({3: 2, 5: 1})})["milestones"]
    assert type(found) is Counter
    assert found == Counter({3: 2, 5: 1})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, object()]}, r"state\['a'\]\[1\] is a builtins.object, which cannot be kept"),
        ({"f": print}, r"state\['f'\] is a .*builtin_function_or_method"),
        ({"s": {1, 2}}, r"state\['s'\] is a builtins.set"),
        ([np.array([None])], r"state\[0\] is an array of object"),
        (torch.zeros(2, device="meta"), "without memory"),
        (torch.eye(2).to_sparse(), "sparse"),
        (UninitializedParameter(), "not initialised"),
        (torch.zeros(2, dtype=torch.complex128), "tensor of torch.complex128, which safetensors cannot hold"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(value, message):
    with pytest.raises(CheckpointError, match=message):
        pack(value)


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit",))


@pytest.mark.parametrize("tree", [None, 3, [], {}, {"format": "osetra.state/9"}, pickle.dumps(Bomb())])
def test_something_else_is_refused(tree):
    with pytest.raises(CheckpointError, match="not a state that osetra"):
        unpack(tree)


@pytest.mark.parametrize(
    "broken",
    [
        {"tensors": b""},
        {"tensors": b"\x00" * 100},
        {"tensors": 7},
        {"tensors": pickle.dumps(Bomb())},
        {"tree": {"$": "tensor", "at": "77"}},
        {"tree": {"$": "tensor"}},
        {"tree": {"$": "tensor", "at": "0", "order": [0, 0, 5]}},
        {"tree": {"$": "call", "is": "print"}},
        {"tree": {"$": "dict", "is": [[[], 1]]}},
        {"tree": {"$": "int", "is": "many"}},
        {"tree": {"$": "array", "dtype": "O", "shape": [3], "at": "0"}},
        {"tree": {"$": "array", "dtype": "|V8,O", "shape": [3], "at": "0"}},
        {"tree": {"$": "array", "dtype": "<f8", "shape": [99], "at": "0"}},
    ],
)
def test_damage_is_said_and_nothing_is_run(broken):
    with pytest.raises(CheckpointError, match="the state is damaged"):
        unpack({**pack([torch.zeros(3)]), **broken})


@given(st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_is_an_error_or_other_numbers_never_anything_else(place, byte):
    tree = pack({"x": torch.arange(8.0), "y": torch.ones(2, dtype=torch.bool)})
    blob = bytearray(tree["tensors"])
    blob[place % len(blob)] = byte
    try:
        found = unpack({**tree, "tensors": bytes(blob)})
    except CheckpointError:
        return
    assert all(isinstance(tensor, torch.Tensor) for tensor in found.values())
