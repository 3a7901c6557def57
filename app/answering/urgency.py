"""Does a question describe what needs help now, or today? Reviewed rules, in which no model has a say.

A second opinion (urgency_vote.py) may add an alarm where they see none; it takes none of theirs away.

The rules, their words and a reason for each stand in ``urgency.toml``; this module only matches them, with
nothing but the standard library, so that they work when no index and no encoder could be loaded. Words are
matched by their beginnings (``convuls*``) rather than by a stemmer's output, so that a clinician reads in the
file what the program matches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path

from app.answering.urgency_rules import Part, Pattern, Rule, RuleBook, index_patterns, read_rules
from app.answering.wording import Wording
from app.records import Urgency

RULES = Path(__file__).with_name("urgency.toml")
GAP = 4
"""Words that ``..`` may stand for."""
START = "^"
EDGE = "|"

Spans = dict[int, set[int]]
"""Where something stands in a question: first word -> the ends, each one past the last word."""


class Reading:
    """One question as words, with everything that the concepts found in it."""

    def __init__(
        self, words: list[str], clauses: list[int], sentences: list[int], negators: Collection[str]
    ) -> None:
        self.words = words
        self.negators = negators
        self.clauses = clauses
        """The clause of each word."""
        self.sentences = sentences
        """The sentence of each word."""
        self.struck = False
        self.at: dict[str, Spans] = {}
        self.counted: dict[tuple[tuple[int, int], bool], bool] = {}
        """Places that were judged before, for *now* or not: many rules ask for the same concepts."""

    def add(self, name: str, start: int, end: int) -> None:
        """Note that ``name`` stands at [start, end)."""
        self.at.setdefault(name, {}).setdefault(start, set()).add(end)

    def spans(self, name: str) -> Iterator[tuple[int, int]]:
        """Every place of a concept."""
        for start, ends in self.at.get(name, {}).items():
            for end in ends:
                yield start, end

    def strike(self, name: str) -> None:
        """Take the words of a concept out, so that nothing else is read into them."""
        self.struck = True
        struck = {i for start, end in self.spans(name) for i in range(start, end)}
        for spans in self.at.values() if struck else ():
            for i in struck & spans.keys():
                del spans[i]

    def follow(self, end: int, part: Part, clause: int) -> Iterator[int]:
        """The ends of ``part`` after ``end`` in a clause; a gap does not leap over a denial."""
        spans = self.at[part.name]
        if part.name == EDGE:
            yield from spans.get(end, ())
            return
        for start in range(end, min(end + GAP * part.gap, len(self.words) - 1) + 1):
            if self.clauses[start] != clause:
                return
            yield from spans.get(start, ())
            if self.words[start] in self.negators:
                return


class UrgencyRules:
    """The reviewed rules, ready to be asked; safe to share between threads."""

    def __init__(self, rules: RuleBook) -> None:
        self.rules = rules.rules
        self._quantities = rules.quantities
        self._concepts = rules.concepts
        self._idioms = [concept.name for concept in rules.concepts].index("<other_sense>")
        self._roots = rules.roots
        self._longest_root = max(map(len, rules.roots), default=0)
        self._by_anchor = index_patterns(rules.concepts)
        self._words = rules.words
        self._long_roots = frozenset(root for root in rules.roots if len(root) >= 4)
        self._fillers = rules.words_of("<filler>")
        self._negators = rules.words_of("<negator>")
        self._lead = rules.words_of("<lead>")
        self._wording = Wording(rules.spelling, rules.words, rules.roots)

    @classmethod
    def load(cls, path: Path = RULES) -> UrgencyRules:
        """Read the rules; raises ValueError for a name that the file does not define before it uses it."""
        return cls(read_rules(path))

    def judge(self, reading: Reading) -> Urgency:
        """The highest level among the rules that hold for what was read."""
        levels = {rule.level for rule in self.fire(reading)}
        return "now" if "now" in levels else "today" if levels else "none"

    def explain(self, question: str) -> list[str]:
        """The names of the rules that fire; for maintainers' tests, never logged."""
        return [rule.name for rule in self.fire(self.read(question))]

    def knows(self, word: str) -> bool:
        """Whether the rules name the word, or a beginning of four letters and more that it has."""
        return word in self._words or any(
            word[:length] in self._long_roots for length in range(4, len(word) + 1)
        )

    def read(self, question: str) -> Reading:
        """Find every concept in a question."""
        reading = Reading(*self._wording.split(question), self._negators)
        if not reading.words:
            return reading
        self._find_words(reading)
        self._find_quantities(reading)
        found = reading.at.keys()
        # The patterns of which a word occurs, and those of concepts alone, in the order of the file.
        anchored = [self._by_anchor[name] for name in found if name in self._by_anchor]
        for candidate in sorted(chain(self._by_anchor[""], *anchored), key=itemgetter(0)):
            if candidate.number > self._idioms and not reading.struck:
                reading.strike("<other_sense>")
            if candidate.names <= found:
                name = self._concepts[candidate.number].name
                for start, end in _match(candidate.pattern, reading):
                    reading.add(name, start, end)
        return reading

    def tell(self, reading: Reading) -> list[str]:
        """The concepts and quantities of a text, each with "+" where it is said of a child and of now."""
        return [
            f"{name} {'+' if any(self._counts(s, reading, 'now') for s in reading.spans(name)) else '-'}"
            for name in reading.at
            if name.startswith("<")
        ]

    def fire(self, reading: Reading) -> Iterator[Rule]:
        """The rules that hold for what was read."""
        if reading.words:
            found = reading.at.keys()
            for rule in self.rules:
                occur = found >= rule.required and not rule.unless & found
                if occur and self._holds(rule, reading):
                    yield rule

    def _holds(self, rule: Rule, reading: Reading) -> bool:
        places = [
            [span for span in reading.spans(name) if self._counts(span, reading, rule.level)]
            for name in rule.needs
        ]
        if len(places) < 2:
            return all(places)
        first, *others = places
        return any(all(any(_distance(a, b) <= rule.within for b in other) for other in others) for a in first)

    def _counts(self, span: tuple[int, int], reading: Reading, level: Urgency) -> bool:
        """Whether a concept is said of a child and of now: not denied, not supposed, not long past."""
        asked = span, level == "now"
        if asked not in reading.counted:
            reading.counted[asked] = self._judge(span, reading, level)
        return reading.counted[asked]

    def _judge(self, span: tuple[int, int], reading: Reading, level: Urgency) -> bool:
        if self._is_denied(span[0], reading):
            return False
        if "<panic>" in reading.at:
            return True
        start, _ = span
        # The last thing said before it, in its clause or sentence, may make it a mere possibility.
        supposed = max(
            _last_end("<supposing>", span, start, reading, reading.clauses),
            _last_end("<asking>", span, start, reading, reading.sentences),
        )
        # A report may be part of what was found ("he is limp"); a supposing stands before it.
        asserted = _last_end("<asserting>", span, start + 1, reading, reading.sentences)
        if "<imagined>" in reading.at or 0 <= supposed >= asserted:
            return False
        # What began last week is no emergency now, and may still need a doctor today.
        past, sentence = "<past>" if level == "now" else "<long_past>", reading.sentences[start]
        over = any(reading.sentences[place] == sentence for place, _ in reading.spans(past))
        return not over or _last_end("<present>", span, start + 1, reading, reading.sentences) >= 0

    def _is_denied(self, start: int, reading: Reading) -> bool:
        """Walk back over words such as "have a" to a denial; "or" carries it over one more thing."""
        skip = 0
        for i in range(start - 1, -1, -1):
            word = reading.words[i]
            if reading.clauses[i] != reading.clauses[start]:
                return False
            if word in self._negators:
                return True
            if word in ("or", "nor"):
                skip = 3
            elif word not in self._fillers:
                skip -= 1
                if skip < 0:
                    return False
        return False

    def _find_words(self, reading: Reading) -> None:
        leading = True
        for i, word in enumerate(reading.words):
            leading = leading or reading.sentences[i] != reading.sentences[i - 1]
            if leading:
                reading.add(START, i, i)
            leading = leading and word in self._lead
            if i == 0 or reading.clauses[i] != reading.clauses[i - 1]:
                reading.add(EDGE, i, i)
            reading.add(word, i, i + 1)
            for length in range(2, min(len(word), self._longest_root) + 1):
                if word[:length] in self._roots:
                    reading.add(f"{word[:length]}*", i, i + 1)
        reading.add(EDGE, len(reading.words), len(reading.words))

    def _find_quantities(self, reading: Reading) -> None:
        for i, word in enumerate(reading.words):
            if not word[0].isdecimal():
                continue
            unit = reading.words[i + 1] if i + 1 < len(reading.words) else ""
            for quantity in self._quantities:
                factor = quantity.units.get(unit) if quantity.units else 1
                if factor and quantity.lowest <= float(word) * factor <= quantity.highest:
                    reading.add(quantity.name, i, i + (2 if quantity.units else 1))


def _last_end(name: str, span: tuple[int, int], before: int, reading: Reading, groups: list[int]) -> int:
    """The last end within ``span`` of a concept that begins ``before`` in its clause or sentence; else -1."""
    group = groups[span[0]]
    places = (end for start, end in reading.spans(name) if start < before and groups[start] == group)
    return max((end for end in places if end <= span[1]), default=-1)


def _distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Words between two places; 0 where they touch or overlap."""
    return max(one[0] - other[1], other[0] - one[1], 0)


def _match(pattern: Pattern, reading: Reading) -> list[tuple[int, int]]:
    spans = reading.at[pattern[0].name]
    if len(pattern) == 1:
        return [(start, end) for start, ends in spans.items() for end in ends]
    found = []
    for start, ends in spans.items():
        clause = reading.clauses[min(start, len(reading.words) - 1)]
        reached = set(ends)
        for part in pattern[1:]:
            reached = {end for so_far in reached for end in reading.follow(so_far, part, clause)}
        found += [(start, end) for end in reached]
    return found
