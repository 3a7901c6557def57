"""What of a passage is in view at once; what is not stays in the page, whole."""

from __future__ import annotations

import html5lib
import pytest

from app.corpus.passages import cut_article
from app.records import Span
from app.web.extracts import Extract
from tests.web.answerer import make_article

CALM = "Babies move a great deal while they are asleep, and the arms and the legs take part in it."
START = " ".join([CALM] * 6)
CAVEAT = "See a doctor if the jerks come in a row."
ASIDE = "They begin when sleep is light."
MARKED = "Such jerks are harmless."
AFTER = "Yet a doctor should see a baby who stiffens."


def read(text: str, marked: str) -> tuple[str, str, str]:
    """Of the passage: all of it, what stands one tap away and what is in view, as a browser has them."""
    article = make_article("jerks", "Jerks", f"Jerks\n\nJerks in Sleep\n\n{text}\n")
    (passage,) = cut_article(article)
    low = passage.text.index(marked)
    highlight: Span = (low, low + len(marked))
    root = html5lib.parseFragment(
        Extract(article, passage, "", (highlight,)).words, namespaceHTMLElements=False
    )
    folded = "".join("".join(fold.itertext()) for fold in root.iter("details"))
    whole = "".join(root.itertext())
    assert whole == passage.text
    return whole, folded, whole.replace(folded, "", 1) if folded else whole


def test_marked_sentence_near_the_beginning_folds_nothing() -> None:
    assert read(f"{CALM} {MARKED} {AFTER}", MARKED)[1] == ""


def test_words_far_before_the_marked_sentence_are_folded_and_its_neighbours_are_not() -> None:
    _, folded, shown = read(f"{START} {ASIDE} {MARKED} {AFTER}", MARKED)
    assert folded.strip() == START
    assert shown == f"{ASIDE} {MARKED} {AFTER}"


@pytest.mark.parametrize("place", ["{0} {1} {2} {3}", "{1} {0} {2} {3}"])
def test_sentence_that_says_when_to_get_help_is_never_folded(place: str) -> None:
    assert read(place.format(START, CAVEAT, f"{ASIDE} {ASIDE}", MARKED), MARKED)[1] == ""


def test_list_keeps_its_lead_in_in_view() -> None:
    text = f"{START} {ASIDE}\n\nThe jerks:\n\n• {CALM}\n• come in sleep\n• {MARKED}"
    _, folded, shown = read(text, MARKED)
    assert folded.strip() == f"{START} {ASIDE}"
    assert shown.startswith("The jerks:")


def test_items_of_a_long_list_are_folded_but_for_the_one_before_the_marked() -> None:
    items = [f"• {CALM} {CALM}" for _ in range(3)]
    text = "\n".join(["The jerks:\n", *items, "• " + MARKED, "• " + AFTER])
    _, folded, shown = read(text, MARKED)
    assert folded == "\n".join([*items[:2], ""])
    assert shown == "The jerks:\n\n" + "\n".join([items[2], "• " + MARKED, "• " + AFTER])


def test_item_that_says_when_to_get_help_is_never_folded() -> None:
    items = [f"• {CALM} {CALM}", "• " + CAVEAT, f"• {CALM} {CALM}", f"• {CALM} {CALM}"]
    assert read("\n".join(["The jerks:\n", *items, "• " + MARKED]), MARKED)[1] == ""
