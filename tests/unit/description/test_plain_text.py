"""Descriptions are plain sentences: nothing in them that only a reader of Python or reStructuredText understands."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sidecar.description.openrpc import make_document
from sidecar.description.plain_text import FOREIGN, plain, plainly_described, require_plain, texts_of
from tests.conftest import ROOT

PROTOCOL = ROOT / "protocol"

DESCRIBING = [
    PROTOCOL / "openrpc.json",
    *sorted((PROTOCOL / "schemas").rglob("*.json")),
]


@pytest.mark.parametrize("path", DESCRIBING, ids=[str(path.relative_to(PROTOCOL)) for path in DESCRIBING])
def test_descriptions_hold_no_markup_of_docstrings_and_no_word_of_python(path: Any) -> None:
    for text in texts_of(json.loads(path.read_text("utf-8"))):
        assert not FOREIGN.search(text), text


@pytest.mark.parametrize("name", ["ERRORS.md", "client/src/types.ts"])
def test_what_is_made_for_people_holds_none_either(name: str) -> None:
    for line in (PROTOCOL / name).read_text("utf-8").splitlines():
        assert not re.search(r"``|:[a-z]+:`|\b(None|True|False)\b", line), line


def test_the_answer_to_discover_is_described_as_plainly() -> None:
    found = list(texts_of(make_document()))
    assert len(found) > 100
    assert not [text for text in found if FOREIGN.search(text)]


def test_markup_is_told_from_text() -> None:
    assert plain("One\n\n    ``path`` of\n    two.") == "One `path` of two."
    assert plain(None) == ""
    assert FOREIGN.search("``path``")
    assert FOREIGN.search("The rows (None for a single object).")
    assert not FOREIGN.search("The `path`, null where nothing was changed.")


def test_a_property_that_is_called_description_stays_a_schema() -> None:
    schema = {"properties": {"description": {"type": "string", "description": "``x``"}}}
    assert plainly_described(schema) == {"properties": {"description": {"type": "string", "description": "`x`"}}}


def test_the_generator_refuses_a_word_of_python() -> None:
    require_plain(make_document())
    for text in ("None where nothing was changed.", "True replaces it.", "The :class:`Report`.", "``path``"):
        with pytest.raises(ValueError, match="readers of JSON"):
            require_plain({"components": [{"description": text}]})
