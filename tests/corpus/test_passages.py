"""Every awkward form in the five articles, by its literal passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from app.corpus.passages import CHUNKER, MAX_WORDS, cut_article
from app.errors import CorpusError
from app.records import Article, Passage, name_passage

Passages = Mapping[str, tuple[Passage, ...]]
MakeArticle = Callable[..., Article]

SPASM = "baby-leg-spasm"
SLEEPING = "baby-leg-twitching-while-sleeping"
RESTLESS = "baby-restless-legs"
LEG = "twitching-in-the-leg"
BIOGRAPHY = (
    "Emily Mcmelon is a highly skilled and accomplished writer specializing in the field of pediatrics. "
    "With a deep "
    "passion for children’s health, she has dedicated her career to creating informative and engaging "
    "content that "
    "helps parents and caregivers navigate the complex world of pediatric care."
)
CHILD = "why-does-my-child-twitch-while-sleeping"


def under(passages: tuple[Passage, ...], *path: str) -> list[str]:
    """The texts under a heading path."""
    return [passage.text for passage in passages if passage.section == path]


def test_each_article_has_the_passages_that_were_reviewed(passages: Passages) -> None:
    # Another number here means that CHUNKER must change too: every stored generation is made anew.
    assert {slug: len(cut) for slug, cut in passages.items()} == {
        SPASM: 26,
        SLEEPING: 24,
        RESTLESS: 28,
        LEG: 5,
        CHILD: 6,
    }
    assert CHUNKER == "structure-3"


def test_every_passage_is_a_span_of_its_article(articles: Mapping[str, Article], passages: Passages) -> None:
    for slug, cut in passages.items():
        assert [articles[slug].text[p.start : p.end] for p in cut] == [p.text for p in cut]


def test_no_passage_of_the_articles_is_longer_than_allowed(passages: Passages) -> None:
    lengths = [len(passage.text.split()) for cut in passages.values() for passage in cut]
    assert max(lengths) == 164
    assert max(lengths) <= MAX_WORDS


def test_an_article_without_a_blank_line_is_read_a_block_a_line(
    articles: Mapping[str, Article], passages: Passages
) -> None:
    assert "\n\n" not in articles[SLEEPING].text
    assert [passage.section for passage in passages[SLEEPING][:4]] == [
        ("Normal Developmental Movements",),
        ("Immature Nervous System",),
        ("Sensory Stimulation",),
        ("Is It Normal for a Baby’s Legs to Twitch During Sleep?",),
    ]
    assert passages[SLEEPING][1].text == (
        "Babies have an immature nervous system, which means that their muscles may not always receive clear "
        "signals from their brain during sleep. As a result, they may experience random muscle twitches "
        "or jerks, "
        "including in their legs. This immaturity typically resolves as the baby grows and their nervous "
        "system "
        "develops further."
    )


def test_blank_lines_separate_blocks(passages: Passages) -> None:
    assert under(passages[LEG], "Febrile convulsion")[0].count("\n\n") == 2


def test_headings_indented_by_six_spaces_are_headings(
    articles: Mapping[str, Article], passages: Passages
) -> None:
    heading = "The Connection Between Baby Leg Spasm and Developmental Milestones"
    assert f"\n      {heading}\n" in articles[SPASM].text
    assert under(passages[SPASM], heading) == [
        "Babies reach physical milestones like rolling over, crawling, standing up gradually as their "
        "neuromuscular coordination improves. During these phases:\n\n"
        "      • The nervous system sends stronger yet sometimes erratic signals causing brief "
        "twitches/spasms.\n"
        "      • The growing strength demands more from underdeveloped muscles leading to occasional "
        "fatigue-related cramps.\n"
        "      • Sensory feedback loops mature slowly causing some misfiring in motor control pathways "
        "manifesting as sporadic jerks/spasms.\n\n"
        "    These occurrences usually diminish as babies gain better voluntary control over their limbs "
        "with age "
        "around six months onward."
    ]


def test_indented_lines_of_the_last_third_keep_their_sections(passages: Passages) -> None:
    assert [passage.section for passage in passages[SPASM][-5:]] == [
        ("Caring Tips During Baby Leg Spasm Episodes",),
        ("The Connection Between Baby Leg Spasm and Developmental Milestones",),
        ("Tackling Parental Concerns About Baby Leg Spasm",),
        ("The Science Behind Muscle Spasms in Infants Versus Adults",),
        ("Conclusion – Baby Leg Spasm: What You Should Know",),
    ]


def test_a_short_line_without_a_final_stop_is_a_heading(passages: Passages) -> None:
    assert under(passages[SPASM], "Common Causes of Baby Leg Spasm", "Cold Exposure") == [
        "Exposure to cold environments can cause muscles to contract involuntarily as a natural response to "
        "maintain body heat. If a baby’s legs get cold quickly due to insufficient clothing or temperature "
        "changes, spasms might occur."
    ]


def test_a_question_is_a_heading(passages: Passages) -> None:
    assert under(passages[SLEEPING], "What is baby shudder syndrome?") == [
        "Shuddering attacks (SA) are a rare and harmless condition that affects infants and young "
        "children. The "
        "movements during these attacks resemble shivering and straining, but do not cause any loss of "
        "consciousness or abnormal electrical activity in the brain. Typically, these attacks resolve or "
        "improve "
        "by the time the child reaches the age of 2 or 3."
    ]


def test_a_numbered_heading_stands_under_the_heading_before_it(passages: Passages) -> None:
    path = ("Common Causes of Baby Restless Legs", "1. Normal Developmental Reflexes")
    assert under(passages[RESTLESS], *path) == [
        "Newborns have primitive reflexes like the Moro reflex and stepping reflex that involve leg "
        "movements. "
        "These involuntary actions help strengthen muscles and neural pathways. Babies often kick their legs "
        "vigorously during sleep cycles or when waking up, which is usually harmless."
    ]


def test_a_numbered_paragraph_with_its_label_is_a_passage_of_its_own(passages: Passages) -> None:
    texts = under(passages[CHILD], "Causes of Twitching in Babies While Sleeping")
    assert [text.split(":")[0] for text in texts] == [
        "1. Incomplete Development of the Nervous System",
        "2. Lack of Security",
        "3. Sleep-related Epilepsy",
        "4. Calcium Deficiency",
    ]
    assert texts[2] == (
        "3. Sleep-related Epilepsy: Sleep-related epilepsy is a common type of epilepsy that often "
        "occurs during "
        "sleep. Patients may suddenly experience twitching and other symptoms during sleep. The symptoms "
        "can vary "
        "depending on the underlying cause."
    )


def test_a_lead_in_stays_with_its_bulleted_list(passages: Passages) -> None:
    path = ("Common Causes of Baby Restless Legs", "4. Nutritional Deficiencies")
    assert under(passages[RESTLESS], *path) == [
        "Certain deficiencies can lead to restless legs:\n\n"
        "    • Iron deficiency: Low iron levels are linked to restless leg syndrome (RLS) even in young "
        "children.\n"
        "    • Magnesium deficiency: Magnesium plays a role in muscle relaxation; its lack may cause "
        "twitching."
    ]


def test_a_lead_in_stays_with_its_dashed_list(passages: Passages) -> None:
    path = (
        "Signs and Symptoms to Look Out for If Your Baby’s Leg Twitching Worsens "
        "or Becomes More Frequent During Sleep"
    )
    assert under(passages[SLEEPING], path) == [
        "In most cases, occasional leg twitching in babies during sleep is harmless and resolves on its own. "
        "However, if you notice any of the following signs or symptoms alongside increased frequency or "
        "intensity "
        "of leg twitching, it is important to seek medical attention:\n"
        "- Fever\n- Excessive crying or irritability\n- Difficulty breathing\n- Changes in appetite\n"
        "- Loss of consciousness\n"
        "These symptoms could indicate an underlying medical condition that requires evaluation by a "
        "healthcare "
        "professional."
    ]


def test_an_item_that_is_empty_after_its_colon_stays_with_its_list(passages: Passages) -> None:
    (text,) = under(passages[SPASM], "Caring Tips During Baby Leg Spasm Episodes")
    assert text.startswith(
        "Handling an episode calmly helps both parent and child stay comfortable:\n\n    • Avoid panic:"
    )
    assert text.endswith(
        "    • Keeps notes on frequency/duration:\n\n"
        "      These simple steps reassure caregivers while ensuring safety during transient spastic events."
    )


def test_items_without_a_space_after_the_colon_are_items(passages: Passages) -> None:
    (passage,) = [
        p
        for p in passages[SPASM]
        if p.section[-1:] == ("The Science Behind Muscle Spasms in Infants Versus Adults",)
    ]
    sentences = [
        passage.text[start - passage.start : end - passage.start] for start, end in passage.sentences
    ]
    assert sentences[3] == (
        "• Evolving Reflexes:Babies exhibit primitive reflexes like the Moro reflex which involve sudden "
        "limb "
        "movements resembling spastic jerks but fade within months."
    )
    assert len(sentences) == 7


def test_the_table_of_minerals_keeps_its_header_row(passages: Passages) -> None:
    path = "Nutrient Comparison Table: Essential Minerals for Muscle Health in Babies"
    assert under(passages[SPASM], path) == [
        "Mineral Main Function in Muscle Health Common Sources for Infants\n"
        "Calcium Aids muscle contraction and nerve signaling. Breast milk/formula; fortified cereals "
        "after 6 months.\n"
        "Magnesium Relaxes muscles after contraction; prevents cramps. Dairy products; green leafy "
        "vegetables "
        "(pureed); breast milk/formula.\n"
        "Potassium Keeps electrical impulses balanced for muscle control. Bananans (mashed), avocados "
        "(pureed), "
        "breast milk/formula."
    ]


def test_the_table_of_nutrients_stands_whole_between_its_paragraphs(passages: Passages) -> None:
    (text,) = under(passages[RESTLESS], "Nutritional Influences on Baby Restless Legs—What It Could Mean")
    assert [line.split()[0] for line in text.split("\n\n")[1].split("\n")] == [
        "Nutrient",
        "Iron",
        "Magnesium",
        "Zinc",
    ]


def test_the_table_of_normal_and_concerning_signs_stays_with_lead_in_and_header(passages: Passages) -> None:
    (text,) = under(passages[RESTLESS], "Differentiating Normal Movement from Concerning Symptoms")
    assert text == (
        "Not all baby leg movements signal trouble; distinguishing normal from abnormal is key:\n\n"
        "Aspect Normal Movement Concerning Signs\n"
        "Frequency Intermittent kicking/fidgeting Constant jerking disrupting sleep\n"
        "Response Calms down with comfort measures Persists despite soothing\n"
        "Associated Symptoms None Crying inconsolably, feeding difficulties\n"
        "Time of Occurrence Mostly during active phases Predominantly at night\n"
        "Physical Appearance Smooth rhythmic motions Twitching spasms or stiffness\n\n"
        "Understanding these differences helps parents decide when medical advice is necessary versus "
        "when typical "
        "development is underway."
    )


def test_the_rows_of_a_long_table_remember_their_header(make_article: MakeArticle) -> None:
    rows = "\n".join(f"Mineral{n} | {'helps ' * 20}| milk" for n in range(30))
    article = make_article(f"Minerals\n\nMineral | Role | Source\n{rows}\n")
    first, *others = cut_article(article)
    assert first.text.startswith("Mineral | Role | Source\nMineral0 |")
    assert first.lead is None
    assert {article.text[slice(*p.lead)] for p in others if p.lead} == {"Mineral | Role | Source"}
    assert all(passage.lead for passage in others)


def test_the_items_of_a_long_list_remember_their_lead_in(make_article: MakeArticle) -> None:
    items = "\n".join(f"• {'word ' * 30}{n}" for n in range(20))
    article = make_article(f"Look out for the following signs:\n\n{items}\n")
    first, *others = cut_article(article)
    assert first.text.startswith("Look out for the following signs:\n\n• word")
    assert others
    assert {article.text[slice(*p.lead)] for p in others if p.lead} == {"Look out for the following signs:"}


def test_article_of_headings_alone_is_refused_by_name(make_article: MakeArticle) -> None:
    article = make_article("Heading\n")
    with pytest.raises(CorpusError, match=rf"^{article.slug}\.txt: there is no content besides headings"):
        cut_article(article)


def test_items_after_another_paragraph_do_not_remember_the_lead_in_before_it(
    make_article: MakeArticle,
) -> None:
    items = "\n".join(f"• {'word ' * 30}{n}" for n in range(10))
    article = make_article(f"Look out for these signs:\n\n{items}\n\nIt passes by itself.\n\n{items}\n")
    cut = cut_article(article)
    paragraph = article.text.index("It passes")
    assert any(passage.lead for passage in cut if passage.end < paragraph)
    assert [passage.lead for passage in cut if passage.start >= paragraph] != []
    assert not any(passage.lead for passage in cut if passage.start >= paragraph)


def test_a_frequently_asked_question_heads_its_answer(passages: Passages) -> None:
    asked = [p for p in passages[RESTLESS] if p.section[:1] == ("Frequently Asked Questions",)]
    assert [passage.section[1] for passage in asked] == [
        "What Does Baby Restless Legs Indicate About Their Development?",
        "Could Baby Restless Legs Be a Sign of Discomfort?",
        "How Are Sleep Cycles Related to Baby Restless Legs?",
        "Can Nutritional Deficiencies Cause Baby Restless Legs?",
        "When Should Parents Be Concerned About Baby Restless Legs?",
    ]
    assert asked[2].text == (
        "Leg movements during sleep are common in infants and correspond to transitions between light "
        "and deep "
        "sleep phases. These movements are part of normal brain maturation and sleep architecture, "
        "usually not a "
        "cause for concern."
    )


def test_an_authors_biography_is_not_indexed(articles: Mapping[str, Article], passages: Passages) -> None:
    assert "Emily Mcmelon is a highly skilled" in articles[SLEEPING].text
    assert not [p for p in passages[SLEEPING] if "Mcmelon" in p.text]


def test_the_line_of_update_date_and_source_is_not_indexed(
    articles: Mapping[str, Article], passages: Passages
) -> None:
    assert "Update Date: Source: Network" in articles[CHILD].text
    assert not [p for p in passages[CHILD] if "Source: Network" in p.text]


def test_an_excluded_line_in_mid_section_parts_two_passages(make_article: MakeArticle) -> None:
    article = make_article(
        "Sleep\n\nBabies twitch.\n\nAdvertisement: buy this\n\nIt passes.\n", exclude=("Advertisement",)
    )
    assert [(p.section, p.text) for p in cut_article(article)] == [
        (("Sleep",), "Babies twitch."),
        (("Sleep",), "It passes."),
    ]


def test_a_long_section_is_cut_between_sentences(passages: Passages) -> None:
    first, second = under(passages[LEG], "Diagnosis")
    assert first.endswith("First of all, the doctor takes an exact medical history.")
    assert second.startswith("This includes questions about how often the twitching occurs,")
    assert (len(first.split()), len(second.split())) == (117, 98)


def test_a_sentence_longer_than_a_passage_is_cut_between_words(make_article: MakeArticle) -> None:
    article = make_article(" ".join(f"word{n}" for n in range(450)) + ".")
    assert [len(passage.text.split()) for passage in cut_article(article)] == [200, 200, 50]


def test_an_overlong_list_item_is_cut_between_sentences(make_article: MakeArticle) -> None:
    article = make_article("\n".join(["• First.", "• " + "Babies twitch in their sleep now. " * 60]))
    assert all(passage.text.endswith(".") for passage in cut_article(article))


def test_the_id_of_a_passage_hangs_on_its_article_and_its_words_alone(passages: Passages) -> None:
    shudder = next(p for p in passages[SLEEPING] if p.section == ("What is baby shudder syndrome?",))
    assert shudder.id == name_passage(SLEEPING, shudder.text) == "efbdb06868b91c3a"
    assert name_passage(LEG, shudder.text) != shudder.id


def test_a_passage_keeps_its_id_when_another_part_of_the_article_changes(
    articles: Mapping[str, Article], make_article: MakeArticle
) -> None:
    text = articles[LEG].text
    before = {p.id for p in cut_article(make_article(text))}
    after = {p.id for p in cut_article(make_article(text.replace("About five percent", "Some 5 percent")))}
    assert len(before - after) == 1


def test_the_same_words_twice_in_an_article_have_two_ids(make_article: MakeArticle) -> None:
    article = make_article("Sleep\n\nIt passes.\n\nWaking\n\nIt passes.\n")
    one, two = cut_article(article)
    assert one.text == two.text
    assert [one.id, two.id] == [name_passage(article.slug, one.text, repeat) for repeat in (0, 1)]


def test_ids_are_unique_in_the_whole_corpus(passages: Passages) -> None:
    ids = Counter(passage.id for cut in passages.values() for passage in cut)
    assert len(ids) == 89
    assert max(ids.values()) == 1


def test_nothing_but_titles_headings_and_excluded_lines_is_outside_the_passages(
    articles: Mapping[str, Article], passages: Passages
) -> None:
    headings = {heading for cut in passages.values() for passage in cut for heading in passage.section}
    outside = {
        slug: [line for line in _lines_outside(articles[slug], cut) if line not in headings]
        for slug, cut in passages.items()
    }
    assert outside == {
        SPASM: ["Baby Leg Spasm | Clear Causes Explained"],
        SLEEPING: ["Common Causes of Baby Leg Twitching While Sleeping", BIOGRAPHY],
        RESTLESS: ["Baby Restless Legs—What It Could Mean | Clear Signs Explained"],
        LEG: ["Twitching in the leg | Baby twitching"],
        CHILD: ["Why Does My Child Twitch While Sleeping?", "Update Date: Source: Network"],
    }


def _lines_outside(article: Article, cut: tuple[Passage, ...]) -> list[str]:
    edges = [0, *(edge for passage in cut for edge in (passage.start, passage.end)), len(article.text)]
    gaps = (article.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return [line.strip() for gap in gaps for line in gap.split("\n") if line.strip()]
