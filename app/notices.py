"""The fixed words that stand on every page and in every reply, errors included.

Nothing here is chosen by a model. A clinician must sign this wording off before public use, and
every change of it. It is kept at reading grade 6 or lower (a test measures it).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

EMERGENCY_TITLE = "Get help now"
EMERGENCY_SIGNS = (
    "Your baby is not breathing normally.",
    "The lips or skin are blue, purple or grey.",
    "It is your baby's first fit, or a fit of more than 5 minutes.",
    "Your baby cannot be woken, or does not fully wake up after.",
    "Your baby is floppy and does not respond.",
)
EMERGENCY_NUMBERS = {
    "999": "in the UK and Ireland",
    "911": "in the USA and Canada",
    "112": "in Europe, India and on most mobile phones",
}
"""Where the operator set no number: each with the countries that it belongs to."""
NOW_LABEL = "Act now:"
"""Said before the heading of the card, for those who do not see its colour."""
NOW_TITLE = "This may be an emergency"
NOW_STEPS = (
    "Stay with your baby. Put the phone on speaker.",
    "Say where you are, how old your baby is and what you see.",
    "Do what the person on the phone tells you.",
)
TODAY_LABEL = "Act today:"
TODAY_TITLE = "A doctor should see your baby today"
TODAY_NOTICE = (
    "What you wrote needs a doctor today, even if your baby seems well again. Do not wait for tomorrow."
)
TODAY_STEPS = (
    "Call your doctor or your health line now. Say how old your baby is and what you saw.",
    "If you can not get through, take your baby to a hospital.",
    "Film what your baby does, if you can. Show it to the doctor.",
)
TODAY_WORSE = "Call the emergency number at once if one of these is true:"
"""Above the signs of the emergency card."""
URGENT_LINE = (
    "Get medical help the same day if sudden movements come again and again in a row. The head may drop. "
    "The body may bend. The arms may fly up. It often comes on waking. Film it for the doctor."
)
DISCLAIMER = (
    "These are exact extracts from published articles. Nobody rewrote them. They cannot say what is wrong "
    "with your baby. They do not replace a doctor, a midwife or a health visitor. If nothing is found, it "
    "does not mean that nothing is wrong. If you are worried, get help."
)
EXTRACTS = "Exact extracts, word for word, each with its source."
NOT_ANSWERED = "These articles do not answer that."
CLOSEST = "These articles do not seem to answer that."
NEAREST = "Show the nearest extracts"
URGENT_NOTICE = "What you wrote may be an emergency. Do not wait for an answer here. Call for help now."
HELP_BESIDE = "When to get help, from the same article:"
UNDER_HEADING = "Under the heading {}:"
"""Above a quoted passage, with the heading or the path of headings that it stands under."""
WITHDRAWN = "This extract has been withdrawn from the collection."
NOTHING_FOUND_MEANS = "Nothing found does not mean that nothing is wrong."
UNAVAILABLE = "The search does not work at the moment. Please try again in a minute."
WHO_TO_CALL = (
    "If you are worried, call your doctor, your midwife or your health visitor. "
    "At night, call the health line of your area."
)
TRY_OTHER_WORDS = "Say what moves, when it moves, and for how long."
NO_OPERATOR = "The people who run this copy have not put their name here yet."
SOURCES_DIFFER = "Articles may differ. Each one is shown in its own words."
DIAL = "Call"
CALL_IF = "Call now if:"
SIGNS_IN_SHORT = ("not breathing well", "blue or grey", "first or long fit", "will not wake", "floppy")
"""The signs of the emergency card in one glance; the card itself opens below them."""
REFUSALS = {
    "question_empty": "Please type a question.",
    "question_too_long": "Your question is too long. Use 1,000 characters or less.",
    "control_characters": "Your question has hidden signs in it. Type it again in plain words.",
    "bad_characters": "Your question has signs in it that are no text.",
    "bad_encoding": "Your question could not be read. Send it as UTF-8 text.",
    "bad_json": 'Send one JSON object, such as {"question": "...", "k": 5}.',
    "bad_question": "The question must be text.",
    "bad_questions": "Send a list of 1 to 50 questions.",
    "bad_k": "k must be a whole number from 1 to 20.",
    "bad_article": "article must be the short name of an article.",
    "unknown_parameter": "Only the question, k and article can be given.",
    "duplicate_parameter": "Give each name only once.",
    "too_many_parameters": "Send one question, as q.",
    "bad_request": "We could not read that. Please try again.",
    "not_found": "Nothing here has that name.",
    "method_not_allowed": "This page cannot be used in that way.",
    "withdrawn": WITHDRAWN,
    "too_large": "That is too much text. Use 1,000 characters or less.",
    "too_long_address": "That address is too long. Ask a shorter question.",
    "unsupported_type": "Send the question as plain text from the form, or as JSON in UTF-8.",
    "too_many_requests": "There are too many questions from your address. Wait a bit, then try again.",
    "server_error": "Something went wrong here. It is not your fault. Please try again.",
    "unavailable": "The search is not ready. Please try again in a minute.",
    "busy": "Many people are asking at the moment. Please try again in a few seconds.",
    "no_time_left": "There was no time left for this question. Please ask it again.",
}
"""What is told of a request that cannot be answered, and of one question among several, by code."""
SURE_FROM = {"good": 0.8, "fair": 0.5, "weak": 0.0}
"""From which probability on a match is called so. Whether the words below hold is measured: by a test on
questions with known answers, and for each index, for the page about it."""
SURENESS = {
    "good": "Good match. Most of these fit.",
    "fair": "Fair match. About half of these fit.",
    "weak": "Weak match. Most do not fit.",
}
"""What the reader is told of the probability that the first passage answers."""
WEAK = "This may not be what you asked"
FOLDED_NOW = "Call first. No article can help you as fast. You can read on when help is on its way."
FOLDED_TODAY = "Call first. These articles can not say if your baby is well."
SHOW_FOLDED = "Show what the articles say"
WORDS_BEFORE = "Show the words before this"
HELP_FIRST = "When to get help"
HELP_FIRST_FROM = "From an article, word for word:"

EXAMPLES = (
    "Is shuddering dangerous?",
    "Why do my baby's legs jerk in her sleep?",
    "What do infantile spasms look like?",
    "How do I tell twitches from a seizure?",
    "Can low iron make my baby's legs restless?",
)
"""Questions that the page offers and the articles answer; a test asks them all."""
FIGURES = {
    "questions": "Test questions",
    "success@1": "The first extract answers",
    "success@3": "One of the first three extracts answers",
    "good match fits": "Of answers called a good match, those whose first extract answers",
    "fair match fits": "Of those called a fair match",
    "weak match fits": "Of those called a weak match",
    "refused": "Questions that the articles do not answer, and we say so",
    "wrongly refused": "Questions that they answer, and we say they do not",
    "urgent noticed": "Emergencies that we notice",
    "today noticed": "Questions that need a doctor today, and we say so",
    "false alarms": "Other questions that we take for an emergency",
    "false today": "Other questions that we send to a doctor today",
}
"""What the measures in a manifest are called on the page; one that is not named here is not shown."""


def name_sureness(confidence: float) -> str:
    """The step of ``SURENESS`` for a probability."""
    return next(step for step, least in SURE_FROM.items() if confidence >= least)


def emergency_call(number: str | None = None) -> str:
    """The line above the signs; ``number`` names one emergency number instead of three."""
    return (
        f"Call your local emergency number now: {number or '112, 911 or 999'}. Call if one of these is true:"
    )


def emergency_text(number: str | None = None) -> str:
    """The whole emergency card as plain text, the same words as the card on the page."""
    return " ".join((emergency_call(number), *EMERGENCY_SIGNS, URGENT_LINE))


@dataclass(frozen=True, slots=True)
class Translation:
    """What somebody who asks in another language must know, in that language."""

    language: str
    """BCP 47."""
    name: str
    """What its speakers call it."""
    direction: Literal["ltr", "rtl"]
    reviewed: str
    """Who has reviewed these words, or that nobody has."""
    reads_english: str
    """That Nightlight reads English, and its articles are in English."""
    title: str
    call: str
    """The line above the signs, ending in a colon."""
    signs: tuple[str, ...]
    """The five of the emergency card, in their order."""
    urgent: str
    """That what was written may be an emergency."""
    worried: str
    """Whom to call where it is none."""


@cache
def translations() -> dict[str, Translation]:
    """The emergency card in every language that it has been put into, by the language's code."""
    stored: dict[str, dict[str, Any]] = tomllib.loads(
        Path(__file__).with_name("translations.toml").read_text("utf-8")
    )
    return {
        code: Translation(language=code, **{**words, "signs": tuple(words["signs"])})
        for code, words in stored.items()
    }
