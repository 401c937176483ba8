"""Sound: WAV and FLAC files as log-mel pictures of one size.

Channels are mixed down, rates made one (the commonest, at most MOST_RATE), long sounds cut and short ones
padded with silence. What cannot be read, is empty or silent is left out, with a count.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import Codes
from osetra.data.log_mel import log_mel
from osetra.data.table import note
from osetra.errors import DataError, MissingExtra
from osetra.files import kind_of
from osetra.installing import install_line

Floats = NDArray[np.float64]
SOUNDS = (".wav", ".wave", ".flac")
MOST_RATE = 16_000
"""Samples per second: speech has little above 8 kHz."""
BANDS = 40
WINDOW, HOP = 0.025, 0.010
"""Seconds, as usual for speech: Young et al., The HTK Book, ch. 5."""
MOST_FRAMES, FEWEST_FRAMES = 64, 16
"""Pictures of longer sounds have longer steps instead: what a small network on a CPU can take."""
CUT_AT = 0.95
"""Share of the sounds that are kept whole."""
FASTEST = 10_000_000
"""No sound has so many samples per second: the header is damaged."""


@dataclass(frozen=True, slots=True)
class SoundRecipe:
    """How a sound becomes a picture (bands, frames), kept with a model."""

    rate: int
    bands: int
    window: int
    """Samples per frame."""
    hop: int
    """Samples from frame to frame."""
    frames: int

    @property
    def seconds(self) -> float:
        """How much of a sound is heard."""
        return (self.window + (self.frames - 1) * self.hop) / self.rate

    @property
    def text(self) -> str:
        """A few words on it."""
        return (
            f"sounds of up to {self.seconds:.2g} s at {self.rate} Hz, as pictures of {self.bands} bands × "
            f"{self.frames} frames"
        )


@dataclass(frozen=True, slots=True, eq=False)
class SoundFiles:
    """Sounds that could be read."""

    pictures: NDArray[np.float32]
    """(n, 1, bands, frames) decibels."""
    kept: Codes
    """Which of the files they are, from 0."""
    recipe: SoundRecipe
    notes: tuple[Finding, ...]


def read_sounds(
    files: Sequence[Path], recipe: SoundRecipe | None = None, *, skip: bool = False
) -> SoundFiles:
    """Return sound files as log-mel pictures, as a recipe says or as most of them ask for.

    Args:
        files: the sounds.
        recipe: rate, bands and length; left out, those that suit the files.
        skip: whether what cannot be used is left out with a count.

    Raises:
        DataError: no file can be used, or one of them cannot and none is to be skipped.
        MissingExtra: FLAC without soundfile.
    """
    heads: list[tuple[int, int]] = []
    kept: list[int] = []
    refused: list[str] = []
    for place, file in enumerate(files):
        try:
            rate, signal = read_sound(file)
        except DataError as error:
            if not skip:
                raise
            refused.append(str(error))
            continue
        heads.append((rate, len(signal)))
        kept.append(place)
    if not kept:
        raise DataError(refused[0] if refused else "no sounds")
    recipe = recipe or _recipe_for(heads)
    pictures = np.zeros((len(kept), 1, recipe.bands, recipe.frames), dtype=np.float32)
    for place, which in enumerate(kept):
        pictures[place, 0] = picture_of(*read_sound(files[which]), recipe)
    return SoundFiles(
        pictures, np.array(kept, dtype=np.int64), recipe, _notes(heads, recipe, refused, len(files))
    )


def read_sound(file: Path) -> tuple[int, Floats]:
    """Return the rate and the samples of a sound, mixed down to one channel, in -1 … 1.

    Raises:
        DataError: no readable sound, an empty or a silent one.
        MissingExtra: FLAC without soundfile.
    """
    if kind := kind_of(file):
        raise DataError(f"{file} is {kind} and no sound; remove it")
    if file.is_file() and not file.stat().st_size:
        raise DataError(f"{file}: an empty file, a sound of zero length; remove it")
    rate, samples = _flac(file) if file.suffix.lower() == ".flac" else _wav(file)
    if not 0 < rate <= FASTEST:
        raise DataError(f"{file}: not a readable sound (its header says {rate} samples per second)")
    if not len(samples):
        raise DataError(f"{file}: a sound of zero length; remove it")
    mixed: Floats = samples.mean(axis=1) if samples.ndim == 2 else samples
    if not np.all(np.isfinite(mixed)):
        raise DataError(f"{file}: not a readable sound (some samples are no finite numbers); replace it")
    if np.ptp(mixed) == 0:
        raise DataError(f"{file}: silence throughout; remove or replace it")
    return rate, mixed


def picture_of(rate: int, signal: Floats, recipe: SoundRecipe) -> Floats:
    """Return the log-mel picture (bands, frames) of a signal; behind its end stands silence."""
    length = recipe.window + (recipe.frames - 1) * recipe.hop
    signal = resampled(signal, rate, recipe.rate)[:length]
    found = log_mel(signal, recipe.rate, window=recipe.window, hop=recipe.hop, bands=recipe.bands)
    picture = np.full((recipe.bands, recipe.frames), found.min())
    picture[:, : found.shape[1]] = found[:, : recipe.frames]
    return picture


def resampled(signal: Floats, rate: int, wanted: int) -> Floats:
    """Return a signal at another rate, without what the new rate cannot hold."""
    if rate == wanted:
        return signal
    from scipy.signal import resample_poly

    # Odd rates have filters as long as themselves; a thousandth is not heard.
    ratio = Fraction(wanted, rate).limit_denominator(1000)
    if not ratio:
        ratio = Fraction(wanted, rate)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        return signal
    # Its stubs do not know that a window may be the filter itself.
    made = resample_poly(signal, up, down, window=_low_pass(max(up, down)))  # type: ignore[call-overload]
    return np.asarray(made, dtype=np.float64)


@lru_cache(maxsize=8)
def _low_pass(rate: int) -> Floats:
    """Return the filter that `resample_poly` would design anew for every sound."""
    from scipy.signal import firwin

    made: Floats = np.asarray(firwin(20 * rate + 1, 1.0 / rate, window=("kaiser", 5.0)), dtype=np.float64)
    return made


def _recipe_for(heads: Sequence[tuple[int, int]]) -> SoundRecipe:
    rate = min(MOST_RATE, Counter(rate for rate, _ in heads).most_common(1)[0][0])
    seconds = float(np.quantile([length / each for each, length in heads], CUT_AT))
    hop = max(HOP, seconds / MOST_FRAMES)
    window = max(WINDOW, 2 * hop)  # nothing falls between two frames
    samples, step = max(2, round(window * rate)), max(1, round(hop * rate))
    frames = 1 + math.ceil(max(0.0, seconds * rate - samples) / step)
    return SoundRecipe(rate, BANDS, samples, step, min(MOST_FRAMES, max(FEWEST_FRAMES, frames)))


def _notes(
    heads: Sequence[tuple[int, int]], recipe: SoundRecipe, refused: Sequence[str], count: int
) -> tuple[Finding, ...]:
    notes = []
    lengths = np.array([length / rate for rate, length in heads])
    others = sum(rate != recipe.rate for rate, _ in heads)
    if others:
        text = f"{others} of {count} sounds were resampled to {recipe.rate} Hz"
        notes.append(note("sounds-resampled", text))
    longer = int(np.sum(lengths > recipe.seconds + recipe.hop / recipe.rate))
    shorter = int(np.sum(lengths < recipe.seconds - recipe.hop / recipe.rate))
    if longer or shorter:
        text = f"sounds of {lengths.min():.2g} to {lengths.max():.2g} s are made {recipe.seconds:.2g} s long"
        notes.append(note("sounds-fitted", f"{text}: {shorter} padded with silence, {longer} cut"))
    if refused:
        shown = "; ".join(refused[:3]) + (" …" if len(refused) > 3 else "")
        text = f"{len(refused)} of {count} sounds cannot be used and are left out: {shown}"
        notes.append(Finding(rule="sounds-refused", level="warning", text=text))
    return tuple(notes)


def _wav(file: Path) -> tuple[int, Floats]:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            rate, samples = wavfile.read(file)
    except FileNotFoundError:
        raise DataError(f"{file}: no such file; check the path") from None
    except Exception as error:  # of a damaged header it raises whatever its parsing meets
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(f"{file}: not a readable sound ({reason}); remove or replace it") from None
    values = np.asarray(samples, dtype=np.float64)
    if samples.dtype == np.uint8:
        return int(rate), (values - 128.0) / 128.0
    if samples.dtype.kind == "i":  # of 24 bits too: they come as the upper ones of 32
        return int(rate), values / float(2 ** (8 * samples.dtype.itemsize - 1))
    return int(rate), values


def _flac(file: Path) -> tuple[int, Floats]:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: without the library that it calls
        raise MissingExtra(f"{file}: reading FLAC needs soundfile: {install_line('sound')}") from None
    try:
        samples, rate = soundfile.read(file, dtype="float64")
    except (RuntimeError, OSError) as error:
        reason = str(error).rpartition(": ")[2].strip(" .") or "its header is damaged, or it holds no samples"
        raise DataError(f"{file}: not a readable sound ({reason}); remove or replace it") from None
    return int(rate), np.asarray(samples, dtype=np.float64)
