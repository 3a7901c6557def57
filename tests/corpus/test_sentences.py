from __future__ import annotations

import pytest

from app.corpus.sentences import find_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Babies twitch.", "It passes!", "Does it hurt?", "No."],
        ["Ask Dr. Jones about it.", "She knows."],
        ["Give medicine, e.g. Ibuprofen, against fever.", "Then wait."],
        ["Signs are fever, cries, etc. and they pass.", "Wait."],
        ["Signs are fever, cries, etc.", "Call a doctor."],
        ["It ends within 5 min.", "Call if it does not."],
        ["The answer is no.", "Babies grow out of it."],
        ["Normal vs. Concerning signs differ.", "See fig. 2 for them."],
        ["4. Calcium Deficiency: Calcium is a mineral.", "It helps."],
        ["Lie them down (on the side, see fig. 2.)", "Then call."],
        ["“It passes.”", "That is what they say."],
    ],
    ids=lambda sentences: sentences[0],
)
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[start:end] for start, end in find_sentences(text)] == sentences


def test_spans_count_from_the_beginning_of_the_whole_text() -> None:
    assert find_sentences("Title\n\nOne. Two.\n", 7, 16) == ((7, 11), (12, 16))


def test_blank_text_has_no_sentence() -> None:
    assert find_sentences(" \n ") == ()
