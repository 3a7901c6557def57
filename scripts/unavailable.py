#!/usr/bin/env python3
"""Write the page that nginx shows when the server is down, from the words of app/notices.py."""

from __future__ import annotations

import argparse
from html import escape
from pathlib import Path

from console import ROOT, run

from app.notices import (
    DISCLAIMER,
    EMERGENCY_SIGNS,
    EMERGENCY_TITLE,
    UNAVAILABLE,
    URGENT_LINE,
    WHO_TO_CALL,
    emergency_call,
)
from app.settings import Settings

PAGE = ROOT / "scripts" / "deploy" / "unavailable.html"
TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Not available - Nightlight</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<style>body{{max-width:40rem;margin:0 auto;padding:1rem;font:1.125rem/1.5 sans-serif}}
.card{{border:.25rem solid #c00;padding:0 1rem}}</style>
</head>
<body>
<aside class="card" id="emergency" aria-label="{title}">
<p><strong>{call}</strong></p>
<ul>
{signs}
</ul>
<p>{urgent}</p>
</aside>
<main id="main">
<h1>{unavailable}</h1>
<p>{who}</p>
<p><a href="/">Nightlight</a></p>
</main>
<footer>
<p>{disclaimer}</p>
</footer>
</body>
</html>
"""


def render_page(number: str | None) -> str:
    """The page; it needs no other file."""
    return TEMPLATE.format(
        title=escape(EMERGENCY_TITLE),
        call=escape(emergency_call(number)),
        signs="\n".join(f"<li>{escape(sign)}</li>" for sign in EMERGENCY_SIGNS),
        urgent=escape(URGENT_LINE),
        unavailable=escape(UNAVAILABLE),
        who=escape(WHO_TO_CALL),
        disclaimer=escape(DISCLAIMER),
    )


def main() -> None:
    """The emergency number comes from the settings, as on every other page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=PAGE, help="where to write it")
    parser.parse_args().to.write_text(render_page(Settings().emergency_number), encoding="utf-8")


if __name__ == "__main__":
    run(main)
