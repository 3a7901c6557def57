"""Every promise of a generation, checked one by one: files, offsets, ids, vectors, and its corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from app.errors import DamagedGeneration
from app.index.generation import CHECKED, MANIFEST, Generation
from app.index.opened import Index
from app.index.vectors import UNIT_TOLERANCE
from app.records import Article, name_passage

_STEP = 10_000


def find_faults(generation: Generation, corpus: Sequence[Article]) -> Iterator[str]:
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
