"""Corpus -> a new generation in a folder of its own, unpublished; unchanged texts keep their vectors."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from app.corpus.passages import CHUNKER, cut_article
from app.errors import BuildError
from app.index.embedded import embedded_hash, embedded_passage, embedded_sentence
from app.index.encoder import Encoder, EncoderSettings, TextTokenizer, Tokens
from app.index.generation import (
    FILES,
    FORMAT,
    LAYOUT,
    MANIFEST,
    Generation,
    Manifest,
    ModelRecord,
    SourceRecord,
    seal_file,
)
from app.index.model import ADAPTED, CHUNK, DEFAULT, URGENCY, Model, Precision
from app.index.publish import list_names
from app.index.retriever import LocalRetriever
from app.index.rows import Matrix, Vector
from app.index.store import Store, StoreWriter
from app.index.tokens import compress, mark_content, weigh_tokens, write_tokens
from app.index.vectors import VectorIndex, choose_kind
from app.records import Article

_LIBRARIES = "faiss-cpu nltk numpy onnxruntime sentence-transformers tokenizers torch transformers".split()
"""What makes an index; vectors that other versions made are not used again."""

_AGREEMENT: dict[Precision, tuple[float, float]] = {"fp32": (0.999, 0.999), "int8": (0.98, 0.95)}
"""Least mean and least single cosine of the exported encoder's vectors with the model's own."""
_AGREEMENT_SAMPLE = 200

ENCODERS = (
    LAYOUT.encoder,
    LAYOUT.encoder_settings,
    LAYOUT.tokenizer,
    LAYOUT.urgency_encoder,
    LAYOUT.urgency_settings,
    LAYOUT.urgency_tokenizer,
)
_MAX_SHRINK = 0.1

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""

Work = Callable[[Model, Sequence[Any]], Iterable[Any]]
"""What a model is to do with texts: one result for each, in order."""
Spread = Callable[[Work, Iterator[Any]], Iterator[Any]]
"""Has such work done, wherever that is: the results of all texts, in order."""


@cache
def read_versions() -> dict[str, str]:
    """Of the libraries that make an index; raises BuildError where one is missing."""
    try:
        return {name: version(name) for name in _LIBRARIES}
    except PackageNotFoundError as error:
        raise BuildError(f"There is no package {error.name}; install the extra `build`.") from None


@cache
def _load_urgency_model() -> Model:
    """The default model with what it was taught about urgency, whichever model finds the passages."""
    return Model.load(f"{DEFAULT}{ADAPTED}", URGENCY)


def build_generation(
    articles: Sequence[Article],
    folder: Path,
    model: Model,
    *,
    precision: Precision = "int8",
    previous: Sequence[Generation] = (),
    reuse: bool = True,
    created: datetime | None = None,
    progress: Progress = lambda _what, _done, _total: None,
    spread: Spread | None = None,
) -> Manifest:
    """Fill the empty ``folder`` with a whole, sealed generation; raises CorpusError, BuildError, OSError.

    ``previous`` are the generation that it follows and the one before. It is ``created`` now, or a second
    after the newest that stands beside it. ``spread`` has the model's work done elsewhere. It is not
    published: until `publish` points to it, a caller may open it and put questions to it.
    """
    created = created or _choose_time(list_names(folder.parents[1]))
    _write_store(articles, folder, previous, created, progress)
    store = Store(folder / LAYOUT.store, cached=1)
    counts = store.counts()
    old = _Reusable.find(previous[0], model) if previous and reuse else None
    texts = _Texts(store, counts, progress)
    spread = spread or partial(encode_here, model)
    passages = _write_passages(texts, folder, model, old, spread)
    _write_sentences(texts, folder, old, spread)
    agreement = _write_encoder(texts, folder, model, precision, passages, old)
    find = "SELECT slug, metadata ->> 'sha256', metadata FROM articles ORDER BY number"
    sources = [
        SourceRecord(slug=slug, sha256=digest, metadata_sha256=hashlib.sha256(metadata.encode()).hexdigest())
        for slug, digest, metadata in store.database.each(find)
    ]
    store.close()
    manifest = Manifest(
        format=FORMAT,
        created=f"{created:%Y%m%dT%H%M%SZ}",
        chunker=CHUNKER,
        model=ModelRecord(
            name=model.name,
            weights_sha256=model.weights_sha256,
            config_sha256=model.config_sha256,
            urgency_sha256=_load_urgency_model().weights_sha256,
            precision=precision,
            dimension=passages.dimension,
            agreement=agreement,
        ),
        libraries=read_versions(),
        vectors={
            LAYOUT.passages: choose_kind(counts["passages"]),
            LAYOUT.sentences: choose_kind(counts["sentences"], searched=False),
        },
        counts=counts,
        sources=sources,
        files={name: seal_file(folder / name) for name in FILES},
    )
    manifest.write(folder)
    return manifest


def _choose_time(names: Sequence[str]) -> datetime:
    """Now, or a second after the newest of the generations that there are, whose names begin with theirs."""
    now = datetime.now(UTC).replace(microsecond=0)
    if not names:
        return now
    newest = datetime.strptime(names[0][:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return max(now, newest + timedelta(seconds=1))


def _write_store(
    articles: Sequence[Article],
    folder: Path,
    previous: Sequence[Generation],
    created: datetime,
    progress: Progress,
) -> None:
    """Articles and their passages, and what of earlier generations' passages is no more."""
    with closing(StoreWriter(folder)) as writer:
        for done, article in enumerate(articles, 1):
            writer.add(article, cut_article(article))
            progress("articles", done, len(articles))
        if previous:
            before = [Store(generation.path(LAYOUT.store)) for generation in previous]
            writer.remember_withdrawn(before, created)
            for store in before:
                store.close()
        writer.finish()


def refuse_shrinking(previous: Manifest, manifest: Manifest) -> None:
    """Raise BuildError when so many passages are gone that a mistake is likelier than an intention."""
    before, after = previous.counts["passages"], manifest.counts["passages"]
    if after < before * (1 - _MAX_SHRINK):
        raise BuildError(
            f"{after:,} passages instead of {before:,}, more than {_MAX_SHRINK:.0%} fewer; if that is meant, "
            "use --allow-shrink."
        )


def annotate(
    folder: Path, *, figures: dict[str, object] | None = None, extra: dict[str, object] | None = None
) -> Manifest:
    """Add measures or remarks to the manifest of a generation that is not yet published."""
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    changes = {
        "figures": {**manifest.figures, **(figures or {})},
        "extra": {**manifest.extra, **(extra or {})},
    }
    manifest = manifest.model_copy(update=changes)
    manifest.write(folder)
    return manifest


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the model is to see, read back from the new store, in the order of its rows."""

    store: Store
    counts: dict[str, int]
    progress: Progress

    def passages(self) -> Iterator[tuple[str, str, int]]:
        return (embedded_passage(*found) for found in self.store.passage_rows())

    def sentences(self) -> Iterator[str]:
        for article, passage in self.store.passage_rows():
            for sentence in passage.sentences:
                yield embedded_sentence(article, sentence)

    def passage(self, row: int) -> str:
        passage = self.store.passage_at(row)
        return embedded_passage(self.store.article(passage.article), passage)[1]


class _Reusable:
    """The vectors of the generation before, by what the model saw."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.vectors = LocalRetriever.open(generation)
        store = Store(generation.path(LAYOUT.store))
        self._rows: dict[str, dict[bytes, int]] = {
            table: dict(store.database.each(f"SELECT embedded, row FROM {table} ORDER BY row"))  # noqa: S608
            for table in ("passages", "sentences")
        }
        store.close()

    @classmethod
    def find(cls, last: Generation, model: Model) -> Self | None:
        """What can be used again: nothing that another model or other libraries made."""
        record, urgency = last.manifest.model, _load_urgency_model()
        made_by = (record.weights_sha256, record.config_sha256, record.urgency_sha256)
        wanted = (model.weights_sha256, model.config_sha256, urgency.weights_sha256)
        return cls(last) if made_by == wanted and last.manifest.libraries == read_versions() else None

    def row_of(self, table: str, *texts: str) -> int | None:
        return self._rows[table].get(embedded_hash(*texts))


def encode_here(model: Model, work: Work, texts: Iterator[Any]) -> Iterator[Any]:
    """The work done in this process, CHUNK texts at a time."""
    while chunk := list(islice(texts, CHUNK)):
        yield from work(model, chunk)


def _encode_passages(
    projection: Matrix, content: NDArray[np.bool_], model: Model, texts: Sequence[tuple[str, str, int]]
) -> Iterator[tuple[Vector, NDArray[np.int8], NDArray[np.int64]]]:
    """Of introductions, texts, and where in each its own words begin: vectors, token vectors and tokens.

    float32[d], int8[n, m] as stored, and int64[t] of each; ``content`` are the tokens that carry some.
    """
    introduced = model.encode([introduction for introduction, _, _ in texts])
    encoded = model.encode([text for _, text, _ in texts])
    for one, (_, above), (vector, own) in zip(texts, introduced, encoded, strict=True):
        introduction, text, start = one
        named, tokens = model.tokenizer.tokenize(introduction), model.tokenizer.tokenize(text)
        kept = [own[_choose_tokens(tokens, start, content)], above[_choose_tokens(named, 0, content)]]
        yield vector, compress(np.concatenate(kept), projection), _list_ids(named, tokens, start)


def _write_passages(
    texts: _Texts, folder: Path, model: Model, old: _Reusable | None, spread: Spread
) -> VectorIndex:
    """Vectors and token vectors of the passages; gives the vectors' index."""
    if old is None:
        tokenizer, projection = model.tokenizer, model.projection
    else:  # the stored one is the same, and there at once, without the model's library
        settings = EncoderSettings.from_bytes(old.generation.read(LAYOUT.encoder_settings))
        tokenizer = TextTokenizer(old.generation.read(LAYOUT.tokenizer), settings)
        projection = old.vectors.tokens.projection
    vocabulary = tokenizer.vocabulary
    held = np.zeros(len(vocabulary), dtype=np.int64)
    work = partial(_encode_passages, projection, mark_content(vocabulary))
    fresh = spread(
        work, (one for one in texts.passages() if not old or old.row_of("passages", *one[:2]) is None)
    )

    def read_vectors(write: Callable[[NDArray[np.int8]], None]) -> Iterator[Vector]:
        for done, (introduction, text, start) in enumerate(texts.passages(), 1):
            row = old.row_of("passages", introduction, text) if old else None
            if row is None or old is None:
                vector, stored, ids = next(fresh)
            else:
                vector, stored = old.vectors.passages.vector(row), old.vectors.tokens.stored(row)
                ids = _list_ids(tokenizer.tokenize(introduction), tokenizer.tokenize(text), start)
            write(stored)
            held[np.unique(ids)] += 1
            texts.progress("passages", done, texts.counts["passages"])
            yield vector

    with write_tokens(folder / LAYOUT.tokens, folder / LAYOUT.token_offsets) as write:
        index = VectorIndex.gather(read_vectors(write), folder / LAYOUT.passages)
    weights = weigh_tokens(vocabulary, held, texts.counts["passages"])
    (folder / LAYOUT.token_weights).write_bytes(weights.tobytes())
    (folder / LAYOUT.token_projection).write_bytes(projection.tobytes())
    return index


def _choose_tokens(tokens: Tokens, start: int, content: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The content tokens of the text from ``start`` on; where there are none, all of it."""
    ids, starts = tokens
    body = starts >= start
    kept = body & content[ids]
    if kept.any():
        return kept
    return body if body.any() else np.ones_like(body)


def _list_ids(introduction: Tokens, text: Tokens, start: int) -> NDArray[np.int64]:
    """Every token that counts in how common it is: of the text from ``start`` on, and of the introduction."""
    ids, starts = text
    return np.concatenate([ids[starts >= start], introduction[0]])


def _write_sentences(texts: _Texts, folder: Path, old: _Reusable | None, spread: Spread) -> None:
    """Vectors of the single sentences."""
    unknown = (text for text in texts.sentences() if not old or old.row_of("sentences", text) is None)
    fresh = spread(lambda model, some: (vector for vector, _ in model.encode(some)), unknown)

    def read_vectors() -> Iterator[Vector]:
        for done, text in enumerate(texts.sentences(), 1):
            row = old.row_of("sentences", text) if old else None
            yield next(fresh) if row is None or old is None else old.vectors.sentences.vector(row)
            texts.progress("sentences", done, texts.counts["sentences"])

    VectorIndex.gather(read_vectors(), folder / LAYOUT.sentences, searched=False)


def _write_encoder(
    texts: _Texts,
    folder: Path,
    model: Model,
    precision: Precision,
    passages: VectorIndex,
    old: _Reusable | None,
) -> dict[str, float]:
    """The exported encoders; gives the first one's agreement with the model. Exported before, they are used
    again."""
    if old is not None and old.generation.manifest.model.precision == precision:
        for name in ENCODERS:
            shutil.copyfile(old.generation.path(name), folder / name)
        return old.generation.manifest.model.agreement
    texts.progress("encoder", 0, 1)
    model.export(folder, precision)
    with TemporaryDirectory(dir=folder) as scratch:
        _load_urgency_model().export(Path(scratch), precision)
        for name, kept in zip(ENCODERS[:3], ENCODERS[3:], strict=True):
            (Path(scratch) / name).rename(folder / kept)
    # Cosine of the exported encoder's vectors with the model's own, over passages from the whole corpus.
    settings = EncoderSettings.from_bytes((folder / LAYOUT.encoder_settings).read_bytes())
    encoder = Encoder(
        folder / LAYOUT.encoder,
        (folder / LAYOUT.tokenizer).read_bytes(),
        replace(settings, question_prompt=settings.passage_prompt),
    )
    rows = np.unique(np.linspace(0, len(passages) - 1, _AGREEMENT_SAMPLE).astype(int))
    found = (encoder.encode(texts.passage(int(row))).vector for row in rows)
    cosines = [float(one @ other) for one, other in zip(found, passages.vectors(rows), strict=True)]
    agreement = {"mean": round(float(np.mean(cosines)), 6), "least": round(min(cosines), 6)}
    mean, least = _AGREEMENT[precision]
    if agreement["mean"] < mean or agreement["least"] < least:
        raise BuildError(
            f"The exported {precision} encoder does not agree with the model {model.name}: mean cosine "
            f"{agreement['mean']:.4f} (at least {mean}), least {agreement['least']:.4f} (at least {least})."
        )
    texts.progress("encoder", 1, 1)
    return agreement
