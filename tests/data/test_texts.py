"""Free text: its tokens, the columns that hold it, and folders of texts by class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.split import split
from osetra.data.words import common_words, numbered, texts_holding, tokens, word_count
from osetra.errors import DataError

GOOD = ["I really loved this one", "a truly good thing", "good, very good!", "loved it, and more"]
BAD = ["I really hated this one", "a truly poor thing", "poor, very poor!", "hated it, and more"]


def folder_of(place, per_class=8):
    for name, lines in (("good", GOOD), ("bad", BAD)):
        (place / name).mkdir(parents=True)
        for i in range(per_class):
            (place / name / f"{i}.txt").write_text(f"{lines[i % 4]} number {i}", encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don’t STOP!!!", ["don’t", "stop", "!!!"]),
        ("#MAGA @you, 1984", ["#maga", "@you", ",", "1984"]),
        ("call 08712300220", ["call", "00000000000"]),
        ("我爱你 ok", ["我", "爱", "你", "ok"]),
        ("", []),
        ("a" * 50, ["a" * 40]),
    ],
)
def test_tokens_are_words_marks_and_single_characters(text, found):
    assert tokens(text) == found


@given(st.lists(st.text(max_size=30), max_size=8, unique=True))
def test_numbers_stand_for_the_tokens_of_each_text(texts):
    found = numbered(tuple(texts))
    begins = found.ends - found.lengths
    for text, begin, end in zip(texts, begins, found.ends, strict=True):
        assert [found.lexicon[i] for i in found.flat[begin:end]] == tokens(text)
    assert len(set(found.lexicon)) == len(found.lexicon)
    assert not any(" " in token for token in found.lexicon)  # a card joins them with spaces


@given(st.text(max_size=60), st.text(max_size=60))
def test_tokens_of_two_texts_are_those_of_each(one, other):
    assert tokens(f"{one} {other}") == tokens(one) + tokens(other)


@given(
    st.lists(st.tuples(st.text("ab !", max_size=8), st.integers(1, 4)), max_size=6, unique_by=lambda x: x[0])
)
def test_texts_that_hold_a_word_are_counted_by_how_often_they_occur(pairs):
    found = numbered(tuple(text for text, _ in pairs))
    counts = texts_holding(found, np.array([n for _, n in pairs], dtype=np.int64))
    for token, count in zip(found.lexicon, counts, strict=True):
        assert count == sum(n for text, n in pairs if token in tokens(text))


def test_common_words_are_neither_everywhere_nor_alone():
    levels = tuple(f"the {'good' if i % 2 else 'poor'} thing {i}x" for i in range(20))
    assert set(common_words(levels, np.ones(20, dtype=np.int64))) == {"good", "poor"}


def test_scripts_without_spaces_have_words_too():
    assert word_count("我爱自然语言处理") == pytest.approx(5, abs=1)


def test_a_folder_of_texts_is_read_by_class(tmp_path):
    data = load(folder_of(tmp_path / "reviews"))
    assert data.classes == ("bad", "good") and len(data) == 16
    (column,) = data.texts
    assert column.name == "text" and column.levels[column.codes[0]] in {f"{t} number 0" for t in BAD}
    assert "16 rows, 1 column (1 of text), 2 classes" in data.shape


def test_folders_of_a_split_are_the_split(tmp_path):
    for part in ("train", "val", "test"):
        folder_of(tmp_path / "all" / part, 4)
    data = load(tmp_path / "all")
    parts = split(data)
    assert [len(each) for each in (parts.train, parts.validation, parts.test)] == [8, 8, 8]
    assert [column.name for column in data.columns] == ["text"]


def test_without_a_test_folder_validation_is_sealed(tmp_path):
    for part, count in (("train", 8), ("val", 4)):
        folder_of(tmp_path / "all" / part, count)
    parts = split(load(tmp_path / "all"))
    assert len(parts.test) == 8 and len(parts.train) + len(parts.validation) == 16


def test_files_that_are_empty_or_no_text_are_left_out_and_counted(tmp_path):
    place = folder_of(tmp_path / "reviews")
    (place / "good" / "nothing.txt").write_text(" \n")
    (place / "bad" / "picture.txt").write_bytes(bytes(range(256)) * 8)
    data = load(place)
    said = {note.rule: note.text for note in data.notes}
    assert len(data) == 16
    assert said["texts-empty"] == "1 of 18 files are empty: left out are nothing.txt"
    assert said["texts-broken"] == "1 of 18 files are no text: left out are picture.txt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_texts_are_read_in_their_encoding(tmp_path, encoding):
    place = folder_of(tmp_path / "reviews")
    (place / "good" / "0.txt").write_bytes("good coffee at the café, very good".encode(encoding))
    assert "good coffee at the café, very good" in load(place).texts[0].levels


def test_a_folder_without_any_text_is_named(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "a.txt").write_bytes(b"\0\1\2" * 50)
    with pytest.raises(DataError, match="none of 2 files can be read as text; save them as UTF-8"):
        load(tmp_path / "all")


def test_texts_that_are_all_alike_teach_nothing(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / "all" / name).mkdir(parents=True)
        for i in range(5):
            (tmp_path / "all" / name / f"{i}.txt").write_text("every text is the same")
    with pytest.raises(DataError, match="no column is left to predict 'class' from"):
        load(tmp_path / "all")


def test_a_target_of_texts_that_are_all_different_is_refused(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("x,y\n" + "".join(f"{i},this is text number {i} of them\n" for i in range(60)))
    with pytest.raises(DataError, match="y"):
        load(file, target="y")


def test_a_cell_of_a_megabyte_is_read(tmp_path):
    file = tmp_path / "t.csv"
    rows = [f"{(GOOD if i % 2 else BAD)[i % 4]} {i},{'yes' if i % 2 else 'no'}" for i in range(40)]
    rows[3] = "good word " * 120_000 + ",yes"
    file.write_text(
        "\n".join(["review,y", *(f'"{r.rpartition(",")[0]}",{r.rpartition(",")[2]}' for r in rows)])
    )
    assert len(load(file, target="y", reading=DataOptions(text=("review",))).texts) == 1


def test_a_table_names_texts_beside_its_other_columns(tmp_path):
    from osetra.data.dataset import TextColumn

    words = {"good": "a lovely warm day at the sea", "bad": "rain and a cold wind in the night"}
    rows = []
    for i in range(40):
        kind = ("good", "bad")[i % 2]
        (tmp_path / f"{i}.txt").write_text("" if i == 3 else f"{words[kind]} number {i}")
        rows.append(f"{i}.txt,{i % 5},{kind}")
    (tmp_path / "labels.csv").write_text("\n".join(["file,stars,kind", *rows]) + "\n")
    data = load(tmp_path / "labels.csv", target="kind")
    (column,) = (column for column in data.columns if isinstance(column, TextColumn))
    assert column.name == "file"
    assert "a lovely warm day at the sea number 0" in column.levels
    assert column.codes[3] == -1  # an empty file is a missing cell
    assert [column.name for column in data.columns] == ["file", "stars"]
    said = "\n".join(note.text for note in data.notes)
    assert "the texts are those of the files named in 'file'" in said
    assert "1 of 40 files are empty" in said
    dropped = load(tmp_path / "labels.csv", target="kind", reading=DataOptions(drop=("file",)))
    assert [column.name for column in dropped.columns] == ["stars"]
