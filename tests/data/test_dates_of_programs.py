"""Dates as programs, offices and people write them: quarters, weeks, stamps in names of files, zones."""

import datetime
import itertools

import numpy as np
import pytest

from osetra.data.loading import load
from osetra.data.moments import EPOCH
from osetra.data.options import DataOptions
from osetra.data.schema import Date
from osetra.errors import DataError

N = 60
RNG = np.random.default_rng(6)
DAYS = [datetime.datetime(2005, 1, 1) + datetime.timedelta(seconds=float(s)) for s in RNG.integers(0, 6e8, N)]
FULL = ("%d %B %Y", "%B %d, %Y", "%A, %d %B %Y", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%y")
TIMES = (" at %I:%M:%S %p", ", %I:%M:%S %p", " %H:%M:%S")
ZONES = ("", "Z", "+02", "+02:00", " +0200", " CEST", " UTC+2", "+01:00[Europe/Paris]", " America/New_York",
         " GMT+0100 (CET)")  # fmt: skip
WRITTEN = [
    *(f"{day}{time}{ZONES[i % len(ZONES)]}" for i, (day, time) in enumerate(itertools.product(FULL, TIMES))),
    *(f"%Y-%m-%dT%H:%M:%S{zone}" for zone in ZONES),
    "%Y%m%d_%H%M%S", "%Y%m%d-%H%M%S", "%Y%m%d %H:%M:%S", "%d-%b-%y %I.%M.%S.000000 %p", "%d-%B-%Y %H.%M.%S",
    "%d%b%Y:%H:%M:%S", "%d.%m.%Y %H:%M:%S Uhr", "%d.%m.%Y um %H:%M:%S Uhr",
]  # fmt: skip


def elapsed(tmp_path, cells, **reading):
    """Return the days since 1970 that a file of such cells is read as."""
    path = tmp_path / "t.csv"
    path.write_text("v;a;y\n" + "".join(f'"{c}";{i % 7};{i % 2}\n' for i, c in enumerate(cells)), "utf-8")
    data = load(path, target="y", reading=DataOptions(**reading))
    assert any(isinstance(recipe, Date) for recipe in data.schema), data.notes
    return next(column.values for column in data.columns if column.name == "v elapsed")


def days(moments):
    return [(moment - EPOCH).total_seconds() / 86400 for moment in moments]


@pytest.mark.parametrize("written", WRITTEN)
def test_moments_are_the_same_however_they_are_written(tmp_path, written):
    found = elapsed(tmp_path, [moment.strftime(written) for moment in DAYS])
    np.testing.assert_allclose(found, days(DAYS), atol=1e-6)


QUARTERS = ("{y}Q{q}", "{y}-Q{q}", "{y} Q{q}", "Q{q} {y}", "Q{q}/{y}", "Q{q}-{y}", "{q}Q{y}", "{q}Q{s}",
            "Q{q}'{s}", "{q}. Quartal {y}", "T{q} {y}")  # fmt: skip


@pytest.mark.parametrize("written", QUARTERS)
def test_quarters_are_their_first_days(tmp_path, written):
    quarters = [(moment.year, (moment.month + 2) // 3) for moment in DAYS]
    cells = [written.format(y=year, q=quarter, s=f"{year % 100:02}") for year, quarter in quarters]
    firsts = [datetime.datetime(year, 3 * quarter - 2, 1) for year, quarter in quarters]
    assert elapsed(tmp_path, cells).tolist() == days(firsts)


@pytest.mark.parametrize(
    "written", ["{y}-W{w:02}", "{y}W{w:02}", "W{w} {y}", "KW {w}/{y}", "week {w}, {y}", "{y}-W{w:02}-1"]
)
def test_weeks_are_their_mondays(tmp_path, written):
    weeks = [moment.isocalendar()[:2] for moment in DAYS]
    mondays = [datetime.datetime.fromisocalendar(*week, 1) for week in weeks]
    found = elapsed(tmp_path, [written.format(y=year, w=week) for year, week in weeks])
    assert found.tolist() == days(mondays)


@pytest.mark.parametrize("written", ["%B %Y", "%b-%y", "%YM%m", "%Y/%m", "%Y-%m", "%m/%Y"])
def test_months_are_their_first_days(tmp_path, written):
    firsts = [datetime.datetime(moment.year, moment.month, 1) for moment in DAYS]
    assert elapsed(tmp_path, [m.strftime(written) for m in DAYS]).tolist() == days(firsts)


@pytest.mark.parametrize("ticks", [1, 10**3, 10**6, 10**9])
def test_seconds_since_1970_are_dates_only_where_a_person_says_so(tmp_path, ticks):
    counts = [int((moment - EPOCH).total_seconds()) * ticks for moment in DAYS]
    np.testing.assert_allclose(elapsed(tmp_path, counts, date=("v=epoch",)), days(DAYS), atol=1e-6)
    data = load(tmp_path / "t.csv", target="y")
    assert data.columns[0].name == "v"
    with pytest.raises(DataError, match="seconds since 1970 are read with --date v=epoch"):
        load(tmp_path / "t.csv", target="y", reading=DataOptions(date=("v",)))


@pytest.mark.parametrize(
    "written", ["%Y-%m-%d", "%Y%m%d", "%d %B %Y at %I:%M %p", "Q1 %Y", "%Y-W%V", "%b-%y"]
)
def test_a_date_as_target_is_refused_with_what_to_do(tmp_path, written):
    path = tmp_path / "t.csv"
    path.write_text("a;y\n" + "".join(f"{i};{m.strftime(written)}\n" for i, m in enumerate(4 * DAYS[:15])))
    with pytest.raises(DataError, match=r"y: holds dates such as .*predict a number made of them"):
        load(path, target="y")
    told = load(path, target="y", reading=DataOptions(category=("y",)))
    assert told.classes
