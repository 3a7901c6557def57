#!/usr/bin/env python3
"""Train the adapter of the default model on the material to learn from (tests/questions/worlds/)."""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from console import run

import numpy as np
import torch
from peft import LoraConfig
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import cross_entropy, normalize
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import pad_sequence

from app.evaluation.worlds import ARTICLES, ASKED, GENERAL, WRITTEN, read_material
from app.index.model import ADAPTER, DEFAULT, Model
from app.index.tokens import fit_projection, mark_content, weigh_tokens
from app.settings import ROOT

Batch = TypeVar("Batch")
MATERIAL = ROOT / "tests" / "questions" / "worlds"

RANK, SCALE = 16, 2
SIBLINGS = 4
"""Passages of one article that stand in a batch together, hard negatives for each other's questions."""
PASSAGES = 24
"""In a batch; each is encoded once and is what its own questions must find among all."""
QUESTIONS = 4
"""Of a passage, drawn anew in each pass from all that were written for it."""
LONGEST = 160
"""Tokens of a text that are trained on."""
HEADED = 0.6
"""Share of the passages that are read under their heading, as the product reads them; the rest do without."""
INTRODUCED = 0.85
"""Share of the passages whose title and heading late interaction counts besides, as the product does."""
LATE, PASSAGE = 1.5, 1.0
"""What late interaction and passage vectors count in the score inside the loss."""
SHARPNESS = 16.0
ALONE = 20.0
"""The same for each of the two alone, which count half."""
DUPLICATE = 0.8
"""Passages of different articles that the base model puts nearer together than this may answer each other's
questions, and are no negatives."""
PULL, TOKEN_PULL = 1.0, 0.5
"""What staying near the base model counts on general texts, and what token vectors count in it."""
WARM_UP = 0.1


@dataclass(frozen=True, slots=True)
class Item:
    """A passage and its questions."""

    article: str
    title: str
    heading: str
    text: str
    questions: tuple[str, ...]
    general: bool
    """Not about babies: here the model must stay near the base model."""


@dataclass(frozen=True, slots=True)
class Read:
    """n texts as tokens, padded to the longest."""

    ids: Tensor
    """int[n, longest]."""
    mask: Tensor
    """int[n, longest]: 0 where it is padding."""
    content: Tensor
    """bool[n, longest]: what is stored of a passage, content tokens behind the heading."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """n texts as the model sees them; all vectors have unit length."""

    vectors: Tensor
    """float[n, d]."""
    tokens: Tensor
    """float[n, longest, directions]."""


class LowRank(torch.nn.Module):  # type: ignore[misc]  # unread, see pyproject.toml
    """What LoRA adds to a weight matrix: the product of two narrow ones (Hu et al. 2021).

    Added to the matrix itself, once a step, it takes a third of the time that peft's way beside it does here.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        rows, columns = weight.shape
        self.down = Parameter(torch.empty(RANK, columns, device=weight.device))
        self.up = Parameter(torch.zeros(rows, RANK, device=weight.device))
        torch.nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        """The matrix with what was learned."""
        return weight + (SCALE * self.up @ self.down).to(weight.dtype)


def adapt(model: Any) -> dict[str, LowRank]:
    """Put what is to be learned, by its layer's name, into a model whose own weights stay."""
    layers = model.encoder.named_modules()
    learned = {name: LowRank(one.weight) for name, one in layers if isinstance(one, torch.nn.Linear)}
    for name, low_rank in learned.items():
        layer = model.encoder.get_submodule(name)
        parametrize.register_parametrization(layer, "weight", low_rank, unsafe=True)
    return learned


class Trainee:
    """The base model, and a copy of it that learns."""

    def __init__(self, folder: Path, device: str) -> None:
        transformer: Any = SentenceTransformer(str(folder), device=device, local_files_only=True)[0]
        self.tokenizer = transformer.tokenizer
        self.base = transformer.auto_model
        words = self.base.get_input_embeddings().weight.detach().float()
        self.projection = torch.from_numpy(fit_projection(words.cpu().numpy())).to(device)
        vocabulary = self.tokenizer.convert_ids_to_tokens(range(len(words)))
        self.content = torch.from_numpy(mark_content(vocabulary)).to(device)
        self.vocabulary = vocabulary
        self.device = device
        self.base.set_attn_implementation("eager")  # on a processor, twice as quick backwards
        # 16 bits are several times as quick, on a processor too; no dropout, as a text is seen a few times.
        self.base.to(torch.bfloat16).eval().requires_grad_(False)
        self.model = copy.deepcopy(self.base)
        self.learned = adapt(self.model)

    def read(self, headings: Sequence[str], texts: Sequence[str]) -> Read:
        """Texts under their headings, which may be empty."""
        introduced = [f"{heading}: " if heading else "" for heading in headings]
        batch = self.tokenizer(
            [one + text for one, text in zip(introduced, texts, strict=True)],
            padding=True,
            truncation=True,
            max_length=LONGEST,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        spans = batch["offset_mapping"]
        body = (spans[:, :, 0] >= torch.tensor(list(map(len, introduced)))[:, None]) & (spans[:, :, 1] > 0)
        ids = batch["input_ids"].to(self.device)
        return Read(ids, batch["attention_mask"].to(self.device), body.to(self.device) & self.content[ids])

    def encode(self, read: Read, *, as_base: bool = False) -> Encoded:
        """As the model has learned to, or as the base model does."""
        model = self.base if as_base else self.model
        hidden = model(input_ids=read.ids, attention_mask=read.mask).last_hidden_state.float()
        return Encoded(
            normalize((hidden * read.mask[:, :, None]).sum(1), dim=-1),
            normalize(hidden @ self.projection.T, dim=-1),
        )


def read_items(part: str) -> list[Item]:
    """The passages of a part with all that was asked about them."""
    lines = map(json.loads, (MATERIAL / ASKED).read_text("utf-8").splitlines())
    asked: dict[str, list[str]] = {line["id"]: line["questions"] for line in lines}
    return [
        Item(
            material.slug,
            material.title,
            section.heading,
            section.text,
            (*section.questions, *asked.get(f"{material.slug}/{place}", ())),
            name == GENERAL,
        )
        for name in (ARTICLES, GENERAL, WRITTEN)
        for material in read_material(MATERIAL / name)
        if material.part == part
        for place, section in enumerate(material.passages)
    ]


def draw_batches(items: Sequence[Item], generator: np.random.Generator) -> Iterator[list[int]]:
    """Every item once, in batches of about PASSAGES, some of one article together."""
    articles: dict[str, list[int]] = {}
    for number in generator.permutation(len(items)).tolist():
        articles.setdefault(items[number].article, []).append(number)
    groups = [held[i : i + SIBLINGS] for held in articles.values() for i in range(0, len(held), SIBLINGS)]
    batch: list[int] = []
    for place in generator.permutation(len(groups)):
        batch += groups[place]
        if len(batch) >= PASSAGES:
            yield batch
            batch = []


def interact(tokens: Tensor, shares: Tensor, passages: Sequence[Tensor]) -> Tensor:
    """Late interaction of questions, float[q, m, directions], with passages' content tokens: float[q, p].

    ``shares``, float[q, m], is what each token counts and sums to 1 over a question.
    """
    padded = pad_sequence(list(passages), batch_first=True)
    held = torch.arange(padded.shape[1], device=padded.device) < torch.tensor(
        list(map(len, passages)), device=padded.device
    ).unsqueeze(1)
    cosines = torch.einsum("qmd,pld->qmpl", tokens, padded).masked_fill(~held, -1.0)
    return torch.einsum("qmp,qm->qp", cosines.amax(-1), shares)


def compare_items(trainee: Trainee, items: Sequence[Item]) -> tuple[Tensor, Tensor]:
    """Which passages of different articles are no negatives of each other's questions: bool[n, n].

    And what each token counts in late interaction: float[v].
    """
    vectors, held = [], np.zeros(len(trainee.vocabulary), dtype=np.int64)
    with torch.no_grad():
        for start in range(0, len(items), PASSAGES):
            part = items[start : start + PASSAGES]
            read = trainee.read([one.heading for one in part], [one.text for one in part])
            vectors.append(trainee.encode(read, as_base=True).vectors)
            for ids, mask in zip(read.ids, read.mask, strict=True):
                held[np.unique(ids[mask > 0].cpu().numpy())] += 1
    joined = torch.cat(vectors)
    articles = np.array([one.article for one in items])
    apart = torch.from_numpy(articles[:, None] != articles).to(joined.device)
    weights = torch.from_numpy(weigh_tokens(trainee.vocabulary, held, len(items)))
    return (joined @ joined.T > DUPLICATE) & apart, weights.to(trainee.device)


def measure_loss(
    trainee: Trainee,
    items: Sequence[Item],
    weights: Tensor,
    duplicates: Tensor,
    headed: Sequence[bool],
    introduced: Sequence[bool],
) -> Tensor:
    """InfoNCE of all questions of these passages among them, and how far general texts went from the base."""
    headings = [one.heading if under else "" for one, under in zip(items, headed, strict=True)]
    read = trainee.read(headings, [one.text for one in items])
    passages = trainee.encode(read)
    named = trainee.read([""] * len(items), [f"{one.title}: {one.heading}" for one in items])
    names = trainee.encode(named).tokens
    content = []
    for i, (kept, said) in enumerate(zip(read.content, introduced, strict=True)):
        own = passages.tokens[i][kept if kept.any() else slice(None)]
        content.append(torch.cat([own, names[i][named.content[i]]]) if said else own)
    general = torch.tensor([one.general for one in items], device=trainee.device)
    loss = stay_near(trainee, read, passages, general)
    asked = sorted(
        ((question, place) for place, one in enumerate(items) for question in one.questions),
        key=lambda pair: len(pair[0]),
    )
    # Those of like length together: half of the questions have six words, some have sixty.
    for start in range(0, len(asked), PASSAGES):
        texts, places = zip(*asked[start : start + PASSAGES], strict=True)
        target = torch.tensor(places, device=trainee.device)
        question = trainee.read([""] * len(texts), texts)
        encoded = trainee.encode(question)
        counted = weights[question.ids] * question.mask
        late = interact(encoded.tokens, counted / counted.sum(1, keepdim=True), content)
        cosines = encoded.vectors @ passages.vectors.T
        scores = (SHARPNESS * (LATE * late + PASSAGE * cosines), ALONE * late, ALONE * cosines)
        share = len(texts) / len(asked)
        for score, counts in zip(scores, (1.0, 0.5, 0.5), strict=True):
            masked = score.masked_fill(duplicates[target], -torch.inf)
            loss = loss + share * counts * cross_entropy(masked, target)
        loss = loss + share * stay_near(trainee, question, encoded, general[target])
    return loss


def stay_near(trainee: Trainee, read: Read, encoded: Encoded, general: Tensor) -> Tensor:
    """How far the general texts among these are from where the base model has them."""
    if not general.any():
        return torch.zeros((), device=trainee.device)
    chosen = Read(read.ids[general], read.mask[general], read.content[general])
    with torch.no_grad():
        base = trainee.encode(chosen, as_base=True)
    off = 1 - (encoded.vectors[general] * base.vectors).sum(-1)
    off_tokens = (1 - (encoded.tokens[general] * base.tokens).sum(-1))[chosen.mask > 0]
    return PULL * (off.mean() + off_tokens.mean() * TOKEN_PULL)


def descend(
    batches: Sequence[Batch],
    measure: Callable[[Batch], Tensor],
    optimizer: torch.optim.Optimizer,
    learned: Sequence[Parameter],
    share: Callable[[int], float],
    shown: int,
) -> None:
    """A step of the optimizer for each batch, with ``share`` of its rate at the n-th, gradients clipped.

    The mean loss is printed after every so many batches.
    """
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    began, lost = time.monotonic(), 0.0
    for step, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        loss = measure(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
        lost += loss.item()
        if step % shown == 0 or step == len(batches):
            taken = time.monotonic() - began
            print(f"{step:4} of {len(batches)}: loss {lost / step:.3f}, {taken:.0f} s", flush=True)


def train(folder: Path, passes: int, rate: float, seed: int) -> Trainee:
    """Train an adapter; the same seed gives the same on the same machine."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    trainee = Trainee(folder, "cuda" if torch.cuda.is_available() else "cpu")
    items = read_items("train")
    duplicates, weights = compare_items(trainee, items)
    batches = [batch for _ in range(passes) for batch in draw_batches(items, generator)]
    learned = [weight for low_rank in trainee.learned.values() for weight in low_rank.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.01)
    warm_up = WARM_UP * len(batches)

    def measure(batch: list[int]) -> Tensor:
        headed = (generator.random(len(batch)) < HEADED).tolist()
        introduced = (generator.random(len(batch)) < INTRODUCED).tolist()
        numbers = torch.tensor(batch, device=trainee.device)
        chosen = [
            replace(one, questions=tuple(generator.permutation(one.questions)[:QUESTIONS].tolist()))
            for one in map(items.__getitem__, batch)
        ]
        with parametrize.cached():
            apart = duplicates[numbers][:, numbers]
            return measure_loss(trainee, chosen, weights, apart, headed, introduced)

    def share(step: int) -> float:
        return min((step + 1) / warm_up, (len(batches) - step) / (len(batches) - warm_up))

    descend(batches, measure, optimizer, learned, share, 5)
    return trainee


def save(learned: Mapping[str, LowRank], folder: Path, base: Model) -> None:
    """As peft reads it, bound to the base model's weights."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"base_model.model.encoder.{name}.lora_{letter}.weight": matrix.detach().cpu().contiguous()
        for name, low_rank in learned.items()
        for letter, matrix in (("A", low_rank.down), ("B", low_rank.up))
    }
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    LoraConfig(
        r=RANK,
        lora_alpha=SCALE * RANK,
        target_modules=r"encoder\.layer\..*\.(query|key|value|dense)",
        base_model_name_or_path=DEFAULT,
        revision=base.weights_sha256,
        inference_mode=True,
    ).save_pretrained(str(folder))


def main() -> None:
    """Train and write the adapter; the next `make index` builds with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ADAPTER, metavar="FOLDER", help="where it is written")
    parser.add_argument("--passes", type=int, default=2, help="how often each passage is seen")
    parser.add_argument("--rate", type=float, default=6e-4, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    base = Model.load(DEFAULT)
    trainee = train(base.folder, options.passes, options.rate, options.seed)
    save(trainee.learned, options.output, base)


if __name__ == "__main__":
    run(main)
