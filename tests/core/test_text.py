import pytest

from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param
from osetra.core.text import format_param, format_value, parse_param, parse_value
from osetra.errors import SpaceError

FORMS: list[tuple[str, Param]] = [
    ("log(0.0001, 1.0)", Float(1e-4, 1, scale="log")),
    ("float(0.0, 0.5, default=0.1)", Float(0, 0.5, default=0.1)),
    ("one_minus_log(0.5, 0.995)", Float(0.5, 0.995, scale="one_minus_log")),
    ("logit(0.01, 0.99)", Float(0.01, 0.99, scale="logit")),
    ("int(16, 512, log)", Int(16, 512, scale="log")),
    ("int(8, 64, step=8, default=16)", Int(8, 64, step=8, default=16)),
    ("choice(sgd, adam, default=adam)", Choice("sgd", "adam", default="adam")),
    ("ordinal(16, 32, 64)", Ordinal(16, 32, 64)),
    ("choice(true, none, 1, 1.5)", Choice(True, None, 1, 1.5)),
    ("0.2", Fixed(0.2)),
    ("relu", Fixed("relu")),
    ('"0.2"', Fixed("0.2")),
    ("none", Fixed(None)),
    ("float(0.5, 0.99) if optimizer=sgd|momentum", Float(0.5, 0.99, when={"optimizer": ("sgd", "momentum")})),
    ("int(1, 3) if a=1 and b=true", Int(1, 3, when={"a": 1, "b": True})),
]


@pytest.mark.parametrize(("text", "param"), FORMS)
def test_a_parameter_reads_as_it_is_written(text: str, param: Param) -> None:
    assert format_param(param) == text
    assert parse_param("x", text) == param


@pytest.mark.parametrize(
    ("loose", "exact"), [("log( 1e-4 ,1 )", FORMS[0][0]), ("  int(16,512,log) ", FORMS[4][0])]
)
def test_spaces_and_number_formats_are_free(loose: str, exact: str) -> None:
    assert format_param(parse_param("x", loose)) == exact


@pytest.mark.parametrize(
    "odd", ["a,b", 'say "hi"', "ends in \\", "x if y=z", "a and b", "p|q", "(", "", " ", "é", "true"]
)
def test_odd_words_survive_inside_quotes(odd: str) -> None:
    for param in (Fixed(odd), Choice(odd, "other", default=odd), Int(1, 2, when={"p": (odd, "other")})):
        assert parse_param("x", format_param(param)) == param


@pytest.mark.parametrize("value", [0, -1, 1e-300, 0.1, True, None, "sgd", "1e5", "nan", "layer.0/w:1"])
def test_a_value_reads_as_it_is_written(value: object) -> None:
    again = parse_value(format_value(value))  # type: ignore[arg-type]
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log(1, 0.1)", "Float(1, 0.1, scale='log'): low must be below high; swap them"),
        ("log(0, 1)", "Float(0, 1, scale='log'): a log scale needs low > 0; use low=1e-6 or scale='linear'"),
        (
            "lgo(1, 2)",
            "unknown form 'lgo'; known: float, int, choice, ordinal, fixed, linear, log, one_minus_log",
        ),
        ("log(1)", "a range needs two numbers, low and high"),
        ("log(1, 2, 3)", "3 is one argument too many; write log(low, high)"),
        ("int(1, 9, cubic)", "Int(1, 9, scale='cubic'): unknown scale 'cubic'"),
        (
            "float(0, 1, stop=0.1)",
            "'stop' is not an argument here; known: low, high, default, step, scale, log, soft, prior. Did",
        ),
        ("choice(sgd)", "Choice('sgd',): at least two options are needed"),
        ("log(1, 2", "a bracket does not close"),
        ('"open', "the quotes do not close"),
        ("0.2 if sgd", "cannot read the condition 'sgd'; write: if optimizer=sgd|momentum"),
    ],
)
def test_text_that_cannot_be_read_is_explained(text: str, message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        parse_param("x", text)
    assert str(caught.value).startswith(f"x={text}: ")
    assert message in str(caught.value)


def test_the_nearest_form_is_suggested() -> None:
    with pytest.raises(SpaceError, match=r"Did you mean 'log'\?"):
        parse_param("lr", "lgo(1, 2)")
