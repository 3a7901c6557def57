"""Does a passage say that all is well? Fixed words, so that none that does stands first under an alarm."""

from __future__ import annotations

import re

from app.answering.answer import IndexAnswerer
from app.records import Answer, Article, Passage

_CALM = re.compile(
    r"\b(?:normal|harmless|benign|reassur\w+|outgr[eo]w\w*|avoid panic|without harm"
    r"|nothing (?:to worry|serious|wrong)|no (?:real |great )?(?:danger|harm|risk|problem)"
    r"|no (?:need|cause|reason|grounds?) (?:to|for)|no (?:further|more|other|medical) \w+"
    r"|(?:not|\w+n[’']t|never|rarely|seldom|hardly) (?:\w+ ){0,3}(?:worr\w+|concern\w*|danger\w*|harm\w*|hurt"
    r"|serious|alarm\w*|panic|necessary|needed|required|cause|sign|symptom)"
    r"|(?:usually|generally|mostly|often|typically|probably|commonly) (?:\w+ ){0,2}(?:nothing|mild|fine|safe"
    r"|ok|okay|common|temporary|pass|passes|stops?|resolves?|disappears?|fades?|settles?)"
    r"|(?:is|are|quite|very|most) common|(?:on (?:its|their) own|by (?:itself|themselves)))\b",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"\b(?:doctor|pa?ediatrician|medical|healthcare|hospital|emergency|ambulance|midwife|nurse|specialist"
    r"|seek|consult\w*|call|urgent\w*|evaluat\w+|reason to worry)\b",
    re.IGNORECASE,
)
_SEEK = re.compile(
    r"\b(?:seek|consult\w*|call|contact|visit|see (?:a|your|the) \w+|emergency|ambulance|hospital|urgent\w*"
    r"|at once|immediate\w*|straight away|right away"
    r"|medical (?:\w+ )?(?:attention|evaluation|help|advice|care))\b",
    re.IGNORECASE,
)


def reassures(text: str) -> bool:
    """Whether any words of a text are of the kind that calms; rather once too often."""
    return _CALM.search(text) is not None


def warns(text: str) -> bool:
    """Whether any words of a text send the reader to somebody who helps; rather once too often."""
    return _HELP.search(text) is not None


def find_help(answerer: IndexAnswerer, answer: Answer) -> tuple[Article, Passage] | None:
    """A passage on when to get help that does not reassure, from the articles that were found."""
    articles = dict.fromkeys(match.article for match in (*answer.help, *answer.matches, *answer.closest))
    for article in articles:
        for passage in answerer.passages_of(article.slug):
            says_when = bool(passage.section) and passage.section[-1] in article.when_to_get_help
            if says_when and _SEEK.search(passage.text) and not reassures(passage.text):
                return article, passage
    return None
