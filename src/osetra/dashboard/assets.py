"""Assets: the page's own files, listed once when the server starts; no request ever names a path."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.responses import Response

from osetra.dashboard import vendor
from osetra.dashboard.vendor import PAGE

KINDS = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
SERVED = (*KINDS, ".woff2", ".png")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it goes over the wire."""

    packed: bytes
    """Compressed by gzip, which every browser reads."""
    kind: str
    mark: str


@dataclass(slots=True)
class Assets:
    """The files of the page by the name that it asks for, and what is wrong with them."""

    files: dict[str, Asset] = field(default_factory=dict)
    index: bytes = b""
    trouble: str = ""
    """Why the page cannot be shown, as a sentence; empty where it can."""

    @classmethod
    def load(cls, folder: Path = PAGE) -> Assets:
        """Read the page's files; libraries that are missing are laid first, where that is possible."""
        trouble = vendor.ensure()
        names = sorted(path for path in folder.rglob("*") if path.suffix in SERVED and path.is_file())
        files = {path.relative_to(folder).as_posix(): _asset(path) for path in names}
        index = folder / "index.html"
        if not index.is_file():
            return cls(files, b"", f"{index} is missing: this installation is not complete")
        return cls(files, with_modules(index.read_bytes(), files), trouble)

    def page(self) -> Response:
        """Return the page, or why there is none."""
        if self.trouble:
            text = f"<!doctype html><html lang=en><meta charset=utf-8><title>osetra</title><p>{self.trouble}"
            return Response(text, 503, media_type="text/html")
        return Response(self.index, media_type="text/html")

    def answer(self, name: str, known: str) -> Response:
        """Return a file of the page; `known` is the mark of the one that the browser has."""
        asset = self.files.get(name)
        if asset is None:
            return Response("there is no such file", 404, media_type="text/plain")
        headers = {"etag": asset.mark, "cache-control": "no-cache"}
        if known == asset.mark:
            return Response(status_code=304, headers=headers)
        return Response(asset.packed, media_type=asset.kind, headers={**headers, "content-encoding": "gzip"})


def with_modules(index: bytes, files: Mapping[str, Asset]) -> bytes:
    """Return the page with all modules named: a browser asks for them at once, not import by import."""
    modules = [name for name in files if name.endswith((".js", ".mjs"))]
    named = "".join(f'<link rel="modulepreload" href="assets/{name}" />' for name in modules)
    return index.replace(b"</head>", f"{named}</head>".encode(), 1)


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Asset(gzip.compress(body, 9, mtime=0), kind, mark)
