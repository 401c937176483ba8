"""The page of the Python interface, made of docstrings and signatures."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import osetra

SOURCE = Path(osetra.__file__).parent
HEAD = """# The Python interface

`import osetra as ose`. Made of the docstrings; `help(ose.Study)` says the same.
"""
SECTIONS: dict[str, tuple[str, ...]] = {
    "The front door": ("tune", "retest", "load_model", "from_argparse"),
    "What comes back": ("osetra.tuning.result:TuneResult", "osetra.tuning.model:TunedModel"),
    "The space": ("Space", "Float", "Int", "Choice", "Ordinal", "Fixed", "Normal"),
    "The study": ("Study", "osetra.effects.best:Best", "osetra.effects.front:Front", "Trial", "Finding"),
    "In the training": ("Run",),
    "Who trains": ("Inline", "Processes", "Checkpoints", "osetra.command.training:CommandTraining"),
    "What is underneath": ("Objective", "Problem", "History"),
}
"""Names of `osetra`, or of a module."""
ARGUMENT = re.compile(r"^(\*{0,2}\w+): ?(.*)$")
SECTION = re.compile(r"^(Args|Returns|Raises|Yields):$")


def page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD]
    for title, names in SECTIONS.items():
        parts.append(f"\n## {title}\n")
        for name in names:
            module, _, attribute = name.rpartition(":")
            parts.extend(_object(getattr(importlib.import_module(module or "osetra"), attribute), attribute))
    parts.append("\n## Errors\n")
    parts.extend(_errors())
    parts.append(
        "\n## For frameworks and other programs\n\nImported by name, when what they need is installed.\n"
    )
    for folder in ("integrations", "compat", "executors"):
        for path in sorted((SOURCE / folder).glob("*.py")) if (SOURCE / folder).is_dir() else ():
            parts.extend(_unloaded(path, f"osetra.{folder}.{path.stem}"))
    return "\n".join(parts)


def _object(thing: object, name: str) -> Iterator[str]:
    """Yield a function, or a class with its public methods and properties."""
    yield f"\n### `{name}` {{ #{name.lower()} }}\n"
    if inspect.isclass(thing) and not _constructed(thing):
        yield _documented(thing.__doc__)
    else:
        assert callable(thing)
        yield _signature(thing, name)
        yield _documented(thing.__doc__)
    if inspect.isclass(thing) and not issubclass(thing, dict):
        for member, value in _members(thing):
            kind = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            yield f"\n#### `{name}.{member}` {{ #{name.lower()}.{member} }}\n"
            if not isinstance(value, property):
                yield _signature(kind, member)
            yield _documented(inspect.getdoc(kind))


def _constructed(thing: type) -> bool:
    """Whether users make such objects themselves, rather than being given them."""
    given = {"Run", "Trial", "History", "Finding"}
    return thing.__name__ in {"CommandTraining", *osetra.__all__} - given


def _members(thing: type) -> list[tuple[str, object]]:
    """Return the documented public methods and properties, inherited ones of this package included."""
    found: dict[str, object] = {}
    for owner in reversed(thing.__mro__):
        if owner.__module__.startswith("osetra"):
            found.update(vars(owner))
    kinds = (FunctionType, property, classmethod, staticmethod)
    return [
        (name, value)
        for name, value in sorted(found.items())
        if not name.startswith("_") and isinstance(value, kinds) and inspect.getdoc(value)
    ]


def _signature(thing: object, name: str) -> str:
    """Return how it is called, without annotations: one line, or a line for each argument."""
    given = inspect.signature(thing)  # type: ignore[arg-type]
    kept = [
        one.replace(annotation=inspect.Parameter.empty)
        for one in given.parameters.values()
        if one.name not in ("self", "cls") and one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    text = str(given.replace(parameters=kept, return_annotation=inspect.Signature.empty))
    text = re.sub(r"<[\w.]*?(\w+) object at 0x\w+>|<factory>", r"\1", text)
    if len(name) + len(text) > 100:
        body = textwrap.indent(textwrap.fill(", ".join(_split(text[1:-1])), 80), "    ")
        text = f"(\n{body},\n)"
    return f"```text\n{name}{text}\n```\n"


def _split(text: str) -> list[str]:
    """Return the arguments of a call, cut at commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def _documented(doc: str | None) -> str:
    """Return a docstring as Markdown: paragraphs, code as blocks, arguments as a table."""
    lines, parts = inspect.cleandoc(doc or "").splitlines(), []
    while lines:
        if SECTION.match(lines[0]):
            title, body = lines.pop(0)[:-1], []
            while lines and (not lines[0].strip() or lines[0].startswith(" ")):
                body.append(lines.pop(0))
            parts.append(_table(title, inspect.cleandoc("\n".join(body))))
            continue
        part = []
        while lines and lines[0].strip() and not SECTION.match(lines[0]):
            part.append(lines.pop(0))
        while lines and not lines[0].strip():
            lines.pop(0)
        if part:
            parts.append(_paragraph(part, first=not parts))
    return "\n\n".join(parts) + "\n"


def _paragraph(lines: list[str], *, first: bool) -> str:
    """Return a paragraph, or a block where it is indented or is Python."""
    text = "\n".join(lines)
    if all(line.startswith("    ") for line in lines):
        return f"```python\n{inspect.cleandoc(text)}\n```"
    if not first and re.search(r"[(=]", text):
        try:
            ast.parse(text)
        except SyntaxError:
            return _plain(text)
        return f"```python\n{text}\n```"
    return _plain(text)


def _table(title: str, text: str) -> str:
    """Return arguments or errors as rows of a table, another section as a sentence."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if match := ARGUMENT.match(line):
            rows.append([match[1], match[2]])
        elif rows and line.startswith(" "):
            rows[-1][1] += " " + line.strip()
    if not rows:
        return f"*{title}:* {_plain(text)}"
    body = "\n".join(
        f"| `{name}` | {_plain(' '.join(said.split())).replace('|', chr(92) + '|')} |" for name, said in rows
    )
    return f"| {title.lower()} | |\n|---|---|\n{body}"


def _plain(text: str) -> str:
    """Return prose in which only `code` is markup."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", p) for p in pieces)


def _errors() -> Iterator[str]:
    """Yield the exceptions, each with what it is of."""
    yield "| error | is | |\n|---|---|---|"
    errors = importlib.import_module("osetra.errors")
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, Exception) and thing.__module__ == errors.__name__:
            first = _plain(" ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split()))
            yield f"| `{name}` | `{thing.__bases__[0].__name__}` | {first} |"


def _unloaded(path: Path, module: str) -> Iterator[str]:
    """Yield what a module offers, read without importing it: its framework may be absent."""
    tree = ast.parse(path.read_text("utf-8"))
    doc = ast.get_docstring(tree) or ""
    public = [
        n for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef)) and not n.name.startswith("_")
    ]
    public = [n for n in public if n.name.startswith("Osetra") or re.search(rf"\b{n.name}\b", doc)]
    if not public or path.stem.startswith("_"):  # what a module does not speak of is not for users
        return
    yield f"\n### `{module}` {{ #{module} }}\n"
    yield _documented(doc)
    for node in public:
        start = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
        call = node if isinstance(node, ast.FunctionDef) else start
        arguments = "" if call is None else _arguments(call)
        yield f"\n#### `{node.name}` {{ #{module}.{node.name} }}\n"
        yield f"```text\n{node.name}({arguments})\n```\n"
        yield _documented(ast.get_docstring(node))


def _arguments(node: ast.FunctionDef) -> str:
    """Return the arguments of a call as text, without annotations."""
    for one in ast.walk(node.args):
        if isinstance(one, ast.arg):
            one.annotation = None
    text = ast.unparse(node.args)
    return re.sub(r"^self(, |$)", "", text)
