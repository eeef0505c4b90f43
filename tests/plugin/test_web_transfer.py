"""What the DJ page takes and sends: bodies of any size, and parts of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.djpage import Page
from tests.processes import eventually, resident

MEGABYTE = 1_000_000


def size(*folders: Path) -> int:
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


class TestBodies:
    """10 GB, declared or not: refused early, and neither disk nor memory is filled."""

    def head(self, server, *lines: str) -> bytes:
        return "\r\n".join(
            ["POST /api/upload?name=x.mp3 HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines, "", ""]
        ).encode()

    @pytest.mark.parametrize("more", [[], ["Expect: 100-continue"]])
    def test_declared(self, server, web_library, more):
        answer = server.raw(self.head(server, "Content-Length: 10000000000", *more))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b'"error": "the body is too large; the limit is 500 MB"' in answer
        assert size(server.temporary, web_library.data / "uploads") == 0

    def test_streamed_in_chunks(self, server, web_library):
        memory, largest = resident(server.process.pid), 0
        chunk = f"{10 * MEGABYTE:x}\r\n".encode() + bytes(10 * MEGABYTE) + b"\r\n"

        def chunks():
            nonlocal largest
            yield self.head(server, "Transfer-Encoding: chunked")
            for _ in range(1000):
                largest += len(chunk)
                yield chunk

        answer = server.raw(chunks())
        assert answer.startswith(b"HTTP/1.1 413 ") or not answer  # not read any more: the connection may be reset
        assert largest < 600 * MEGABYTE
        assert resident(server.process.pid) < memory + 100 * MEGABYTE
        eventually(
            lambda: size(server.temporary, web_library.data / "uploads") == 0 and open_files(server) < 200 * MEGABYTE
        )

    def test_anything_else_may_bring_little(self, server):
        head = f"POST /api/save HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
        assert server.raw(f"{head}Content-Length: 1000001\r\n\r\n".encode()).startswith(b"HTTP/1.1 413 ")
        chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
        answer = server.raw([f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * 40])
        assert answer.startswith(b"HTTP/1.1 413 ") or not answer

    def test_from_a_page_of_somebody_else_nothing_is_taken_at_all(self, server, web_library):
        answer = server.raw(
            self.head(server, "Content-Length: 400000000", "Origin: http://evil.example", "Expect: 100-continue")
        )
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"100 Continue" not in answer

    def test_a_head_without_end(self, server):
        assert b" 431 " in server.raw(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 100_000).partition(b"\r\n")[0]

    @pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
    def test_lengths_that_are_none(self, server, length):
        status = server.raw(self.head(server, f"Content-Length: {length}")).split(b" ")[1]
        assert status in (b"400", b"413")

    def test_one_that_was_killed_leaves_nothing_for_long(self, analysed):
        left = analysed.data / "uploads"
        with Page(analysed.folder) as server:
            folder = left / str(server.port)
        folder.mkdir(parents=True)
        (folder / "0123.mp3").write_bytes(b"left by a crash")
        with Page(analysed.folder, "--port", str(server.port)):
            assert not list(folder.glob("*"))

    def test_still_there(self, server):
        assert server.get("/api/status").status == 200


def open_files(server) -> int:
    """Bytes of the files that the server has open and that have no name any more."""
    total = 0
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
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
    def test_one_range(self, server, whole, asked, first, last):
        answer = server.get("/api/audio/1", Range=f"bytes={asked}")
        first = first if first >= 0 else len(whole) + first
        last = len(whole) - 1 if last is None else last
        assert answer.status == 206
        assert answer.body == whole[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
        assert answer.headers["accept-ranges"] == "bytes"

    def test_none_of_it(self, server, whole):
        for asked in (f"{len(whole)}-", "99999999999-"):
            answer = server.get("/api/audio/1", Range=f"bytes={asked}")
            assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(whole)}")

    @pytest.mark.parametrize(
        "asked", ["bytes=0-1,4-5", "lines=0-1", "bytes=x-y", "bytes=5-1", "bytes", "bytes=-", "bytes=1e3-"]
    )
    def test_what_may_be_ignored(self, server, whole, asked):
        answer = server.get("/api/audio/1", Range=asked)
        assert (answer.status, answer.body) == (200, whole)

    def test_only_if_it_is_still_the_same(self, server, whole):
        tag = server.get("/api/audio/1").headers["etag"]
        assert server.get("/api/audio/1", Range="bytes=0-9", If_Range=tag).status == 206
        for other in ('"other"', f"W/{tag}", "Sat, 29 Oct 1994 19:43:31 GMT"):
            assert server.get("/api/audio/1", Range="bytes=0-9", If_Range=other).status == 200
        assert server.get("/api/audio/1", If_None_Match=tag).status == 304

    def test_head(self, server, whole):
        answer = server.ask("HEAD", "/api/audio/1")
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(whole)))
