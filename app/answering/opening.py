"""Opens what is published; when that is damaged, the newest sound generation serves."""

from __future__ import annotations

from dataclasses import dataclass

from app.answering.answer import IndexAnswerer
from app.errors import GenerationError
from app.index.generation import Generation
from app.index.opened import OpenedIndex
from app.index.publish import GENERATIONS, list_names, open_current
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """An answerer, and why it is not the one that was published, if so."""

    answerer: IndexAnswerer
    degraded: str | None = None


def open_answerer(settings: Settings) -> IndexAnswerer:
    """Answer from the published generation; raises NoGeneration, DamagedGeneration or WrongModel."""
    return answer_from(open_current(settings.index_dir), settings)


def open_best(settings: Settings) -> Opened:
    """The published generation or, when it cannot be used, the newest that can; raises as open_answerer."""
    try:
        return Opened(open_answerer(settings))
    except GenerationError as error:
        found = open_newest(settings)
        if found is None:
            raise
        return Opened(found, degraded=str(error))


def open_newest(settings: Settings, *, without: str | None = None) -> IndexAnswerer | None:
    """The newest generation that can be used, and is not the one ``without`` names; None if there is none."""
    names = (name for name in list_names(settings.index_dir) if name != without)
    return next(filter(None, (_try_open(name, settings) for name in names)), None)


def answer_from(generation: Generation, settings: Settings) -> IndexAnswerer:
    """Answer from this generation, published or not; raises DamagedGeneration or WrongModel."""
    try:
        generation.require_model(settings.model)
        return IndexAnswerer(OpenedIndex(generation))
    except BaseException:
        generation.close()
        raise


def _try_open(name: str, settings: Settings) -> IndexAnswerer | None:
    try:
        return answer_from(Generation.open(settings.index_dir / GENERATIONS / name), settings)
    except GenerationError:
        return None
