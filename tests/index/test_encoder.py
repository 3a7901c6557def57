"""app/index/encoder.py and app/index/model.py: the real model, exported and not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.answering.answer import IndexAnswerer
from app.errors import BuildError, QuestionError
from app.index.encoder import Encoder, EncoderSettings, pool
from app.index.generation import LAYOUT
from app.index.model import Model
from app.settings import ROOT, Settings

pytestmark = pytest.mark.builds

QUESTIONS = ("is shuddering dangerous?", "why does my baby kick", "Zappelt mein Baby?", "ok", "a " * 5000)


@pytest.fixture
def encoder(answerer: IndexAnswerer) -> Encoder:
    return answerer.index.encoder


def test_vector_has_length_one_and_each_token_a_row(encoder: Encoder) -> None:
    encoding = encoder.encode("Is shuddering dangerous?")
    assert encoding.ids.tolist() == [101, 2003, 25735, 4795, 1029, 102]
    assert encoding.special.tolist() == [True, False, False, False, False, True]
    assert encoding.vector.shape == (384,)
    assert encoding.tokens.shape == (6, 384)
    assert np.linalg.norm(encoding.vector) == pytest.approx(1, abs=1e-5)


def test_long_text_is_cut_at_the_models_length(encoder: Encoder) -> None:
    assert len(encoder.encode("word " * 2000).ids) == encoder.settings.max_length == 256


def test_lone_surrogate_is_a_fault_of_the_question(encoder: Encoder) -> None:
    with pytest.raises(QuestionError):
        encoder.encode("why \ud800 kick")


def test_threads_get_the_same_vectors(encoder: Encoder) -> None:
    alone = [encoder.encode(question).vector for question in QUESTIONS]
    with ThreadPoolExecutor(4) as pool_of_threads:
        together = list(pool_of_threads.map(lambda q: encoder.encode(q).vector, QUESTIONS * 5))
    for i, vector in enumerate(together):
        assert np.array_equal(vector, alone[i % len(alone)])


def test_pooling_takes_the_mean_or_the_first_token() -> None:
    tokens = np.array([[3, 0], [0, 4], [0, 4]], dtype=np.float32)
    assert pool(tokens, "mean").tolist() == pytest.approx([0.351, 0.936], abs=1e-3)
    assert pool(tokens, "cls").tolist() == [1, 0]


@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.9999), ("int8", 0.95)])
def test_exported_encoder_agrees_with_the_model(
    model: Model, tmp_path: Path, precision: str, least: float
) -> None:
    model.export(tmp_path, precision)  # type: ignore[arg-type]
    settings = EncoderSettings.from_bytes((tmp_path / LAYOUT.encoder_settings).read_bytes())
    assert settings == EncoderSettings(dimension=384, max_length=256, pooling="mean")
    exported = Encoder(tmp_path / LAYOUT.encoder, (tmp_path / LAYOUT.tokenizer).read_bytes(), settings)
    for question, (vector, tokens) in zip(QUESTIONS, model.encode(QUESTIONS), strict=True):
        encoding = exported.encode(question)
        assert float(encoding.vector @ vector) >= least
        assert encoding.tokens.shape == tokens.shape
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        LAYOUT.encoder_settings,
        LAYOUT.encoder,
        LAYOUT.tokenizer,
    ]


def test_each_layers_attention_is_one_operator(model: Model, tmp_path: Path) -> None:
    model.export(tmp_path, "int8")
    operators = Counter(node.op_type for node in onnx.load(tmp_path / LAYOUT.encoder).graph.node)
    assert operators["QAttention"] == 6
    assert operators["Softmax"] == operators["SkipLayerNormalization"] == 0


def copy_model(model: Model, folder: Path) -> Path:
    copy = folder / "model"
    shutil.copytree(model.folder, copy)
    return copy


@pytest.mark.thorough
def test_model_in_a_folder_is_the_same_model(model: Model, tmp_path: Path) -> None:
    other = Model.load(f"{copy_model(model, tmp_path)}+adapter")
    assert other.weights_sha256 == model.weights_sha256
    assert other.config_sha256 == model.config_sha256
    assert next(other.encode(["kick"]))[0].tolist() == next(model.encode(["kick"]))[0].tolist()


def test_unknown_model_is_refused() -> None:
    with pytest.raises(BuildError, match="There is no model no-such-model"):
        Model.load("no-such-model")


def test_weights_that_are_not_safetensors_are_refused(model: Model, tmp_path: Path) -> None:
    folder = copy_model(model, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BuildError, match=r"has no \.safetensors file"):
        Model.load(str(folder))


def test_pooling_that_is_not_supported_is_refused(model: Model, tmp_path: Path) -> None:
    folder = copy_model(model, tmp_path)
    path = folder / "1_Pooling" / "config.json"
    config = json.loads(path.read_text()) | {
        "pooling_mode_mean_tokens": False,
        "pooling_mode_max_tokens": True,
    }
    path.write_text(json.dumps(config))
    with pytest.raises(BuildError, match="pools by max; only mean and cls are supported"):
        _ = Model.load(str(folder)).settings


def test_changed_configuration_has_another_hash(model: Model, tmp_path: Path) -> None:
    folder = copy_model(model, tmp_path)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128, "do_lower_case": false}')
    other = Model.load(f"{folder}+adapter")
    assert other.weights_sha256 == model.weights_sha256
    assert other.config_sha256 != model.config_sha256
    assert other.settings.max_length == 128


def test_answering_leaves_nothing_in_the_home_folder_and_opens_no_socket(
    settings: Settings, tmp_path: Path
) -> None:
    program = (
        "from app.answering.opening import open_answerer; from app.settings import Settings\n"
        "open_answerer(Settings()).answer('is shuddering dangerous?')\n"
        "import os, pathlib; found = map(os.path.realpath, pathlib.Path('/proc/self/fd').iterdir())\n"
        "print([path for path in found if 'socket:' in path])\n"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    environment["NIGHTLIGHT_INDEX_DIR"] = str(settings.index_dir)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert list(tmp_path.rglob("*")) == []
