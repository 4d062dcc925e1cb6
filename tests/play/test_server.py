"""The server: what it serves, and what it withstands."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

import tinygrad_mlp
from tinygrad_mlp.experiment.cli import main
from tinygrad_mlp.experiment.play import server as served
from tinygrad_mlp.experiment.play.questions import LONGEST, Question, answer
from tinygrad_mlp.experiment.play.server import HEADERS, PAGES, Server

from .drawings import digits, drawn

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def pages():
    return [drawn(image) for image in digits(10)[0]]


@pytest.fixture(scope="module")
def question(pages):
    return json.dumps({"picture": pages[0].tolist()}).encode()


def request(server, method, path, body=None, headers=JSON):
    """Status, headers and body of a request as a browser would send it."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, dict(reply.headers), reply.read()
    finally:
        connection.close()


def raw(server, sent, more=b"", pause=0.0):
    """Everything that comes back, until the server ends the connection, for bytes as they are."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        connection.sendall(sent)
        try:
            if more:
                time.sleep(pause)
                connection.sendall(more)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError as error:
            assert error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
            return b""


def head(server, *lines, method="POST", path="/answer"):
    """The head of a request, as bytes, with a good Host and type."""
    host = f"Host: 127.0.0.1:{server.server_port}"
    kind = "Content-Type: application/json"
    return "\r\n".join([f"{method} {path} HTTP/1.1", host, kind, *lines, "", ""]).encode("latin-1")


def status_of(reply):
    return int(re.match(rb"HTTP/1\.1 (\d+) ", reply)[1])


# ------------------------------------------------------------------------------ what is served


@pytest.mark.parametrize("path", PAGES)
def test_the_files_of_the_page_are_served_with_their_types(server, path):
    name, kind = PAGES[path]
    status, headers, body = request(server, "GET", path)
    assert status == 200 and headers["Content-Type"] == kind
    assert body == (Path(served.__file__).parent / name).read_bytes()
    assert request(server, "HEAD", path)[1]["Content-Length"] == str(len(body))
    assert request(server, "HEAD", path)[2] == b""


def test_every_answer_says_that_nothing_else_may_be_loaded(server, question):
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ") and "unsafe" not in policy
    for method, path, body in [
        ("GET", "/", None),
        ("GET", "/nothing", None),
        ("POST", "/answer", question),
        ("POST", "/answer", b"{"),
        ("DELETE", "/", None),
        ("BREW", "/", None),
    ]:
        _, headers, _ = request(server, method, path, body)
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert headers["Server"].strip() == "tinygrad_mlp"


def test_the_page_has_no_script_or_style_of_its_own_and_names_no_host(server):
    here = Path(served.__file__).parent
    html = (here / "page.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>(.*?)</script>", html, re.S) == [""]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    for name in ("page.html", "page.css", "page.js"):
        assert not re.search(r"\b(https?|wss?|data):|[\"'(]//", (here / name).read_text("utf-8"))


def test_a_question_gets_what_the_networks_say(server, networks, pages, question):
    status, headers, body = request(server, "POST", "/answer", question)
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert json.loads(body) == answer(Question(pages[0]), networks)
    asked = json.loads(question) | {"network": "small"}
    status, _, body = request(server, "POST", "/fool", json.dumps(asked))
    assert status == 200 and json.loads(body)["before"] == 7


def test_a_connection_is_kept_for_the_next_question(server, question):
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    for _ in range(3):
        connection.request("POST", "/answer", question, JSON)
        assert connection.getresponse().read()
        port = connection.sock.getsockname()
    assert connection.sock.getsockname() == port
    connection.close()


@pytest.mark.parametrize("asking", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_of_200_requests_at_once_each_gets_its_own_answer(server, networks, pages, asking):
    bodies = [json.dumps({"picture": page.tolist()}).encode() for page in pages]
    expected = [answer(Question(page), networks) for page in pages]
    barrier = threading.Barrier(200)

    def one(number):
        barrier.wait()
        if number < asking:
            return request(server, "POST", "/answer", bodies[number % len(bodies)])
        return request(server, "GET", "/page.js")

    with ThreadPoolExecutor(200) as pool:
        replies = list(pool.map(one, range(200)))
    assert {status for status, _, _ in replies} == {200}
    for number, (_, _, body) in enumerate(replies):
        if number < asking:
            assert json.loads(body) == expected[number % len(expected)]
        else:
            assert body == server.files["/page.js"]


# ------------------------------------------------------------------------- who may ask, and what


FOREIGN = """
    example.org 127.0.0.1 127.0.0.1:1 localhost example.org:{port} [::1]:{port} 127.0.0.2:{port}
    127.0.0.1:{port}.example.org 0.0.0.0:{port} @127.0.0.1:{port} 127.0.0.1:{port}, 127.1:{port}
"""


@pytest.mark.parametrize("host", ["", *FOREIGN.split()])
def test_a_foreign_host_is_refused(server, question, host):
    given = JSON | {"Host": host.format(port=server.server_port)}
    for method, path, body in [("GET", "/", None), ("POST", "/answer", question)]:
        assert request(server, method, path, body, given)[0] == 403


def test_no_host_or_two_are_refused(server):
    assert status_of(raw(server, b"GET / HTTP/1.1\r\n\r\n")) == 403
    two = head(server, f"Host: 127.0.0.1:{server.server_port}", method="GET", path="/")
    assert status_of(raw(server, two)) == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_its_own_names_are_accepted(server, question, name):
    host = f"{name}:{server.server_port}"
    given = JSON | {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert request(server, "POST", "/answer", question, given)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:{port}.example.org"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
    ids=str,
)
def test_a_question_from_another_page_is_refused(server, question, headers):
    given = {name: value.format(port=server.server_port) for name, value in headers.items()}
    for path in ("/answer", "/fool"):
        assert request(server, "POST", path, question, JSON | given)[0] == 403


def test_a_link_from_another_page_is_followed_and_a_script_from_there_is_not_served(server):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert request(server, "GET", "/", headers=link)[0] == 200
    script = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert request(server, "GET", "/page.js", headers=script)[0] == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_any_page_can_send_without_asking_is_refused(server, question, kind):
    assert request(server, "POST", "/answer", question, {"Content-Type": kind})[0] == 415
    assert request(server, "OPTIONS", "/answer")[0] == 405


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_with_the_one_that_is_allowed(server, method):
    status, headers, _ = request(server, method, "/answer")
    assert (status, headers["Allow"]) == (405, "POST")


def test_other_methods_for_pages_and_unknown_methods_are_refused(server, question):
    for method in ("POST", "PUT", "DELETE"):
        status, headers, _ = request(server, method, "/", question)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    for method in ("TRACE", "CONNECT", "get", "X" * 1000):
        assert request(server, method, "/")[0] == 501


PATHS = r"""
    /../page.html /..%2f..%2fcli.py //etc/passwd /page.js/ /server.py /PAGE.JS /page.html * page.js
    /%2e%2e/answers.py /..\cli.py /page.js%00 file:///etc/passwd http://example.org/
    /answer/../page.js /./page.js
"""


@pytest.mark.parametrize("path", [*PATHS.split(), pytest.param("/" + "a/" * 5000, id="long")])
def test_no_path_leads_to_other_files(server, path):
    for method in ("GET", "POST"):
        assert status_of(raw(server, head(server, method=method, path=path))) == 404


def test_a_query_changes_nothing(server):
    assert request(server, "GET", "/page.js?v=../../cli.py")[2] == server.files["/page.js"]


# ------------------------------------------------------------------------------- bodies, lengths


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], 411),
        (["Transfer-Encoding: chunked"], 411),
        (["Content-Length: 4", "Transfer-Encoding: chunked"], 411),
        (["Content-Length: 4", "Content-Length: 5"], 400),
        (["Content-Length: -1"], 400),
        (["Content-Length: +4"], 400),
        (["Content-Length: 4_0"], 400),
        (["Content-Length: 0x10"], 400),
        (["Content-Length: 4, 4"], 400),
        (["Content-Length: \u00b2"], 400),
        (["Content-Length: NaN"], 400),
        (["Content-Length:"], 400),
        (["Content-Length: 0"], 400),
        ([f"Content-Length: {LONGEST + 1}"], 413),
        (["Content-Length: " + "9" * 5000], 413),
    ],
    ids=str,
)
def test_a_length_that_is_none_is_refused(server, lines, status):
    assert status_of(raw(server, head(server, *lines))) == status


def test_a_body_shorter_or_longer_than_it_says_is_refused_and_the_connection_ends(server, question):
    longer = head(server, f"Content-Length: {len(question) + 1}")
    assert status_of(raw(server, longer + question)) == 400
    shorter = raw(server, head(server, f"Content-Length: {len(question) - 1}") + question)
    assert status_of(shorter) == 400 and shorter.count(b"HTTP/1.1 ") == 1


def test_what_follows_a_refused_body_is_not_taken_for_a_request(server):
    hidden = head(server, method="GET", path="/page.js")
    told = raw(server, head(server, f"Content-Length: {LONGEST + 1}") + hidden)
    assert told.count(b"HTTP/1.1 ") == 1 and b"const SIDE" not in told


def test_a_huge_body_is_not_read(server, monkeypatch):
    read = []
    arriving = served.Arriving.readinto

    def counting(self, buffer):
        count = arriving(self, buffer)
        read.append(count)
        return count

    monkeypatch.setattr(served.Arriving, "readinto", counting)
    raw(server, head(server, f"Content-Length: {10**9}"), b"0" * 5_000_000)
    assert sum(read) < LONGEST


def test_the_longest_question_is_read(server, question):
    padded = question + b" " * (LONGEST - len(question))
    assert request(server, "POST", "/answer", padded)[0] == 200
    assert request(server, "POST", "/answer", padded + b" ")[0] == 413


def test_bad_questions_are_told_in_one_line_of_plain_text(server):
    bad = b'{"picture": [[NaN]], "\x1b[2J": Infinity}'
    status, headers, body = request(server, "POST", "/answer", bad)
    assert (status, headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert body.startswith(b"Bad Request: the question is not JSON: NaN") and body.count(b"\n") == 1


NO_REQUESTS = [
    b"\r\n\r\n",
    b"\x00" * 99,
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"GET /" + b"a" * 70_000,
    b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000,
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
]


@pytest.mark.parametrize("sent", NO_REQUESTS, ids=range(10))
def test_what_is_no_request_is_refused_and_the_server_goes_on(server, sent):
    told = raw(server, sent)
    assert b"HTTP/1.1 200" not in told and b"<!doctype html>" not in told
    assert request(server, "GET", "/icon.svg")[0] == 200


# ------------------------------------------------------------------------------- slow, and many


def test_a_slow_client_is_given_up_even_if_something_arrives_now_and_then(server, monkeypatch):
    monkeypatch.setattr(served, "PATIENCE", 0.3)
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        connection.sendall(head(server, "Content-Length: 1000"))
        try:
            for _ in range(100):
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            pass  # the server has ended it
        else:
            pytest.fail("it was never given up")
    assert time.monotonic() - begun < 4


def test_a_slow_head_and_an_idle_connection_end(server, monkeypatch):
    monkeypatch.setattr(served, "PATIENCE", 0.1)
    monkeypatch.setattr(served, "IDLE", 0.1)
    for begun in (b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
            connection.sendall(begun)
            assert connection.recv(100) == b""


def test_a_slow_body_is_told(server, monkeypatch):
    monkeypatch.setattr(served, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        connection.sendall(head(server, "Content-Length: 1000"))
        assert status_of(connection.recv(1000)) == 408


def test_more_connections_than_can_be_served_are_closed(server, monkeypatch):
    monkeypatch.setattr(served, "MOST_CONNECTIONS", threading.active_count() - 1)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        assert connection.recv(100) == b""
    monkeypatch.undo()
    assert request(server, "GET", "/icon.svg")[0] == 200


def test_a_fault_is_a_500_and_one_line_and_a_client_that_leaves_is_nothing(
    server, question, monkeypatch, capfd
):
    def broken(question, networks):
        raise ZeroDivisionError("made\nup")

    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(head(server, f"Content-Length: {len(question)}") + question)
    monkeypatch.setitem(served.QUESTIONS, "/answer", broken)
    status, _, body = request(server, "POST", "/answer", question)
    assert status == 500 and b"made" not in body
    while "made" not in (told := capfd.readouterr().err):
        time.sleep(0.01)
    assert told == "play: ZeroDivisionError: made up\n"


# -------------------------------------------------------------------------------- as a command


def test_only_this_computer_can_reach_it(server):
    assert server.server_address[0] == "127.0.0.1"


def test_a_port_in_use_is_told_in_one_line(server, capsys):
    assert main(["play", "--port", str(server.server_port)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"port {server.server_port} cannot be used" in told and "--port 0" in told


@pytest.mark.parametrize("port", ["65536", "-1", "x", "8e3", ""])
def test_what_is_no_port_is_told(port, capsys):
    assert main(["play", f"--port={port}"]) == 2
    assert "needs a whole number from 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("opened", [False, True])
def test_a_browser_is_opened_only_when_asked_for(networks, monkeypatch, capsys, opened):
    asked = []
    monkeypatch.setattr(served, "load_networks", lambda: networks)
    monkeypatch.setattr(served.webbrowser, "open", asked.append)
    monkeypatch.setattr(Server, "serve_forever", lambda self, poll_interval: None)
    assert main(["play", "--port", "0", *(["--open"] if opened else [])]) == 0
    address = re.search(r"at (http://127\.0\.0\.1:\d+/) ", capsys.readouterr().out)[1]
    assert asked == ([address] if opened else [])


WATCHED = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started with

FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "subprocess", "os.exec")

def watch(event, arguments):
    writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    if writes or event.startswith(FORBIDDEN):
        print("promise broken:", event, arguments, file=sys.stderr)

from tinygrad_mlp.experiment.cli import main
sys.addaudithook(watch)
sys.exit(main(["play", "--port", "0"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are others on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_writes_nothing_and_ends_with_one_line(number, tmp_path, question):
    package = str(Path(tinygrad_mlp.__file__).parents[1])
    started = subprocess.Popen(
        [sys.executable, "-c", WATCHED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    line = started.stdout.readline()
    port = int(re.fullmatch(r"draw a digit at http://127\.0\.0\.1:(\d+)/ .*\n", line)[1])
    server = type("Started", (), {"server_port": port})
    assert request(server, "GET", "/")[0] == 200
    assert request(server, "POST", "/answer", question)[0] == 200
    started.send_signal(number)
    told = started.communicate(timeout=60)
    assert (told, started.returncode) == (("", "\nstopped\n"), 128 + number)
    assert list(tmp_path.iterdir()) == []
