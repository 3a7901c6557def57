"""What a new generation would change: articles, passages, answers and measures; as text and as a page."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from typing import Self

from app.corpus.resemblance import find_resemblances
from app.evaluation.gate import begin
from app.evaluation.release import Examination
from app.index.generation import LAYOUT, Generation
from app.index.store import Store
from app.records import Passage

_PREVIEW = 90
"""Characters of a passage in the text; the page shows it whole."""
_CONTEXT = 6
"""Words shown on each side of a change."""
_PAGE_HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>What re-indexing would change</title>",
    "<style>body{font:1rem/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}",
    "td,th{padding:.1rem .8rem;text-align:left}ins,del{display:block;white-space:pre-wrap;margin:1rem 0;",
    "padding:.5rem 1rem;text-decoration:none}ins{background:#e3f4e3}del{background:#fbe4e4}</style>",
    "<h1>What re-indexing would change</h1>",
)


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two generations; everything is new where there is none before."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    """Articles, by slug; changed in their text or in what is known about them."""
    kept: int
    """Passages with the same words in the same article."""
    new: tuple[Passage, ...]
    gone: tuple[Passage, ...]
    examination: Examination

    @classmethod
    def of(cls, folder: Path, previous: Generation | None, examination: Examination) -> Self:
        """Compare the unpublished generation in ``folder`` with the one before; raises GenerationError."""
        with Generation.open(folder) as generation:
            after, sources = _read_passages(generation), _read_sources(generation)
        before = _read_passages(previous) if previous else {}
        old_sources = _read_sources(previous) if previous else {}
        return cls(
            added=tuple(slug for slug in sources if slug not in old_sources),
            changed=tuple(
                slug for slug in sources if slug in old_sources and sources[slug] != old_sources[slug]
            ),
            removed=tuple(slug for slug in old_sources if slug not in sources),
            kept=len(after.keys() & before.keys()),
            new=tuple(passage for passage_id, passage in after.items() if passage_id not in before),
            gone=tuple(passage for passage_id, passage in before.items() if passage_id not in after),
            examination=examination,
        )

    def render_text(self) -> str:
        """For the terminal: a line an article and a passage; of an edited one, the part that changed."""
        edited: dict[str, Passage] = {}
        """The passage gone that each new one of the same article says most of, by the new one's id."""
        for slug in self.changed:
            pair = ([p for p in passages if p.article == slug] for passages in (self.new, self.gone))
            for new, stored, _ in find_resemblances(*pair):
                if stored not in edited.values():
                    edited[new.id] = stored
        replaced = {passage.id for passage in edited.values()}
        lines = [f"{kind:8} {slug}.txt" for kind, slugs in _list_articles(self) for slug in slugs]
        lines.append(f"passages: {self.kept} kept, {len(self.new)} new, {len(self.gone)} gone")
        for passage in self.new:
            before = edited.get(passage.id)
            said = _mark_changes(before.text, passage.text) if before else begin(passage.text, _PREVIEW)
            lines.append(f"  {'~' if before else '+'} {_name(passage)}: {said}")
        lines += [f"  - {_name(p)}: {begin(p.text, _PREVIEW)}" for p in self.gone if p.id not in replaced]
        return "\n".join([*lines, self.examination.render_text()])

    def render_page(self) -> str:
        """A page without anything from elsewhere, to be attached to a review; every passage word for word."""
        articles = [f"<li>{kind}: {escape(slug)}" for kind, slugs in _list_articles(self) for slug in slugs]
        measures = [
            f"<tr><th scope=row>{escape(name)}<td>{before}<td>{after}<td>{count}"
            for name, before, after, count in self.examination.list_measures()
        ]
        parts = [
            *_PAGE_HEAD,
            f"<ul>{''.join(articles) or '<li>No article is added, changed or removed.'}</ul>",
            f"<p>{self.kept} passages kept, {len(self.new)} new, {len(self.gone)} gone.",
            f"<table><tr><caption>{escape(self.examination.name_sets())}</caption>"
            f"<tr><th>Measure<th>before<th>after<th>questions{''.join(measures)}</table>",
            *(f"<p>Another first passage: {escape(moved)}." for moved in self.examination.moved),
            *(f"<p>New: {escape(article.describe())}." for article in self.examination.articles),
            *(f"<p><strong>The gate objects: {escape(r)}.</strong>" for r in self.examination.objections),
            *(f"<h2>{escape(_name(p))}</h2><ins>{escape(p.text)}</ins>" for p in self.new),
            *(f"<h2>{escape(_name(p))}</h2><del>{escape(p.text)}</del>" for p in self.gone),
        ]
        return "\n".join(parts) + "\n</html>\n"


def _read_passages(generation: Generation) -> dict[str, Passage]:
    with closing(Store(generation.path(LAYOUT.store), cached=1)) as store:
        return {passage.id: passage for _, passage in store.passage_rows()}


def _read_sources(generation: Generation) -> dict[str, tuple[str, str]]:
    return {one.slug: (one.sha256, one.metadata_sha256) for one in generation.manifest.sources}


def _mark_changes(before: str, after: str) -> str:
    """``… and harmless [-condition-] {+thing+} that …``, as ``git diff --word-diff`` has it."""
    old, new = before.split(), after.split()
    parts: list[str] = []
    for operation, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation != "equal":
            parts += [f"[-{' '.join(old[a:b])}-]"] * (b > a) + [f"{{+{' '.join(new[c:d])}+}}"] * (d > c)
            continue
        head = old[a : min(b, a + _CONTEXT)] if a else []
        tail = old[max(a + len(head), b - _CONTEXT) : b] if b < len(old) else []
        parts += [*head, *["…"] * (len(head) + len(tail) < b - a), *tail]
    return " ".join(parts)


def _list_articles(changes: Changes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed))


def _name(passage: Passage) -> str:
    return " > ".join((passage.article, *passage.section))
