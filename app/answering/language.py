"""Which language a question is in, where it is not English, and whether it tells a sign of the card.

Recognition is py3langid's (Barbaresi 2026, after langid.py: Lui & Baldwin 2012), offline. Its model takes
half a second and 90 MB, so it is read when the first text comes that has hardly an English word, nor two
words of ``languages.toml``; a server reads it when it starts. Those words also know what it was not trained
for: Somali, and Hindi, Urdu, Punjabi and Arabic in Latin letters.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from app.notices import translations

LANGUAGES = Path(__file__).with_name("languages.toml")
_WORD = re.compile(r"[\u3040-\u9fff]|[^\W\d_](?:(?![\u3040-\u9fff])[\w'’\u0900-\u0dff-])*")
"""A word, with the vowel signs of India's scripts, or one Chinese or Japanese character."""
_LOOKED_AT = 400
"""Characters by which the language is told."""
_ENGLISH_SHARE = 0.5
"""Of a question's words: with as many English ones it is English, however misspelt the others are."""
_SURE = 0.9
"""Probability from which the library is believed of a few Latin words."""
_FEW = 3
_OTHERS = ("en", "sv")
"""Languages that are told from ours without being named."""
_PLAIN = str.maketrans("đıłøæßʼ’أإآىیةک\u200c", "dilo" + "as" + "''" + "اااييهك" + " ")


def _fold(text: str) -> str:
    """Lower case without Latin accents, Arabic letters as many type them; other scripts keep their marks."""
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(sign for sign in parts if not "\u0300" <= sign <= "\u036f"))


def recognise(text: str, is_english: Callable[[str], bool]) -> tuple[str | None, bool]:
    """The language (BCP 47) of a text in one that there are words for, None for English and all others; and
    whether it tells a sign of the emergency card, or another emergency.
    """
    folded = _fold(text)
    words = _WORD.findall(folded[:_LOOKED_AT])
    if not words:
        return None, False
    told = Counter(code for word in words for code in _codes_of().get(word, ()) if code != "en")
    (likeliest, known), (_, next_known) = [*told.most_common(2), ("", 0), ("", 0)][:2]
    english = sum("en" in _codes_of().get(word, ()) or is_english(word) for word in words)
    if known < next_known + 2 or known <= english:
        if known <= english and english >= _ENGLISH_SHARE * len(words):
            return None, False
        latin = max(words)[0] < "\u0250"
        code: str
        try:
            code, probability = _library().classify(text[:_LOOKED_AT])
        except OSError:  # no room for the temporary file by which the model is read
            return None, False
        if code == "en":
            return None, False
        near = [one for one in told if told[one] >= known - 1]
        for one in dict.fromkeys((*near, code)):
            if one in translations() and tells_sign(folded, one):
                return one, True
        if latin and (probability < _SURE or len(words) < _FEW) and not known:
            return None, False
        likeliest = code if told[code] >= known - latin else likeliest
        # One of those that were asked just now.
        return (likeliest if likeliest in translations() else None), False
    return (likeliest, tells_sign(folded, likeliest)) if likeliest in translations() else (None, False)


def tells_sign(folded: str, code: str) -> bool:
    """Whether a text in this language, in lower case, tells a sign of the card, or another emergency."""
    harmless, signs = _signs_of(code)
    return signs.search(harmless.sub(" ", folded)) is not None


@cache
def _read_languages() -> dict[str, Any]:
    return tomllib.loads(LANGUAGES.read_text("utf-8"))


@cache
def _codes_of() -> dict[str, tuple[str, ...]]:
    """The languages of each word."""
    codes: dict[str, tuple[str, ...]] = {}
    for code, language in _read_languages().items():
        for word in dict.fromkeys(_fold(language["words"]).split()):
            codes[word] = (*codes.get(word, ()), code)
    return codes


def _begins(word: str) -> str:
    whole = word[-1] == "." or (len(word) < 3 and word < "\u0590")
    return re.escape(word.rstrip(".")).replace("_", r"\s+") + r"\b" * whole


def _read_ways(language: dict[str, Any], *ways: str, mark: str, most: int = 5) -> str:
    """A pattern of what is told in these ways; at most so many words of such marks stand between."""
    spaced, before = language.get("spaced", True), _read_denials(language, "denied_by")
    denied = rf"(?!(?:{'|'.join(before)})\s)" if before else ""
    told: dict[str, list[str]] = {}
    for way in _fold(" / ".join(ways)).split(" / "):
        words = way.split()
        # Between a "not" and what it denies stands little.
        many = 1 if {*words[0].replace(".", "").split("|")} & {*before} else most
        between = rf"{mark}*\s+(?:{denied}{mark}+\s+){{0,{many}}}?" if spaced else rf"(?:{mark}|\s){{0,10}}?"
        start = r"\b" if way < "\u0590" else r"(?<![\w\u0900-\u0dff])" if "\u0900" <= way < "\u0e00" else ""
        if spaced and not start:  # Arabic and Hebrew letters write "and", "the" and "with" into the word
            between += r"\S{0,4}?"
        told.setdefault(start, []).append(
            between.join(f"(?:{'|'.join(map(_begins, word.split('|')))})" for word in words)
        )
    return "|".join(f"{start}(?:{'|'.join(those)})" for start, those in told.items())


def _read_denials(language: dict[str, Any], key: str) -> list[str]:
    return [re.escape(word) for word in _fold(language.get(key, "")).split(" / ") if word]


@cache
def _signs_of(code: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is not to be read, and what tells a sign in the rest."""
    language = _read_languages()[code]
    clause = r"[^\s.,;:!?।،。，]"
    harmless = _read_ways(language, language["harmless"], mark=clause, most=1)
    # What is not of one clause can yet be one accident: "he fell, then was sick".
    signs = _read_ways(language, *language["signs"], mark=clause)
    signs += "|" + _read_ways(language, *language["others"], mark=r"\S")
    gap, rest = (r"\s+", r"[^\s.,;:!?।،]*") if language.get("spaced", True) else ("", ".{0,2}?")
    not_before = "".join(f"(?<!{word}{gap[:2]})" for word in _read_denials(language, "denied_by"))
    after = "|".join(_read_denials(language, "denied_after"))
    return re.compile(harmless), re.compile(
        f"{not_before}(?:{signs})" + (f"(?!{rest}{gap}(?:{after}))" if after else "")
    )


@cache
def _library() -> Any:
    """What the first foreign text would wait most of a second for. The signs of a language wait for the first
    text in it: some fifty milliseconds at most, but a second for all languages of every worker.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # It takes written Chinese for Cantonese, which has characters of its own.
    ours = [code for code in (*translations(), *_OTHERS) if code in library.labels and code != "yue"]
    library.set_languages(ours)
    return library
