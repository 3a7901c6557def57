"""txtai, Haystack and Chroma on the plain way's model and passages, each as its own documentation shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Read when the packages are imported: none of them is to report that it was used.
os.environ["ANONYMIZED_TELEMETRY"] = "False"
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

DEPTH = 5
Passage = tuple[str, str]
"""An article's slug and words of it."""
Find = Callable[[str], Sequence[Passage]]
"""The nearest passages of a question, best first."""
Open = Callable[[Path, Sequence[Passage]], Find]


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework to be measured beside us."""

    name: str
    distributions: tuple[str, ...]
    """What must be installed; the first has the version that is told."""
    open: Open


def open_txtai(model: Path, passages: Sequence[Passage]) -> Find:
    """An index in memory of texts that the caller keeps."""
    from txtai import Embeddings

    embeddings = Embeddings(path=str(model))
    embeddings.index([text for _, text in passages])
    return lambda question: [passages[row] for row, _ in embeddings.search(question, DEPTH)]


def open_haystack(model: Path, passages: Sequence[Passage]) -> Find:
    """A store in memory, and a pipeline of an embedder and a retriever."""
    from haystack import Document, Pipeline
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    documents = [
        Document(id=str(row), content=text, meta={"article": slug})
        for row, (slug, text) in enumerate(passages)
    ]
    embedder = SentenceTransformersDocumentEmbedder(model=str(model), progress_bar=False)
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    store.write_documents(embedder.run(documents)["documents"])
    pipeline = Pipeline()
    pipeline.add_component("embedder", SentenceTransformersTextEmbedder(model=str(model), progress_bar=False))
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(document_store=store, top_k=DEPTH))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")

    def find(question: str) -> list[Passage]:
        found = pipeline.run({"embedder": {"text": question}})["retriever"]["documents"]
        return [(document.meta["article"], document.content) for document in found]

    return find


def open_chroma(model: Path, passages: Sequence[Passage]) -> Find:
    """A collection in memory that encodes what it is given."""
    import chromadb
    from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

    client = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))
    collection = client.create_collection(
        "passages",
        embedding_function=SentenceTransformerEmbeddingFunction(str(model)),
        configuration={"hnsw": {"space": "cosine"}},
    )
    collection.add(
        ids=[str(row) for row in range(len(passages))],
        documents=[text for _, text in passages],
        metadatas=[{"article": slug} for slug, _ in passages],
    )

    def find(question: str) -> list[Passage]:
        found = collection.query(query_texts=[question], n_results=DEPTH)
        slugs = [metadata["article"] for metadata in found["metadatas"][0]]
        return list(zip(slugs, found["documents"][0], strict=True))

    return find


FRAMEWORKS = (
    Framework("txtai", ("txtai",), open_txtai),
    Framework("Haystack", ("haystack-ai", "sentence-transformers-haystack"), open_haystack),
    Framework("Chroma", ("chromadb",), open_chroma),
)


def find_version(framework: Framework) -> str | None:
    """The version that is installed, if all of it is."""
    try:
        versions = [version(name) for name in framework.distributions]
    except PackageNotFoundError:
        return None
    return versions[0]


def open_others(
    model: Path, passages: Sequence[Passage], frameworks: Sequence[Framework] = FRAMEWORKS
) -> dict[str, Find | None]:
    """Each framework with its version, filled with the passages; None where it is not installed."""
    systems: dict[str, Find | None] = {}
    for framework in frameworks:
        if found := find_version(framework):
            systems[f"{framework.name} {found}"] = framework.open(model, passages)
        else:
            systems[framework.name] = None
    return systems
