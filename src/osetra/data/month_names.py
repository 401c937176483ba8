"""Months by their names: in full or cut short, in the languages of which data is most common."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_NAMES = (
    "january januar jänner janvier enero gennaio janeiro januari stycznia styczen ledna leden ocak января "
    "январь",
    "february februar feber fevrier febrero febbraio fevereiro februari lutego luty unora unor subat февраля "
    "февраль",
    "march marz mrz mars marzo marco maart marts marca marzec brezna brezen mart марта март",
    "april avril abril aprile kwietnia kwiecien dubna duben nisan апреля апрель",
    "may mai mayo maggio maio mei maj maja kvetna kveten mayis мая май",
    "june juni juin junio giugno junho czerwca czerwiec cervna cerven haziran июня июнь",
    "july juli juillet julio luglio julho lipca lipiec cervence cervenec temmuz июля июль",
    "august aout agosto augustus augusti sierpnia sierpien srpna srpen agustos августа август",
    "september sept septembre septiembre settembre setembro wrzesnia wrzesien zari eylul сентября сентябрь",
    "october oktober okt octobre octubre ottobre outubro pazdziernika pazdziernik rijna rijen ekim октября "
    "октябрь",
    "november novembre noviembre novembro listopada listopad listopadu kasim ноября ноябрь",
    "december dezember decembre diciembre dicembre dezembro grudnia grudzien prosince prosinec aralik "
    "декабря декабрь",
)
"""English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Turkish, Russian, Nordic."""
FEWEST_LETTERS = 3


def plain(name: str) -> str:
    """Return a name in lower case without accents."""
    parts = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("ı", "i"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


MONTHS = {plain(name): number for number, names in enumerate(_NAMES, 1) for name in names.split()}


@lru_cache(maxsize=512)
def month_of(name: str) -> int | None:
    """Return the month that a name, or its beginning of three letters or more, means; None of any other."""
    start = plain(name)
    if len(start) < FEWEST_LETTERS or start in MONTHS:
        return MONTHS.get(start)
    found = {number for full, number in MONTHS.items() if full.startswith(start)}
    return found.pop() if len(found) == 1 else None
