"""A script's parser as a proposal of what to search."""

import argparse
import subprocess
import sys

import pytest

import osetra as ose
from osetra.errors import StudyError


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--bias", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-workers", type=int, default=4)
    parser.add_argument("--output", default="out")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--later", type=float)
    return parser


def test_what_can_be_searched_is_proposed_on_the_scales_of_the_field():
    space = ose.from_argparse(make_parser())
    params = dict(space)
    first = ["lr", "weight_decay", "momentum", "dropout", "hidden", "layers", "clip"]
    assert list(params) == [*first, "optimizer", "amp", "bias"]
    scales = {name: params[name].scale for name in ("lr", "weight_decay", "momentum", "dropout", "hidden")}
    assert list(scales.values()) == ["log", "log", "one_minus_log", "linear", "log"]
    assert (params["hidden"].low, params["hidden"].high) == (16, 256)
    assert params["lr"].low < 1e-3 / 20 and params["lr"].high > 1e-3 * 20
    assert 0.5 <= params["momentum"].low < 0.9 < params["momentum"].high < 1


def test_the_parsers_defaults_are_the_spaces():
    parser = make_parser()
    asked = vars(parser.parse_args(["file"]))
    default = ose.from_argparse(parser).default
    assert default == pytest.approx({name: asked[name] for name in default})


def test_its_text_is_read_again():
    space = ose.from_argparse(make_parser())
    assert ose.Space.parse(space.spec) == space


def test_wrong_parsers_are_named():
    with pytest.raises(StudyError, match=r"give the argparse\.ArgumentParser of the script"):
        ose.from_argparse({"lr": 0.1})
    with pytest.raises(StudyError, match="none of the parser's options can be searched"):
        ose.from_argparse(argparse.ArgumentParser())


def test_importing_osetra_does_not_load_it():
    code = "import sys, osetra; sys.exit('osetra.command.argparse_space' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
