"""Worlds: sample corpora of any size, and questions whose answer is known to be in them or not.

What holds on five articles may not hold on others. The material (tests/questions/worlds/) was written to
learn and to measure with and is never served. Each of its articles belongs to one part for good, so that
what is fitted on `train` is chosen on `validation` and reported on `test`, which nothing was fitted to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.corpus.catalog import MAX_SLUG
from app.errors import CorpusError
from app.evaluation.questions import Gold, Grade, Kind, Question

Part = Literal["train", "validation", "test"]

ARTICLES = "articles.jsonl"
GENERAL = "general.jsonl"
WRITTEN = "written.jsonl"
ASKED = "asked.jsonl"
JUDGED = "judged.jsonl"

_Text = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    """A heading, the words under it, and questions that they answer."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    heading: _Text
    text: _Text
    questions: tuple[_Text, ...] = Field(strict=False)


class Material(BaseModel):
    """One article to learn from, and questions near its subject that it does not answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    topic: _Text
    part: Part
    title: _Text
    passages: tuple[_Section, ...] = Field(strict=False, min_length=1)
    misses: tuple[_Text, ...] = Field(strict=False)

    @property
    def slug(self) -> str:
        """Its name in a corpus."""
        return "-".join(re.findall(r"[a-z0-9]+", self.topic.lower()))[:MAX_SLUG].rstrip("-")


class _Judged(BaseModel):
    """A question of the material, and which of all passages that were put before a judge answer it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: _Text
    answers: dict[str, Grade]
    """By slug and place of the passage ("nosebleeds/3"): 3 answers wholly, 2 for a good part."""


@dataclass(frozen=True, slots=True)
class World:
    """Which articles a corpus has, and whose questions it is asked."""

    asked: tuple[Material, ...]
    """In the corpus: their questions are answerable, their misses are not."""
    absent: tuple[Material, ...]
    """Not in the corpus, and so their questions are not answerable, though their neighbours may be there."""
    filler: tuple[Material, ...]
    """In the corpus, and not asked about."""

    def questions(self, judged: Mapping[str, tuple[Gold, ...]] | None = None) -> tuple[Question, ...]:
        """All three kinds: of what is asked about, misses (ids begin with "miss/"), left out ("absent/").

        A question is answerable where a passage of this world answers it: the one that it was written for
        or, with ``judged``, any that was judged to. Then those that were not judged are not asked.
        """
        present = {material.slug for material in (*self.asked, *self.filler)}
        asked: list[tuple[str, str, tuple[Gold, ...]]] = []
        for prefix, materials in (("", self.asked), ("absent/", self.absent)):
            for material in materials:
                for place, section in enumerate(material.passages):
                    gold = Gold(article=material.slug, quote=section.text.strip(), grade=3)
                    asked += [
                        (f"{prefix}{material.slug}/{place}/{number}", words, (gold,))
                        for number, words in enumerate(section.questions)
                    ]
            for material in materials if not prefix else ():
                asked += [
                    (f"miss/{material.slug}/{number}", words, ())
                    for number, words in enumerate(material.misses)
                ]
        questions = []
        for name, words, own in asked:
            golds = own if judged is None else judged.get(name.removeprefix("absent/"))
            if golds is not None:
                relevant = tuple(gold for gold in golds if gold.article in present)
                kind: Kind = "answerable" if relevant else "unanswerable"
                questions.append(Question(id=name, question=words, kind=kind, relevant=relevant))
        return tuple(questions)


def read_material(path: Path) -> tuple[Material, ...]:
    """Every article of a file of material; raises CorpusError."""
    try:
        return tuple(map(Material.model_validate_json, path.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise CorpusError(f"{path}: cannot be used: {error}.") from None


def read_judged(path: Path, materials: Iterable[Material]) -> dict[str, tuple[Gold, ...]]:
    """Of each judged question, by id, the passages that answer it; raises CorpusError."""
    texts = {
        f"{material.slug}/{place}": Gold(article=material.slug, quote=section.text.strip(), grade=3)
        for material in materials
        for place, section in enumerate(material.passages)
    }
    try:
        lines = map(_Judged.model_validate_json, path.read_text("utf-8").splitlines())
        return {
            line.id: tuple(
                texts[key].model_copy(update={"grade": grade}) for key, grade in line.answers.items()
            )
            for line in lines
        }
    except (OSError, UnicodeDecodeError, ValidationError, KeyError) as error:
        raise CorpusError(f"{path}: cannot be used: {error}.") from None


def sample_worlds(
    materials: Sequence[Material], part: Part, size: int, count: int, *, seed: int = 0
) -> list[World]:
    """``count`` worlds of ``size`` articles that ask about articles of ``part``.

    At most half of the part is asked about and as many are left out, in turn, so that each is both as often;
    what is missing to ``size`` comes from the other parts.
    """
    generator = np.random.default_rng(seed)
    own = [material for material in materials if material.part == part]
    own = [own[place] for place in generator.permutation(len(own))]
    others = [material for material in materials if material.part != part]
    asked = min(size, len(own) // 2)
    worlds = []
    for number in range(count):
        start = number * asked % len(own)
        turned = own[start:] + own[:start]
        filler = (others[place] for place in generator.permutation(len(others))[: size - asked])
        worlds.append(World(tuple(turned[:asked]), tuple(turned[asked : 2 * asked]), tuple(filler)))
    return worlds


def write_corpus(folder: Path, materials: Iterable[Material]) -> None:
    """A corpus of these, as corpus/ has its articles; what is in the folder besides stays."""
    for material in materials:
        sections = (f"## {section.heading}\n\n{section.text.strip()}\n" for section in material.passages)
        (folder / f"{material.slug}.txt").write_text("\n".join((f"# {material.title}\n", *sections)), "utf-8")
        (folder / f"{material.slug}.toml").write_text(
            f"title = {json.dumps(material.title, ensure_ascii=False)}\n"
            'publisher = "Material to learn from"\n'
            f'url = "https://material.example/{material.slug}"\n'
            "retrieved = 2026-11-26\n"
            'rights = "Never served"\n',
            "utf-8",
        )
