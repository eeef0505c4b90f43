"""Serves the application with waitress.

Waitress receives a request's body before the application sees any of the request. So this module refuses clients without
permission, and bodies that are too large, as soon as the head of the request is known. It also closes connections that keep
the server waiting, so that others can be served.
"""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from deejai_core.errors import DeejaiError
from deejai_core.extras import extra
from deejai_core.features.web.guard import LARGEST_UPLOAD, Guard, OpenGuard
from deejai_core.features.web.library import RefusedError
from deejai_core.features.web.uploads import MOST_SECONDS
from deejai_core.refusals import reason_of

if TYPE_CHECKING:
    from flask import Flask
    from waitress.server import BaseWSGIServer

THREADS = 12
MOST_CONNECTIONS = 400  # each with a file, within the 1024 descriptors that a process usually may have
CROWD = 350  # connections from which on the idlest are closed, to make room for others
HEAD_SECONDS = 20  # seconds in which the head of a request must arrive
IDLE_SECONDS = 60  # seconds that a connection may stay open without a request, or with a body that does not arrive
UNREAD_SECONDS = 180  # seconds in which a client must read some of a stream still being made; browsers pause for a minute
LARGEST_HEAD = 65_536  # bytes
REASONS = {401: "Unauthorized", 403: "Forbidden", 408: "Request Timeout", 413: "Content Too Large"}


class ServingError(DeejaiError):
    """The server cannot listen at the given address."""


def serve(app: Flask, guard: Guard | OpenGuard, host: str, *, ready: Callable[[], None]) -> None:
    """Serve until ctrl-C. ready: called once the server listens. Raises ServingError, MissingError."""
    with extra("web"):
        from waitress.channel import HTTPChannel
        from waitress.parser import HTTPRequestParser
        from waitress.server import create_server

    class Refusal:
        """An error as waitress expects it."""

        def __init__(self, error: RefusedError) -> None:
            self.error = error

        def to_response(self, _: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
            body = json.dumps({"error": str(self.error)}).encode()
            headers = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
            return f"{self.error.status} {REASONS[self.error.status]}", headers, body

    class Parser(HTTPRequestParser):
        most, deadline = LARGEST_UPLOAD, float("inf")
        content_length: int

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            self.most, self.deadline = guard.most(self.path), time.monotonic() + MOST_SECONDS
            if not self.chunked and not self.content_length:
                return  # it has no body: the application checks the rest
            try:
                guard.check(self.command, self.path, self.query, self._header)
                if self.content_length > self.most:
                    raise RefusedError(f"the body is too large; the limit is {self.most // 1_000_000} MB", 413)
            except RefusedError as error:
                self.content_length = 0  # waitress would parse the rest once more
                self._refuse(error)

        def received(self, data: bytes) -> int:
            taken: int = super().received(data)
            if not self.completed and self.body_bytes_received > self.most:
                self._refuse(RefusedError(f"the body is too large; the limit is {self.most // 1_000_000} MB", 413))
            elif not self.completed and time.monotonic() > self.deadline:
                self._refuse(RefusedError("the body takes too long to arrive", 408))
            return taken

        def _header(self, name: str) -> str | None:
            found: str | None = self.headers.get(name.upper().replace("-", "_"))
            return found

        def _refuse(self, error: RefusedError) -> None:
            self.error, self.completed = Refusal(error), True
            self.expect_continue = False  # otherwise waitress would ask for the body all the same

    class Channel(HTTPChannel):
        parser_class = Parser
        began = 0.0  # when the current request head began to arrive
        last_activity: float
        busy = free = 0.0  # when it was last active, and when it last did not wait for its client to read

        def received(self, data: bytes) -> bool:
            if self.request is None:
                self.began = time.time()
            return bool(super().received(data))

        def is_overdue(self, now: float) -> bool:
            """Return whether the client has kept the server waiting for too long. To be called every second."""
            if not (self.requests and self.total_outbufs_len):
                self.free = now
            if self.requests or self.total_outbufs_len:
                self.busy = now
                return now - max(self.free, self.last_activity) > UNREAD_SECONDS
            if self.request is None:
                return now - self.since > IDLE_SECONDS
            if self.request.headers_finished:
                return now - self.last_activity > IDLE_SECONDS
            return now - self.began > HEAD_SECONDS

        @property
        def since(self) -> float:
            """When the server last did something for this client."""
            return self.last_activity if self.total_outbufs_len else max(self.busy, float(self.creation_time))

    def tend(server: BaseWSGIServer, now: float) -> None:
        """Close the connections whose clients keep the server waiting; if there are very many, also the idlest."""
        channels = list(server.active_channels.values())
        closed = [channel for channel in channels if channel.is_overdue(now)]
        idlest = sorted((channel for channel in channels if not channel.requests), key=lambda channel: channel.since)
        for channel in {*closed, *idlest[: max(0, len(channels) - CROWD)]}:
            server.trigger.pull_trigger(channel.handle_close)  # after all have been checked

    try:
        server = create_server(
            app,
            host=host,
            port=guard.port,
            threads=THREADS,
            connection_limit=MOST_CONNECTIONS,
            asyncore_use_poll=True,
            asyncore_loop_timeout=1,
            cleanup_interval=1,
            max_request_header_size=LARGEST_HEAD,
            max_request_body_size=2 * LARGEST_UPLOAD,  # never reached: the parser above is stricter
            ident=None,
        )
    except (OSError, ValueError) as error:
        raise ServingError(
            f"cannot serve on {host}, port {guard.port} ({reason_of(error)})", hint="serve elsewhere"
        ) from error
    for listener in list(getattr(server, "map", server._map).values()):
        if hasattr(listener, "channel_class"):
            listener.channel_class = Channel
            listener.maintenance = functools.partial(tend, listener)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it logs every request that has to wait
    ready()
    server.run()
