"""Images: arrays, folders of pictures by class, and tables that name pictures.

Everything becomes one array (n, channels, height, width) of bytes, or of floats where pixels are deeper
than 8 bits. Files are opened, turned upright, laid on white where they are transparent, shrunk and let go
one by one.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Codes, Images
from osetra.data.folders import read_folders
from osetra.data.table import note
from osetra.errors import DataError, MissingExtra
from osetra.files import kind_of

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
LARGEST_SIDE = 64
"""PictureFiles are shrunk to at most this many pixels a side: what a small network on a CPU can take."""


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


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """Pictures that could be read."""

    images: Images
    kept: Codes
    """Which of the files they are, from 0."""
    notes: tuple[Finding, ...]


def read_class_folders(
    folder: Path,
) -> tuple[Images, CategoryColumn, Codes | None, tuple[Finding, ...]]:
    """Read a folder that holds one sub-folder of pictures per class, or of train, val and test with those.

    Gives back the pictures, the class of each, the part of a given split, and notes on what was changed.

    Raises:
        DataError: no sub-folder with pictures, or none that can be read.
        MissingExtra: Pillow is not installed.
    """
    found = read_folders(folder, PICTURES, "pictures")
    pictures = read_pictures(found.files, skip=True)
    column, parts = found.labels(pictures.kept)
    return pictures.images, column, parts, (*found.notes, *pictures.notes)


def read_pictures(
    files: Sequence[Path], shape: tuple[int, int, int] | None = None, *, skip: bool = False
) -> PictureFiles:
    """Read picture files as (n, channels, height, width), resized to `shape` or a common size.

    Args:
        files: the pictures.
        shape: channels, height and width; left out, those of most pictures, shrunk.
        skip: whether files that cannot be read are left out with a count.

    Raises:
        DataError: a file that is no readable picture.
        MissingExtra: Pillow is not installed.
    """
    kept: list[int] = []
    heads: list[tuple[tuple[int, int], bool, bool]] = []
    broken: list[str] = []
    first: DataError | None = None
    for i, file in enumerate(files):
        try:
            heads.append(_head(file))
            kept.append(i)
        except DataError as error:
            first = first or error
            broken.append(_refused(error, file, skip=skip))
    if first is not None and not heads:
        raise first
    sizes = Counter(size for size, _, _ in heads)
    if shape is None:
        width, height = _common_size(sizes)
        shape = (1 if all(gray for _, gray, _ in heads) else 3, height, width)
    deep = any(deep for _, _, deep in heads)
    images = np.zeros((len(kept), *shape), dtype=np.float32 if deep else np.uint8)
    good: list[int] = []
    for i in kept:
        try:
            images[len(good)] = _pixels(files[i], shape, deep=deep)
            good.append(i)
        except DataError as error:
            first = first or error
            broken.append(_refused(error, files[i], skip=skip))
    if first is not None and not good:
        raise first
    notes = []
    resized = sum(count for each, count in sizes.items() if each != (shape[2], shape[1]))
    if resized:
        text = f"{resized} of {len(files)} pictures were resized to {shape[2]}×{shape[1]} pixels"
        notes.append(note("pictures-resized", text))
    if broken:
        shown = ", ".join(broken[:3]) + (" …" if len(broken) > 3 else "")
        text = f"{len(broken)} of {len(files)} pictures cannot be read and are left out: {shown}"
        notes.append(Finding(rule="pictures-broken", level="warning", text=text))
    return PictureFiles(images[: len(good)], np.array(good, dtype=np.int64), tuple(notes))


def _refused(error: DataError, file: Path, *, skip: bool) -> str:
    if not skip:
        raise error
    return file.name


def _head(file: Path) -> tuple[tuple[int, int], bool, bool]:
    """Return a picture's upright size, and whether it is gray, and deeper than 8 bits, from its header."""
    with _opened(file) as picture:
        width, height = picture.size
        try:
            turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise DataError(f"{file}: not a readable picture ({error}); remove or replace it") from None
        gray = picture.mode in ("1", "L", "LA", "I", "F") or picture.mode.startswith("I;16")
        return (height, width) if turned else (width, height), gray, _is_deep(picture.mode)


def _pixels(file: Path, shape: tuple[int, int, int], *, deep: bool) -> Any:
    """Return a picture's pixels (channels, height, width) in 0 … 255."""
    from PIL import Image, ImageOps

    size = (shape[2], shape[1])
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[shape[0]]
    with _opened(file) as opened:
        try:
            opened.draft("L" if mode == "L" else "RGB", (4 * size[0], 4 * size[1]))
            opened.load()
            picture: Image.Image = ImageOps.exif_transpose(opened)
            if _is_deep(picture.mode):
                values = _scaled(np.asarray(picture, dtype=np.float32), picture.mode)
                if picture.size != size:
                    values = np.asarray(Image.fromarray(values).resize(size))
                return np.broadcast_to(values[None], shape)
            if mode != "RGBA" and ("A" in picture.mode or "transparency" in picture.info):
                clear = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
            picture = picture if picture.mode == mode else picture.convert(mode)
            picture = picture if picture.size == size else picture.resize(size)
            array = np.asarray(picture, dtype=np.float32 if deep else np.uint8)
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise DataError(f"{file}: not a readable picture ({error}); remove or replace it") from None
    return array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0)


def _is_deep(mode: str) -> bool:
    return mode in ("I", "F") or mode.startswith("I;16")


def _scaled(values: Any, mode: str) -> Any:
    """Return deep pixels in 0 … 255: 16 bits as they are declared, others by what fits."""
    if mode.startswith("I;16"):
        return values / np.float32(257.0)
    most = float(values.max(initial=0.0))
    if mode == "F" and most <= 1.0:
        return values * np.float32(255.0)
    return values / np.float32(257.0) if most > 255.0 else values


def _opened(file: Path) -> Image:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra(f"{file}: reading pictures needs Pillow: pip install pillow") from None
    if kind := kind_of(file):
        raise DataError(f"{file} is {kind} and no picture; remove it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file)
    except FileNotFoundError:
        raise DataError(f"{file}: no such file; check the path") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: not a readable picture ({error}); remove or replace it") from None


def _common_size(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    width, height = sizes.most_common(1)[0][0]
    shrink = min(1.0, LARGEST_SIDE / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))
