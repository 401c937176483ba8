"""Log-mel: a sound as a picture, bands of pitch as the ear hears it over time.

Power of a windowed Fourier transform, summed by triangles evenly spaced in mel,
    mel(f) = 2595 log10(1 + f / 700),
then in decibels: 10 log10(power), at most RANGE below the loudest of the sound. Source of the scale:
O'Shaughnessy 1987, as in HTK (Young et al., The HTK Book, eq. 5.13); of the triangles: Davis & Mermelstein
1980.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RANGE = 80.0
"""Decibels between the loudest and the softest that is told from silence."""
SOFTEST = 1e-10


def mel(frequency: Floats | float) -> Floats:
    """Return frequencies in Hz as mel."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(frequency) / 700.0))


def frequency(mels: Floats | float) -> Floats:
    """Return mel as frequencies in Hz."""
    return np.asarray(700.0 * (10.0 ** (np.asarray(mels) / 2595.0) - 1.0))


@lru_cache(maxsize=8)
def mel_filters(rate: int, size: int, bands: int) -> Floats:
    """Return the weight of each frequency of a transform of `size` samples in each band: (bands, size/2 + 1).

    Band b rises from corner b to 1 at corner b + 1 and falls to 0 at corner b + 2; the corners are evenly
    spaced in mel from 0 to half the rate.
    """
    corners = frequency(np.linspace(0.0, float(mel(rate / 2)), bands + 2))
    at = np.arange(size // 2 + 1) * rate / size
    rising = (at - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - at) / (corners[2:] - corners[1:-1])[:, None]
    filters: Floats = np.maximum(0.0, np.minimum(rising, falling))
    # A triangle between two frequencies of the transform would hear nothing.
    deaf = np.flatnonzero(filters.sum(axis=1) == 0)
    filters[deaf, np.argmin(np.abs(at - corners[1:-1][deaf, None]), axis=1)] = 1.0
    return filters


def log_mel(signal: Floats, rate: int, *, window: int, hop: int, bands: int) -> Floats:
    """Return the decibels (bands, frames) of a signal (n,): frames of `window` samples every `hop`.

    The last frame that holds any sample is the last one; behind its end stands silence.
    """
    frames = max(1, -(-(len(signal) - window) // hop) + 1)
    long = np.zeros((frames - 1) * hop + window)
    long[: len(signal)] = signal[: len(long)]
    parts = np.lib.stride_tricks.sliding_window_view(long, window)[::hop]
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)  # Hann, periodic
    size = 1 << max(0, window - 1).bit_length()
    power = np.abs(np.fft.rfft(parts * shape, size, axis=1)) ** 2
    decibels = 10.0 * np.log10(np.maximum(power @ mel_filters(rate, size, bands).T, SOFTEST))
    return np.ascontiguousarray(np.maximum(decibels, decibels.max() - RANGE).T)
