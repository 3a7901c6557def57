"""What counts as a question: the one check that pages, API and scripts share."""

from __future__ import annotations

import re
import unicodedata

from app.errors import QuestionError

MAX_CHARACTERS = 1000
"""Of a question, after NFC and trimming; twice as many as which its compatibility form (NFKC), in which it is
read, may have: of one character that makes up to eighteen.
"""
MAX_PASSAGES = 20

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make text read in another order than it is stored."""
_INVISIBLE = frozenset("ZCM")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by category that show nothing (Hangul fillers, the empty Braille cell)."""

_STRAY_INSIDE = re.compile(r"[^\w\s'’.,/°%+-]+")
_STRAY_AT_EDGES = re.compile(r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)")


def make_searchable(question: str) -> str:
    """The question as the retrievers see it: stray punctuation gone, one full stop at the end.

    Only the marks inside a word or a number are left (baby's, 38.5, co-sleeping), because to the encoder
    every mark is a token of its own: a quotation mark or a missing question mark would change the order. A
    full stop ends the sentences that are searched; it finds a little more than a question mark or nothing.
    """
    words = " ".join(_STRAY_AT_EDGES.sub(" ", _STRAY_INSIDE.sub(" ", question)).split())
    return f"{words}." if words else question


def check_question(text: str) -> str:
    """The question in NFC without outer space; raises QuestionError with a code and what to do."""
    question = unicodedata.normalize("NFC", text).strip()
    if max(len(question), len(unicodedata.normalize("NFKC", question)) // 2) > MAX_CHARACTERS:
        raise QuestionError("question_too_long")
    if not question.isprintable() and any(map(is_forbidden, question)):
        raise QuestionError("control_characters")
    visible = (
        character
        for character in question
        if unicodedata.category(character)[0] not in _INVISIBLE and character not in _BLANK_LETTERS
    )
    if not question.isalnum() and not any(visible):
        raise QuestionError("question_empty")
    return question


def check_count(k: int) -> int:
    """How many passages are wanted; raises QuestionError."""
    if not 1 <= k <= MAX_PASSAGES:
        raise QuestionError("bad_k")
    return k


def is_forbidden(character: str) -> bool:
    """True for controls, surrogates, bidi overrides and noncharacters: no question needs one."""
    if character in _BIDI_CONTROLS or unicodedata.category(character) in ("Cc", "Cs"):
        return True
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
