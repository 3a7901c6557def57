"""Blocks -> passages: one section each, a lead-in with its list, a table with its header. Pure.

Only `cut_article` takes words out of a text; everything else speaks of offsets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from app.corpus.fragments import Fragments
from app.corpus.sentences import find_sentences
from app.corpus.structure import Block, Kind, find_blocks, find_sections
from app.errors import CorpusError
from app.records import Article, Passage, Span, name_passage

CHUNKER = "structure-3"
"""Named in every manifest; change it whenever the same text would give other passages."""

TARGET_WORDS = 120
MAX_WORDS = 200

# What a cut costs, in squared relative deviations from the target length: free before a paragraph,
# dearer within a list or table, dearest in the middle of a paragraph.
_CUT_IN_LIST = 0.1
_CUT_IN_PARAGRAPH = 0.2

MAX_CHARACTERS = 4000
"""Also the room of a passage: a word counts for more than one where words are longer than any language's."""
_RUN = re.compile(rf"\S+(?:\s+\S+){{0,{MAX_WORDS - 1}}}")
"""As many words as a passage holds: how text without any full stop is cut."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is never cut: a sentence, list item or table row, with the lead-in or header it begins with."""

    sentences: tuple[Span, ...]
    words: int
    cut_cost: float
    lead: Span | None
    """The lead-in or header row that stands in an earlier atom."""


def cut_article(article: Article) -> tuple[Passage, ...]:
    """The passages of an article in the order they stand in it; raises CorpusError when there is none."""
    passages: list[Passage] = []
    seen: Counter[str] = Counter()
    blocks = find_blocks(article)
    fragments = Fragments(article, blocks)
    for path, content in find_sections(article.text, blocks):
        # A paragraph with a label of its own opens a passage, as a sub-heading would.
        opens = [i for i, block in enumerate(content) if i and block.is_labelled(article.text)]
        for first, last in pairwise([0, *opens, len(content)]):
            for atoms in _pack(_find_atoms(article.text, content[first:last])):
                sentences = tuple(sentence for atom in atoms for sentence in atom.sentences)
                start, end = sentences[0][0], sentences[-1][1]
                text = article.text[start:end]
                passage = Passage(
                    id=name_passage(article.slug, text, seen[text]),
                    article=article.slug,
                    start=start,
                    end=end,
                    text=text,
                    section=path,
                    sentences=sentences,
                    lead=atoms[0].lead,
                    fragment=fragments.name(start, end),
                )
                seen[text] += 1
                passages.append(passage)
    if not passages:
        raise CorpusError(f"{article.slug}.txt: there is no content besides headings and excluded lines.")
    return tuple(passages)


def _find_atoms(text: str, blocks: Sequence[Block]) -> list[_Atom]:
    """A paragraph gives its sentences; a list item or table row is one atom, unless it is overlong."""
    atoms: list[_Atom] = []
    lead: Span | None = None
    opened = False
    for block in blocks:
        if block.kind not in (Kind.ITEM, Kind.TABLE_ROW):
            lead = None
        whole = (block.start, block.end)
        divided = block.kind is Kind.PARAGRAPH or _count_words(text, whole) > MAX_WORDS
        spans = find_sentences(text, *whole) if divided else (whole,)
        # A sentence that is longer than a passage may be gives stretches of it.
        runs = [run.span() for span in spans for run in _RUN.finditer(text, *span)]
        cost = _CUT_IN_LIST if lead else 0.0
        for first, last in runs:
            for start in range(first, last, MAX_CHARACTERS):
                part = text[start : min(start + MAX_CHARACTERS, last)]
                run = (start + len(part) - len(part.lstrip()), start + len(part.rstrip()))
                words = _count_words(text, run)
                if opened and atoms and atoms[-1].words + words <= MAX_WORDS:
                    head = atoms.pop()
                    atoms.append(replace(head, sentences=(*head.sentences, run), words=head.words + words))
                else:
                    atoms.append(_Atom((run,), words, cost, lead))
                cost, opened = _CUT_IN_PARAGRAPH, False
        opened = block.kind is Kind.TABLE_HEADER or block.announces_list(text)
        lead = atoms[-1].sentences[-1] if opened else lead
    return atoms


def _count_words(text: str, span: Span) -> int:
    words = len(text[span[0] : span[1]].split())
    return max(words, (span[1] - span[0]) * MAX_WORDS // MAX_CHARACTERS)


def _pack(atoms: Sequence[_Atom]) -> Iterator[Sequence[_Atom]]:
    """Cut a section where it costs least: near the target length, and rather between paragraphs.

    Dynamic programming over the places to cut; a passage holds a bounded number of words, so the time
    is linear in the number of atoms.
    """
    words = [0, *accumulate(atom.words for atom in atoms)]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(atoms) + 1):
        # Cost and start of each last passage that could end here.
        ways: list[tuple[float, int]] = []
        for start in range(end - 1, -1, -1):
            length = words[end] - words[start]
            if length > MAX_WORDS and start < end - 1:
                break
            cut = atoms[start].cut_cost if start else 0.0
            ways.append((best[start][0] + cut + (length / TARGET_WORDS - 1) ** 2, start))
        best.append(min(ways))
    cuts = [len(atoms)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    for start, end in pairwise(reversed(cuts)):
        yield atoms[start:end]
