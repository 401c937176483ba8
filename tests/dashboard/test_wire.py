"""What goes over the wire is read back as the same, whatever it holds."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from osetra.core.clean import json_text
from osetra.dashboard.assets import with_modules
from osetra.dashboard.wire import on_the_wire

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(st.dictionaries(st.text(), VALUES))
def test_a_document_is_read_back_as_the_same_and_says_what_json_text_says(
    document: dict[str, object],
) -> None:
    sent = on_the_wire(document).decode()
    assert json.loads(sent) == document == json.loads(json_text(document))
    assert not set(sent) & set("\x7f\x9b\u200b\u202e\u2028\u2066\ufeff")


def test_half_a_pair_of_letters_and_numbers_of_any_size_are_sent() -> None:
    assert json.loads(on_the_wire({"half": "\udc80", "big": 2**80})) == {"half": "\udc80", "big": 2**80}


def test_the_page_names_all_its_modules_so_that_they_are_asked_for_at_once() -> None:
    files = {"main.js": None, "vendor/htm.mjs": None, "style.css": None}
    told = with_modules(b"<head><title>x</title></head><body>", files)  # type: ignore[arg-type]
    assert told.count(b"modulepreload") == 2 and b'"assets/vendor/htm.mjs" /></head><body>' in told
