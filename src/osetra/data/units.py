"""Units: what stands beside numbers, and which spellings of it are one."""

from __future__ import annotations

from functools import lru_cache

SIGNS = "$¢£¤¥֏؋৲৳฿៛\u20a0-\u20c0﷼＄￡￥￦"
"""Of currencies: the characters that Unicode calls so."""
CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT "
    "LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR "
    "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP "
    "STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF "
    "YER ZAR ZMW ZWL"
)
"""ISO 4217."""
CURRENCY = rf"(?=[A-Z]{{3}})(?:{CURRENCIES.replace(' ', '|')})|kr\.?|zł|Kč|Fr\.?|Rs\.?|[A-Z]{{0,3}}[{SIGNS}]"
MEASURES = frozenset(
    {
        "%", "‰", "g", "kg", "mg", "t", "lb", "oz", "mm", "cm", "m", "km", "mi", "mile", "in", "inch",
        "ft", "feet", "yd", "ml", "l", "gal", "c", "f", "°c", "°f", "k", "w", "kw", "mw", "hp", "ps",
        "kwh", "mb", "gb", "tb", "m2", "m3", "ft2", "cm2", "cm3", "km2", "mi2", "km/h", "mph", "acre",
        "ha",
    }
)  # fmt: skip
"""Units that can stand beside others of their kind in one column."""
SAME_UNITS = {
    "us$": "usd", "$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "rs": "inr", "₽": "rub",
    "zł": "pln", "kč": "czk", "r$": "brl", "a$": "aud", "au$": "aud", "ca$": "cad", "c$": "cad",
    "hk$": "hkd", "nz$": "nzd", "nt$": "twd", "s$": "sgd", "mx$": "mxn", "percent": "%", "pct": "%",
    "lbs": "lb", "pound": "lb", "kgs": "kg", "kilogram": "kg", "gram": "g", "gr": "g", "ounce": "oz",
    "feet": "ft", "foot": "ft", "inch": "in", "inches": "in", "meter": "m", "metre": "m", "mile": "mi",
    "litre": "l", "liter": "l", "°c": "c", "°f": "f", "m²": "m2", "sqm": "m2", "m³": "m3", "sqft": "ft2",
    "ft²": "ft2", "kmh": "km/h", "kph": "km/h",
    "MW": "megawatt", "MWh": "megawatthour", "MV": "megavolt", "MHz": "megahertz", "MPa": "megapascal",
    "MJ": "megajoule", "MN": "meganewton",
}  # fmt: skip
"""Other spellings of units, in lower case; and those that in lower case are a thousandth of a unit."""


def same_unit(one: str, other: str) -> bool:
    """Whether two units are one, but for their number, their case and their spelling."""
    return unit_key(one) == unit_key(other)


@lru_cache(maxsize=1024)
def unit_key(unit: str) -> str:
    """Return what is the same for all spellings of a unit."""
    plain = singular(unit).rstrip(".").replace(" ", "")
    lower = plain.casefold()
    return SAME_UNITS.get(plain) or SAME_UNITS.get(lower, lower)


def singular(unit: str) -> str:
    """Return a unit without the s of several."""
    return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit
