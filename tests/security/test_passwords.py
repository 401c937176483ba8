"""A password is shown to nobody, however the address around it is mistyped."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from itertools import product

import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.core.params import Float
from osetra.core.space import Space
from osetra.errors import OsetraError
from osetra.stores import open_store, storage_of, studies
from osetra.stores.address import Address, mask, mask_text, parse
from osetra.study.study import Study
from osetra.tuning.locations import find

pytest.importorskip("psycopg")

SECRET = "qZx7Kw"
PASSWORDS = {
    "plain": SECRET,
    "percent": f"{SECRET}%ZZ{SECRET}",
    "nul": f"{SECRET}%00{SECRET}",
    "cut percent": f"{SECRET}%",
    "blank": f"{SECRET} {SECRET}",
    "tab and line": f"{SECRET}\t\n{SECRET}",
    "control": f"{SECRET}\x00\x1b[1m{SECRET}",
    "at": f"{SECRET}@{SECRET}",
    "ats": f"@{SECRET}@@{SECRET}",
    "colon": f"{SECRET}:{SECRET}",
    "slash": f"{SECRET}/{SECRET}",
    "slashes": f"//{SECRET}//{SECRET}",
    "question": f"{SECRET}?{SECRET}",
    "question and at": f"{SECRET}?a={SECRET}@{SECRET}",
    "hash": f"{SECRET}#{SECRET}",
    "and": f"{SECRET}&{SECRET}={SECRET}",
    "quotes": f"{SECRET}\"{SECRET}'{SECRET}",
    "brackets": f"[{SECRET}]{SECRET}",
    "backslash": f"{SECRET}\\{SECRET}",
    "surrogate": f"{SECRET}\ud800{SECRET}",
    "300 letters": SECRET * 50,
}
SHAPES = (
    "postgresql://ann:{}@127.0.0.1:1/db",
    "postgres://ann:{}@127.0.0.1:1",
    "POSTGRESQL://ann:{}@127.0.0.1:1/db",
    "postgresql://ann@corp:{}@127.0.0.1:1/db",
    "postgresql://an n:{}@127.0.0.1:1/db",
    "postgresql://:{}@127.0.0.1:1/db",
    "postgresql://ann:{}@127.0.0.1:1/db?sslmode=nonsense",
    "postgresql://ann:{}@127.0.0.1:port/db",
    "postgresql://ann:{}@127.0.0.1:1/db?nonsense=1",
    "postgresql://ann@127.0.0.1:1/db?password={}",
    "postgresql://ann@127.0.0.1:1/db?pass%77ord={}&sslmode=disable",
    "postgresql://ann:{}",
    "postgresql://ann:{}%40127.0.0.1/db",
    " postgresql://ann:{}@127.0.0.1:1/db",
    "postgresql:/ann:{}@127.0.0.1:1/db",
    "postgresql:ann:{}@127.0.0.1:1/db",
    "postgresqll://ann:{}@127.0.0.1:1/db",
    "//ann:{}@127.0.0.1:1/db",
    "ann:{}@127.0.0.1:1/db",
)
QUERIES = SHAPES[9:11]
NO_HOST = SHAPES[11:13]
AMBIGUOUS = {
    # Nothing tells what stands behind # from the name of a study, what follows & from another option, and
    # what follows @ or // from a host or a database.
    *product(QUERIES, ("hash", "and")),
    *product(NO_HOST, ("hash", "at", "ats", "slashes", "question and at")),
    ("ann:{}@127.0.0.1:1/db", "slashes"),
}
ADDRESSES = [
    pytest.param(shape.format(password), id=f"{shape.format(name)!r}")
    for shape, (name, password) in product(SHAPES, PASSWORDS.items())
    if (shape, name) not in AMBIGUOUS
]


def _study(url: str) -> None:
    Study(url, Space(x=Float(0, 1)), minimize="loss").close()


def _backup(url: str) -> None:
    storage_of(url).backup_name()


CALLS: tuple[Callable[[str], object], ...] = (
    parse,
    find,
    studies,
    lambda url: open_store(url, patience=0.0).close(),
    lambda url: open_store(url, "other", patience=0.0).close(),
    lambda url: storage_of(url).create(),
    lambda url: list(storage_of(url).inspect()),
    lambda url: storage_of(url).migrate(),
    lambda url: storage_of(url).rename("main", "other"),
    _backup,
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_error_no_text_and_no_log_holds_the_password(
    address: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path_factory.getbasetemp())
    shown = [mask(address), repr(Address(address)), str(Address(address, "s"))]
    for call in CALLS:
        try:
            call(address)
        except OsetraError as error:
            shown += [str(error), repr(error), "".join(traceback.format_exception(error))]
    shown.append(caplog.text)
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("name", PASSWORDS)
def test_an_object_does_not_show_its_password(name: str) -> None:
    url = f"postgresql://ann:{PASSWORDS[name]}@127.0.0.1:1/db"
    assert SECRET not in repr(storage_of(url))


VERBS = (
    ("status",), ("show",), ("best",), ("export",), ("resume",), ("worker",), ("enqueue", "lr=1"),
    ("steer", "1", "stop"), ("replay", "1"), ("babysit", "1"),
    ("db", "list"), ("db", "check"), ("db", "create"), ("db", "backup"), ("db", "gc"), ("db", "migrate"),
    ("db", "recover"), ("db", "delete", "--yes"),
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("name", ["percent", "blank", "at", "slash", "control", "surrogate"])
def test_no_verb_shows_the_password(
    verb: tuple[str, ...],
    name: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    words = 2 if verb[0] == "db" else 1
    for shape in (SHAPES[0], SHAPES[13], SHAPES[14], SHAPES[18]):
        result = CliRunner().invoke(main, [*verb[:words], shape.format(PASSWORDS[name]), *verb[words:]])
        assert result.exit_code != 0
        assert SECRET not in result.output + str(result.exception)


def test_words_of_other_people_are_masked_too() -> None:
    text = f"two: a://u:{SECRET}@h, b://v:{SECRET}@i, and password = '{SECRET} it'"
    assert mask_text(text) == "two: a://u:***@h, b://v:***@i, and password = ***"
