"""A TCP proxy that misbehaves on demand: it swallows answers, or goes silent without closing."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Forwards 127.0.0.1:port to a server on this machine."""

    def __init__(self, target):
        self.target = target
        self.swallow = 0
        """How many more answers are thrown away together with their connection."""
        self.swallowed = 0
        self.silent = threading.Event()
        """While set nothing passes, in either direction, and nothing is closed."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = set()
        self._held = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.silent.clear()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._sockets):
            _shut(one)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self._sockets |= {client, server}
            for source, sink, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, sink, answers), daemon=True).start()

    def _pump(self, source, sink, answers):
        while True:
            try:
                data = source.recv(65536)
                while self.silent.is_set():
                    threading.Event().wait(0.02)
                if answers and data and self._takes():
                    break
                if not data:
                    break
                sink.sendall(data)
            except OSError:
                break
        _shut(source)
        _shut(sink)

    def _takes(self):
        with self._held:
            if not self.swallow:
                return False
            self.swallow -= 1
            self.swallowed += 1
            return True


def _shut(one):
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
