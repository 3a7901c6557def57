#!/usr/bin/env python3
"""Serve the page and the API; prints its address when it answers."""

from __future__ import annotations

import argparse

from console import run

from app.server import serve
from app.settings import Settings


def announce(address: str) -> None:
    """Say where the page is."""
    print(f"Nightlight answers at {address} (Ctrl-C stops it)", flush=True)


def main() -> None:
    """Settings come from the environment; options override them."""
    settings = Settings()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--host", default=settings.host, help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=settings.port, help="port to listen on; 0 takes a free one"
    )
    parser.add_argument("--workers", type=int, default=settings.workers, help="server processes")
    parser.add_argument(
        "--cluster", default=settings.cluster, help="Ray cluster to search in: host:port or auto"
    )
    parser.add_argument(
        "--replicas", type=int, default=settings.replicas, help="copies of each shard in the cluster"
    )
    serve(Settings(**vars(parser.parse_args())), announce)


if __name__ == "__main__":
    run(main)
