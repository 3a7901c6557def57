#!/usr/bin/env python3
"""Teach a copy of the default model how urgent a text is, and measure it on writers it has not seen.

It writes the adapter (app/index/urgency/) and what reads the level out of its token vectors
(app/answering/urgency_head.npz); scripts/fit_urgency.py then chooses the thresholds. It takes half an hour.

Besides the writers' sentences it learns what a larger model says of many more texts (Hinton et al. 2015).
``--teacher FOLDER`` teaches that model (all-mpnet-base-v2) and writes down what it says; that takes half an
hour, too, and the larger model is needed for nothing else.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from console import run

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, dropout
from torch.nn.utils import parametrize

from app.answering.urgency import UrgencyRules
from app.answering.urgency_vote import HEAD, make_key
from app.evaluation.worlds import ARTICLES, read_material
from app.index.model import DEFAULT, URGENCY, Model
from fit_urgency import (
    ASKED,
    GROUPS,
    QUESTIONS,
    TOGETHER,
    WRITTEN,
    Sentence,
    choose_thresholds,
    hash_files,
    read_sentences,
    report,
)
from train import adapt, descend, save

PASSES, TEACHER_PASSES = 2.0, 2.2
BATCH = 64
WINDOW = 30
"""Batches' worth of sentences that are sorted by length before they are parted."""
RATE, TEACHER_RATE, HEAD_RATE = 8e-4, 4e-4, 2e-3
LONGEST = 128
"""Tokens of a sentence that are trained on."""
EASY = 1500
"""How many of the harmless questions of the oldest material are taken: there are many, and most are easy."""
SURE = 0.98
"""No level is learnt as quite certain: the writers differ among themselves."""
UNPOINTED, MISTYPED = 0.3, 0.2
"""Shares of the sentences that are read without their punctuation, or with a slip of the finger."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TAUGHT = QUESTIONS / "levels" / "taught.jsonl.gz"
"""What the larger model says of many texts: each with the probabilities of *now* and of *today or now*."""
TAUGHT_WEIGHT = 0.7
"""What such a text counts beside a sentence that a writer judged."""
CLAUSES = re.compile(r"[,.;!?]| and | but | - ")
JOINTS = (", ", ", and ", " but ", ". ", " ")
RECOMBINED, SHORTENED = 15_000, 14_000
FORGOTTEN = 0.15
"""Share of the words that a shortened sentence has lost."""


class Text(NamedTuple):
    """What is learnt from."""

    text: str
    now: float
    """Probability that it needs help now, and of now or today."""
    soon: float
    weight: float


class Reader:
    """A copy of the base model that learns, and the head that reads its token vectors."""

    def __init__(self, folder: Path) -> None:
        transformer: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)[0]
        self.tokenizer = transformer.tokenizer
        self.model = transformer.auto_model
        self.model.set_attn_implementation("eager")  # on a processor, twice as quick backwards
        self.model.to(torch.bfloat16).eval().requires_grad_(False)
        self.learned = adapt(self.model)
        self.head = torch.nn.Linear(2 * self.model.config.hidden_size, 2)
        torch.nn.init.normal_(self.head.weight, std=0.02)
        torch.nn.init.zeros_(self.head.bias)

    def read(self, texts: Sequence[str], forget: float = 0.0) -> Tensor:
        """float[n, 2], the log odds of *now* and of *today or now*; ``forget`` is the share of dropout."""
        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        ids, mask = batch["input_ids"], batch["attention_mask"]
        tokens = self.model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        held = mask[:, :, None] > 0
        mean = (tokens * held).sum(1) / held.sum(1)
        pooled = torch.cat([mean, tokens.masked_fill(~held, -1e4).amax(1)], 1)
        odds: Tensor = self.head(dropout(pooled, forget))
        return odds


def slip(text: str, chance: random.Random) -> str:
    """As somebody in a hurry may type it."""
    if chance.random() < UNPOINTED:
        text = re.sub(r"[.,;:!?'’\"]", "", text)
    if chance.random() < MISTYPED and len(text) > 12:
        for _ in range(1 + (len(text) > 60)):
            i = chance.randrange(1, len(text) - 1)
            forms = ("", text[i + 1] + text[i], 2 * text[i], text[i] + chance.choice(LETTERS))
            form = chance.choice(forms)
            text = text[:i] + form + text[i + (2 if form == forms[1] else 1) :]
    return text


def draw_batches(texts: list[Text], passes: float, chance: random.Random) -> list[list[Text]]:
    """Every text once a pass, those of like length together."""
    batches: list[list[Text]] = []
    for part in (*[1.0] * int(passes), passes % 1):
        mixed = chance.sample(texts, int(part * len(texts)))
        drawn = []
        for start in range(0, len(mixed), BATCH * WINDOW):
            window = sorted(mixed[start : start + BATCH * WINDOW], key=lambda one: len(one.text))
            drawn += [window[i : i + BATCH] for i in range(0, len(window), BATCH)]
        batches += chance.sample(drawn, len(drawn))
    return batches


def judge_as_written(sentences: Sequence[Sentence]) -> list[Text]:
    """The writers' sentences, with some of the many easy ones."""
    easy = [one for one in sentences if not one.writer and not one.level]
    chance = random.Random(0)  # noqa: S311 - the same sentences in every run
    left_out = set(map(id, chance.sample(easy, max(len(easy) - EASY, 0))))
    doubt = (1 - SURE) / 2
    return [
        Text(one.text, SURE * (one.level == 2) + doubt, SURE * (one.level > 0) + doubt, 1.0)
        for one in sentences
        if id(one) not in left_out
    ]


def draw_unjudged(sentences: Sequence[Sentence]) -> Iterator[str]:
    """Texts for the larger model: what parents ask in the material of the worlds, clauses of the sentences
    put together anew, and sentences that have lost words."""
    chance = random.Random(5)  # noqa: S311 - the same texts in every run
    for one in read_material(QUESTIONS / "worlds" / ARTICLES):
        yield from one.misses
        for passage in one.passages:
            yield from passage.questions
    clauses: list[list[str]] = [[], [], []]
    for sentence in sentences:
        clauses[sentence.level] += [
            part.strip() for part in CLAUSES.split(sentence.text) if len(part.split()) > 1
        ]
    for _ in range(RECOMBINED):
        parts = [
            chance.choice(clauses[chance.choice((0, 0, 1, 2))]) for _ in range(chance.choice((1, 2, 2, 3)))
        ]
        yield chance.choice(JOINTS).join(parts)
    for sentence in chance.sample(sentences, min(SHORTENED, len(sentences))):
        words = [word for word in sentence.text.split() if chance.random() > FORGOTTEN]
        if len(words) > 1:
            yield " ".join(words)


def read_taught() -> list[Text]:
    """What the larger model said."""
    with gzip.open(TAUGHT, "rt", encoding="utf-8") as lines:
        said = [json.loads(line) for line in lines]
    return [Text(text, now, soon, TAUGHT_WEIGHT) for text, now, soon in said]


def train(folder: Path, texts: list[Text], seed: int, passes: float = PASSES, rate: float = RATE) -> Reader:
    """Teach a reader; the same seed gives the same on the same machine."""
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311 - the same order in every run
    reader = Reader(folder)
    batches = draw_batches(texts, passes, chance)
    learned = [weight for low_rank in reader.learned.values() for weight in low_rank.parameters()]
    groups = ({"params": learned, "lr": rate}, {"params": reader.head.parameters(), "lr": HEAD_RATE})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    warm_up = 0.08 * len(batches)

    def measure_loss(batch: list[Text]) -> Tensor:
        return binary_cross_entropy_with_logits(
            reader.read([slip(one.text, chance) for one in batch], forget=0.1),
            torch.tensor([[one.now, one.soon] for one in batch]),
            weight=torch.tensor([[one.weight] for one in batch]),
        )

    def share(step: int) -> float:
        return min((step + 1) / warm_up, 1) * max(1 - step / len(batches), 0)

    descend(batches, measure_loss, optimizer, learned, share, 100)
    return reader


def measure(reader: Reader, texts: Sequence[str]) -> NDArray[np.float32]:
    """float32[n, 2], each text's log odds."""
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    odds = np.zeros((len(texts), 2), dtype=np.float32)
    with torch.no_grad(), parametrize.cached():
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            odds[batch] = reader.read([texts[number] for number in batch]).numpy()
    return odds


def main() -> None:
    """Learn, measure, write; the next `make index` builds with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--teacher", type=Path, metavar="FOLDER", help="the larger model")
    arguments = parser.parse_args()
    base = Model.load(DEFAULT)
    sentences = read_sentences(UrgencyRules.load(), {})
    unseen = [one for one in sentences if one.writer and one.writer % GROUPS == 0]
    known = [one for one in sentences if not one.writer or one.writer % GROUPS]

    def report_unseen(name: str, reader: Reader) -> NDArray[np.float32]:
        odds = measure(reader, [one.text for one in unseen]) @ TOGETHER
        report(name, unseen, odds, choose_thresholds(unseen, odds))
        return odds

    if arguments.teacher:
        written = judge_as_written(known)
        teacher = train(arguments.teacher, written, arguments.seed, TEACHER_PASSES, TEACHER_RATE)
        report_unseen("teacher", teacher)
        texts = sorted(set(draw_unjudged(known)) - {one.text for one in sentences})
        said = 1 / (1 + np.exp(-measure(teacher, texts).astype(np.float64)))
        with gzip.open(TAUGHT, "wt", encoding="utf-8") as lines:
            for text, (now, soon) in zip(texts, said, strict=True):
                lines.write(f"{json.dumps([text, round(now, 3), round(soon, 3)], ensure_ascii=False)}\n")
        return
    taught = read_taught()
    odds = report_unseen("encoder", train(base.folder, judge_as_written(known) + taught, arguments.seed))
    reader = train(base.folder, judge_as_written(sentences) + taught, arguments.seed)
    save(reader.learned, URGENCY, base)
    np.savez_compressed(
        HEAD,
        allow_pickle=False,
        weights=reader.head.weight.detach().numpy().T @ TOGETHER,
        intercepts=reader.head.bias.detach().numpy() @ TOGETHER,
        encoder_sha256=np.array(Model(DEFAULT, base.folder, URGENCY).weights_sha256),
        # For scripts/fit_urgency.py: what was said of each sentence of the writers that were left out.
        unseen=np.array([make_key(one.text) for one in unseen], dtype=np.uint32),
        odds=odds.astype(np.float16),
        made_from=np.array(hash_files(WRITTEN, *ASKED, TAUGHT)),
    )


if __name__ == "__main__":
    run(main)
