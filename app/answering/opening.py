"""Opens what is published; when that cannot be used, the newest generation that can serves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from app.answering.answer import IndexAnswerer
from app.errors import DamagedGeneration, GenerationError, Unreachable
from app.index.generation import REMEDY, Generation
from app.index.opened import Index
from app.index.publish import list_names, open_generation
from app.settings import Settings

Check = Callable[[IndexAnswerer], None]
"""Raises for an answerer that is not fit to serve."""


def open_answerer(settings: Settings, check: Check | None = None) -> IndexAnswerer:
    """Answer from the published generation; raises NoGeneration, DamagedGeneration or WrongModel."""
    return answer_from(open_generation(settings.index_dir), settings, check)


def open_best(settings: Settings, check: Check | None = None) -> tuple[IndexAnswerer, str | None]:
    """The published generation or, when it cannot be used, the newest that can, and why; raises as
    open_answerer.
    """
    try:
        return open_answerer(settings, check), None
    except Unreachable:  # nothing is wrong with it, and another one is where it is
        raise
    except GenerationError as error:
        found = open_newest(settings, check)
        if found is None:
            raise
        return found, str(error)


def open_newest(
    settings: Settings, check: Check | None = None, *, without: str | None = None
) -> IndexAnswerer | None:
    """The newest generation that can be used, and is not the one ``without`` names; None if there is none."""
    for name in list_names(settings.index_dir):
        with suppress(GenerationError):
            if name != without:
                return answer_from(open_generation(settings.index_dir, name), settings, check)
    return None


def answer_from(generation: Generation, settings: Settings, check: Check | None = None) -> IndexAnswerer:
    """Answer from this generation, published or not; raises DamagedGeneration or WrongModel."""
    try:
        generation.require_model(settings.model)
        retriever = None  # the generation's own files
        if settings.cluster is not None:
            try:
                from app.cluster.serving import open_retriever
            except ModuleNotFoundError as error:  # Ray is installed only where it is used
                raise Unreachable(
                    f"There is no package {error.name} here; install the extra `cluster`."
                ) from None
            retriever = open_retriever(generation, settings.cluster, settings.replicas)
        answerer = IndexAnswerer(Index(generation), retriever)
        if check:
            check(answerer)
    except BaseException as error:
        generation.close()
        if isinstance(error, GenerationError) or not isinstance(error, Exception):
            raise
        # Sealed and whole, but not for what is installed here: each library has errors of its own for that.
        raise DamagedGeneration(
            f"{generation.folder.name} cannot be used: {type(error).__name__}; {REMEDY}."
        ) from error
    return answerer
