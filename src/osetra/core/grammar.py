"""The grammar of parameters as text: from characters to a tree, with the column of every mistake.

    parameter = body ["if" condition {"and" condition}]
    body      = FORM "(" [argument {"," argument} [","]] ")" | sequence | value
    argument  = [name "="] item | "prior" "=" "normal" "(" [argument {"," argument} [","]] ")"
    item      = sequence | value
    sequence  = "[" items "]" | "(" items ")"
    condition = name ("=" | "==") value {"|" value} | name "in" sequence
    value     = number | word | text in single or double quotes

A word begins with a letter. What begins like a number must be one, what has the name of a form must be
used as one, and text with blanks or other signs stands in quotes: nothing becomes text unasked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from osetra.core.conditions import check_consistent
from osetra.core.literals import Doubt, in_quotes, literal, unescaped
from osetra.core.values import Option, Value
from osetra.errors import TextError, nearest

BELIEF = "normal"
"""What a belief begins with."""
FORMS = ("float", "int", "choice", "ordinal", "fixed", "linear", "log", "one_minus_log", "logit")
"""What may stand before a bracket, in any case of letters."""
_NAMELESS = "=|, \t\n\"'[]"
"""What no hyperparameter's name holds."""
_CHUNK = re.compile(r"""[^\s,;()\[\]{}|="'#]+""")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_BELIEF = re.compile(rf"{BELIEF}\s*\(", re.IGNORECASE)
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a form."""

    name: str
    """What stands before its `=`; empty when nothing does."""
    item: Option
    column: int
    quoted: bool = False
    """Whether the name stands in quotes, and so is an option's."""
    belief: Call | None = None
    """What stands there in place of an item, if it is a belief."""


@dataclass(frozen=True, slots=True)
class Call:
    """A form with its arguments."""

    form: str
    """In lower case; one of FORMS."""
    arguments: tuple[Argument, ...]


Tree: TypeAlias = "tuple[Call | Option, tuple[tuple[str, tuple[Value, ...]], ...]]"
"""A body and its conditions."""


def read_parameter(text: str, *, stored: bool = False) -> Tree:
    """Read a parameter.

    Args:
        text: what somebody wrote.
        stored: it comes from a log, where doubtful words stand without quotes.

    Raises:
        TextError: naming the column, what is wrong there and how to mend it.
    """
    reader = _Reader(text, stored)
    body = reader.body()
    conditions = reader.conditions()
    reader.end(call=isinstance(body, Call))
    return body, conditions


def read_item(text: str) -> Option:
    """Read a value, or a sequence of values.

    Raises:
        TextError: as above.
    """
    reader = _Reader(text, stored=False)
    item = reader.item()
    reader.end(call=False, condition=False)
    return item


class _Reader:
    """A place in a text, and what may follow there."""

    def __init__(self, text: str, stored: bool) -> None:
        self.text, self.stored, self.at = text, stored, 0

    def body(self) -> Call | Option:
        """Read what stands before the conditions."""
        start, word = self.skip(), self.peek(_IDENTIFIER)
        after = re.compile(r"\s*").match(self.text, start + len(word))
        assert after is not None
        opens = word and self.text.startswith("(", after.end())
        if opens:
            return self.call(word)
        if word.lower() in FORMS and self.peek(_CHUNK) == word and not self.stored:
            ends = self.text[after.end() :].strip()
            if word.lower() != "linear" or (ends and not ends.startswith("if ")):
                self.fail(f"{word} is a form and needs brackets: {usage(word.lower())}", hint=in_quotes(word))
        return self.item()

    def call(self, word: str) -> Call:
        """Read a form and its arguments."""
        if word.lower() not in FORMS:
            self.fail(unknown_form(word))
        return self.called(word)

    def called(self, word: str) -> Call:
        """Read what stands behind a form, and the form."""
        self.at = self.text.index("(", self.at)
        opened, arguments = self.at, []
        self.at += 1
        while not self.closes(")", opened):
            arguments.append(self.argument())
            self.separate(")", opened)
        return Call(word.lower(), tuple(arguments))

    def argument(self) -> Argument:
        """Read one argument of a form."""
        start = self.skip()
        quoted = self.text[start : start + 1] in ('"', "'")
        name: object = self.quoted() if quoted else self.peek(_IDENTIFIER)
        self.at = self.at if quoted else start + len(str(name))
        self.skip()
        if name != "" and self.text.startswith("=", self.at) and not self.text.startswith("==", self.at):
            self.at += 1
            self.skip()
            if not quoted and name == "prior" and self.peek(_BELIEF):
                return Argument(name, None, start + 1, belief=self.called(BELIEF))
            return Argument(str(name), self.item(), start + 1, quoted)
        self.at = start
        return Argument("", self.item(), start + 1)

    def item(self, depth: int = 0) -> Option:
        """Read a value or a sequence."""
        start = self.skip()
        opening = self.text[start : start + 1]
        if opening in ("(", "["):
            return self.sequence(depth)
        if opening in ('"', "'"):
            return self.quoted()
        return self.value()

    def sequence(self, depth: int) -> tuple[Option, ...]:
        """Read values in brackets, which may hold brackets."""
        opened = self.at
        if depth >= _DEEPEST:
            self.fail("brackets within brackets within brackets: that is too deep")
        closing = ")" if self.text[opened] == "(" else "]"
        self.at += 1
        items: list[Option] = []
        comma = False
        while not self.closes(closing, opened):
            items.append(self.item(depth + 1))
            comma |= self.separate(closing, opened)
        if not items or (len(items) == 1 and closing == ")" and not comma):
            inside = self.text[opened + 1 : self.at - 1].strip()
            self.fail("these brackets hold nothing to choose from", f"{inside}" if items else "", opened)
        return tuple(items)

    def value(self) -> Value:
        """Read a number or a word."""
        chunk = self.peek(_CHUNK)
        if not chunk:
            self.nothing()
        found = literal(chunk, stored=self.stored)
        if isinstance(found, Doubt):
            self.fail(found.why, hint=in_quotes(chunk) if found.text else "")
        after = self.text[self.at + len(chunk) : self.at + len(chunk) + 1]
        if after == "(" or (after in ('"', "'") and after):
            what = "a form cannot stand inside another" if after == "(" else "quotes begin within a word"
            self.fail(what, hint="" if after == "(" else in_quotes(chunk))
        self.at += len(chunk)
        return found

    def quoted(self) -> str:
        """Read text in quotes."""
        start, mark = self.at, self.text[self.at]
        found = re.compile(rf"{mark}((?:[^{mark}\\]|\\.)*){mark}", re.DOTALL).match(self.text, start)
        if found is None:
            self.fail("the quotes do not close", f"{self.text[start:].strip()}{mark}")
        text = unescaped(found[1], mark)
        if text is None:
            self.fail(r"a backslash in quotes is written twice: \\")
        self.at = found.end()
        return text

    def conditions(self) -> tuple[tuple[str, tuple[Value, ...]], ...]:
        """Read `if optimizer=sgd|momentum and layers=2`; nothing when there is no `if`."""
        conditions: list[tuple[str, tuple[Value, ...]]] = []
        if not self.keyword("if"):
            return ()
        while True:
            conditions.append(self.condition())
            if not self.keyword("and"):
                if not self.stored:
                    check_consistent(conditions)
                return tuple(conditions)

    def condition(self) -> tuple[str, tuple[Value, ...]]:
        """Read one condition."""
        start = self.skip()
        name = self.peek(re.compile(f"[^{re.escape(_NAMELESS)}]+"))
        self.at = start + len(name)
        self.skip()
        if self.keyword("in"):
            opening = self.skip()
            if self.text[opening : opening + 1] in ("(", "["):
                return name, tuple(
                    v if not isinstance(v, tuple) else self.no_condition(start) for v in self.sequence(0)
                )
            self.no_condition(start)
        if not name or not self.text.startswith("=", self.at) or (name[-1] in "!<>" and not self.stored):
            self.no_condition(start)
        self.at += 2 if self.text.startswith("==", self.at) else 1
        values = [self.allowed(start)]
        while self.text.startswith("|", self.skip()):
            self.at += 1
            values.append(self.allowed(start))
        self.after_condition(name, values)
        return name, tuple(values)

    def allowed(self, start: int) -> Value:
        """Read one value of a condition."""
        self.skip()
        if self.at >= len(self.text):
            self.no_condition(start)
        item = self.item()
        return self.no_condition(start) if isinstance(item, tuple) else item

    def after_condition(self, name: str, values: list[Value]) -> None:
        """Refuse what people write for a second value."""
        rest = self.text[self.at :]
        if rest.startswith((",", "or ", "if ")):
            both = "and" if rest.startswith("if ") else "|"
            example = f"if {name}=… and other=…" if both == "and" else f"if {name}=a|b"
            self.fail(f"conditions are joined by {both}", example)

    def no_condition(self, start: int) -> NoReturn:
        """Refuse a condition."""
        rest = self.text[start:].strip()
        self.fail(f"cannot read the condition {rest!r}; write: if optimizer=sgd|momentum", at=start)

    def end(self, *, call: bool, condition: bool = True) -> None:
        """Refuse whatever is left."""
        at = self.skip()
        if at >= len(self.text):
            return
        rest, before = self.text[at:].strip(), self.text[:at].strip()
        if rest[0] == "#":
            self.fail("a comment cannot stand here; in a TOML file it follows the closing quote")
        if rest[0] in ")]}":
            self.fail("a bracket closes that was not opened")
        if call:
            inside = f"{before[:-1]}, {rest.lstrip(', ')})" if rest[0] == "," and before.endswith(")") else ""
            self.fail(f"{rest!r:.60} follows the bracket; what belongs to a form stands inside", inside)
        whole = self.text.strip()
        options = ", ".join(re.split(r"[\s,;|]+", whole))
        several = f" or choice({options})" if rest[0] in ",;|" or " " in whole else ""
        several = several if condition and re.fullmatch(r"[\w.,;|\s-]+", whole) else ""
        self.fail(f"{rest!r:.60} is one word too many", f"{in_quotes(whole)}{several}")

    def separate(self, closing: str, opened: int) -> bool:
        """Pass over the comma behind an item; return whether there was one."""
        at = self.skip()
        if self.text.startswith(",", at):
            self.at += 1
            return True
        if at >= len(self.text):
            self.unclosed(closing, opened)
        if not self.text.startswith(closing, at):
            sign = self.text[at]
            if sign == "#":
                self.fail("a comment cannot stand here; in a TOML file it follows the closing quote")
            why = "commas part them" if sign in ";|" else "text with blanks stands in quotes"
            self.fail(f"{sign!r}: a comma or {closing!r} is needed here; {why}")
        return False

    def closes(self, closing: str, opened: int) -> bool:
        """Whether a bracket closes here; it is passed over then."""
        at = self.skip()
        if at >= len(self.text):
            self.unclosed(closing, opened)
        if self.text.startswith(closing, at):
            self.at += 1
            return True
        if self.text[at] == ",":
            self.fail("there is nothing before this comma")
        return False

    def unclosed(self, closing: str, opened: int) -> NoReturn:
        """Refuse a bracket without an end."""
        self.fail("a bracket does not close", self.text.strip().rstrip(",") + closing, opened)

    def nothing(self) -> NoReturn:
        """Refuse a place where a value should be."""
        at = self.at
        if at >= len(self.text):
            self.fail("a value is missing at the end", '"" for empty text' if not self.text.strip() else "")
        sign = self.text[at]
        if sign in "{":
            self.fail("options are no dictionaries", "choice(small=(16, 16), large=(64, 64))")
        if sign == "#":
            self.fail("a comment cannot stand here; in a TOML file it follows the closing quote")
        self.fail(f"{sign!r}: a value is needed here; other text stands in quotes")

    def keyword(self, word: str) -> bool:
        """Pass over a word that stands alone; return whether it was there."""
        at = self.skip()
        found = re.compile(rf"{word}(?=\s|[(\[]|$)").match(self.text, at)
        if found is None:
            return False
        if at == found.end() or (at and not self.text[at - 1].isspace() and self.text[at - 1] not in ")]\"'"):
            return False
        self.at = found.end()
        return True

    def skip(self) -> int:
        """Pass over blanks and return the place behind them."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at

    def peek(self, pattern: re.Pattern[str]) -> str:
        """Return what a pattern finds here, without passing over it."""
        found = pattern.match(self.text, self.at)
        return found[0] if found else ""

    def fail(self, message: str, mend: str = "", at: int | None = None, *, hint: str = "") -> NoReturn:
        """Raise TextError for this place, or another."""
        place = min(self.at if at is None else at, max(len(self.text.rstrip()) - 1, 0))
        tail = f"; write {mend}" if mend else f"; as text it is written {hint}" if hint else ""
        raise TextError(f"column {place + 1}: {message}{tail}", place + 1)


def usage(form: str) -> str:
    """Return how a form is written."""
    if form in ("choice", "ordinal"):
        return f"{form}(a, b, c)"
    return "fixed(value)" if form == "fixed" else f"{form}(low, high)"


_ELSEWHERE = {
    "uniform": "float", "loguniform": "log", "log_uniform": "log", "categorical": "choice", "real": "float",
    "randint": "int", "integer": "int", "range": "int", "discrete": "ordinal", "enum": "choice",
}  # fmt: skip
"""What other tuners call the forms."""


def unknown_form(word: str) -> str:
    """Return what is said of an unknown form."""
    if word.lower() == BELIEF:
        return "normal(…) is a belief about a range: write log(1e-4, 1, prior=normal(0.01, decades=0.5))"
    ours = _ELSEWHERE.get(word.lower())
    hint = f" Write {usage(ours)}." if ours else nearest(word.lower(), FORMS)
    return f"unknown form {word!r}; known: {', '.join(FORMS)}.{hint}"
