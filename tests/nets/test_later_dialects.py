"""Later files of a few rows are read as the file that was learnt from, unless they prove otherwise."""

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from osetra.data.dataset import Dataset
from osetra.data.encoding import decoded
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError
from osetra.nets import standalone
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.prepare import fit, inputs_of
from osetra.nets.rows import read_rows

CITIES = ("Köln", "Münster", "Gießen", "Bonn", "Fürth; Nord", "Łódź")
NAMES = ("größe", "preis in €", "ort, land", "anzahl", "notiz")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "mac-roman", "cp1250")


@st.composite
def files(draw):
    """How a table is written, a table of forty rows, and one to three of them as a later file."""
    encoding = draw(st.sampled_from(ENCODINGS))
    delimiter, decimal = draw(st.sampled_from([",", ";", "\t", "|"])), draw(st.sampled_from([".", ","]))
    known = [city for city in CITIES if _writable(city, encoding)]
    values = draw(st.lists(st.integers(1, 99_999), min_size=40, max_size=40, unique=True))
    cities = draw(st.lists(st.sampled_from(known), min_size=40, max_size=40))
    counts = draw(st.lists(st.integers(0, 9), min_size=40, max_size=40))
    names = [name for name in NAMES[:4] if _writable(name, encoding)]
    names = names if len(names) == 4 else ["größe", "preis", "ort, land", "anzahl"]
    names = names if _writable("größe", encoding) else ["a", "b", "c", "d"]
    return {
        "names": names, "encoding": encoding, "delimiter": delimiter, "decimal": decimal,
        "header": draw(st.booleans()), "titles": draw(st.integers(0, 2)),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "newline": "\r" if encoding == "mac-roman" else draw(st.sampled_from(["\n", "\r\n"])),
        "rows": list(zip(values, [7 * v % 1000 for v in values], cities, counts, strict=True)),
        "later": draw(st.lists(st.integers(0, 39), min_size=1, max_size=3)),
    }  # fmt: skip


def _writable(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def written(how, rows, *, target=True, **other) -> bytes:
    """Write rows as a file says it is done, but for what is done in another way."""
    how = {**how, **other}
    out = io.StringIO()
    if how["header"]:
        out.write("".join(f"Export {i}{how['newline']}" for i in range(how["titles"])))
    writer = csv.writer(
        out, delimiter=how["delimiter"], lineterminator=how["newline"], quoting=how["quoting"]
    )
    if how["header"]:
        writer.writerow([*how["names"], *(["ziel"] if target else [])])
    for value, part, city, count in rows:
        size, price = (f"{v / 100:.2f}".replace(".", how["decimal"]) for v in (value, part))
        writer.writerow(
            [size, price, city, f"n{count}", *(["ja" if value % 2 else "nein"] if target else [])]
        )
    return out.getvalue().encode(how["encoding"])


def prepared(folder, how):
    """Return what a model would know of a file, through its card and back, and the inputs of its rows."""
    (folder / "first.csv").write_bytes(written(how, how["rows"]))
    data: Dataset = load(folder / "first.csv", target="ziel" if how["header"] else "x5")
    preparation = from_json(to_json(fit(data, np.arange(40))))
    return preparation, inputs_of(preparation, data)


def check(folder, how, content):
    preparation, inputs = prepared(folder, how)
    (folder / "later.csv").write_bytes(content)
    found = read_rows(preparation, folder / "later.csv")
    wanted = inputs.rows(np.array(how["later"]))
    assert np.array_equal(found.inputs.values, wanted.values)
    assert np.array_equal(found.inputs.codes, wanted.codes)
    assert not found.unread
    needed = [recipe.name for recipe in preparation.schema]
    alone = standalone.read_table(  # as an exported model does
        folder / "later.csv", preparation.dialect, preparation.manner, needed
    )
    ours = {name: list(found.table[name]) for name in needed}
    assert {name: alone[name] for name in needed} == ours
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), st.booleans())
def test_one_to_three_rows_in_the_dialect_that_was_learnt_give_the_same_rows(tmp_path, how, target):
    assume(how["delimiter"] != "," or how["decimal"] == "." or how["quoting"] == csv.QUOTE_ALL)
    rows = [how["rows"][i] for i in how["later"]]
    check(tmp_path, how, written(how, rows, target=target))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), files())
def test_another_dialect_with_the_names_is_told_by_them(tmp_path, how, other):
    for each in (how, other):
        assume(each["delimiter"] != "," or each["decimal"] == "." or each["quoting"] == csv.QUOTE_ALL)
    assume(other["encoding"].startswith("utf"))
    how["header"] = True
    first = written(how, how["rows"])  # few words may be taken for those of another encoding
    assume(decoded(first, "first")[0] == decoded(first, "first", how["encoding"])[0])
    rows = [how["rows"][i] for i in how["later"]]
    changed = {key: other[key] for key in ("encoding", "delimiter", "decimal", "quoting", "newline")}
    check(tmp_path, how, written(how, rows, **changed))


@pytest.fixture
def german(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.permutation(99_999)[:40] + 1
    rows = [(int(v), 7 * int(v) % 1000, CITIES[i % 5], i % 10) for i, v in enumerate(values)]
    return {
        "names": list(NAMES[:4]), "encoding": "cp1252", "delimiter": ";", "decimal": ",", "header": True,
        "titles": 0, "quoting": csv.QUOTE_MINIMAL, "newline": "\r\n", "rows": rows, "later": [0],
    }  # fmt: skip


def test_what_was_assumed_is_said_in_one_line(german, tmp_path):
    found = check(tmp_path, german, written(german, german["rows"][:1]))
    (said,) = found.warnings
    assert said.startswith("read as: cp1252 text; semicolons between cells; a comma before decimals (--")
    plain = {"encoding": "utf-8", "delimiter": ",", "decimal": "."}
    found = check(tmp_path, german, written(german, german["rows"][:1], **plain))
    assert [text.partition(" (")[0] for text in found.warnings] == [
        "read as: commas between cells, where semicolons were learnt",
        "numbers have a point before decimals, where a comma was learnt",
    ]


def test_a_thousand_and_one_point_two_are_told_by_the_other_numbers_of_the_file(german, tmp_path):
    preparation, _ = prepared(tmp_path, german)
    later = tmp_path / "later.csv"
    later.write_bytes("größe;preis in €;ort, land;anzahl\n1.234;7.25;Bonn;n1\n".encode("cp1252"))
    assert read_rows(preparation, later).columns[0].values.tolist() == [1.234]
    later.write_bytes("größe;preis in €;ort, land;anzahl\n1.234;7,25;Bonn;n1\n".encode("cp1252"))
    assert read_rows(preparation, later).columns[0].values.tolist() == [1234.0]
    later.write_bytes("größe;preis in €;ort, land;anzahl\n1.234;7;Bonn;n1\n".encode("cp1252"))
    assert read_rows(preparation, later).columns[0].values.tolist() == [1234.0]


def test_names_tell_the_encoding_where_it_is_another_one(german, tmp_path):
    content = written(german, german["rows"][:1], encoding="mac-roman", newline="\r")
    assert check(tmp_path, german, content).warnings[0].startswith("read as: mac-roman text")


def test_a_file_without_names_has_none_later_and_one_with_other_names_is_refused(german, tmp_path):
    german |= {"header": False}
    found = check(tmp_path, german, written(german, german["rows"][:1]))
    assert len(found.inputs) == 1
    preparation, _ = prepared(tmp_path, german)
    (tmp_path / "named.csv").write_bytes(written(german, german["rows"][:2], header=True))
    with pytest.raises(DataError, match="the model needs the columns 'x1', 'x2'"):
        read_rows(preparation, tmp_path / "named.csv")


def test_a_person_has_the_last_word(german, tmp_path):
    preparation, _ = prepared(tmp_path, german)
    (tmp_path / "later.csv").write_bytes(written(german, german["rows"][:1]))
    said = DataOptions(encoding="cp1252", delimiter="semicolon", decimal=",", header="yes")
    found = read_rows(preparation, tmp_path / "later.csv", said)
    assert not found.warnings
    assert len(found.inputs) == 1
