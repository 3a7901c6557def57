#!/usr/bin/env python3
"""Read a document (.txt, .md, .html, .docx, .pdf) into corpus/, once a person has seen what it becomes."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

from console import run

from app.corpus.catalog import find_problems, read_article, read_corpus, show_path
from app.corpus.drafts import Draft, Piece, propose_slug
from app.corpus.importers import import_document
from app.corpus.intake import FIELDS, REQUIRED, Staged, Value, check_vacancy, stage_article
from app.corpus.passages import cut_article
from app.corpus.resemblance import find_resemblances
from app.errors import CorpusError
from app.records import Article, Passage
from app.settings import Settings

WIDTH = 108
OF_ONE_ARTICLE = ("slug", "title", "url", "keep", "drop")
SIGNS = {True: "=", False: "-"}


def main() -> int:
    """Each file in turn; the first that is refused ends the run."""
    options = parse_options()
    for path in options.files:
        add_article(path, options)
    print("Run `make index` to publish, or `scripts/reindex.py --dry-run` to see first what changes.")
    return 0


def parse_options() -> argparse.Namespace:
    """What a document does not say about itself, or says wrongly, is given by options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    for name in ("title", "publisher", "url", "rights", "author", "language"):
        parser.add_argument(f"--{name}", help="goes into the .toml as it is")
    for name in ("retrieved", "reviewed"):
        parser.add_argument(f"--{name}", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument(
        "--exclude", action="append", metavar="WORDS", help="first words of a line to leave out"
    )
    parser.add_argument("--when-to-get-help", action="append", metavar="HEADING", help="may be given again")
    parser.add_argument("--slug", help="name of the two files (default: from the title)")
    parser.add_argument(
        "--keep", type=parse_numbers, default=frozenset(), metavar="7,9-12", help="pieces to keep"
    )
    parser.add_argument(
        "--drop", type=parse_numbers, default=frozenset(), metavar="3", help="pieces to leave out"
    )
    parser.add_argument("--replace", action="store_true", help="write over the article of that name")
    parser.add_argument("--yes", action="store_true", help="accept what is shown, ask nothing")
    parser.add_argument("--corpus", type=Path, help="folder to write to (default: the corpus)")
    options = parser.parse_args()
    given = [name for name in OF_ONE_ARTICLE if getattr(options, name)]
    if len(options.files) > 1 and given:
        parser.error(f"--{given[0]} is for a single file")
    return options


def parse_numbers(value: str) -> frozenset[int]:
    """``7,9-12`` as numbers."""
    edges = [part.partition("-") for part in value.split(",")]
    return frozenset(n for low, _, high in edges for n in range(int(low), int(high or low) + 1))


def add_article(path: Path, options: argparse.Namespace) -> None:
    """Show, ask, write; nothing is written unless all of it is accepted."""
    corpus = options.corpus or Settings().corpus_dir
    draft = import_document(path).choose(options.keep, options.drop)
    show_draft(path, draft)
    accept("Is everything kept that belongs to the article?", options)
    title = str(options.title or ask("title", draft.proposal.title, options) or "")
    slug = options.slug or propose_slug(title or path.stem)
    if not options.replace:
        check_vacancy(corpus, slug)
    metadata = settle_metadata(path, draft, title, find_present(corpus, slug), options)
    with stage_article(corpus, slug, draft.render(title), metadata) as staged:
        show_passages(staged)
        show_resemblances(staged, read_others(corpus, slug))
        accept(f"Write {slug}.txt and {slug}.toml?", options)
        staged.place(corpus, replace=options.replace)
    print(f"Wrote {show_path(corpus / slug)}.txt and .toml.")


def settle_metadata(
    path: Path, draft: Draft, title: str, present: Mapping[str, Value], options: argparse.Namespace
) -> dict[str, Value]:
    """Options come first, then what is there already, then what the document says; the rest is asked for."""
    proposed = asdict(draft.proposal) | {"retrieved": date.fromtimestamp(path.stat().st_mtime)}
    metadata: dict[str, Value] = {"title": title}
    for name in FIELDS[1:]:
        value = getattr(options, name)
        proposal = present.get(name) or proposed.get(name)
        metadata[name] = value or (ask(name, proposal, options) if name in REQUIRED else proposal)
    missing = [f"--{name}" for name in REQUIRED if not metadata[name]]
    if missing:
        raise CorpusError(f"{show_path(path)}: does not say everything; give {', '.join(missing)}.")
    return metadata


def ask(name: str, proposal: Value, options: argparse.Namespace) -> Value:
    """A person's answer; the proposal when nobody is there to ask, or on Enter."""
    if options.yes or not sys.stdin.isatty():
        return proposal
    answer = input(f"{name.capitalize()}{f' [{proposal}]' if proposal else ''}: ").strip()
    if not answer:
        return proposal
    return read_date(answer) if name == "retrieved" else answer


def read_date(answer: str) -> date:
    """A date as a person typed it; raises CorpusError."""
    try:
        return date.fromisoformat(answer)
    except ValueError:
        raise CorpusError(f"{answer!r} is no date; write it as 2026-11-21.") from None


def accept(question: str, options: argparse.Namespace) -> None:
    """Raises CorpusError unless a person, or --yes, says yes."""
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise CorpusError("nothing was written: look at what is shown above, then run it again with --yes.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise CorpusError("nothing was written; --keep and --drop choose pieces by their numbers.")


def find_present(corpus: Path, slug: str) -> Mapping[str, Value]:
    """What the metadata of an article that is replaced says."""
    path = corpus / f"{slug}.txt"
    if not path.exists():
        return {}
    try:
        return asdict(read_article(path))
    except CorpusError as error:
        print(f"Nothing is taken over from the article that is replaced: {error}")
        return {}


def read_others(corpus: Path, slug: str) -> tuple[Article, ...]:
    """The articles that are there, less the one that is replaced; none while the corpus has faults."""
    if not any(corpus.glob("*.txt")):
        return ()
    for problem in find_problems(corpus):
        print(f"Not compared with the articles that are there: {problem}")
        return ()
    return tuple(article for article in read_corpus(corpus) if article.slug != slug)


def show_draft(path: Path, draft: Draft) -> None:
    """The document's raw pieces in order, each with a sign: kept or dropped."""
    print(f"{show_path(path)}: {count_kept(draft.pieces) or 'plain text, kept as it is'}")
    for note in draft.notes:
        print(f"  Note: {note}")
    if draft.proposal.published and not draft.proposal.reviewed:
        print(f"  Note: dated {draft.proposal.published}; --reviewed if that is the date of a review.")
    for number, piece in enumerate(draft.pieces, start=1):
        print("\n".join(show_piece(number, piece)))


def count_kept(pieces: tuple[Piece, ...]) -> str:
    """``kept 3 of 9 items, 4 of 4 table rows``."""
    total = Counter(piece.kind for piece in pieces)
    kept = Counter(piece.kind for piece in pieces if piece.kept)
    return "kept " + ", ".join(f"{kept[kind]} of {total[kind]} {kind}s" for kind in total) if total else ""


def show_piece(number: int, piece: Piece) -> Iterator[str]:
    """What is kept on one line, what is dropped in full."""
    start = f"{number:5} {SIGNS[piece.kept]} {piece.kind:12} "
    words = f"{piece.text}{f'   ({piece.why})' if piece.why else ''}"
    if piece.kept:
        yield start + textwrap.shorten(words, WIDTH - len(start), placeholder=" ...")
    else:
        yield from textwrap.wrap(words, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def show_passages(staged: Staged) -> None:
    """Every passage in full under its heading path, and what stands in none."""
    print(f"\n{len(staged.passages)} passages of {staged.article.title}:")
    for number, passage in enumerate(staged.passages, start=1):
        path = " > ".join(passage.section) or "(beginning)"
        print(f"\n{number:4}  {path}  ({len(passage.text.split())} words)")
        for line in passage.text.split("\n"):
            print(textwrap.fill(line, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6))
    if staged.unread:
        print("\nIn no passage, because it is excluded, or a heading with nothing under it:")
        print(textwrap.indent("\n".join(staged.unread), " " * 6))
    print()


def show_resemblances(staged: Staged, others: tuple[Article, ...]) -> None:
    """Near-duplicates of what is there, by passage; and of a whole article."""
    for other in others:
        if other.url == staged.article.url:
            print(f"Attention: {other.slug} has the same address.")
    stored: list[Passage] = [passage for other in others for passage in cut_article(other)]
    alike = list(find_resemblances(staged.passages, stored))
    numbers = {passage.id: number for number, passage in enumerate(staged.passages, start=1)}
    for found in alike:
        where = " > ".join((found.stored.article, *found.stored.section))
        print(f"Attention: passage {numbers[found.new.id]} is {found.share:.0%} the same as one of {where}.")
    for slug, count in Counter(found.stored.article for found in alike).items():
        if count * 2 > len(staged.passages):
            print(f"Attention: this looks like {slug} again ({count} of {len(staged.passages)} passages).")


if __name__ == "__main__":
    run(main)
