"""How much has to be understood with one file: the modules that it imports, and those that these import.

Read from the text, so that nothing that is imported already hides what a file needs. What stands under
TYPE_CHECKING only names types, and what stands in a function is loaded when it is called.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import osetra

ROOT = Path(osetra.__file__).parent
MODULES = {
    ".".join(("osetra", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
MOST = 10


def _imports(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case ast.If(test=test, body=body, orelse=orelse):
                yield from _imports([] if "TYPE_CHECKING" in ast.unparse(test) else body)
                yield from _imports(orelse)
            case ast.Try(body=body, orelse=orelse, finalbody=finalbody):
                yield from _imports([*body, *orelse, *finalbody])
            case ast.ClassDef(body=body) | ast.With(body=body):
                yield from _imports(body)


def closure(module: str) -> set[str]:
    """Return all modules of osetra behind one, itself and the packages on the way included."""
    found: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        # The root package is the public API, and imports all of it on purpose.
        if name in found or name not in MODULES or name == "osetra":
            continue
        found.add(name)
        pending += [name.rpartition(".")[0], *_imports(ast.parse(MODULES[name].read_text()).body)]
    return found


def test_the_random_searcher_needs_little() -> None:
    found = closure("osetra.searchers.random")
    assert {"osetra.searchers", "osetra.core.finite", "osetra.errors"} <= found
    assert len(found) <= MOST, sorted(found)


def test_the_measure_sees_what_is_imported() -> None:
    assert "osetra.numerics.gp" in closure("osetra.searchers.bayes")
    assert "osetra.core.history" not in closure("osetra.core.scales")
