"""Does a question describe what needs help now, or today? Reviewed rules, in which no model has a say.

A second opinion (urgency_vote.py) may add an alarm where they see none; it takes none of theirs away.

The rules, their words and a reason for each stand in ``urgency.toml``; this module only matches them, with
nothing but the standard library, so that they work when no index and no encoder could be loaded. Words are
matched by their beginnings (``convuls*``) rather than by a stemmer's output, so that a clinician reads in the
file what the program matches.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from app.answering.wording import Reading, Wording
from app.records import Urgency

RULES = Path(__file__).with_name("urgency.toml")
_GAP = 4
"""Words that ``..`` may stand for."""
_ANYWHERE = 1000
"""More words than a question has."""
_START = "^"
EDGE = "|"


class _Part(NamedTuple):
    """One word, root or concept of a pattern, and whether ``..`` stands before it."""

    name: str
    gap: bool


class _Candidate(NamedTuple):
    """A pattern that may match, with its concept and the concept's number, and the names of its parts."""

    number: int
    concept: str
    pattern: tuple[_Part, ...]
    names: frozenset[str]


class _Quantity(NamedTuple):
    """Figures between two bounds, in a unit where one is named."""

    name: str
    units: dict[str, float]
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of emergency: what must be said, what must occur beside it, what makes it harmless."""

    name: str
    level: Urgency
    sign: str
    reason: str
    needs: tuple[str, ...]
    unless: frozenset[str]
    within: int
    """Words between any of ``needs`` and the first of them, at most."""
    required: frozenset[str]
    """All that must occur: ``needs`` and what must stand beside them."""


class UrgencyRules:
    """The reviewed rules, ready to be asked; safe to share between threads."""

    def __init__(self, stored: dict[str, Any]) -> None:
        """As urgency.toml has them; raises ValueError for a name that is not defined before it is used."""
        self._quantities = [
            _Quantity(f"<{entry['name']}>", entry["units"], entry["from"], entry.get("to", float("inf")))
            for entry in stored["quantities"]
        ]
        self.rules = tuple(map(_read_rule, stored["rules"]))
        concepts = {
            f"<{name}>": list(dict.fromkeys(_read_patterns(entry["patterns"])))
            for name, entry in stored["concepts"].items()
        }
        known = {quantity.name for quantity in self._quantities}
        for concept, patterns in concepts.items():
            _refuse(concept, {part.name for part in chain(*patterns) if part.name[0] == "<"} - known)
            known.add(concept)
        for rule in self.rules:
            _refuse(rule.name, (rule.required | rule.unless) - known)

        uses = Counter(part.name for patterns in concepts.values() for part in chain(*patterns))
        # Each pattern under its rarest word; under "" where it has none.
        self._by_anchor: dict[str, list[_Candidate]] = {"": []}
        for number, (concept, patterns) in enumerate(concepts.items()):
            for pattern in patterns:
                names = frozenset(part.name for part in pattern)
                anchors = [name for name in sorted(names) if name[0].isalnum()]
                rarest = min(anchors, key=uses.__getitem__, default="")
                candidate = _Candidate(number, concept, pattern, names)
                self._by_anchor.setdefault(rarest, []).append(candidate)
        self._idioms = list(concepts).index("<other_sense>")
        self._words = frozenset(name for name in uses if name.isalpha())
        self._roots = frozenset(name[:-1] for name in uses if name.endswith("*"))
        self._longest_root = max(map(len, self._roots), default=0)
        self._fillers, self._negators, self._lead = (
            frozenset(pattern[0].name for pattern in concepts[name] if len(pattern) == 1)
            for name in ("<filler>", "<negator>", "<lead>")
        )
        self._wording = Wording(stored["spelling"], self._words, self._roots, self._negators)

    @classmethod
    @cache
    def load(cls, path: Path = RULES) -> UrgencyRules:
        """Read the rules, once; raises ValueError for a name that is not defined before it is used."""
        return cls(tomllib.loads(path.read_text(encoding="utf-8")))

    def judge(self, reading: Reading) -> Urgency:
        """The highest level among the rules that hold for what was read."""
        levels = {rule.level for rule in self.fire(reading)}
        return "now" if "now" in levels else "today" if levels else "none"

    def knows(self, word: str) -> bool:
        """Whether the rules name the word, or a beginning of four letters and more that it has."""
        return word in self._words or any(word[:length] in self._roots for length in range(4, len(word) + 1))

    def read(self, question: str) -> Reading:
        """Find every concept in a question."""
        reading = self._wording.read(question)
        words = reading.words
        if not words:
            return reading
        leading = True
        for i, word in enumerate(words):
            leading = leading or reading.sentences[i] != reading.sentences[i - 1]
            if leading:
                reading.add(_START, i, i)
            leading = leading and word in self._lead
            if i == 0 or reading.clauses[i] != reading.clauses[i - 1]:
                reading.add(EDGE, i, i)
            reading.add(word, i, i + 1)
            for length in range(2, min(len(word), self._longest_root) + 1):
                if word[:length] in self._roots:
                    reading.add(f"{word[:length]}*", i, i + 1)
        reading.add(EDGE, len(words), len(words))
        for i, word in enumerate(words):
            unit = words[i + 1] if i + 1 < len(words) else ""
            for quantity in self._quantities if word[0].isdecimal() else ():
                factor = quantity.units.get(unit) if quantity.units else 1
                if factor and quantity.lowest <= float(word) * factor <= quantity.highest:
                    reading.add(quantity.name, i, i + (2 if quantity.units else 1))
        found = reading.at.keys()
        # The patterns of which a word occurs, and those of concepts alone, in the order of the file.
        anchored = [self._by_anchor[name] for name in found if name in self._by_anchor]
        for candidate in sorted(chain(self._by_anchor[""], *anchored), key=itemgetter(0)):
            if candidate.number > self._idioms and not reading.struck:
                reading.strike("<other_sense>")
            if candidate.names <= found:
                for start, end in _match(candidate.pattern, reading):
                    reading.add(candidate.concept, start, end)
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
        return any(
            all(any(max(a[0] - b[1], b[0] - a[1]) <= rule.within for b in other) for other in others)
            for a in first
        )

    def _counts(self, span: tuple[int, int], reading: Reading, level: Urgency) -> bool:
        """Whether a concept is said of a child and of now: not denied, not supposed, not long past."""
        asked = span, level == "now"
        if asked in reading.counted:
            return reading.counted[asked]
        start, _ = span
        counts = not self._is_denied(start, reading)
        if counts and "<panic>" not in reading.at:
            # The last thing said before it, in its clause or sentence, may make it a mere possibility.
            supposed = max(
                _last_end("<supposing>", span, start, reading, reading.clauses),
                _last_end("<asking>", span, start, reading, reading.sentences),
            )
            # A report may be part of what was found ("he is limp"); a supposing stands before it.
            asserted = _last_end("<asserting>", span, start + 1, reading, reading.sentences)
            counts = "<imagined>" not in reading.at and not 0 <= supposed >= asserted
            # What began last week is no emergency now, and may still need a doctor today.
            past, sentence = "<past>" if level == "now" else "<long_past>", reading.sentences[start]
            if counts and any(reading.sentences[place] == sentence for place, _ in reading.spans(past)):
                counts = _last_end("<present>", span, start + 1, reading, reading.sentences) >= 0
        reading.counted[asked] = counts
        return counts

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


def _last_end(name: str, span: tuple[int, int], before: int, reading: Reading, groups: list[int]) -> int:
    """The last end within ``span`` of a concept that begins ``before`` in its clause or sentence; else -1."""
    group = groups[span[0]]
    places = (end for start, end in reading.spans(name) if start < before and groups[start] == group)
    return max((end for end in places if end <= span[1]), default=-1)


def _match(pattern: tuple[_Part, ...], reading: Reading) -> list[tuple[int, int]]:
    spans = reading.at[pattern[0].name]
    if len(pattern) == 1:
        return [(start, end) for start, ends in spans.items() for end in ends]
    found = []
    for start, ends in spans.items():
        clause = reading.clauses[min(start, len(reading.words) - 1)]
        reached = set(ends)
        for part in pattern[1:]:
            reached = {end for so_far in reached for end in _follow(so_far, part, clause, reading)}
        found += [(start, end) for end in reached]
    return found


def _follow(end: int, part: _Part, clause: int, reading: Reading) -> Iterator[int]:
    """The ends of ``part`` after ``end`` in a clause; a gap does not leap over a denial."""
    spans = reading.at[part.name]
    if part.name == EDGE:
        yield from spans.get(end, ())
        return
    for start in range(end, min(end + _GAP * part.gap, len(reading.words) - 1) + 1):
        if reading.clauses[start] != clause:
            return
        yield from spans.get(start, ())
        if reading.words[start] in reading.negators:
            return


def _read_patterns(text: str) -> Iterator[tuple[_Part, ...]]:
    """Read the patterns of one entry: separated by ``/`` or a line's end."""
    for line in text.replace("/", "\n").splitlines():
        gap, parts = False, []
        for word in line.split():
            if word != "..":
                parts.append(_Part(word, gap))
            gap = word == ".."
        if parts:
            yield tuple(parts)


def _read_rule(entry: dict[str, Any]) -> Rule:
    needs, beside, unless = (
        tuple(f"<{name}>" for name in entry.get(key, ())) for key in ("needs", "with", "unless")
    )
    return Rule(
        name=entry["name"],
        level=entry.get("level", "now"),
        sign=entry["sign"],
        reason=entry["reason"],
        needs=needs,
        unless=frozenset(unless),
        within=entry.get("within", _ANYWHERE),
        required=frozenset((*needs, *beside)),
    )


def _refuse(name: str, unknown: Collection[str]) -> None:
    if unknown:
        raise ValueError(f"{name} names what is not defined before it: {', '.join(sorted(unknown))}")
