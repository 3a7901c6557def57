"""How urgent a text is, and in which language, without an index."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from app.answering.language import LANGUAGES, recognise, tells_sign
from app.answering.triage import LONGEST, Triage, triage
from app.answering.urgency import UrgencyRules
from app.evaluation.questions import read_questions
from app.notices import EMERGENCY_SIGNS, translations

QUESTIONS = Path(__file__).resolve().parents[1] / "questions"
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
    "nl": "wanneer mag mijn baby honing eten",
    "hu": "mikor adhatok mézet a babának",
    "sq": "kur mund t'i jap mjaltë foshnjës",
    "lt": "kada galima duoti kūdikiui medaus",
    "cs": "kdy můžu dát miminku med",
    "el": "πότε μπορώ να δώσω μέλι στο μωρό",
    "bg": "кога мога да дам мед на бебето",
    "sw": "mtoto anaweza kula asali lini",
    "ht": "kilè mwen ka bay tibebe a siwo myèl",
    "id": "kapan bayi boleh makan madu",
    "ko": "아기 꿀은 언제부터 먹을 수 있나요",
    "ja": "はちみつはいつから食べられますか",
    "yue": "bb幾時可以食蜜糖呀",
    "th": "ลูกกินน้ำผึ้งได้เมื่อไหร่",
    "he": "מתי מותר לתת דבש לתינוק",
    "ta": "குழந்தைக்கு தேன் எப்போது கொடுக்கலாம்",
    "te": "బిడ్డకు తేనె ఎప్పుడు ఇవ్వచ్చు",
    "gu": "બાળકને મધ ક્યારે આપી શકાય",
    "mr": "बाळाला मध कधी द्यावा",
    "ne": "बच्चालाई मह कहिले दिन मिल्छ",
    "ml": "കുഞ്ഞിന് തേൻ എപ്പോൾ കൊടുക്കാം",
    "am": "ልጄ ማር መቼ መብላት ይችላል",
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
    assert {len(stored[code]["others"]) for code in translations()} == {7}


@pytest.mark.parametrize(
    ("code", "emergency"),
    [
        ("es", "mi hijo se tragó una pila de botón"),
        ("fr", "elle est tombée du balcon"),
        ("de", "vom wickeltisch gefallen und erbricht jetzt"),
        ("it", "gli sanguina la testa e non si ferma"),
        ("pl", "oblała się wrzątkiem"),
        ("ar", "شرب الكلور"),
        ("ru", "лицо опухло после укуса"),
        ("ko", "뜨거운물에 데었어요"),
        ("zh", "宝宝掉进游泳池里了"),
        ("hi", "बेटे ने बैटरी निगल ली"),
        ("sw", "amekunywa mafuta ya taa"),
    ],
)
def test_emergency_that_the_card_does_not_name_is_noticed_in_other_languages(
    code: str, emergency: str
) -> None:
    assert triage(emergency) == Triage("now", code)


@pytest.mark.parametrize(
    ("code", "denied"),
    [
        ("es", "no tiene fiebre, respira bien y no tiene convulsiones"),
        ("de", "er ist nicht blau und atmet normal"),
        ("it", "non è blu, respira bene"),
        ("nl", "geen koorts, ademt normaal en drinkt goed"),
        ("tr", "ateşi yok morarma yok nefesi normal"),
        ("ar", "ما عنده حرارة ويتنفس طبيعي"),
        ("hi", "सांस लेने में कोई तकलीफ नहीं है"),
        ("ko", "경련은 없었고 잘 놀아요"),
        ("ja", "けいれんはありません、元気です"),
        ("zh", "没有发烧也没有抽搐"),
        ("yue", "佢冇發燒，呼吸正常"),
        ("es", "mi bebé tiene los ojos azules, ¿cambiarán de color?"),
        ("fr", "il ne se réveille pas la nuit pour manger"),
        ("de", "er reagiert nicht auf seinen namen mit 10 monaten"),
    ],
)
def test_sign_that_is_denied_or_none_raises_no_alarm_in_other_languages(code: str, denied: str) -> None:
    assert triage(denied) == Triage("none", code)


@pytest.mark.parametrize(
    ("name", "right", "noticed", "false"),
    [("foreign_practice.jsonl", 0.98, 0.97, 0.02), ("foreign_heldout.jsonl", 0.95, 0.95, 0.07)],
)
def test_other_languages_are_told_and_their_emergencies_noticed(
    name: str, right: float, noticed: float, false: float
) -> None:
    asked = read_questions(QUESTIONS / name)
    found = [triage(one.question) for one in asked]
    urgent = [one.urgency == "now" for one, told in zip(found, asked, strict=True) if told.kind == "urgent"]
    harmless = [
        one.urgency == "now" for one, told in zip(found, asked, strict=True) if told.kind == "harmless"
    ]
    shown = [one.language == told.language for one, told in zip(found, asked, strict=True)]
    assert sum(shown) >= right * len(shown)
    assert sum(urgent) >= noticed * len(urgent)
    assert sum(harmless) <= false * len(harmless)


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
    assert triage("mitt barn sover inte på natten").language is None
    assert recognise("babi ddim yn anadlu", UrgencyRules.load().knows) == (None, False)


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
