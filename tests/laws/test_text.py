"""Laws of the text form: every spelling says the same, and every slip is seen where it is."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.grammar import FORMS
from osetra.core.literals import DOUBTFUL, WORDS, number_in
from osetra.core.params import Choice, Fixed, Float, Int, Normal, Ordinal, Param
from osetra.core.text import format_param, parse_param
from osetra.core.values import Option, Value, option_text
from osetra.errors import TextError

SCALARS = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(
        ["nan", "log", "if", "and", "a b", "it's", '"', "\\", "default", "weights", "3x3", "é", "#", "(1, 2)"]
    ),
)
ITEMS = st.recursive(SCALARS, lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple), max_leaves=4)
NAMES = st.text(min_size=1, max_size=5).filter(lambda name: name.strip())
CONDITIONS = st.dictionaries(
    st.sampled_from(["optimizer", "lr/head", "in", "and", "a(b)", "größe"]),
    st.lists(SCALARS, min_size=1, max_size=3).map(tuple),
    max_size=2,
)


def believed(low: float, high: float, scale: str) -> st.SearchStrategy[Normal | None]:
    """Return beliefs about a range."""
    width = "sd" if scale == "linear" else "decades"
    spread = st.floats(1e-6, 1e6)
    normal = st.builds(lambda m, s: Normal(m, **{width: s}), st.floats(low, high), spread)
    return st.none() | normal


@st.composite
def params(draw: st.DrawFn) -> Param:
    """Return any parameter."""
    kind, when = draw(st.sampled_from([Float, Int, Choice, Ordinal, Fixed])), draw(CONDITIONS)
    if kind is Fixed:
        return Fixed(draw(ITEMS | st.dictionaries(NAMES, ITEMS, min_size=1, max_size=1)), when=when)
    if kind is Int:
        low = draw(st.integers(1, 1000))
        high, step = low + draw(st.integers(9, 10**6)), draw(st.integers(1, 9))
        default = draw(st.sampled_from([None, low, low + step]))
        scale = draw(st.sampled_from(["linear", "log"]))
        prior = draw(believed(low, high, scale))
        return Int(low, high, scale, step=step, default=default, when=when, prior=prior)  # type: ignore[arg-type]
    if kind is Float:
        scale = draw(st.sampled_from(["linear", "log", "one_minus_log", "logit"]))
        low, high = draw(st.sampled_from([(0.1, 0.9), (1e-5, 0.25), (0.001, 0.999)]))
        step = draw(st.sampled_from([None, 0.1, 0.0125]))
        default = draw(st.none() | st.just(low))
        prior = draw(believed(low, high, scale))
        return Float(low, high, scale, step=step, default=default, when=when, prior=prior)  # type: ignore[arg-type]
    options = draw(
        st.lists(ITEMS, min_size=2, max_size=4, unique_by=lambda o: str(option_text(o)).strip('"'))
    )
    if draw(st.booleans()):
        names = draw(st.lists(NAMES, min_size=2, max_size=4, unique=True))
        given_ = dict(zip(names, options, strict=False))
        if len(given_) > 1:
            return kind(given_, default=draw(st.sampled_from(list(given_))), when=when)  # type: ignore[operator]
    try:
        weights = draw(st.none() | st.lists(st.floats(0.5, 99), min_size=len(options), max_size=len(options)))
        made: Param = kind(*options, when=when, weights=weights)  # type: ignore[operator]
    except Exception:
        return Fixed(1)
    return made


class Speller:
    """Writes a parameter in one of the many ways in which people may."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def one_of(self, *ways: str) -> str:
        return self.draw(st.sampled_from(ways))

    def blank(self) -> str:
        return self.one_of("", "", " ", "  ", "\t")

    def cased(self, word: str) -> str:
        return self.one_of(word, word.capitalize(), word.upper())

    def value(self, value: Value) -> str:
        if value is None or isinstance(value, bool):
            return self.cased(option_text(value))
        if isinstance(value, str):
            double = option_text(f"{value} ")[:-2] + '"'
            inside = double[1:-1].replace('\\"', '"').replace("'", "\\'")
            return self.one_of(option_text(value), double, f"'{inside}'")
        if isinstance(value, int):
            return self.one_of(repr(value), f"{value:_}", f"+{value}" if value >= 0 else repr(value))
        return self.one_of(repr(value), f"{value:.17e}", repr(value).replace("e", "E"))

    def item(self, item: Option) -> str:
        if not isinstance(item, tuple):
            return self.value(item)
        inside = [self.item(i) for i in item]
        comma = "," if len(inside) == 1 else self.one_of("", ",")
        return self.one_of("({})", "[{}]").format(self.joined(inside) + comma + self.blank())

    def joined(self, parts: list[str]) -> str:
        return ",".join(f"{self.blank()}{part}{self.blank()}" for part in parts)

    def named(self, name: str, text: str) -> str:
        return f"{name}{self.blank()}={self.blank()}{text}"

    def param(self, param: Param) -> str:
        body, when = self.body(param), param.when
        if not when:
            return f"{self.blank()}{body}{self.blank()}"
        return f"{body} if {' and '.join(self.condition(parent, allowed) for parent, allowed in when)}"

    def condition(self, parent: str, allowed: tuple[Value, ...]) -> str:
        values = [self.value(value) for value in allowed]
        plain = f"{parent}{self.blank()}{self.one_of('=', '==')}{self.blank()}{' | '.join(values)}"
        return self.one_of(
            plain, f"{parent} in ({self.joined(values)},)", f"{parent} in [{self.joined(values)}]"
        )

    def body(self, param: Param) -> str:
        form, parts = self.cased(type(param).__name__.lower()), []
        match param:
            case Fixed():
                parts = [self.option(param.value, param.meaning)]
            case Choice() | Ordinal():
                pairs = list(zip(param.options, param.meanings, strict=True))
                named = all(isinstance(o, str) for o, _ in pairs) and format_param(param).count("=")
                parts = [self.option(o, m) if named else self.item(m) for o, m in pairs]
                if not isinstance(param.default, type(None)) and param.default in param.options:
                    parts.append(self.named("default", self.value(param.default)))  # type: ignore[arg-type]
                if param.weights is not None:
                    parts.append(self.named("weights", self.item(param.weights)))
            case _:
                parts = self.of_range(param)
        return f"{form}{self.blank()}({self.joined(parts)}{self.one_of('', ',')})"

    def option(self, name: Value, meaning: Option) -> str:
        if isinstance(name, str) and name != meaning and option_text(meaning) != name:
            return self.named(option_text(f"{name} ")[:-2] + '"', self.item(meaning))
        return self.item(meaning)

    def of_range(self, param: Float | Int) -> list[str]:
        parts = [self.value(param.low), self.value(param.high)]
        if self.draw(st.booleans()):
            parts = [self.named("low", parts[0]), self.named("high", parts[1])]
        if param.scale != "linear" or self.draw(st.booleans()):
            plain = [param.scale] if parts[0][0] != "l" else []
            short = [self.named("log", "true")] if param.scale == "log" else []
            parts.append(self.one_of(self.named("scale", self.value(param.scale)), *plain, *short))
        if param.step is not None:
            parts.append(self.named("step", self.value(param.step)))
        if param.default is not None:
            parts.append(self.named("default", self.value(param.default)))
        if param.prior is not None:
            parts.append(self.named("prior", self.belief(param.prior)))
        return parts

    def belief(self, prior: Normal) -> str:
        name, width = ("sd", prior.sd) if prior.decades is None else ("decades", prior.decades)
        mean = self.value(prior.mean)
        inside = [self.one_of(mean, self.named("mean", mean)), self.named(name, self.value(width))]
        return f"{self.cased('normal')}{self.blank()}({self.joined(inside)}{self.one_of('', ',')})"


@st.composite
def spelt(draw: st.DrawFn) -> tuple[Param, str]:
    """Return a parameter, and one way to write it."""
    param = draw(params())
    return param, Speller(draw).param(param)


@given(params())
def test_what_is_written_reads_the_same(param: Param) -> None:
    again = parse_param("x", format_param(param))
    assert again == param
    assert repr(again) == repr(param)
    assert parse_param("x", format_param(param), stored=True) == param


@given(spelt())
def test_every_spelling_says_the_same(case: tuple[Param, str]) -> None:
    param, text = case
    assert repr(parse_param("x", text)) == repr(param)


_TOKEN = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([^\s,;()\[\]{}|="'#]+)""", re.DOTALL)
_SILENT = {*FORMS, "low", "high", "scale", "step", "default", "log", "true", "linear", "if", "and", "in"}
"""What a spelling may have and another of the same meaning need not."""


def content(text: str) -> Counter[object]:
    """Return what a text says but for its spelling: numbers by value, words as they are."""
    found: Counter[object] = Counter()
    for quoted, chunk in _TOKEN.findall(text):
        if quoted:
            inside = parse_param("x", quoted)
            assert isinstance(inside, Fixed)
            found[inside.value] += 1
        elif chunk.lower() not in _SILENT:
            number = number_in(chunk)
            word = chunk.lower() if chunk.lower() in WORDS else chunk
            found[word if number is None else float(number)] += 1
    return found


TYPED = [
    "log(1e-4, 1, default=0.01)",
    "int(16, 512, log, step=8)",
    "float(0, 1, step=0.1) if optimizer=sgd|momentum and layers=2",
    "choice(sgd, adam, default=adam)",
    "choice('sgd', \"adam w\") if o in (a, b)",
    "choice((3, 3), (5, 5))",
    "choice(small=(16, 16), large=(64, 64))",
    "ordinal(16, 32, 64)",
    "[1, 2, 3]",
    "0.1",
    "relu",
]
SLIPS = "() []{},;=|'\"#\\-+._:/0159eExabfi\t\n%*é٣"


@given(st.sampled_from(TYPED), st.data())
def test_a_slip_is_read_as_it_stands_or_refused_where_it_stands(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    slip = data.draw(st.sampled_from(SLIPS))
    kind = data.draw(st.sampled_from(["put", "drop", "change", "swap"]))
    after = text[at + 1 :]
    swapped = text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    wrong = (
        text[:at] + {"put": slip + text[at:], "drop": after, "change": slip + after, "swap": swapped}[kind]
    )
    try:
        param = parse_param("x", wrong)
    except TextError as error:
        assert 1 <= error.column <= max(1, len(wrong))
        return
    again = format_param(param)
    assert parse_param("x", again) == param
    # Nothing that was written is lost, and nothing becomes text that was not written as text.
    assert not content(wrong) - content(again), (wrong, again)


@given(st.text(alphabet="()[],='\"|# abdefgilnot0123.-+", max_size=30))
def test_any_text_is_read_or_refused_inside_it(text: str) -> None:
    try:
        param = parse_param("x", text)
    except TextError as error:
        assert 1 <= error.column <= max(1, len(text))
    else:
        assert parse_param("x", format_param(param)) == param


@pytest.mark.parametrize("word", [*DOUBTFUL, *WORDS, *(form for form in FORMS if form != "linear")])
def test_no_word_with_another_meaning_is_text_unasked(word: str) -> None:
    try:
        read = parse_param("x", word)
    except TextError:
        return
    assert not isinstance(read.value, str)  # type: ignore[union-attr]  # a bare word is no form
