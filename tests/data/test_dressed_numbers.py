"""Numbers in any dressing, and words among them: written at random, read back equal."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.schema import Number, columns_of, level_numbers, schema_from_json, schema_to_json
from osetra.data.semantics import meaning_of
from osetra.data.table import Table, Texts
from osetra.data.units import CURRENCIES, same_unit
from osetra.errors import DataError

N = 60
RNG = np.random.default_rng(8)
VALUES = RNG.uniform(1, 4000, N).round(2)
MONEY = ("$", "€", "£", "₹", "₺", "AU$", "HK$", "Rs.", "kr", "zł", "%", *CURRENCIES.split()[::20])
BEHIND = ("", "kg", "m2", "m²", "km/h", "°C", "CO2e", "%", "sq ft", "/mo", "/ night", "per kg", "€/m²",
          "USD/yr", "people per km2", "of 5000", "/5000", "*")  # fmt: skip
WORDS = ("pending", "n.m.", "TBD?", "not tested", "<LOD", "see note", "обработка")


def meaning(cells, target=False, **reading):
    table = Table("t.csv", ("v",), (Texts(list(cells)),))
    return meaning_of("v", table["v"], table, DataOptions(**reading), target=target), table


def read(cells, **reading):
    """Return the numbers of cells, and what was learnt of how they are written."""
    found, table = meaning(cells, **reading)
    assert isinstance(found.recipe, Number), (found, cells[:3])
    assert schema_from_json(schema_to_json([found.recipe])) == (found.recipe,)
    return columns_of(found.recipe, table["v"])[0].values, found.recipe


@st.composite
def dressings(draw):
    """Draw a way to write numbers: signs before or behind, spaces, thousands marks, decimals."""
    before, behind = draw(st.sampled_from(("", *MONEY))), draw(st.sampled_from(BEHIND))
    if before == behind == "%" or behind == "*":
        before = ""
    first, second = draw(st.sampled_from(("", " "))), draw(st.sampled_from(("", " ")))
    if behind[:1] in ("m", "k") or behind[:2] == "of":  # 12m and 12k are millions and thousands
        second = " "
    digits = draw(st.sampled_from((".0f", ".2f", ",.2f", ",.0f", "de")))

    def write(value):
        text = f"{value:{digits if digits != 'de' else ',.2f'}}"
        text = text.translate(str.maketrans(",.", ".,")) if digits == "de" else text
        sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
        return f"{sign}{before}{first if before else ''}{text}{second if behind else ''}{behind}"

    return write, 0 if digits.endswith("0f") else 2


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(dressings(), st.integers(0, 10**6), st.booleans())
def test_numbers_in_any_dressing_are_read_back_equal(dressing, seed, signed):
    write, places = dressing
    rng = np.random.default_rng(seed)
    values = rng.uniform(-3000 if signed else 1, 90_000, 40).round(places)
    cells = [write(value) for value in values]
    found, recipe = read(cells)
    np.testing.assert_allclose(found, values)
    # One later row is read by what was learnt, and in another dressing not at all.
    assert level_numbers(recipe, [cells[0]]) == [pytest.approx(values[0])]
    if recipe.unit:
        assert level_numbers(recipe, ["12 furlongs", "₴12", "ƒ12/ell"]) == [None] * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True), dressings(), st.integers(3, 9))
def test_words_that_stand_in_many_cells_are_learnt_from_apart(words, dressing, every):
    write, places = dressing
    values, written = VALUES.round(places), itertools.cycle(words)
    cells = [next(written) if i % every == 0 else write(value) for i, value in enumerate(values)]
    counts = {word: cells.count(word) for word in words}
    if min(counts.values()) < 3:
        return
    found, table = meaning(cells)
    number, *indicators = columns_of(found.recipe, table["v"])
    gone = np.arange(N) % every == 0
    assert np.isnan(number.values).tolist() == gone.tolist()
    np.testing.assert_allclose(number.values[~gone], values[~gone])
    assert {each.name: each.values.sum() for each in indicators} == {
        f"v: {word.lower()}": count for word, count in counts.items()
    }
    assert all(f"{word.lower()!r} in {counts[word] / N:.0%} of the cells" in found.among for word in words)


def csv(tmp_path, cells):
    path = tmp_path / "t.csv"
    path.write_text("v;a;y\n" + "".join(f"{c};{i % 7};{i % 2}\n" for i, c in enumerate(cells)), "utf-8")
    return path


def test_a_word_among_numbers_is_said_with_its_share_and_how_to_say_otherwise(tmp_path):
    path = csv(tmp_path, ["not tested" if i % 5 == 0 else f"{v} mg" for i, v in enumerate(VALUES)])
    data = load(path, target="y")
    assert [column.name for column in data.columns] == ["v", "v: not tested", "a"]
    (said,) = (note for note in data.notes if note.rule == "words-among-numbers")
    assert "v ('not tested' in 20% of the cells)" in said.text
    assert said.action.startswith("--na 'v=not tested' says that it is missing, --category v")
    told = load(path, target="y", reading=DataOptions(na=("v=not tested",)))
    assert [column.name for column in told.columns] == ["v", "a"]
    assert np.isnan(told.columns[0].values).sum() == N / 5
    assert load(path, target="y", reading=DataOptions(category=("v",))).columns[0].levels
    answers = load(path, target="v")
    assert len(answers) == N * 4 / 5 and answers.task == "regression"
    assert "'not tested' in 20% of the cells, missing" in " ".join(note.text for note in answers.notes)


@pytest.mark.parametrize("slip", ["oops", "12-15", "1O"])
def test_a_single_slip_in_a_dressed_column_is_named(slip):
    with pytest.raises(DataError, match=f"v: row 6 holds '{slip}', and 59 of 60 cells are numbers"):
        meaning([slip if i == 5 else f"${v}/mo" for i, v in enumerate(VALUES)])


@pytest.mark.parametrize(
    "write",
    [
        lambda i: f"room {i}",
        lambda i: f"A{i}",
        lambda i: f"user_{i:03}",
        lambda i: f"{'EVI'[i % 3]}{i % 9}",
        lambda i: ("S", "M", "L", "36", "38", "40")[i % 6],
        lambda i: f"10.0.{i}.1",
        lambda i: f"{i} {'abcdefgh'[i % 8]} street",
        lambda i: ("1", "2", "3", "many")[i % 4],
        lambda i: f"{i % 30:03}" if i % 4 else "HQ",
        lambda i: f"{i}{'abc'[i % 3] * (i % 20 == 0)}",
    ],
)
def test_codes_are_no_quantities(write):
    assert meaning(map(write, range(N)))[0].kind != "number"


MIXED = (("kg", "g"), ("kg", "lb"), ("m2", "ft2"), ("USD", "EUR"), ("%", "‰"))


@pytest.mark.parametrize("units", MIXED)
def test_several_units_in_one_column_are_named(tmp_path, units):
    cells = [f"{v} {units[i % 2]}" for i, v in enumerate(VALUES)]
    named = ", ".join(sorted(units))
    assert f"several units ({named})" in " ".join(n.text for n in load(csv(tmp_path, cells)).notes)
    few = load(csv(tmp_path, [f"{i % 5} {units[i % 2]}" for i in range(N)]))
    assert f"several units are read as categories: v ({named})" in " ".join(n.text for n in few.notes)
    for reading in ({"number": ("v",)}, {"target": True}):
        with pytest.raises(DataError, match=r"v: holds numbers in several units"):
            meaning(cells, **reading)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("$", "USD", True), ("€", "eur", True), ("lbs", "lb", True), ("m²", "m2", True), ("kg", "g", False),
        ("Rs.", "INR", True), ("$", "CA$", False), ("hours", "hour", True), ("%", "percent", True),
        ("MW", "mW", False), ("MW", "MW", True), ("KG", "kg", True),
    ],
)  # fmt: skip
def test_spellings_of_units(one, other, same):
    assert same_unit(one, other) is same
