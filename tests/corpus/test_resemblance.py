from __future__ import annotations

from collections.abc import Callable, Mapping

from app.corpus.passages import cut_article
from app.corpus.resemblance import find_resemblances, shingle
from app.records import Article, Passage

MakeArticle = Callable[..., Article]


def test_a_shingle_is_five_words_without_capitals_and_stops() -> None:
    assert shingle("Babies twitch, and that is Normal.") == {
        "babies twitch and that is",
        "twitch and that is normal",
    }


def test_a_passage_that_was_edited_a_little_is_found_again(
    passages: Mapping[str, tuple[Passage, ...]], make_article: MakeArticle
) -> None:
    stored = [passage for cut in passages.values() for passage in cut]
    shudder = next(p for p in stored if p.section == ("What is baby shudder syndrome?",))
    edited = make_article(shudder.text.replace("rare and harmless", "rare, harmless"), slug="new")
    (found,) = find_resemblances(cut_article(edited), stored)
    assert found.stored == shudder
    assert 0.8 < found.share < 1


def test_articles_on_the_same_subject_are_no_duplicates(passages: Mapping[str, tuple[Passage, ...]]) -> None:
    spasm = passages["baby-leg-spasm"]
    others = [p for slug, cut in passages.items() if slug != "baby-leg-spasm" for p in cut]
    assert [(found.new.text, found.stored.text) for found in find_resemblances(spasm, others)] == []


def test_short_passages_are_not_compared(make_article: MakeArticle) -> None:
    article = make_article("It is normal for babies.")
    assert list(find_resemblances(cut_article(article), cut_article(article))) == []
