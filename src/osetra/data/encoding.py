"""Encoding: the text in a file's bytes, in what it was written in.

UTF-8 and UTF-16 prove themselves. Else each encoding of a short list is tried, and that is taken under which
what is not ASCII is letters of one language, frequent ones first. Where none fits better, a text is Western.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from osetra.errors import DataError

SAMPLE = 1 << 15
"""Bytes by which an encoding is chosen."""
MARGIN = 0.02
"""By how much another encoding must fit better than a Western one."""
CAPITAL = 0.9
"""What a capital counts beside a small letter: texts are mostly of these."""
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_BEYOND = re.compile(rb"[\x80-\xff]")
_BETWEEN = re.compile(rb"[ ,;\t]")
_ALIKE = frozenset("‘’“”–—…•€\u00a0§©«®°±µ¶·»™")
"""What stands in the same places of most encodings and tells nothing."""


_SIGNS = re.compile(r"[£¥¢](?=\s?\d)|(?<=m)[²³]|[½¼¾](?![^\W\d_])")
"""Signs of Western texts, which are letters elsewhere."""


def decoded(raw: bytes, source: str, encoding: str = "") -> tuple[str, str]:
    """Return the text of a file, and its encoding: as said, by its mark, UTF-8 where that fits, or guessed.

    Raises:
        DataError: this is no text.
    """
    if encoding:
        return _as_said(raw, source, encoding), encoding.lower()
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            try:
                return _with_newlines(raw.decode(encoding)), encoding.removesuffix("-sig")
            except UnicodeDecodeError:
                raise DataError(f"{source}: marked as {encoding} and is not; save it as UTF-8") from None
    sample = raw[:4096]
    if b"\0" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        wide = "utf-16-le" if odd > even else "utf-16-be"
        if min(even, odd) == 0 and even + odd > 0.3 * len(sample) / 2 and len(raw) % 2 == 0:
            return _with_newlines(raw.decode(wide, "replace")), wide[:6]
        raise DataError(f"{source}: this is not a text file; give a table as .csv, .parquet or .xlsx")
    for encoding in _candidates(raw):
        try:
            return _with_newlines(raw.decode(encoding)), encoding
        except UnicodeDecodeError:
            continue
    raise DataError(f"{source}: this is not a text file; save it as UTF-8")


def tells_its_encoding(raw: bytes) -> bool:
    """Whether a text needs no guess: it is marked, wide, or UTF-8."""
    if b"\0" in raw[:4096] or any(raw.startswith(mark) for mark, _ in _BOMS):
        return True
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _candidates(raw: bytes) -> Iterator[str]:
    """Return encodings to try, the most probable one first."""
    yield "utf-8"
    if b"\r" in raw and b"\n" not in raw:
        yield "mac-roman"
    else:
        yield from guessed(raw)
        yield from ("cp1252", "latin-1")


def guessed(raw: bytes) -> list[str]:
    """Return the encodings that fit a text better than a Western one, the best first."""
    sample = b"\n".join(_samples(raw))
    western = _share(sample, "cp1252", lambda text: _western(_SIGNS.sub("", text)))
    fits = {name: _share(sample, name, measure) for name, measure in _MEASURES.items()}
    better = [name for name, fit in fits.items() if fit > western + MARGIN]
    return sorted(better, key=fits.__getitem__, reverse=True)


def _samples(raw: bytes) -> Iterator[bytes]:
    """Yield lines from before their first byte beyond ASCII on, as many as are needed."""
    left = SAMPLE
    found = _BEYOND.search(raw)
    while found and left > 0:
        end = raw.find(b"\n", found.start())
        piece = raw[max(found.start() - 1, 0) : len(raw) if end < 0 else end].lstrip(b"\n")
        if len(piece) > left:  # cut where no character of two bytes is cut
            piece = piece[: max((cut.start() for cut in _BETWEEN.finditer(piece, 0, left)), default=left)]
        yield piece
        left -= len(piece)
        found = _BEYOND.search(raw, end) if end >= 0 else None


def _share(sample: bytes, encoding: str, measure: Callable[[str], float]) -> float:
    """Return how well a sample fits an encoding, from 0 to 1."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    return measure(text)


def _told(text: str) -> list[str]:
    """Return the characters that tell something."""
    return [character for character in text if character > "\x7f" and character not in _ALIKE]


def _covered(text: str, letters: str, frequent: str = "") -> float:
    """Return the share of characters that are letters of a language; others than frequent ones count half."""
    found = _told(text)
    if not found:
        return 1.0
    worth = dict.fromkeys(letters, 0.5 if frequent else 1.0) | dict.fromkeys(frequent, 1.0)
    total = sum(worth.get(one, CAPITAL * worth.get(one.lower(), 0.0)) for one in found)
    # Nobody writes a capital behind a small letter of another alphabet.
    crossed = sum(a.islower() and b.isupper() for a, b in pairwise(text)) if frequent else 0
    return max(0.0, total - crossed) / len(found)


def _pairs(encoding: str, first: int, last: int, second: int) -> Callable[[str], float]:
    """Return what measures the share of characters that a standard of two bytes lists as its common ones."""

    def measure(text: str) -> float:
        found = _told(text)
        raw = [character.encode(encoding) for character in found]
        common = sum(len(two) == 2 and first <= two[0] <= last and two[1] >= second for two in raw)
        return common / max(len(found), 1)

    return measure


def _japanese(encoding: str, first: int, last: int) -> Callable[[str], float]:
    """Return what measures kana and common kanji; there must be kana in euc_jp, which is like Chinese."""
    kanji = _pairs(encoding, first, last, 0)

    def measure(text: str) -> float:
        found = _told(text)
        kana = sum("\u3040" <= character <= "\u30ff" or character in "、。・" for character in found)
        if encoding == "euc_jp" and kana < 0.05 * len(found):
            return 0.0
        return kana / max(len(found), 1) + kanji(text)

    return measure


def _languages(*languages: str) -> Callable[[str], float]:
    """Return what measures the share of letters of the one among some languages that fits best."""
    return lambda text: max(_covered(text, letters) for letters in languages)


def _alphabet(frequent: str, letters: str) -> Callable[[str], float]:
    """Return what measures the share of letters of an alphabet of its own, frequent ones first."""
    return lambda text: _covered(text, letters, frequent)


_MEASURES: dict[str, Callable[[str], float]] = {
    "cp949": _pairs("cp949", 0xB0, 0xC8, 0xA1),
    "cp932": _japanese("cp932", 0x88, 0x98),
    "euc_jp": _japanese("euc_jp", 0xB0, 0xCF),
    "gb18030": _pairs("gb18030", 0xB0, 0xD7, 0xA1),
    "big5": _pairs("big5", 0xA4, 0xC6, 0),
    "cp1250": _languages(
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"
    ),  # Polish, Czech, Slovak, Hungarian, Romanian, Croatian
    "cp1254": _languages("çğıöşüİâ"),
    "cp1251": _alphabet("оеаинтсрвлкі", "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўј"),
    "koi8-r": _alphabet("оеаинтсрвлк", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    "cp1253": _alphabet("αοιετσνηυρπκ", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ"),
    "cp1255": _alphabet("יוהלאבתמרשנ", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    "cp1256": _alphabet("المنيوترةبع", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهويىپچژگ"),
}
"""How well a text fits each encoding; of equals the first one is taken."""
_western = _languages(
    "äöüß", "àâçéèêëîïôœùûæ", "áéíóúñü¿¡ºª", "ãõáâàéêíóôúç", "àèéìòù", "æøåéö", "åäöéšž", "áéíóúýþæðö",
    "ëéïèöüáó",
)  # fmt: skip
# German, French, Spanish, Portuguese, Italian, Danish, Swedish, Icelandic, Dutch


def _as_said(raw: bytes, source: str, encoding: str) -> str:
    try:
        return _with_newlines(raw.decode(encoding).removeprefix("\ufeff"))
    except UnicodeError as error:
        reason = str(error).partition(" in position")[0]
        raise DataError(
            f"{source}: cannot be read as {encoding} ({reason}); leave --encoding out, or name another"
        ) from None


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
