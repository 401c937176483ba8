"""Names: any text may name a parameter in Optuna; a space leaves some letters out.

They are written as %XX, as in the address of a page, so that there is a way back.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_LETTERS = re.compile(r"[=|,\s\"'\[\]%]")


def key_of(name: str) -> str:
    """Return the name that a parameter has in a space.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"{name!r}: the name of a parameter is a text of a letter or more")
    key = _LETTERS.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
    return "%73eed" if key == "seed" else key


def name_of(key: str) -> str:
    """Return the name that a parameter of a space has in the program."""
    return unquote(key)
