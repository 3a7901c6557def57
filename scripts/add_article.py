#!/usr/bin/env python3
"""Read a document (.txt, .md, .html, .docx, .pdf) into corpus/, once a person has seen what it becomes."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

from console import run

from app.corpus.catalog import FIELDS, REQUIRED, check_article, check_corpus, show_path
from app.corpus.drafts import Draft
from app.corpus.importers import import_document
from app.corpus.intake import Staged, Value, check_vacancy, stage_article
from app.corpus.passages import cut_article
from app.corpus.proposals import propose_help, propose_slug
from app.corpus.resemblance import find_resemblances
from app.errors import CorpusError
from app.records import Article, Passage
from app.settings import Settings

WIDTH = 108
OF_ONE_ARTICLE = ("slug", "title", "url")
SIGNS = {True: "=", False: "-"}
LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]+)*")


def main() -> int:
    """Each file in turn; the first that is refused ends the run."""
    options = parse_options()
    for number, path in enumerate(options.files):
        of_one = {name: (getattr(options, name) or {}) for name in OF_ONE_ARTICLE}
        own = {name: values[number] if values else None for name, values in of_one.items()}
        add_article(path, argparse.Namespace(**{**vars(options), **own}))
    if not options.dry_run:
        print("Run `make index` to publish, or `scripts/reindex.py --dry-run` to see first what changes.")
    return 0


def parse_options() -> argparse.Namespace:
    """What a document does not say about itself, or says wrongly, is given by options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    for name in ("publisher", "rights", "author"):
        parser.add_argument(f"--{name}", help="goes into the .toml as it is")
    parser.add_argument("--language", type=read_language, metavar="en", help="what the words are in")
    for name in ("retrieved", "reviewed"):
        parser.add_argument(f"--{name}", type=read_date, metavar="YYYY-MM-DD")
    for name in OF_ONE_ARTICLE:
        parser.add_argument(
            f"--{name}", action="append", help="of several files: one for each, in their order"
        )
    parser.add_argument(
        "--exclude", action="append", metavar="WORDS", help="first words of a line to leave out"
    )
    parser.add_argument(
        "--when-to-get-help", action="append", metavar="HEADING",
        help="instead of those proposed; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--keep", type=read_numbers, default=frozenset(), metavar="7,9-12", help="pieces to keep"
    )
    parser.add_argument(
        "--drop", type=read_numbers, default=frozenset(), metavar="3", help="pieces to leave out"
    )
    parser.add_argument("--replace", action="store_true", help="write over the article of that name")
    parser.add_argument("--yes", action="store_true", help="accept what is shown, ask nothing")
    parser.add_argument("--dry-run", action="store_true", help="show everything, ask and write nothing")
    parser.add_argument("--corpus", type=Path, help="folder to write to (default: the corpus)")
    options = parser.parse_args()
    for name in OF_ONE_ARTICLE:
        given = getattr(options, name)
        if given and len(given) != len(options.files):
            parser.error(
                f"--{name} is given {len(given)} times for {len(options.files)} files; give one for each"
            )
    if len(options.files) > 1 and (options.keep or options.drop):
        parser.error("--keep and --drop are for a single file")
    return options


def read_numbers(value: str) -> frozenset[int]:
    """``7,9-12`` as numbers."""
    if not re.fullmatch(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no list of pieces; write their numbers: 7,9-12")
    edges = [
        (int(low), int(high or low)) for low, _, high in (part.partition("-") for part in value.split(","))
    ]
    for low, high in edges:
        if high < low:
            raise argparse.ArgumentTypeError(f"{low}-{high} runs backwards; write {high}-{low}")
    return frozenset(n for low, high in edges for n in range(low, high + 1))


def read_language(value: str) -> str:
    """A language's code; raises ArgumentTypeError."""
    if not LANGUAGE.fullmatch(value):
        raise argparse.ArgumentTypeError(f"{value!r} is no code of a language; write en, de or pt-BR")
    return value


def add_article(path: Path, options: argparse.Namespace) -> None:
    """Show, ask, write; nothing is written unless all of it is accepted."""
    corpus = options.corpus or Settings().corpus_dir
    draft = import_document(path)
    check_numbers(draft, options)
    draft = draft.choose(options.keep, options.drop)
    show_draft(path, draft)
    accept("Is everything kept that belongs to the article?", options)
    title = str(options.title or ask("title", draft.proposal.title, options) or "")
    slug = options.slug or propose_slug(title or path.stem)
    if not options.replace and not options.dry_run:
        check_vacancy(corpus, slug)
    text = draft.render(title)
    metadata = settle_metadata(path, draft, text, title, find_present(corpus, slug, options), options)
    others = read_others(corpus, slug)
    try:
        with stage_article(corpus, slug, text, metadata, elsewhere=options.dry_run) as staged:
            show_passages(staged)
            show_resemblances(staged, others)
            show_metadata(staged, others)
            accept(f"Write {slug}.txt and {slug}.toml?", options)
            if options.dry_run:
                print(f"Nothing was written: {show_path(path)} was looked at only.")
                return
            staged.place(corpus, replace=options.replace)
    except CorpusError as error:
        # The file that exists is the one that was given.
        raise CorpusError(f"{show_path(path)}: {error}") from error
    print(f"Wrote {show_path(corpus / slug)}.txt and .toml.")


def check_numbers(draft: Draft, options: argparse.Namespace) -> None:
    """Raises CorpusError for numbers that no piece has."""
    unknown = sorted(number for number in options.keep | options.drop if not 0 < number <= len(draft.pieces))
    if unknown and draft.text is not None:
        raise CorpusError(
            "plain text is kept whole: --keep and --drop choose nothing; edit the file, or --exclude."
        )
    if unknown:
        raise CorpusError(f"there is no piece {unknown[0]}; they are numbered from 1 to {len(draft.pieces)}.")


def settle_metadata(
    path: Path, draft: Draft, text: str, title: str, present: Mapping[str, Value], options: argparse.Namespace
) -> dict[str, Value]:
    """Options come first, then what is there already, then what the document says; the rest is asked for."""
    proposed = asdict(draft.proposal) | {
        "retrieved": date.fromtimestamp(path.stat().st_mtime),
        "when_to_get_help": propose_help(text, title),
    }
    metadata: dict[str, Value] = {"title": title}
    for name in FIELDS[1:]:
        value = getattr(options, name, None)
        proposal = present.get(name) or proposed.get(name)
        metadata[name] = value or (ask(name, proposal, options) if name in REQUIRED else proposal)
    missing = [f"--{name}" for name in REQUIRED if not metadata[name]]
    if missing and not options.dry_run:
        raise CorpusError(f"{show_path(path)}: does not say everything; give {', '.join(missing)}.")
    if missing:
        print(f"  Note: to be given: {', '.join(missing)}.")
        metadata = {"url": "https://example.org/"} | {
            name: value for name, value in metadata.items() if value
        }
        metadata = dict.fromkeys(REQUIRED, "(to be given)") | metadata
    return metadata


def ask(name: str, proposal: Value, options: argparse.Namespace) -> Value:
    """A person's answer; the proposal when nobody is there to ask, or on Enter."""
    if options.yes or options.dry_run or not sys.stdin.isatty():
        return proposal
    while True:
        answer = input(f"{name.capitalize()}{f' [{proposal}]' if proposal else ''}: ").strip()
        try:
            return (read_date(answer) if name == "retrieved" else answer) if answer else proposal
        except argparse.ArgumentTypeError as error:
            print(error)


def read_date(answer: str) -> date:
    """A date as a person typed it; raises ArgumentTypeError."""
    try:
        return date.fromisoformat(answer)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{answer!r} is no date; write it as 2026-11-21") from None


def accept(question: str, options: argparse.Namespace) -> None:
    """Raises CorpusError unless a person, or --yes, says yes."""
    if options.yes or options.dry_run:
        return
    if not sys.stdin.isatty():
        raise CorpusError("nothing was written: look at what is shown above, then run it again with --yes.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise CorpusError("nothing was written; --keep and --drop choose pieces by their numbers.")


def find_present(corpus: Path, slug: str, options: argparse.Namespace) -> Mapping[str, Value]:
    """What the metadata of an article that is replaced says, but for the dates: they are of its old words."""
    path = corpus / f"{slug}.txt"
    if not options.replace or not path.exists():
        return {}
    article, problems = check_article(path, {})
    if article is None:
        print(f"Nothing is taken over from the article that is replaced: {problems[0]}")
        return {}
    present = asdict(article)
    if present["reviewed"] and not options.reviewed:
        print(
            f"  Note: reviewed on {present['reviewed']} were the old words; --reviewed if the new ones are."
        )
    return present | {"retrieved": None, "reviewed": None}


def read_others(corpus: Path, slug: str) -> tuple[Article, ...]:
    """The articles that are there, less the one that is replaced; none while the corpus has faults."""
    if not any(corpus.glob("*.txt")):
        return ()
    articles, problems = check_corpus(corpus)
    for problem in problems[:1]:
        print(f"Not compared with the articles that are there: {problem}")
        return ()
    return tuple(article for article in articles if article.slug != slug)


def show_draft(path: Path, draft: Draft) -> None:
    """The document's raw pieces in order: what is kept on one line, what is dropped in full."""
    total = Counter(piece.kind for piece in draft.pieces)
    kept = Counter(piece.kind for piece in draft.pieces if piece.kept)
    counts = "kept " + ", ".join(f"{kept[kind]} of {total[kind]} {kind}s" for kind in total)
    print(f"{show_path(path)}: {counts if total else 'plain text, kept as it is'}")
    for note in draft.notes:
        print(f"  Note: {note}")
    if draft.proposal.published and not draft.proposal.reviewed:
        print(f"  Note: dated {draft.proposal.published}; --reviewed if that is the date of a review.")
    for number, piece in enumerate(draft.pieces, start=1):
        start = f"{number:5} {SIGNS[piece.kept]} {piece.kind:12} "
        words = f"{piece.text}{f'   ({piece.why})' if piece.why else ''}"
        if piece.kept:
            print(start + textwrap.shorten(words, WIDTH - len(start), placeholder=" ..."))
        else:
            print(textwrap.fill(words, WIDTH, initial_indent=start, subsequent_indent=" " * len(start)))


def show_passages(staged: Staged) -> None:
    """Every passage in full under its heading path, and what stands in none."""
    print(f"\n{len(staged.passages)} passages of {staged.article.title}:")
    for number, passage in enumerate(staged.passages, start=1):
        path = " > ".join(passage.section) or "(beginning)"
        print(f"\n{number:4}  {path}  ({len(passage.text.split())} words)")
        if passage.lead:
            lead = staged.article.text[slice(*passage.lead)]
            print(textwrap.fill(f"carries: {lead}", WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6))
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
            print(f"Attention: {other.slug} has the same address. {name_it(other)}")
    stored: list[Passage] = [passage for other in others for passage in cut_article(other)]
    alike = list(find_resemblances(staged.passages, stored))
    numbers = {passage.id: number for number, passage in enumerate(staged.passages, start=1)}
    for new, found, share in alike:
        where = " > ".join((found.article, *found.section))
        print(f"Attention: passage {numbers[new.id]} is {share:.0%} the same as one of {where}.")
    for slug, count in Counter(found.article for _, found, _ in alike).items():
        if count * 2 > len(staged.passages):
            which = next(other for other in others if other.slug == slug)
            print(
                f"Attention: this looks like {slug} again ({count} of {len(staged.passages)} passages). "
                f"{name_it(which)}"
            )


def name_it(other: Article) -> str:
    """What to do where an article is there under another name."""
    return (
        f"If it is the same article: --slug {other.slug} --replace. If this is its new name, remove "
        f"{other.slug}.txt and .toml: its old addresses will lead here."
    )


def show_metadata(staged: Staged, others: tuple[Article, ...]) -> None:
    """The whole .toml as it will be written, and whether its language is the corpus's."""
    print(f"{staged.article.slug}.toml:")
    print(textwrap.indent(staged.metadata, " " * 6))
    languages = Counter(other.language.partition("-")[0] for other in others)
    usual = languages.most_common(1)[0][0] if languages else None
    language = staged.article.language.partition("-")[0]
    if usual and language != usual:
        print(
            f"Attention: its language is {language}, that of the other articles {usual}. "
            "It will have its page, and no passage among the answers."
        )


if __name__ == "__main__":
    run(main)
