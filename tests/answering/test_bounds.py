"""What one question may cost, whatever its 1,000 characters are, counted in steps; what it leaves behind."""

from __future__ import annotations

import gc
import itertools
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from app.answering.answer import IndexAnswerer
from app.answering.language import tells_sign
from app.answering.question import MAX_CHARACTERS, check_question
from app.answering.triage import triage
from app.errors import QuestionError
from app.notices import translations

LETTERS = "abcdefghijklmnopqrstuvwxyz"
STEPS = 100_000
"""Calls of functions, Python's and C's; a third more than the worst of these takes."""
BYTES = 5_000_000


def make_words(length: int, count: int, start: str = "") -> str:
    made = itertools.islice(itertools.product(LETTERS, repeat=length), 0, None, 7)
    return " ".join(start + "".join(letters) for letters in itertools.islice(made, count))


ADVERSARIAL = {
    "one word": "q" * 1000,
    "one word of all letters": LETTERS * 38,
    "500 words": " ".join(chr(0x4E00 + i) for i in range(500)),
    "250 short words": make_words(3, 250),
    "unknown words": make_words(4, 111, "zxqj"),
    "longest unknown words": make_words(20, 47, "zxq"),
    "stop words": "the of and to in is it you that " * 31,
    "the commonest word": "baby " * 200,
    "combining marks": "a" + "\u0301" * 999,
    "letters with marks": "e\u0315\u0302\u0303 " * 200,
    "numbers": " ".join(map(str, range(1000, 1200))),
    "one word of many": ".".join(["ab"] * 333),
    "apostrophes": "'".join(["ab"] * 333),
    "near words of danger": " ".join(f"breathng{a}{b}" for a, b in itertools.product("abc", LETTERS)),
    "an emergency again and again": "not breathing blue lips " * 41,
    "suppositions": "if he has a seizure or " * 43,
    "denials": "no fit not blue nor limp and " * 34,
    "signs": "!?.,;:" * 166,
    "faces": "😀" * 1000,
}


def measure(ask: Callable[[str], object], question: str) -> tuple[int, int]:
    """Calls, and the most bytes that Python held at a time."""
    steps = 0
    triage("zqx")  # once a process, at its start; the signs with the first text in each language
    for code in translations():
        tells_sign("", code)
    ask("mi bebé no respira")

    def count(_frame: FrameType, event: str, _value: Any) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    tracemalloc.start()
    sys.setprofile(count)
    try:
        ask(question)
    finally:
        sys.setprofile(None)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return steps, most


@pytest.mark.parametrize("question", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_no_question_takes_more_than_so_many_steps_and_bytes(answerer: IndexAnswerer, question: str) -> None:
    steps, most = measure(answerer.answer, question[:MAX_CHARACTERS])
    assert steps < STEPS
    assert most < BYTES


@pytest.mark.parametrize("sign", ["\ufdfa", "\ufdfa ", "\u1100\u1161\u11a8", "\u4e00 ", "baby ", "zq x. "])
def test_no_refused_text_takes_more_than_so_many_steps_and_bytes(sign: str) -> None:
    steps, most = measure(triage, sign * 16_384)
    assert steps < 6 * STEPS  # sixteen times a question's length
    assert most < 2 * BYTES


def test_question_that_would_be_many_times_as_long_when_it_is_read_is_too_long() -> None:
    assert check_question("\ufdfa" * 100)
    with pytest.raises(QuestionError, match="1,000"):
        check_question("\ufdfa" * 200)


def find_kept(beginning: str) -> Iterator[str]:
    """Strings with this beginning, and more, that any container of this process still holds."""
    for holder in gc.get_objects():
        for held in gc.get_referents(holder):
            if isinstance(held, str) and held.startswith(beginning) and held != beginning:
                yield held


def test_words_of_a_question_are_kept_nowhere_after_the_answer(answerer: IndexAnswerer) -> None:
    beginning = "".join(reversed("qxzayrevb"))
    answerer.answer(" ".join([f"{beginning}{end} breathing" for end in ("ng", "fits", "ed")]))
    answerer.answer(f"{beginning}ing babys siezures{beginning[:3]}")
    assert list(find_kept(beginning)) == []
