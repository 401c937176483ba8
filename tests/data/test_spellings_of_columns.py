"""Kinds of columns by generated members: durations, moments in the words of many places, yes and no."""

import calendar
import datetime
import itertools

import numpy as np
import pytest

from osetra.data.booleans import SIDES, answers_of, class_of
from osetra.data.dataset import CategoryColumn
from osetra.data.durations import hours_of
from osetra.data.loading import load
from osetra.data.moments import EPOCH, order_of, read_moment
from osetra.data.month_names import MONTHS, month_of
from osetra.data.options import DataOptions
from osetra.data.schema import schema_from_json, schema_to_json

N = 60
RNG = np.random.default_rng(5)
A = RNG.normal(size=N).round(3)
SECONDS = RNG.integers(1, 400_000, N)


def csv(tmp_path, cells, y=None):
    path = tmp_path / "t.csv"
    answers = ["yes" if a > 0 else "no" for a in A] if y is None else y
    rows = (f'"{cell}",{a},{label}\n' for cell, a, label in zip(cells, A, answers, strict=True))
    path.write_text("v,a,y\n" + "".join(rows), "utf-8")
    return path


def split_up(seconds):
    hours, rest = divmod(int(seconds), 3600)
    return hours, *divmod(rest, 60)


def in_words(day, hour, minute, second, *, between=", "):
    def write(seconds):
        hours, minutes, rest = split_up(seconds)
        days, hours = divmod(hours, 24)
        counts = ((days, day), (hours, hour), (minutes, minute), (rest, second))
        parts = [f"{count}{unit}" for count, unit in counts if count]
        return between.join(parts) or f"0{second}"

    return write


DURATIONS = {
    "letters": in_words("d", "h", "m", "s", between=" "),
    "letters together": in_words("d", "h", "m", "s", between=""),
    "words": in_words(" days", " hours", " minutes", " seconds"),
    "one and many": in_words(" day", " hr", " min", " sec"),
    "and": in_words(" days", " hrs", " mins", " secs", between=" and "),
    "German": in_words(" Tage", " Stunden", " Minuten", " Sekunden", between=" und "),
    "French": in_words(" jours", " heures", " minutes", " secondes", between=" et "),
    "Spanish": in_words(" días", " horas", " minutos", " segundos", between=" y "),
    "Russian": in_words(" дней", " часов", " минут", " секунд", between=" "),
    "pandas": lambda s: f"{s // 86400} days {datetime.timedelta(seconds=int(s) % 86400)!s:0>8}",
    "Python": lambda s: str(datetime.timedelta(seconds=int(s) + 86400)),
    ".NET": lambda s: f"{s // 86400}.{s // 3600 % 24:02}:{s // 60 % 60:02}:{s % 60:02}",
    "ISO": lambda s: f"P{s // 86400}DT{s // 3600 % 24}H{s // 60 % 60}M{s % 60}S",
    "clock": lambda s: f"{s // 3600}:{s // 60 % 60:02}:{s % 60:02}",
    "clock with fractions": lambda s: f"{s // 3600}:{s // 60 % 60:02}:{s % 60:02}.000",
    "laps": lambda s: f"{s // 60}:{s % 60:02}.000",
    "primes": lambda s: f"{s // 60}'{s % 60:02}.000",
}  # fmt: skip


@pytest.mark.parametrize("write", DURATIONS.values(), ids=DURATIONS)
def test_durations_are_hours_however_they_are_written(tmp_path, write):
    data = load(csv(tmp_path, [write(seconds) for seconds in SECONDS]))
    column = next(each for each in data.columns if each.name == "v")
    shift = 24 if write is DURATIONS["Python"] else 0
    np.testing.assert_allclose(column.values, SECONDS / 3600 + shift, rtol=1e-9)
    assert "durations are learnt from in hours: v" in " ".join(note.text for note in data.notes)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2 years", 17532), ("1 yr 6 mos", 8766 + 6 * 730.5), ("2y 3m", 2 * 8766 + 3 * 730.5),
        ("3 weeks", 504),
        ("1,5 Stunden", 1.5), ("1h20", 4 / 3), ("-2 h", -2), ("850 ms", 850 / 3.6e6), ("P1Y2M", 8766 + 1461),
        ("-1 days +23:59:59", -1 / 3600), ("2 Jahre und 1 Monat", 18262.5),
        ("3 days 04:05:06", 76 + 5.1 / 60),
    ],
)  # fmt: skip
def test_members_of_durations(text, hours):
    assert hours_of(text) == pytest.approx(hours)


@pytest.mark.parametrize(
    "text", ["", "days", "12", "5 S", "30W", "m", "h", "3 apples", "1:2", ":", "P", "PT"]
)
def test_what_is_no_duration(text):
    assert hours_of(text) is None


def test_units_of_time_that_differ_are_one_column_of_durations(tmp_path):
    written = [f"{i % 7 + 1} {('years', 'month', 'days')[i % 3]}" for i in range(N)]
    column = next(each for each in load(csv(tmp_path, written)).columns if each.name == "v")
    hours = [(i % 7 + 1) * (8766, 730.5, 24)[i % 3] for i in range(N)]
    np.testing.assert_allclose(column.values, hours)


@pytest.mark.parametrize("fractions", [True, False])
def test_a_race_ends_with_seconds_and_says_so(tmp_path, fractions):
    seconds = RNG.integers(45 * 60, 90 * 60, N) if not fractions else RNG.integers(40, 90, N) + 0.25

    def write(value):
        hours, minutes, rest = split_up(value)
        if fractions:
            return f"{minutes}:{rest + value % 1:05.2f}" if value >= 60 else f"{value:.2f}"
        return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

    path = csv(tmp_path, [write(value) for value in seconds])
    data = load(path)
    column = next(each for each in data.columns if each.name == "v")
    np.testing.assert_allclose(column.values, seconds / 3600)
    if not fractions:
        assert "minutes:seconds; --date v=duration says otherwise" in " ".join(n.text for n in data.notes)
        told = load(path, reading=DataOptions(date=("v=duration",)))
        assert max(next(each for each in told.columns if each.name == "v").values) > 40


def test_a_duration_is_a_target_of_numbers(tmp_path):
    path = csv(tmp_path, [f"{i} h {i % 60} min" for i in range(N)])
    data = load(path, target="v")
    assert (data.task, data.target_units) == ("regression", ("hours",))
    assert data.target == pytest.approx([i + i % 60 / 60 for i in range(N)])


DAYS = [
    datetime.datetime(2019, 1, 1) + datetime.timedelta(hours=float(h)) for h in RNG.integers(0, 40_000, N)
]
MONTHS_OF = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
)
FRENCH, SHORT, GERMAN, SPANISH, RUSSIAN, POLISH = (names.split() for names in MONTHS_OF)
MOMENTS = {
    "ctime": lambda t: t.strftime("%a %b %e %H:%M:%S %Y"),
    "date": lambda t: t.strftime("%a %b %e %H:%M:%S UTC %Y"),
    "Apache": lambda t: t.strftime("%d/%b/%Y:%H:%M:%S +0200"),
    "Apache in brackets": lambda t: t.strftime("[%d/%b/%Y:%H:%M:%S -0700]"),
    "mail": lambda t: t.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    "14 digits": lambda t: t.strftime("%Y%m%d%H%M%S"),
    "12 digits": lambda t: t.strftime("%Y%m%d%H%M"),
    "basic ISO": lambda t: t.strftime("%Y%m%dT%H%M%SZ"),
    "French": lambda t: f"{t.day} {FRENCH[t.month - 1]} {t.year} {t:%H:%M}",
    "French weekday": lambda t: f"lundi {t.day} {FRENCH[t.month - 1]} {t.year} {t:%H:%M}",
    "French, short": lambda t: f"{t.day} {SHORT[t.month - 1]} {t.year} {t:%H:%M}",
    "German": lambda t: f"{t.day}. {GERMAN[t.month - 1]} {t.year} {t:%H:%M}",
    "Spanish": lambda t: f"{t.day} de {SPANISH[t.month - 1]} de {t.year} {t:%H:%M}",
    "Russian": lambda t: f"{t.day} {RUSSIAN[t.month - 1]} {t.year} г. {t:%H:%M}",
    "Polish": lambda t: f"{t.day} {POLISH[t.month - 1]} {t.year} {t:%H:%M}",
    "Chinese": lambda t: f"{t.year}年{t.month}月{t.day}日 {t:%H:%M}",
    "Korean": lambda t: f"{t.year}년 {t.month}월 {t.day}일 {t:%H:%M}",
}


@pytest.mark.parametrize("write", MOMENTS.values(), ids=MOMENTS)
def test_moments_are_read_in_the_words_of_many_places(tmp_path, write):
    data = load(csv(tmp_path, [write(moment) for moment in DAYS]))
    values = {column.name: column.values for column in data.columns}
    days = [(moment - EPOCH).total_seconds() / 86400 for moment in DAYS]
    np.testing.assert_allclose(values["v elapsed"], days, atol=1e-6)


def test_every_month_is_known_by_its_name_and_by_what_only_it_begins_with():
    assert {month_of(name.upper()) for name in MONTHS} == {*range(1, 13)}
    assert all(month_of(name) == number for name, number in MONTHS.items())
    assert [month_of(name) for name in calendar.month_abbr[1:]] == [*range(1, 13)]
    for name, cut in itertools.product(MONTHS, (3, 4)):
        assert month_of(name[:cut]) in (MONTHS[name], MONTHS.get(name[:cut]), None)
    assert month_of("jui") is None and month_of("ju") is None and month_of("monday") is None


def test_whole_numbers_of_14_digits_that_are_no_dates_stay_numbers(tmp_path):
    data = load(csv(tmp_path, RNG.integers(10**13, 10**14, N)))
    assert "v" in [column.name for column in data.columns]


@pytest.mark.parametrize("texts", [["yes", "Y", "TRUE", "1", "no", "N", "0"], ["True", "t", "F", "false"],
                                   ["Ja", "ja", "nein", "0", "1"], ["Y", "yes", "no"]])  # fmt: skip
def test_spellings_of_yes_and_no_are_two_levels(tmp_path, texts):
    cells = [texts[i % len(texts)] for i in range(N - 1)] + ["unknown"]
    data = load(csv(tmp_path, cells))
    column = next(each for each in data.columns if each.name == "v")
    assert isinstance(column, CategoryColumn) and len(column.levels) == 3
    for side in (0, 1):
        rows = [i for i, cell in enumerate(cells) if SIDES.get(cell.casefold()) == side]
        assert len(set(column.codes[rows])) == 1
    assert "spellings of yes and no are read as two levels: v (" in " ".join(n.text for n in data.notes)
    assert schema_from_json(schema_to_json(data.schema)) == data.schema
    apart = load(csv(tmp_path, cells), reading=DataOptions(category=("v",)))
    kept = next(each for each in apart.columns if each.name == "v")
    assert isinstance(kept, CategoryColumn) and len(kept.levels) == len(texts) + 1


def test_a_target_of_yes_and_no_in_several_spellings_has_two_classes(tmp_path):
    texts = ["yes", "no", "no", "Y", "TRUE", "N", "0", "yes", "no"]
    data = load(csv(tmp_path, A, [texts[i % len(texts)] for i in range(N)]))
    assert data.classes == ("no", "yes") and data.task == "binary"


@pytest.mark.parametrize(
    "levels", [["f", "n", "y"], ["f", "y"], ["n", "t"], ["yes", "no", "maybe"], ["yes", "Y"]]
)
def test_letters_that_nobody_understands_are_no_answers(levels):
    assert answers_of(levels, [1] * len(levels)) == ()


def test_later_truth_in_another_spelling_is_understood():
    classes = {"No": 0, "Yes": 1}
    assert [class_of(text, classes) for text in ("yes", "NO", "True", "0", "n", "maybe")] == [
        1,
        0,
        1,
        0,
        0,
        None,
    ]
    assert class_of("NO", {"No": 0, "no": 1, "x": 2}) is None and class_of("1", {"2": 0, "3": 1}) is None


def test_an_order_of_durations_fits_only_what_it_reads():
    assert order_of(["12.5", "13.1", "9.9", "x"]) is None
    assert read_moment("59:12", "lap") == pytest.approx(59.2 / 60)
    assert read_moment("59:12", "duration") == pytest.approx(59.2)
