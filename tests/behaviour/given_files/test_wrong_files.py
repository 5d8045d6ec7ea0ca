"""A file that is no backup is named for what it is, with the next step."""

from __future__ import annotations

import base64
import gzip
import sqlite3
from contextlib import closing

import pytest

from sidecar.errors.backups import DamagedBackup, MissingData, NotABackup
from sidecar.jobs.validating import validate_basic
from sidecar.progress import Progress
from tests.conftest import Cases
from tests.support.archives import SHIPPED, entries_of, write
from tests.support.given_files import give
from tests.support.oracle import Device, judge

NAMED = "A file that is no backup is refused by what it is, with the next step"


def _other_database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE places (url TEXT)")
        return database.serialize()


def _encrypted_zip() -> bytes:
    data = bytearray(SHIPPED.read_bytes())
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        position = -1
        while (position := data.find(signature, position + 1)) >= 0:
            data[position + at] |= 1
    return bytes(data)


WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty (0 bytes), not downloaded yet"),
    "one zero": (b"\0", "nothing but zeros"),
    "all zeros": (bytes(3_000_000), "nothing but zeros"),
    "a placeholder": (b"bplist00\xd3\1\2\3NSURLNameKey", "a placeholder of iCloud"),
    "a web page": (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
    "a web page behind blanks and a comment": (b"\xef\xbb\xbf\n <!-- x -->\n<HTML lang=en>", "a web page"),
    "an error of a store": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),
    "another program's database": (_other_database(), "a database of another program"),
    "another program's JSON": (b'{"name": "x", "dependencies": {}}', "JSON, but no backup"),
    "a list": (b"[1, 2, 3]", "JSON, but no backup"),
    "half of some JSON": (b'{"name": "x", "depen', "JSON, but no backup"),
    "what is in a backup": (entries_of(SHIPPED)["data.json"], "JSON, but no backup"),
    "gzip of nothing of ours": (gzip.compress(b"hello"), "a text file"),
    "a password": (_encrypted_zip(), "is encrypted: unpack it with its password"),
    "RAR": (b"Rar!\x1a\x07\1\0" + bytes(99), "a RAR archive: unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(99), "a 7z archive: unpack it"),
    "tar": (b"a.kpbackup".ljust(257, b"\0") + b"ustar\0" + bytes(99), "a tar archive: unpack it"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    "base64": (base64.encodebytes(SHIPPED.read_bytes()), "save the attachment itself"),
    "a mail": (b"Received: from x\r\nMIME-Version: 1.0\r\n\r\nhello", "a whole mail"),
    "PGP": (b"-----BEGIN PGP MESSAGE-----\n", "encrypted or signed with PGP"),
    "text": ("Grüße, this is a letter.\n".encode(), "a text file"),
    "text of Windows": ("Das heißt: ein Brief an Grete Müller.\r\n".encode("latin-1"), "a text file"),
    "text in UTF-16": ("a letter".encode("utf-16"), "a text file (UTF-16)"),
    "a link to a page": (b"[InternetShortcut]\r\nURL=https://example.org/b\r\n", "a link to a web page"),
    "a link of a desktop": (b"[Desktop Entry]\nType=Link\n", "choose that file itself"),
    "a shortcut": (b"L\0\0\0\x01\x14\x02\0" + bytes(60), "a shortcut of Windows to another file"),
    "an alias": (b"book\0\0\0\0mark" + bytes(60), "an alias of macOS"),
    "one byte": (b"\xff" * 9000, "one byte over and over"),
    "part of a ZIP": (b"PK\7\x08PK\3\4" + bytes(99), "one part of a ZIP in several"),
    "a pointer": (b"/annex/objects/SHA256E-s1--0\n", "a pointer of git-annex"),
    "a journal": (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600), "a part of a database"),
}


@pytest.mark.slow(but=8)
@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_named_with_the_next_step(kind: str, device: Device, cases: Cases) -> None:
    data, words = WRONG[kind]
    give(device, data)
    judge(device, only=NotABackup)
    with pytest.raises(NotABackup) as raised:
        validate_basic(device.places, str(device.archive), Progress())
    assert words in raised.value.message
    assert raised.value.code == 20
    said = raised.value.message.lower()
    assert any(step in said for step in ("choose", "download", "unpack", "save", "use another copy"))
    cases.record(NAMED)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("[Content_Types].xml", "a document of Office"),
        ("mimetype", "a document or an e-book"),
        ("META-INF/MANIFEST.MF", "a program"),
        ("AndroidManifest.xml", "an app"),
    ],
)
def test_a_zip_of_another_kind_is_named(mark: str, words: str, device: Device) -> None:
    write(device.archive, {mark: b"x", "word/other.xml": b"x"})
    with pytest.raises(MissingData, match=words):
        validate_basic(device.places, str(device.archive), Progress())


def test_the_memory_of_a_database_is_told_by_its_name(device: Device) -> None:
    path = device.archive.with_name("kirapilot.db-shm")
    path.write_bytes(b"\x18\xe2\x2d\0" + bytes(32_764))
    with pytest.raises(NotABackup, match="a part of a database"):
        validate_basic(device.places, str(path), Progress())


@pytest.mark.parametrize("ending", [".crdownload", ".part", ".PARTIAL", ".download"])
def test_a_download_under_way_is_told_by_its_name(ending: str, device: Device) -> None:
    path = device.archive.with_name(f"b.kpbackup{ending}")
    for data, error in ((SHIPPED.read_bytes()[:9000], DamagedBackup), (b"x" * 99, NotABackup)):
        path.write_bytes(data)
        with pytest.raises(error, match="a download that was not finished"):
            validate_basic(device.places, str(path), Progress())
