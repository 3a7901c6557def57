"""The only place of onnxruntime and tokenizers: text -> vector and token vectors, without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.errors import QuestionError
from app.index.rows import Matrix, Vector

Tokens = tuple[NDArray[np.int64], NDArray[np.int64]]

_BATCH_TOKENS = 512
"""Of a batch, padding included: small enough to stay in the processor's caches."""
_TINY = np.float32(1e-12)
"""Divides what has no length."""
_SLOW_FUSIONS = ("SkipLayerNormFusion", "BiasGeluFusion")
"""What ONNX Runtime would join into operators that take longer on a processor than their parts do."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How a model turns text into a vector; stored beside the exported encoder."""

    dimension: int
    max_length: int
    """In tokens; what is longer is cut."""
    pooling: Literal["mean", "cls"]
    question_prompt: str = ""
    """What some models want before a question ("query: ")."""
    passage_prompt: str = ""

    def to_bytes(self) -> bytes:
        """As the generation stores it."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> EncoderSettings:
        """From what ``to_bytes`` gave; only for bytes whose checksum was compared."""
        return cls(**json.loads(content))


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """A text as the model sees it."""

    vector: Vector
    """float32[d], unit length."""
    tokens: Matrix
    """float32[n, d] as the model gives them, special tokens included."""
    ids: NDArray[np.int64]
    """int64[n]: the tokens' places in the vocabulary."""
    special: NDArray[np.bool_]
    """bool[n]: the model's own tokens, such as [CLS] and [SEP]."""


class Encoder:
    """An exported model and its tokenizer; safe to use from several threads."""

    def __init__(self, model: Path, tokenizer: bytes, settings: EncoderSettings) -> None:
        self.settings = settings
        self._tokenizer = _open_tokenizer(tokenizer, settings.max_length)
        options = onnxruntime.SessionOptions()
        # One question is too short a work to be divided.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # Spinning threads would take the processor from other requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = _open_session(str(model), options)

    def encode(self, text: str) -> QueryVectors:
        """One text, cut at the model's maximum length; raises QuestionError for a lone surrogate."""
        try:
            encoded = self._tokenizer.encode(self.settings.question_prompt + text)
        except (UnicodeError, TypeError):
            raise QuestionError("bad_characters") from None
        ids = np.array([encoded.ids], dtype=np.int64)
        (output,) = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        tokens = output[0]
        return QueryVectors(
            vector=pool(tokens, self.settings.pooling),
            tokens=tokens,
            ids=ids[0],
            special=np.array(encoded.special_tokens_mask, dtype=bool),
        )

    def knows(self, word: str) -> bool:
        """Whether the word stands whole in the vocabulary, which only frequent words do."""
        return self._tokenizer.token_to_id(word) is not None


class BatchEncoder:
    """A model exported in 32 bits, for many texts on all cores; gives what the model's own library does."""

    def __init__(self, model: bytes, tokenizer: bytes, settings: EncoderSettings) -> None:
        self._prompt = settings.passage_prompt
        self._tokenizer = _open_tokenizer(tokenizer, settings.max_length)
        options = onnxruntime.SessionOptions()
        # Who divides a machine among several processes says so by this.
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", len(os.sched_getaffinity(0))))
        self._session = _open_session(model, options)

    def encode(self, texts: Sequence[str]) -> list[Matrix]:
        """The token vectors of each text, float32[n, d], in order; all are in memory at once."""
        encoded = self._tokenizer.encode_batch([self._prompt + text for text in texts])
        ids = [one.ids for one in encoded]
        vectors: list[Matrix] = [np.empty((0, 0), dtype=np.float32)] * len(ids)
        for batch in _make_batches(list(map(len, ids))):
            # Padded to the longest, and the padding hidden from the model.
            shape = (len(batch), max(len(ids[number]) for number in batch))
            padded, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
            for row, number in enumerate(batch):
                padded[row, : len(ids[number])] = ids[number]
                mask[row, : len(ids[number])] = 1
            (output,) = self._session.run(None, {"input_ids": padded, "attention_mask": mask})
            for number, tokens in zip(batch, output, strict=True):
                vectors[number] = tokens[: len(ids[number])].copy()  # not the whole batch behind a part
        return vectors


def _make_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The texts' numbers, those of like length together, at most _BATCH_TOKENS tokens with padding."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _open_tokenizer(stored: bytes, max_length: int) -> Tokenizer:
    """A tokenizer that gives one text's tokens, cut at ``max_length`` and not padded."""
    tokenizer = Tokenizer.from_buffer(stored)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return tokenizer


class TextTokenizer:
    """The tokenizer alone, for what is built from tokens without the model."""

    def __init__(self, stored: bytes, settings: EncoderSettings) -> None:
        self._tokenizer = _open_tokenizer(stored, settings.max_length)
        self._prompt = settings.passage_prompt

    @property
    def vocabulary(self) -> list[str]:
        """Every token's string, by id."""
        return [self._tokenizer.id_to_token(i) or "" for i in range(self._tokenizer.get_vocab_size())]

    def tokenize(self, text: str) -> Tokens:
        """Ids and starts of a text's tokens as `encode` gives their vectors, cut at the maximum length.

        Starts are where in the text each begins: -1 for the prompt's and the model's own, such as [CLS].
        """
        encoded = self._tokenizer.encode(self._prompt + text)
        starts = np.array([start for start, _ in encoded.offsets], dtype=np.int64) - len(self._prompt)
        starts[np.array(encoded.special_tokens_mask, dtype=bool)] = -1
        return np.array(encoded.ids, dtype=np.int64), np.maximum(starts, -1)


def pool(tokens: Matrix, pooling: Literal["mean", "cls"]) -> Vector:
    """float32[n, d] of a text without padding -> its unit vector float32[d]."""
    # The sum has the mean's direction.
    pooled: Vector = tokens.sum(axis=0) if pooling == "mean" else tokens[0]
    unit: Vector = pooled / np.maximum(np.sqrt(pooled @ pooled), _TINY)
    return unit


def normalise(vectors: Matrix) -> Matrix:
    """Scale each row (or the one vector) to unit length; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Matrix = (vectors / np.maximum(length, _TINY)).astype(np.float32)
    return units


def fuse_attention(source: Path, target: Path, *, heads: int, width: int) -> None:
    """Join the operators of each layer's attention into one; needs the ``build`` extra.

    ``heads`` and ``width`` are those of the attention, as the model's configuration has them. Attention that
    is not built as BERT's is left as it is. Nothing else is joined (_SLOW_FUSIONS).
    """
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    chosen = FusionOptions("bert")
    for name in [name for name in vars(chosen) if name.startswith("enable_")]:
        setattr(chosen, name, name in ("enable_attention", "enable_shape_inference"))
    fused = optimizer.optimize_model(
        str(source), "bert", heads, width, optimization_options=chosen, opt_level=0
    )
    fused.save_model_to_file(str(target))


def quantize(source: Path, target: Path) -> None:
    """Store an exported model's weights in 8 bits; needs the ``build`` extra."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,  # one scale a tensor loses far more: mean cosine 0.84 instead of 0.99
        extra_options={"DefaultTensorType": 1},
    )


def _open_session(model: str | bytes, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
    )
