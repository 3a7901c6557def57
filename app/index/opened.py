"""A generation ready to be searched: each of its files checked, then opened by the module that owns it.

And every promise of a generation, checked one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from app.errors import DamagedGeneration
from app.index.encoder import Encoder, EncoderSettings
from app.index.generation import CHECKED, LAYOUT, MANIFEST, REMEDY, Generation
from app.index.lexical import LexicalIndex
from app.index.retriever import LocalRetriever
from app.index.store import Store
from app.index.vectors import UNIT_TOLERANCE
from app.records import Article, name_passage

_SMALL = 10_000
"""Up to so many passages all of them are compared with their articles at opening; it takes milliseconds."""
_STEP = 10_000
"""Vectors that are compared at a time."""


class Index:
    """Everything that retrieval needs of one generation; nothing in it ever changes."""

    def __init__(self, generation: Generation) -> None:
        """Raises DamagedGeneration, naming the file."""
        self.generation = generation
        self.store = Store(generation.path(LAYOUT.store))
        self.retriever = LocalRetriever.open(generation)
        self.passages, self.sentences = self.retriever.passages, self.retriever.sentences
        self.tokens = self.retriever.tokens
        self.lexical = LexicalIndex(self.store.database)
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
        projection = self.tokens.projection
        numbers = np.isfinite(projection).all() and np.isfinite(self.token_weights).all()
        if not numbers or size != self.tokens.offsets[-1] * len(projection):
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
        self.store.close()
        self.generation.close()


def audit(generation: Generation, corpus: Sequence[Article]) -> Iterator[str]:
    """One sentence for each fault; nothing when the generation is sound and is what ``corpus`` says."""
    damaged = []
    for name in generation.manifest.files:
        try:
            generation.read_whole(name)
        except DamagedGeneration as error:
            damaged.append(str(error))
    yield from damaged
    wanted = {generation.folder / name for name in (*generation.manifest.files, MANIFEST, CHECKED)}
    wanted |= {folder for path in wanted for folder in path.parents}
    for path in sorted(set(generation.folder.rglob("*")) - wanted):
        yield f"{path.relative_to(generation.folder.parent)} does not belong there; delete it."
    if damaged:
        return
    try:
        index = Index(generation)
    except DamagedGeneration as error:
        yield str(error)
        return
    stored = {article.slug: article for article in index.store.articles()}
    given = {article.slug: article for article in corpus}
    for slug in sorted(stored.keys() | given.keys()):
        if slug not in given:
            yield f"{slug} is indexed but not in the corpus; run `make index`."
        elif slug not in stored:
            yield f"{slug} is in the corpus but not indexed; run `make index`."
        elif stored[slug] != given[slug]:
            yield f"{slug} is not what the corpus says any more; run `make index`."
    seen: Counter[tuple[str, str]] = Counter()
    for article, passage in index.store.passage_rows():
        key = (article.slug, passage.text)
        if passage.id != name_passage(article.slug, passage.text, seen[key]):
            yield f"{article.slug}: passage {passage.id} does not bear the id of its words."
        seen[key] += 1
        if not passage.stands_in(article):
            yield f"{article.slug}: passage {passage.id} is not what stands in the article."
        bounds = [passage.start, *(bound for span in passage.sentences for bound in span), passage.end]
        if not passage.sentences or bounds != sorted(bounds):
            yield f"{article.slug}: passage {passage.id} has a sentence outside of itself."
    for name, vectors in (("passages", index.passages), ("sentences", index.sentences)):
        for start in range(0, len(vectors), _STEP):
            rows = np.arange(start, min(start + _STEP, len(vectors)), dtype=np.int64)
            off = np.abs(np.linalg.norm(vectors.vectors(rows), axis=1) - 1)
            if not (off < UNIT_TOLERANCE).all():
                yield f"{name}: vector {start + int(off.argmax())} is not of length 1."
