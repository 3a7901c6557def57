"""Small documents of every kind, made by the libraries that people make them with."""

from __future__ import annotations

from pathlib import Path

from docx import Document
from fpdf import FPDF

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><title>Why babies startle | Baby Site</title>
<meta property="og:site_name" content="Baby Site"><meta property="og:title" content="Why babies startle">
<meta name="author" content="Jo Smith"><meta property="article:published_time" content="2025-03-04">
<link rel="canonical" href="https://baby.example.org/startle">
<script type="application/ld+json">{"@type": "MedicalWebPage", "lastReviewed": "2025-06-01"}</script></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/sleep">All about sleep</a></li></ul></nav>
<main><article><h1>Why babies startle</h1>
<p>Many babies startle in their sleep, and parents wonder whether that is normal. It nearly always is, and it
fades within months.</p>
<h2>Common causes.</h2><p>Several things make a baby startle, such as:</p>
<ul><li>Loud noises</li><li><p>A sudden <b>change</b> of light</p></li>
<li>Falling:<ul><li>when laid down</li></ul></li></ul>
<h3>Sleep stages</h3><p>In light sleep, twitches of arms &amp; legs are common.<br>They last seconds.</p>
<h2>Normal and concerning signs</h2><p>This table tells them apart:</p>
<table><thead><tr><th>Sign</th><th>Normal</th><th>Concerning</th></tr></thead>
<tbody><tr><td>Duration</td><td>Seconds</td><td>Minutes<br>or more</td></tr>
<tr><td>Breathing</td><td>Quiet</td><td>Stops</td></tr></tbody></table>
<ol><li>Stay calm.</li><li>Film the movement.</li></ol>
<h2>Questions</h2>
<details><summary>Does it hurt?</summary><p>No, startling does not hurt the baby.</p></details>
<p hidden>Nobody sees this.</p><script>document.write("never run")</script>
</article></main>
<footer><p>Copyright Baby Site 2025. <a href="/privacy">Privacy</a></p></footer></body></html>
"""

PAGE_TEXT = """\
# Why babies startle

Many babies startle in their sleep, and parents wonder whether that is normal. It nearly always is, and it \
fades within months.

## Common causes.

Several things make a baby startle, such as:

• Loud noises
• A sudden change of light
• Falling:
  • when laid down

### Sleep stages

In light sleep, twitches of arms & legs are common.

They last seconds.

## Normal and concerning signs

This table tells them apart:

Sign | Normal | Concerning
Duration | Seconds | Minutes or more
Breathing | Quiet | Stops

1. Stay calm.
2. Film the movement.

## Questions

### Does it hurt?

No, startling does not hurt the baby.
"""

MARKDOWN = """\
---
title: Why babies startle
author: "Jo Smith"
date: 2025-03-04
url: https://baby.example.org/startle
---
# Why babies startle

Many babies *startle* in their
[sleep](https://example.org/sleep). <b>It fades.</b>

## What to do

- Stay calm
- Film it

| Sign | Normal |
|------|--------|
| Fits | no     |
"""

PLAIN = """\
Why babies startle

Many babies startle in their sleep. It fades.

What to do

• Stay calm
• Film it

Sign | Normal
Fits | no

Call a doctor when in doubt.
"""
TABLE = (("Sign", "Normal"), ("Fits", "no"))


def write_word_file(path: Path) -> Path:
    """The document of PLAIN, with a running head."""
    document = Document()
    document.core_properties.title = "Why babies startle"
    document.core_properties.author = "Jo Smith"
    document.sections[0].header.paragraphs[0].text = "Baby Site, draft"
    document.add_heading("Why babies startle", level=0)
    document.add_paragraph("Many babies startle in their sleep. It fades.")
    document.add_heading("What to do", level=1)
    for item in ("Stay calm", "Film it"):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for row, cells in enumerate(TABLE):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words
    document.add_paragraph("Call a doctor when in doubt.")
    document.save(str(path))
    return path


def write_pdf(path: Path, pages: int = 1) -> Path:
    """The document of PLAIN on each page, with a running head and a page number."""
    pdf = FPDF()
    pdf.set_title("Why babies startle")
    pdf.set_author("Jo Smith")
    for number in range(1, pages + 1):
        pdf.add_page()
        _write_line(pdf, f"Baby Site, page {number}", size=8)
        _write_line(pdf, "Why babies startle", size=20)
        _write_line(pdf, "Many babies startle in their sleep. It fades.")
        _write_line(pdf, "What to do", size=15)
        _write_line(pdf, "\x95 Stay calm")
        _write_line(pdf, "\x95 Film it")
        with pdf.table() as table:
            for cells in TABLE:
                table.row(cells)
        pdf.ln(6)
        _write_line(pdf, "Call a doctor when in doubt.")
    pdf.output(str(path))
    return path


def write_pdf_of(path: Path, *paragraphs: str) -> Path:
    """A PDF that breaks long paragraphs into lines."""
    pdf = FPDF()
    pdf.add_page()
    for paragraph in paragraphs:
        _write_line(pdf, paragraph)
    pdf.output(str(path))
    return path


def _write_line(pdf: FPDF, words: str, size: int = 11) -> None:
    pdf.set_font("helvetica", size=size)
    pdf.multi_cell(0, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)
