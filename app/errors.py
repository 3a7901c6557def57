"""Every exception that Nightlight raises on purpose.

NightlightError
├── QuestionError        the question cannot be taken (the asker can mend it)
├── TooLate              a request's deadline has passed
├── CorpusError          a source article, its metadata or a file of questions is faulty
├── GenerationError     a stored generation cannot be used
│   ├── NoGeneration     nothing has been built yet
│   ├── DamagedGeneration a file differs from its manifest
│   ├── WrongModel       built with another model or format than the one asked for
│   └── Unreachable      a part of it, on another machine, does not answer now
├── BuildError           a new generation could not be made
│   └── Busy             another builder holds the lock
└── NotFound             no such article or passage
    └── Withdrawn        there was one, and it is gone
"""

from __future__ import annotations

from traceback import extract_tb

from app.notices import REFUSALS


class NightlightError(Exception):
    """Base of all; ``str(error)`` is one sentence a person can act on, without any question text."""


class QuestionError(NightlightError):
    """The question, or a parameter beside it, is not usable."""

    def __init__(self, code: str, message: str = "") -> None:
        """Without a message, ``app.notices`` has it by the code."""
        super().__init__(message or REFUSALS[code])
        self.code = code


class TooLate(NightlightError):
    """A request's deadline passed before its answer was begun."""

    code = "no_time_left"

    def __init__(self) -> None:
        super().__init__(REFUSALS[self.code])


class CorpusError(NightlightError):
    """An article, its metadata or a file of questions is faulty; names the file and the field or line."""


class GenerationError(NightlightError):
    """A stored index cannot be used."""


class NoGeneration(GenerationError):
    """There is no published generation."""


class DamagedGeneration(GenerationError):
    """A stored file is missing, cut or changed; names the file and the command that mends it."""


class WrongModel(GenerationError):
    """A generation was made with another model or format."""


class Unreachable(GenerationError):
    """A part of an index that is spread over machines does not answer; it may soon."""


class BuildError(NightlightError):
    """A new generation could not be built or published."""


class Busy(BuildError):
    """Another builder is at work."""


class NotFound(NightlightError):
    """No such article or passage."""


class Withdrawn(NotFound):
    """It existed once and is gone."""


def describe_fault(error: BaseException | None, places: int = 1) -> str:
    """An exception's kind and so many innermost places; not its message, which may quote what was typed."""
    frames = extract_tb(error.__traceback__)[-places:] if error else []
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}" if where else type(error).__name__
