"""Spoken digits as WAV files: ten digits by several voices, speeds and pitches, with noise.

    python examples/spoken_digits.py digits-wav
    osetra tune digits-wav --minutes 4

Needs the speech synthesiser espeak-ng (apt-get install espeak-ng), and NumPy and SciPy, which osetra has. The
folder gets train, val and test; the voices of test are heard nowhere else, so that a network is judged by
people whom it does not know. Noise and loudness come from a fixed seed: the same files every time.
"""

import shutil
import subprocess
import sys
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from scipy.io import wavfile

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES = {
    "train": ("en", "en-us", "en+m3", "en-us+f2", "en-gb-scotland+m2", "en-us+m5", "en+f4"),
    "val": ("en-us+m1", "en-gb-x-rp+f3"),
    "test": ("en-gb-x-gbclan+m7", "en-us+f5", "en-gb-x-rp+m4"),
}
SPEEDS = (110, 150, 200)
"""Words per minute."""
PITCHES = (30, 50, 70)
NOISE = (5.0, 20.0)
"""Decibels that the voice is above the noise."""


def spoken(word, voice, speed, pitch):
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), "-p", str(pitch), word]
    made = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - a fixed program
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # into a pipe it writes no length
        rate, samples = wavfile.read(BytesIO(made.stdout))
    return rate, samples.astype(np.float64) / 32768


def noisy(samples, rng):
    """Return a sound that begins somewhere, at some loudness, in some noise."""
    before, after = rng.integers(0, 4000, size=2)
    sound = np.pad(samples, (before, after))
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-rng.uniform(*NOISE) / 20)
    sound = (sound + level * rng.normal(size=len(sound))) * rng.uniform(0.2, 0.9)
    return np.clip(sound * 32767, -32768, 32767).astype(np.int16)


def main(folder):
    if shutil.which("espeak-ng") is None:
        sys.exit("espeak-ng is not installed: apt-get install espeak-ng")
    rng, count = np.random.default_rng(0), 0
    for part, voices in VOICES.items():
        for digit, word in enumerate(DIGITS):
            place = folder / part / str(digit)
            place.mkdir(parents=True, exist_ok=True)
            for voice in voices:
                for speed in SPEEDS:
                    for pitch in PITCHES:
                        rate, samples = spoken(word, voice, speed, pitch)
                        name = f"{voice.replace('+', '-')}-{speed}-{pitch}.wav"
                        wavfile.write(place / name, rate, noisy(samples, rng))
                        count += 1
    print(f"{count} sounds in {folder}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    main(Path(sys.argv[1]))
