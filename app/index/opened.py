"""A generation ready to be searched: each of its files checked, then opened by the module that owns it."""

from __future__ import annotations

import numpy as np

from app.errors import DamagedGeneration
from app.index.database import Database
from app.index.encoder import Encoder, EncoderSettings
from app.index.generation import LAYOUT, REMEDY, Generation
from app.index.lexical import LexicalIndex
from app.index.postings import Postings
from app.index.retriever import LocalRetriever, Retriever
from app.index.store import Store
from app.index.tokens import TokenVectors, read_projection
from app.index.vectors import VectorIndex

_SMALL = 10_000
"""Up to so many passages all of them are compared with their articles at opening; it takes milliseconds."""


class Index:
    """Everything that retrieval needs of one generation; nothing in it ever changes."""

    def __init__(self, generation: Generation) -> None:
        """Raises DamagedGeneration, naming the file."""
        self.generation = generation
        dimension = generation.manifest.model.dimension
        self._database = Database(generation.path(LAYOUT.store))
        self.store = Store(self._database)
        postings = Postings(generation.path(LAYOUT.postings), generation.path(LAYOUT.impacts))
        self.lexical = LexicalIndex(self._database, postings)
        self.passages = VectorIndex.open(generation.path(LAYOUT.passages))
        self.sentences = VectorIndex.open(generation.path(LAYOUT.sentences))
        self.sentence_offsets = np.frombuffer(generation.read(LAYOUT.sentence_offsets), dtype="<i8")
        self.projection = read_projection(generation.read(LAYOUT.token_projection), dimension)
        self.tokens = TokenVectors(
            generation.path(LAYOUT.tokens), generation.read(LAYOUT.token_offsets), self.projection
        )
        self.retriever: Retriever = LocalRetriever(
            self.passages, self.sentences, self.sentence_offsets, self.tokens, postings
        )
        self.token_weights = np.frombuffer(generation.read(LAYOUT.token_weights), dtype="<f4")
        self.encoder, self.urgency_encoder = (
            Encoder(
                generation.path(model),
                generation.read(tokenizer),
                EncoderSettings.from_bytes(generation.read(settings)),
            )
            for model, tokenizer, settings in (
                (LAYOUT.encoder, LAYOUT.tokenizer, LAYOUT.encoder_settings),
                (LAYOUT.urgency_encoder, LAYOUT.urgency_tokenizer, LAYOUT.urgency_settings),
            )
        )
        # What must never be false: the files belong together, are numbers, and passages are verbatim.
        size = generation.path(LAYOUT.tokens).stat().st_size
        numbers = np.isfinite(self.projection).all() and np.isfinite(self.token_weights).all()
        if not numbers or size != self.tokens.offsets[-1] * len(self.projection):
            raise DamagedGeneration(f"{self.generation.name}: the tokens' vectors are none; {REMEDY}.")
        counts = self.store.counts()
        found = (len(self.passages), len(self.tokens), len(self.sentences))
        wanted = (counts["passages"], counts["passages"], counts["sentences"])
        if found != wanted:
            raise DamagedGeneration(
                f"{self.generation.name}: {found} vectors for {wanted} passages and sentences; {REMEDY}."
            )
        if counts["passages"] <= _SMALL:
            for article, passage in self.store.passage_rows():
                if not passage.stands_in(article):
                    raise DamagedGeneration(
                        f"{self.generation.name}: passage {passage.id} is not what stands in {article.slug}; "
                        f"{REMEDY}."
                    )

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()
        self.generation.close()
