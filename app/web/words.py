"""Words of the page that are data: the questions it offers and the names of measures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

EXAMPLES = (
    "Is shuddering dangerous?",
    "Why do my baby's legs jerk in her sleep?",
    "What do infantile spasms look like?",
    "How do I tell twitches from a seizure?",
    "Can low iron make my baby's legs restless?",
)
"""Questions that the articles answer; a test asks them all."""

STATEMENT_DATE = date(2026, 11, 26)
"""When the accessibility statement was last changed."""

FIGURES = {
    "questions": "Test questions",
    "success@1": "The first extract answers",
    "success@3": "One of the first three extracts answers",
    "good match fits": "Of answers called a good match, those whose first extract answers",
    "fair match fits": "Of those called a fair match",
    "weak match fits": "Of those called a weak match",
    "refused": "Questions that the articles do not answer, and we say so",
    "wrongly refused": "Questions that they answer, and we say they do not",
    "urgent noticed": "Emergencies that we notice",
    "today noticed": "Questions that need a doctor today, and we say so",
    "false alarms": "Other questions that we take for an emergency",
    "false today": "Other questions that we send to a doctor today",
}
"""What the measures in a manifest are called on the page; a measure that is not named here is not shown."""


def name_figures(about: Mapping[str, object]) -> list[tuple[str, str]]:
    """The measures of the index by their plain names; shares as whole percents."""
    figures = about.get("figures")
    if not isinstance(figures, Mapping):
        return []
    found = [(label, figures[name]) for name, label in FIGURES.items() if name in figures]
    return [(label, f"{value:.0%}" if isinstance(value, float) else str(value)) for label, value in found]
