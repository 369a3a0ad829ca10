"""Archives as they are read: what is skipped, what is refused, and whose fault a broken read is."""

import errno
import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator

import pytest

from services.compute.domain.archives import tars, zips
from services.compute.domain.archives.members import BadArchive, Member
from services.compute.domain.archives.packers import TARS, Unpacked
from services.compute.domain.archives.tars import MAX_HEADER
from tests.archives import header, pax, tar, zip_link, zipped


def of_tar(data: bytes) -> Iterator[Member]:
    return tars.members(Unpacked(io.BytesIO(data)))


def names(found: Iterator[Member]) -> list[str]:
    """Without their contents, which whoever only lists never asks for."""
    return ["/".join(member.parts) for member in found]


def contents(found: Iterator[Member]) -> list[bytes]:
    return [b"".join(member.content) for member in found]


def test_contents_that_nobody_asks_for_are_passed_over() -> None:
    data = tar(("a", b"a" * 700_000), ("b", b""), ("c", b"c"))
    assert names(of_tar(data)) == ["a", "b", "c"]
    found = {}
    for member in of_tar(data):
        found[member.parts] = next(iter(member.content), b"")[:1]
    assert found == {("a",): b"a", ("b",): b"", ("c",): b"c"}


def test_what_is_said_of_all_files_says_nothing() -> None:
    everybody = tar(("a", b"x"), format=tarfile.PAX_FORMAT, pax_headers={"path": "../../etc/passwd"})
    assert everybody[156:157] == tarfile.XGLTYPE
    assert names(of_tar(everybody)) == ["a"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is no tar archive, or it is broken"),
        (b"x" * 512, "it is no tar archive, or it is broken"),
        (header() + b"x" * 100, "it is no tar archive, or it is broken"),
        (header(type=tarfile.XHDTYPE, size=600) + b"x" * 599, "it ends too early"),
        (header(type=tarfile.GNUTYPE_LONGNAME, size=5), "it ends too early"),
        (header(type=tarfile.XGLTYPE, size=MAX_HEADER + 1), "a header in it is too long"),
        (header(size=600) + b"x" * 599, "it ends too early"),
        (header(size=-1), "a size in it is none"),
        (pax(b"11 size=-1\n"), "a size in it is none"),
        (pax(b"11 size=\xd9\xa3\n"), "a size in it is none"),
        (pax(b"99 path=a\n"), "an extended header in it cannot be read"),
        (pax(b"path=a\n"), "an extended header in it cannot be read"),
        (pax(b"6 path\n"), "an extended header in it cannot be read"),
        (pax(b"x path=a\n"), "a size in it is none"),
        (header(type=b"3"), "it holds something else than plain files, folders and links"),
        (tar(("../a", b"")), "it holds a path that leads out of its place: ../a"),
        (tar(("/a", b"")), "it holds a path that leads out of its place: /a"),
        (tar(("a\nb", b"")), r"it holds a name that no file may have: a\nb"),
    ],
    ids=range(18),
)
def test_tar_archives_that_are_none(data: bytes, told: str) -> None:
    with pytest.raises(BadArchive) as caught:
        contents(of_tar(data))
    assert str(caught.value) == told


def test_what_an_extended_header_says_counts() -> None:
    assert names(of_tar(pax(b"10 path=b\n"))) == ["b"]
    longer = header(type=tarfile.XHDTYPE, size=9) + b"9 size=3\n".ljust(512, b"\0") + header() + b"abc"
    (member,) = ((found.size, b"".join(found.content)) for found in of_tar(longer.ljust(4096, b"\0")))
    assert member == (3, b"abc")


def special(mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("odd")
    info.create_system, info.external_attr = 3, mode << 16
    return info


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_a_zip_archive_has_files_folders_and_links_only(kind: int) -> None:
    with pytest.raises(BadArchive, match=r"^it holds something else than plain files, folders and links$"):
        names(zips.members(io.BytesIO(zipped((special(kind | 0o644), b"")))))


@pytest.mark.parametrize("mode", [0o644, 0o755, stat.S_IFREG | 0o700])
def test_a_zip_archive_tells_what_is_a_program(mode: int) -> None:
    found = zips.members(io.BytesIO(zipped((special(mode), b"x"))))
    assert [(each.executable, b"".join(each.content)) for each in found] == [(bool(mode & 0o111), b"x")]


def test_a_link_of_a_zip_archive_has_its_target() -> None:
    (member,) = zips.members(io.BytesIO(zipped(zip_link("l", "../ü"))))
    assert (member.parts, member.target) == (("l",), "../ü")
    with pytest.raises(BadArchive, match=r"^a link in it is too long$"):
        list(zips.members(io.BytesIO(zipped(zip_link("l", "x" * 4097)))))


class Disk:
    """It fails as `error` says."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, size: int, /) -> bytes:
        raise self._error


class TestTroubles:
    def test_the_disk_s_are_the_disk_s(self) -> None:
        with pytest.raises(OSError, match="no such luck") as caught:
            Unpacked(Disk(OSError(errno.EIO, "no such luck"))).read(1)
        assert caught.value.errno == errno.EIO

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (OSError("CRC"), "it is not packed as its name says, or it is broken"),
            (EOFError(), "it is broken"),
            (ValueError(), "it is broken"),
        ],
        ids=["reader", "end", "value"],
    )
    def test_the_readers_are_the_archive_s(self, error: Exception, told: str) -> None:
        with pytest.raises(BadArchive) as caught:
            Unpacked(Disk(error)).read(1)
        assert str(caught.value) == told

    @pytest.mark.parametrize("ending", [".tgz", ".tar.bz2", ".tar.zst"])
    def test_what_is_packed_in_another_way_is_said_so(self, ending: str) -> None:
        with pytest.raises(BadArchive, match="broken"):
            list(Unpacked(TARS[ending](io.BytesIO(b"nonsense" * 100))).chunks())

    def test_what_is_cut_short(self) -> None:
        whole = gzip.compress(bytes(range(256)) * 100)
        assert b"".join(Unpacked(TARS[".tgz"](io.BytesIO(whole))).chunks()) == bytes(range(256)) * 100
        with pytest.raises(BadArchive, match="it is broken"):
            list(Unpacked(TARS[".tgz"](io.BytesIO(whole[:-9]))).chunks())


def test_a_file_of_a_zip_archive_has_a_name() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x", b"content")
        archive.filelist[0].filename = ""
    with pytest.raises(BadArchive, match="without a name"):
        list(zips.members(packed))
