"""Folders as they are unpacked: others around the classes, names of Windows, formats that are not read."""

import itertools

import numpy as np
import pytest
from PIL import Image

from osetra.data.loading import load
from osetra.data.split import split
from osetra.errors import DataError

RNG = np.random.default_rng(3)
CLASSES = ("cat", "dog")


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(path, "png")


def said(data):
    return " ".join(f"{note.text} {note.action}" for note in data.notes)


@pytest.mark.parametrize("around", ["", "PetImages", "data/PetImages", "a/b/c"])
@pytest.mark.parametrize("parts", [(), ("train", "test"), ("train", "val", "test")])
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_the_classes_are_found_in_whatever_is_around_them(tmp_path, around, parts, slash):
    for kind, part, i in itertools.product(CLASSES, parts or ("",), range(4)):
        name = slash.join(filter(None, [*around.split("/"), part, kind, f"{i}.png"]))
        picture(tmp_path / name)
    picture(tmp_path / "__MACOSX_skip" / "._0.png") if not around else None
    data = load(tmp_path)
    assert data.classes == CLASSES and len(data) == 8 * max(1, len(parts))
    assert (f"by class are those within {around}" in said(data)) == bool(around)
    if parts:
        assert len(split(data).test) == 8 and "the split is that of the folders" in said(data)


def test_one_class_with_folders_in_it_is_named_where_nothing_tells_classes_apart(tmp_path):
    for i in range(6):
        picture(tmp_path / "all" / f"{i}.png")
    with pytest.raises(DataError, match="every row is 'all'; at least two classes are needed"):
        load(tmp_path)


@pytest.mark.parametrize("suffix", [".heic", ".HEIC", ".avif", ".cr2"])
def test_pictures_in_formats_that_are_not_read_are_counted(tmp_path, suffix):
    for kind, i in itertools.product(CLASSES, range(4)):
        picture(tmp_path / kind / f"{i}.png")
    (tmp_path / "cat" / f"9{suffix}").write_bytes(b"x")
    data = load(tmp_path)
    assert len(data) == 8
    assert f"1 of 9 pictures are left out, in formats that are not read, such as cat/9{suffix}" in said(data)
    assert "save them as .png or .jpg" in said(data)


@pytest.mark.parametrize("inner", ["img\\{}.png", "deep\\img\\{}.png"])
def test_a_table_made_on_windows_names_its_pictures(tmp_path, inner):
    rows = []
    for i in range(10):
        name = inner.format(i)
        picture(tmp_path / name.replace("\\", "/"))
        rows.append(f"{name},{CLASSES[i % 2]}\n")
    (tmp_path / "t.csv").write_text("file,label\n" + "".join(rows))
    data = load(tmp_path / "t.csv", target="label")
    assert data.kind == "images" and len(data) == 10
