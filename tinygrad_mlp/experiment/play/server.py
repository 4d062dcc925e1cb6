"""Serving the page, to this computer alone.

The server listens on the loopback address and keeps nothing. Any page in the browser may still send
it requests, so it answers only those that name it by a loopback name (against DNS rebinding) and
come from its own page (against requests forged elsewhere). Files are read once, at the start: no
path in a request reaches the file system.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from ..command import one_line
from .answers import Network, load_networks
from .questions import LONGEST, Question, answer, fooled, read_question

ADDRESS = "127.0.0.1"

PATIENCE = 10.0
"""How many seconds a request may take to arrive, from its first byte to its last."""

IDLE = 60.0
"""How many seconds a connection may wait for its next request."""

MOST_CONNECTIONS = 400
"""How many connections are served at once; one more is closed, so that nothing fills the memory."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer carries: a page may load nothing but its own files, and nobody may frame it."""

PAGES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""By path, the file and its type."""

Reply = Callable[[Question, Mapping[str, Network]], dict[str, Any]]

QUESTIONS: dict[str, Reply] = {"/answer": answer, "/fool": fooled}
"""By path, who replies to a question."""


class Refused(Exception):
    """A request that is not answered: its status, and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Arriving(io.RawIOBase):
    """What arrives at a socket, until the time is up: then reading raises TimeoutError.

    A client that sends a byte now and then would outlast any time limit on a single read.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.end = 0.0

    def within(self, seconds: float) -> None:
        """From now on, there is so much time."""
        self.end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.connection.settimeout(max(self.end - time.monotonic(), 0.001))
        return self.connection.recv_into(buffer)


class Server(ThreadingHTTPServer):
    """The page's server: a thread for each connection.

    port  where to listen; 0 for any free port

    Raises ValueError if the port is in use, or may not be used.
    """

    request_queue_size = 256
    allow_reuse_address = os.name != "nt"  # there it would let two programs share a port

    def __init__(self, port: int, networks: Mapping[str, Network]) -> None:
        here = Path(__file__).parent
        self.networks = networks
        # More threads that compute than cores would only wait for each other.
        self.turns = threading.Semaphore(os.cpu_count() or 1)
        self.files = {path: (here / name).read_bytes() for path, (name, _) in PAGES.items()}
        try:
            super().__init__((ADDRESS, port), Handler)
        except OSError as error:
            raise ValueError(
                f"port {port} cannot be used ({error.strerror}); choose another with --port, or "
                "let --port 0 find one that is free"
            ) from error
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        if self.server_port == 80:
            self.hosts |= {ADDRESS, "localhost"}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, unless there are too many."""
        if threading.active_count() > MOST_CONNECTIONS:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    @property
    def address(self) -> str:
        """What to type into a browser."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def server_bind(self) -> None:
        """Take the port; the base class would also ask what this computer is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line what went wrong; that a client went away is nothing wrong."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print("play:", one_line(f"{type(error).__name__}: {error}"), file=sys.stderr)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "tinygrad_mlp"
    sys_version = ""
    disable_nagle_algorithm = True  # else the end of an answer waits for the client to confirm
    server: Server
    arriving: Arriving
    rfile: io.BufferedReader

    def setup(self) -> None:
        super().setup()
        self.arriving = Arriving(self.connection)
        self.rfile = io.BufferedReader(self.arriving)

    def handle_one_request(self) -> None:
        self.arriving.within(IDLE)
        try:
            begun = self.rfile.peek(1)
        except TimeoutError:
            begun = b""
        if not begun:
            self.close_connection = True
            return
        self.arriving.within(PATIENCE)
        super().handle_one_request()

    def do_GET(self) -> None:
        self.reply(self.page)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.reply(self.told)

    def do_other(self) -> None:
        """Any other method: it is told which one the path is for, if there is such a path."""
        self.reply(self.page)

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_other

    def reply(self, find: Callable[[], tuple[bytes, str]]) -> None:
        """Answer with what `find` finds, or say why there is no answer."""
        try:
            self.check_sender()
            body, kind = find()
        except Refused as error:
            self.send_error(error.status, explain=str(error))
        except TimeoutError:
            seconds = f"{PATIENCE:.0f} seconds"
            self.send_error(HTTPStatus.REQUEST_TIMEOUT, explain=f"it took more than {seconds}")
        except Exception:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, explain="a fault of this program")
            raise
        else:
            self.send(HTTPStatus.OK, body, kind)

    def check_sender(self) -> None:
        """Refuse what does not name this server, or comes from another page."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise Refused(HTTPStatus.FORBIDDEN, f"this is {self.server.address}, and no other host")
        origin = self.headers.get("Origin", f"http://{hosts[0]}")
        site = self.headers.get("Sec-Fetch-Site", "none")
        # A link that leads here from another page is fine: the page by itself tells nothing.
        followed = self.command == "GET" and self.headers.get("Sec-Fetch-Mode") == "navigate"
        foreign = site not in ("none", "same-origin") and not followed
        if origin.lower() != f"http://{hosts[0].lower()}" or foreign:
            raise Refused(HTTPStatus.FORBIDDEN, "only its own page may ask this server")

    def page(self) -> tuple[bytes, str]:
        """A file of the page."""
        path = self.path.partition("?")[0]
        if path not in PAGES and path not in QUESTIONS:
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing here; the page is at /")
        if path in QUESTIONS or self.command not in ("GET", "HEAD"):
            allowed = "POST" if path in QUESTIONS else "GET"
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} is for {allowed}")
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            raise Refused(HTTPStatus.BAD_REQUEST, "a question is asked with POST")
        return self.server.files[path], PAGES[path][1]

    def told(self) -> tuple[bytes, str]:
        """What is told on the question in the body."""
        path = self.path.partition("?")[0]
        if path not in QUESTIONS:
            return self.page()
        body = self.body()
        try:
            with self.server.turns:
                told = QUESTIONS[path](read_question(body), self.server.networks)
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        return json.dumps(told, allow_nan=False).encode(), "application/json"

    def body(self) -> bytes:
        """The body of the request: at most LONGEST bytes, and never more than it announces."""
        kind = self.headers.get_content_type()
        if kind != "application/json":
            # Any page may post a form or plain text; for JSON a browser asks first.
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a question is application/json")
        given = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers or not given:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "say how long it is, in Content-Length")
        if len(given) > 1 or not (given[0].isascii() and given[0].isdecimal()):
            raise Refused(HTTPStatus.BAD_REQUEST, "Content-Length must be one whole number")
        digits = given[0].lstrip("0")
        if len(digits) > len(str(LONGEST)) or int(digits or "0") > LONGEST:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {LONGEST:,} bytes"
            )
        length = int(digits or "0")
        body = self.rfile.read(length)
        if len(body) < length:
            raise Refused(HTTPStatus.BAD_REQUEST, "the question ended before its Content-Length")
        return body

    def send(
        self, status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole answer."""
        self.connection.settimeout(PATIENCE)  # a client that does not read is given up
        self.send_response(status)
        sent = {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS, **(more or {})}
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say in a line of plain text why there is no answer, and end the connection.

        What else the client has sent is not read, so nothing more can be made of it.
        """
        status = HTTPStatus(code)
        more = {"Connection": "close"}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            more["Allow"] = "POST" if self.path.partition("?")[0] in QUESTIONS else "GET, HEAD"
        words = one_line(f"{status.phrase}: {explain or message or status.description}")
        self.close_connection = True
        self.send(status, f"{words}\n".encode(), "text/plain; charset=utf-8", more)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written down about requests."""


def serve(port: int, open_browser: bool = False) -> None:
    """Serve the page until the program is stopped, and print its address.

    Raises ValueError if the port is in use, or may not be used.
    """
    with Server(port, load_networks()) as server:
        print(f"draw a digit at {server.address} (Ctrl-C ends it)", flush=True)
        if open_browser:
            webbrowser.open(server.address)
        server.serve_forever(poll_interval=0.2)
