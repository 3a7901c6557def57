"""app/evaluation/release.py: what is fitted when a generation is built, and when it is fitted again."""

from __future__ import annotations

from pathlib import Path

from app.answering.urgency_vote import URGENCY_VOTE
from app.evaluation.release import examine
from app.index.generation import Generation
from app.index.publish import GENERATIONS, open_current, read_pointer
from app.settings import Settings
from tests.generations import publish_again


def read_vote(settings: Settings, name: str) -> dict[str, object]:
    with Generation.open(settings.index_dir / GENERATIONS / name) as generation:
        return dict(generation.manifest.extra[URGENCY_VOTE])


def examine_again(settings: Settings) -> tuple[dict[str, object], dict[str, object]]:
    """The vote of the current generation and of the one that follows it."""
    before = read_pointer(settings.index_dir).name
    with open_current(settings.index_dir) as previous:
        name = publish_again(settings, lambda folder: examine(folder, settings, previous, created="later"))
    return read_vote(settings, before), read_vote(settings, name)


def test_vote_on_urgency_is_used_again_as_long_as_it_would_be_the_same(own_settings: Settings) -> None:
    before, after = examine_again(own_settings)
    assert after == before


def test_vote_on_urgency_is_fitted_again_where_it_would_be_another(
    own_settings: Settings, tmp_path: Path
) -> None:
    without_questions = own_settings.model_copy(update={"questions_dir": tmp_path})
    before, after = examine_again(without_questions)
    assert (before["created"] == "later", after["created"]) == (False, "later")
    assert before["examples"]["urgent"] > after["examples"]["urgent"]  # type: ignore[index]
    assert before["examples"]["harmless"] > after["examples"]["harmless"]  # type: ignore[index]
