"""Sequences and sounds for the exported `predict.py`, which stands beside this file; needs NumPy only.

Sequences come as an array (n, steps, channels) in .npy or .npz, or as the rows of a table with a column that
says which rows belong together. Sounds come as WAV files; FLAC needs soundfile.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

SOUNDS = (".wav", ".wave", ".flac")
ARRAYS = (".npy", ".npz")
INPUTS = (
    "x", "X", "data", "features", "images", "image", "pixels", "sequences", "sequence", "series", "signals",
)  # fmt: skip
LOUDEST, SOFTEST = 80.0, 1e-10
AT_ONCE = 4096


def read_array(path: Path) -> Any:
    """Return the array of sequences in a .npy or .npz file."""
    found = np.load(path, allow_pickle=False)
    if path.suffix.lower() == ".npy":
        return found
    names = [name for name in INPUTS if name in found.files and found[name].ndim > 1]
    if not names:
        raise ValueError(f"no array called x; found {', '.join(found.files)}")
    return found[names[0]]


def from_array(array: Any, how: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return prepared values (n, channels, steps) and lengths (n, 1) of an array (n, steps, channels)."""
    values = np.asarray(array, np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    channels = len(how["recipe"]["channels"])
    if values.ndim != 3 or values.shape[2] != channels:
        raise ValueError(f"an array of shape {values.shape}; the model needs (n, steps, {channels})")
    known = np.any(~np.isnan(values), axis=2)
    lengths = np.maximum(1, values.shape[1] - np.argmax(known[:, ::-1], axis=1))
    return prepared(values, np.where(np.any(known, axis=1), lengths, 1), how)


def from_columns(
    columns: Mapping[str, Any], series: Sequence[str | None], times: Any, how: Mapping[str, Any]
) -> tuple[list[str], Any, Any]:
    """Return the names, prepared values and lengths of the sequences in the rows of a table.

    Args:
        columns: what was read of each channel's column: numbers, or levels of a category.
        series: which sequence each row belongs to.
        times: by what rows are ordered within one; None for the order of the file.
        how: the preparation of sequences.
    """
    recipe = how["recipe"]
    if None in series:
        raise ValueError(f"{recipe['series']}: row {list(series).index(None) + 1} belongs to no series")
    names = list(dict.fromkeys(str(name) for name in series))
    place = {name: number for number, name in enumerate(names)}
    places = np.array([place[str(name)] for name in series])
    if times is not None and np.any(np.isnan(times)):
        row = int(np.flatnonzero(np.isnan(times))[0]) + 1
        raise ValueError(f"{recipe['time']}: row {row} has no time")
    order = np.argsort(places, kind="stable") if times is None else np.lexsort((times, places))
    lengths = np.bincount(places)
    rows = np.stack(
        [
            columns[name]
            if level is None
            else np.array([cell == level for cell in columns[name]], np.float64)
            for name, level in zip(recipe["channels"], recipe["levels"], strict=True)
        ],
        axis=1,
    )
    values = np.full((len(names), int(lengths.max()), rows.shape[1]), np.nan)
    values[np.arange(values.shape[1]) < lengths[:, None]] = rows[order]
    return names, *prepared(values, lengths, how)


def prepared(values: Any, lengths: Any, how: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return values (n, steps, channels), NaN where missing, filled, merged, scaled and padded."""
    count, steps = how["recipe"]["merged"], values.shape[1]
    values = _filled(values, lengths)
    if count > 1:
        whole = math.ceil(steps / count)
        inside = (np.arange(steps) < lengths[:, None])[:, :, None]
        sums = np.zeros((len(values), whole * count, values.shape[2]))
        sums[:, :steps] = np.where(inside, values, 0.0)
        sums = sums.reshape(len(values), whole, count, -1).sum(axis=2)
        left = np.clip(lengths[:, None] - count * np.arange(whole), 1, count)
        values, lengths = sums / left[:, :, None], -(-lengths // count)
    values = np.moveaxis(values, 2, 1).astype(np.float32)
    shift, scale = (np.array(how[key], np.float64)[:, None] for key in ("shift", "scale"))
    scaled = (values - shift) / scale
    scaled[np.isnan(scaled)] = 0.0
    scaled *= np.arange(values.shape[2]) < lengths[:, None, None]
    # The graph halves the steps and needs enough of them; what is behind an end is never looked at.
    each = how["in_twos"]
    missing = each * max(2, math.ceil(values.shape[2] / each)) - values.shape[2]
    scaled = np.pad(scaled, ((0, 0), (0, 0), (0, missing)))
    return scaled.astype(np.float32), np.asarray(lengths, np.int64)[:, None]


def _filled(values: Any, lengths: Any) -> Any:
    """Return values with gaps on the line between their neighbours in time, the ends held."""
    values = values.copy()
    inside = np.arange(values.shape[1])[None, :, None] < lengths[:, None, None]
    gaps = np.isnan(values) & inside
    for row, channel in np.argwhere(np.any(gaps, axis=1)):
        line, gone = values[row, : lengths[row], channel], gaps[row, : lengths[row], channel]
        if not np.all(gone):
            line[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), line[~gone])
    return values


def read_sounds(path: Path, recipe: Mapping[str, Any]) -> tuple[list[str], Any]:
    """Return the names of a folder of sounds, or of one, and their log-mel pictures (n, 1, bands, frames)."""
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SOUNDS)
    if not files:
        raise ValueError("no sounds in this folder (.wav, .flac)")
    names = [str(file.relative_to(path)) if path.is_dir() else file.name for file in files]
    pictures = [_picture(*read_sound(file), recipe) for file in files]
    return names, np.stack(pictures).astype(np.float32)[:, None]


def read_sound(file: Path) -> tuple[int, Any]:
    """Return the rate and the samples of a sound, mixed down to one channel, in -1 … 1."""
    rate, samples = _flac(file) if file.suffix.lower() == ".flac" else _wav(file)
    mixed = samples.mean(axis=1)
    if not len(mixed) or not np.all(np.isfinite(mixed)) or np.ptp(mixed) == 0:
        raise ValueError(f"{file}: an empty or silent sound")
    return rate, mixed


def _wav(file: Path) -> tuple[int, Any]:
    raw = file.read_bytes()
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise ValueError(f"{file}: not a WAV file")
    kind = channels = rate = bits = 0
    at = 12
    while at + 8 <= len(raw):
        name, size = raw[at : at + 4], struct.unpack("<I", raw[at + 4 : at + 8])[0]
        body = raw[at + 8 : at + 8 + size]
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            kind = struct.unpack("<H", body[24:26])[0] if kind == 0xFFFE else kind
        elif name == b"data" and channels and kind in (1, 3):
            return rate, _samples(body, kind, bits).reshape(-1, channels)
        at += 8 + size + size % 2
    raise ValueError(f"{file}: a WAV file without samples of whole numbers or floats")


def _samples(body: bytes, kind: int, bits: int) -> Any:
    if bits == 24:
        three = np.frombuffer(body, np.uint8).reshape(-1, 3)
        four = np.concatenate([np.zeros((len(three), 1), np.uint8), three], axis=1)
        return four.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
    values = np.frombuffer(body, f"<{'f' if kind == 3 else 'u' if bits == 8 else 'i'}{bits // 8}")
    values = values.astype(np.float64)
    if kind == 3:
        return values
    return (values - 128.0) / 128.0 if bits == 8 else values / 2.0 ** (bits - 1)


def _flac(file: Path) -> tuple[int, Any]:
    import soundfile

    samples, rate = soundfile.read(file, dtype="float64", always_2d=True)
    return int(rate), samples


def _picture(rate: int, signal: Any, recipe: Mapping[str, Any]) -> Any:
    """Return the log-mel picture (bands, frames) of a signal; behind its end stands silence."""
    length = recipe["window"] + (recipe["frames"] - 1) * recipe["hop"]
    found = _log_mel(_resampled(signal, rate, recipe["rate"])[:length], recipe)
    picture = np.full((recipe["bands"], recipe["frames"]), found.min())
    picture[:, : found.shape[1]] = found[:, : recipe["frames"]]
    return picture


def _resampled(signal: Any, rate: int, wanted: int) -> Any:
    """Return a signal at another rate: zeros between samples, a low-pass (Kaiser 5), every so many kept."""
    ratio = Fraction(wanted, rate).limit_denominator(1000) or Fraction(wanted, rate)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        return signal
    half = 10 * max(up, down)
    at = np.arange(-half, half + 1) / max(up, down)
    taps = np.sinc(at) * np.kaiser(2 * half + 1, 5.0)
    taps *= up / taps.sum()
    # Output m is the sum of x[k] taps[m·down + half - k·up]: those taps that share a phase, one sample each.
    each = math.ceil(len(taps) / up)
    phases = np.concatenate([taps, np.zeros(each * up - len(taps))]).reshape(each, up).T
    padded = np.concatenate([np.zeros(each - 1), signal, np.zeros(half // up + 2)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, each)[:, ::-1]
    count = -(-len(signal) * up // down)
    made = np.zeros(count)
    for start in range(0, count, AT_ONCE):
        place = np.arange(start, min(count, start + AT_ONCE)) * down + half
        made[start : start + AT_ONCE] = np.einsum("ij,ij->i", windows[place // up], phases[place % up])
    return made


def _log_mel(signal: Any, recipe: Mapping[str, Any]) -> Any:
    window, hop = recipe["window"], recipe["hop"]
    frames = max(1, -(-(len(signal) - window) // hop) + 1)
    long = np.zeros((frames - 1) * hop + window)
    long[: len(signal)] = signal[: len(long)]
    parts = np.lib.stride_tricks.sliding_window_view(long, window)[::hop]
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    size = 1 << max(0, window - 1).bit_length()
    power = np.abs(np.fft.rfft(parts * shape, size, axis=1)) ** 2
    decibels = 10.0 * np.log10(np.maximum(power @ _filters(recipe["rate"], size, recipe["bands"]).T, SOFTEST))
    return np.maximum(decibels, decibels.max() - LOUDEST).T


def _filters(rate: int, size: int, bands: int) -> Any:
    top = 2595.0 * np.log10(1.0 + rate / 2 / 700.0)
    corners = 700.0 * (10.0 ** (np.linspace(0.0, top, bands + 2) / 2595.0) - 1.0)
    at = np.arange(size // 2 + 1) * rate / size
    rising = (at - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - at) / (corners[2:] - corners[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    deaf = np.flatnonzero(filters.sum(axis=1) == 0)
    filters[deaf, np.argmin(np.abs(at - corners[1:-1][deaf, None]), axis=1)] = 1.0
    return filters
