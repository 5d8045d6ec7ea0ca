"""Names: how a path is spelled for the system and for SQLite, and names that no file should have.

Looks at no file. What Windows alone has (device names, streams, ``\\\\?\\``) is decided on the text of a path, so that
it can be tried anywhere.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from urllib.parse import quote

from sidecar.errors.base import SidecarError
from sidecar.errors.paths import FolderNotFound, PathNotAllowed

ON_WINDOWS = os.name == "nt"

LONGEST_NAME = 255
"""Characters of one name, on every file system of today."""

LONGEST_PATH = 32_767
"""Characters of a whole path: what Windows takes, and more than any other system does."""

_PLAIN_PATH = 230
"""Windows takes 260 characters without a prefix; some of them are for the temporary files beside the target."""

_VERBATIM, _NETWORK, _DEVICE = "\\\\?\\", "\\\\", "\\\\.\\"

# Source: "Naming Files, Paths, and Namespaces" (Microsoft Learn); ntpath.isreserved of Python 3.13 has the same.
_PORTS = {f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³"}
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | _PORTS)
_PIPE_OF_A_SERVER = re.compile(r"\\\\(\?\\UNC\\)?[^\\]+\\pipe", re.IGNORECASE)
_REFUSED = re.compile(r'[<>"|?*\x00-\x1f]')


def sqlite_uri(path: Path | str, mode: str | None = None) -> str:
    """The URI by which SQLite opens ``path``, whatever it is called; nothing else in this program makes one.

    Every byte is escaped that could mean something, so that no server's name becomes the authority of the URI, which
    SQLite refuses (``Path.as_uri`` does that), and names that are no text come through.

    :param mode: SQLite's: "ro", "rw", "rwc" or "memory".
    """
    if ON_WINDOWS:
        whole = str(path) if PureWindowsPath(path).is_absolute() else str(absolute(path))
        # No slashes after the scheme: what follows it is then the path and nothing else.
        uri = f"file:{quote(os.fsencode(spelled(whole)), safe='')}"
    else:
        uri = f"file://{quote(os.fsencode(absolute(path)), safe='/')}"
    return uri if mode is None else f"{uri}?mode={mode}"


def spelled(path: str) -> str:
    """An absolute path as Windows takes it at any length: with ``\\\\?\\`` before a long one; as it is elsewhere."""
    if not ON_WINDOWS or len(path) < _PLAIN_PATH or path.startswith(_VERBATIM):
        return path
    # Behind the prefix nothing is interpreted: no forward slashes, no "..".
    plain = str(PureWindowsPath(path))
    if plain.startswith(_NETWORK):
        return f"{_VERBATIM}UNC\\{plain[len(_NETWORK) :]}"
    return f"{_VERBATIM}{plain}"


def absolute(path: Path | str) -> Path:
    """A path from the working folder on, whatever it holds. Raises FolderNotFound where that folder is gone.

    What ``Path.absolute`` of Python 3.11 makes of ``file:\\C:\\a`` on Windows begins at the second colon, as does
    ``Path`` of such a path.
    """
    found = path if isinstance(path, Path) else Path(path)
    if found.is_absolute():
        return found
    try:
        return Path(os.path.join(os.getcwd(), found))  # noqa: PTH109, PTH118 - see above
    except OSError as error:
        gone = FolderNotFound(path=found)
        gone.advice = "The folder that you are in was removed: change to one that is there, or give the whole path."
        raise gone from error


def usable(path: Path) -> Path:
    """A path to open a file by: on Windows ``spelled`` where it is long."""
    return Path(spelled(str(absolute(path)))) if ON_WINDOWS else path


def shown(path: str) -> str:
    """A path as people write it, without what ``spelled`` put before it."""
    if ON_WINDOWS and path.startswith(f"{_VERBATIM}UNC\\"):
        return f"{_NETWORK}{path[len(_VERBATIM) + 4 :]}"
    return path.removeprefix(_VERBATIM) if ON_WINDOWS else path


def misspelled(path: Path | str) -> str:
    """What looks wrong with how a path is written that leads nowhere, in a sentence; "" if nothing does.

    It is as it was typed or pasted: what a shell makes of it is undone by a shell alone.
    """
    text = str(path)
    with suppress(OSError):
        # One that was taken from the working folder: its own beginning is what was typed.
        text = text.removeprefix(f"{Path.cwd()}{os.sep}")
    known: tuple[tuple[str, str], ...] = _MISSPELLED
    if ON_WINDOWS:
        # Slashes have become backslashes on the way, and none of them is a shell's.
        text, known = text.replace("\\", "/"), (*_MISSPELLED, _OF_A_SHELL_ON_WINDOWS)
    return next((sentence for pattern, sentence in known if re.search(pattern, text)), "")


def advised(error: SidecarError) -> SidecarError:
    """An error about a path that leads nowhere, with what looks wrong with how it is written."""
    error.advice = misspelled(error.path or "")
    return error


_MISSPELLED = (
    (r"^file:/", "It is written as a web address (file://): give the path alone."),
    (r"^[A-Za-z][A-Za-z0-9+.-]+:/", "It is a web address: download the file first, and give its path."),
    (r"^(['\"‘“«`]).*['\"’”»`]$", "There are quotation marks around it: leave them out."),
    (r"^~", 'A "~" is filled in by a shell alone, and not within quotation marks: give the whole path.'),
    (r"^(\$\{?\w|%\w+%)", "It begins with a variable that nobody filled in: give the whole path."),
    (r"\\[ ()&'\"]", "It has backslashes as a shell wants them: leave them out."),
    (r"^\s|\s$", "It begins or ends with a blank: leave that out."),
    (r"^-$", "Standard input is not read: give the path of a file."),
)
"""What a path looks like -> what to say."""

_OF_A_SHELL_ON_WINDOWS = (
    r"^([A-Za-z]:)?/((mnt|cygdrive)/[a-z]|[a-z]/Users)/",
    "It is written as Git Bash or WSL write it: give it as Windows does (C:\\Users\\...).",
)


def require_lengths(path: Path | str) -> None:
    """Raise PathNotAllowed for a path, or a name in it, that is too long for any system."""
    text = str(path)
    if len(text) > LONGEST_PATH:
        raise PathNotAllowed(path=text, detail=f"it is too long: {len(text):,} characters")
    longest = max((len(name) for name in re.split(r"[\\/]" if ON_WINDOWS else "/", text)), default=0)
    if longest > LONGEST_NAME:
        raise PathNotAllowed(
            path=text, detail=f"it is too long: a name of {longest:,} characters, {LONGEST_NAME} at most"
        )


def require_name(path: Path | str) -> None:
    """Raise PathNotAllowed for a path to write to that is too long, or that Windows would take for something else.

    On other systems any name is a name.
    """
    require_lengths(path)
    if not ON_WINDOWS:
        return
    text = str(path)
    found = PureWindowsPath(shown(text))
    if text[:2].replace("/", "\\") == _NETWORK and not found.drive:
        # Python takes it for a file at the root of the drive.
        raise PathNotAllowed(path=text, detail="it names a server, and no file of one")
    for name in found.parts[1:] if found.anchor else found.parts:
        wrong = _wrong(name)
        if wrong is not None:
            raise advised(PathNotAllowed(path=text, detail=f'"{name}" {wrong}'))


def is_device(path: Path | str) -> bool:
    """Whether a path of Windows names a device or a pipe: no file, and one that would notice being looked at.

    Even to ask Windows of a pipe is to connect to whoever serves it. ``\\\\.\\C:\\a`` is a file, said in a long way.
    """
    if not ON_WINDOWS:
        return False
    found = PureWindowsPath(path)
    if found.drive.startswith(_DEVICE):
        return not (found.drive.endswith(":") and found.name)
    return found.name.rstrip(" ").upper() in _DEVICES or bool(_PIPE_OF_A_SERVER.fullmatch(found.drive))


def _wrong(name: str) -> str | None:
    """What is wrong with one name of a path, on Windows."""
    if name in (".", ".."):
        return None
    if ":" in name:
        return 'holds a ":", behind which Windows would hide the backup in another file'
    if _REFUSED.search(name):
        return "holds a character that Windows does not take in names"
    if name.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        return "is the name of a device on Windows, not of a file"
    if name.endswith((".", " ")):
        return "ends with a dot or a space, which Windows drops"
    return None
