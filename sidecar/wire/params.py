"""Params: what each method takes, as structs; and how they are read, by name or by position.

The names on the wire are the frontend's (camelCase). The order of the fields is the order by position;
``progressToken`` comes last everywhere, but for params that were added since version 1.0, which follow it: a call
by position means what it always did. What these structs say is also what rpc.discover says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from sidecar.automatic.policy import Policy, Trigger
from sidecar.care.codes import Mendable
from sidecar.merging.policy import MINE, ByTable, Choice
from sidecar.selection.request import PartToExport, Selection
from sidecar.wire.messages import InvalidParams, shorten

ProgressToken = Annotated[
    str | int | None, Meta(description="Asks for $/progress notifications that carry this token, at most 10 a second.")
]
BackupPath = Annotated[str, Meta(description="Path of the backup file (.kpbackup or .zip).")]
Overwrite = Annotated[
    bool,
    Meta(description="If true, replaces what KiraPilot holds; if false, merges: adds what is missing, keeps the rest."),
]
Settings = Annotated[
    dict[str, Any] | None,
    Meta(
        description="The frontend's localStorage: key -> the string that stands there, or its JSON value. Only"
        " kirapilot-preferences and kirapilot-privacy-settings are taken; API keys are never written."
    ),
]
AllowLoss = Annotated[
    bool, Meta(description="If true, leaves out what this KiraPilot has no place for; if false, refuses such a backup.")
]
Salvage = Annotated[
    bool,
    Meta(
        description="If true, takes what can be proved of a damaged backup, and removes nothing; if false,"
        " refuses it whole. Preview it first."
    ),
]
OverwriteShrunk = Annotated[
    bool,
    Meta(
        description="If true, replaces even a backup that holds far more than the new one; if false, keeps it beside"
        " the new one, and says where."
    ),
]
Force = Annotated[
    bool,
    Meta(
        description="If true, replaces even a write-protected file, and leaves it so, and by a backup of a part of the"
        " data even what is none; if false, refuses."
    ),
]
SalvageExport = Annotated[
    bool,
    Meta(
        description="If true, writes what can still be read of a damaged database, into a file that replaces nothing;"
        " a sound database is exported as ever. If false, refuses a damaged one."
    ),
]
PreviewToken = Annotated[
    str | None,
    Meta(
        description="The token of the preview that was agreed to: if the backup, the data or the kind of import is"
        " another one by now, the import is refused with changed_since_preview."
    ),
]


SideName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4096,
        description="A backup: its path, its number in list_backups, or a safety copy's name; or now: the database.",
    ),
]


Part = Annotated[
    Selection | None,
    Meta(
        description="The part of the backup to take, with what it cannot be without; nothing is removed then, and"
        " overwrite says which of two rows of one id stays. All of it where nothing is chosen."
    ),
]


ExportedPart = Annotated[
    PartToExport | None,
    Meta(
        description="The part of the data to export, with what it cannot be without; everything where nothing is"
        " chosen. The file's name must say partial."
    ),
]


Conflicts = Annotated[
    ByTable,
    Meta(
        description="Of two rows of one id that differ, which stays in a merge: mine, the database's; theirs, the"
        " backup's; newer, the one that was changed later; both, the backup's under a new id. Or one of these for each"
        " table by its name, and for the rest by *."
    ),
]
Choices = Annotated[
    list[Choice],
    Meta(description="What stays of single conflicts, by the numbers of a preview; onConflict says it of the others."),
]
NumberingToken = Annotated[
    str | None,
    Meta(description="The token of the preview whose numbers conflictChoices names; needed with them, else ignored."),
]


class Params(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What every method takes."""

    progress_token: ProgressToken = None


class NoParams(Params):
    """Nothing."""


class BackupParams(Params):
    """The backup to work on."""

    file_path: BackupPath


class ExportParams(Params):
    """The backup to write, and the frontend's settings that go into it."""

    file_path: BackupPath
    settings: Settings = None
    overwrite_shrunk: OverwriteShrunk = False
    force: Force = False
    salvage: SalvageExport = False
    selection: ExportedPart = None


class PreviewParams(Params):
    """The backup whose import is to be foretold, and how it would be done."""

    file_path: BackupPath
    overwrite: Overwrite
    allow_loss: AllowLoss = False
    salvage: Salvage = False
    selection: Part = None
    on_conflict: Conflicts = MINE
    conflict_choices: Choices = []
    preview_token: NumberingToken = None


class ImportParams(Params):
    """The backup to import, and how; and the frontend's settings as they are now, API keys included."""

    file_path: BackupPath
    overwrite: Overwrite
    settings: Settings = None
    allow_loss: AllowLoss = False
    salvage: Salvage = False
    preview_token: PreviewToken = None
    selection: Part = None
    on_conflict: Conflicts = MINE
    conflict_choices: Choices = []


class ConflictsParams(Params):
    """Which conflicts of a preview are to be shown."""

    token: Annotated[
        str, Meta(min_length=1, max_length=1000, description="The token of the preview that numbered them.")
    ]
    start: Annotated[int, Meta(ge=1, description="The number of the first one.")] = msgspec.field(
        default=1, name="from"
    )
    count: Annotated[int, Meta(ge=1, le=1_000, description="Most of them in one answer.")] = 100


class UndoParams(Params):
    """The frontend's settings as they are now, API keys included; and which copy is put back, else the newest."""

    settings: Settings = None
    to: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        Meta(description="The safety copy to put back, by its name or path, as list_backups tells it."),
    ] = None


class CompareParams(Params):
    """The two states of the data to compare, and which of the rows that differ are told of."""

    left: SideName
    right: SideName
    start: Annotated[int, Meta(ge=0, description="The first row told of, counted from 0 over all tables.")] = 0
    count: Annotated[int, Meta(ge=0, le=10_000, description="Most rows told of.")] = 100


class FindParams(Params):
    """What is looked for in all backups."""

    query: Annotated[
        str,
        Meta(min_length=1, max_length=1000, description="A part of a title, description or tag; or a row's id."),
    ]
    by_id: Annotated[bool, Meta(description="If true, the query is the id of one row.")] = False
    everywhere: Annotated[
        bool,
        Meta(
            description="If true, looks into task lists, templates, the notes of sessions, chats, AI conversations,"
            " suggestions and logs as well."
        ),
    ] = False


class PolicyParams(Params):
    """The policy of automatic backups, whole: what it leaves out has its default."""

    policy: Policy


class RunParams(Params):
    """Who asks for an automatic backup; the app's version, and the frontend's settings as they are now."""

    trigger: Annotated[
        Trigger,
        Meta(
            description="start: the app has started. timer: some time has passed. update: an update is about to be"
            " installed. clear: all data is about to be cleared. manual: a person asks."
        ),
    ]
    app_version: Annotated[str, Meta(max_length=100, description="The app's version, kept with the backup.")] = ""
    settings: Settings = None


class ClearParams(Params):
    """The app's version, and the frontend's settings as they are now: they go into the copies."""

    app_version: Annotated[str, Meta(max_length=100, description="The app's version, kept with the backup.")] = ""
    settings: Settings = None


class CheckDatabaseParams(Params):
    """How closely the database is looked at."""

    quick: Annotated[
        bool,
        Meta(
            description="If true, holds the number of rows against that in each index; if false, looks for each row in"
            " each index."
        ),
    ] = False


class CompactParams(Params):
    """Whether it is worth it."""

    force: Annotated[
        bool, Meta(description="If true, compacts even if less than a tenth of the file would be gained.")
    ] = False


class RepairParams(Params):
    """Whether anything is repaired at all, and what."""

    dry_run: Annotated[bool, Meta(description="If true, only tells what would be repaired.")]
    preview_token: Annotated[
        str | None,
        Meta(
            description="The token of the dry run that was agreed to: if something else is to be repaired by now, it is"
            " refused with changed_since_preview."
        ),
    ] = None
    only: Annotated[
        list[Mendable],
        Meta(
            description="Codes of the findings to repair; all that a repair mends where none is named. Indexes that"
            " lack rows are built anew in any case."
        ),
    ] = []


class AcceptParams(Params):
    """Nothing but the will of a person who has looked."""


class CheckParams(Params):
    """How much is re-read."""

    all_of_them: Annotated[bool, Meta(description="If true, all backups; if false, a share that takes seconds.")] = (
        False
    )


class PruneParams(Params):
    """Whether anything is removed at all."""

    dry_run: Annotated[bool, Meta(description="If true, only tells what would be removed, and why the rest stays.")]


class NoteParams(Params):
    """Which backup, and what is to be kept with it; what is left out stays as it is."""

    number: Annotated[int, Meta(ge=1, description="The backup's number, as the list gives it.")]
    note: Annotated[
        Annotated[str, Meta(max_length=1000)] | None, Meta(description="Words of the user's own; empty for none.")
    ] = None
    pinned: Annotated[bool | None, Meta(description="If true, it is never removed by itself.")] = None


class InitializeParams(Params):
    """Where things lie. What the caller says about itself is taken, and ignored."""

    database_path: Annotated[str | None, Meta(description="KiraPilot's database; wins over every other setting.")] = (
        None
    )
    work_dir: Annotated[str | None, Meta(description="Folder for throw-away files.")] = None
    protocol_version: Annotated[str | None, Meta(description="The version the caller knows.")] = None
    client_info: Annotated[dict[str, Any] | None, Meta(description="Anything about the caller.")] = None
    capabilities: Annotated[dict[str, Any] | None, Meta(description="Anything the caller can do.")] = None


class CancelParams(Params):
    """Which request to cancel."""

    id: Annotated[str | int | float | None, Meta(description="The id of the request to cancel.")]


P = TypeVar("P", bound=Params)

_ADDED = {"previewToken", "overwriteShrunk", "force", "to", "selection", "onConflict", "conflictChoices"}
"""Params since protocol version 1.1: by position they come after those that were there before."""


def names_of(kind: type[Params]) -> list[str]:
    """The names of a method's params, in the order by position."""
    added = _ADDED | ({"salvage"} if kind is ExportParams else set())
    return sorted(kind.__struct_encode_fields__, key=added.__contains__)


def read_params(kind: type[P], args: Sequence[object], named: Mapping[str, object]) -> P:
    """The params of one request, given by position or by name. Raises :class:`InvalidParams`."""
    names = names_of(kind)
    if len(args) > len(names):
        raise InvalidParams(detail=f"{len(args)} given by position, {len(names)} at most: {', '.join(names)}")
    try:
        return msgspec.convert({**dict(zip(names, args, strict=False)), **named}, kind)
    except msgspec.ValidationError as error:
        from sidecar.json_wording import in_words

        raise InvalidParams(detail=shorten(in_words(error))) from None
    except UnicodeError:
        raise InvalidParams(detail="the name of one is not text") from None
