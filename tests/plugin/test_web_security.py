"""What the DJ page does not do, whoever asks: it is asked over plain sockets, by clients that keep no rules."""

from __future__ import annotations

import shutil
from pathlib import Path

import mutagen.flac
import pytest

from tests.djpage import Page


class TestWhoMayAsk:
    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example:{port}", "localhost:1", "", "127.0.0.1", "[::1]:1"]
    )
    @pytest.mark.parametrize("path", ["/", "/api/status", "/static/app.js", "/api/audio/1"])
    def test_a_name_that_is_not_the_machines_own(self, server, host, path):
        answer = server.get(path, Host=host.format(port=server.port))
        assert answer.status == 403
        assert b"deejai" not in answer.body

    @pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
    def test_the_machines_own_names(self, server, host):
        assert server.get("/api/status", Host=host.format(port=server.port)).status == 200

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
    def test_a_page_of_somebody_else(self, server, web_library, path, headers):
        assert server.post(path, {"title": "evil", "ids": [1], "seeds": [1]}, **headers).status == 403
        assert not (web_library.folder / "playlists").exists()

    def test_what_costs_much_is_not_for_others_pages_either(self, server):
        for path in ("/api/search?q=a", "/api/audio/1?formats=mp3", "/api/map"):
            assert server.get(path, Sec_Fetch_Site="cross-site").status == 403
        assert server.get("/", Sec_Fetch_Site="cross-site").status == 200  # a link may lead here

    def test_the_page_itself(self, server):
        own = {"Origin": f"http://127.0.0.1:{server.port}", "Sec_Fetch_Site": "same-origin"}
        assert server.post("/api/similar", {"seeds": [1]}, **own).status == 200

    def test_a_form_cannot_send_what_is_taken(self, server):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            assert server.post("/api/similar", b'{"seeds": [1]}', Content_Type=kind).status == 400

    def test_what_each_answer_forbids(self, server):
        for path in ("/", "/static/app.js", "/api/status", "/api/audio/1", "/api/nothing", "/api/audio/x"):
            headers = server.get(path).headers
            assert "access-control-allow-origin" not in headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
            assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == "'self'"
            assert "server" not in headers

    def test_a_preflight_is_told_nothing(self, server):
        answer = server.ask("OPTIONS", "/api/save", Origin="http://evil.example", Access_Control_Request_Method="POST")
        assert answer.status == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


class TestTokens:
    def test_it_is_printed_and_kept_in_a_cookie(self, web_library):
        with Page(web_library.folder, "--host", "0.0.0.0") as server:  # noqa: S104
            token = server.printed.partition("?token=")[2]
            assert len(token) >= 32
            assert server.get("/").status == server.get("/api/status").status == server.get("/static/app.js").status == 401
            assert server.get("/?token=wrong").status == 401
            assert server.get(f"/?token={token}x").status == 401
            assert server.get("/?token=").status == 401
            asked = server.get("/")
            assert asked.headers["content-type"].startswith("text/html")
            assert 'name="token"' in asked.body.decode()
            assert server.get("/api/status").error.startswith("the token is missing or wrong")
            assert 'name="token"' in server.get("/blind").body.decode()
            assert "set-cookie" in server.get(f"/blind?token={token}").headers
            welcome = server.get(f"/?token={token}")
            assert welcome.status == 200
            cookie = welcome.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            known = cookie.partition(";")[0]
            assert server.get("/api/status", Cookie=known).status == 200
            assert server.get("/api/status", Authorization=f"Bearer {token}").status == 200
            assert server.get("/api/status", Cookie=known.replace("=", "=x")).status == 401
            # Whatever other programs on this machine keep in cookies.
            for others in ('a="b', "a b=c", 'x={"y": 1}', "=", ";;", "[]=1; ä=ö"):
                assert server.get("/api/status", Cookie=f"{others}; {known}; {others}").status == 200
            # The cookie does not make somebody else's page ours.
            assert server.post("/api/similar", {"seeds": [1]}, Cookie=known, Origin="http://evil.example").status == 403
            assert server.post("/api/similar", {"seeds": [1]}, Cookie=known).status == 200
            # And no body is taken from who has no token.
            head = f"POST /api/upload HTTP/1.1\r\nHost: a:{server.port}\r\nContent-Length: 400000000\r\n\r\n"
            assert b" 401 " in server.raw(head.encode()).partition(b"\r\n")[0]

    def test_one_of_your_own(self, web_library):
        with Page(web_library.folder, "--token", "abcdefgh12345678") as server:
            assert server.get("/").status == 401
            assert server.get("/?token=abcdefgh12345678").status == 200

    @pytest.mark.parametrize("token", ["short", "x" * 15, "with;a=semicolon0000", "ääääääääääääääääääää", ""])
    def test_one_that_can_be_guessed_or_broken(self, web_library, token):
        result = web_library.deejai("web", "--token", token, status=1)
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
    def test_one_that_is_not_allowed(self, server, method, path, allowed):
        answer = server.ask(method, path)
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
    def test_nothing_but_tracks_by_their_ids(self, server, web_library, path):
        (web_library.folder / "secret.txt").write_text("nobody's business")
        raw = server.raw(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = raw.partition(b"\r\n\r\n")
        assert head.split(b" ")[1] in (b"404", b"400"), raw[:200]
        assert b"nobody" not in body
        assert b"root:" not in body
        assert b"import" not in body

    @pytest.mark.parametrize(
        "title", ["../../evil", "/etc/evil", "..", ".", "~/evil", "..\\..\\evil", "a/../../b", "\u202e3u", "x" * 400]
    )
    def test_a_playlists_name_is_a_name(self, server, web_library, title):
        folder = web_library.folder / "playlists"
        answer = server.post("/api/save", {"title": title, "ids": [1]})
        assert answer.status == 200
        written = Path(answer.json["path"])
        assert written.parent == folder
        assert written.is_file()
        assert written.suffix == ".m3u"
        assert not (web_library.folder.parent / "evil.m3u").exists()
        shutil.rmtree(folder)

    @pytest.mark.parametrize(
        "name", ["../../evil.sh", "/etc/cron.d/evil", "x.\0mp3", "a" * 300 + ".mp3", "x.mp3/../../y", ".bashrc"]
    )
    def test_an_uploads_name_is_no_path(self, server, web_library, name):
        from urllib.parse import quote

        before = set(web_library.folder.rglob("*"))
        answer = server.post(f"/api/upload?name={quote(name)}", b"no audio")
        assert answer.status in (400, 422)
        assert set(web_library.folder.rglob("*")) - before <= {
            web_library.data / "uploads",
            web_library.data / "uploads" / str(server.port),
        }


def test_a_file_with_an_evil_name_and_evil_tags_is_only_text(server, analysed, collection):
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
    def test_a_port_that_is_taken(self, server, web_library):
        result = web_library.deejai("web", "--port", server.port, status=1)
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
    def test_what_is_asked_is_checked(self, web_library, args, said):
        assert said in web_library.deejai("web", *args, status=1).err
