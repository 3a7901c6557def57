"""What a draft's words let propose: furniture to leave out, headings about getting help, a slug. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.corpus.drafts import Piece, fold
from app.corpus.structure import Kind, find_blocks
from app.records import Article

_MAX_SLUG_CHARACTERS = 60
_MAX_FURNITURE = 160

_HELP = re.compile(
    r"""
    \b when \b .* \b (call|see|seek|get|worr(y|ied)|concern(ed)?|contact|consult|visit|go\ to|ask) \b
    | \b (call|see|contact|ask|phone)\ \d{3} \b
    | \b (call|see|contact|ask|phone)\ ((an?|your|the)\ )? (ambulance|doctor|gp|midwife|pa?ediatrician) \b
    | \b (seek|get|need|find)\ (\w+\ )? (help|advice|attention|care) \b
    | \b emergenc(y|ies) \b | \b urgent(ly)? \b | \b red\ flags? \b
    | \b (warning|danger|serious|alarm)\ signs? \b | \b signs? \b .* \b serious \b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SOURCE = re.compile(r"\b(?:19|20)\d\d\b|https?://|\bdoi\b")
# Headings and lines that sites put into and around an article, without capitals.
_FURNITURE = re.compile(
    r"""
    (list\ of\ |show\ |view\ )? (all\ |article\ )?
    (references|sources|citations|bibliography|footnotes|external\ links|see\ also)
    | (further|suggested|related)\ reading | most\ read | updates\ to\ this\ page | page\ history
    | (related|recommended|popular|latest|more) (\ \w+){0,2}\ (articles?|posts?|stories|topics|pages?|links)
    | you\ (may|might)\ also\ (like|enjoy|be\ interested\ in) | (leave\ a\ )? (comments?|reply) (\ \(\d+\))?
    | about\ the\ authors? | in\ this\ (article|guide|post|section) | on\ this\ page | (table\ of\ )?contents
    | jump\ to\b.* | skip\ to\b.* | back\ to\ top
    | (was|is)\ this\ ((page|article|answer|information|content|guide)\ )?(helpful|useful)\b.*
    | did\ you\ find\ (this|what)\b.* | (we|this\ (web)?site)\ uses?\ cookies.*
    | .*\b(accept|manage|reject)\ (all\ )?cookies.*
    | (read|learn|see|find\ out)\ more(:\ .*|\ (about|on|from)\ .*)?
    | continue\ reading.* | (related|see\ also|read\ next):\ .*
    | copy\ link | follow\ us.* | advertisement | sponsored
    | (share|print|tweet|pin|save|email) (\ (this|on|via|to)\b.*)? | (sign\ up|subscribe)\ (for|to)\ .*
    | leave\ a\ (comment|reply) | \d+\ (comments?|shares?|likes?|min(ute)?s?\ read)
    | (previous|next)\ (article|post|page|story)\b.*
    | (page\ )?last\ (updated|reviewed)\b.* | next\ review\ due\b.*
    | (©|copyright\b).* | all\ rights\ reserved
    """,
    re.VERBOSE,
)


def propose_drops(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces, less what sites put around every article: contents, sources, buttons in words."""
    proposed: list[Piece] = []
    appendix = listed = False
    """Whether lists and sources, or links alone, are left out with what stands over them; prose never is."""
    for piece in pieces:
        words = fold(piece.text).strip("•:?!… ")
        source = piece.linked or _SOURCE.search(piece.text) is not None
        if piece.kind is Kind.HEADING or not (source or piece.kind is Kind.ITEM):
            appendix = listed = False
        if len(words) <= _MAX_FURNITURE and _FURNITURE.fullmatch(words):
            appendix, listed = piece.kind is Kind.HEADING, True
        out = piece.kept and (appendix or (listed and (piece.linked or _FURNITURE.fullmatch(words))))
        proposed.append(replace(piece, kept=False, why="furniture of the site") if out else piece)
    return tuple(proposed)


def propose_help(text: str, title: str) -> tuple[str, ...]:
    """The headings of a text whose sections seem to say when to get help."""
    article = Article("draft", title, "", "", date.min, "", text, "")
    headings = (
        " ".join(text[b.start : b.end].split()) for b in find_blocks(article) if b.kind is Kind.HEADING
    )
    return tuple(dict.fromkeys(heading for heading in headings if _HELP.search(heading)))


def propose_slug(title: str) -> str:
    """``why-babies-startle`` for "Why babies startle": ASCII letters and digits, cut between words."""
    letters = unicodedata.normalize("NFKD", title.split(" | ")[0]).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", letters))
    slug = "-".join(words)
    return slug if len(slug) <= _MAX_SLUG_CHARACTERS else slug[: _MAX_SLUG_CHARACTERS + 1].rpartition("-")[0]
