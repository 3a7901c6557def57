"""The generation that is being served: one reference, swapped whole when another one is published."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from app.answering.answer import Answerer, IndexAnswerer
from app.answering.opening import open_answerer, open_best, open_newest
from app.errors import DamagedGeneration, GenerationError, NightlightError, NoGeneration
from app.index.publish import CURRENT, GENERATIONS, read_pointer
from app.settings import Settings
from app.web.words import EXAMPLES

logger = logging.getLogger(__name__)

SECONDS = 1.0
"""Between two looks at CURRENT."""


class Current:
    """Holds the answerer in use; a request takes it once and keeps it to its end.

    Assigning ``answerer`` is one reference store, which Python makes atomic: no request ever sees half
    of one generation and half of another. The old generation is let go when its last request ends.
    """

    def __init__(self, answerer: Answerer | None = None, *, degraded: str | None = None) -> None:
        self._answerer = answerer
        self.degraded = degraded
        """Why the newest generation is not the one served; None when it is."""

    @property
    def answerer(self) -> Answerer:
        """The answerer in use; raises NoGeneration while there is none."""
        if self._answerer is None:
            raise NoGeneration("no index is loaded yet")
        return self._answerer

    @answerer.setter
    def answerer(self, answerer: Answerer | None) -> None:
        self._answerer = answerer

    @property
    def in_use(self) -> Answerer | None:
        """The answerer in use, if any."""
        return self._answerer

    @property
    def generation(self) -> str | None:
        """The name of the generation in use, if any."""
        return None if self._answerer is None else self._answerer.generation


def follow(settings: Settings) -> Current:
    """What is published now and whatever will be, as long as this process lives."""
    current = Current()
    Watcher(settings, current).start()
    return current


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
        self._load_first()
        self._thread.start()

    def stop(self) -> None:
        """End the looking."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """Swap if another generation is published and sound; refuse it, once, if it is not."""
        seen = _sign(self._settings.index_dir)
        if seen == self._refused:
            return
        try:
            if read_pointer(self._settings.index_dir).name != self._current.generation:
                self._current.answerer = _load(self._settings)
                logger.warning("now serving %s", self._current.generation)
            self._current.degraded = self._refused = None
        except NightlightError as error:
            self._refuse(seen, str(error))
        except Exception as error:
            self._refuse(seen, f"the new generation cannot be used: {type(error).__name__}")

    def check_trusted(self) -> None:
        """Read the large files that were believed at opening; what is damaged does not go on answering."""
        answerer, seen = self._current.in_use, _sign(self._settings.index_dir)
        if not isinstance(answerer, IndexAnswerer):
            return
        try:
            answerer.index.generation.check_trusted()
        except DamagedGeneration as error:
            self._current.answerer = open_newest(self._settings, without=answerer.generation)
            self._refuse(seen, str(error))

    def _load_first(self) -> None:
        seen = _sign(self._settings.index_dir)
        try:
            opened = open_best(self._settings)
        except GenerationError as error:
            # The notices must reach a parent even when no index can answer: a question gets them with a 503.
            self._refuse(seen, str(error))
        else:
            self._current.answerer = opened.answerer
            if opened.degraded:
                self._refuse(seen, opened.degraded)

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


def _load(settings: Settings) -> IndexAnswerer:
    answerer = open_answerer(settings)
    try:
        try_answering(answerer)
    except BaseException:
        answerer.close()
        raise
    return answerer


def try_answering(answerer: Answerer) -> None:
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
        content = (index / CURRENT).read_bytes()
        folder = index / GENERATIONS / read_pointer(index).name
        files = sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir())
    except (OSError, GenerationError) as error:
        return str(error)
    return content, files
