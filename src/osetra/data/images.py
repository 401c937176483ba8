"""Images: arrays and folders of pictures, one folder per class.

Everything becomes one array (n, channels, height, width) of bytes or floats.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Images
from osetra.errors import DataError, MissingExtra
from osetra.files import kind_of

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
LARGEST_SIDE = 64
"""Pictures are shrunk to at most this many pixels a side: what a small network on a CPU can take."""


def as_images(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], source: str) -> Images:
    """Return pictures as (n, channels, height, width) uint8 or float32.

    Takes (n, h, w), (n, h, w, c) and (n, c, h, w) with c of 1, 3 or 4.

    Raises:
        DataError: another shape, or values that are not finite numbers.
    """
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3, 4) and array.shape[3] in (1, 3, 4):
        array = np.moveaxis(array, 3, 1)
    elif array.ndim != 4 or array.shape[1] not in (1, 3, 4):
        raise DataError(
            f"{source}: an array of shape {array.shape} is neither (n, h, w), (n, h, w, c) nor "
            "(n, c, h, w) with 1, 3 or 4 channels"
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array).astype(np.uint8)
    values = np.ascontiguousarray(array).astype(np.float32)
    if not np.all(np.isfinite(values)):
        raise DataError(f"{source}: some pixels are not finite numbers; fill them first")
    return values


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures under each sub-folder with at least one, sorted by name."""
    found = {
        child.name: sorted(p for p in child.rglob("*") if p.suffix.lower() in PICTURES)
        for child in sorted(folder.iterdir())
        if child.is_dir() and not child.name.startswith(".")
    }
    return {name: files for name, files in found.items() if files}


def read_class_folders(folder: Path) -> tuple[Images, CategoryColumn, tuple[Finding, ...]]:
    """Read a folder that holds one sub-folder of pictures per class.

    Gives back the pictures, the class of each, and a note when sizes had to be made equal.

    Raises:
        DataError: no sub-folder with pictures, or a picture that cannot be read.
        MissingExtra: Pillow is not installed.
    """
    by_class = class_folders(folder)
    if not by_class:
        raise DataError(
            f"{folder}: no pictures in sub-folders; put the pictures of each class into a folder "
            f"with the name of the class ({', '.join(PICTURES[:4])} …)"
        )
    files = [file for members in by_class.values() for file in members]
    images, note = read_pictures(files)
    codes = np.repeat(np.arange(len(by_class)), [len(members) for members in by_class.values()])
    return images, CategoryColumn("class", codes.astype(np.int64), tuple(by_class)), note


def read_pictures(
    files: list[Path], shape: tuple[int, int, int] | None = None
) -> tuple[Images, tuple[Finding, ...]]:
    """Read picture files as (n, channels, height, width) uint8, resized to `shape` or a common size.

    Raises:
        DataError: a file that is no readable picture.
        MissingExtra: Pillow is not installed.
    """
    pictures = [_open(file) for file in files]
    sizes = Counter(picture.size for picture in pictures)
    if shape is None:
        width, height = _common_size(sizes)
        gray = all(picture.mode in ("1", "L", "I;16", "I") for picture in pictures)
        shape = (1 if gray else 3, height, width)
    mode, size = {1: "L", 3: "RGB", 4: "RGBA"}[shape[0]], (shape[2], shape[1])
    arrays = [np.asarray(_fitted(picture, mode, size), dtype=np.uint8) for picture in pictures]
    resized = sum(count for each, count in sizes.items() if each != size)
    text = f"{resized} of {len(files)} pictures were resized to {size[0]}×{size[1]} pixels"
    note = (Finding(rule="pictures-resized", level="info", text=text),) if resized else ()
    return as_images(np.stack(arrays), str(files[0].parent)), note


def _open(file: Path) -> Image:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra(f"{file}: reading pictures needs Pillow: pip install pillow") from None
    if kind := kind_of(file):
        raise DataError(f"{file} is {kind} and no picture; remove it")
    try:
        with Image.open(file) as picture:
            picture.load()
            return picture.copy()
    except FileNotFoundError:
        raise DataError(f"{file}: no such file; check the path") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: not a readable picture ({error}); remove or replace it") from None


def _common_size(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    width, height = sizes.most_common(1)[0][0]
    shrink = min(1.0, LARGEST_SIDE / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _fitted(picture: Image, mode: str, size: tuple[int, int]) -> Image:
    picture = picture if picture.mode == mode else picture.convert(mode)
    return picture if picture.size == size else picture.resize(size)
