"""app/index/store.py: what goes in comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from app.corpus.passages import cut_article
from app.errors import BuildError, NotFound, Withdrawn
from app.index.embedded import embedded_hash, embedded_sentence
from app.index.generation import LAYOUT
from app.index.store import Store, StoreWriter
from app.records import Article, WithdrawnPassage
from tests.articles import read_five

ARTICLES = read_five()
NOW = datetime(2026, 11, 22, tzinfo=UTC)
Write = Callable[..., Store]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_store(articles: tuple[Article, ...], *before: Store) -> Store:
        folder = tmp_path / f"100% of {len(list(tmp_path.iterdir()))}?"
        folder.mkdir()
        writer = StoreWriter(folder)
        for article in articles:
            writer.add(article, cut_article(article))
        if before:
            writer.remember_withdrawn(before, NOW)
        writer.finish()
        return Store(folder / LAYOUT.store)

    return write_store


def test_articles_come_back_byte_for_byte_with_everything_known_about_them(write: Write) -> None:
    assert write(ARTICLES).articles() == ARTICLES


def test_passages_come_back_as_they_were_cut(write: Write) -> None:
    store = write(ARTICLES)
    for article in ARTICLES:
        assert store.passages_of(article.slug) == cut_article(article)


def test_passage_is_found_by_its_id(write: Write) -> None:
    passage = cut_article(ARTICLES[0])[3]
    assert write(ARTICLES).passage(passage.id) == passage


def test_sentences_stand_in_the_order_of_their_passages(write: Write, tmp_path: Path) -> None:
    store = write(ARTICLES)
    (folder,) = tmp_path.iterdir()
    offsets = np.frombuffer((folder / LAYOUT.sentence_offsets).read_bytes(), dtype="<i8")
    hashes = dict(store.database.all("SELECT row, embedded FROM sentences"))
    assert offsets[-1] == len(hashes)
    for row, (article, passage) in enumerate(store.passage_rows()):
        stored = [hashes[sentence] for sentence in range(offsets[row], offsets[row + 1])]
        assert stored == [embedded_hash(embedded_sentence(article, span)) for span in passage.sentences]


def test_what_is_not_there_is_not_found(write: Write) -> None:
    store = write(ARTICLES)
    for call in (store.article, store.passage, store.passages_of, store.withdrawn_passage):
        with pytest.raises(NotFound):
            call("no-such")


def test_passage_that_is_not_verbatim_is_refused(tmp_path: Path) -> None:
    passage = cut_article(ARTICLES[0])[0]
    changed = replace(passage, text="X" + passage.text[1:])
    with pytest.raises(BuildError, match=f"passage {passage.id} is not what stands in the article"):
        StoreWriter(tmp_path).add(ARTICLES[0], (changed,))


def test_withdrawn_passage_keeps_its_words_while_a_generation_that_held_it_is_kept(write: Write) -> None:
    gone = ARTICLES[0]
    passage = cut_article(gone)[0]
    first = write(ARTICLES)
    second = write(ARTICLES[1:], first)
    third = write(ARTICLES[1:], second, first)
    fourth = write(ARTICLES[1:], third, second)
    said = WithdrawnPassage(
        id=passage.id,
        text=passage.text,
        section=passage.section,
        article=gone.slug,
        title=gone.title,
        publisher=gone.publisher,
        url=gone.url,
        withdrawn=date(2026, 11, 22),
        author=gone.author,
    )
    for store in (second, third):
        assert store.withdrawn_passage(passage.id) == said
        with pytest.raises(Withdrawn):
            store.passage(passage.id)
    with pytest.raises(Withdrawn):
        fourth.withdrawn_passage(passage.id)


def test_passage_that_comes_back_is_no_longer_withdrawn(write: Write) -> None:
    passage = cut_article(ARTICLES[0])[0]
    back = write(ARTICLES, write(ARTICLES[1:], write(ARTICLES)))
    assert back.passage(passage.id) == passage
    with pytest.raises(NotFound):
        back.withdrawn_passage(passage.id)


def test_same_corpus_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        writer = StoreWriter(tmp_path / name)
        for article in ARTICLES:
            writer.add(article, cut_article(article))
        writer.finish()
    for name in (LAYOUT.store, LAYOUT.postings, LAYOUT.impacts):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_threads_read_at_the_same_time(write: Write) -> None:
    store = write(ARTICLES)
    read: list[int] = []

    def read_all() -> None:
        read.append(sum(len(store.passages_of(article.slug)) for article in ARTICLES))

    threads = [Thread(target=read_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [store.counts()["passages"]] * 8


def rename(article: Article, slug: str, **changes: object) -> Article:
    return replace(article, slug=slug, **changes)  # type: ignore[arg-type]


def test_old_names_of_a_renamed_article_and_of_its_passages_lead_to_the_new_ones(write: Write) -> None:
    first, *others = ARTICLES
    before = write(ARTICLES)
    renamed = write((rename(first, "new"), *others), before)
    again = write((rename(first, "newer"), *others), renamed, before)
    back = write(ARTICLES, again, renamed)
    for store, slug in ((renamed, "new"), (again, "newer")):
        assert store.article(first.slug) == rename(first, slug)
        for old, new in zip(cut_article(first), store.passages_of(slug), strict=True):
            assert store.passage(old.id) == new
        assert store.passages_of(first.slug) == store.passages_of(slug)
        assert store.database.all("SELECT id FROM withdrawn") == []
    assert back.article("new") == back.article("newer") == first
    assert back.passage(again.passages_of("newer")[2].id) == cut_article(first)[2]


def test_words_that_changed_while_their_article_was_renamed_are_withdrawn(write: Write) -> None:
    first, *others = ARTICLES
    old = cut_article(first)
    text = first.text.replace(old[-1].text, "Other words stand here now.")
    before = write(ARTICLES)
    renamed = write((rename(first, "new"), *others), before)
    store = write((rename(first, "new", text=text), *others), renamed, before)
    assert store.passage(old[0].id).article == "new"
    for gone in (old[-1].id, renamed.passages_of("new")[-1].id):
        with pytest.raises(Withdrawn):
            store.passage(gone)
        assert store.withdrawn_passage(gone).text == old[-1].text


def test_an_article_whose_name_address_and_words_changed_is_known_by_most_of_its_passages(
    write: Write,
) -> None:
    first, *others = ARTICLES
    old = cut_article(first)
    changed = replace(
        first,
        slug="new",
        url="https://example.org/moved",
        sha256="0" * 64,
        text=first.text.replace(old[-1].text, "Other words stand here now."),
    )
    store = write((changed, *others), write(ARTICLES))
    assert store.article(first.slug).slug == "new"
    assert store.passage(old[0].id).text == old[0].text
    with pytest.raises(Withdrawn):
        store.passage(old[-1].id)


def test_nothing_is_guessed_where_two_new_articles_could_be_meant(write: Write) -> None:
    first, *others = ARTICLES
    store = write((rename(first, "one"), rename(first, "two"), *others), write(ARTICLES))
    with pytest.raises(NotFound):
        store.article(first.slug)


def test_a_new_article_takes_its_name_from_an_old_one(write: Write) -> None:
    first, second, *others = ARTICLES
    before = write((first, *others))
    renamed = write((rename(first, "new"), *others), before)
    taken = write((rename(first, "new"), rename(second, first.slug), *others), renamed, before)
    assert taken.article(first.slug).title == second.title
    assert taken.passage(cut_article(first)[0].id).article == "new"
