"""gunicorn around the web application: processes and threads, its log, its own refusals.

The only place of gunicorn. The parent process imports neither Flask nor the index; each worker loads the
application after the fork, so that no thread or mapped file is older than its process.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from traceback import extract_tb
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.http import errors, message
from gunicorn.workers.gthread import ThreadWorker

from app.errors import NightlightError
from app.settings import Settings

# A question of 1,000 characters is up to 12,000 bytes when a form sends it percent-encoded.
REQUEST_LINE_BYTES = 16_384
Application = Callable[..., Any]
# Workers share the cores; within one a question is too short a work to be divided.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Threads whose refusals of a malformed request carry the notices and leak nothing."""

    def handle_error(self, _req: object, client: socket.socket, _addr: object, exc: Exception) -> None:
        """Answer what never became a request, or what the application failed at, with the error page."""
        status = choose_status(exc)
        if status == 500:
            self.log.error("Error handling request: %s", describe_fault(exc))
        try:
            client.sendall(self.app.refuse(status))
        except OSError:
            self.log.debug("The client left before the refusal.")


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """The web application under gunicorn; ``announce`` is called with the address once a worker answers."""

    def __init__(self, settings: Settings, announce: Callable[[str], None]) -> None:
        self.settings = settings
        self.announce = announce
        self.listener = bind(settings.host, settings.port)
        super().__init__()

    def load_config(self) -> None:
        """Fix every choice here; no file, environment variable or argument of gunicorn's own is read."""
        message.MAX_REQUEST_LINE = REQUEST_LINE_BYTES  # gunicorn caps its setting below what we allow
        options = {
            "bind": f"fd://{self.listener.detach()}",
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "worker_class": Worker,
            "logger_class": PrivateLogger,
            "loglevel": "warning",
            "accesslog": None,
            "preload_app": False,
            "limit_request_line": REQUEST_LINE_BYTES,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "proc_name": "nightlight",
            "post_worker_init": self.announce_first,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """Make the application; called in each worker after the fork."""
        from app.web import create_app

        try:
            app = create_app(self.settings)
        except NightlightError as error:
            raise AppImportError(str(error)) from error
        app.wsgi_app = check_bodies(app.wsgi_app)  # type: ignore[method-assign]  # Flask's way to wrap it
        return app

    def refuse(self, status: int) -> bytes:
        """A whole HTTP reply of the error page, headers and notices included."""
        from app.web.refusals import render_refusal

        return render_refusal(self.wsgi(), status)

    def announce_first(self, worker: Any) -> None:
        """Tell the address when the first worker has loaded the application."""
        if worker.age == 1:
            self.announce(describe_address(*worker.sockets[0].getsockname()[:2]))


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


def describe_address(host: str, port: int) -> str:
    """The address to open in a browser."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything is loaded; raises NightlightError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise NightlightError(
            f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}; --port 0 takes a free one"
        ) from error
    return listener


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until a signal ends it: SIGTERM lets running requests finish, SIGINT does not."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    Server(settings, announce).run()
