"""Sounds: every kind of WAV, log-mel by its formula, folders, and files that are no sounds."""

import math
import re
import struct
import wave

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from osetra.data import sound as sounds
from osetra.data.loading import load
from osetra.data.log_mel import RANGE, frequency, log_mel, mel, mel_filters
from osetra.data.options import DataOptions
from osetra.data.sound import picture_of, read_sound, read_sounds, resampled
from osetra.data.split import split
from osetra.errors import DataError, MissingExtra
from osetra.installing import install_line

RATE = 8000


def tone(pitch=440.0, seconds=0.5, rate=RATE, level=0.5):
    return level * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def write(path, signal, rate=RATE, kind="16"):
    """Write a WAV file of (n,) or (n, channels) in -1 … 1 by its bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "24":
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1 if signal.ndim == 1 else signal.shape[1])
            file.setsampwidth(3)
            file.setframerate(rate)
            whole = np.rint(signal * (2**23 - 1)).astype("<i4")
            file.writeframes(whole.reshape(-1, 1).view("u1")[:, :3].tobytes())
        return path
    made = {
        "8": lambda: np.rint(signal * 127 + 128).astype(np.uint8),
        "16": lambda: np.rint(signal * 32767).astype(np.int16),
        "32": lambda: np.rint(signal * (2**31 - 1)).astype(np.int32),
        "float32": lambda: signal.astype(np.float32),
        "float64": lambda: signal.astype(np.float64),
    }[kind]()
    wavfile.write(path, rate, made)
    return path


EXACT = {"8": 0.02, "16": 5e-5, "24": 3e-7, "32": 1e-8, "float32": 1e-7, "float64": 0.0}


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 3),
    st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000, 96000]),
    st.lists(st.floats(-1, 1), min_size=2, max_size=40).filter(lambda values: np.ptp(values) > 0.2),
)
def test_every_kind_of_wav_is_read_back(tmp_path_factory, kind, channels, rate, values):
    signal = np.array(values)
    several = signal if channels == 1 else np.stack([signal * (1 - 0.1 * c) for c in range(channels)], axis=1)
    path = write(tmp_path_factory.mktemp("wav") / "a.wav", several, rate, kind)
    found_rate, found = read_sound(path)
    assert found_rate == rate
    wanted = several if channels == 1 else several.mean(axis=1)
    assert np.allclose(found, wanted, atol=EXACT[kind])


def test_mel_is_the_scale_of_the_htk_book():
    assert mel(1000.0) == pytest.approx(999.99, abs=0.01)
    assert frequency(mel(np.array([60.0, 440.0, 7000.0]))) == pytest.approx([60, 440, 7000])


def naive(signal, rate, window, hop, bands):
    """Log-mel by sums: the discrete Fourier transform and the triangles as they are defined."""
    size = 1
    while size < window:
        size *= 2
    edges = [
        700 * (10 ** (m * 2595 * math.log10(1 + rate / 1400) / (bands + 1) / 2595) - 1)
        for m in range(bands + 2)
    ]
    frames = []
    start = 0
    while start == 0 or start + window - hop < len(signal):
        part = [
            (signal[start + i] if start + i < len(signal) else 0.0)
            * (0.5 - 0.5 * math.cos(2 * math.pi * i / window))
            for i in range(window)
        ]
        power = []
        for k in range(size // 2 + 1):
            real = sum(v * math.cos(2 * math.pi * k * i / size) for i, v in enumerate(part))
            imaginary = sum(v * math.sin(2 * math.pi * k * i / size) for i, v in enumerate(part))
            power.append(real**2 + imaginary**2)
        row = []
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
            total = 0.0
            for k, p in enumerate(power):
                at = k * rate / size
                if low < at <= middle:
                    total += p * (at - low) / (middle - low)
                elif middle < at < high:
                    total += p * (high - at) / (high - middle)
            row.append(10 * math.log10(max(total, 1e-10)))
        frames.append(row)
        start += hop
    top = max(map(max, frames))
    return np.maximum(np.array(frames).T, top - 80)


@pytest.mark.parametrize("length", [40, 100, 137, 160])
def test_log_mel_is_what_its_formula_says(length):
    signal = np.random.default_rng(0).normal(size=length) * 0.3 + tone(900, length / RATE)
    found = log_mel(signal, RATE, window=64, hop=24, bands=6)
    assert np.allclose(found, naive(signal.tolist(), RATE, 64, 24, 6), atol=1e-6)


def test_every_band_hears_something_and_a_tone_is_heard_in_its_own():
    filters = mel_filters(16000, 512, 40)
    assert np.all(filters.sum(axis=1) > 0)
    assert filters.max() <= 1.0
    loud = log_mel(tone(2000, rate=16000), 16000, window=400, hop=160, bands=40).mean(axis=1)
    corners = frequency(np.linspace(0, float(mel(8000)), 42))
    assert corners[np.argmax(loud)] < 2000 < corners[np.argmax(loud) + 2]
    silent = np.concatenate([tone(2000, rate=16000), np.zeros(4000)])
    made = log_mel(silent, 16000, window=400, hop=160, bands=40)
    assert made.max() - made.min() == pytest.approx(RANGE)


@pytest.mark.parametrize(("rate", "wanted"), [(44100, 16000), (8000, 16000), (16000, 11025), (11127, 8000)])
def test_another_rate_is_the_same_sound(rate, wanted):
    signal = resampled(tone(440, 0.5, rate), rate, wanted)
    assert len(signal) == pytest.approx(wanted / 2, rel=0.002)
    middle = slice(len(signal) // 4, 3 * len(signal) // 4)
    power = np.abs(np.fft.rfft(signal[middle] * np.hanning(len(signal[middle]))))
    assert np.argmax(power) * wanted / len(signal[middle]) == pytest.approx(440, abs=10)
    assert np.abs(signal[middle]).max() == pytest.approx(0.5, abs=0.02)


def test_what_the_new_rate_cannot_hold_is_gone():
    assert np.abs(resampled(tone(7000, 0.5, 44100), 44100, 8000)[500:-500]).max() < 0.02


def folder(path, count=6, **kinds):
    rng = np.random.default_rng(0)
    for name, pitch in (("high", 1500), ("low", 300)):
        for i in range(count):
            signal = tone(pitch * (1 + 0.1 * rng.normal()), 0.3 + 0.05 * i) + 0.02 * rng.normal(
                size=round((0.3 + 0.05 * i) * RATE)
            )
            write(path / name / f"{i}.wav", np.clip(signal, -1, 1), **kinds)
    return path


def test_a_folder_of_sounds_by_class_becomes_pictures_of_one_size(tmp_path):
    data = load(folder(tmp_path))
    assert (data.kind, data.classes, len(data)) == ("sound", ("high", "low"), 12)
    assert data.images.shape[:3] == (12, 1, 40)
    assert data.images.shape[3] == data.sound.frames
    assert data.sound.rate == RATE
    assert any("padded with silence" in note.text for note in data.notes)
    assert "12 sounds of up to" in data.shape


def test_folders_of_a_split_are_the_split(tmp_path):
    for part in ("train", "val", "test"):
        folder(tmp_path / part, 3)
    data = load(tmp_path)
    assert data.classes == ("high", "low")
    assert [len(p) for p in (split(data).train, split(data).validation, split(data).test)] == [6, 6, 6]


def test_the_commonest_rate_is_taken_up_to_16_khz(tmp_path):
    write(tmp_path / "a.wav", tone(rate=44100), 44100)
    write(tmp_path / "b.wav", tone(rate=44100), 44100)
    write(tmp_path / "c.wav", tone())
    found = read_sounds([tmp_path / f"{name}.wav" for name in "abc"])
    assert found.recipe.rate == 16000
    assert "3 of 3 sounds were resampled to 16000 Hz" in found.notes[0].text
    a, c = found.pictures[0, 0], found.pictures[2, 0]
    assert np.array_equal(np.argmax(a.mean(axis=1)), np.argmax(c.mean(axis=1)))


def test_long_sounds_are_cut_at_a_quantile_and_that_is_said(tmp_path):
    files = [write(tmp_path / f"{i}.wav", tone(seconds=0.4)) for i in range(40)]
    files.append(write(tmp_path / "long.wav", tone(seconds=9.0)))
    found = read_sounds(files)
    assert found.recipe.seconds < 0.5
    assert any("1 cut" in note.text for note in found.notes)


def test_long_sounds_have_longer_steps_and_nothing_falls_between(tmp_path):
    files = [write(tmp_path / f"{i}.wav", tone(seconds=6.0)) for i in range(3)]
    recipe = read_sounds(files).recipe
    assert recipe.frames <= sounds.MOST_FRAMES
    assert recipe.window >= recipe.hop
    assert recipe.seconds == pytest.approx(6.0, rel=0.05)


def damaged(path):
    """Files that are no sounds, by what is said of them."""
    write(path / "empty.wav", np.zeros(0))
    write(path / "silent.wav", np.zeros(100))
    write(path / "constant.wav", np.full(100, 0.25))
    write(path / "nan.wav", np.array([0.1, np.nan, 0.3]), kind="float32")
    (path / "text.wav").write_text("not a sound")
    (path / "nothing.wav").write_bytes(b"")
    whole = write(path / "cut.wav", tone()).read_bytes()
    (path / "cut.wav").write_bytes(whole[:30])
    (path / "rate.wav").write_bytes(whole[:24] + struct.pack("<I", 0) + whole[28:])
    return {
        "empty": "a sound of zero length", "silent": "silence throughout", "constant": "silence throughout",
        "nan": "no finite numbers", "text": "not a readable sound", "nothing": "a sound of zero length",
        "cut": "not a readable sound", "rate": "not a readable sound",
    }  # fmt: skip


def test_what_is_no_sound_is_named(tmp_path):
    for name, said in damaged(tmp_path).items():
        with pytest.raises(DataError, match=rf"{name}\.wav: .*{said}"):
            read_sound(tmp_path / f"{name}.wav")
    with pytest.raises(DataError, match="no such file"):
        read_sound(tmp_path / "gone.wav")


def test_what_is_no_sound_is_left_out_of_a_folder_with_a_count(tmp_path):
    folder(tmp_path)
    count = len(damaged(tmp_path / "low"))
    data = load(tmp_path)
    assert len(data) == 12
    (warning,) = (note for note in data.notes if note.rule == "sounds-refused")
    assert warning.level == "warning"
    assert f"{count} of {12 + count} sounds cannot be used and are left out" in warning.text


def test_a_folder_of_nothing_but_damaged_sounds_is_refused(tmp_path):
    damaged(tmp_path / "low")
    damaged(tmp_path / "high")
    with pytest.raises(DataError, match=r"not a readable sound|zero length|silence"):
        load(tmp_path)


def test_one_sound_is_no_data(tmp_path):
    with pytest.raises(DataError, match="one sound or a film; give the folder"):
        load(write(tmp_path / "a.wav", tone()))


def test_flac_without_soundfile_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.flac").write_bytes(b"fLaC")
    with pytest.raises(MissingExtra, match=re.escape(f"needs soundfile: {install_line('sound')}")):
        load(tmp_path)


@pytest.mark.parametrize(("bits", "off"), [("PCM_S8", 0.02), ("PCM_16", 1e-4), ("PCM_24", 1e-6)])
@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_real_flac_files_are_read_back(tmp_path, bits, off, rate):
    signal = np.stack([tone(rate=rate), 0.5 * tone(rate=rate)], axis=1)
    soundfile.write(tmp_path / "a.flac", signal, rate, subtype=bits)
    found_rate, found = read_sound(tmp_path / "a.flac")
    assert found_rate == rate
    assert np.allclose(found, 0.75 * tone(rate=rate), atol=off)


def test_flac_of_zero_length_silent_or_cut_off_is_named(tmp_path):
    for name, signal in (("empty", np.zeros(0)), ("silent", np.zeros(99)), ("cut", tone())):
        soundfile.write(tmp_path / f"{name}.flac", signal, RATE)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "cut.flac").read_bytes()[:60])
    for name, said in (("empty", "a sound of zero length"), ("silent", "silence"), ("cut", "not a readable")):
        with pytest.raises(DataError, match=rf"{name}\.flac: .*{said}"):
            read_sound(tmp_path / f"{name}.flac")


@pytest.mark.parametrize("bits", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
def test_wav_as_another_program_writes_it_is_read(tmp_path, bits, form):
    soundfile.write(tmp_path / "a.wav", tone(), RATE, subtype=bits, format=form)
    rate, found = read_sound(tmp_path / "a.wav")
    assert rate == RATE
    assert np.allclose(found, tone(), atol=0.01 if bits == "PCM_U8" else 1e-4)


def listing(path, count=6):
    """Sounds in one folder, of each second kind a FLAC, and a table that names them and says more."""
    rows = []
    for i in range(2 * count):
        pitch, name = ((300, "low"), (1500, "high"))[i % 2]
        file = path / "clips" / f"{i}{'.flac' if i % 4 > 1 else '.WAV'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        signal = tone(pitch, 0.3 + 0.01 * i) + np.random.default_rng(i).normal(
            0, 0.02, round((0.3 + 0.01 * i) * RATE)
        )
        soundfile.write(file, np.clip(signal, -1, 1), RATE, format=file.suffix[1:].upper())
        rows.append(f"{file.name},p{i // 4},{i},{name}")
    (path / "labels.csv").write_text("\n".join(["clip,speaker,nr,label", *rows]) + "\n")
    return path / "labels.csv"


def test_a_table_names_sounds_and_says_who_spoke(tmp_path):
    data = load(listing(tmp_path), reading=DataOptions(group="speaker"))
    assert (data.kind, data.classes, len(data), data.target_name) == ("sound", ("high", "low"), 12, "label")
    assert data.sound.rate == RATE
    assert any("the sounds are the files named in 'clip'" in note.text for note in data.notes)
    parts = split(data)
    speakers = [set((rows // 4).tolist()) for rows in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, speakers)) == len(set.union(*speakers))
    whole = load(tmp_path / "labels.csv", target="nr", task="regression")
    assert (whole.kind, whole.task) == ("sound", "regression")


def test_named_sounds_that_cannot_be_used_are_left_out_with_their_rows(tmp_path):
    table = listing(tmp_path)
    (tmp_path / "clips" / "0.WAV").unlink()
    write(tmp_path / "clips" / "1.WAV", np.zeros(0))
    data = load(table)
    assert len(data) == 10
    (warning,) = (note for note in data.notes if note.rule == "sounds-refused")
    assert "2 of 12 sounds cannot be used" in warning.text
    assert "a sound of zero length" in warning.text
    for file in (tmp_path / "clips").iterdir():
        file.unlink()
    with pytest.raises(DataError, match=r"clip names sounds such as '0\.WAV', .* --drop clip"):
        load(table)
    with pytest.raises(DataError, match="no column is left to predict 'label' from"):
        load(table, reading=DataOptions(drop=("clip", "speaker", "nr")))


def test_silence_behind_a_sound_is_the_same_in_every_band(tmp_path):
    found = read_sounds([write(tmp_path / f"{i}.wav", tone(seconds=0.2 + 0.1 * i)) for i in range(3)])
    picture = picture_of(RATE, tone(seconds=0.2), found.recipe)
    assert np.ptp(picture[:, -1]) == 0
    assert picture[0, -1] == picture.min()
