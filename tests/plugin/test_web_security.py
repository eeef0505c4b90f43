"""What the DJ page does not do, whoever asks: it is asked over plain sockets, by clients that keep no rules."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import sqlite3
import threading
import time
from itertools import cycle
from pathlib import Path

import mutagen.flac
import pytest

from tests.djpage import Page
from tests.plugin.conftest import Beets
from tests.processes import children, eventually, resident
from tests.sounds import chirp, write_audio

CLIENTS = 200
SECONDS = float(os.environ.get("DEEJAI_TEST_CLIENTS_SECONDS", 2))  # 30 for the whole run
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def library(tmp_path_factory, analysed_library):
    own = Beets(tmp_path_factory.mktemp("web"))
    shutil.copy(analysed_library.library, own.library)
    shutil.copytree(analysed_library.data, own.data)
    (own.folder / "secret.txt").write_text("nobody's business")
    return own


@pytest.fixture(scope="module")
def page(library):
    with Page(library.folder) as page:
        yield page


@pytest.fixture(scope="module")
def whole(page):
    """A track's file."""
    return page.get("/api/audio/1").body


def size(*folders: Path) -> int:
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


class TestWhoMayAsk:
    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example:{port}", "localhost:1", "", "127.0.0.1", "[::1]:1"]
    )
    @pytest.mark.parametrize("path", ["/", "/api/status", "/static/app.js", "/api/audio/1"])
    def test_a_name_that_is_not_the_machines_own(self, page, host, path):
        answer = page.get(path, Host=host.format(port=page.port))
        assert answer.status == 403
        assert b"deejai" not in answer.body

    @pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
    def test_the_machines_own_names(self, page, host):
        assert page.get("/api/status", Host=host.format(port=page.port)).status == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://[bad"},
            {"Origin": "http://localhost:1"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
        ],
    )
    @pytest.mark.parametrize("path", ["/api/similar", "/api/journey", "/api/upload", "/api/save"])
    def test_a_page_of_somebody_else(self, page, library, path, headers):
        assert page.post(path, {"title": "evil", "ids": [1], "seeds": [1]}, **headers).status == 403
        assert not (library.folder / "playlists").exists()

    def test_what_costs_much_is_not_for_others_pages_either(self, page):
        for path in ("/api/search?q=a", "/api/audio/1?formats=mp3", "/api/map"):
            assert page.get(path, Sec_Fetch_Site="cross-site").status == 403
        assert page.get("/", Sec_Fetch_Site="cross-site").status == 200  # a link may lead here

    def test_the_page_itself(self, page):
        own = {"Origin": f"http://127.0.0.1:{page.port}", "Sec_Fetch_Site": "same-origin"}
        assert page.post("/api/similar", {"seeds": [1]}, **own).status == 200

    def test_a_form_cannot_send_what_is_taken(self, page):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            assert page.post("/api/similar", b'{"seeds": [1]}', Content_Type=kind).status == 400

    def test_what_each_answer_forbids(self, page):
        for path in ("/", "/static/app.js", "/api/status", "/api/audio/1", "/api/nothing", "/api/audio/x"):
            headers = page.get(path).headers
            assert "access-control-allow-origin" not in headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
            assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == "'self'"
            assert "server" not in headers

    def test_a_preflight_is_told_nothing(self, page):
        answer = page.ask("OPTIONS", "/api/save", Origin="http://evil.example", Access_Control_Request_Method="POST")
        assert answer.status == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


class TestTokens:
    def test_it_is_printed_and_kept_in_a_cookie(self, library):
        with Page(library.folder, "--host", "0.0.0.0") as page:  # noqa: S104
            token = page.printed.partition("?token=")[2]
            assert len(token) >= 32
            assert page.get("/").status == page.get("/api/status").status == page.get("/static/app.js").status == 401
            assert page.get("/?token=wrong").status == 401
            assert page.get(f"/?token={token}x").status == 401
            assert page.get("/?token=").status == 401
            asked = page.get("/")
            assert asked.headers["content-type"].startswith("text/html")
            assert 'name="token"' in asked.body.decode()
            assert page.get("/api/status").error.startswith("the token is missing or wrong")
            welcome = page.get(f"/?token={token}")
            assert welcome.status == 200
            cookie = welcome.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            known = cookie.partition(";")[0]
            assert page.get("/api/status", Cookie=known).status == 200
            assert page.get("/api/status", Authorization=f"Bearer {token}").status == 200
            assert page.get("/api/status", Cookie=known.replace("=", "=x")).status == 401
            # Whatever other programs on this machine keep in cookies.
            for others in ('a="b', "a b=c", 'x={"y": 1}', "=", ";;", "[]=1; ä=ö"):
                assert page.get("/api/status", Cookie=f"{others}; {known}; {others}").status == 200
            # The cookie does not make somebody else's page ours.
            assert page.post("/api/similar", {"seeds": [1]}, Cookie=known, Origin="http://evil.example").status == 403
            assert page.post("/api/similar", {"seeds": [1]}, Cookie=known).status == 200
            # And no body is taken from who has no token.
            head = f"POST /api/upload HTTP/1.1\r\nHost: a:{page.port}\r\nContent-Length: 400000000\r\n\r\n"
            assert b" 401 " in page.raw(head.encode()).partition(b"\r\n")[0]

    def test_one_of_your_own(self, library):
        with Page(library.folder, "--token", "abcdefgh12345678") as page:
            assert page.get("/").status == 401
            assert page.get("/?token=abcdefgh12345678").status == 200

    @pytest.mark.parametrize("token", ["short", "x" * 15, "with;a=semicolon0000", "ääääääääääääääääääää", ""])
    def test_one_that_can_be_guessed_or_broken(self, library, token):
        result = library.deejai("web", "--token", token, status=1)
        assert "--token: 16 letters and digits at least" in result.err


class TestMethods:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/", "GET, HEAD, OPTIONS"),
            ("PUT", "/api/audio/1", "GET, HEAD, OPTIONS"),
            ("POST", "/static/app.js", "GET, HEAD, OPTIONS"),
            ("GET", "/api/similar", "OPTIONS, POST"),
            ("NONE", "/api/upload", "OPTIONS, POST"),
        ],
    )
    def test_one_that_is_not_allowed(self, page, method, path, allowed):
        answer = page.ask(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/audio/../../secret.txt",
            "/api/audio/..%2f..%2fsecret.txt",
            "/api/audio/%2e%2e%2fsecret.txt",
            "/api/audio/-1",
            "/api/audio/0",
            "/api/audio/25",
            "/api/audio/1e1",
            "/api/audio/0x1",
            "/api/audio/\uff11",
            "/api/audio/9223372036854775808",
            "/api/audio/99999999999999999999999999999999",
            "/api/audio/1.5",
            "/api/audio/null",
            "/api/audio/1%00",
            "/api/audio/",
            "/api/art/../../secret.txt",
            "/api/art/-1",
            "/api/track/%2e%2e",
            "/api/track/9223372036854775807",
            "/static/../app.py",
            "/static/..%2fapp.py",
            "/static/%2e%2e/app.py",
            "/static/..%5capp.py",
            "/static//etc/passwd",
            "//etc/passwd",
            "/../../../../etc/passwd",
        ],
    )
    def test_nothing_but_tracks_by_their_ids(self, page, path):
        raw = page.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = raw.partition(b"\r\n\r\n")
        assert head.split(b" ")[1] in (b"404", b"400"), raw[:200]
        assert b"nobody" not in body
        assert b"root:" not in body
        assert b"import" not in body

    @pytest.mark.parametrize(
        "title", ["../../evil", "/etc/evil", "..", ".", "~/evil", "..\\..\\evil", "a/../../b", "\u202e3u", "x" * 400]
    )
    def test_a_playlists_name_is_a_name(self, page, library, title):
        folder = library.folder / "playlists"
        answer = page.post("/api/save", {"title": title, "ids": [1]})
        assert answer.status == 200
        written = Path(answer.json["path"])
        assert written.parent == folder
        assert written.is_file()
        assert written.suffix == ".m3u"
        assert not (library.folder.parent / "evil.m3u").exists()
        shutil.rmtree(folder)

    @pytest.mark.parametrize(
        "name", ["../../evil.sh", "/etc/cron.d/evil", "x.\0mp3", "a" * 300 + ".mp3", "x.mp3/../../y", ".bashrc"]
    )
    def test_an_uploads_name_is_no_path(self, page, library, name):
        from urllib.parse import quote

        before = set(library.folder.rglob("*"))
        answer = page.post(f"/api/upload?name={quote(name)}", b"no audio")
        assert answer.status in (400, 422)
        assert set(library.folder.rglob("*")) - before <= {
            library.data / "uploads",
            library.data / "uploads" / str(page.port),
        }


class TestBodies:
    """10 GB, declared or not: refused early, and neither disk nor memory is filled."""

    def head(self, page, *lines: str) -> bytes:
        return "\r\n".join(
            ["POST /api/upload?name=x.mp3 HTTP/1.1", f"Host: 127.0.0.1:{page.port}", *lines, "", ""]
        ).encode()

    @pytest.mark.parametrize("more", [[], ["Expect: 100-continue"]])
    def test_declared(self, page, library, more):
        answer = page.raw(self.head(page, "Content-Length: 10000000000", *more))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b'"error": "the body is too large; 500 MB is the most"' in answer
        assert size(page.temporary, library.data / "uploads") == 0

    def test_streamed_in_chunks(self, page, library):
        memory, largest = resident(page.process.pid), 0
        chunk = f"{10 * MEGABYTE:x}\r\n".encode() + bytes(10 * MEGABYTE) + b"\r\n"

        def chunks():
            nonlocal largest
            yield self.head(page, "Transfer-Encoding: chunked")
            for _ in range(1000):
                largest += len(chunk)
                yield chunk

        answer = page.raw(chunks())
        assert answer.startswith(b"HTTP/1.1 413 ") or not answer  # not read any more: the connection may be reset
        assert largest < 600 * MEGABYTE
        assert resident(page.process.pid) < memory + 100 * MEGABYTE
        eventually(lambda: size(page.temporary, library.data / "uploads") == 0 and open_files(page) < 200 * MEGABYTE)

    def test_anything_else_may_bring_little(self, page):
        head = f"POST /api/save HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nContent-Type: application/json\r\n"
        assert page.raw(f"{head}Content-Length: 1000001\r\n\r\n".encode()).startswith(b"HTTP/1.1 413 ")
        chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
        answer = page.raw([f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * 40])
        assert answer.startswith(b"HTTP/1.1 413 ") or not answer

    def test_from_a_page_of_somebody_else_nothing_is_taken_at_all(self, page, library):
        answer = page.raw(
            self.head(page, "Content-Length: 400000000", "Origin: http://evil.example", "Expect: 100-continue")
        )
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"100 Continue" not in answer

    def test_a_head_without_end(self, page):
        assert b" 431 " in page.raw(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 100_000).partition(b"\r\n")[0]

    @pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
    def test_lengths_that_are_none(self, page, length):
        status = page.raw(self.head(page, f"Content-Length: {length}")).split(b" ")[1]
        assert status in (b"400", b"413")

    def test_one_that_was_killed_leaves_nothing_for_long(self, analysed):
        left = analysed.data / "uploads"
        with Page(analysed.folder) as page:
            folder = left / str(page.port)
        folder.mkdir(parents=True)
        (folder / "0123.mp3").write_bytes(b"left by a crash")
        with Page(analysed.folder, "--port", str(page.port)):
            assert not list(folder.glob("*"))

    def test_still_there(self, page):
        assert page.get("/api/status").status == 200


def open_files(page) -> int:
    """Bytes of the files that the server has open and that have no name any more."""
    total = 0
    for link in Path(f"/proc/{page.process.pid}/fd").iterdir():
        try:
            if link.readlink().name.endswith("(deleted)"):
                total += link.stat().st_size
        except OSError:
            pass
    return total


class TestRanges:
    """RFC 9110, section 14."""

    @pytest.mark.parametrize(
        ("asked", "first", "last"),
        [
            ("0-0", 0, 0),
            ("0-99", 0, 99),
            ("100-", 100, None),
            ("-100", -100, None),
            ("5-99999999999", 5, None),
            ("-99999999999", 0, None),
        ],
    )
    def test_one_range(self, page, whole, asked, first, last):
        answer = page.get("/api/audio/1", Range=f"bytes={asked}")
        first = first if first >= 0 else len(whole) + first
        last = len(whole) - 1 if last is None else last
        assert answer.status == 206
        assert answer.body == whole[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
        assert answer.headers["accept-ranges"] == "bytes"

    def test_none_of_it(self, page, whole):
        for asked in (f"{len(whole)}-", "99999999999-"):
            answer = page.get("/api/audio/1", Range=f"bytes={asked}")
            assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(whole)}")

    @pytest.mark.parametrize(
        "asked", ["bytes=0-1,4-5", "lines=0-1", "bytes=x-y", "bytes=5-1", "bytes", "bytes=-", "bytes=1e3-"]
    )
    def test_what_may_be_ignored(self, page, whole, asked):
        answer = page.get("/api/audio/1", Range=asked)
        assert (answer.status, answer.body) == (200, whole)

    def test_only_if_it_is_still_the_same(self, page, whole):
        tag = page.get("/api/audio/1").headers["etag"]
        assert page.get("/api/audio/1", Range="bytes=0-9", If_Range=tag).status == 206
        for other in ('"other"', f"W/{tag}", "Sat, 29 Oct 1994 19:43:31 GMT"):
            assert page.get("/api/audio/1", Range="bytes=0-9", If_Range=other).status == 200
        assert page.get("/api/audio/1", If_None_Match=tag).status == 304

    def test_head(self, page, whole):
        answer = page.ask("HEAD", "/api/audio/1")
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(whole)))


@pytest.fixture(scope="module")
def hasty(library, tmp_path_factory):
    """A server with short deadlines, and little room for what is not read; tracks 1 to 4 are ten minutes long."""
    folder = tmp_path_factory.mktemp("hasty")
    (folder / "sitecustomize.py").write_text(
        "from waitress.adjustments import Adjustments\n"
        "from deejai_core.features.web import server\n"
        "Adjustments.outbuf_high_watermark = 1_000_000\n"
        "server.HEAD_SECONDS = server.IDLE_SECONDS = server.UNREAD_SECONDS = 3\n"
    )
    long = write_audio(folder / "long.flac", chirp(600, 8000), 8000)
    own = Beets(folder / "library")
    shutil.copy(library.library, own.library)
    shutil.copytree(library.data, own.data)
    with sqlite3.connect(own.library) as connection:
        connection.execute("UPDATE items SET path = ? WHERE id <= 4", (os.fsencode(long),))
    connection.close()
    with Page(own.folder, PYTHONPATH=str(folder)) as page:
        yield page


class TestClientsThatKeepItWaiting:
    """With deadlines of seconds instead of a minute. Meanwhile others are served."""

    def test_heads_that_never_end(self, hasty):
        """More than there may be connections. Each sends another byte from time to time."""
        waiting = [hasty.connected() for _ in range(420)]
        try:
            for number, connection in enumerate(waiting):
                send(connection, (b"", b"\r\n", b"GET /api/status HTTP/1.1\r\nX: ")[number % 3])
            deadline = time.monotonic() + 60
            while hasty.get("/api/status").status != 200:
                assert time.monotonic() < deadline
            for _ in range(5):
                for connection in waiting:
                    send(connection, b"x")
                time.sleep(1)
            assert hasty.get("/api/status").status == 200
            eventually(lambda: all(map(is_closed, waiting)))
        finally:
            for connection in waiting:
                connection.close()

    def test_a_connection_is_kept_between_requests(self, hasty):
        connection = http.client.HTTPConnection("127.0.0.1", hasty.port, timeout=60)
        for _ in range(3):
            connection.request("GET", "/api/status")
            assert connection.getresponse().read()
            time.sleep(1)
        socket = connection.sock
        eventually(lambda: is_closed(socket))  # but not for ever
        connection.close()

    def test_listeners_that_do_not_listen(self, hasty):
        """They have all transcoders there are, until they have read nothing for too long."""
        listeners = []
        try:
            for number in (1, 2, 3, 4):
                listeners.append(connection := hasty.connected())
                head = f"GET /api/audio/{number}?formats=webm HTTP/1.1\r\nHost: 127.0.0.1:{hasty.port}\r\n\r\n"
                connection.sendall(head.encode())
                assert connection.recv(12) == b"HTTP/1.1 200"
            assert hasty.get("/api/audio/5?formats=webm").status == 503
            eventually(lambda: hasty.get("/api/audio/5?formats=webm").status == 200, seconds=180)
        finally:
            for connection in listeners:
                connection.close()

    def test_one_who_listens_slowly_hears_it_to_the_end(self, hasty):
        whole = hasty.get("/api/audio/5?formats=mp3").body
        with hasty.connected() as connection:
            connection.sendall(f"GET /api/audio/5?formats=mp3 HTTP/1.0\r\nHost: 127.0.0.1:{hasty.port}\r\n\r\n".encode())
            heard = b""
            while chunk := connection.recv(len(whole) // 4):
                heard += chunk
                time.sleep(1.5)
        assert heard.endswith(whole)


def send(connection, data: bytes) -> None:
    with contextlib.suppress(OSError):  # closed by the server
        connection.sendall(data)


def is_closed(connection) -> bool:
    """Whether the server has closed a connection, on which it has said nothing that is not read."""
    connection.setblocking(False)
    try:
        return connection.recv(65_536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_transcoders_end_with_their_listeners(page, library):
    """Who goes away in the middle of a stream takes its process along."""
    for _ in range(12):  # more than there may be at once
        connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
        connection.request("GET", "/api/audio/1?formats=mp3")
        response = connection.getresponse()
        assert response.status == 200
        response.read(1000)
        connection.close()
        eventually(lambda: not children(page.process.pid))


def test_many_at_once_lose_nothing(page, whole):
    """Whatever 200 clients ask for at the same time, each gets the answer to its own question."""
    questions = [
        ("GET", "/api/search?q=kettle", None, lambda answer: len(answer.json["tracks"]) > 0),
        ("POST", "/api/similar", {"seeds": [1], "coming": [None] * 3}, lambda answer: len(answer.json["tracks"]) == 3),
        ("POST", "/api/similar", {"seeds": [2], "drunk": 0.5, "seed": 1}, lambda answer: answer.json["complete"]),
        ("GET", "/api/audio/1", None, lambda answer: answer.body == whole),
        ("GET", "/api/track/5", None, lambda answer: answer.json["id"] == 5),
        ("POST", "/api/journey", {"waypoints": [1, 9], "between": 2}, lambda answer: len(answer.json["legs"][0]) == 2),
        ("GET", "/", None, lambda answer: b"</html>" in answer.body),
    ]
    end, asked, wrong = time.monotonic() + SECONDS, [], []

    def client(number: int) -> None:
        for method, path, body, right in cycle(questions[number % len(questions) :] + questions[: number % len(questions)]):
            try:
                answer = page.ask(method, path, body)
                asked.append(path)
                if answer.status != 200 or not right(answer):
                    wrong.append((path, answer.status, answer.body[:200]))
            except Exception as error:
                wrong.append((path, repr(error)))
            if time.monotonic() > end:
                return

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:5]
    assert len(asked) >= CLIENTS
    print(f"{len(asked)} answers to {CLIENTS} clients in {SECONDS:g} s")  # noqa: T201


def test_a_file_with_an_evil_name_and_evil_tags_is_only_text(page, analysed, collection):
    """JSON, never HTML: whatever the tags are, they come as they are, and as JSON."""
    evil = '<img src=x onerror="document.title=1">'
    song = analysed.music / "evil.flac"
    shutil.copy(next(collection.rglob("*.flac")), song)
    tags = mutagen.flac.FLAC(song)
    tags["title"] = tags["artist"] = tags["album"] = evil
    tags.save()
    analysed.run("import", "-qA", analysed.music)
    with Page(analysed.folder) as own:
        answer = own.get("/api/search?q=onerror")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json["tracks"][0]["title"] == evil
        assert (
            b"<img" not in own.get("/api/%3Cimg%20src=x%3E").body
            or own.get("/api/x").headers["content-type"] == "application/json"
        )


class TestErrorsOnTheCommandLine:
    def test_a_port_that_is_taken(self, page, library):
        result = library.deejai("web", "--port", page.port, status=1)
        assert "cannot serve on 127.0.0.1" in result.err

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["--port", "0"], "--port"),
            (["--demo", "0"], "--demo"),
            (["--host", "no.such.host.invalid"], "cannot serve"),
            (["nothing like it"], "no track matches"),
        ],
    )
    def test_what_is_asked_is_checked(self, library, args, said):
        assert said in library.deejai("web", *args, status=1).err
