"""What machines cost: how prices are written, and for how long money lasts."""

from __future__ import annotations

import pytest

from osetra.core.price import Price
from osetra.errors import StudyError


@pytest.mark.parametrize(
    ("text", "hourly", "currency"),
    [
        ("2.50/h", 2.5, ""),
        ("2.5", 2.5, ""),
        ("$3/hour", 3.0, "$"),
        (".05 €/min", 3.0, "€"),
        ("48/day", 2.0, ""),
        ("CHF 1/h", 1.0, "CHF"),
        ("0.001/s", 3.6, ""),
    ],
)
def test_prices_are_read(text, hourly, currency):
    price = Price.parse(text)
    assert price.hourly == pytest.approx(hourly)
    assert price.currency == currency


@pytest.mark.parametrize(
    "text", ["0/h", "-2/h", "free", "", "2,50/h", "1/week", "1e999/h", "nan/h", "2..5/h", "/h"]
)
def test_what_is_no_price_is_refused(text):
    with pytest.raises(StudyError, match=r"price .*(above 0|such as 2\.50/h)"):
        Price.parse(text)


def test_money_lasts_for_its_minutes():
    price = Price.parse("3 €/h")
    assert price.minutes(1.5) == 30
    assert price.of(1800) == "1.50€ for 30 min 00 s at 3€/h"
