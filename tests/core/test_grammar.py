"""What people type: read as they mean it, or refused at the place of the mistake."""

import pytest

from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param
from osetra.core.space import Space
from osetra.core.text import format_param, parse_param, parse_value
from osetra.errors import SpaceError, TextError

UNDERSTOOD: list[tuple[str, Param]] = [
    ("choice('sgd', 'adam')", Choice("sgd", "adam")),
    ("choice('a, b', \"c\")", Choice("a, b", "c")),
    ("""choice('it\\'s', 'say "hi"', "its")""", Choice("it's", 'say "hi"', "its")),
    ("choice((3,3), (5,5))", Choice((3, 3), (5, 5))),
    ("choice([16,32],[64,64],)", Choice((16, 32), (64, 64))),
    ("choice(a=1, b=2)", Choice({"a": 1, "b": 2})),
    ("choice(3x3, 5x5)", Choice("3x3", "5x5")),
    ("choice(1_000, 2)", Choice(1000, 2)),
    ("ordinal(1,2,4,)", Ordinal(1, 2, 4)),
    ("[16, 32, 64]", Choice(16, 32, 64)),
    ("['sgd', 'adam'] if o=a", Choice("sgd", "adam", when={"o": "a"})),
    ("int(16,512,step=8,log)", Int(16, 512, log=True, step=8)),
    ("int(1,10)if a=1", Int(1, 10, when={"a": 1})),
    ("Int(1,5)", Int(1, 5)),
    ("FLOAT(0,1)", Float(0, 1)),
    ("Float(1e-4, 1, log=True)", Float(1e-4, 1, log=True)),
    ("Float(low=1e-4, high=1, scale='log', default=0.1)", Float(1e-4, 1, "log", default=0.1)),
    ("float(0, 1, step=0.1)", Float(0, 1, step=0.1)),
    ("log(0.1, 1, step=.1)", Float(0.1, 1, "log", step=0.1)),
    ("Fixed('adam')", Fixed("adam")),
    ("float(0,1) if c in (a,b)", Float(0, 1, when={"c": ("a", "b")})),
    ("float(0,1) if c in ['a b', 2] and d==true", Float(0, 1, when={"c": ("a b", 2), "d": True})),
    ("True", Fixed(True)),
    ("linear", Fixed("linear")),
    ("/data/a.csv", Fixed("/data/a.csv")),
    ("3x3", Fixed("3x3")),
    ("-.5e-3", Fixed(-0.0005)),
    ("9007199254740993", Fixed(9007199254740993)),
]


@pytest.mark.parametrize(("text", "param"), UNDERSTOOD, ids=[text for text, _ in UNDERSTOOD])
def test_what_can_mean_one_thing_only_is_understood(text: str, param: Param) -> None:
    assert parse_param("x", text) == param
    assert parse_param("x", format_param(param)) == param


REFUSED = [
    ("flaot(0,1)", 1, "Did you mean 'float'?"),
    ("uniform(0,1)", 1, "Write float(low, high)."),
    ("float(0,1", 6, "a bracket does not close; write float(0,1)"),
    ("choice((1,2", 8, "a bracket does not close"),
    ("choice 1,2)", 1, "choice is a form and needs brackets: choice(a, b, c)"),
    ("log", 1, "log is a form and needs brackets: log(low, high)"),
    ("float(0;1)", 8, "';': a comma or ')' is needed here; commas part them"),
    ("float(1e-4..1)", 7, "'1e-4..1' begins like a number and is none"),
    ("choice(a b, c)", 10, "text with blanks stands in quotes"),
    ("choice(sgd|adam)", 11, "commas part them"),
    ("choice({a:1},{b:2})", 8, "options are no dictionaries; write choice(small=(16, 16), large=(64, 64))"),
    ("choice(a,,b)", 10, "there is nothing before this comma"),
    ("choice(log(1, 2), 3)", 8, "a form cannot stand inside another"),
    ("choice(a, b, defualt=a)", 14, "Did you mean 'default'?"),
    ("choice(a, b, default=a, default=b)", 25, "'default' is given twice"),
    ("choice((((((((((1,2))))))))),3)", 16, "too deep"),
    ("0.1 # comment", 5, "a comment cannot stand here"),
    ("float(0, 1) # comment", 13, "a comment cannot stand here"),
    ("choice(a, # b", 11, "a comment cannot stand here"),
    ("1,2", 2, 'write "1,2" or choice(1, 2)'),
    ("sgd adam", 5, 'write "sgd adam" or choice(sgd, adam)'),
    ("nan", 1, 'as text it is written "nan"'),
    ("-Infinity", 1, "is no value"),
    ("choice(inf, 1)", 8, "inf is no value"),
    ("null", 1, "write none"),
    ("1e999", 1, "1e999 is too large or too small to be held"),
    ("1e-999", 1, "too large or too small"),
    ("0x10", 1, 'as text it is written "0x10"'),
    ("5k", 1, "begins like a number"),
    ("10%", 1, "begins like a number"),
    ("choice(٣, 4)", 8, "begins like a number"),
    ("(1,2)", 1, "two numbers can be a range or two options; write log(1, 2) or int(1, 2)"),
    ("[-0.5, 2]", 1, "write float(-0.5, 2) for all between them, choice(-0.5, 2) for these two"),
    ("()", 1, "nothing to choose from"),
    (
        "log(1e-4, 1), default=0.1",
        13,
        "what belongs to a form stands inside; write log(1e-4, 1, default=0.1)",
    ),
    ("log(1e-4, 1, 0.01)", 14, "It may be meant as step=0.01 or default=0.01."),
    ("int(16, 512, log, 8)", 19, "step=8"),
    ("log(1, 2, scale=linear)", 1, "log is a scale already"),
    ("float(0, 1))", 12, "a bracket closes that was not opened"),
    ("choice(adam, sgd) if", 20, "cannot read the condition"),
    ("choice(a,b) if x=1 and", 22, "cannot read the condition"),
    ("float(0,1) if c=a or c=b", 19, "write if c=a|b"),
    ("float(0,1) if c=a,b", 18, "write if c=a|b"),
    ("float(0,1) if not c=a", 15, "cannot read the condition"),
    ("float(0,1) if c!=a", 15, "cannot read the condition"),
    ("float(0,1) if c>1", 15, "cannot read the condition"),
    ("log(1e-4,1) if opt=sgd if x=2", 24, "conditions are joined by and"),
    ('"a', 1, "the quotes do not close"),
    ("'C:\\data'", 1, "a backslash in quotes is written twice"),
    ("ab'c'", 1, "quotes begin within a word"),
    ("a*b", 1, '"a*b"'),
    ("", 1, '"" for empty text'),
    ("fixed(1, 2)", 1, "fixed takes one value"),
    ("choice(a)", 1, "at least two options are needed"),
    ("log(0, 1)", 1, "a log scale needs low > 0"),
]


@pytest.mark.parametrize(("text", "column", "message"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_what_can_mean_several_things_is_refused_where_it_stands(
    text: str, column: int, message: str
) -> None:
    with pytest.raises(TextError) as caught:
        parse_param("x", text)
    assert message in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize("text", ["sgd adam", "nan", "0.1 # c", "5k", "(1", "log(1,2)", "a if b=c", ""])
def test_a_value_is_read_by_the_same_grammar(text: str) -> None:
    with pytest.raises(TextError):
        parse_value(text)


def test_a_tuple_as_a_value_is_its_name() -> None:
    assert parse_value("(3,3)") == parse_value("[3, 3]") == "(3, 3)"


@pytest.mark.parametrize("word", ["nan", "inf", "infinity", "null", "log", "choice", "Undefined"])
def test_a_log_may_hold_words_that_people_must_quote(word: str) -> None:
    assert parse_param("x", word, stored=True) == Fixed(word)
    assert parse_param("x", f"choice({word}, a) if o={word}", stored=True) == Choice(
        word, "a", when={"o": word}
    )
    space = Space.parse({"x": word}, stored=True)
    assert Space.parse(space.spec) == space


@pytest.mark.parametrize(
    ("lines", "spec"),
    [
        ({"x": [1, 2, 3]}, {"x": "choice(1, 2, 3)"}),
        ({"x": ["sgd", "adam"]}, {"x": "choice(sgd, adam)"}),
        ({"x": [[16, 32], [64, 64]]}, {"x": "choice((16, 32), (64, 64))"}),
        ({"x": [True, False]}, {"x": "choice(true, false)"}),
        ({"x": ["3", 3.5, False]}, {"x": "choice(3, 3.5, false)"}),
        (
            {"opt": {"lr": "log(1e-4, 1)", "deep": {"a": 1}}},
            {"opt.lr": "log(0.0001, 1.0)", "opt.deep.a": "1"},
        ),
        (
            {"o": "choice(a, b)", "x": ["float(0, 1) if o=a", "2 if o=b"]},
            {"o": "choice(a, b)", "x": ["float(0.0, 1.0) if o=a", "2 if o=b"]},
        ),
    ],
)
def test_lines_may_be_lists_and_tables(lines: dict[str, object], spec: dict[str, object]) -> None:
    assert Space.parse(lines).spec == spec
    assert Space.parse(Space.parse(lines).spec) == Space.parse(lines)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({"lr": [1e-4, 1]}, "lr: two numbers can be a range or two options; write log(0.0001, 1)"),
        ({"lr": {"min": 1e-4, "max": 1}}, 'a range is written as text, such as lr = "log(1e-4, 1)"'),
        ({"o": {"values": ["sgd", "adam"]}}, 'options as "choice(sgd, adam)"'),
        ({"x": []}, "x: an empty list holds nothing to choose from"),
        ({"x": [1]}, "x: Choice(1,): at least two options are needed"),
        ({"opt": {"lr": 1}, "opt.lr": 2}, "opt.lr: declared twice"),
        ({"x": float("nan")}, "x: Fixed: value: nan is not a value"),
        ({5: "a"}, "5: a hyperparameter's name is text"),
        ({"x": ["float(0, 1)", "nan"]}, "x=nan: column 1"),
    ],
)
def test_lines_that_are_unclear_are_refused_with_our_spelling(lines: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        Space.parse(lines)
    assert message in str(caught.value)


def test_python_takes_lists_and_mappings_too() -> None:
    assert Space(x=[1, 2, 3]) == Space(x=Choice(1, 2, 3))
    assert Space(opt={"lr": Float(0, 1), "name": "sgd"}).spec == {
        "opt.lr": "float(0.0, 1.0)",
        "opt.name": "sgd",
    }
    for wrong in (5, "a", [("x", 1)]):
        with pytest.raises(SpaceError, match="a mapping of names to parameters is needed"):
            Space(wrong)  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="two numbers can be a range or two options"):
        Space(lr=[1e-4, 1])
