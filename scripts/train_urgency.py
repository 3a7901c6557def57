#!/usr/bin/env python3
"""Teach a copy of the default model how urgent a text is, and measure it on writers it has not seen.

It writes the adapter (app/index/urgency/) and what reads the level out of its token vectors
(app/answering/urgency_head.npz); scripts/fit_urgency.py then chooses the thresholds. It takes half an hour.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from app.index.model import DEFAULT, URGENCY, Model, hash_weights
from fit_urgency import (
    ASKED,
    WRITTEN,
    Sentence,
    choose_thresholds,
    cross_validate,
    hash_files,
    read_sentences,
    report,
)
from train import adapt, save

PASSES = 3
BATCH = 64
WINDOW = 30
"""Batches' worth of sentences that are sorted by length before they are parted."""
RATE, HEAD_RATE = 8e-4, 2e-3
LONGEST = 128
"""Tokens of a sentence that are trained on."""
EASY = 1500
"""How many of the harmless questions of the oldest material are taken: there are many, and most are easy."""
SURE = 0.98
"""No level is learnt as quite certain: the writers differ among themselves."""
UNPOINTED, MISTYPED = 0.3, 0.2
"""Shares of the sentences that are read without their punctuation, or with a slip of the finger."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


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


def draw_batches(sentences: list[Sentence], chance: random.Random) -> list[list[Sentence]]:
    """Every sentence once, those of like length together."""
    mixed = chance.sample(sentences, len(sentences))
    batches = []
    for start in range(0, len(mixed), BATCH * WINDOW):
        window = sorted(mixed[start : start + BATCH * WINDOW], key=lambda one: len(one.text))
        batches += [window[i : i + BATCH] for i in range(0, len(window), BATCH)]
    return chance.sample(batches, len(batches))


def train(folder: Path, sentences: list[Sentence], seed: int) -> Reader:
    """Teach a reader; the same seed gives the same on the same machine."""
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311 - the same order in every run
    easy = [one for one in sentences if not one.writer and not one.level]
    left_out = set(map(id, chance.sample(easy, max(len(easy) - EASY, 0))))
    sentences = [one for one in sentences if id(one) not in left_out]
    reader = Reader(folder)
    batches = [batch for _ in range(PASSES) for batch in draw_batches(sentences, chance)]
    learned = [weight for low_rank in reader.learned.values() for weight in low_rank.parameters()]
    groups = ({"params": learned, "lr": RATE}, {"params": reader.head.parameters(), "lr": HEAD_RATE})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    warm_up = 0.08 * len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, 1) * max(1 - step / len(batches), 0)
    )
    began, lost = time.monotonic(), 0.0
    for step, batch in enumerate(batches, 1):
        wanted = torch.tensor([[float(one.level == 2), float(one.level > 0)] for one in batch])
        odds = reader.read([slip(one.text, chance) for one in batch], forget=0.1)
        loss = binary_cross_entropy_with_logits(odds, wanted * SURE + (1 - SURE) / 2)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
        lost += loss.item()
        if step % 100 == 0 or step == len(batches):
            print(
                f"{step:4} of {len(batches)}: {lost / step:.3f}, {time.monotonic() - began:.0f} s", flush=True
            )
    return reader


def measure(reader: Reader, sentences: list[Sentence]) -> NDArray[np.float32]:
    """float32[n, 2], each sentence's log odds."""
    order = sorted(range(len(sentences)), key=lambda number: len(sentences[number].text))
    odds = np.zeros((len(sentences), 2), dtype=np.float32)
    with torch.no_grad(), parametrize.cached():
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            odds[batch] = reader.read([sentences[number].text for number in batch]).numpy()
    return odds


def main() -> None:
    """Learn, measure, write; the next `make index` builds with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    base = Model.load(DEFAULT).folder
    sentences = read_sentences(UrgencyRules.load(), {})
    blind, odds = cross_validate(sentences, lambda known, unseen: measure(train(base, known, seed), unseen))
    report("encoder", blind, odds, choose_thresholds(blind, odds))
    reader = train(base, sentences, seed)
    save(reader.learned, URGENCY, base)
    np.savez_compressed(
        HEAD,
        allow_pickle=False,
        weights=reader.head.weight.detach().numpy().T,
        intercepts=reader.head.bias.detach().numpy(),
        encoder_sha256=np.array(hash_weights(base, URGENCY)),
        # For scripts/fit_urgency.py: what was said of each sentence without its group of writers.
        unseen=np.array([make_key(one.text) for one in blind], dtype=np.uint32),
        odds=odds.astype(np.float16),
        made_from=np.array(hash_files(WRITTEN, *ASKED)),
    )


if __name__ == "__main__":
    run(main)
