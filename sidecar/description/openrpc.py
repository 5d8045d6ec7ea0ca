"""The protocol's description, made from the code: an OpenRPC 1.3 document, the table of errors, the client's types.

JSON Schemas, too: of params, results, errors, of what commands print, and of what lies in an archive. rpc.discover
answers with the document, without its examples. ``python -m sidecar.description.openrpc --write protocol`` keeps all of
it as files, and ``--check protocol`` tells whether they still say what the code does.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sidecar import __version__
from sidecar.description.message_schemas import make_schemas
from sidecar.description.method_answers import ALWAYS_POSSIBLE, ANSWERS
from sidecar.description.plain_text import plain, plainly_described, require_plain
from sidecar.description.typescript import make_types
from sidecar.errors import backups, base, conflicts, databases, jobs, paths
from sidecar.errors.base import SidecarError
from sidecar.progress import Report
from sidecar.wire import messages
from sidecar.wire.context import Token
from sidecar.wire.methods import METHODS, NAME, PROTOCOL_VERSION, Method
from sidecar.wire.params import Params, names_of

SCHEMAS = "schemas"
"""Folder of the JSON Schemas."""

PROGRAM = "python -m sidecar.description.openrpc"
"""What a developer types to make the files anew."""

FAMILIES = (base, paths, backups, databases, conflicts, jobs)
"""The modules of the errors."""

_REFERENCE = "#/components/schemas/{name}"

_ABOUT = (
    "KiraPilot's backup and restore, over standard input and output of the sidecar process: one JSON-RPC 2.0 "
    f"message on each line, in UTF-8. Protocol version {PROTOCOL_VERSION}. ErrorData describes the data of every error."
)

_ERRORS_HEAD = """\
# Errors

Made by `python -m sidecar.description.openrpc --write protocol` from the classes in `sidecar/errors/` and
`sidecar/wire/messages.py`; codes and kinds never change once published.

`code` is the JSON-RPC error code, and a positive one also the exit code of the command line.
`message` is for the user as it stands. `data` holds `kind`, `hint`, and where known `path` and `detail`,
which fill the gaps of the message; `salvage: true` where a salvage would get something out of the backup; and, since
protocol version 1.1, `refused` where the database refuses rows of a backup (then it is an `invalid_backup`, as ever).

| code | kind | message | hint |
|---:|---|---|---|
"""


class RefusedRows(msgspec.Struct):
    """Rows of a backup that the database refuses for one reason, in SQLite's words.

    ``rows`` is how many, null where it could not be counted; ``ids`` are those of some.
    """

    table: str
    reason: str
    rows: int | None
    ids: list[str]


class ErrorData(msgspec.Struct, omit_defaults=True):
    """The data of every error: its kind, what to do, and the path and the detail of its message, where known.

    ``salvage`` is true where an import with ``salvage`` would get something out of the backup that was refused.
    ``refused``, since protocol version 1.1, is there where the database refuses rows of the backup.
    """

    kind: str
    hint: str
    path: str | None = None
    detail: str | None = None
    salvage: bool = False
    refused: list[RefusedRows] | None = None


class ProgressParams(msgspec.Struct):
    """Params of the notification $/progress, which the sidecar sends about requests that carry a progressToken."""

    token: Token
    value: Report


def make_document() -> dict[str, Any]:
    """The OpenRPC document of all methods, as plain data; what is kept in protocol/ has examples besides."""
    document = {
        "openrpc": "1.3.2",
        "info": {"title": NAME, "version": __version__, "description": _ABOUT},
        "methods": [_describe_method(method) for method in METHODS.values()],
        "x-notifications": [{"name": "$/progress", "params": {"$ref": _REFERENCE.format(name="ProgressParams")}}],
        "components": {
            "schemas": _describe_results(),
            "errors": {kind.kind: _describe_error(kind) for kind in list_errors()},
        },
    }
    described: dict[str, Any] = plainly_described(document)
    return described


def make_error_table() -> str:
    """protocol/ERRORS.md."""
    return _ERRORS_HEAD + "".join(
        f"| {kind.code} | {kind.kind} | {_sentence(kind)} | {kind.hint} |\n" for kind in list_errors()
    )


def list_errors() -> list[type[SidecarError]]:
    """Every error there is, by code: the application's first, then those of the protocol."""
    named = [kind for module in (*FAMILIES, messages) for kind in vars(module).values()]
    kinds = {kind for kind in named if isinstance(kind, type) and issubclass(kind, SidecarError)}
    return sorted(_outcomes(kinds), key=lambda kind: (kind.code < 0, abs(kind.code)))


def _outcomes(kinds: Iterable[type[SidecarError]]) -> list[type[SidecarError]]:
    # What is raised has a code of its own, with or without heirs; the others are the families.
    return [kind for kind in kinds if kind is not SidecarError and "code" in vars(kind)]


def _describe_method(method: Method) -> dict[str, Any]:
    return {
        "name": method.name,
        "summary": plain(method.run.__doc__),
        "paramStructure": "either",
        "params": _describe_params(method.params),
        "result": {"name": "result", "schema": _schema(ANSWERS[method.name].result)},
        "errors": [{"$ref": f"#/components/errors/{kind.kind}"} for kind in _errors_of(method)],
    }


def _describe_params(params: type[Params]) -> list[dict[str, Any]]:
    _, components = msgspec.json.schema_components([params], ref_template=_REFERENCE)
    schema = components[params.__name__]
    return [
        {
            "name": name,
            "description": schema["properties"][name].pop("description", ""),
            "required": name in schema.get("required", []),
            "schema": schema["properties"][name],
        }
        for name in names_of(params)
    ]


def _errors_of(method: Method) -> list[type[SidecarError]]:
    families = (*ANSWERS[method.name].errors, *ALWAYS_POSSIBLE)
    return [kind for kind in list_errors() if issubclass(kind, families)]


def _schema(answer: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([answer], ref_template=_REFERENCE)
    return schema


def _describe_results() -> dict[str, Any]:
    answers = [*{answer.result: None for answer in ANSWERS.values()}, ErrorData, ProgressParams]
    _, schemas = msgspec.json.schema_components(answers, ref_template=_REFERENCE)
    # Of what is sent as a param as well, a caller may leave out what has a default.
    _, sent = msgspec.json.schema_components({method.params for method in METHODS.values()}, ref_template=_REFERENCE)
    sparse = {kind.__name__ for kind in _all_structs() if kind.__struct_config__.omit_defaults} | sent.keys()
    for name, schema in schemas.items():
        if name not in sparse:
            # A default only means that the code need not set it: the key is always sent.
            schema["required"] = list(schema["properties"])
    # The params themselves are described with their methods; what stands in them, here.
    within = {
        name: schema for name, schema in sent.items() if name not in {one.params.__name__ for one in METHODS.values()}
    }
    return dict(sorted((within | schemas).items()))


def _all_structs() -> list[type[msgspec.Struct]]:
    found: list[type[msgspec.Struct]] = []
    heirs = msgspec.Struct.__subclasses__()
    while heirs:
        kind = heirs.pop()
        found.append(kind)
        heirs.extend(kind.__subclasses__())
    return found


def _describe_error(kind: type[SidecarError]) -> dict[str, Any]:
    return {"code": kind.code, "message": _sentence(kind), "data": {"kind": kind.kind, "hint": kind.hint}}


def _sentence(kind: type[SidecarError]) -> str:
    return plain(kind.__doc__)


def _files() -> dict[str, str]:
    # Not above: rpc.discover has no need of the app's tables, of the command line, or of what lies in a checkout alone.
    from sidecar.description.archive_schemas import make_archive_schemas
    from sidecar.description.command_schemas import make_command_schemas
    from sidecar.description.examples import add_examples

    document = make_document()
    schemas = plainly_described(make_schemas(document) | make_archive_schemas() | make_command_schemas(document))
    require_plain([document, schemas])
    return {
        "openrpc.json": _as_json(add_examples(document)),
        "ERRORS.md": make_error_table(),
        "client/src/types.ts": make_types(document),
        "man/kirapilot-sidecar.1": _man_page(),
        **{f"{SCHEMAS}/{name}": _as_json(schema) for name, schema in schemas.items()},
    }


def _man_page() -> str:
    # From the parser, which lies above this room, by a package that developers alone have: in a checkout, then, and by
    # name, so that nothing of it is frozen.
    page: str = importlib.import_module("freezing.man_page").man_page()
    return page


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _left_over(folder: Path, files: Iterable[str]) -> set[Path]:
    """Schemas of what is no more."""
    return {*(folder / SCHEMAS).rglob("*.json")} - {folder / name for name in files}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them with the code; exit code 1 if one differs."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", metavar="FOLDER", type=Path, help="write the files there")
    task.add_argument("--check", metavar="FOLDER", type=Path, help="fail if they are not what would be written")
    options = parser.parse_args(arguments)
    return _write(options.write) if options.write else _check(options.check)


def _write(folder: Path) -> int:
    files = _files()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    for path in _left_over(folder, files):
        path.unlink()
    return 0


def _check(folder: Path) -> int:
    files = _files()
    stale = {folder / name for name, text in files.items() if not _holds(folder / name, text)}
    stale |= _left_over(folder, files)
    for path in sorted(stale):
        sys.stderr.write(f"{path} is not what the code says: run {PROGRAM} --write {folder}\n")
    return 1 if stale else 0


def _holds(path: Path, text: str) -> bool:
    # Git may have changed the line endings on the way to Windows.
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
