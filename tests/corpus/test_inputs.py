"""Documents that went wrong once, each standing for a kind, and the relatives of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from app.corpus.drafts import Draft, Piece
from app.corpus.importers import import_document
from app.corpus.passages import cut_article
from app.corpus.sentences import find_sentences
from app.corpus.structure import Kind
from app.errors import CorpusError
from app.records import Article
from app.settings import ROOT

pytestmark = pytest.mark.builds

INPUTS = ROOT / "tests" / "corpus" / "inputs"
AROUND = ("• Home", "• Sleep", "• Feeding", "Newborn babies move", "If you are unsure", "Copyright Cradle")

MakeArticle = Callable[..., Article]
Read = Callable[[str], Draft]


def read_input(name: str) -> Draft:
    return import_document(INPUTS / name)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The draft of a page with this body."""

    def _read(body: str) -> Draft:
        path = tmp_path / "page.html"
        path.write_text(f"<html lang=en><body>{body}</body></html>", encoding="utf-8")
        return import_document(path)

    return _read


def show(piece: Piece) -> str:
    """``## Sleep`` for a heading, the words of anything else."""
    return f"{'#' * piece.rank} {piece.text}" if piece.kind is Kind.HEADING else piece.text


def kept(draft: Draft) -> list[str]:
    """What is kept, less the frame that most of the inputs share."""
    return [show(piece) for piece in draft.pieces if piece.kept and not piece.text.startswith(AROUND)]


def dropped(draft: Draft) -> list[tuple[str, str]]:
    """What is dropped, and why."""
    return [(p.text, p.why) for p in draft.pieces if not p.kept and not p.text.startswith(AROUND)]


@pytest.mark.parametrize("right", sorted(INPUTS.glob("*.kept")), ids=lambda path: path.stem)
def test_what_is_kept_is_what_a_reader_sees(right: Path) -> None:
    draft = read_input(right.stem)
    assert kept(draft) == right.read_text(encoding="utf-8").splitlines()
    title = draft.proposal.title or ""
    assert draft.is_read_from(draft.render(title), title)


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        (
            "code-in-table-cells.html",
            [("sortable column", "hidden"), ("1", "a note's mark"), ("▲", "hidden"), ("Copy", "a button")],
        ),
        (
            "struck-out.html",
            [
                ("give a spoon of honey at night.", "struck out"),
                ("Wait two weeks before you call.", "struck out"),
            ],
        ),
        ("superscripts.html", [("2,3 4", "a note's mark"), ("[5]", "a note's mark")]),
        ("markdown-html.md", [("reviewer: check the next line before publishing", "a comment")]),
        ("docx-false-drops.docx", []),
        ("tables-docx.docx", []),
    ],
)
def test_what_is_left_out_is_shown_with_its_reason(name: str, left_out: list[tuple[str, str]]) -> None:
    assert dropped(read_input(name)) == left_out


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        (
            "superscripts.html",
            ("Raised figures, kept raised: 38¹, 10⁶.", "Marks of notes, left out: 2,3 4 [5]."),
        ),
        (
            "faq-in-json-ld.html",
            ("2 questions and answers are only in the page's data (JSON-LD), not in its text.",),
        ),
        ("iso-8859-1.html", ("Was windows-1252, declared as iso-8859-1.",)),
        ("utf16-declared.html", ("Declared as utf-16, but is none; taken for UTF-8.",)),
        ("mhtml.mhtml", ("Was a single-file web page (MHTML).",)),
        ("nfd.html", ("Invisible characters, taken out: 3 U+00AD, 1 U+200B.",)),
        (
            "u2028.article.txt",
            (
                "Line separators (U+2028, form feeds) became line ends.",
                "The first line was taken for the title, which is no part of a passage.",
                "Invisible characters, taken out: 1 U+00AD.",
            ),
        ),
        ("first-line-is-title.article.txt", ("The first line is no title; give one with --title.",)),
    ],
)
def test_what_was_changed_or_guessed_is_said(name: str, notes: tuple[str, ...]) -> None:
    assert read_input(name).notes == notes


def test_a_first_line_that_is_a_sentence_is_no_title(make_article: MakeArticle) -> None:
    draft = read_input("first-line-is-title.article.txt")
    assert draft.proposal.title is None
    passages = cut_article(make_article(draft.render("Shaking")))
    assert passages[0].text.startswith("Babies under six months often shake one leg at night")


def test_line_separators_are_line_ends() -> None:
    text = read_input("u2028.article.txt").render("Baby legs")
    assert text.startswith("Baby legs\n\nThe legs jump at night.")
    assert "Coop. étude." in text
    assert not set(text) & set("\u2028\u00ad")


@pytest.mark.parametrize("name", ["docx-traceback-xml.docx"])
def test_a_damaged_document_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_input(name)
    assert str(caught.value).endswith("save it anew in the program that made it, or as text.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "front",
    [
        '+++\ntitle = "Why legs shake"\ndate = 2025-04-02\nauthor = "Sam Reed"\n+++\n',
        '---\ntitle: "Why legs shake"\ndate: 2025-04-02\nauthor: Sam Reed\n---\n',
        '---  \ntitle: "Why legs shake"\ndate: 2025-04-02\nauthors:\n  - Sam Reed\n--- \n',
        "---\ntitle: Why legs shake\ndate: 2025-04-02T10:00:00Z\nauthor: [Sam Reed]\n...\n",
    ],
)
def test_a_front_matter_is_read_in_every_form(tmp_path: Path, front: str) -> None:
    (tmp_path / "a.md").write_text(f"{front}\n# Why legs shake\n\nBabies move a lot.\n")
    draft = import_document(tmp_path / "a.md")
    said = draft.proposal
    assert (said.title, said.author, said.published) == ("Why legs shake", "Sam Reed", date(2025, 4, 2))
    assert kept(draft) == ["# Why legs shake", "Babies move a lot."]


def test_front_matter_of_the_input_is_read() -> None:
    assert read_input("markdown-front-matter.md").proposal.author == "Sam Reed"


def test_sentences_end_where_a_reader_ends_them() -> None:
    lines = (INPUTS / "sentences.article.txt").read_text(encoding="utf-8").split("\n\n")
    assert [[line[start:end] for start, end in find_sentences(line)] for line in lines] == [
        ["It fades by six months.[1]", "Most babies outgrow it.[2]"],
        ["“It fades.”[4]", "Then it is gone."],
        ["It fades by six months.1", "Most babies outgrow it.2"],
        ["He is an M.D. who sees babies.", "Ask a Ph.D.: they know."],
        ["Between Jan. 5 and Feb. 3 it stopped.", "“Wait!” she said."],
    ]


@pytest.mark.parametrize(
    ("body", "right"),
    [
        # Figures: notes and powers.
        ("<p>Over 39<sup>[2]</sup> of 40 m<sup>2</sup>.</p>", ["Over 39 of 40 m²."]),
        ("<p>Call at 38<sup>o</sup>C, the 1<sup>st</sup> day.</p>", ["Call at 38°C, the 1st day."]),
        ("<p>Give 2<sup>1</sup>/<sub>2</sub> ml of H<sub>2</sub>O.</p>", ["Give 2¹/₂ ml of H2O."]),
        ("<p>Ask her.<sup>12</sup> Then wait.<sup>a</sup></p>", ["Ask her. Then wait."]),
        ("<p>For 5<a href='#n1'>1</a> minutes<sup>*</sup>.</p>", ["For 5 minutes."]),
        ('<p>10<span style="vertical-align: super">-9</span> mol</p>', ["10⁻⁹ mol"]),
        ("<p>38<sup><a href='page.html#note3'>3</a></sup> or more</p>", ["38 or more"]),
        # What is no longer said, or never was.
        ('<p>Wait. <span style="text-decoration:line-through red">Shake.</span></p>', ["Wait."]),
        ("<p>Wait. <strike>Shake.</strike></p><del><p>Give honey.</p></del>", ["Wait."]),
        ('<p>Wait. <span style="display: none">Shake.</span></p><p hidden>Honey.</p>', ["Wait."]),
        ("<p>It lasts <select><option>1</option><option>2</option></select>2 s.</p>", ["It lasts 2 s."]),
        ("<p>Wait.<noscript>Turn scripts on.</noscript></p><svg><text>Leg</text></svg>", ["Wait."]),
        # What can be opened.
        (
            '<button class="accordion">Is it bad?</button><div class="panel" style="display:none"><p>It is '
            "not bad.</p></div>",
            ["## Is it bad?", "It is not bad."],
        ),
        (
            '<div role="tablist"><button role="tab" aria-controls="t1" aria-selected="true">Babies</button>'
            '</div><div id="t1" role="tabpanel" hidden><p>Babies jump.</p></div>',
            ["## Babies", "Babies jump."],
        ),
        (
            '<h2><a href="#x" data-target="#x">Why?</a></h2>'
            '<div id="x" style="display:none">Nobody knows why.</div>',
            ["## Why?", "Nobody knows why."],
        ),
        ("<details><summary>Why?</summary>It grows.</details>", ["## Why?", "It grows."]),
        ('<div role="heading" aria-level="3">Signs</div><p>It jumps.</p>', ["### Signs", "It jumps."]),
        # Lines broken by hand.
        ("<p>Go when:<br>the lips are blue<br>the eyes roll<br>it is stiff</p>", [
            "Go when:", "• the lips are blue", "• the eyes roll", "• it is stiff"]),
        ("<p>Rest<br>Milk<br>Warmth</p>", ["Rest", "Milk", "Warmth"]),
        ("<p>The baby was in<br>London then.</p>", ["The baby was in London then."]),
        ("<p><b>Signs</b><br>It jumps at night.</p>", ["## Signs", "It jumps at night."]),
        ("<pre>One line\nAnother line\nA third</pre>", ["One line", "Another line", "A third"]),
        ("<p>✓ Hold the baby</p><p>✗ Shake the baby</p>", ["✓ Hold the baby", "✗ Shake the baby"]),
        ('<ol type="a"><li>Wait</li></ol><ol><li value="4">Call</li></ol>', ["a) Wait", "4. Call"]),
        ("<p>She said <q>wait</q> twice.</p>", ["She said “wait” twice."]),
        # Bold lines that are no headings.
        ("<h2>Do</h2><p><b>Never shake a baby!</b></p><p>It harms.</p>", [
            "## Do", "Never shake a baby!", "It harms."]),
        ("<h2>Do</h2><p><b>Never shake</b></p><h2>Then</h2><p>Wait.</p>", [
            "## Do", "Never shake", "## Then", "Wait."]),
        # What only damaged or made-up pages hold.
        ("<p>It&#11;jumps\x1f at <o:p>night</o:p><li3\u017e>.</p>", ["It jumps at night."]),
        # Tables.
        (
            "<table><thead><tr><th rowspan=2>Age</th><th colspan=2>Signs</th></tr><tr><th>mild</th><th>bad"
            "</th></tr></thead><tr><td>1</td><td>jump</td><td>stare</td></tr></table>",
            ["Age | Signs mild | Signs bad", "1 | jump | stare"],
        ),
        (
            "<table><tr><th colspan=2>Signs of fits</th></tr><tr><th>Sign</th><th>Do</th></tr><tr><td>Stare"
            "</td><td>✓</td></tr><tr><td>Jump</td><td><s>Call</s> Wait</td></tr></table>",
            ["Signs of fits", "Sign | Do", "Stare | ✓", "Jump | Wait"],
        ),
        (
            "<table><caption>Ages</caption><tr><td>Age</td><td>Do</td></tr><tr><td colspan=1 rowspan=3>1</td>"
            "<td><ul><li>Wait</li><li>Film</li></ul></td></tr><tr><td>Call</td></tr></table>",
            ["Ages", "Age | Do", "1 | • Wait • Film", "1 | Call"],
        ),
        (
            "<table><tr><th>Age<th>Dose<tr><td>1<td>5 ml<sup>b</sup><tr><td>2<td>10<sup>3</sup> U"
            "<tfoot><tr><td colspan=2><sup>b</sup>With food. <sup>c</sup> At night.</table>",
            ["Age | Dose", "1 | 5 ml [b]", "2 | 10³ U", "[b] With food. [c] At night. |"],
        ),
        ("<p>Over 38 °C<sup>a</sup>, 10<sup>–3</sup> l, the 2<sup>e</sup>.</p>", [
            "Over 38 °C, 10⁻³ l, the 2e."]),
        ("<table><tr><td>Onset<td>3 to 8 months<tr><td>Treatment<td>At once</table>", [
            "--- | ---", "Onset | 3 to 8 months", "Treatment | At once"]),
        (
            "<table><tr><td><a href=/>Home</a>"
            "<td>Babies jump.<br><br>It is harmless in nearly all of them.</table>",
         ["Home", "Babies jump.", "It is harmless in nearly all of them."],
        ),
        (
            "<div role=table><div role=row><span role=columnheader>Sign</span>"
            "<span role=columnheader>Do</span></div><div role=row>"
            "<span role=rowheader>Stare</span><span role=cell>Call</span></div></div>"
            "<div role=list><div role=listitem>Wait</div></div>",
            ["Sign | Do", "Stare | Call", "• Wait"],
        ),
        # What only a style sheet says.
        (
            "<style>/* p{display:none} */ .a{display:none} .b .c,#d{text-decoration:line-through}"
            ".f{display:none}.f.open{display:block} @media print{p{display:none}} .g{font-weight:700}</style>"
            "<p class=a>Honey.</p><p class=b>Give <i class=c>10</i> 5 ml.</p><p id=d>Shake.</p>"
            "<p class='f open'>Wait.</p><p class=g>Signs</p><p>It jumps.</p>",
            ["Give 5 ml.", "Wait.", "## Signs", "It jumps."],
        ),
        ("<p>Wait.</p><p style='opacity: 0'>Honey</p><p style='left:-9999px'>Skip</p>", ["Wait."]),
        # What can be opened, and where it ends.
        (
            "<ul role=tablist><li><a href='#t1' role=tab>Day</a><li><a href='#t2' role=tab>Night</a></ul>"
            "<div id=t1 role=tabpanel><p>Look.</p></div><div id=t2 role=tabpanel hidden><p>Listen.</p></div>",
            ["## Day", "Look.", "## Night", "Listen."],
        ),
        (
            "<h2><button aria-expanded=false aria-controls=p>Why?<span class=sr-only>, </span>"
            "<span>Show</span></button></h2><div id=p hidden>It grows.</div>",
            ["## Why?", "It grows."],
        ),
        (
            "<div class=acc-title role=button aria-controls=q><a tabindex=0>Why?</a></div>"
            "<div id=q style='display:none'>It grows.</div>",
            ["## Why?", "It grows."],
        ),
        ("<h2>Care</h2><div class=box><h3>Don't</h3><ul><li>shake</ul></div><p>Babies jump.</p>", [
            "## Care", "### Don't", "• shake", "## Care", "Babies jump."]),
        ("<h2>Care</h2><div><h3>Do</h3></div><p>Wait.</p>", ["## Care", "### Do", "Wait."]),
        ("<x-a><template shadowrootmode=open><p>Call 112.</p></template></x-a>", ["Call 112."]),
        # Steps, notes and lists as office programs write them.
        ("<h2>Steps</h2><ol><li><h3>Look</h3><p>At it.</p><li><h3>Step 2: Hold</h3></ol>", [
            "## Steps", "### 1. Look", "At it.", "### Step 2: Hold"]),
        ("<p>It fades<a name=r1 href='#f1'>[1]</a>.</p><p><a name=f1 href='#r1'>[1]</a> Smith.</p>", [
            "It fades."]),
        ("<p><span style='font-family:Wingdings'>§<span>&nbsp; </span></span>film it</p>", ["• film it"]),
    ],
)  # fmt: skip
def test_relatives_are_read_as_a_reader_reads_them(read: Read, body: str, right: list[str]) -> None:
    draft = read(body)
    visible = [piece for piece in draft.pieces if not piece.why or piece.kept]
    assert [show(piece) for piece in visible] == right


def test_a_site_s_furniture_is_proposed_for_dropping(read: Read) -> None:
    draft = read(
        "<article><h1>Jerks</h1><p>In this article</p><ul><li><a href='#a'>Signs</a></li></ul>"
        "<p>Babies jump in their sleep, and it is harmless for nearly all of them.</p><h2 id=a>Signs</h2>"
        "<p>The legs jump once or twice, and then the baby is calm again.</p><p>Read more: Why babies cry</p>"
        "<p>Was this page helpful?</p><h2>References</h2><ol><li>Smith J. Jerks. 2020.</li></ol></article>"
    )
    assert kept(draft) == [
        "# Jerks",
        "Babies jump in their sleep, and it is harmless for nearly all of them.",
        "## Signs",
        "The legs jump once or twice, and then the baby is calm again.",
    ]
    assert {why for text, why in dropped(draft) if text != "• Signs"} == {"furniture of the site"}


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (
            "Viele Babys zucken im Schlaf, und das ist fast immer harmlos. Wenn es länger als fünf Minuten "
            "dauert, rufen Sie bitte sofort den Notarzt an.",
            "Reads like German, not like English; --language says which it is.",
        ),
        (
            "Babiesoftwoorthreemonthsoftenshakeonelegwhentheylie down and it is fine.",
            "Holds words of more than 30 letters, perhaps run together: "
            "Babiesoftwoorthreemonthsoftenshakeonelegwhentheylie.",
        ),
        (
            "Babies of two months shake when they JJeerrkkss in the night.",
            "Holds words with every letter doubled: JJeerrkkss.",
        ),
        ("The shaking stops when you hold the setoN leg of it.", "Holds words written backwards: setoN."),
        (
            "Babies often shake one leg If they lie down and the lips The shaking stops when "
            "are blue or you hold it When the baby it lasts for longer.",
            "3 sentences begin in the midst of another; perhaps lines of columns are woven.",
        ),
    ],
)
def test_words_that_look_wrong_are_told(tmp_path: Path, words: str, note: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html lang=en><body><h1>Jerks</h1><p>{words}</p></body></html>", encoding="utf-8")
    assert note in import_document(path).notes


def test_nothing_looks_wrong_in_the_corpus() -> None:
    from app.corpus.soundness import find_doubts

    for path in (ROOT / "corpus").glob("*.txt"):
        assert list(find_doubts(path.read_text(encoding="utf-8"), "en")) == []


@pytest.mark.parametrize(
    ("written", "declared", "note"),
    [
        ("utf-8", "koi8-r", "Declared as koi8-r, but is UTF-8."),
        ("koi8-r", "koi8-r", "Was koi8-r, declared as koi8-r."),
        ("cp1252", "utf-8", "Not UTF-8: taken for Windows-1252; look at quotes and accents."),
    ],
)
def test_a_wrong_label_is_not_believed_and_a_right_one_is(
    tmp_path: Path, written: str, declared: str, note: str
) -> None:
    words = "Он дрыгает ногой." if written == "koi8-r" else "It’s “calm” – 5 €."
    path = tmp_path / "page.html"
    path.write_bytes(f"<meta charset={declared}><p>{words}</p>".encode(written))
    draft = import_document(path)
    assert ([piece.text for piece in draft.pieces], draft.notes[0]) == ([words], note)


def test_the_label_of_a_part_of_a_single_file_page_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "page.mhtml"
    path.write_bytes(
        b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=B\r\n\r\n"
        b"--B\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<p>"
        + "Он дрыгает ногой.".encode("koi8-r")
        + b"</p>\r\n--B--\r\n"
    )
    assert [piece.text for piece in import_document(path).pieces] == ["Он дрыгает ногой."]


@pytest.mark.parametrize("first", ["It fades by six months.[1]", "It fades.1", "“It fades.”²"])
def test_a_sentence_with_the_mark_of_a_note_is_no_title(tmp_path: Path, first: str) -> None:
    (tmp_path / "a.txt").write_text(f"{first}\n\nThen it is gone.\n", encoding="utf-8")
    assert import_document(tmp_path / "a.txt").proposal.title is None
