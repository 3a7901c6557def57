"""Does any of this answer the question? A calibrated probability, and what follows from it.

A small network over features that know no subject: how well the first passage meets the question, how it
stands among the other candidates, and how far it stands above what the same question gets from a cohort, a
fixed set of passages of other articles of the same domain (cohort normalisation: Reynolds 1997; Rosenberg
et al. 1992). It is learned once on sample corpora of many sizes (scripts/fit_confidence.py) and kept
with the cohort in a folder that is named after the model's weights.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.answering.search import Ranking
from app.errors import WrongModel
from app.index.lexical import split_words
from app.index.opened import Index
from app.index.rows import Matrix, map_values
from app.index.tokens import TokenVectors
from app.records import Outcome

Features = NDArray[np.float64]

FEATURES = (
    "late interaction",  # of the first passage
    "passage",  # its cosine
    "words",  # its BM25
    "best sentence",  # the highest cosine of any candidate's sentence
    "familiar words",  # share of the content words, by weight, that the corpus knows or has a relative of
    "shared words",  # share of the content words, by weight, that the first passage has
    "content words",  # logarithm of their number
    "tokens",  # logarithm of their number
    "covered tokens",  # mean over the tokens, by weight, of the best cosine among all candidates' tokens
    "strangest tokens",  # the same over the third of the content tokens that fit worst: an unknown subject
    "above the cohort's best",  # late interaction and passage's cosine, in cosines
    "above the cohort's mean",  # the same in standard deviations of the cohort's nearest
    "passage above the cohort's",  # best cosine of a passage, in cosines
    "density, near",  # all candidates' cosines against the cohort's nearest, as log mean exponentials
    "density, nearer",
    "strange to the cohort",  # what the cohort's nearest leave of the tokens, by weight
    "passages",  # logarithm of their number in the corpus
)

_SUBJECTS_FILE = Path(__file__).with_name("subjects.toml")
_OTHER_SUBJECT = 0.1
"""The highest confidence of a question that names another subject."""
_MENTIONS = 3
"""Passages that hold a word of another subject before it is one of the corpus's own."""

FOLDERS = Path(__file__).with_name("confidence")
"""A folder for each model, named by the first FOLDER_NAME characters of its weights' SHA-256."""
FOLDER_NAME = 16
FITTED = "fitted.json"
COHORT_VECTORS, COHORT_TOKENS, COHORT_OFFSETS = "vectors.f16", "tokens.int8", "tokens.offsets"

_CONTENT_TOKEN = 0.05
"""Tokens of less weight than this are punctuation or nearly everywhere."""
COMPARED = 20
"""Candidates, and cohort passages, whose cosines count as the neighbourhood of a question."""
NEAREST = 8
"""Cohort passages that late interaction looks at: more say no more on validation worlds."""
_NARROWNESS = (10, 30)
"""How much nearer ones count more, in the two densities."""
_PASSAGE_SHARE = 0.5
"""What the passage's cosine counts beside late interaction where both are compared with the cohort's."""
EXTREME = 3.0
"""Standard deviations beyond which a feature says no more: other corpora may lie outside what was seen."""


class Calibration(BaseModel):
    """What was learned: how features become a probability, and where the outcomes part."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    weights_sha256: str
    """Of the model whose vectors it was fitted to."""
    created: str
    means: list[float]
    scales: list[float]
    hidden: list[list[float]]
    """For each of FEATURES its weight for each hidden unit (tanh)."""
    hidden_intercepts: list[float]
    outer: list[float]
    outer_intercept: float
    answered: Annotated[float, Field(ge=0, le=1)]
    """From this probability on, the question counts as answered."""
    closest: Annotated[float, Field(ge=0, le=1)]
    """From this one on, the nearest passages are worth a look."""
    questions: dict[str, int]
    """How many of each kind it was fitted to."""

    def estimate(self, features: Features) -> Features:
        """The probability, 0 to 1, that the first passage answers: of one row of features or of each."""
        means, scales, hidden, intercepts, outer = self._arrays
        values = ((features - means) / scales).clip(-EXTREME, EXTREME)
        return 1 / (1 + np.exp(-(np.tanh(values @ hidden + intercepts) @ outer + self.outer_intercept)))

    @cached_property
    def _arrays(self) -> tuple[Features, ...]:
        """Made once and not for each question."""
        lists = (self.means, self.scales, self.hidden, self.hidden_intercepts, self.outer)
        return tuple(map(np.array, lists))

    def decide(self, confidence: float) -> Outcome:
        """What the reader is told."""
        if confidence >= self.answered:
            return "answered"
        return "closest" if confidence >= self.closest else "none"


class Cohort:
    """Passages of other articles of the domain, never shown: what a question finds where it has no answer."""

    def __init__(self, folder: Path, index: Index) -> None:
        """Of the model of ``index``, by whose token weights and directions it is compared."""
        self._index = index
        dimension = index.passages.dimension
        self._vectors = map_values(folder / COHORT_VECTORS, "<f2").reshape(-1, dimension).astype(np.float32)
        offsets = (folder / COHORT_OFFSETS).read_bytes()
        self._tokens = TokenVectors(folder / COHORT_TOKENS, offsets, index.tokens.projection)

    def find(self, ranking: Ranking) -> tuple[NDArray[np.float32], Matrix]:
        """For the question its nearest: their cosines, best first, and its tokens' best cosines in some.

        float32[COMPARED], and float32[NEAREST, m] for the first of these.
        """
        cosines = self._vectors @ ranking.encoding.vector
        nearest = (-cosines).argpartition(COMPARED)[:COMPARED]
        nearest = nearest[(-cosines[nearest]).argsort()]
        rows = nearest[:NEAREST]
        return cosines[nearest], self._tokens.best_cosines(ranking.encoding.tokens, rows)

    def features_of(self, ranking: Ranking) -> Features:
        """What the ranking tells of its first passage: float64[len(FEATURES)]; there must be a candidate."""
        words = [self._index.lexical.look_up(word) for word in ranking.words]
        by_word = [word.weight for word in words]
        familiar = [word.familiar for word in words]
        shared = ranking.held[0].tolist()

        weights = ranking.token_weights * ~ranking.encoding.special
        total = float(weights.sum())
        share = weights / total if total else np.full(len(weights), 1 / len(weights), dtype=np.float32)
        best = ranking.tokens.max(axis=0)
        content = best[weights > _CONTENT_TOKEN]
        strangest = np.sort(content if len(content) else best)[: max(1, (len(content) or len(best)) // 3)]

        cosines, tokens = self.find(ranking)
        counted = ranking.token_weights / ranking.token_weights.sum()
        others = tokens @ counted + _PASSAGE_SHARE * cosines[:NEAREST]
        first = float(ranking.late[0] + _PASSAGE_SHARE * ranking.passages[0])
        passages = np.sort(ranking.passages)[::-1][:COMPARED]
        near, nearer = (
            math.log(float(np.exp(k * passages).mean() / np.exp(k * cosines).mean())) / k for k in _NARROWNESS
        )
        return np.array(
            [
                ranking.late[0],
                ranking.passages[0],
                ranking.lexical[0],
                ranking.sentences.max(),
                _share_of(by_word, familiar),
                _share_of(by_word, shared),
                math.log1p(len(words)),
                math.log(len(weights)),
                best @ share,
                strangest.mean(),
                first - others.max(),
                (first - others.mean()) / (others.std() + 1e-3),
                passages[0] - cosines[0],
                near,
                nearer,
                1 - tokens.max(axis=0) @ share,
                math.log(len(self._index.passages)),
            ],
            dtype=np.float64,
        )


class Confidence:
    """Estimates how sure an answer is, for one generation."""

    def __init__(self, calibration: Calibration, cohort: Cohort, index: Index) -> None:
        self.calibration = calibration
        self._cohort = cohort
        # Reviewed words that say a question is about something else, unless the articles are about it, too: a
        # title has the word, or _MENTIONS passages. A mention in passing says nothing.
        self._lexical = lexical = index.lexical
        titles = {lexical.look_up(word).stem for title in index.store.titles() for word in split_words(title)}
        lists = (one["words"].split() for one in tomllib.loads(_SUBJECTS_FILE.read_text("utf-8")).values())
        words = [word for words in lists for word in words if lexical.look_up(word).documents < _MENTIONS]
        self._other_subjects = {lexical.look_up(word).stem for word in words} - titles

    @classmethod
    def load(cls, index: Index) -> Self | None:
        """As it was learned for the model of a generation; None for a model that it was not learned for."""
        weights = index.generation.manifest.model.weights_sha256
        folder = FOLDERS / weights[:FOLDER_NAME]
        if not (folder / FITTED).exists():
            return None
        calibration = Calibration.model_validate_json((folder / FITTED).read_bytes())
        if calibration.weights_sha256 != weights:
            raise WrongModel("The confidence was fitted with another model.")
        return cls(calibration, Cohort(folder, index), index)

    def estimate(self, ranking: Ranking) -> float:
        """The probability, 0 to 1, that the first passage answers."""
        confidence = float(self.calibration.estimate(self._cohort.features_of(ranking)))
        strange = self.names_other_subject(ranking.words, ranking.held[0].tolist())
        return min(confidence, _OTHER_SUBJECT) if strange else confidence

    def names_other_subject(self, words: Sequence[str], held: Sequence[bool]) -> bool:
        """Whether any of a question's words names another subject than a passage that has those ``held``."""
        return any(
            self._lexical.look_up(word).stem in self._other_subjects and not has
            for word, has in zip(words, held, strict=True)
        )


def _share_of(weights: Sequence[float], chosen: Sequence[bool]) -> float:
    total = sum(weights)
    return sum(w for w, c in zip(weights, chosen, strict=True) if c) / total if total else 0.0
