"""Forms that articles to come may have: each example is told by the kind of its blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.corpus.structure import find_blocks, find_sections
from app.records import Article

MakeArticle = Callable[..., Article]


@pytest.fixture(scope="session")
def read(make_article: MakeArticle) -> Callable[..., list[tuple[str, str]]]:
    """Kind and words of every block of a text."""

    def _read(text: str, exclude: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        article = make_article(text, exclude=exclude)
        return [(block.kind.value, text[block.start : block.end]) for block in find_blocks(article)]

    return _read


Read = Callable[..., list[tuple[str, str]]]


def paths(article: Article) -> list[tuple[str, ...]]:
    return [path for path, _ in find_sections(article.text, find_blocks(article))]


def test_the_first_line_is_the_title_when_the_metadata_says_so(read: Read) -> None:
    assert read("ON  TWITCHING\n\nIt passes.\n") == [("title", "ON  TWITCHING"), ("paragraph", "It passes.")]


def test_an_article_of_one_paragraph_is_one_paragraph(read: Read) -> None:
    assert read("Babies twitch in their sleep.") == [("paragraph", "Babies twitch in their sleep.")]


def test_a_single_paragraph_broken_by_an_editor_is_one_paragraph(read: Read) -> None:
    text = (
        "Babies often twitch in their sleep, and most\nparents worry about it. The movements are\nharmless."
    )
    assert read(text) == [("paragraph", text)]


def test_a_line_broken_before_a_name_goes_on(read: Read) -> None:
    text = "Many babies startle, which is known as the\nMoro reflex. It fades."
    assert read(text) == [("paragraph", text)]


def test_broken_paragraphs_under_headings_keep_their_headings(read: Read) -> None:
    assert read(
        "Signs of fits\nBabies with fits often go stiff, and\ntheir eyes roll.\n\n"
        "What to do\n\nStay calm and lay the baby down on the\nside. Then call for help as soon as "
        "you\nMay.\n"
    ) == [
        ("heading", "Signs of fits"),
        ("paragraph", "Babies with fits often go stiff, and\ntheir eyes roll."),
        ("heading", "What to do"),
        (
            "paragraph",
            "Stay calm and lay the baby down on the\nside. Then call for help as soon as you\nMay.",
        ),
    ]


def test_a_broken_list_item_is_one_item(read: Read) -> None:
    assert read("Watch for:\n\n• a fever that lasts for\n  more than a day\n• Vomiting\n") == [
        ("paragraph", "Watch for:"),
        ("item", "• a fever that lasts for\n  more than a day"),
        ("item", "• Vomiting"),
    ]


@pytest.mark.parametrize(
    "bullet", ["•", "-", "*", "–", "◦", "●", "■", "▪", "➤", "✓", "o", "1.", "1)", "(1)", "a)"]
)
def test_bullets_and_numbers_of_every_kind_make_items(read: Read, bullet: str) -> None:
    second = bullet.replace("1", "2").replace("a", "b")
    assert read(f"Call a doctor about:\n\n{bullet} Fever\n{second} Fits\n\nAll else can wait.\n") == [
        ("paragraph", "Call a doctor about:"),
        ("item", f"{bullet} Fever"),
        ("item", f"{second} Fits"),
        ("paragraph", "All else can wait."),
    ]


def test_numbered_steps_with_final_stops_are_items(read: Read) -> None:
    assert read("Do this:\n\n1. Lay the baby down.\n\n2. Call for help.\n") == [
        ("paragraph", "Do this:"),
        ("item", "1. Lay the baby down."),
        ("item", "2. Call for help."),
    ]


def test_numbered_headings_over_text_stay_headings(read: Read) -> None:
    kinds = [kind for kind, _ in read("Causes\n\n1. Sleep\n\nIt is normal.\n\n2. Hunger\n\nFeed the baby.\n")]
    assert kinds == ["heading", "heading", "paragraph", "heading", "paragraph"]


def test_a_dash_or_star_without_a_space_is_no_bullet(read: Read) -> None:
    assert read("Intro.\n\n-5 degrees are too cold for a walk.\n") == [
        ("paragraph", "Intro."),
        ("paragraph", "-5 degrees are too cold for a walk."),
    ]


def test_a_list_without_bullets_under_a_lead_in_is_no_row_of_headings(read: Read) -> None:
    assert read("Signs include:\n\nFever\n\nVomiting\n\nCrying\n\nWhen to call\n\nCall at once.\n") == [
        ("paragraph", "Signs include:"),
        ("item", "Fever"),
        ("item", "Vomiting"),
        ("item", "Crying"),
        ("heading", "When to call"),
        ("paragraph", "Call at once."),
    ]


def test_a_list_without_bullets_in_one_block_is_items(read: Read) -> None:
    assert read("Signs of illness\n\nSigns include:\nFever\nVomiting\n\nThey need a doctor.\n") == [
        ("heading", "Signs of illness"),
        ("paragraph", "Signs include:"),
        ("item", "Fever"),
        ("item", "Vomiting"),
        ("paragraph", "They need a doctor."),
    ]


def test_takeaways_without_final_stops_are_items_of_their_heading(read: Read) -> None:
    assert read("Key takeaways\n\nTwitching is common\n\nFits are rare\n\nConclusion\n\nIt passes.\n") == [
        ("heading", "Key takeaways"),
        ("item", "Twitching is common"),
        ("item", "Fits are rare"),
        ("heading", "Conclusion"),
        ("paragraph", "It passes."),
    ]


def test_a_heading_over_a_question_stays_a_heading(make_article: MakeArticle) -> None:
    article = make_article("FAQ\n\nIs it normal?\n\nYes, it is.\n\nDoes it hurt?\n\nNo.\n")
    assert paths(article) == [("FAQ", "Is it normal?"), ("FAQ", "Does it hurt?")]


def test_a_label_over_a_paragraph_is_a_heading(make_article: MakeArticle) -> None:
    assert paths(make_article("Intro.\n\nTreatment:\n\nRest helps.\n")) == [(), ("Treatment:",)]


def test_a_label_over_a_list_leads_into_it(read: Read) -> None:
    assert read("Intro.\n\nSymptoms:\n\n• Fever\n")[1] == ("paragraph", "Symptoms:")


def test_headings_in_capitals_are_headings(make_article: MakeArticle) -> None:
    article = make_article(
        "SIGNS OF SEIZURES\nBabies may stiffen.\nThey may cry.\n\nCAUSES: AN OVERVIEW\n\nThere are many.\n"
    )
    assert paths(article) == [("SIGNS OF SEIZURES",), ("CAUSES: AN OVERVIEW",)]


def test_a_heading_may_hold_a_colon(make_article: MakeArticle) -> None:
    assert paths(make_article("Sleep myoclonus: what it is\n\nA twitch.\n")) == [
        ("Sleep myoclonus: what it is",)
    ]


def test_marked_headings_give_the_outline_and_nothing_else_is_a_heading(
    make_article: MakeArticle, read: Read
) -> None:
    text = "# On twitching\n\n## Causes.\n\nA short line\n\n### Sleep\n\nIt passes.\n\n## Help\n\nCall us.\n"
    assert read(text) == [
        ("title", "On twitching"),
        ("heading", "Causes."),
        ("paragraph", "A short line"),
        ("heading", "Sleep"),
        ("paragraph", "It passes."),
        ("heading", "Help"),
        ("paragraph", "Call us."),
    ]
    assert paths(make_article(text)) == [("Causes.",), ("Causes.", "Sleep"), ("Help",)]


def test_a_single_number_sign_does_not_turn_other_headings_into_text(read: Read) -> None:
    kinds = [kind for kind, _ in read("Feeding\n\n# of feeds a day: eight.\n\nSleep\n\nIt passes.\n")]
    assert kinds == ["heading", "heading", "heading", "paragraph"]


def test_a_table_with_bars_has_a_header_and_rows(read: Read) -> None:
    assert read("The signs:\n| sign | normal |\n|---|---|\n| fever | no |\nCall us.\n\nIt passes.\n") == [
        ("paragraph", "The signs:"),
        ("table header", "| sign | normal |"),
        ("rule", "|---|---|"),
        ("table row", "| fever | no |"),
        ("paragraph", "Call us."),
        ("paragraph", "It passes."),
    ]


def test_a_table_with_tabs_has_a_header_and_rows(read: Read) -> None:
    assert read("Sign\tNormal\nfever\tno\n\nIt passes.\n")[:2] == [
        ("table header", "Sign\tNormal"),
        ("table row", "fever\tno"),
    ]


def test_a_bar_in_a_single_line_makes_no_table(read: Read) -> None:
    assert read("Twitching | What it means\n\nIt passes.\n")[0] == ("heading", "Twitching | What it means")


def test_a_heading_over_sentences_is_no_table(read: Read) -> None:
    assert read("Common Signs of Fits\nBabies stiffen.\nBabies cry.\n\nIt passes.\n")[0] == (
        "heading",
        "Common Signs of Fits",
    )


def test_rules_are_no_content(read: Read) -> None:
    kinds = [kind for kind, _ in read("Sleep\n=====\n\nIt passes.\n\n* * *\n\n---\n\nIt does.\n")]
    assert kinds == ["heading", "rule", "paragraph", "rule", "rule", "paragraph"]


def test_a_wrapped_biography_is_excluded_whole(read: Read) -> None:
    text = "It passes.\n\nJo Smith is a writer who\nlives in York with\ntwo children.\n"
    assert [kind for kind, _ in read(text, exclude=("Jo Smith is",))] == ["paragraph", "excluded"]


def test_an_unnumbered_heading_after_numbered_ones_is_not_one_of_them(make_article: MakeArticle) -> None:
    article = make_article("Causes of it\n\n1. Sleep\n\nIt is normal.\n\nWhen to worry\n\nRarely.\n")
    assert paths(article) == [("Causes of it", "1. Sleep"), ("When to worry",)]
