from __future__ import annotations

from collections.abc import Callable, Mapping

from app.corpus.passages import cut_article
from app.corpus.resemblance import find_resemblances
from app.records import Article, Passage

MakeArticle = Callable[..., Article]


def test_a_passage_that_was_edited_a_little_is_found_again(
    passages: Mapping[str, tuple[Passage, ...]], make_article: MakeArticle
) -> None:
    stored = [passage for cut in passages.values() for passage in cut]
    shudder = next(p for p in stored if p.section == ("What is baby shudder syndrome?",))
    edited = make_article(shudder.text.replace("rare and harmless", "rare, harmless"), slug="new")
    ((_, found, share),) = find_resemblances(cut_article(edited), stored)
    assert found == shudder
    assert 0.8 < share < 1


def test_five_words_are_the_same_without_capitals_and_stops(make_article: MakeArticle) -> None:
    words = "Babies twitch, and that is Normal in all of their sleep."
    pair = [make_article(text, slug=slug) for slug, text in (("one", words), ("two", words.upper()))]
    one, two = map(cut_article, pair)
    assert list(find_resemblances(one, two)) == [(*one, *two, 1.0)]
    (passage,) = cut_article(make_article("Babies twitch, and this is Normal in all of their sleep."))
    assert [share for *_, share in find_resemblances([passage], two)] == []
    (passage,) = cut_article(make_article("Babies twitch and that is normal, in all of their sleep: yes."))
    assert [share for *_, share in find_resemblances([passage], two)] == [1.0]


def test_articles_on_the_same_subject_are_no_duplicates(passages: Mapping[str, tuple[Passage, ...]]) -> None:
    spasm = passages["baby-leg-spasm"]
    others = [p for slug, cut in passages.items() if slug != "baby-leg-spasm" for p in cut]
    assert list(find_resemblances(spasm, others)) == []


def test_short_passages_are_not_compared(make_article: MakeArticle) -> None:
    article = make_article("It is normal for babies.")
    assert list(find_resemblances(cut_article(article), cut_article(article))) == []
