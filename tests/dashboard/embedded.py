"""A server for the page in embedded mode: its files, and one HTML page that holds the documents."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The live page's policy: whatever it forbids shows in these tests, too."""
PAGE = Path(str(files("osetra.dashboard"))) / "page"


def with_documents(documents: str) -> str:
    """Return the page with its documents inside; nothing in them ends the script's element."""
    data = documents.replace("<", "\\u003c")
    holder = f'<script type="application/json" id="documents">{data}</script>'
    return (PAGE / "index.html").read_text("utf-8").replace("</body>", f"{holder}</body>")


@contextmanager
def served(pages: Mapping[str, str]) -> Iterator[str]:
    """Serve pages by their names, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path.strip("/") in pages:
                self._answer(pages[path.strip("/")].encode(), "text/html; charset=utf-8")
                return
            file = PAGE / path.split("assets/", 1)[-1]
            if "assets/" in path and ".." not in path and file.is_file():
                kind = "text/javascript" if file.suffix in (".js", ".mjs") else mimetypes.guess_type(file)[0]
                self._answer(file.read_bytes(), kind or "text/plain")
                return
            self.send_error(404)

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            for name, value in {"Content-Type": kind, "Content-Security-Policy": CSP}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
