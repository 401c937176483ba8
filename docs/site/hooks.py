"""What the site has beyond the pages in docs/: references made from the code, and files that pages link to.

MkDocs calls these functions by their names.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import commands
import python_api
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".c": "c",
    ".toml": "toml",
    ".sh": "bash",
    ".sbatch": "bash",
}
LINK = re.compile(r"\]\(\.\./([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made: of docstrings, of the command line, of examples, of the change log."""
    made = {"python-api.md": python_api.page(), "commands.md": commands.page()}
    made["changes.md"] = (ROOT / "CHANGELOG.md").read_text("utf-8")
    for path in sorted((ROOT / "examples").rglob("*")):
        if path.suffix in LANGUAGES:
            made[_page_of(path)] = _source(path)
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links that leave docs/ at the page of that file, or leave its name where it has none."""
    here = posixpath.dirname(page.file.src_uri)

    def target(match: re.Match[str]) -> str:
        path = ROOT / match[1]
        if not path.exists():
            return match[0]  # a dead link: the build says so
        if path.name == "CHANGELOG.md":
            name = "changes.md"
        elif path.is_file() and path.is_relative_to(ROOT / "examples") and path.suffix in LANGUAGES:
            name = _page_of(path)
        else:
            return "](architecture.md)"  # where the files of the source are told apart
        return f"]({posixpath.relpath(name, here or '.')}{match[2] or ''})"

    return LINK.sub(target, markdown)


def _page_of(path: Path) -> str:
    """Return the name of an example's page, such as examples/command/train_c.md for train.c."""
    name = path.relative_to(ROOT).with_suffix("")
    return f"{name.as_posix()}{path.suffix.replace('.', '_')}.md"


def _source(path: Path) -> str:
    """Return the page of a file: its name, and what is in it."""
    text, name = path.read_text("utf-8"), path.relative_to(ROOT).as_posix()
    fence = "`" * (3 + 2 * text.count("```"))
    block = f"{fence}{LANGUAGES[path.suffix]}\n{text.rstrip()}\n{fence}\n"
    return f"---\nsearch: {{exclude: true}}\n---\n# {name}\n\n{block}"
