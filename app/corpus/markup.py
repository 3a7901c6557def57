"""A page's tree -> pieces. Nothing is fetched or run.

The tree is walked once, and each text node goes into a piece: kept, or dropped with the reason. Only what no
reader can bring to light is passed over: scripts, styles, templates, the head.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count, islice

from lxml import html

from app.corpus.drafts import INVISIBLE, Piece, clean, tell_invisible
from app.corpus.structure import BULLET, CONTENT, Kind, ends_clause
from app.corpus.styled import read_tree
from app.errors import CorpusError

_MAX_DEPTH = 200
"""Deeper nesting is no page that a person wrote."""
_MAX_INDENT = 5
_MAX_LINE_WORDS = 12
"""Lines broken by hand that are no longer than this may be a list; a longer bold line is no heading."""
_MAX_CELL_WORDS = 150
"""What holds more in a cell is a page laid out by a table."""
_MAX_SPAN = 100

_UNSEEN = frozenset("base datalist head link meta param script source style template title track".split())
_APART = {
    **dict.fromkeys(("del", "s", "strike"), "struck out"),
    **dict.fromkeys(("select", "optgroup", "option", "textarea"), "a form's field"),
    **dict.fromkeys(("audio", "canvas", "iframe", "object", "video"), "instead of a medium"),
    "dialog": "a dialog",
    "math": "a formula",
    "noscript": "for browsers without scripts",
    "svg": "in a drawing",
}
_HEADINGS = {f"h{rank}": rank for rank in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption "
    "figure footer form header hgroup hr legend li main menu nav ol p pre search section summary table tbody "
    "td tfoot th thead tr ul".split()
) | frozenset(_HEADINGS)
_SAID = ".//text()[not(parent::script or parent::style)]"
_LAYOUT = ".//article|.//section|.//form|.//center|.//br/following-sibling::node()[1][self::br]|" + "|".join(
    f".//{tag}" for tag in _HEADINGS
)
_LINK_SHARE = 0.6
_ENDED = re.compile(r"[.!?:;…]['\"”’)\]]*\s*$|^\s*$")
_TYPED_BULLET = re.compile(rf"{BULLET.pattern}|o\s+(?=[a-z])")
_SAYING_BULLETS = "✓✔✗✘→"
_LISTED = re.compile(rf"{_TYPED_BULLET.pattern}|\d{{1,2}}[.)]\s")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_STRUCK = re.compile(r"text-decoration[^;]*line-through", re.IGNORECASE)
_UNDISPLAYED = re.compile(
    r"display:\s*none|visibility:\s*(?:hidden|collapse)|(?<![-\w])opacity:\s*0(?:\.0*)?(?![.\d])",
    re.IGNORECASE,
)
_OFF_SCREEN = re.compile(
    r"(?:^|[;\s])(?:(?:left|top|text-indent):\s*-\d{3,}|font-size:\s*0(?![.\d])|clip:\s*rect\(\s*[01])", re.I
)
_BOLD = re.compile(r"font-weight:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_SUPER, _SUB = (re.compile(rf"vertical-align:\s*{side}", re.IGNORECASE) for side in ("super", "sub"))
_FOLDS = re.compile(r"accord|collaps|expand|faq|panel|toggle|question|answer|tab-?(?:content|pane)", re.I)
_FOR_SCREEN_READERS = re.compile(r"(?:visually-?hidden|sr-only|screen-reader-text)\b", re.I)
_TOGGLE = re.compile(
    r"(?:show|hide|open|close|expand|collapse|toggle|more|less)(?: (?:more|less|all|(?:this )?section))?",
    re.I,
)
"""What a control says besides what it opens."""
_ASKS = re.compile(r"title|head|question|trigger|toggle|label", re.I)
_TAB = re.compile(r"tab[-_]?(?:content|pane|panel)|tabs[-_]+panel", re.I)
_ASIDE = re.compile(
    r"newsletter|subscri|related|recommend|sharedaddy|sharing|social|sidebar|breadcrumb|cookie|consent|advert|"
    r"sponsor|pullquote|byline|signup|feedback|(?<![a-z])(?:ads?|author|bio|comments?|meta|nav|promo|respond|"
    r"share|tags?|toc|vote|rating|user)(?![a-z])",
    re.I,
)
"""How sites name what stands around and between the parts of an article."""
_PICTORIAL = re.compile(r"font-family:\s*['\"]?(?:Symbol|Wingdings)", re.I)
_NOTES = re.compile(r"\b(?:footnotes|endnotes|reflist|doc-footnote|doc-endnotes?)\b", re.I)
_NOTE_ID = re.compile(r"(?:footnote|endnote|fn|cite_note)[-:_]?\d", re.I)
_MARK = re.compile(r"[\[(][^\])]*[\])]|[*†‡§¶‖]+|\d{1,3}(?:\s*[,;–-]\s*\d{1,3})+")
_LINKED_MARK = re.compile(r"[\[(]?(?:\d{1,3}|[a-z]|[*†‡§¶‖]+)[\])]?")
_NAME_PANEL = ("aria-controls", "data-target", "data-bs-target", "data-tab", "href")
_OPEN = frozenset(("aria-expanded", "aria-controls", "data-toggle", "data-bs-toggle", "data-tab"))
_ASIDE_TAGS = frozenset(("nav", "aside", "form", "footer", "figcaption"))
_FIGURE = re.compile(r"(?!.*\d\s*[-–]\s*\d)[0-9+−–=()-]+")
"""What can be written raised or lowered; a dash between figures means "to", which no raised sign does."""
_RAISED, _LOWERED = (
    str.maketrans("0123456789+-−–=()", to) for to in ("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
)


@dataclass(frozen=True, slots=True)
class Page:
    """A document's tree and its pieces, in order."""

    tree: html.HtmlElement
    pieces: tuple[Piece, ...]
    places: tuple[tuple[html.HtmlElement, str], ...]
    """Each text node that stands in a piece: its element, and ``text`` or ``tail``. Pieces name it."""
    notes: tuple[str, ...]

    def write(self, marks: Sequence[str]) -> str:
        """The page again, what can be opened being open, with a mark before each of its text nodes."""
        for (element, side), mark in zip(self.places, marks, strict=False):
            setattr(element, side, mark + getattr(element, side))
        return str(html.tostring(self.tree, encoding="unicode"))


def walk_markup(source: str, *, comments: bool = False) -> Page:
    """Every visible or openable piece of a page; raises CorpusError when it is nested too deep.

    ``comments`` shows them as dropped: in Markdown they are an editor's words, in a page a program's.
    """
    tree = read_tree(source, comments=comments)
    names = tree.xpath("//@aria-controls|//@popovertarget|//@data-target|//@data-bs-target|//a/@href")
    walker = _Walker(tree, frozenset(name.lstrip("#") for name in names if name.strip("#")))
    body = tree.find("body")
    walker.enter(tree if body is None else body, depth=0)
    walker.flush()
    pieces = tuple(_find_bold_headings(walker.pieces))
    return Page(tree, pieces, tuple(walker.places), tuple(walker.tell()))


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one text node, or a line's end, and how they are set."""

    text: str
    place: int | None = None
    bold: bool = False
    linked: bool = False


@dataclass(frozen=True, slots=True)
class _Cell:
    piece: Piece
    heads: bool
    """Marked as a heading of its column, or set in bold."""
    heads_row: bool
    columns: int
    rows: int


@dataclass
class _Walker:
    """Gathers the words between the edges of blocks into pieces."""

    tree: html.HtmlElement
    opened: frozenset[str]
    """The names of what a link or a button leads to or opens."""
    pieces: list[Piece] = field(default_factory=list)
    places: list[tuple[html.HtmlElement, str]] = field(default_factory=list)
    kind: Kind = Kind.PARAGRAPH
    rank: int = 0
    marker: str = ""
    """What an item begins with, until its first words are gathered."""
    why: str = ""
    """Why the words here are dropped."""
    words: list[_Words] = field(default_factory=list)
    left_out: list[Piece] = field(default_factory=list)
    """What was dropped from the midst of the words under way."""
    lists: list[Iterator[str]] = field(default_factory=list)
    """Of each list around: what its items begin with."""
    heading: int = 1
    """The rank of the heading that all here stands under."""
    ended: tuple[int, ...] = ()
    """The places of the heading of the box that ended last."""
    aside: bool = False
    opens: bool = False
    """In the control of a panel: a link in it leads nowhere else."""
    noted: bool = False
    """In a table that says what its marks mean, so that they stay."""
    marked: set[str] = field(default_factory=set)
    """The names of marks of notes: notes lead back to them."""
    bold: bool = False
    linked: bool = False
    literal: bool = False
    """Whether line ends count here."""
    script: str = ""
    """How words are set here: raised, lowered, as the mark of a note or in a font of pictures."""
    raised: list[str] = field(default_factory=list)
    invisible: Counter[str] = field(default_factory=Counter)

    def enter(self, element: html.HtmlElement, depth: int) -> None:
        """The element and all in it, but not the words after it."""
        if depth > _MAX_DEPTH:
            raise CorpusError(
                f"elements are nested more than {_MAX_DEPTH} deep; save the page as text instead."
            )
        if element.tag in _UNSEEN:
            return
        # A panel whose name stands elsewhere is headed by it, unless it says it itself.
        named = clean(self._tabs[element].text_content()) if element in self._tabs else ""
        own = element.xpath("string(descendant::*[self::h2 or self::h3 or self::h4][1])") if named else ""
        named = "" if clean(own) == named else named
        places: tuple[int, ...] = ()
        if named:
            self.flush()
            # The place of no text node: those of the name are where it stands.
            places = (-1 - len(self.pieces),)
            self.pieces.append(Piece(Kind.HEADING, named, min(6, self.heading + 1), places=places))
            self.ended = ()
        why = "" if self.why else self._find_reason(element)
        if why:
            self._leave_out(element, depth, why)
        elif element.tag == "br":
            self.words.append(_Words("\n"))
        elif element.tag == "table" and _is_table(element):
            self._enter_table(element, depth)
        elif element.tag in _BLOCKS or self._heads(element):
            self._enter_block(element, depth)
        else:
            self._enter_inline(element, depth)
        if named:
            self.flush()
            self.ended = places

    def flush(self) -> None:
        """Ends the piece under way: the whole of a block, or what its line ends part."""
        words, self.words = self.words, []
        left_out, self.left_out = self.left_out, []
        lines = _split_lines(words) if any(part.text.strip() for part in words) else []
        whole = self.kind is Kind.HEADING or not lines
        groups = [lines] if whole else _group_lines(lines, self.kind)
        for number, group in enumerate(filter(None, groups)):
            piece = _join([line for line in group if line.text])
            bullet = _TYPED_BULLET.match(piece.text)
            kind, rank, text = self.kind, self.rank, self.marker + piece.text
            if kind is Kind.ITEM and (number or not self.marker):
                kind, rank, text = Kind.PARAGRAPH, 0, piece.text
            if kind is Kind.PARAGRAPH and (bullet or group[0].kind is Kind.ITEM):
                kind, rank = Kind.ITEM, self.rank + (self.kind is Kind.ITEM)
                said = bullet is not None and bullet[0][0] in _SAYING_BULLETS
                text = piece.text if said else f"• {piece.text[bullet.end() if bullet else 0 :]}"
            why = self.why or ("" if any(c.isalnum() for c in piece.text) else "no words")
            linked = piece.linked
            if kind is Kind.HEADING:
                linked, self.ended = linked and not self.opens, ()
            made = replace(piece, kind=kind, rank=rank, text=text, kept=not why, why=why, linked=linked)
            self.pieces.append(replace(made, aside=self.aside, ended=self.ended))
        if lines:
            self.marker = ""
        for why in dict.fromkeys(piece.why for piece in left_out):
            self.pieces.append(_join([piece for piece in left_out if piece.why == why]))

    def tell(self) -> Iterator[str]:
        """Every raised figure that was kept, every mark and invisible character that was not."""
        if self.raised:
            yield f"Raised figures, kept raised: {', '.join(dict.fromkeys(self.raised))}."
        marks = " ".join(piece.text for piece in self.pieces if piece.why == "a note's mark").split()
        if marks:
            yield f"Marks of notes, left out: {' '.join(dict.fromkeys(marks))}."
        yield from tell_invisible(self.invisible)

    @contextmanager
    def _keeping(self, *names: str) -> Iterator[None]:
        before = [getattr(self, name) for name in names]
        yield
        for name, value in zip(names, before, strict=True):
            setattr(self, name, value)

    def _before(self) -> str:
        """The last words under way."""
        return "".join(part.text for part in self.words[-4:])

    # What is dropped, and why.

    def _find_reason(self, element: html.HtmlElement) -> str:
        """Why the words of this element are not the article's; empty when nothing speaks against them."""
        tag, style, names = element.tag, element.get("style", ""), element.get("class", "")
        if not isinstance(tag, str):
            return "a comment"
        if tag in _APART or _STRUCK.search(style):
            return _APART.get(tag, "struck out")
        if element in self._names_of_tabs:
            return "the name of a tab"
        if tag == "button" and not self._is_in_heading(element) and not self._heads(element):
            return "a button"
        if self.kind is Kind.HEADING:
            # The words of a control that say what it does, beside those that say what it opens.
            control = next(element.iterancestors("button", "summary", "h2", "h3", "h4", "h5", "h6"), None)
            said = element.text_content()
            others = control is not None and control.text_content().strip() != said.strip()
            if others and _TOGGLE.fullmatch(said.strip(" \n,:+–−-")):
                return "a button"
        if element.get("role") in ("dialog", "alertdialog"):
            return "a dialog"
        if self._is_hidden(element, style):
            return "hidden"
        unseen = _FOR_SCREEN_READERS.search(names) or _OFF_SCREEN.search(style)
        if unseen and not (self._is_in_heading(element) and any(map(str.isalnum, element.text_content()))):
            return "for screen readers"
        if _NOTES.search(f"{names} {element.get('role', '')}") or (
            tag == "li" and _NOTE_ID.match(element.get("id", ""))
        ):
            return "a note"
        back = element.find(".//a[@href]") if tag in ("p", "li", "dd") else None
        if (
            back is not None
            and back.get("href").lstrip("#") in self.marked
            and element.text_content().lstrip().startswith(back.text_content().strip() or "-")
        ):
            return "a note"
        return "a note's mark" if not self.noted and self._is_mark(element, style) else ""

    def _is_hidden(self, element: html.HtmlElement, style: str) -> bool:
        """Hidden, and no reader can open it. What can be opened is shown to the extraction, too."""
        undisplayed = element.get("hidden") is not None or _UNDISPLAYED.search(style) is not None
        if not undisplayed and element.get("aria-hidden") != "true":
            return False
        before = element.getprevious()
        opened = before is not None and (
            before.tag in ("button", "summary")
            or bool(before.xpath("descendant-or-self::*[@aria-expanded]|.//button"))
        )
        if (
            opened
            or element.get("hidden") == "until-found"
            or element.get("role") == "tabpanel"
            or element.get("id", "") in self.opened
            or _FOLDS.search(f"{element.get('class', '')} {element.get('id', '')}")
            # Screen readers alone are kept from a block that is only this; icons are spans.
            or (not undisplayed and _is_block(element))
        ):
            for name in ("hidden", "aria-hidden", "style"):
                element.attrib.pop(name, None)
            return False
        return True

    @cached_property
    def _named(self) -> dict[str, html.HtmlElement]:
        return {element.get("id"): element for element in self.tree.xpath("//*[@id]")}

    def _find_panel(self, control: html.HtmlElement) -> html.HtmlElement | None:
        """The panel of text that a control opens."""
        names = (control.get(name, "").lstrip("#") for name in _NAME_PANEL)
        panel = next((self._named[name] for name in names if name in self._named), None)
        folds = _FOLDS.search(control.get("class", "")) is not None
        opens = folds or control.tag == "button" or not _OPEN.isdisjoint(control.attrib)
        after = control.getnext()
        if panel is None and after is not None and (folds or control.get("aria-expanded")):
            hidden = after.get("hidden") is not None or _UNDISPLAYED.search(after.get("style", ""))
            asks = hidden and _ASKS.search(control.get("class", ""))
            panel = after if asks or control.tag == "button" or control.get("aria-expanded") else None
        if panel is None or not (opens or _is_tab_panel(panel)):
            return None
        return panel if panel.xpath(".//text()[not(ancestor::a)][normalize-space()]") else None

    def _heads(self, element: html.HtmlElement) -> bool:
        """Whether it is the control that opens a panel of text, as a summary is, and in no heading itself."""
        return (
            self._find_panel(element) is not None
            and element not in self._names_of_tabs
            and not self._is_in_heading(element)
            and not element.xpath("ancestor::nav|ancestor::header|ancestor::footer|ancestor::form")
        )

    @cached_property
    def _tabs(self) -> dict[html.HtmlElement, html.HtmlElement]:
        """The panels whose names stand elsewhere, side by side, and the controls that say these."""
        tabs: dict[html.HtmlElement, html.HtmlElement] = {}
        for control in self.tree.xpath(
            "//*[@aria-controls or @data-target or @data-bs-target or @data-tab or @href]"
        ):
            panel = self._find_panel(control)
            if panel is None or not _is_tab_panel(panel):
                continue
            # The first words after those of the control: in the panel, where it stands under its name.
            words = control.xpath("following::text()[normalize-space(translate(., '+-–−×▼▲▾▸›»', ''))][1]")
            holder = words[0].getparent() if words else None
            if holder is not None and words[0].is_tail:
                holder = holder.getparent()
            if holder is None or not (holder is panel or panel in holder.iterancestors()):
                tabs.setdefault(panel, control)
        return tabs

    @cached_property
    def _names_of_tabs(self) -> frozenset[html.HtmlElement]:
        return frozenset(self._tabs.values())

    def _is_in_heading(self, element: html.HtmlElement) -> bool:
        return self.kind is Kind.HEADING or element.xpath(
            "boolean(ancestor-or-self::*[self::dt or self::summary or self::h1 or self::h2 or self::h3 "
            "or self::h4 or self::h5 or self::h6])"
        )

    def _is_mark(self, element: html.HtmlElement, style: str) -> bool:
        """Whether it is the mark of a note, and no power, unit or ending (10⁶, m², 1st).

        A single figure after a number could be either ("38¹"): it is no mark, and stays raised.
        """
        raised = element.tag == "sup" or _SUPER.search(style) is not None
        if not raised and element.tag != "a":
            return False
        words, before = element.text_content().strip(), self._before()
        link = bool(
            element.xpath("descendant-or-self::a[contains(@href,'#')]|ancestor::a[contains(@href,'#')]")
        )
        if link and not any(character.isalnum() for character in words):
            return True
        if not before.strip() or (element.tail or "").startswith(("/", "⁄")):
            return False
        if not raised:
            return link and not before[-1].isspace() and _LINKED_MARK.fullmatch(words) is not None
        if _MARK.fullmatch(words) or (link and _LINKED_MARK.fullmatch(words)):
            return True
        if re.fullmatch("[a-h]", words):
            return words != "e" or not before[-1].isdigit()
        letters = re.findall(r"[^\W\d_]*$", before)[0]
        could_be_unit = before[-1].isdigit() or 0 < len(letters) <= 2
        return re.fullmatch(r"\d{1,3}", words) is not None and not could_be_unit

    def _leave_out(self, element: html.HtmlElement, depth: int, why: str) -> None:
        """A block gives dropped pieces of its own; words in the midst of others are taken out of them."""
        if why == "a note's mark":
            self.marked.update(element.xpath("descendant-or-self::*/@id|descendant-or-self::*/@name"))
        if _is_block(element):
            self.flush()
            with self._keeping("kind", "rank", "marker", "why"):
                self.kind, self.rank, self.marker, self.why = Kind.PARAGRAPH, 0, "", why
                self._enter_children(element, depth)
                self.flush()
            return
        with self._keeping("words", "why"):
            self.words, self.why = [], why
            self._enter_children(element, depth)
            self.left_out += [replace(line, why=why) for line in _split_lines(self.words) if line.text]

    # Words.

    def _enter_inline(self, element: html.HtmlElement, depth: int) -> None:
        style = element.get("style", "")
        if element.tag == "button":
            element.tag = "span"
        quoted = [_Words("“"), _Words("”")] if element.tag == "q" else []
        with self._keeping("bold", "linked", "script"):
            self.bold = self.bold or element.tag in ("b", "strong") or _BOLD.search(style) is not None
            self.linked = self.linked or (element.tag == "a" and "href" in element.attrib)
            explains = element.tag == "sup" and not self._before().strip()
            if self.noted and (explains or self._is_mark(element, style)):
                quoted, self.script = [_Words(" "), _Words(" ")], "mark"
            elif _PICTORIAL.search(style):
                self.script = "picture"
            elif element.tag == "sup" or _SUPER.search(style):
                self.script = "raised"
            elif element.tag == "sub" or _SUB.search(style):
                self.script = "lowered"
            self.words += quoted[:1]
            self._enter_children(element, depth)
            self.words += quoted[1:]

    def _set(self, words: str) -> str:
        """Words as plain text can say how they are set."""
        if not self.script:
            return words
        said, before = words.strip(), self._before()
        if self.script == "mark":
            return f"[{words.strip(' ()[]')}]" if said else words
        if self.script == "picture":  # the letter of such a sign says nothing
            return "•" if len(said) == 1 else words
        if self.script == "lowered":
            # Figures stay below the line beside figures; after letters they are written as ever: H2O.
            fuses = before[-1:].isdigit() or before.endswith(("⁄", "/"))
            return words.translate(_LOWERED) if fuses and _FIGURE.fullmatch(words) else words
        if said in ("o", "º") and before[-1:].isdigit():
            return "°"
        if not _FIGURE.fullmatch(said):
            return words
        raised = said.translate(_RAISED)  # a power as such: its figures never join those before it
        self.raised.append(f"{(before.split() or [''])[-1]}{raised}")
        return raised

    def _enter_children(self, element: html.HtmlElement, depth: int) -> None:
        self._add(element, "text")
        for child in element:
            self.enter(child, depth + 1)
            self._add(child, "tail")

    def _add(self, element: html.HtmlElement, side: str) -> None:
        words = getattr(element, side)
        if not words:
            return
        if words.strip():
            self.places.append((element, side))
        self.invisible.update(INVISIBLE.findall(words))
        lines = re.split("[\n\u2028\u2029]" if self.literal else "[\u2028\u2029]", words)
        for number, line in enumerate(lines):
            self.words += [_Words("\n")] * (number > 0)
            text = self._set(_SPACE.sub(" ", line))
            self.words.append(_Words(text, len(self.places) - 1, self.bold, self.linked))

    # Blocks.

    def _enter_block(self, element: html.HtmlElement, depth: int) -> None:
        self.flush()
        tag = element.tag
        listed = tag in ("ul", "ol", "menu")
        before = (self.kind, self.rank, self.marker)
        first, heading = len(self.pieces), self.heading
        with self._keeping("bold", "literal", "aside", "opens"):
            self._begin(element)
            self.lists += [_count(element)] * listed
            self.literal = self.literal or tag == "pre"
            named = _ASIDE.search(f"{element.get('class', '')} {element.get('id', '')}")
            whole = tag in ("body", "main", "article")
            around = named is not None and not whole and not element.xpath(".//h1")
            self.aside = self.aside or tag in _ASIDE_TAGS or around
            self.bold = self.bold or _BOLD.search(element.get("style", "")) is not None
            self._enter_children(element, depth)
            self.flush()
        del self.lists[len(self.lists) - listed :]
        made = islice(self.pieces, first, None)
        begins = next(made, None)
        held = any(piece.kind in CONTENT and not piece.why for piece in made)
        if begins and begins.kind is Kind.HEADING and held:
            self.heading, self.ended = heading, begins.places
        waiting = self.marker if tag not in ("li", "dd") else ""
        self.kind, self.rank, self.marker = before
        self.marker = waiting and self.marker

    def _begin(self, element: html.HtmlElement) -> None:
        """What the words of this element are."""
        tag = element.tag
        if tag in _HEADINGS or tag == "summary" or self._heads(element):
            counted = self.marker if self.kind is Kind.ITEM and self.marker[:1].isalnum() else ""
            own = re.match(rf"(?:step\s+)?{re.escape(counted[:-2])}\b", clean(element.text_content()), re.I)
            self.opens = tag not in _HEADINGS
            self.kind, self.rank = Kind.HEADING, _HEADINGS.get(tag) or min(6, self.heading + 1)
            self.marker = "" if own else counted
            if self.opens and tag != "summary":  # an extraction leaves those out
                element.tag = f"h{self.rank}"
            self.heading = self.heading if self.opens else self.rank
        elif tag == "li":
            self.kind, self.rank = Kind.ITEM, min(_MAX_INDENT, max(0, len(self.lists) - 1))
            begins = next(self.lists[-1]) if self.lists else "• "
            number = element.get("value", "")
            self.marker = f"{number}. " if re.fullmatch(r"\d{1,4}", number) and begins != "• " else begins
        elif tag in ("ul", "ol", "table", "dl", "dt", "dd"):
            self.kind, self.rank, self.marker = Kind.PARAGRAPH, 0, ""

    # Tables.

    def _enter_table(self, table: html.HtmlElement, depth: int) -> None:
        self.flush()
        rows: list[list[_Cell]] = []
        with self._keeping("kind", "rank", "marker", "lists", "noted", "aside"):
            self.kind, self.rank, self.marker, self.lists = Kind.PARAGRAPH, 0, "", []
            self.noted = False
            for mark in table.iter("sup"):
                # A cell that begins with the mark of a note says what it means.
                cell = next(mark.iterancestors("td", "th"), None)
                words = cell.text_content().split() if cell is not None else []
                said = "".join(mark.text_content().split()) or "-"
                self.noted = self.noted or (len(words) > 1 and "".join(words).startswith(said))
            self._gather_rows(table, depth, rows)
            self.flush()
        laid_out = _lay_out(rows, self.why)
        self.pieces += [replace(piece, aside=self.aside, ended=self.ended) for piece in laid_out]

    def _gather_rows(self, element: html.HtmlElement, depth: int, rows: list[list[_Cell]]) -> None:
        """The cells of a table by rows; what stands between them comes before it."""
        self._add(element, "text")
        for child in element:
            if element.tag == "tr" and child.tag in ("td", "th"):
                rows[-1].append(self._read_cell(child, depth + 1))
            elif (
                element.tag == "tr"
                or child.tag not in ("thead", "tbody", "tfoot", "tr")
                or (not self.why and self._find_reason(child))
            ):
                self.enter(child, depth + 1)
            else:
                rows += [[]] if child.tag == "tr" else []
                self._gather_rows(child, depth + 1, rows)
            self._add(child, "tail")

    def _read_cell(self, cell: html.HtmlElement, depth: int) -> _Cell:
        """What is kept of a cell, as one piece; what is dropped stands before the table."""
        with self._keeping("pieces", "words", "left_out"):
            self.pieces, self.words, self.left_out = [], [], []
            self.enter(cell, depth)
            self.flush()
            found = self.pieces
        said = [piece for piece in found if piece.kept or piece.why in (self.why, "no words")]
        self.pieces += [piece for piece in found if piece not in said]
        kept = [replace(piece, text=piece.text.replace(" | ", ", ")) for piece in said]
        piece = _join([piece for piece in kept if piece.kind is not Kind.RULE])
        in_head = cell.getparent().getparent().tag == "thead"
        named = cell.tag == "th" and not cell.get("scope", "").startswith("row")
        return _Cell(
            piece,
            heads=in_head or named or piece.bold,
            heads_row=cell.tag == "th" and not in_head,
            columns=_read_span(cell, "colspan"),
            rows=_read_span(cell, "rowspan"),
        )


def _split_lines(words: Sequence[_Words]) -> list[Piece]:
    """The lines of words, as pieces without a kind; a blank line has no text."""
    lines: list[list[_Words]] = [[]]
    for part in words:
        if part.text == "\n":
            lines.append([])
        else:
            lines[-1].append(part)
    pieces: list[Piece] = []
    for line in lines:
        text = clean("".join(part.text for part in line))
        said = [part for part in line if part.text.strip()]
        piece = Piece(
            Kind.PARAGRAPH,
            text,
            kept=False,
            linked=sum(len(part.text) for part in said if part.linked) > _LINK_SHARE * max(1, len(text)),
            bold=bool(said) and all(part.bold or not any(map(str.isalnum, part.text)) for part in said),
            places=tuple(part.place for part in said if part.place is not None),
        )
        pieces.append(piece)
    return pieces


def _join(pieces: Sequence[Piece], between: str = " ") -> Piece:
    """Pieces as one; an empty one when there are none."""
    return Piece(
        Kind.PARAGRAPH,
        between.join(piece.text for piece in pieces),
        kept=False,
        why=pieces[0].why if pieces else "",
        linked=bool(pieces) and all(piece.linked for piece in pieces),
        bold=bool(pieces) and all(piece.bold for piece in pieces),
        places=tuple(place for piece in pieces for place in piece.places),
    )


def _group_lines(lines: Sequence[Piece], kind: Kind) -> list[list[Piece]]:
    """A new line is a new piece, unless the sentence goes on in it.

    Short lines, each broken by hand, are items under a lead-in, or else lines of their own.
    """
    said = [line.text for line in lines if line.text]
    led = len(said) > 1 and said[0].endswith(":")
    body = said[led:]
    short = all(len(text.split()) <= _MAX_LINE_WORDS for text in body)
    capital = all(text.lstrip("“\"'(")[:1].isupper() or text[:1].isdigit() for text in body)
    broken = short and len(body) >= 3 - (led and capital) and (led or capital) and kind is Kind.PARAGRAPH
    groups: list[list[Piece]] = []
    parted = True
    for line in lines:
        if not line.text:
            parted = True
            continue
        last = groups[-1][-1] if groups else line
        ended = kind is Kind.PARAGRAPH and (_ENDED.search(last.text) or last.bold != line.bold)
        if parted or broken or ended or _LISTED.match(line.text):
            groups.append([replace(line, kind=Kind.ITEM) if broken and led and groups else line])
        else:
            groups[-1].append(line)
        parted = False
    return groups


def _find_bold_headings(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """A short bold paragraph over text is a heading, below the one it stands under."""
    rank = 1
    kept = [piece for piece in pieces if piece.kept]
    follower = dict(zip(map(id, kept), kept[1:], strict=False))
    lead = False
    for piece in pieces:
        after = follower.get(id(piece))
        text_follows = after is not None and after.kind is not Kind.HEADING and not _is_bold_line(after)
        if _is_bold_line(piece) and text_follows and not lead:
            yield replace(piece, kind=Kind.HEADING, rank=min(6, rank + 1), why="a bold line")
        else:
            rank = piece.rank if piece.kept and piece.kind is Kind.HEADING else rank
            yield piece
        lead = piece.text.endswith(":") if piece.kept else lead


def _is_bold_line(piece: Piece) -> bool:
    short = len(piece.text.split()) <= _MAX_LINE_WORDS and not ends_clause(piece.text)
    return piece.kind is Kind.PARAGRAPH and piece.bold and not piece.linked and short


def _is_tab_panel(element: html.HtmlElement) -> bool:
    return element.get("role") == "tabpanel" or _TAB.search(element.get("class", "")) is not None


def _is_block(element: html.HtmlElement) -> bool:
    return element.tag in _BLOCKS or any(child.tag in _BLOCKS for child in element.iterdescendants())


def _count(element: html.HtmlElement) -> Iterator[str]:
    """What the items of a list begin with: a bullet, or a number or letter."""
    if element.tag != "ol":
        while True:
            yield "• "
    start = element.get("start", "")
    step = -1 if element.get("reversed") is not None else 1
    first = int(start) if re.fullmatch(r"\d{1,4}", start) else len(element.findall("li")) if step < 0 else 1
    for number in count(first, step):
        lettered = element.get("type") in ("a", "A") and 0 < number <= 26
        yield f"{chr(96 + number)}) " if lettered else f"{number}. "


def _read_span(cell: html.HtmlElement, name: str) -> int:
    """Over how many columns or rows it goes; ``rowspan=0`` is to the end."""
    value = cell.get(name, "1").strip()
    return min(_MAX_SPAN, int(value) or _MAX_SPAN) if re.fullmatch(r"\d{1,6}", value) else 1


def _is_table(table: html.HtmlElement) -> bool:
    """Rows of two cells or more; what else is marked up as a table is a page's layout."""
    if table.get("role") in ("presentation", "none") or table.xpath(_LAYOUT):
        return False
    rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    if not any(len(row) > 1 for row in cells) or (len(rows) == 1 and table.find(".//table") is not None):
        return False
    most = _MAX_CELL_WORDS if len(rows) > 1 else _MAX_LINE_WORDS
    return all(len(" ".join(cell.xpath(_SAID)).split()) <= most for row in cells for cell in row)


def _lay_out(rows: Sequence[Sequence[_Cell]], why: str) -> Iterator[Piece]:
    """The lines of a table; a cell over several rows or columns stands in each of them."""
    grid = [row for row in _fill_grid(rows) if any(cell.piece.text for cell in row)]
    width = max(map(len, grid), default=0)
    while grid and _is_whole(grid[0]):
        yield replace(grid.pop(0)[0].piece, kept=not why, why=why)  # it names the table
    unmarked = not any(cell.heads or cell.heads_row for row in grid for cell in row)
    # A figure in the first row of a table without heads says that it is none.
    unmarked = unmarked and bool(grid) and not any(map(str.isdigit, "".join(c.piece.text for c in grid[0])))
    heads = [not _is_whole(row) and all(cell.heads or not cell.piece.text for cell in row) for row in grid]
    head = int(unmarked) or heads.index(False) if False in heads else 0
    if head == len(grid):
        head = 0
    if head:
        columns = zip(*(row + row[-1:] * (width - len(row)) for row in grid[:head]), strict=True)
        cells = [
            _join(list(dict.fromkeys(cell.piece for cell in column if cell.piece.text))) for column in columns
        ]
        yield replace(_join(cells, " | "), kind=Kind.TABLE_HEADER, kept=not why, why=why)
    elif grid:
        yield Piece(Kind.RULE, " | ".join(["---"] * max(2, width)), kept=not why, why=why)
    for row in grid[head:]:
        while len(row) > 1 and (row[-1] is row[-2] or not row[-1].piece.text):
            row.pop()
        line = _join([cell.piece for cell in row], " | ")
        text = line.text if len(row) > 1 else f"{line.text} |"
        reason = why or ("" if any(c.isalnum() for c in text) else "no words")
        yield replace(line, kind=Kind.TABLE_ROW, text=text, kept=not reason, why=reason)


def _is_whole(row: Sequence[_Cell]) -> bool:
    """Whether one cell goes over all columns; such a row names those below it."""
    return all(cell is row[0] for cell in row)


def _fill_grid(rows: Sequence[Sequence[_Cell]]) -> Iterator[list[_Cell]]:
    """Each row with a cell for every column, those from above among them."""
    below: dict[int, tuple[_Cell, int]] = {}
    for row in rows:
        above, below = below, {}
        line: list[_Cell] = []
        waiting = list(reversed(row))
        while waiting or len(line) in above:
            fresh = len(line) not in above
            cell, left = (waiting[-1], waiting.pop().rows) if fresh else above[len(line)]
            for _ in range(cell.columns if fresh else 1):
                if left > 1:
                    below[len(line)] = cell, left - 1
                line.append(cell)
        yield line
