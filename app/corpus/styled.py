"""A page's source -> its tree, with what its style sheets and roles say on the elements; nothing is run."""

from __future__ import annotations

import re

from lxml import etree, html
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

_MAX_SELECTORS = 3_000
"""More say how a site looks, not what is hidden or struck out in it."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NO_RULE = re.compile(r"/\*.*?\*/|<!--|-->|@[^{};]{0,500}(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", re.DOTALL)
"""Comments, and what holds under conditions only (@media, @supports)."""
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_DECLARATION = re.compile(
    r"(?:^|[;\s])(display|visibility|opacity|text-decoration(?:-line)?|font-weight|vertical-align|left|text-indent)"
    r"\s*:\s*([^;!]+)"
)
_TAGS = {
    **{"table": "table", "grid": "table", "rowgroup": "tbody", "row": "tr", "list": "ul", "listitem": "li"},
    **{"columnheader": "th", "rowheader": "th", "cell": "td", "gridcell": "td", "heading": "h2"},
}
_SHADOW = frozenset(("shadowrootmode", "shadowroot"))
_PLAIN = frozenset("div span section p header".split())


def read_tree(source: str, *, comments: bool) -> html.HtmlElement:
    """The tree that a browser makes of a page; a role is read as the tag that it stands for.

    It is copied, because lxml's own parser moves words: out of ``<s><p>``, and so out of what is struck.
    """
    page = LexborHTMLParser(source)
    _write_styles(page)
    tree: html.HtmlElement = html.Element("html")
    waiting = [(page.root.child if page.root else None, tree)]
    while waiting:
        node, parent = waiting.pop()
        while node is not None:
            if node.tag == "-text":
                words = _CONTROL.sub(" ", node.text_content or "")
                if len(parent):
                    parent[-1].tail = (parent[-1].tail or "") + words
                else:
                    parent.text = (parent.text or "") + words
            elif node.tag == "-comment" and comments:
                parent.append(html.HtmlComment((node.html or "")[4:-3]))
            elif node.tag and node.tag[0].isalpha():
                attributes = {
                    name: _CONTROL.sub(" ", value or "")
                    for name, value in node.attributes.items()
                    if _NAME.fullmatch(name)
                }
                element = etree.SubElement(parent, re.sub(r"[^A-Za-z0-9-]", "-", node.tag), attributes)
                inside = node.child
                if node.tag == "template" and not _SHADOW.isdisjoint(attributes):
                    element.tag = "div"
                    shadow = re.sub(r"^<[^>]*>|</template>$", "", node.html or "")
                    inside = LexborHTMLParser(shadow).body
                waiting.append((inside, element))
            node = node.next
    for element in tree.xpath("//*[@role]"):
        role = element.get("role")
        if role in _TAGS and (element.tag in _PLAIN or "-" in element.tag):
            level = element.get("aria-level", "2")
            element.tag = f"h{level}" if role == "heading" and re.fullmatch("[1-6]", level) else _TAGS[role]
        if role == "rowheader":
            element.set("scope", "row")
    return tree


def _write_styles(page: LexborHTMLParser) -> None:
    """Write what the page's own style sheets say on each element, as if it stood in its attribute."""
    rules: list[tuple[str, dict[str, str]]] = []
    for sheet in page.css("style"):
        for selectors, body in _RULE.findall(_NO_RULE.sub(" ", sheet.text())):
            if said := dict(_DECLARATION.findall(body)):
                rules += [(selector, said) for selector in selectors.split(",")]
    rules.sort(key=lambda rule: (rule[0].count("#"), len(re.findall(r"[.\[:]", rule[0]))))
    found: dict[int, tuple[LexborNode, dict[str, str]]] = {}
    for selector, said in rules[:_MAX_SELECTORS]:
        try:
            nodes = page.css(selector)
        except SelectolaxError:  # the part of a list, or a selector of no element
            continue
        for node in nodes:
            found.setdefault(node.mem_id, (node, {}))[1].update(said)
    for node, said in found.values():
        if node.tag not in ("html", "body"):  # hidden until a script has run
            own = node.attributes.get("style") or ""
            said |= dict(_DECLARATION.findall(own))
            node.attrs["style"] = ";".join([*(f"{name}:{value}" for name, value in said.items()), own])
