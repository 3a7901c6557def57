"""The generation that is being served: one reference, swapped whole when another one is published."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path

from app.answering.answer import IndexAnswerer
from app.answering.opening import open_answerer, open_best, open_newest
from app.errors import DamagedGeneration, GenerationError, NoGeneration, Unreachable
from app.index.publish import GENERATIONS, read_pointer
from app.notices import EXAMPLES
from app.settings import Settings

logger = logging.getLogger(__name__)

SECONDS = 1.0
"""Between two looks at CURRENT."""


class Current:
    """Holds the answerer in use; a request takes it once and keeps it to its end.

    Assigning ``in_use`` is one reference store, which Python makes atomic: no request ever sees half
    of one generation and half of another. The old generation is let go when its last request ends.
    """

    def __init__(self, answerer: IndexAnswerer | None = None) -> None:
        self.in_use = answerer
        """The answerer in use, if any."""
        self.degraded: str | None = None
        """Why the newest generation is not the one served; None when it is."""

    @property
    def answerer(self) -> IndexAnswerer:
        """The answerer in use; raises NoGeneration while there is none."""
        if (answerer := self.in_use) is None:  # looked at once: another thread may assign it
            raise NoGeneration("no index is loaded yet")
        return answerer

    @property
    def generation(self) -> str | None:
        """The name of the generation in use, if any."""
        return None if (answerer := self.in_use) is None else answerer.generation


class Watcher:
    """Notices what is published, loads it beside the generation in use, tries it, and swaps."""

    def __init__(self, settings: Settings, current: Current) -> None:
        self._settings = settings
        self._current = current
        self._refused: object = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Load what there is now, then go on looking; to be called after the fork."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the looking."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Swap if another generation is published and sound; refuse it, once, if it is not.

        Whatever is wrong with the index, this ends with an answerer in use or with the reason why there is
        none: the notices must reach a parent even then, and a question gets them with a 503.
        """
        seen = _sign(self._settings.index_dir)
        if seen == self._refused:
            return
        reason, current = None, self._current
        try:
            if current.in_use is None:
                current.in_use, reason = open_best(self._settings, _try_answering)
            elif read_pointer(self._settings.index_dir).name != current.generation:
                current.in_use = open_answerer(self._settings, _try_answering)
                logger.warning("now serving %s", current.generation)
        except Unreachable as error:
            self._refuse(None, str(error))  # to be tried again at the next look
            return
        except GenerationError as error:
            reason = str(error)
        except Exception as error:
            reason = f"the index cannot be opened: {type(error).__name__}"
        if reason:
            self._refuse(seen, reason)
        else:
            current.degraded = self._refused = None

    def check_trusted(self) -> None:
        """Read the large files that were believed at opening; what is damaged does not go on answering."""
        answerer, seen = self._current.in_use, _sign(self._settings.index_dir)
        if answerer is None:
            return
        try:
            answerer.index.generation.check_trusted()
        except DamagedGeneration as error:
            self._current.in_use = None
            self._refuse(seen, str(error))
            with suppress(GenerationError):
                self._current.in_use = open_newest(
                    self._settings, _try_answering, without=answerer.generation
                )

    def _refuse(self, seen: object, reason: str) -> None:
        if self._current.degraded != reason:
            serving = self._current.generation
            logger.error(
                "%s: %s", f"still serving {serving}" if serving else "no index to answer with", reason
            )
        self._current.degraded, self._refused = reason, seen

    def _watch(self) -> None:
        while not self._stop.wait(SECONDS):
            self.look()
            self.check_trusted()


def _try_answering(answerer: IndexAnswerer) -> None:
    """Put the page's examples to it; raises DamagedGeneration when a passage is not verbatim."""
    for question in EXAMPLES:
        answer = answerer.answer(question)
        for match in (*answer.matches, *answer.closest, *answer.help):
            if not match.passage.stands_in(match.article):
                raise DamagedGeneration(f"{answerer.generation}: passage {match.passage.id} is not verbatim.")


def _sign(index: Path) -> object:
    """What tells that something changed: CURRENT, and the files of the folder that it names.

    A generation that is copied here may be named before it is whole; it is tried again as it grows.
    """
    try:
        pointer = read_pointer(index)
    except GenerationError as error:
        return str(error), _list_files(index / GENERATIONS)
    return pointer, _list_files(index / GENERATIONS / pointer.name)


def _list_files(folder: Path) -> object:
    try:
        return sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir())
    except OSError as error:
        return error.errno
