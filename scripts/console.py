"""What every script shares: it runs in the project's environment, and our errors are one line each."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h: try again later
BROKEN_PIPE = 141
AGAIN = 3.0
"""Seconds until an interrupt that did not come through is raised again: tidying up takes less."""


def enter_environment() -> None:
    """Start again under .venv when this interpreter does not have the project installed."""
    if importlib.util.find_spec("app") is not None:
        return
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists() or Path(sys.prefix) == ROOT / ".venv":
        sys.exit("The environment is not prepared; run `make` first.")
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 - our own interpreter, no shell


# At import, because a script's next lines import what only the environment has, NumPy among it: its many
# small products are quicker in one thread, and far quicker where something else wants the processor too.
enter_environment()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pydantic import ValidationError  # noqa: E402

from app.errors import Busy, NightlightError  # noqa: E402


def explain_settings(error: ValidationError) -> str:
    """One line for settings that are not valid, by name and without the value."""
    return "; ".join(
        f"setting {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
    )


def fail(message: object, code: int = 1) -> NoReturn:
    """Say what is wrong on one line of stderr and leave."""
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(code)


def interrupt(_number: int, _frame: object) -> NoReturn:
    """Ctrl-C, again every few seconds: libraries lose one that reaches them where Python cannot raise it, as
    in a finaliser or when called from C++."""
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, AGAIN)
    raise KeyboardInterrupt


def run(main: Callable[[], int | None]) -> NoReturn:
    """Call a script's main and leave: 0 or its own code, 1 on our errors, 75 when a builder is at work, and
    quietly with 141, as other tools do, where nobody reads on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        code = main()
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough. Python flushes once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except NightlightError as error:
        fail(error, TEMPORARY_FAILURE if isinstance(error, Busy) else 1)
    except ValidationError as error:
        fail(explain_settings(error))
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.exit(130)
