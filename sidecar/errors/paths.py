"""A path that was given cannot be used, or the place where it lies."""

from __future__ import annotations

from sidecar.errors.base import SidecarError


class PathError(SidecarError):
    """The path {path} cannot be used. {detail}"""

    kind = "path_error"


class FileNotFound(PathError):
    """There is no file at {path}. Check the name, or choose the file again."""

    kind, code, hint = "file_not_found", 10, "Choose a file that exists."


class FolderNotFound(PathError):
    """The folder of {path} does not exist. Create it, or choose another place to save."""

    kind, code, hint = "folder_not_found", 11, "Choose a folder that exists."


class IsAFolder(PathError):
    """{path} is a folder or not an ordinary file. Choose a file instead."""

    kind, code, hint = "is_a_folder", 12, "Choose a file, not a folder."


class PathNotAllowed(PathError):
    """The path cannot be used as a file name ({detail}). Choose a shorter or simpler name."""

    kind, code, hint = "path_not_allowed", 13, "Choose a shorter or simpler name."


class SameFile(PathError):
    """{path} is KiraPilot's own database, another program's, or a part of one. Choose another file."""

    kind, code, hint = "same_file", 14, "The database cannot be that file as well."


class PermissionDenied(PathError):
    """You do not have permission to use {path}. Choose another place, or change its permissions."""

    kind, code, hint = "permission_denied", 15, "Check its permissions, or choose another place."


class DiskFull(PathError):
    """There is not enough free space for {path}. Free some space, or choose another disk. {detail}"""

    kind, code, hint = "disk_full", 16, "Free some disk space and try again."


class FileInUse(PathError):
    """{path} is in use by another program. Close that program, or choose another name. {detail}"""

    kind, code, hint = "file_in_use", 17, "Close the program that uses the file."


class ReadFailed(PathError):
    """Reading or writing {path} failed: {detail}. Check the disk, or use a copy on another one."""

    kind, code, hint = "io_error", 18, "Check the disk or the network drive."


class FileTooLarge(PathError):
    """{path} would be larger than its disk lets a file be (FAT32: 4 GiB). Choose a disk formatted as exFAT or NTFS."""

    kind, code, hint = "file_too_large", 56, "Choose a disk that is formatted as exFAT or NTFS."


class PlaceUnreachable(PathError):
    """{path} cannot be reached: {detail}. Plug its disk in, or connect to its network or cloud drive, and try again."""

    kind, code, hint = "place_unreachable", 57, "Plug the disk in, or check the connection."


class WriteProtected(PathError):
    """{path} is write-protected, and was not replaced. Choose another name, or allow that it is replaced."""

    kind, code, hint = "write_protected", 58, "Choose another name, or agree to replace it (param force)."


class PageExists(PathError):
    """There is a page at {path} already, and it was not replaced. Choose another name, or allow that it is replaced."""

    kind, code, hint = "page_exists", 110, "Choose another name, or agree to replace it (param force)."


class NotAPage(PathError):
    """{path} is a file, and no page that this program has written: a page never takes its place. Choose another
    name."""

    kind, code, hint = "not_a_page", 111, "Choose another name."


class ReplacesWhole(PathError):
    """{path} is there already, and a backup of a part of your data takes the place of another such one alone. Choose
    another name, or allow that it is replaced."""

    kind, code, hint = "replaces_whole", 105, "Choose another name, or agree to replace it (param force)."


class NameOfWhole(PathError):
    """The name of {path} does not say that the backup holds only a part of your data. Call it {detail}."""

    kind, code, hint = "name_of_whole", 106, 'Choose a name that has "partial" in it.'
