"""The reviewed urgency rules as ``urgency.toml`` has them: concepts, quantities, rules and spelling."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.records import Urgency

ANYWHERE = 1000
"""More words than a question has."""


class Part(NamedTuple):
    """One word, root or concept of a pattern, and whether ``..`` stands before it."""

    name: str
    gap: bool


Pattern = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Concept:
    """A meaning and the patterns that express it."""

    name: str
    patterns: tuple[Pattern, ...]


class Candidate(NamedTuple):
    """A pattern that may match, with the number of its concept and the names of its parts."""

    number: int
    pattern: Pattern
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quantity:
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


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The whole file."""

    concepts: tuple[Concept, ...]
    quantities: tuple[Quantity, ...]
    rules: tuple[Rule, ...]
    spelling: dict[str, Any]

    @property
    def words(self) -> frozenset[str]:
        """Every word that a pattern names."""
        return frozenset(name for name in self._names() if name.isalpha())

    @property
    def roots(self) -> frozenset[str]:
        """Every beginning of words that a pattern names, without its star."""
        return frozenset(name[:-1] for name in self._names() if name.endswith("*"))

    def words_of(self, concept: str) -> frozenset[str]:
        """The single words of one concept."""
        (patterns,) = (one.patterns for one in self.concepts if one.name == concept)
        return frozenset(pattern[0].name for pattern in patterns if len(pattern) == 1)

    def _names(self) -> Iterator[str]:
        return (part.name for concept in self.concepts for pattern in concept.patterns for part in pattern)


def read_rules(path: Path) -> RuleBook:
    """Read and check the file; raises ValueError for a name that is not defined before it is used."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    book = RuleBook(
        concepts=tuple(
            Concept(f"<{name}>", tuple(dict.fromkeys(_read_patterns(entry["patterns"]))))
            for name, entry in data["concepts"].items()
        ),
        quantities=tuple(
            Quantity(f"<{entry['name']}>", entry["units"], entry["from"], entry.get("to", float("inf")))
            for entry in data["quantities"]
        ),
        rules=tuple(_read_rule(entry) for entry in data["rules"]),
        spelling=data["spelling"],
    )
    known = {quantity.name for quantity in book.quantities}
    for concept in book.concepts:
        named = {part.name for pattern in concept.patterns for part in pattern if part.name.startswith("<")}
        _refuse(concept.name, named - known)
        known.add(concept.name)
    for rule in book.rules:
        _refuse(rule.name, (rule.required | rule.unless) - known)
    return book


def index_patterns(concepts: tuple[Concept, ...]) -> dict[str, list[Candidate]]:
    """Each pattern under its rarest word; under "" where it has none."""
    uses = Counter(part.name for concept in concepts for pattern in concept.patterns for part in pattern)
    index: dict[str, list[Candidate]] = {"": []}
    for number, concept in enumerate(concepts):
        for pattern in concept.patterns:
            names = frozenset(part.name for part in pattern)
            words = [name for name in sorted(names) if name[0].isalnum()]
            rarest = min(words, key=uses.__getitem__, default="")
            index.setdefault(rarest, []).append(Candidate(number, pattern, names))
    return index


def _read_patterns(text: str) -> Iterator[Pattern]:
    """Read the patterns of one entry: separated by ``/`` or a line's end."""
    for line in text.replace("/", "\n").splitlines():
        gap, parts = False, []
        for word in line.split():
            if word != "..":
                parts.append(Part(word, gap))
            gap = word == ".."
        if parts:
            yield tuple(parts)


def _read_rule(entry: dict[str, Any]) -> Rule:
    needs, beside = _names(entry.get("needs", ())), _names(entry.get("with", ()))
    return Rule(
        name=entry["name"],
        level=entry.get("level", "now"),
        sign=entry["sign"],
        reason=entry["reason"],
        needs=needs,
        unless=frozenset(_names(entry.get("unless", ()))),
        within=entry.get("within", ANYWHERE),
        required=frozenset((*needs, *beside)),
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"<{name}>" for name in names)


def _refuse(name: str, unknown: Collection[str]) -> None:
    if unknown:
        raise ValueError(f"{name} names what is not defined before it: {', '.join(sorted(unknown))}")
