"""What the code keeps to so that it can be read: short functions, short modules, one name for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import osetra

ROOT = Path(osetra.__file__).parent
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
LONGEST_MODULE = 400
LONGEST_BODY = 40


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function takes behind its docstring."""
    statements = function.body[ast.get_docstring(function) is not None :]
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def is_protocol(definition: ast.ClassDef) -> bool:
    return any(ast.unparse(base).partition("[")[0] == "Protocol" for base in definition.bases)


@pytest.mark.parametrize("name", MODULES)
def test_no_function_has_a_long_body(name: str) -> None:
    functions = [n for n in nodes(MODULES[name]) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {f.name: n for f in functions if (n := body_lines(f)) > LONGEST_BODY} == {}


ALONE = ("nets/standalone.py",)
"""Copied out as it is, into programs that have nothing else of ours."""


def test_no_module_is_long() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE and name not in ALONE} == {}


CALLBACKS = "OsetraCallback"
"""What people write in the same place of every framework; the module says which one it is for."""


def test_no_two_classes_share_a_name() -> None:
    """But a protocol and what implements it, and the callbacks of frameworks."""
    where: dict[str, list[str]] = defaultdict(list)
    for name, path in MODULES.items():
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and not is_protocol(node):
                where[node.name].append(name)
    assert {name: places for name, places in where.items() if len(places) > 1 and name != CALLBACKS} == {}


def test_what_is_measured_is_what_is_meant() -> None:
    source = 'def f():\n    """Doc.\n\n    More.\n    """\n    a = 1\n    # why\n    return a\n'
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef) and body_lines(function) == 3
    one, other, third = ast.parse("class A(Protocol[T]): ...\nclass B(Protocol): ...\nclass C(B): ...").body
    assert [is_protocol(d) for d in (one, other, third)] == [True, True, False]  # type: ignore[arg-type]
