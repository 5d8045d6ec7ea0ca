"""What Windows shows of the program in the properties of its file."""

from __future__ import annotations

import re


def version_resource(version: str, file_name: str) -> str:
    """The text that PyInstaller evaluates into a VSVersionInfo.

    :param version: "1.2.3", with or without a suffix such as "rc1", which the numbers cannot hold.
    """
    found = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    if found is None:
        raise ValueError(f"{version} begins with no number")
    numbers = (*(int(digits or 0) for digits in found.groups()), 0)
    told = {
        "CompanyName": "The KiraPilot sidecar authors",
        "FileDescription": "KiraPilot backup sidecar",
        "FileVersion": version,
        "InternalName": "kirapilot-sidecar",
        "LegalCopyright": "Copyright (c) 2026 The KiraPilot sidecar authors. MIT License.",
        "OriginalFilename": file_name,
        "ProductName": "KiraPilot sidecar",
        "ProductVersion": version,
    }
    strings = ", ".join(f"StringStruct({key!r}, {value!r})" for key, value in told.items())
    # mask, flags, OS (NT), kind (a program), subkind, date: as winver.h has them. 1033, 1200: US English in Unicode.
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers!r}, prodvers={numbers!r}, mask=0x3F, flags=0x0, OS=0x40004,"
        " fileType=0x1, subtype=0x0, date=(0, 0)), kids=["
        f"StringFileInfo([StringTable('040904B0', [{strings}])]),"
        " VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )
