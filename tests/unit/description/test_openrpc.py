"""The protocol's description: what the code does, in the files that others read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.description.openrpc import list_errors, main, make_document, make_error_table
from sidecar.description.typescript import make_types
from sidecar.wire.messages import ProtocolError
from sidecar.wire.methods import METHODS
from tests.conftest import ROOT
from tests.support.client import Client


def references(part: Any) -> Iterator[str]:
    """All that a part of the document refers to."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def method(name: str) -> Any:
    """One method of the document."""
    return {described["name"]: described for described in make_document()["methods"]}[name]


def test_files_in_protocol_say_what_the_code_does() -> None:
    assert main(["--check", str(ROOT / "protocol")]) == 0


def test_check_fails_for_a_file_that_differs_and_one_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--write", str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "ERRORS.md").write_text("older", "utf-8")
    (tmp_path / "openrpc.json").unlink()
    types = tmp_path / "client" / "src" / "types.ts"
    types.write_text(types.read_text("utf-8").replace("overwrite: boolean", "overwrite: string"), "utf-8")
    assert main(["--check", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "ERRORS.md" in told
    assert "openrpc.json" in told
    assert str(types) in told


def test_discover_answers_with_the_document(sidecar_command: list[str]) -> None:
    with Client([*sidecar_command, "serve"]) as client:
        assert client.request("rpc.discover")["result"] == json.loads(json.dumps(make_document()))


def test_every_method_is_described_in_a_sentence() -> None:
    document = make_document()
    assert [described["name"] for described in document["methods"]] == list(METHODS)
    assert all(described["summary"].endswith(".") for described in document["methods"])


def test_every_reference_leads_somewhere() -> None:
    document = make_document()
    for reference in references(document):
        part = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
        assert part


def test_params_are_described_in_the_order_by_position() -> None:
    described = method("import_data_from_file")["params"]
    assert [(param["name"], param["required"]) for param in described] == [
        ("filePath", True),
        ("overwrite", True),
        ("settings", False),
        ("allowLoss", False),
        ("salvage", False),
        ("progressToken", False),
        ("previewToken", False),
        ("selection", False),
        ("onConflict", False),
        ("conflictChoices", False),
    ]
    assert all(param["description"] for param in described)


def test_keys_that_are_always_sent_are_required() -> None:
    schemas = make_document()["components"]["schemas"]
    assert len(schemas["BackupMetadata"]["required"]) == 7
    assert "problems" in schemas["BackupValidationResult"]["required"]
    assert "column" not in schemas["Problem"]["required"]


def test_errors_have_codes_of_their_own_and_application_errors_outside_the_reserved_range() -> None:
    kinds = list_errors()
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert len({kind.kind for kind in kinds}) == len(kinds)
    for kind in kinds:
        reserved = issubclass(kind, ProtocolError) or kind.kind in ("internal_error", "cancelled")
        assert (-32899 <= kind.code <= -32000) == reserved
        assert reserved or 0 < kind.code < 126, "also an exit code of the command line"


def test_every_error_has_a_row_in_the_table() -> None:
    table = make_error_table()
    for kind in list_errors():
        assert f"| {kind.code} | {kind.kind} |" in table
        assert kind.hint


def test_types_of_the_client_name_every_method_and_error_and_say_what_may_be_absent() -> None:
    types = make_types(make_document())
    for name in METHODS:
        assert f'  "{name}": {{ params: ' in types
    for kind in list_errors():
        assert f'  | "{kind.kind}"' in types
    assert "  metadata: BackupMetadata | null;\n" in types
    assert "  overwrite: boolean;\n" in types
    assert "  allowLoss?: boolean;\n" in types
    assert "  examples: Record<string, Array<Example>>;\n" in types


def test_types_of_a_form_nobody_foresaw_are_refused() -> None:
    document = make_document()
    document["components"]["schemas"]["Pong"]["properties"]["pong"] = {"type": "tuple"}
    with pytest.raises(KeyError, match="tuple"):
        make_types(document)
