"""Connections under gunicorn: who gets a thread and for how long; a log that nobody waits for."""

from __future__ import annotations

import errno
import logging
import os
import selectors
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from select import PIPE_BUF
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.errors import describe_fault
from app.limits import REQUEST, forwarded_address, household_of

# A question of 1,000 characters is up to 12,000 bytes when a form sends it percent-encoded.
REQUEST_LINE_BYTES = 16_384
_BEGAN = "nightlight.began"
"""Where a WSGI environment has the time (monotonic) at which the request's first bytes were there."""
Application = Callable[..., Any]
_SWITCH_SECONDS = 0.001
_TAKEN = 4
"""Times the deadline: so long a client may take to read its reply."""
_MAX_ACCEPTED = 64
"""Connections that are refused at once, before others get their turn."""
_PAUSE_SECONDS = 0.005
_PART_SECONDS = 2.0
"""Within which a client must have read the end of its last reply."""
_MAX_DRAINED = 65_536
"""Bytes that are read of what a client still sends after its last reply."""
_WAITING_LINES = 10_000
"""Lines of log that wait to be written; of more the oldest are dropped."""
_WRITE_SECONDS = 0.1
"""Between two looks at the lines that wait."""
_SHARE = 4
"""An address may have one of so many of what there is."""
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_handled: ContextVar[_Connection] = ContextVar("handled")


class PrivateLogger(Logger):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's log without what a request said: an exception's message may quote it."""

    def setup(self, cfg: Any) -> None:
        """Leave the writing to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: str, *_args: object, **_kwargs: object) -> None:
        """Log the kind and place of the exception being handled; the arguments may hold an address."""
        self.error("%s: %s", msg.partition("%")[0].strip(), describe_fault(sys.exc_info()[1]))


class LogWriter(logging.Handler):
    """This process's log, written by a thread: one that nobody reads, or that cannot be written, holds up no
    reply. Of too many lines the oldest are dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        logging.raiseExceptions = False
        logging.getLogger().handlers[:] = [self]
        self.waiting: deque[bytes] = deque(maxlen=_WAITING_LINES)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Leave a line; that wakes nobody: to wake a thread for each costs more than to refuse a request."""
        self.waiting.append(f"{self.format(record)}\n".encode("utf-8", "replace"))

    def finish(self) -> None:
        """Write the last lines, if that can be done in a second."""
        self._ended.set()
        self._thread.join(1)

    def _write(self) -> None:
        ended = False
        while not ended:
            ended = self._ended.wait(_WRITE_SECONDS)
            while self.waiting:
                lines = self.waiting.popleft()
                while self.waiting and len(lines) + len(self.waiting[0]) <= PIPE_BUF:  # no other's in between
                    lines += self.waiting.popleft()
                with suppress(OSError):
                    os.write(2, lines)


class _Body:
    """A request's body; malformed chunks are told as a lost client, which every application understands."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes; raises OSError where the client broke the protocol."""
        try:
            return bytes(self._body.read(size))
        except errors.ParseException as error:
            raise OSError("malformed body") from error


def wrap_application(application: Application) -> Application:
    """Let ``application`` know when a request began, and read every body through _Body."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        environ[_BEGAN] = _handled.get().began
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return application(environ, start_response)

    return answer


class _Connection(TConn):  # type: ignore[misc]  # gunicorn is untyped
    """A client's connection; ``part`` ends one whose last reply has been sent, ``gone`` hears of its end."""

    def __init__(self, cfg: Any, client: socket.socket, peer: Any, listener: Any, worker: Worker) -> None:
        super().__init__(cfg, client, peer, listener)
        self._worker = worker
        self.address: str = peer[0]
        self.household = ""
        self.head = b""
        self.began = 0.0
        self.drained = 0
        self.data_ready = True  # it gets no thread before

    def close(self, graceful: bool = False) -> None:
        """Close now or, where the client may still be reading, when it has read."""
        if graceful:
            self._worker.part(self)
        else:
            self._worker.open_from[self.address] -= 1
            super().close()


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's threads; a request gets one if there is room, when its first bytes are there, not for ever.

    What is refused gets none: threads share one interpreter, and each more that parses and refuses makes all
    others wait for it, many times in a question. One address, unless it is a proxy's, may have a quarter of
    the room and of the connections.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        settings = self.app.settings
        self._deadline: float = settings.deadline
        self._room: int = settings.queue
        self._proxies = frozenset(settings.trusted_proxies or ())
        self._begun: set[_Connection] = set()
        self._held: Counter[str] = Counter()
        self.open_from: Counter[str] = Counter()

    def init_process(self) -> None:
        """Let this loop have its turn soon while threads compute: it must accept and refuse quickly."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take connections until one gets in, so that other processes get theirs. Where there is no
        descriptor for any, others end soon.

        Where all are refused the next wait a little, to be refused together: each time that this loop is
        woken it takes the interpreter from a thread that computes, which costs more than a refusal.
        """
        had, refused = len(self._begun), False
        for _ in range(_MAX_ACCEPTED):
            try:
                client, peer = listener.accept()
            except OSError as error:
                if error.errno in _NO_ROOM or refused:
                    time.sleep(_PAUSE_SECONDS)
                return
            if self.open_from[peer[0]] >= self.worker_connections // _SHARE and peer[0] not in self._proxies:
                client.close()
                continue
            conn = _Connection(self.cfg, client, peer, listener.getsockname(), self)
            self.open_from[conn.address] += 1
            self.nr_conns += 1
            self.enqueue_req(conn)
            refused = conn.sock.fileno() < 0
            if len(self._begun) > had or self.nr_conns >= self.worker_connections:
                return

    def enqueue_req(self, conn: _Connection) -> None:
        """Give a connection that has something to say a thread, or refuse it here and now."""
        conn.began = time.monotonic()
        conn.head = conn.parser.unreader.take_buffered() if conn.initialized else b""
        try:
            conn.head += conn.sock.recv(REQUEST_LINE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if not conn.head:
                self._await(conn, self._deadline, self.on_pending_socket_readable)
                return
        except OSError:
            conn.head = b""
        if not conn.head:  # the client is gone
            self.nr_conns -= 1
            conn.close()
            return
        address = (conn.address in self._proxies and forwarded_address(conn.head)) or conn.address
        conn.household = household_of(address)
        wait = self.app.allowance.take(conn.household, REQUEST)
        crowds = self._held[conn.household] >= max(1, self._room // _SHARE) and address not in self._proxies
        if wait or crowds or len(self._begun) >= self._room:
            reply = self.app.refuse(429 if wait else 503, conn.head, conn.household, wait=wait)
            with suppress(OSError):
                conn.sock.send(reply, socket.MSG_DONTWAIT)
            self.nr_conns -= 1
            conn.close(graceful=not (conn.head.startswith(b"GET ") and conn.head.endswith(b"\r\n\r\n")))
            return
        conn.init()
        conn.parser.unreader.unread(conn.head)
        self._held[conn.household] += 1
        self._begun.add(conn)
        super().enqueue_req(conn)

    def handle(self, conn: _Connection) -> Any:
        """Answer in this thread."""
        token = _handled.set(conn)
        try:
            return super().handle(conn)
        finally:
            _handled.reset(token)

    def finish_request(self, conn: _Connection, future: Any) -> None:
        """Make room for the next."""
        self._held[conn.household] -= 1
        self._begun.discard(conn)
        conn.head = b""
        super().finish_request(conn, future)

    def murder_pending(self) -> None:
        """Besides those that said nothing, end those that take too long to send a request or read a reply.

        Called in every round of gunicorn's loop. An answer that is being made when reading ends is sent.
        """
        super().murder_pending()
        now = time.monotonic()
        for conn in self._begun:
            if conn.began < now - self._deadline:
                ends = socket.SHUT_RDWR if conn.began < now - _TAKEN * self._deadline else socket.SHUT_RD
                with suppress(OSError):
                    conn.sock.shutdown(ends)
        self._held, self.open_from = +self._held, +self.open_from  # without those at nought

    def handle_error(self, _req: object, client: socket.socket, _addr: object, exc: Exception) -> None:
        """Answer what never became a request, or what even the error page failed at."""
        ours = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
        if isinstance(exc, ours) or not isinstance(exc, errors.ParseException):
            status = 500
            self.log.error("Error handling request: %s", describe_fault(exc))
        else:
            status = 414 if isinstance(exc, errors.LimitRequestLine) else 400
        with suppress(OSError):
            conn = _handled.get()
            client.sendall(self.app.refuse(status, conn.head, conn.household))

    def part(self, conn: _Connection) -> None:
        """Say that this was the last reply, and close when the client has read it: what is closed with
        bytes unread cuts off the reply. gunicorn waits for that in this loop, up to two seconds for each.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            conn.close()
        else:
            self.nr_conns += 1
            self._await(conn, _PART_SECONDS, self._drain)

    def _drain(self, conn: _Connection, client: socket.socket) -> None:
        """Read what nobody will answer; close at its end."""
        try:
            data = client.recv(_MAX_DRAINED)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > _MAX_DRAINED:
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self.nr_conns -= 1
            conn.close()

    def _await(self, conn: _Connection, seconds: float, readable: Callable[..., None]) -> None:
        """Have this loop look after a connection until it can be read; ``murder_pending`` ends it else."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + seconds
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(readable, conn))
