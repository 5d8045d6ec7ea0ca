"""Files of ours in a folder of the system: read, written in one step, put back as they were, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sidecar.errors.base import SidecarError
from sidecar.errors.jobs import NoTimerService
from sidecar.installing.answers import TimerFile
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.replacing import Saving, replacing


def home() -> Path:
    """The user's home folder. Raises NoTimerService where it is not known: there is no place for a timer then."""
    try:
        return Path.home()
    except RuntimeError as error:
        raise NoTimerService(detail="the home folder is not known") from error


def read(paths: Iterable[Path]) -> list[TimerFile]:
    """Those of the files that are there; what is not UTF-8 in them is shown as a question mark. Raises PathError."""
    found = []
    for path in paths:
        with file_errors(path):
            if path.is_file():
                found.append(TimerFile(path=str(path), content=path.read_bytes().decode("utf-8", "replace")))
    return found


def write(files: Iterable[TimerFile], then: Callable[[], None]) -> None:
    """Write all files, then do what lets the system read them; if that fails, they are what they were before.

    Raises PathError, and what ``then`` raises.
    """
    before: dict[Path, bytes | None] = {}
    try:
        for file in files:
            path = Path(file.path)
            with file_errors(path, Act.SAVE):
                path.parent.mkdir(parents=True, exist_ok=True)
                before[path] = path.read_bytes() if path.is_file() else None
            _put(path, file.content.encode("utf-8"))
        then()
    except SidecarError:
        for path, content in before.items():
            _put(path, content)
        raise


def remove(paths: Iterable[Path]) -> None:
    """Remove the files that are there. Raises PathError."""
    for path in paths:
        with file_errors(path, Act.REMOVE):
            path.unlink(missing_ok=True)


def _put(path: Path, content: bytes | None) -> None:
    if content is None:
        remove([path])
        return
    with replacing(Saving(path)) as file:
        file.write(content)
