"""Pictures as cameras, scanners and web pages make them."""

import numpy as np
import pytest
from PIL import Image

from osetra.data.images import read_pictures
from osetra.data.loading import load
from osetra.data.split import split
from osetra.errors import DataError


def test_16_bits_keep_their_range(tmp_path):
    for name, base in (("dark", 3000), ("light", 50_000)):
        (tmp_path / name).mkdir()
        for i in range(3):
            values = (base + 100 * np.arange(400).reshape(20, 20) % 4000).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / name / f"{i}.png")
    images = load(tmp_path).images
    assert images.dtype == np.float32
    assert images[0].max() < 30 < 190 < images[3].min() <= images.max() <= 255
    assert len(np.unique(images[0])) > 30


def test_a_picture_is_turned_as_its_camera_was(tmp_path):
    picture = Image.fromarray(np.tile(np.arange(40, dtype=np.uint8) * 6, (20, 1)))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    read = read_pictures([tmp_path / "a.jpg"]).images
    assert read.shape == (1, 1, 40, 20)
    assert read[0, 0, 0].mean() < 20 < 200 < read[0, 0, -1].mean()


def test_what_is_transparent_lies_on_white(tmp_path):
    pixels = np.zeros((8, 8, 4), dtype=np.uint8)
    pixels[:4, :, 3] = 255  # above opaque black, below nothing
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = read_pictures([tmp_path / "a.png"]).images
    assert read.shape == (1, 3, 8, 8)
    assert (read[0, :, 0].max(), read[0, :, 7].min()) == (0, 255)


def folders(tmp_path, *parts, broken=0):
    rng = np.random.default_rng(0)
    for part in parts:
        for label in ("cat", "dog"):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for i in range(6):
                Image.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8)).save(folder / f"{i}.png")
    for i in range(broken):
        (tmp_path / parts[0] / "cat" / f"broken{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")


def test_folders_of_a_split_are_the_split_and_no_classes(tmp_path):
    folders(tmp_path, "Train", "valid", "test")
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert [len(part) for part in (split(data).train, split(data).validation, split(data).test)] == [
        12,
        12,
        12,
    ]


def test_train_and_val_alone_seal_val(tmp_path):
    folders(tmp_path, "train", "val")
    parts = split(load(tmp_path))
    assert len(parts.test) == 12
    assert len(parts.train) + len(parts.validation) == 12


def test_classes_that_are_called_like_parts_stay_classes(tmp_path):
    folders(tmp_path, "a")
    (tmp_path / "a" / "cat").rename(tmp_path / "a" / "test")
    assert load(tmp_path / "a").classes == ("dog", "test")


def test_broken_pictures_are_left_out_and_counted(tmp_path):
    folders(tmp_path, ".", broken=2)
    data = load(tmp_path)
    assert len(data) == 12
    assert data.notes[-1].text == "2 of 14 pictures cannot be read and are left out: broken0.png, broken1.png"


def test_a_table_may_name_pictures_and_their_labels(tmp_path):
    folders(tmp_path, "all")
    lines = [f"{i}.png,{'x' if i % 2 else 'z'}" for i in range(6)]
    (tmp_path / "all" / "labels.csv").write_text("\n".join(["filename,label", *lines, "99.png,x", ""]))
    data = load(tmp_path / "all" / "labels.csv")
    assert data.images.shape == (6, 1, 9, 9)
    assert data.classes == ("x", "z")
    assert data.target.tolist() == [1, 0, 1, 0, 1, 0]
    assert "1 of 7 pictures cannot be read" in " ".join(note.text for note in data.notes)


def test_a_table_of_pictures_that_are_elsewhere_says_so(tmp_path):
    (tmp_path / "labels.csv").write_text("filename,label\na.png,x\nb.png,z\n")
    with pytest.raises(DataError, match=r"names pictures such as 'a\.png', which are not in"):
        load(tmp_path / "labels.csv")
