"""Text of other people: harmless in a terminal, in JSON and in a spreadsheet, and JSON loses nothing."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.clean import cell, json_text, one_line, printable

HARMFUL = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")
    or unicodedata.bidirectional(chr(code)) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    or chr(code) in "\u200e\u200f\u061c"
]
"""What a terminal or an editor acts on, by Unicode's own tables."""
SIGNS = [*"=+-@", *"＝＋－＠"]
"""What begins a formula, in both widths."""


def test_json_text_spells_out_whatever_acts_on_a_terminal() -> None:
    text = json_text({"why": "".join(HARMFUL), "tag": "\U000e0041\u200b\ufeff"})
    assert not [char for char in HARMFUL if char in text]
    assert json.loads(text) == json.loads(
        json.dumps({"why": "".join(HARMFUL), "tag": "\U000e0041\u200b\ufeff"})
    )
    text.encode()  # no half of a character is left


@given(st.text(), st.text())
def test_json_text_is_read_back_as_the_same(name: str, value: str) -> None:
    assert json.loads(json_text({name: [value]})) == {name: [value]}


def test_json_keeps_letters_and_refuses_what_is_no_number() -> None:
    assert json_text({"größe": "日本 \U0001f600"}) == '{"größe": "日本 \U0001f600"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))


def test_printable_text_holds_nothing_that_a_terminal_acts_on() -> None:
    text = printable("a" + "b".join(HARMFUL) + "c")
    assert [char for char in HARMFUL if char in text] == ["\t", "\n"]
    assert not [char for char in HARMFUL if char in one_line("b".join(HARMFUL))]


@pytest.mark.parametrize("before", ["", " ", "\t", "\r\n", "\x00", "\u200b", "\ufeff", "\u202e", "\x1b[0m"])
@pytest.mark.parametrize("sign", SIGNS)
def test_no_cell_begins_a_formula(sign: str, before: str) -> None:
    written = cell(f"{before}{sign}cmd|' /C calc'!A0")
    assert isinstance(written, str)
    assert written.startswith("'")


def test_numbers_and_plain_texts_stay_as_they_are() -> None:
    assert [cell(value) for value in ("-1.5", "+2", "a=b", 3, None)] == ["-1.5", "+2", "a=b", 3, ""]
