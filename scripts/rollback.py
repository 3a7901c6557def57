#!/usr/bin/env python3
"""Point back to a generation that is kept, after checking every file of it; running servers follow."""

from __future__ import annotations

import argparse

from console import run

from app.index.publish import roll_back
from app.settings import Settings


def main() -> None:
    """The generation before the current one unless another is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generation", nargs="?", help="its name (default: the one before the current one)")
    print(f"Now current: {roll_back(Settings().index_dir, parser.parse_args().generation)}")


if __name__ == "__main__":
    run(main)
