"""Archives for tests, good and bad, and a place to unpack them."""

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.compute.worker.unpacking.landing import Landing, Target
from services.compute.worker.unpacking.unpack import unpack

ROOM = 1 << 20


def tar(*entries: tuple[str, Any], mode: str = "w", **more: Any) -> bytes:
    """Values: bytes of a file, None for a folder, a str for a link, a TarInfo's changes as a dict."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, **more) as archive:  # type: ignore[call-overload]
        for name, value in entries:
            info = tarfile.TarInfo(name)
            content = b""
            if value is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(value, str):
                info.type, info.linkname = tarfile.SYMTYPE, value
            elif isinstance(value, dict):
                content = value.pop("content", b"")
                for key, change in value.items():
                    setattr(info, key, change)
                info.size = len(content)
            else:
                content, info.size = value, len(value)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(*entries: tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def zip_link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


class Ground:
    """A folder to unpack into, beside one that must stay as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.top = folder / "top"
        self.top.mkdir()
        (folder / "outside").mkdir()
        (folder / "outside" / "precious").write_bytes(b"precious")
        self.checks = 0

    def unpack(self, data: bytes, name: str, room: int = ROOM) -> int:
        archive = self.folder / "archive"
        archive.write_bytes(data)
        landing = Landing(lambda parts: Target(self.top, parts, True), room, self.check)
        unpack(archive, name, landing)
        return landing.used

    def check(self) -> None:
        self.checks += 1

    def tree(self) -> dict[str, bytes | str | None]:
        found: dict[str, bytes | str | None] = {}
        for path in sorted(self.top.rglob("*")):
            name = str(path.relative_to(self.top))
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            else:
                found[name] = path.read_bytes() if path.is_file() else None
        return found

    def assert_untouched(self) -> None:
        outside = self.folder / "outside"
        assert [path.name for path in outside.iterdir()] == ["precious"]
        assert (outside / "precious").read_bytes() == b"precious"
        assert {path.name for path in self.folder.iterdir()} <= {"top", "outside", "archive"}


def device(kind: bytes) -> bytes:
    return tar(("d", {"type": kind, "devmajor": 1, "devminor": 3}))


def sparse() -> bytes:
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 60)}
    return tar(("s", {"content": b"0\n", "pax_headers": pax}), format=tarfile.PAX_FORMAT)


def header(**changes: Any) -> bytes:
    info = tarfile.TarInfo("x")
    for name, value in changes.items():
        setattr(info, name, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(data: bytes) -> bytes:
    return header(type=tarfile.XHDTYPE, size=len(data)) + data + bytes(-len(data) % 512) + header()


def broken_zip(change: Callable[[bytearray], None]) -> bytes:
    data = bytearray(zipped(("a", b"a" * 100)))
    change(data)
    return bytes(data)


def set_method(data: bytearray) -> None:
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(magic) + at, 14)


def set_encrypted(data: bytearray) -> None:
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1


def set_bytes(data: bytearray) -> None:
    data[35] ^= 0xFF
