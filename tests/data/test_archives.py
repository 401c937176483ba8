"""Archives of one data file, with what systems and people put beside it."""

import zipfile

import pytest

from osetra.data.loading import load
from osetra.errors import DataError

ROWS = "a,y\n" + "".join(f"{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(60))
BESIDE = [
    "README",
    "README.md",
    "readme.txt",
    "LICENSE",
    "licence.txt",
    "docs/guide.pdf",
    "data.csv.sha256",
    "metadata.json",
    "dataset-metadata.json",
    "CITATION.cff",
    "data_dictionary.txt",
    "Read me.html",
]
OF_SYSTEMS = ["__MACOSX/._data.csv", ".DS_Store", "part/.hidden.csv", "folder/"]


def archive(path, names):
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, ROWS if name.endswith("data.csv") and "._" not in name else "a,b,c\n")
    return path


@pytest.mark.parametrize("name", ["data.csv", "deep/er/data.csv"])
@pytest.mark.parametrize("beside", BESIDE)
def test_what_accompanies_the_data_is_left_out_and_said(tmp_path, name, beside):
    data = load(archive(tmp_path / "t.zip", [beside, *OF_SYSTEMS, name]))
    assert len(data) == 60
    assert f"of the archive {name} is read; {beside} left out" in [note.text for note in data.notes]


def test_what_systems_leave_is_no_matter(tmp_path):
    data = load(archive(tmp_path / "t.zip", [*OF_SYSTEMS, "data.csv"]))
    assert len(data) == 60 and "archive" not in {note.rule for note in data.notes}


@pytest.mark.parametrize("name", ["notice_data.csv", "about.csv", "metadata.csv", "README.csv"])
def test_a_table_is_data_whatever_its_name(tmp_path, name):
    with pytest.raises(DataError, match="the archive holds 2 files"):
        load(archive(tmp_path / "t.zip", ["data.csv", name]))


def test_a_readme_alone_is_the_data(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        packed.writestr("readme.txt", ROWS)
    assert len(load(tmp_path / "t.zip")) == 60
