"""Which questions describe an emergency: rules and vote, as they decide when nothing else is loaded."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.answering.triage import triage
from app.answering.urgency import RULES, UrgencyRules
from app.evaluation.questions import Question, read_questions
from app.notices import EMERGENCY_SIGNS, URGENT_LINE
from app.records import Urgency

QUESTIONS = Path(__file__).resolve().parents[1] / "questions"


def explain(question: str) -> list[str]:
    """The names of the rules that fire."""
    rules = UrgencyRules.load()
    return [rule.name for rule in rules.fire(rules.read(question))]


def judge(question: str) -> Urgency:
    """As every reply has it."""
    return triage(question).urgency


CHILDREN = ("he", "she", "my son", "my daughter", "lo", "dd", "ds", "our twin", "the newborn", "my grandson")
EMERGENCIES = (
    "{} is not breathing",
    "{} stopped breathing for 20 seconds",
    "{} is gasping for air and twitching",
    "{} has blue lips",
    "{} has gone grey and limp",
    "i can't wake {} up",
    "{} wont wake up",
    "{} is unconscious",
    "{} isn't responding to me",
    "{} is floppy after the jerking",
    "{} is having a seizure",
    "{} has been fitting for six minutes",
    "{} just had a first fit",
    "{} is convulsing with a temperature of 39.5",
    "{} has had three fits today",
    "{} keeps folding forward with arms out over and over since waking, still doing it",
    "{} fell off the bed onto the head and is now twitching",
    "my partner shook {} hard",
    "{} swallowed a button battery",
    "{} ate grandma's pills and is trembling",
    "{} is choking on a grape",
    "{} has a stiff neck, a fever and spots that do not fade under a glass",
    "{} is 3 weeks old and has a fever of 38.4",
    "{} went under in the bath and is coughing and drowsy",
    "{} got an electric shock from the socket",
    "{} was stung by a bee and the throat is swelling",
)

PAIRS = (
    ("he is having a seizure", "what does a seizure look like"),
    ("she has a fever and is twitching", "no fever, she is just twitching"),
    ("he is floppy", "he is not floppy"),
    ("he isn't breathing", "he has no trouble breathing"),
    ("his lips are blue", "his pyjamas are blue"),
    ("my baby turned blue", "what if my baby turned blue"),
    ("she had a fit this morning", "she had a fit last year"),
    ("he had his first fit an hour ago", "he had his first fit two years ago"),
    ("he lost consciousness", "do babies lose consciousness in a shuddering attack"),
    ("she is choking", "his sister choked up with tears"),
    ("she swallowed a battery", "how do I keep batteries away from toddlers"),
    ("he is fitting", "he barely fits into his cot"),
    ("our baby has fits one after another", "she has fits of giggles"),
    ("she does not respond to my voice", "she does not respond to sleep training"),
    ("I can't wake her", "I don't want to wake her"),
    ("he fell on his head and is jerking", "he fell asleep and is jerking"),
    ("is he having a seizure right now", "how is a seizure told from a jerk"),
    ("if only it stopped, she is convulsing", "if she ever convulses, what is it"),
)

LEVELS = (
    ("does little crunches like a sit up over and over in the morning, 5 months old", "today"),
    ("little head nods in a row every morning, 7 months", "today"),
    ("she had lots of words and now says none of them", "today"),
    ("7 weeks old, temperature 38.4, smiling", "today"),
    ("7 weeks old, temperature 38.4, limp", "now"),
    ("his arm jerks on its own while he is awake and playing", "today"),
    ("spilled hot tea on baby chest skin is peeling off", "now"),
    ("touched the iron, small blister on one finger", "today"),
    ("white patches in baby mouth", "none"),
    ("2 year old not talking yet", "none"),
    ("jaundice sunlight window", "none"),
    ("18 hours old and looks yellow", "today"),
    ("is baby led weaning more choking?", "none"),
    ("he is choking on a grape", "now"),
    ("spots that do not fade under a glass", "now"),
    ("crying without tears and one wet nappy since yesterday", "today"),
    ("the nappy rash is still there", "none"),
    ("blue lips after blueberries wipe off, beetroot too", "none"),
    ("i shook him and now hes twitching", "now"),
    ("we rolled off the bed, 5 months old, egg on his head, smiling", "today"),
    ("i am going to hurt my baby if he does not stop", "now"),
    ("green vomit again and again, 5 days old", "now"),
    ("goes blank mid sentence several times a day", "today"),
)
"""Kinds of the published guidance that the rules name, and what only sounds like one."""

MISSPELT = (
    "babys lips turning purpel",
    "he isnt breething",
    "she is haveing a siezure",
    "hes convulsin and fomaing at the mouth",
    "my baby is unconcious",
    "he is unresponsve",
    "swolowed a batery",
    "shes choaking",
    "tempreture 40 and twiching",
    "HEEELP SHE IS CONVULSINGGG",
    "my son isn’t breathing",
)


def read(name: str, *, urgent: bool) -> list[Question]:
    """The questions of a file that need help now or today, or those that need neither."""
    return [one for one in read_questions(QUESTIONS / name) if (one.kind in ("urgent", "today")) == urgent]


def count_alarms(questions: list[Question]) -> int:
    return sum((judge(one.question) != "none") for one in questions)


@pytest.mark.parametrize("name", ["dev.jsonl", "urgent_practice.jsonl"])
def test_every_urgent_development_question_is_noticed(name: str) -> None:
    missed = [one.id for one in read(name, urgent=True) if judge(one.question) == "none"]
    assert missed == []


@pytest.mark.parametrize("name", ["dev.jsonl", "urgent_practice.jsonl"])
def test_at_most_one_in_thirty_other_development_questions_raises_an_alarm(name: str) -> None:
    others = read(name, urgent=False)
    assert count_alarms(others) <= len(others) / 30


def test_held_out_questions_are_noticed_with_few_false_alarms() -> None:
    urgent, others = (read("urgent_heldout.jsonl", urgent=kind) for kind in (True, False))
    assert (len(urgent), len(others)) == (75, 75)
    assert count_alarms(urgent) >= 69
    assert count_alarms(others) <= 3


@pytest.mark.parametrize("emergency", EMERGENCIES)
def test_emergency_is_noticed_whoever_the_child_is(emergency: str) -> None:
    assert [child for child in CHILDREN if judge(emergency.format(child)) == "none"] == []


def test_emergencies_are_noticed_however_they_are_typed() -> None:
    questions = [emergency.format("my baby") for emergency in EMERGENCIES]
    forms = [
        form
        for question in questions
        for form in (
            question.upper(),
            question.replace("'", "").replace(",", ""),
            f"hi, {question}, what do I do???",
            f"sorry to bother you. {question}. thanks",
            f"  {question}!!!  ",
        )
    ]
    assert len([form for form in forms if judge(form) == "none"]) <= 0.02 * len(forms)


def test_reports_are_told_from_what_only_sounds_like_them() -> None:
    assert [urgent for urgent, _ in PAIRS if judge(urgent) == "none"] == []
    # Words, not grammar: of "fell asleep and is jerking" it reads what it has learnt of falls; nearly all
    # that was written of floppy children and of waking them is an emergency.
    assert len([harmless for _, harmless in PAIRS if judge(harmless) != "none"]) <= 3


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("he is not breathing", True),
        ("not breathing lips blue", True),
        ("my baby isn't breathing, please help", True),
        ("her lips are blue", True),
        ("he is choking on a grape", True),
        ("sorry to bother you. my baby got an electric shock from the socket. thanks", True),
        ("she is having a seizure", True),
        ("what if he is not breathing", False),
        ("is she having a seizure or only dreaming", False),
        ("he is not breathing through his nose", False),
        ("no fever no rash breathing fine just a runny nose", False),
        ("her lips are not blue", False),
    ],
)
def test_sign_in_its_plainest_words_is_the_rules_own_whatever_was_learnt(question: str, told: bool) -> None:
    rules = UrgencyRules.load()
    assert (rules.judge(rules.read(question)) == "now") == told


@pytest.mark.parametrize("question", MISSPELT)
def test_misspelt_emergency_is_noticed(question: str) -> None:
    assert judge(question) != "none"


def test_one_typing_error_hides_few_emergencies() -> None:
    chance = random.Random(0)  # noqa: S311 - the same errors in every run
    questions = [one.question for one in read("urgent_practice.jsonl", urgent=True)] * 4
    noticed = sum((judge(make_error(question, chance)) != "none") for question in questions)
    assert noticed >= 0.9 * len(questions)


def share(name: str, kind: str, *levels: str) -> float:
    """Of a file's questions of a kind, in English, how many the rules give one of these levels."""
    asked = [one for one in read_questions(QUESTIONS / name) if one.kind == kind and one.language == "en"]
    return sum(judge(one.question) in levels for one in asked) / len(asked)


def test_levels_of_the_practice_questions_are_told_apart() -> None:
    # By words alone; with the encoder, which an index has, .98.
    assert share("level_practice.jsonl", "urgent", "now") >= 0.93
    assert share("level_practice.jsonl", "urgent", "none") == 0
    assert share("level_practice.jsonl", "today", "now", "today") >= 0.95
    assert share("level_practice.jsonl", "harmless", "now") <= 0.01
    assert share("level_practice.jsonl", "harmless", "today") <= 0.03


@pytest.mark.parametrize(("question", "level"), LEVELS)
def test_level_follows_the_published_guidance(question: str, level: str) -> None:
    assert judge(question) == level


def test_report_far_behind_sixty_words_is_read() -> None:
    assert judge("we went to the park and had a nice time. " * 9 + "now he is not breathing") == "now"


def test_needs_that_stand_further_apart_than_within_are_not_one_report() -> None:
    assert "fit of five minutes" not in explain("a fit today " + "and " * 30 + "an hour of play")
    assert "fit of five minutes" in explain("a fit that went on for an hour")


def told(question: str, name: str) -> bool:
    """Whether a concept is said of a child and of now."""
    rules = UrgencyRules.load()
    return f"<{name}> +" in rules.tell(rules.read(question))


def test_gap_does_not_leap_over_a_denial() -> None:
    assert told("her lips went rather blue", "blue_child")
    assert not told("her lips are not blue", "blue_child")
    assert judge("her lips are not blue") == "none"


def test_what_is_imagined_is_not_said_of_a_child() -> None:
    assert told("she has a fit", "fit")
    assert not told("imagine she has a fit", "fit")


def test_panic_makes_what_is_supposed_count() -> None:
    assert not told("what does it mean if she has a fit", "fit")
    assert told("what does it mean if she has a fit, as we speak", "fit")


def test_or_carries_a_denial_over_to_the_next_thing() -> None:
    assert not told("he is playing, no fever or blue lips", "blue_child")
    assert told("he is playing, a fever, blue lips", "blue_child")


def test_or_carries_a_denial_over_a_thing_of_three_words_and_no_more() -> None:
    assert not told("no sudden spiking fever or blue lips", "blue_child")
    assert told("no awful sudden spiking fever or blue lips", "blue_child")


@pytest.mark.parametrize(
    ("words", "quantity", "meant"),
    [
        ("a fit of 4 minutes", "long", False),
        ("a fit of 5 minutes", "long", True),
        ("a fit of 1 hour", "long", True),
        ("a fit of 5", "long", False),
        ("12 weeks old", "young", True),
        ("13 weeks old", "young", False),
        ("it says 38", "celsius", True),
        ("it says 37.9", "celsius", False),
    ],
)
def test_quantity_is_a_figure_between_two_bounds_in_its_unit(words: str, quantity: str, meant: bool) -> None:
    assert (f"<{quantity}>" in UrgencyRules.load().read(words).at) is meant


def test_what_began_last_week_may_need_a_doctor_today_but_is_no_emergency_now() -> None:
    assert judge("she had a fit last week") == "none"
    assert judge("his eye began to turn in last week and now eye turns in all day") == "today"
    assert judge("last year his eye turned in") == "none"


def make_error(question: str, chance: random.Random) -> str:
    """Swap, drop, double or replace a letter inside one of the longer words."""
    words = question.split()
    places = [i for i, word in enumerate(words) if word.isalpha() and len(word) >= 5]
    if not places:
        return question
    i = chance.choice(places)
    word, k = words[i], chance.randrange(1, len(words[i]) - 1)
    start, letter, following, end = word[:k], word[k], word[k + 1], word[k + 2 :]
    forms = (following + letter, following, 2 * letter + following, chance.choice("aeiounrst") + following)
    words[i] = start + chance.choice(forms) + end
    return " ".join(words)


@pytest.mark.parametrize("question", ["", " ", "?", "the", "…", "\x00", "፩ ² ①", "1,5", "999999999999"])
def test_question_without_meaning_is_no_emergency(question: str) -> None:
    assert judge(question) == "none"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_and_says_the_same_twice(question: str) -> None:
    assert judge(question) == judge(question)
    rules = UrgencyRules.load()
    assert (rules.judge(rules.read(question)) != "none") == bool(explain(question))


def test_longest_question_of_one_word_or_of_danger_words_takes_no_noticeable_time() -> None:
    began = time.process_time()
    for question in ("convulsign" * 50, "he is not breathing blue fit now " * 15, "a " * 250, "if he " * 80):
        judge(question)
    assert time.process_time() - began < 1.0


def test_every_sign_of_the_card_has_a_rule_and_every_rule_a_sign_and_a_reason() -> None:
    card = [*EMERGENCY_SIGNS, URGENT_LINE]
    rules = UrgencyRules.load().rules
    signs = {rule.sign for rule in rules} - {"beyond the card"}
    assert [line for line in card if not any(sign in line for sign in signs)] == []
    assert [sign for sign in signs if not any(sign in line for line in card)] == []
    assert [rule.name for rule in rules if not rule.reason.endswith(".")] == []
    names = [rule.name for rule in rules]
    assert len(names) == len(set(names))


def test_explanation_names_the_rules() -> None:
    assert "limp in the first months" in explain("my baby is limp, 5 weeks old")
    assert explain("my baby kicks") == []


SMALL = """
quantities = []
spelling = { danger = "", keep = "", fixed = {} }
[concepts]
other_sense = { patterns = "blue moon" }
filler = { patterns = "a" }
negator = { patterns = "not" }
lead = { patterns = "and" }
limp = { patterns = "limp / floppy .. arms" }
cold = { patterns = "cold feet" }
fever = { patterns = "fever" }
order = { patterns = "^ call" }
[[rules]]
name = "order"
needs = ["order"]
sign = "order"
reason = "R."
[[rules]]
name = "limp"
needs = ["limp"]
sign = "limp"
reason = "R."
[[rules]]
name = "cold"
needs = ["cold", "fever"]
within = 2
sign = "cold"
reason = "R."
"""


def test_rules_without_a_pattern_of_concepts_alone_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "urgency.toml"
    path.write_text(SMALL, encoding="utf-8")
    rules = UrgencyRules.load(path)
    told = (
        "floppy in her arms",
        "limp",
        "not very limp",
        "fever and then cold feet",
        "cold feet and then fever",
    )
    told += ("call", "and call", "fine now. and call")
    untold = ("not limp", "not a limp", "fever and then also cold feet", "cold feet and then also fever")
    untold += ("they call", "fine now. they call")
    assert [said for said in told if rules.judge(rules.read(said)) != "now"] == []
    assert [said for said in untold if rules.judge(rules.read(said)) != "none"] == []


def test_rules_that_name_an_unknown_concept_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "urgency.toml"
    text = RULES.read_text(encoding="utf-8")
    path.write_text(text.replace('needs = ["limp"]', 'needs = ["lymp"]'), encoding="utf-8")
    with pytest.raises(ValueError, match="first months names what is not defined before it: <lymp>"):
        UrgencyRules.load(path)
    later = tmp_path / "later.toml"
    later.write_text(SMALL.replace('"limp / floppy', '"<cold> / floppy'), encoding="utf-8")
    with pytest.raises(ValueError, match="<limp> names what is not defined before it: <cold>"):
        UrgencyRules.load(later)
