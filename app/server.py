"""gunicorn around the web application: its processes, what they share, how they start and end.

With connections.py the only place of gunicorn. The parent process imports neither Flask nor the index; each
worker loads the application after the fork, so that no thread or mapped file is older than its process.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError
from gunicorn.http import message, wsgi

from app.connections import REQUEST_LINE_BYTES, Application, PrivateLogger, Reply, Worker, check_bodies
from app.errors import NightlightError
from app.settings import SERVED, SHARED_COUNTS, Settings

# Workers share the cores; within one a question is too short a work to be divided.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """The web application under gunicorn; ``announce`` is called with the address once a worker answers."""

    def __init__(self, settings: Settings, announce: Callable[[str], None]) -> None:
        self.settings = settings
        self.announce = announce
        self.listener = bind(settings.host, settings.port)
        # Counts by labels, nothing else; the folder goes when the server does.
        os.environ[SHARED_COUNTS] = tempfile.mkdtemp(prefix="nightlight-counts-")
        # Made once: a flood of refusals must cost next to nothing.
        self._busy_reply = cache(partial(self._render_refusal, 503))
        super().__init__()

    def load_config(self) -> None:
        """Fix every choice here; no file, environment variable or argument of gunicorn's own is read."""
        message.MAX_REQUEST_LINE = REQUEST_LINE_BYTES  # gunicorn caps its setting below what we allow
        wsgi.Response = Reply  # it has no setting for this
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
            "forwarded_allow_ips": "",  # app/web/proxies.py alone decides whom to believe
            "proc_name": "nightlight",
            "post_worker_init": self.announce_first,
            "on_exit": forget_counts,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """Make the application; called in each worker after the fork."""
        # An eighth of a start's time would go into looking for garbage among what is only being made.
        gc.disable()
        from app.web import create_app

        gc.freeze()  # modules and classes stay for good; nobody need look through them again
        try:
            app = create_app(self.settings)
        except NightlightError as error:
            raise AppImportError(str(error)) from error
        finally:
            gc.enable()
        app.wsgi_app = check_bodies(app.wsgi_app)  # type: ignore[method-assign]  # Flask's way to wrap it
        return app

    def refuse(self, status: int) -> bytes:
        """A whole HTTP reply of the error page, headers and notices included."""
        from app.web.refusals import PAGE

        return self._render_refusal(status, PAGE)

    def refuse_busy(self, head: bytes) -> bytes:
        """The same for a full queue, as JSON when the request begins like a program's."""
        from app.web.refusals import PAGE, PROGRAM, count_refusal

        count_refusal(self.wsgi(), 503)
        return self._busy_reply(PROGRAM if b" /api/" in head[:16] else PAGE)

    def _render_refusal(self, status: int, path: str) -> bytes:
        from app.web.refusals import render_refusal

        return render_refusal(self.wsgi(), status, path)

    def announce_first(self, worker: Any) -> None:
        """Tell the address when the first worker has loaded the application."""
        if worker.age == 1:
            address = describe_address(*worker.sockets[0].getsockname()[:2])
            # For scripts that link to this server; where nothing can be written, they go by the settings.
            with suppress(OSError):
                (self.settings.index_dir / SERVED).write_text(address, encoding="utf-8")
            self.announce(address)


def forget_counts(_arbiter: object) -> None:
    """Remove the folder through which the processes shared their counts."""
    shutil.rmtree(os.environ[SHARED_COUNTS], ignore_errors=True)


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
