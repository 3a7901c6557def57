"""Corpus -> a new generation in a folder of its own, unpublished; unchanged texts keep their vectors."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.corpus.passages import CHUNKER, cut_article
from app.disk import write_durably
from app.errors import BuildError
from app.index.database import Database
from app.index.embedded import (
    body_start,
    embedded_hash,
    embedded_introduction,
    embedded_sentence,
    embedded_text,
)
from app.index.encoder import Encoder, EncoderSettings, TextTokenizer, Tokenized
from app.index.generation import (
    FILES,
    FORMAT,
    LAYOUT,
    MANIFEST,
    Generation,
    Manifest,
    ModelRecord,
    Previous,
    SourceRecord,
    seal_file,
)
from app.index.model import ADAPTED, CHUNK, DEFAULT, URGENCY, Model, Precision
from app.index.store import Store, StoreWriter, dump_metadata
from app.index.tokens import (
    TokenFrequencies,
    TokenVectors,
    TokenWriter,
    compress,
    find_content,
    read_projection,
)
from app.index.vectors import VectorIndex, choose_kind
from app.records import Article

_LIBRARIES = (
    "faiss-cpu",
    "nltk",
    "numpy",
    "onnxruntime",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
)

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

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


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
    previous: Previous | None = None,
    reuse: bool = True,
    created: datetime | None = None,
    progress: Progress = lambda _what, _done, _total: None,
    spread: Spread | None = None,
) -> Manifest:
    """Fill the empty ``folder`` with a whole, sealed generation; raises CorpusError, BuildError, OSError.

    ``spread`` has the model's work done elsewhere. It is not published: until `publish` points to it, a
    caller may open it and put questions to it.
    """
    created = created or datetime.now(UTC)
    counts = _write_store(articles, folder, previous, created, progress)
    database = Database(folder / LAYOUT.store)
    old = _find_reusable(previous, model) if reuse else None
    texts = _Texts(Store(database, cached=1), counts, progress)
    (folder / LAYOUT.sentence_offsets).write_bytes(texts.store.sentence_offsets().tobytes())
    spread = spread or partial(encode_here, model)
    passages = _write_passages(texts, folder, model, old, spread)
    _write_sentences(texts, folder, old, spread)
    agreement = _write_encoder(texts, folder, model, precision, passages, old)
    database.close()
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
        libraries=library_versions(),
        vectors={
            LAYOUT.passages: choose_kind(counts["passages"]),
            LAYOUT.sentences: choose_kind(counts["sentences"], searched=False),
        },
        counts=counts,
        sources=[
            SourceRecord(
                slug=article.slug,
                sha256=article.sha256,
                metadata_sha256=hashlib.sha256(dump_metadata(article).encode()).hexdigest(),
            )
            for article in articles
        ],
        files={name: seal_file(folder / name) for name in FILES},
    )
    write_durably(folder / MANIFEST, manifest.to_bytes())
    return manifest


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
    path = folder / MANIFEST
    manifest = Manifest.model_validate_json(path.read_bytes())
    changes = {
        "figures": {**manifest.figures, **(figures or {})},
        "extra": {**manifest.extra, **(extra or {})},
    }
    manifest = manifest.model_copy(update=changes)
    write_durably(path, manifest.to_bytes())
    return manifest


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the model is to see, read back from the new store, in the order of its rows."""

    store: Store
    counts: dict[str, int]
    progress: Progress

    def passages(self) -> Iterator[tuple[str, str, int]]:
        """Each passage's introduction and text, and where in the text its own words begin."""
        for article, passage in self.store.passage_rows():
            yield (
                embedded_introduction(article, passage),
                embedded_text(article, passage),
                body_start(passage),
            )

    def sentences(self) -> Iterator[str]:
        for article, passage in self.store.passage_rows():
            for sentence in passage.sentences:
                yield embedded_sentence(article, sentence)

    def passage(self, row: int) -> str:
        passage = self.store.passage_at(row)
        return embedded_text(self.store.article(passage.article), passage)


@dataclass(frozen=True, slots=True)
class _Reusable:
    """The vectors of the generation before, by what the model saw."""

    generation: Generation
    rows: dict[str, dict[bytes, int]]
    passages: VectorIndex
    sentences: VectorIndex
    tokens: TokenVectors
    projection: Matrix

    def find(self, table: str, *texts: str) -> int | None:
        return self.rows[table].get(embedded_hash(*texts))


def _find_reusable(previous: Previous | None, model: Model) -> _Reusable | None:
    """Nothing of a generation that another model or other libraries made is used again."""
    if previous is None:
        return None
    generation = previous.generation
    made_by, libraries = generation.manifest.model, generation.manifest.libraries
    hashes = (made_by.weights_sha256, made_by.config_sha256, made_by.urgency_sha256)
    wanted = (model.weights_sha256, model.config_sha256, _load_urgency_model().weights_sha256)
    if hashes != wanted or libraries != library_versions():
        return None
    database = Database(generation.path(LAYOUT.store))
    store = Store(database, cached=1)
    tables = ("passages", "sentences")
    rows = {table: {digest: row for row, digest in store.embedded_hashes(table)} for table in tables}
    database.close()
    passages = VectorIndex.open(generation.path(LAYOUT.passages))
    sentences = VectorIndex.open(generation.path(LAYOUT.sentences))
    offsets = generation.read(LAYOUT.token_offsets)
    projection = read_projection(generation.read(LAYOUT.token_projection), passages.dimension)
    tokens = TokenVectors(generation.path(LAYOUT.tokens), offsets, projection)
    return _Reusable(generation, rows, passages, sentences, tokens, projection)


def _write_store(
    articles: Sequence[Article], folder: Path, previous: Previous | None, now: datetime, progress: Progress
) -> dict[str, int]:
    writer = StoreWriter(folder)
    try:
        for done, article in enumerate(articles, 1):
            writer.add(article, cut_article(article))
            progress("articles", done, len(articles))
        if previous is not None:
            database = Database(previous.generation.path(LAYOUT.store))
            older = Database(previous.older.path(LAYOUT.store)) if previous.older else None
            writer.remember_withdrawn(Store(database), Store(older) if older else None, now)
            database.close()
            if older:
                older.close()
        writer.finish()
    finally:
        writer.close()
    return {"articles": writer.articles, "passages": writer.passages, "sentences": writer.sentences}


class _Rows:
    """Vectors on their way into an index, in a file, so that a large corpus need not fit in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.rows")
        self._file = self._path.open("wb")
        self._target = path
        self.count = self.dimension = 0

    def __enter__(self) -> _Rows:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink()

    def add(self, vector: Vector) -> None:
        """The next row, float32[d]."""
        self._file.write(vector.tobytes())
        self.count, self.dimension = self.count + 1, len(vector)

    def write_index(self, *, searched: bool = True) -> VectorIndex:
        """Build the index of all rows and write it; raises BuildError, OSError."""
        self._file.flush()
        shape = (self.count, self.dimension)
        rows = np.memmap(self._path, dtype=np.float32, mode="r", shape=shape)
        index = VectorIndex.build(rows, choose_kind(self.count, searched=searched))
        index.write(self._target)
        return index


def encode_here(model: Model, work: Work, texts: Iterator[Any]) -> Iterator[Any]:
    """The work done in this process, CHUNK texts at a time."""
    while chunk := list(islice(texts, CHUNK)):
        yield from work(model, chunk)


@dataclass(frozen=True, slots=True)
class _EncodePassages:
    """Introductions, texts, where in each its own words begin -> vectors, token vectors as stored, tokens."""

    projection: Matrix
    content: NDArray[np.bool_]
    """Which tokens of the vocabulary carry content."""

    def __call__(
        self, model: Model, texts: Sequence[tuple[str, str, int]]
    ) -> Iterator[tuple[Vector, NDArray[np.int8], NDArray[np.int64]]]:
        """float32[d], int8[n, m] and int64[t] of each."""
        introduced = model.encode([introduction for introduction, _, _ in texts])
        encoded = model.encode([text for _, text, _ in texts])
        for (introduction, text, start), above, own in zip(texts, introduced, encoded, strict=True):
            named, tokens = model.tokenizer.tokenize(introduction), model.tokenizer.tokenize(text)
            kept = [
                own.tokens[_choose_tokens(tokens, start, self.content)],
                above.tokens[_choose_tokens(named, 0, self.content)],
            ]
            vectors = compress(np.concatenate(kept), self.projection)
            yield own.vector, vectors, _list_ids(named, tokens, start)


def encode_sentences(model: Model, texts: Sequence[str]) -> Iterator[Vector]:
    """Each text's vector."""
    return (encoded.vector for encoded in model.encode(texts))


def _write_passages(
    texts: _Texts, folder: Path, model: Model, old: _Reusable | None, spread: Spread
) -> VectorIndex:
    """Vectors and token vectors of the passages; gives the vectors' index."""
    if old is None:
        tokenizer, projection = model.tokenizer, model.projection
    else:  # the stored one is the same, and there at once, without the model's library
        settings = EncoderSettings.from_bytes(old.generation.read(LAYOUT.encoder_settings))
        tokenizer = TextTokenizer(old.generation.read(LAYOUT.tokenizer), settings)
        projection = old.projection
    frequencies = TokenFrequencies(tokenizer.vocabulary)
    work = _EncodePassages(projection, find_content(tokenizer.vocabulary))
    fresh = spread(
        work, (one for one in texts.passages() if not old or old.find("passages", *one[:2]) is None)
    )
    with (
        _Rows(folder / LAYOUT.passages) as vectors,
        TokenWriter(folder / LAYOUT.tokens, folder / LAYOUT.token_offsets) as writer,
    ):
        for introduction, text, start in texts.passages():
            row = old.find("passages", introduction, text) if old else None
            if row is None or old is None:
                vector, stored, ids = next(fresh)
            else:
                vector, stored = old.passages.vector(row), old.tokens.stored(row)
                named, tokens = tokenizer.tokenize(introduction), tokenizer.tokenize(text)
                ids = _list_ids(named, tokens, start)
            vectors.add(vector)
            writer.add(stored)
            frequencies.add(ids)
            texts.progress("passages", vectors.count, texts.counts["passages"])
        weights = frequencies.weigh(texts.counts["passages"])
        (folder / LAYOUT.token_weights).write_bytes(weights.tobytes())
        (folder / LAYOUT.token_projection).write_bytes(projection.tobytes())
        return vectors.write_index()


def _choose_tokens(tokens: Tokenized, start: int, content: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The content tokens of the text from ``start`` on; where there are none, all of it."""
    body = tokens.starts >= start
    kept = body & content[tokens.ids]
    if kept.any():
        return kept
    return body if body.any() else np.ones_like(body)


def _list_ids(introduction: Tokenized, text: Tokenized, start: int) -> NDArray[np.int64]:
    """Every token that counts in how common it is: of the text from ``start`` on, and of the introduction."""
    return np.concatenate([text.ids[text.starts >= start], introduction.ids])


def _write_sentences(texts: _Texts, folder: Path, old: _Reusable | None, spread: Spread) -> None:
    """Vectors of the single sentences."""
    unknown = (text for text in texts.sentences() if not old or old.find("sentences", text) is None)
    fresh = spread(encode_sentences, unknown)
    with _Rows(folder / LAYOUT.sentences) as vectors:
        for text in texts.sentences():
            row = old.find("sentences", text) if old else None
            vectors.add(next(fresh) if row is None or old is None else old.sentences.vector(row))
            texts.progress("sentences", vectors.count, texts.counts["sentences"])
        vectors.write_index(searched=False)


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


def library_versions() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}
