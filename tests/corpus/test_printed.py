"""PDFs of every layout: the words in the order of reading, and what no reader sees apart from them."""

from __future__ import annotations

import random
import re
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import matplotlib
import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.corpus.drafts import Draft
from app.corpus.importers import import_document
from app.corpus.passages import cut_article
from app.errors import CorpusError
from app.records import Article
from tests.corpus.test_inputs import INPUTS, dropped, kept, read_input

pytestmark = pytest.mark.builds

MakeArticle = Callable[..., Article]
SIGNS = "Newborn babies jerk in their sleep many times a night, and hardly any of these jerks wake them up."
WHEN = "Parents should see a doctor when the jerks happen while the baby is awake, or come in clusters."
FILM = "A short film of the movement helps the doctor more than any words can do. Keep the phone steady."
FEVER = "A fever that lasts for longer than a day in a baby under three months is a reason to call."
LETTERS = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
TITLE = "What every parent of a newborn should know"


class Sheet(FPDF):
    """A page on which words are set line by line; positions in points from the upper left corner."""

    def __init__(self) -> None:
        super().__init__(unit="pt")
        self.set_auto_page_break(False)
        self.add_page()

    def put(
        self, x: float, y: float, words: str, size: float = 11, style: str = "", wide: int = 500
    ) -> float:
        """Sets words in lines of so many characters; returns where the next line would be."""
        self.set_font("helvetica", style, size)
        for line in textwrap.wrap(words, wide):
            self.text(x, y + 0.8 * size, line)
            y += 1.4 * size
        return y

    def read(self, folder: Path) -> Draft:
        path = folder / "a.pdf"
        self.output(str(path))
        return import_document(path)


@pytest.mark.parametrize("columns", [2, 3, 4])
def test_columns_are_read_one_after_the_other_under_their_title(tmp_path: Path, columns: int) -> None:
    sheet = Sheet()
    sheet.put(50, 50, TITLE, 16, "B")
    texts = [f"{SIGNS} {WHEN}", f"{FILM} {FEVER}", f"{WHEN} {FILM}", f"{FEVER} {SIGNS}"][:columns]
    for number, text in enumerate(texts):
        sheet.put(50 + number * 500 / columns, 90, text, 9, wide=88 // columns)
    assert kept(sheet.read(tmp_path)) == [f"# {TITLE}", *texts]


def test_columns_that_stand_close_are_not_woven(tmp_path: Path) -> None:
    sheet = Sheet()
    left, right = f"{SIGNS} {WHEN} {FEVER}", f"{FILM} {WHEN} {SIGNS}"
    sheet.set_font("helvetica", size=11)
    width = max(map(sheet.get_string_width, textwrap.wrap(left, 34)))
    sheet.put(50, 60, left, wide=34)
    sheet.put(50 + width + 9, 60, right, wide=34)
    assert kept(sheet.read(tmp_path)) == [left, right]


def test_a_heading_across_two_columns_parts_them(tmp_path: Path) -> None:
    sheet = Sheet()
    for x, text in ((50, SIGNS), (310, WHEN)):
        sheet.put(x, 60, text, wide=40)
    sheet.put(50, 150, "What a doctor wants to know about the jerks of your baby", 15, "B")
    for x, text in ((50, FILM), (310, FEVER)):
        sheet.put(x, 180, text, wide=40)
    heading = "# What a doctor wants to know about the jerks of your baby"
    assert kept(sheet.read(tmp_path)) == [SIGNS, WHEN, heading, FILM, FEVER]


def test_a_framed_box_stands_apart_and_its_heading_heads_nothing_outside(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.put(50, 50, "Shaking legs", 18, "B")
    sheet.rect(380, 90, 150, 90)
    sheet.put(390, 100, "Emergency", style="B")
    sheet.put(390, 120, "Blue lips need an ambulance at once.", wide=22)
    y = sheet.put(50, 95, f"{SIGNS} {WHEN}", wide=50)
    sheet.put(50, y + 10, f"{FILM} {FEVER}", wide=50)
    read = kept(sheet.read(tmp_path))
    box = ["Emergency", "Blue lips need an ambulance at once."]
    assert [words for words in read if words not in box] == [
        "# Shaking legs",
        f"{SIGNS} {WHEN}",
        f"{FILM} {FEVER}",
    ]
    assert read[read.index("Emergency") :][:2] == box


def test_a_word_divided_over_a_page_break_is_put_together(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.put(50, 15, "Cradle Notes", 8)
    sheet.put(50, 60, f"{SIGNS} {WHEN}", wide=80)
    sheet.put(50, 700, "Call a doctor at once if the sei-")
    sheet.put(50, 760, "1 Measured in the ear.", 7)
    sheet.put(290, 815, "1", 8)
    sheet.add_page()
    sheet.put(50, 15, "Cradle Notes", 8)
    sheet.put(50, 60, "zure lasts for longer than five minutes.")
    sheet.put(290, 815, "2", 8)
    draft = sheet.read(tmp_path)
    assert kept(draft)[-1] == "Call a doctor at once if the seizure lasts for longer than five minutes."
    assert dropped(draft) == [
        ("Cradle Notes", "at the edge of the page"),
        ("1 Measured in the ear.", "footnote"),
        ("1", "at the edge of the page"),
        ("Cradle Notes 2", "at the edge of the page"),
    ]
    assert draft.notes == ("Words that were divided at a line's end, to be checked: seizure.",)


def test_a_hyphen_between_two_words_stays(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.put(50, 50, "Ask what is known of sleep-")
    sheet.put(50, 65, "related movements of babies.")
    assert kept(sheet.read(tmp_path)) == ["Ask what is known of sleep-related movements of babies."]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_that_is_set_sideways_is_read_and_a_stamp_across_it_is_not(tmp_path: Path, turn: int) -> None:
    sheet = Sheet()
    with sheet.rotation(turn, 300, 400):
        sheet.put(150, 300, "Shaking legs", 18, "B")
        sheet.put(150, 340, f"{SIGNS} {WHEN}", wide=50)
    with sheet.rotation(turn + 45, 300, 600):
        sheet.put(200, 600, "DRAFT COPY", 30)
    draft = sheet.read(tmp_path)
    assert kept(draft) == ["# Shaking legs", f"{SIGNS} {WHEN}"]
    assert dropped(draft) == [("DRAFT COPY", "turned sideways")]


def test_spaced_letters_make_words_and_letters_set_twice_are_read_once(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.set_char_spacing(6)
    sheet.put(50, 50, "SAFE SLEEP", 18, "B")
    sheet.set_char_spacing(0)
    sheet.put(50, 90, SIGNS)
    for shift in (0, 0.3, 0.6):
        sheet.put(50 + shift, 120, "When to call a doctor", 14)
    sheet.put(50, 150, WHEN)
    assert kept(sheet.read(tmp_path)) == ["# SAFE SLEEP", SIGNS, "## When to call a doctor", WHEN]


def test_joined_letters_are_taken_apart(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.add_font("sans", "", LETTERS)
    sheet.set_font("sans", size=11)
    sheet.text(50, 60, "The \ufb01rst nights are di\ufb03cult.")
    assert kept(sheet.read(tmp_path)) == ["The first nights are difficult."]


def test_what_no_reader_sees_is_left_out_with_the_reason(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.put(50, 60, SIGNS)
    with sheet.local_context(text_mode=3):
        sheet.put(50, 100, "Secret words")
    sheet.set_text_color(255)
    sheet.put(50, 130, "White words")
    sheet.rect(50, 150, 300, 30, style="F")
    sheet.put(60, 160, "White on black is seen")
    sheet.set_text_color(0)
    sheet.put(50, 200, "Black under black")
    sheet.rect(45, 195, 200, 20, style="F")
    sheet.put(50, 230, "Give honey.")
    sheet.line(50, 235, 110, 235)
    sheet.put(50, 900, "Below the page")
    sheet.put(50, 260, WHEN)
    draft = sheet.read(tmp_path)
    assert kept(draft) == [SIGNS, "White on black is seen", WHEN]
    assert sorted(dropped(draft)) == [
        ("Below the page", "outside the page"),
        ("Give honey.", "struck out"),
        ("Secret words White words Black under black", "not visible"),
    ]


def test_raised_figures_never_join_those_before_them(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.put(50, 60, "Call a doctor when a baby has 38")
    sheet.put(50 + sheet.get_string_width("Call a doctor when a baby has 38"), 58, "1", 7)
    sheet.put(
        60 + sheet.get_string_width("Call a doctor when a baby has 38") * 11 / 7, 60, "degrees or more."
    )
    sheet.put(50, 90, "A head grows by 10")
    sheet.put(50 + sheet.get_string_width("A head grows by 10"), 88, "2", 7)
    sheet.put(50, 780, "1 Measured in the ear.", 8)
    draft = sheet.read(tmp_path)
    assert kept(draft) == ["Call a doctor when a baby has 38 degrees or more.", "A head grows by 10²"]
    assert dropped(draft) == [("1", "a note's mark"), ("1 Measured in the ear.", "footnote")]
    assert draft.notes == ("Raised figures, kept raised: 10².", "Marks of notes, left out: 1.")


TABLE = (
    ("Age", "Temperature", "What to do"),
    (
        "Under 3 months",
        "38 or more",
        "Call a doctor at once, by day or by night, and say how old the baby is",
    ),
    ("3 to 6 months", "39 or more", "Call on the same day"),
    ("Over 6 months", "39 or more", "Wait for a day if the baby drinks, plays and is well otherwise"),
)


@pytest.mark.parametrize("layout", ["ALL", "NONE", "MINIMAL", "HORIZONTAL_LINES", "SINGLE_TOP_LINE"])
def test_a_table_is_rows_whatever_lines_it_has(tmp_path: Path, layout: str) -> None:
    sheet = Sheet()
    sheet.put(50, 50, "Fever by age", 16, "B")
    sheet.put(50, 80, FEVER)
    sheet.set_y(110)
    sheet.set_font("helvetica", size=11)
    with sheet.table(
        borders_layout=layout, col_widths=(3, 3, 5), text_align="LEFT", padding=4, line_height=13
    ) as table:
        for cells in TABLE:
            table.row(cells)
    sheet.put(50, 300, "Never wait when the baby is hard to wake.")
    assert kept(sheet.read(tmp_path)) == [
        "# Fever by age",
        FEVER,
        *(" | ".join(cells) for cells in TABLE),
        "Never wait when the baby is hard to wake.",
    ]


def test_a_scan_with_recognised_words_is_read_and_said_to_be_one(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.image(Image.new("L", (600, 800), 250), 0, 0, 595, 842)
    with sheet.local_context(text_mode=3):
        sheet.put(50, 60, f"{SIGNS} {WHEN}", wide=80)
    draft = sheet.read(tmp_path)
    assert kept(draft) == [f"{SIGNS} {WHEN}"]
    assert draft.notes == ("Page 1 is a picture; its words are a machine's recognition: compare them.",)


def test_a_page_that_is_a_picture_is_told_of_and_a_scan_refused(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.put(50, 60, f"{SIGNS} {WHEN}", wide=80)
    sheet.add_page()
    sheet.image(Image.new("L", (600, 800), 250), 0, 0, 595, 842)
    sheet.put(250, 815, "Page 2 of 2", 8)
    assert sheet.read(tmp_path).notes == (
        "Page 2 holds a picture and hardly a word; a scan needs text recognition.",
    )
    with pytest.raises(CorpusError) as caught:
        read_input("pdf-scan-with-footer.pdf")
    assert str(caught.value).endswith(
        "page 1 holds a picture and hardly a word; a scan needs text recognition first."
    )


def test_words_that_lost_letters_are_told_of(tmp_path: Path) -> None:
    sheet = Sheet()
    lost = f"{SIGNS} {WHEN} {FILM}".replace("th", "").replace("er", "")
    sheet.put(50, 60, lost, wide=80)
    (note,) = [note for note in sheet.read(tmp_path).notes if "in no word list" in note]
    assert re.match(
        r"\d\d% of its words are in no word list; letters may be lost, or lines mixed up: \w+,", note
    )


def test_letters_that_a_font_does_not_name_are_refused(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.add_font("sans", "", LETTERS)
    sheet.set_font("sans", size=11)
    sheet.text(50, 60, "Hold the baby.")
    path = tmp_path / "a.pdf"
    path.write_bytes(bytes(sheet.output()).replace(b"/ToUnicode", b"/NoUnicode"))
    with pytest.raises(CorpusError, match="fonts do not say which letters they hold"):
        import_document(path)


def test_a_pdf_of_one_short_paragraph_has_a_passage(make_article: MakeArticle) -> None:
    text = read_input("pdf-not-content-message.pdf").render("Blue lips")
    (passage,) = cut_article(make_article(text))
    assert passage.text.split("\n")[0] == "Call a doctor when:"
    assert passage.text.split("\n")[-1] == "• the jerks last long"


BLOCKS = st.lists(
    st.tuples(
        st.sampled_from([SIGNS, WHEN, FILM, FEVER, "Blue lips", "38 degrees", "Does it hurt?"]),
        st.integers(20, 400),
        st.integers(20, 780),
        st.sampled_from([7, 9, 11, 16]),
        st.sampled_from(["", "B"]),
        st.sampled_from([0, 0, 0, 90, 270]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=BLOCKS)
def test_every_letter_is_kept_or_dropped(
    tmp_path: Path, blocks: list[tuple[str, int, int, int, str, int]]
) -> None:
    sheet, put = Sheet(), Counter[str]()
    taken: list[tuple[int, int]] = []
    for words, x, y, size, style, turn in blocks:
        # Letters upon letters would be one to a reader.
        if any(abs(y - other) < 160 for _, other in taken):
            continue
        taken.append((x, y))
        with sheet.rotation(turn, x, y):
            sheet.put(x, y, words, size, style, wide=30)
        put.update(re.sub(r"\W", "", words))
    shown = Counter(re.sub(r"\W", "", "".join(piece.text for piece in sheet.read(tmp_path).pieces)))
    assert shown == put


def damage(content: bytes, chance: random.Random) -> bytes:
    """A PDF cut short, with bytes flipped, a stretch missing or doubled, or a number or name replaced."""
    data = bytearray(content)
    start = chance.randrange(len(data))
    stretch = slice(start, start + chance.choice((1, 10, 100, 1000)))
    match chance.randrange(5):
        case 0:
            del data[start:]
        case 1:
            for _ in range(chance.choice((1, 3, 10, 100))):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 2:
            del data[stretch]
        case 3:
            data[start:start] = data[stretch]
        case _:
            found = chance.choice(list(re.finditer(rb"\d+|/[A-Za-z]+", content)))
            data[found.start() : found.end()] = chance.choice(
                (b"-1", b"0", b"99999999999", b"1e999", b"13", b"/X", b"(a)", b"null", b"<<>>", b"[1 0 R]")
            )
    return bytes(data)


@pytest.mark.thorough
@pytest.mark.parametrize("name", sorted(path.name for path in INPUTS.glob("*.pdf")))
def test_a_damaged_pdf_ends_in_one_line_or_a_draft(tmp_path: Path, name: str) -> None:
    content, path = (INPUTS / name).read_bytes(), tmp_path / "a.pdf"
    chance = random.Random(name)  # noqa: S311
    for _ in range(6):
        path.write_bytes(damage(content, chance))
        began = time.monotonic()
        with suppress(CorpusError):
            assert import_document(path).pieces
        assert time.monotonic() - began < 60


@pytest.mark.parametrize("day", ["20261301", "99999999", "now", ""])
def test_a_date_that_is_none_is_not_proposed(tmp_path: Path, day: str) -> None:
    path = tmp_path / "a.pdf"
    content = (INPUTS / "pdf-tight-words.pdf").read_bytes()
    path.write_bytes(re.sub(rb"\(D:2026\d{10}Z\)", b"(D:%-15s)" % day.encode(), content))
    assert import_document(path).proposal.published is None
