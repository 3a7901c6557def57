"""Connections under gunicorn: how long the queue is, how long a request may take, what a refusal says."""

from __future__ import annotations

import errno
import selectors
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from traceback import extract_tb
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import errors, wsgi
from gunicorn.workers.gthread import TConn, ThreadWorker

# A question of 1,000 characters is up to 12,000 bytes when a form sends it percent-encoded.
REQUEST_LINE_BYTES = 16_384
Application = Callable[..., Any]
# Seconds and microseconds that one write to a client who does not read may take.
SEND_LIMIT = struct.pack("ll", 10, 0)
SWITCH_SECONDS = 0.001
MAX_ACCEPTED = 16
PART_SECONDS = 2.0
"""Within which a client must have read the end of its last reply."""
MAX_DRAINED = 65_536
"""Bytes that are read of what a client still sends after its last reply."""
_NOBODY_THERE = (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK)


class PrivateLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's log without what a request said: an exception's message may quote it."""

    def exception(self, msg: str, *_args: object, **_kwargs: object) -> None:
        """Log the kind and place of the exception being handled; the arguments may hold an address."""
        self.error("%s: %s", msg.partition("%")[0].strip(), describe_fault(sys.exc_info()[1]))


class Body:
    """A request's body; malformed chunks are told as a lost client, which every application understands."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes; raises OSError where the client broke the protocol."""
        try:
            return bytes(self._body.read(size))
        except errors.ParseException as error:
            raise OSError("malformed body") from error


class Reply(wsgi.Response):  # type: ignore[misc]  # gunicorn is untyped
    """A reply whose head waits for the body: they leave together, and wake the client once."""

    headers_sent: bool
    _head = b""

    def send_headers(self) -> None:
        """Make the head; it goes out with what comes next."""
        if not self.headers_sent:
            lines = (*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers))
            self._head = f"{''.join(lines)}\r\n".encode("latin-1")
            self.headers_sent = True

    def close(self) -> None:
        """Send what nothing came after."""
        self.send_headers()
        self._send(b"")
        super().close()

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            self._send(b"")
            super()._emit_body(data)
        else:
            self._send(data)

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if head or data:
            util.write(self.sock, head + data)


class Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A client's connection; ``part`` is called to end it when its last reply has been sent."""

    def __init__(self, cfg: Any, client: socket.socket, *addresses: Any, part: Callable[..., None]) -> None:
        super().__init__(cfg, client, *addresses)
        self._part = part
        self.drained = 0

    def close(self, graceful: bool = False) -> None:
        """Close now or, where the client may still be reading, when it has read."""
        if graceful:
            self._part(self)
        else:
            super().close()


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Threads behind a queue of fixed length; its refusals carry the notices and leak nothing.

    A connection gets a thread when its first bytes are there, not before: who opens many and says nothing
    holds up nobody. Whoever finds the queue full is told so at once, by this loop, without any thread.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._begun: dict[TConn, float] = {}
        self._parting: deque[Connection] = deque()
        self._room: int = self.cfg.threads + self.app.settings.queue
        self._deadline = self.app.settings.deadline

    def init_process(self) -> None:
        """Let this loop have its turn soon while threads compute: it must refuse quickly."""
        sys.setswitchinterval(SWITCH_SECONDS)
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take one, so that other processes get theirs, or many where none can be served: a crowd is refused
        too slowly one by one.
        """
        try:
            for _ in range(MAX_ACCEPTED):
                self._welcome(*listener.accept(), listener)
                if self._has_room():
                    return
        except OSError as error:
            if error.errno not in _NOBODY_THERE:
                raise

    def _welcome(self, client: socket.socket, address: object, listener: socket.socket) -> None:
        """Refuse at once whom there is no room for; the others wait until they have said something."""
        client.setblocking(False)
        if not self._has_room() and self._refuse(client):
            client.close()
            return
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, SEND_LIMIT)
        conn = Connection(self.cfg, client, address, listener.getsockname(), part=self._part)
        conn.timeout = time.monotonic() + self._deadline
        self.nr_conns += 1
        self.pending_conns.append(conn)
        self.poller.register(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def enqueue_req(self, conn: TConn) -> None:
        """Queue a connection that has something to say, or refuse it."""
        if self._has_room():
            self._begun[conn] = time.monotonic()
            super().enqueue_req(conn)
        else:
            conn.sock.setblocking(False)
            self._refuse(conn.sock)
            self.nr_conns -= 1
            conn.close()

    def _has_room(self) -> bool:
        return len(self._begun) < self._room

    def finish_request(self, conn: TConn, future: Any) -> None:
        """Make room for the next."""
        self._begun.pop(conn, None)
        super().finish_request(conn, future)

    def murder_pending(self) -> None:
        """Besides those that said nothing, end the reading of requests that took too long to arrive.

        Called in every round of gunicorn's loop. Only reading ends: an answer that is being made is sent.
        """
        super().murder_pending()
        latest = time.monotonic() - self._deadline
        for conn in [conn for conn, begun in self._begun.items() if begun < latest]:
            self._begun[conn] = float("inf")
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RD)
        now = time.monotonic()
        while self._parting and (self._parting[0].timeout < now or self._parting[0].sock.fileno() < 0):
            self._end(self._parting.popleft())

    def handle_error(self, _req: object, client: socket.socket, _addr: object, exc: Exception) -> None:
        """Answer what never became a request, or what the application failed at, with the error page."""
        status = choose_status(exc)
        if status == 500:
            self.log.error("Error handling request: %s", describe_fault(exc))
        try:
            client.sendall(self.app.refuse(status))
        except OSError:
            self.log.debug("The client left before the refusal.")

    def _refuse(self, client: socket.socket) -> bool:
        """Send the busy reply, in the form that the request's beginning asks for; False while it has none."""
        try:
            if head := client.recv(REQUEST_LINE_BYTES):
                client.sendall(self.app.refuse_busy(head))
                client.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return False
        except OSError:
            self.log.debug("The client left before the refusal.")
        # Nothing to read is a kept connection that its client has closed.
        return True

    def _part(self, conn: Connection) -> None:
        """Say that this was the last reply, and close when the client has read it: what is closed with
        bytes unread cuts off the reply. gunicorn waits for that in this loop, up to two seconds for each.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            conn.close()
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + PART_SECONDS
        self._parting.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: Connection, _client: socket.socket) -> None:
        """Read what nobody will answer; close at its end."""
        try:
            data = conn.sock.recv(MAX_DRAINED)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > MAX_DRAINED:
            self._end(conn)

    def _end(self, conn: Connection) -> None:
        if conn.sock.fileno() >= 0:
            self.poller.unregister(conn.sock)
            conn.close()


def check_bodies(application: Application) -> Application:
    """Let ``application`` read every body through Body."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.input"] = Body(environ["wsgi.input"])
        return application(environ, start_response)

    return answer


def choose_status(error: Exception) -> int:
    """The HTTP status for what gunicorn could not take: 414, 400, or 500 for a fault of ours."""
    if isinstance(error, errors.LimitRequestLine):
        return 414
    ours = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
    return 400 if isinstance(error, errors.ParseException) and not isinstance(error, ours) else 500


def describe_fault(error: object) -> str:
    """An exception's kind and innermost place, without its message."""
    if not isinstance(error, BaseException):
        return "no details"
    frames = extract_tb(error.__traceback__)
    return (
        f"{type(error).__name__} at {frames[-1].filename}:{frames[-1].lineno}"
        if frames
        else type(error).__name__
    )
