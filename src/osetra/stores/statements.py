"""SQL by name: every statement stands in a .sql file with its name and what it is for.

-- name: find_study
-- A study's number.
SELECT id FROM study WHERE name = ?;
"""

from __future__ import annotations

import re
from importlib.resources import files

_HEAD = re.compile(r"^-- name: (\w+)\n((?:--.*\n)+)", re.MULTILINE)


def load(file: str) -> dict[str, str]:
    """Return the statements of a .sql file of this folder by name, in the order of the file."""
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return {
        head[1]: text[head.end() : end].strip().removesuffix(";")
        for head, end in zip(heads, ends, strict=True)
    }


def migrations(folder: str) -> dict[int, list[str]]:
    """Return what every migration in a folder of .sql files executes, by its number, in order."""
    names = sorted(file.name for file in files(__package__).joinpath(folder).iterdir())
    found = [name for name in names if name.endswith(".sql")]
    return {int(name.partition("_")[0]): list(load(f"{folder}/{name}").values()) for name in found}
