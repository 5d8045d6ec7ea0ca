"""Pages, taken apart: strictly, as XML, which a title that broke out of its element would not survive."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from sidecar.database.introspection import read_schema
from sidecar.progress import Progress
from sidecar.report.reporting import write_report
from sidecar.report.target import MARK
from tests.support.databases import opened, places_of, quoted

Element = ElementTree.Element

ELEMENTS = frozenset((
    "html", "head", "meta", "title", "style", "body", "a", "header", "main", "footer", "nav", "section", "h1", "h2",
    "h3", "p", "ul", "ol", "li", "dl", "dt", "dd", "div", "span", "small", "bdi", "table", "caption", "thead",
    "tbody", "tfoot", "tr", "th", "td", "details", "summary", "figure", "figcaption", "svg", "desc", "g", "rect",
    "line", "path", "circle", "text", "del", "ins", "time",
))  # fmt: skip
"""All that a page is made of: none of them runs anything, or fetches anything without an address."""

ATTRIBUTES = frozenset((
    "lang", "data-made-by", "charset", "content", "name", "http-equiv", "class", "id", "href", "tabindex", "role",
    "scope", "colspan", "rowspan", "open", "datetime", "aria-label", "aria-labelledby", "aria-hidden", "viewBox",
    "x", "y", "x1", "x2", "y1", "y2", "width", "height", "rx", "cx", "cy", "r", "d", "text-anchor",
))  # fmt: skip

HOSTILE = (
    "</bdi></title></style></table><script>document.body.innerHTML='taken'</script>",
    "\"' onload=alert(1) x='<img src=x onerror=alert(2)>",
    "{{ 7*7 }}{% for x in y %}<svg onload=alert(3)>&amp;&lt;&#x3c;]]><!--",
    "\u202eright to left\u202c \u2067isolated \u200f\u05d0\u05d1\u05d2\u0001\u0007\u009b \ufffe \u2028",
    "javascript:alert(4) https://example.org/?q=1 url(https://example.org/a.png)",
    "long " * 2000,
)
"""Texts that would like to be more than that."""


class Page:
    """One page: its text, and its elements."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text("utf-8")
        self.root = ElementTree.fromstring(self.text)

    def all(self, name: str) -> list[Element]:
        return list(self.root.iter(name))

    def words(self, element: Element | None = None) -> str:
        """What is read, with single spaces."""
        return " ".join("".join((self.root if element is None else element).itertext()).split())

    def table(self, caption: str) -> list[list[str]]:
        """The cells of the table whose caption begins like this, without its head."""
        found = [each for each in self.all("table") if self.words(each.find("caption")).startswith(caption)]
        assert len(found) == 1, caption
        return [
            [self.words(cell) for cell in row]
            for part in found[0]
            if part.tag in ("tbody", "tfoot")
            for row in part.iter("tr")
        ]

    def fact(self, name: str) -> str:
        """What stands behind a name in a list of facts."""
        for each in self.all("dl"):
            parts = [part for part in each.iter() if part.tag in ("dt", "dd")]
            for one, other in pairwise(parts):
                if one.tag == "dt" and self.words(one) == name:
                    return self.words(other)
        raise AssertionError(f"there is no fact {name!r}")

    def assert_sound(self) -> None:
        """It does nothing, fetches nothing, and can be read by whoever hears it or has no mouse."""
        self._assert_harmless()
        self._assert_policy()
        self._assert_readable()

    def _assert_harmless(self) -> None:
        assert self.text.startswith(MARK)
        ids = {each.get("id") for each in self.root.iter()}
        for each in self.root.iter():
            assert each.tag in ELEMENTS, each.tag
            assert set(each.keys()) <= ATTRIBUTES, each.attrib
            if "href" in each.attrib:
                assert each.attrib["href"].startswith("#"), each.attrib
                assert each.attrib["href"][1:] in ids, each.attrib

    def _assert_policy(self) -> None:
        (style,) = self.all("style")
        assert style.text is not None
        assert not re.search(r"url\(|@import|expression|image-set", style.text)
        sha256 = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
        (policy,) = (each.get("content") for each in self.all("meta") if each.get("http-equiv"))
        assert policy == f"default-src 'none'; style-src 'sha256-{sha256}'; base-uri 'none'; form-action 'none'"

    def _assert_readable(self) -> None:
        ids = [each.attrib["id"] for each in self.root.iter() if "id" in each.attrib]
        assert len(ids) == len(set(ids))
        for each in self.root.iter():
            assert set(each.get("aria-labelledby", "").split()) <= set(ids), each.attrib
        assert [len(self.all(name)) for name in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
        levels = [int(each.tag[1]) for each in self.root.iter() if re.fullmatch("h[1-6]", each.tag)]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), levels
        skip = next(each for each in self.root.iter() if each.tag == "a")
        assert skip.get("href") == f"#{self.all('main')[0].get('id')}"
        assert all(self.words(each) for each in (*self.all("summary"), *self.all("a"), *self.all("caption")))
        for table in self.all("table"):
            assert table[0].tag == "caption"
            assert all(each.get("scope") in ("col", "row", "rowgroup") for each in table.iter("th"))
        for picture in self.all("svg"):
            told = [each.tag for each in picture][:2] == ["title", "desc"] and picture.get("role") == "img"
            assert told or picture.get("aria-hidden") == "true"


def report(database: Path, backup: str | Path, folder: Path) -> Page:
    """The page about a backup, written anew."""
    target = folder / "report.html"
    write_report(places_of(database), str(backup), str(target), Progress(), force=True)
    return Page(target)


def make_hostile(database: Path) -> None:
    """Put a hostile text into every column of every row that takes texts and leads nowhere."""
    with opened(database) as connection:
        for name, table in read_schema(connection).items():
            columns = [column for column, declared in table.columns.items() if _is_free(column, declared)]
            if name == "seaql_migrations" or not columns:
                continue
            for number, (row,) in enumerate(connection.execute(f"SELECT rowid FROM {quoted(name)}").fetchall()):
                texts = [HOSTILE[(number + index) % len(HOSTILE)] for index in range(len(columns))]
                settings = ", ".join(f"{quoted(column)} = ?" for column in columns)
                connection.execute(f"UPDATE {quoted(name)} SET {settings} WHERE rowid = ?", (*texts, row))


def _is_free(column: str, declared: str) -> bool:
    is_text = declared.lower().startswith(("varchar", "text"))
    return is_text and not (column == "id" or column.endswith("_id") or column in ("status", "recurrence_type"))


def rows_of(page: Page) -> Iterator[list[str]]:
    """The rows of every table of tasks."""
    for table in page.all("table"):
        if page.words(table.find("caption")).endswith("those first that are open"):
            for row in table.findall("tbody/tr"):
                yield [page.words(cell) for cell in row]
