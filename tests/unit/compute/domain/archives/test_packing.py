"""Files as one archive: what is in it, that it is the same each time, and what cannot be packed."""

import bz2
import gzip
import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator

import pytest
import zstandard

from services.compute.domain.archives import tars, zips
from services.compute.domain.archives.members import BadArchive, Kind, Member
from services.compute.domain.archives.packers import TARS, Unpacked
from services.compute.domain.archives.packing import FORMS, Packed, SizeChanged, pack

LONG = "/".join(["deep" * 20] * 4) + "/long-ü"
CONTENTS = {"a.txt": b"a" * 3000, "empty": b"", "d/run.sh": b"#!/bin/sh\n" * 52, LONG: bytes(512), "ü ": b"u"}
TAR_FORMS = [ending for ending in FORMS if ending != "zip"]
Opened = dict[str, tuple[bytes, bool]]


def packed(name: str, content: bytes, piece: int = 100, size: int | None = None) -> Packed:
    def pieces() -> Iterable[bytes]:
        return (content[at : at + piece] for at in range(0, len(content), piece))

    return Packed(name, len(content) if size is None else size, pieces, executable=name.endswith(".sh"))


def archive(ending: str, files: Iterable[Packed]) -> bytes:
    return b"".join(pack(files, FORMS[ending]))


def files(piece: int = 100) -> list[Packed]:
    return [packed(name, content, piece) for name, content in CONTENTS.items()]


def read(found: Iterator[Member]) -> Opened:
    opened = {}
    for member in found:
        assert member.kind is Kind.FILE
        opened["/".join(member.parts)] = (b"".join(member.content), member.executable)
    return opened


def read_by_us(data: bytes, ending: str) -> Opened:
    if ending == "zip":
        return read(zips.members(io.BytesIO(data)))
    return read(tars.members(Unpacked(TARS[f".{ending}"](io.BytesIO(data)))))


EXPECTED: Opened = {name: (content, name == "d/run.sh") for name, content in CONTENTS.items()}


@pytest.mark.parametrize("ending", FORMS)
def test_what_was_packed_is_read_again(ending: str) -> None:
    assert read_by_us(archive(ending, files()), ending) == EXPECTED


@pytest.mark.parametrize(
    ("ending", "unpack"),
    [
        ("tar", bytes),
        ("tar.gz", gzip.decompress),
        ("tar.bz2", bz2.decompress),
        ("tar.zst", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    ],
)
def test_others_read_the_tar_archives(ending: str, unpack: Callable[[bytes], bytes]) -> None:
    plain = unpack(archive(ending, files()))
    assert plain == archive("tar", files()), "packed in another way, the same inside"
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as opened:
        found = opened.getmembers()
        contents = {each.name: opened.extractfile(each).read() for each in found}  # type: ignore[union-attr]
    assert contents == CONTENTS
    assert {(each.mtime, each.uid, each.gid, each.uname) for each in found} == {(0, 0, 0, "")}
    assert {each.name: each.mode for each in found} == {
        name: 0o755 if name == "d/run.sh" else 0o644 for name in CONTENTS
    }


def test_others_read_the_zip_archive() -> None:
    with zipfile.ZipFile(io.BytesIO(archive("zip", files()))) as opened:
        assert opened.testzip() is None
        assert {info.filename: opened.read(info) for info in opened.infolist()} == CONTENTS
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert opened.getinfo("d/run.sh").external_attr >> 16 == 0o755


def test_no_piece_of_a_zip_archive_is_empty() -> None:
    assert all(pack(files(piece=1), FORMS["zip"]))


@pytest.mark.parametrize("ending", FORMS)
def test_the_same_files_make_the_same_bytes(ending: str) -> None:
    assert archive(ending, files(100)) == archive(ending, files(100))
    assert read_by_us(archive(ending, files(7)), ending) == EXPECTED
    if ending != "zip":
        assert archive(ending, files(7)) == archive(ending, files(100)), "however they were read"


@pytest.mark.parametrize("ending", FORMS)
def test_nothing_packed_is_an_archive_too(ending: str) -> None:
    assert read_by_us(archive(ending, []), ending) == {}


@pytest.mark.parametrize("ending", FORMS)
@pytest.mark.parametrize("size", [0, 99, 101])
def test_a_file_of_another_size_voids_it(ending: str, size: int) -> None:
    odd = packed("odd", b"x" * 100, size=size)
    with pytest.raises(SizeChanged, match=r"^odd$"):
        archive(ending, [packed("good", b"x"), odd])


@pytest.mark.parametrize("ending", FORMS)
def test_each_file_is_read_once_and_in_its_turn(ending: str) -> None:
    asked: list[str] = []

    def one(name: str) -> Packed:
        def pieces() -> Iterable[bytes]:
            asked.append(name)
            return [name.encode()]

        return Packed(name, len(name), pieces)

    stream = pack((one(name) for name in ("one", "two", "three")), FORMS[ending])
    assert asked == []
    assert b"".join(stream)
    assert asked == ["one", "two", "three"]


@pytest.mark.parametrize("ending", FORMS)
def test_what_a_file_raises_comes_out(ending: str) -> None:
    def pieces() -> Iterable[bytes]:
        yield b"x"
        raise OSError(5, "the store is gone")

    with pytest.raises(OSError, match="the store is gone"):
        archive(ending, [Packed("a", 2, pieces)])


@pytest.mark.parametrize("ending", TAR_FORMS)
def test_a_tar_archive_has_names_of_whatever_bytes(ending: str) -> None:
    name = b"\xff-data".decode("utf-8", "surrogateescape")
    assert read_by_us(archive(ending, [packed(name, b"x")]), ending) == {name: (b"x", False)}


def test_a_zip_archive_has_texts_for_names() -> None:
    name = b"\xff-data".decode("utf-8", "surrogateescape")
    with pytest.raises(BadArchive, match=r"^\\udcff-data is no text, which a zip archive needs$"):
        archive("zip", [packed(name, b"x")])


@pytest.mark.parametrize("ending", FORMS)
def test_a_large_file_is_never_held(ending: str) -> None:
    piece, count = bytes(1 << 16), 512
    stream = pack([Packed("zeros", count << 16, lambda: (piece for _ in range(count)))], FORMS[ending])
    tracemalloc.start()
    try:
        for _ in stream:
            continue
        assert tracemalloc.get_traced_memory()[1] < 12 << 20, "bzip2 itself holds 8 MiB"
    finally:
        tracemalloc.stop()


def test_forms_go_by_their_endings() -> None:
    assert {ending: form.media_type for ending, form in FORMS.items()} == {
        "tar.gz": "application/gzip",
        "tar.bz2": "application/x-bzip2",
        "tar.zst": "application/zstd",
        "tar": "application/x-tar",
        "zip": "application/zip",
    }
