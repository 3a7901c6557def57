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
WORD = re.compile(r"[^\W\d_][\w'’-]*")
LOOKED_AT = 400
"""Characters by which the language is told."""
ENGLISH_SHARE = 0.5
"""Of a question's words: with as many English ones it is English, however misspelt the others are."""
SURE = 0.9
"""Probability from which the library is believed of a few Latin words."""
FEW = 3
OTHERS = ("en", "cs", "el", "gu", "he", "hu", "id", "ja", "ko", "nl", "sq", "sv", "ta", "th")
"""Languages that are told from ours without being named."""
_PLAIN = str.maketrans("đıłøæßʼ’", "dilo" + "as" + "''")


def fold(text: str) -> str:
    """Lower case without the accents of Latin letters, as many type; other scripts keep their marks."""
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(sign for sign in parts if not "\u0300" <= sign <= "\u036f"))


def recognise(text: str, is_english: Callable[[str], bool]) -> str | None:
    """The language (BCP 47) of a text in one that there are words for; None for English and all others."""
    words = [fold(word) for word in WORD.findall(text[:LOOKED_AT])]
    if not words:
        return None
    told = Counter(code for word in words for code in _codes_of().get(word, ()) if code != "en")
    (likeliest, known), (_, next_known) = [*told.most_common(2), ("", 0), ("", 0)][:2]
    english = sum("en" in _codes_of().get(word, ()) or is_english(word) for word in words)
    if known < next_known + 2 or known <= english:
        if known <= english and english >= ENGLISH_SHARE * len(words):
            return None
        latin = words[0][0] < "\u0250"
        try:
            code, probability = _library().classify(text[:LOOKED_AT])
        except OSError:  # no room for the temporary file by which the model is read
            return None
        if code == "en" or (latin and (probability < SURE or len(words) < FEW) and not known):
            return None
        near = [one for one in told if told[one] >= known - 1 and tells_sign(text, one)]
        if known and near:
            return near[0]
        likeliest = code if told[code] >= known - 1 or not latin else likeliest
    return likeliest if likeliest in translations() else None


def tells_sign(text: str, code: str) -> bool:
    """Whether a text in this language tells one of the five signs of the emergency card."""
    return _signs_of(code).search(fold(text)) is not None


def load_languages() -> None:
    """Read now what the first text in each language would wait for: most of a second for the library, and a
    tenth for the signs."""
    _library()
    for code in translations():
        _signs_of(code)


@cache
def _read_languages() -> dict[str, Any]:
    return tomllib.loads(LANGUAGES.read_text("utf-8"))


@cache
def _codes_of() -> dict[str, tuple[str, ...]]:
    """The languages of each word."""
    codes: dict[str, tuple[str, ...]] = {}
    for code, language in _read_languages().items():
        for word in dict.fromkeys(fold(language["words"]).split()):
            codes[word] = (*codes.get(word, ()), code)
    return codes


@cache
def _signs_of(code: str) -> re.Pattern[str]:
    ways = [way.split() for sign in _read_languages()[code]["signs"] for way in fold(sign).split(" / ")]
    between = r"[^\s]*\s+(?:[^\s]+\s+){0,5}?"
    # Arabic letters write "and", "the" and "with" into the word; Chinese parts no words.
    return re.compile(
        "|".join(
            (r"(?<!\w)" if way[0][0] < "\u0590" else "") + between.join(map(re.escape, way)) for way in ways
        )
    )


@cache
def _library() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    library.set_languages([code for code in (*translations(), *OTHERS) if code in library.labels])
    return library
