"""gunicorn around the web application: its processes, what they share, how they start and end.

With connections.py the only place of gunicorn. The parent process imports neither Flask nor the index; each
worker loads the application after the fork, so that no thread or mapped file is older than its process.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError
from gunicorn.http import message

from app.connections import (
    REQUEST_LINE_BYTES,
    Application,
    LogWriter,
    PrivateLogger,
    Worker,
    wrap_application,
)
from app.errors import NightlightError
from app.settings import SERVED, SHARED_COUNTS, Settings

_RESERVED = 128
"""Descriptors besides those of connections: the log, and the files of two generations."""
_COUNTS_BYTES = 1_000_000
"""Of each kind of counts: more than all routes, methods and statuses take."""
_STDERR = 2
# Workers share the cores; within one a question is too short a work to be divided.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """The web application under gunicorn; ``announce`` is called with the address once a worker answers."""

    def __init__(self, settings: Settings, announce: Callable[[str], None]) -> None:
        """Raises NightlightError where the port cannot be had."""
        self.settings = settings
        self.announce = announce
        # Before anything is loaded.
        host, port = settings.host, settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self.descriptor = socket.create_server((host, port), family=family, backlog=2048).detach()
        except OSError as error:
            raise NightlightError(
                f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}; "
                "--port 0 takes a free one"
            ) from error
        self.lines = LogWriter()
        with suppress(OSError):  # without room for it each process counts for itself
            # Counts by labels, nothing else; the folder goes when the server does.
            os.environ[SHARED_COUNTS] = tempfile.mkdtemp(prefix="nightlight-counts-")
        super().__init__()

    def load_config(self) -> None:
        """Fix every choice here; no file, environment variable or argument of gunicorn's own is read."""
        message.MAX_REQUEST_LINE = REQUEST_LINE_BYTES  # gunicorn caps its setting below what we allow
        options = {
            "bind": f"fd://{self.descriptor}",
            "workers": self.settings.workers,
            "threads": self.settings.queue,
            "worker_connections": max(
                self.settings.queue + 1, min(1000, getrlimit(RLIMIT_NOFILE)[0] - _RESERVED)
            ),
            "worker_class": Worker,
            "logger_class": PrivateLogger,
            "loglevel": "warning",
            "accesslog": None,
            "preload_app": False,
            "limit_request_line": REQUEST_LINE_BYTES,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",  # app/web/__init__.py alone decides whom to believe
            "proc_name": "nightlight",
            "pre_fork": self.go_on,
            "post_fork": self.start_log,
            "post_worker_init": self.tell_ready,
            "worker_exit": self.finish_log,
            "on_exit": self.leave_nothing,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """Make the application; called in each worker after the fork."""
        # Have room for this process's counts: a mapped file without room on the disk ends who
        # writes to it. Before prometheus-client is imported, which looks at the environment once.
        try:
            for kind in ("counter", "histogram"):
                with Path(os.environ[SHARED_COUNTS], f"{kind}_{os.getpid()}.db").open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, _COUNTS_BYTES)
        except (OSError, KeyError):
            os.environ.pop(SHARED_COUNTS, None)
        # An eighth of a start's time would go into looking for garbage among what is only being made.
        gc.disable()
        from app.web import create_app
        from app.web.site import SITE

        gc.freeze()  # modules and classes stay for good; nobody need look through them again
        try:
            app = create_app(self.settings)
        except NightlightError as error:
            raise AppImportError(str(error)) from error
        finally:
            gc.enable()
        self.allowance = app.extensions[SITE].allowance
        app.wsgi_app = wrap_application(app.wsgi_app)  # type: ignore[method-assign]  # Flask's way to wrap it
        return app

    def refuse(self, status: int, head: bytes, household: str, wait: float = 0) -> bytes:
        """A whole HTTP reply with the notices; see app/web/errors.py."""
        from app.web.errors import refuse

        return refuse(self.wsgi(), status, head, household, wait)

    def run(self) -> None:
        """Serve until a signal ends it."""
        _Master(self).run()

    def go_on(self, arbiter: Any, worker: Any) -> None:
        """A first worker that cannot start ends the server, one that takes another's place does not."""
        if worker.age > self.settings.workers:
            # No exit code is -1. None would be that of every worker that a signal has ended.
            arbiter.WORKER_BOOT_ERROR = arbiter.APP_LOAD_ERROR = -1

    def start_log(self, _arbiter: object, _worker: object) -> None:
        """A thread does not outlive a fork: each process has one of its own that writes."""
        self.lines = LogWriter()

    def finish_log(self, _arbiter: object, worker: Any) -> None:
        """Write the last of a worker's log; the parent comes here too, for a worker that it finds gone."""
        if worker.pid == os.getpid():
            self.lines.finish()

    def tell_ready(self, worker: Any) -> None:
        """Tell the address when the first worker has loaded the application; when others have, one may go."""
        if worker.age > self.settings.workers:
            os.kill(worker.ppid, signal.SIGTTOU)
        elif worker.age == 1:
            host, port = worker.sockets[0].getsockname()[:2]
            address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
            # For scripts that link to this server; where nothing can be written, they go by the settings.
            # Written anew and renamed: what has the name already may be a pipe, which would have us wait.
            made = self.settings.index_dir / f"{SERVED}-{os.getpid()}"
            with suppress(OSError):
                with made.open("x", encoding="ascii") as file:
                    file.write(address)
                made.replace(made.with_name(SERVED))
            with suppress(OSError):
                self.announce(address)

    def leave_nothing(self, _arbiter: object) -> None:
        """Remove the folder of the shared counts, and write the last of the log."""
        shutil.rmtree(os.environ.get(SHARED_COUNTS, ""), ignore_errors=True)
        self.lines.finish()


class _Master(Arbiter):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's parent process, which ends old workers before new ones can answer; here they overlap."""

    def handle_hup(self) -> None:
        """Start as many workers again, unless that is under way. Their settings are those of the start."""
        self.num_workers: int = max(self.num_workers, 2 * self.cfg.workers)

    def handle_ttou(self) -> None:
        """A worker that was not among the first can answer: where there are too many, the oldest ends."""
        if self.num_workers > self.cfg.workers:
            super().handle_ttou()


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until a signal ends it: SIGTERM lets running requests finish, SIGINT does not."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    # Where a standard stream is closed, the next file or client would get its number, and the log.
    while (unused := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(unused)
    _Server(settings, announce).run()
