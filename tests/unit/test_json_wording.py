"""No parser's words: whatever is put into what is decoded, people are told in theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import filterfalse, product
from typing import Annotated, Any

import msgspec
import pytest

from sidecar.archive.forms import ExactCell
from sidecar.archive.manifest import EntryManifest, Manifest, ManifestHead, TableManifest, Writer
from sidecar.errors.backups import BackupError
from sidecar.json_wording import in_words
from sidecar.selection.request import Selection
from sidecar.stage.head import read_manifest, read_metadata
from sidecar.wire import params
from sidecar.wire.messages import InvalidParams
from sidecar.wire.params import Params, read_params

ARCHIVED = (Manifest, ManifestHead, TableManifest, EntryManifest, Writer, ExactCell)
REQUESTED = [kind for kind in vars(params).values() if isinstance(kind, type) and issubclass(kind, Params)]

WRONG: tuple[Any, ...] = (None, True, -1, 7, 1.5, 2**70, "text", [], [1], {}, {"a": 1}, {"a": {"b": []}}, [[None]])

PARSERS = ("`", "$", "Expected", "expected", "got", "Object", "malformed", "truncated", "codec", "msgspec", "NoneType")
"""Words that msgspec, zipfile and Python use, and nobody else."""

BROKEN = (
    b"", b"[", b"{", b"{}x", b"nul", b"[1,]", b'{"a"}', b'{"a":tru}', b'"\\x"', b'"\\ud800"', b"\xff", b'{"a":"\xff"}',
    b"01", b"-", b"[" * 100_000, b'{"a":1e999}', b"\0", b"\xef\xbb\xbf{}",
)  # fmt: skip


def _plain(sentence: str) -> bool:
    return bool(sentence) and not any(word in sentence for word in PARSERS)


def _documents(kind: type[msgspec.Struct]) -> Iterator[dict[str, Any]]:
    """Each field wrong in every way, alone and with the others; and one that nobody knows."""
    names = kind.__struct_encode_fields__
    for name, value in product(names, WRONG):
        yield {name: value}
        yield dict.fromkeys(names, 1) | {name: value}
        yield dict.fromkeys(names, "x") | {name: value}
    yield {"loud": 1}
    yield {}


def _complaint(read: Callable[[], object]) -> str | None:
    try:
        read()
    except (msgspec.DecodeError, RecursionError) as error:
        return in_words(error)
    except (BackupError, InvalidParams) as error:
        return error.detail
    return None


@pytest.mark.parametrize("kind", ARCHIVED)
def test_no_field_of_an_archive_is_told_of_in_the_parsers_words(kind: type[msgspec.Struct]) -> None:
    decode = partial(msgspec.json.decode, type=kind)
    told = list(filter(None, (_complaint(partial(decode, json.dumps(one))) for one in _documents(kind))))
    assert told
    assert list(filterfalse(_plain, told)) == []


@pytest.mark.parametrize("kind", REQUESTED)
def test_no_param_is_told_of_in_the_parsers_words(kind: type[Params]) -> None:
    told = list(filter(None, (_complaint(partial(read_params, kind, (), one)) for one in _documents(kind))))
    assert "loud is not known" in told
    assert list(filterfalse(_plain, told)) == []


@pytest.mark.parametrize("read", [read_metadata, read_manifest])
def test_no_document_of_an_archive_is_told_of_in_the_parsers_words(read: Callable[[bytes], object]) -> None:
    metadata = {
        "version": "1.0.0", "created_at": "", "task_count": 0, "session_count": 0, "ai_interaction_count": 0,
        "dependency_count": 0,
    }  # fmt: skip
    documents = [json.dumps({**metadata, name: value}).encode() for name in metadata for value in WRONG]
    told = list(filter(None, (_complaint(partial(read, text)) for text in (*BROKEN, *documents))))
    assert len(told) >= len(BROKEN)
    assert list(filterfalse(_plain, told)) == []


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (b'{"size": 1.5, "sha256": ""}', EntryManifest, "size must be a whole number, not a number with a fraction"),
        (b"[]", dict[str, int], "it must be an object, not a list"),
        (b'{"rows": -1}', EntryManifest, "size is missing"),
        (b'{"size": -1, "sha256": ""}', EntryManifest, "size must be 0 or more"),
        (b'{"text": ""}', Selection, "text must not be empty"),
        (b'{"ids": ["a", ""]}', Selection, "ids[1] must not be empty"),
        (b'{"text": "%b"}' % (b"x" * 1001), Selection, "text must have at most 1000 characters"),
        (b"[1, 2, 3]", Annotated[list[int], msgspec.Meta(max_length=2)], "it must have at most 2 entries"),
        (b'{"a": 1', dict[str, int], "it ends too early"),
        (b'{"a": 1}}', dict[str, int], "it goes wrong at byte 9"),
    ],
)
def test_what_is_wrong_is_said_and_where(text: bytes, kind: Any, words: str) -> None:
    with pytest.raises(msgspec.DecodeError) as raised:
        msgspec.json.decode(text, type=kind)
    assert in_words(raised.value) == words
