"""Signs, by measure, that a text is not what its readers saw: words run together, lines woven, languages.

The measure is the share of words that stand in a list of a language's commonest few hundred, as jusText has
them for a hundred languages: English prose has 0.3 to 0.55, other languages' lists 0.0 to 0.15 of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_MIN_WORDS = 12
"""The words of fewer say nothing."""
_COMMON = 0.2
"""Of sound prose a larger share is common words."""
_CLEARLY = 1.6
"""How much more of a text another language must explain."""
_WOVEN = 0.01
_MAX_LETTERS = 30

_LANGUAGES = {
    **{"en": "English", "fr": "French", "de": "German", "es": "Spanish", "pt": "Portuguese", "it": "Italian"},
    **{"nl": "Dutch", "pl": "Polish", "tr": "Turkish", "sv": "Swedish", "ro": "Romanian", "ru": "Russian"},
}
"""Those a publisher's site is likely to be in; lists of kindred languages would only cloud each other."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BACKWARDS = re.compile(r"\b[a-z]{3,}[A-Z]\b")
_DOUBLED = re.compile(r"\b(?:(\w)\1){3,}\b")
_SMALL = re.compile(r"\b[a-z]+\b")
_CAPITAL = re.compile(r"[a-z,] ([A-Z][a-z]+) [a-z]")


def find_doubts(text: str, language: str) -> Iterator[str]:
    """Notes about the words of a text in that language (ISO 639-1), for a person to look at."""
    words = [word.lower() for word in _WORD.findall(text)]
    common, name = _list_common(language), _LANGUAGES.get(language, language)
    if len(words) >= _MIN_WORDS and common and (share := _share(words, common)) < _COMMON:
        yield f"Only {share:.0%} of its words are common in {name}; text that was read well has 30% and more."
    found = language_of(text)
    if found not in ("", language):
        yield f"Reads like {_LANGUAGES[found]}, not like {name}; --language says which it is."
    elif others := [line for line in text.split("\n") if language_of(line) not in ("", language)]:
        yield f"{len(others)} paragraphs read like another language: {others[0][:60]}"
    for what, pattern in (("with every letter doubled", _DOUBLED), ("written backwards", _BACKWARDS)):
        if match := pattern.search(text):
            yield f"Holds words {what}: {match[0]}."
    if long := [word for word in _WORD.findall(text) if len(word) > _MAX_LETTERS and language == "en"]:
        yield f"Holds words of more than {_MAX_LETTERS} letters, perhaps run together: {long[0]}."
    prose = [
        line for line in text.split("\n") if " | " not in line and len(_SMALL.findall(line)) >= _MIN_WORDS
    ]
    woven = [word for line in prose for word in _CAPITAL.findall(line) if word.lower() in common]
    if len(woven) > max(2, _WOVEN * len(words)):
        yield f"{len(woven)} sentences begin in the midst of another; perhaps lines of columns are woven."


def language_of(text: str) -> str:
    """The ISO 639-1 code of the language that a text reads like; empty when it could be several."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < _MIN_WORDS:
        return ""
    shares = sorted(((_share(words, _list_common(code)), code) for code in _LANGUAGES), reverse=True)
    (best, code), (second, _) = shares[:2]
    return code if best >= _COMMON and best > _CLEARLY * second else ""


def _share(words: list[str], common: frozenset[str]) -> float:
    return sum(word in common for word in words) / len(words)


@cache
def _list_common(language: str) -> frozenset[str]:
    """The commonest words of a language; none of one that has no list."""
    import justext

    name = _LANGUAGES.get(language)
    return frozenset(word.lower() for word in justext.get_stoplist(name)) if name else frozenset()
