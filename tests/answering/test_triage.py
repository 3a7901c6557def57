"""How urgent a text is, and in which language, without an index."""

from __future__ import annotations

import time
import tomllib

import pytest

from app.answering.language import LANGUAGES, recognise, tells_sign
from app.answering.triage import LONGEST, Triage, load_rules, triage
from app.notices import EMERGENCY_SIGNS, translations

READING = "we went for a walk in the park today. "
HARMLESS = {
    "es": "a que edad se sienta solo mi bebe",
    "fr": "quand est-ce que mon bébé fait ses nuits",
    "de": "ab wann darf mein kind honig essen",
    "it": "quando posso dare le uova al mio bambino",
    "pt": "quando posso dar ovo para o meu bebe",
    "ro": "de cand pot da ou la bebelus",
    "pl": "od kiedy mozna dawac dziecku miod",
    "tr": "bebegim ne zaman bal yiyebilir",
    "vi": "khi nào bé ăn được trứng",
    "tl": "kailan puwedeng kumain ng itlog ang anak ko",
    "so": "goorma ayaa ilmahaygu cuni karaa ukun",
    "ru": "когда ребенку можно мед",
    "uk": "коли дитині можна мед",
    "zh": "宝宝几个月可以吃鸡蛋",
    "ar": "متى يأكل طفلي البيض",
    "fa": "از کی می‌توانم به بچه‌ام تخم مرغ بدهم",
    "ur": "میں اپنے بچے کو انڈا کب دے سکتی ہوں",
    "hi": "मैं अपने बच्चे को अंडा कब दे सकती हूँ",
    "pa": "ਮੈਂ ਆਪਣੇ ਬੱਚੇ ਨੂੰ ਆਂਡਾ ਕਦੋਂ ਦੇ ਸਕਦੀ ਹਾਂ",
    "bn": "আমার বাচ্চাকে কখন ডিম দিতে পারি",
}


@pytest.mark.parametrize("code", translations())
def test_own_words_of_the_card_are_recognised_and_each_sign_is_noticed(code: str) -> None:
    words = translations()[code]
    assert [sign for sign in words.signs if triage(sign) != Triage("now", code)] == []


@pytest.mark.parametrize(("code", "question"), HARMLESS.items())
def test_harmless_question_of_another_language_is_recognised_without_an_alarm(
    code: str, question: str
) -> None:
    assert triage(question) == Triage("none", code)


def test_every_translated_language_has_words_for_each_sign() -> None:
    stored = tomllib.loads(LANGUAGES.read_text("utf-8"))
    assert stored.keys() - {"en"} == translations().keys()
    assert {len(stored[code]["signs"]) for code in translations()} == {len(EMERGENCY_SIGNS)}


@pytest.mark.parametrize(
    "question",
    [
        "babby jurks hes legz wen sleepin",
        "febril convulsoins do they recure",
        "moro",
        "calpol n nurofen togeter",
        "no pulse i can feel",
        "cafe au lait spots on her tummy",
        "CMPA",
        "is spanish easier than french for a bilingual toddler",
        "12345 ??",
        "",
    ],
)
def test_english_is_not_taken_for_another_language(question: str) -> None:
    assert triage(question).language is None


def test_language_without_a_translation_is_not_named() -> None:
    assert triage("赤ちゃんの足がピクピクするのはなぜですか").language is None
    assert recognise("mijn baby trilt met zijn beentjes in zijn slaap", load_rules().knows) is None


def test_sign_of_one_language_is_not_looked_for_in_another() -> None:
    assert tells_sign("mein baby atmet nicht", "de")
    assert not tells_sign("mein baby atmet nicht", "fr")


@pytest.mark.parametrize(
    ("code", "question"),
    [("es", "mi bebe no respira"), ("pt", "meu bebe nao respira"), ("it", "il bimbo non respira")],
)
def test_sign_in_few_words_without_accents_tells_its_language(code: str, question: str) -> None:
    assert triage(question) == Triage("now", code)


def test_emergency_far_beyond_the_greatest_length_is_noticed() -> None:
    assert triage(READING * 400 + "now he is not breathing").urgency == "now"
    assert triage(READING * 400).urgency == "none"


def test_what_stands_beyond_the_bound_on_work_is_not_read() -> None:
    assert triage(READING * (LONGEST // len(READING) + 1) + "he is not breathing").urgency == "none"


@pytest.mark.parametrize(
    "unit", ["he is not breathing blue fit now ", "x", "if he ", "нет ", "not ", "\u0628 "]
)
def test_longest_text_takes_bounded_time(unit: str) -> None:
    triage(unit * 10)
    began = time.process_time()
    triage(unit * LONGEST)
    assert time.process_time() - began < 1.0
