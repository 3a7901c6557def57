"""The generation that is being served: one reference, swapped whole."""

from __future__ import annotations

from app.answering.answer import Answerer
from app.errors import NoGeneration


class Current:
    """Holds the answerer in use; a request takes it once and keeps it to its end.

    Assigning ``answerer`` is one reference store, which Python makes atomic: no request ever sees half
    of one generation and half of another.
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
    def answerer(self, answerer: Answerer) -> None:
        self._answerer = answerer
