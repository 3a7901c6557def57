"""Which words of a passage a link names, so that a browser scrolls to it and marks it. Pure.

A text fragment (https://wicg.github.io/scroll-to-text-fragment/) marks the first place of a page at which its
words stand, whatever their case, accents and quotation marks. Each of its parts must lie within one block of
the page: a paragraph, a heading, an item without its bullet or number, one cell of a table. The publisher's
page is not at hand; what it holds is taken to be the article's title and text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain, pairwise, product
from urllib.parse import quote

from app.corpus.structure import Block, Kind
from app.records import Article, Span

_EXACT_WORDS = 10
"""A passage of one block and up to this many words is named whole."""
_EDGE_WORDS = 5
_LONGEST_EDGE = 15
"""Words that the beginning or end of a passage is named by, as many as it takes to tell it from others."""
_LONGEST = 600
"""Characters of a fragment: where words are not parted by blanks, none is better."""
_TITLE = -1
"""The part of a title that is not in the text."""
_WORD = re.compile(r"\S+")
_BAR = re.compile(r"[|\t]")
_CAPITAL = re.compile(r"\s(?=[^\W_a-z]|[\"'“‘(])")
"""Where the cells of a table without bars may begin: rather too often, for a part of a cell is right."""
_SAME_SIGNS = str.maketrans("‘’‚‛“”„‟«»", '\'\'\'\'""""""', "\xad\u200b\u200c\u200d\u2060\ufeff")
"""Quotation marks are alike to a browser's search, and what shows nothing is not there."""


class Fragments:
    """An article's words in their order, as a browser's search sees them."""

    def __init__(self, article: Article, blocks: Sequence[Block]) -> None:
        self._text = article.text
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._parts: list[int] = []
        """The block or cell that each word lies in."""
        words: list[str] = []
        if not any(block.kind is Kind.TITLE for block in blocks):
            words.append(_fold(article.title))
            self._starts, self._ends, self._parts = [-1], [-1], [_TITLE]
        self._titles = len(words)
        text = article.text
        for block in blocks:
            if block.kind is Kind.RULE:
                continue
            # What surely lies within one block of a page: without bullets, numbers and bars.
            start, _ = block.read_sign(text)
            cells = [start, block.end]
            if block.kind in (Kind.TABLE_HEADER, Kind.TABLE_ROW):
                edge = _BAR if _BAR.search(text, start, block.end) else _CAPITAL
                bars = chain.from_iterable(bar.span() for bar in edge.finditer(text, start, block.end))
                cells = [start, *bars, block.end]
            for part in zip(cells[::2], cells[1::2], strict=True):
                for found in _WORD.finditer(text, *part):
                    if word := _fold(found.group()):
                        self._starts.append(found.start())
                        self._ends.append(found.end())
                        self._parts.append(part[0])
                        words.append(word)
        self._words = " ".join(words)
        self._places = [0]
        for word in words:
            self._places.append(self._places[-1] + len(word) + 1)

    def name(self, start: int, end: int) -> str | None:
        """The fragment, without ``#:~:text=``, that marks ``[start, end)`` of the text and nothing else.

        In two directives where one cannot tell: the last cells of a table often repeat, and nothing may
        follow that they could be told by. None where there is no telling it from what stands before it.
        """
        first, last = bisect_left(self._starts, start), bisect_right(self._ends, end)
        edges = (word for word in range(last - 1, first, -1) if self._parts[word - 1] != self._parts[word])
        for cuts in chain([(first, last)], ((first, edge, last) for edge in edges)):
            named = [self._name_words(*words) for words in pairwise(cuts)]
            if all(named):
                return "&text=".join(filter(None, named))
        return None

    def _name_words(self, first: int, last: int) -> str | None:
        if first >= last:
            return None
        # What stands before or behind is named only where the words themselves stand elsewhere too.
        befores = (first, max(self._part_start(first - 1), first - _EDGE_WORDS))
        afters = (last, min(self._part_end(last), last + _EDGE_WORDS))
        if last - first <= _EXACT_WORDS and self._parts[first] == self._parts[last - 1]:
            for before, after in product(befores, afters):
                if self._stands_first(before, after):
                    return self._write((before, first), [(first, last)], (last, after))
            return None
        limit = min(self._part_end(first), last - 1)
        heads = range(min(first + _EDGE_WORDS, limit), min(first + _LONGEST_EDGE, limit) + 1)
        for before, head in product(befores, heads):
            if self._stands_first(before, head):
                break
        else:
            return None
        limit = max(self._part_start(last - 1), head)
        tails = range(max(last - _EDGE_WORDS, limit), max(last - _LONGEST_EDGE, limit) - 1, -1)
        for after, tail in product(afters, tails):
            if self._stands_first(tail, after, behind=head):
                return self._write((before, first), [(first, head), (tail, last)], (last, after))
        return None

    def _part_start(self, word: int) -> int:
        """The first word of the part that a word lies in; the title is no neighbour of the first."""
        return bisect_left(self._parts, self._parts[word]) if word >= self._titles else word + 1

    def _part_end(self, word: int) -> int:
        """One after the last word of the part that a word lies in."""
        return bisect_right(self._parts, self._parts[word]) if word < len(self._parts) else word

    def _stands_first(self, first: int, last: int, behind: int = 0) -> bool:
        """Whether, from the word ``behind`` on, the words from first to last stand here before elsewhere.

        Across the edges of parts as well, because nobody knows where the blocks of the page end.
        """
        start, end = self._places[first], self._places[last] - 1
        found = self._words.find(self._words[start:end], self._places[behind])
        while found < start:
            after = found + end - start
            if not (self._words[found - 1 : found].isalnum() or self._words[after : after + 1].isalnum()):
                return False
            found = self._words.find(self._words[start:end], found + 1)
        return True

    def _write(self, before: Span, named: Sequence[Span], after: Span) -> str | None:
        prefix = [f"{self._encode(before)}-"] if before[0] < before[1] else []
        suffix = [f"-{self._encode(after)}"] if after[0] < after[1] else []
        written = ",".join([*prefix, *map(self._encode, named), *suffix])
        return written if len(written) <= _LONGEST else None

    def _encode(self, words: Span) -> str:
        spans = (slice(self._starts[word], self._ends[word]) for word in range(*words))
        # A dash, a comma and an ampersand are signs of the fragment's own grammar.
        return quote(" ".join(self._text[span] for span in spans), safe="").replace("-", "%2D")


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word).casefold().translate(_SAME_SIGNS)
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
