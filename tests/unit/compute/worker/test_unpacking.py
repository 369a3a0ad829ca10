"""Archives that jobs want unpacked: honest ones come as they are, hostile ones come to nothing."""

import bz2
import contextlib
import gzip
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from services.compute.domain.archives import members as members_module
from services.compute.domain.archives.members import BadArchive
from services.compute.worker.unpacking.landing import TooLarge
from tests.archives import (
    ROOM,
    Ground,
    broken_zip,
    device,
    header,
    pax,
    set_bytes,
    set_encrypted,
    set_method,
    sparse,
    tar,
    zip_link,
    zipped,
)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


HONEST = (
    ("data", None),
    ("data/a.txt", b"a" * 3000),
    ("./data/deep/er/b", b""),
    ("data/run.sh", {"content": b"#!", "mode": 0o755}),
    ("data/latest", "deep/er"),
    ("up", "data/../data"),
)
TREE = {
    "data": None,
    "data/a.txt": b"a" * 3000,
    "data/deep": None,
    "data/deep/er": None,
    "data/deep/er/b": b"",
    "data/latest": "-> deep/er",
    "data/run.sh": b"#!",
    "up": "-> data/../data",
}


class TestHonest:
    @pytest.mark.parametrize(
        ("name", "pack"),
        [
            ("x.tar", lambda data: data),
            ("x.TGZ", gzip.compress),
            ("x.tar.gz", gzip.compress),
            ("x.tar.bz2", bz2.compress),
            ("x.tar.zst", zstandard.compress),
        ],
    )
    @pytest.mark.parametrize("style", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_tar(self, ground: Ground, name: str, pack: Callable[[bytes], bytes], style: int) -> None:
        entries = tuple((key, dict(value) if isinstance(value, dict) else value) for key, value in HONEST)
        ground.unpack(pack(tar(*entries, format=style)), name)
        assert ground.tree() == TREE
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ground.top.rglob("*")}
        assert (modes["run.sh"], modes["a.txt"], modes["deep"]) == (0o777, 0o666, 0o777)

    @pytest.mark.parametrize("style", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_long_and_foreign_names(self, ground: Ground, style: int) -> None:
        name = "/".join(["long-é" * 20] * 4)
        ground.unpack(tar((name, b"1"), ("link", name[:300] + "x"), format=style), "x.tar")
        assert ground.tree()[name] == b"1"

    def test_another_name_of_the_same_file(self, ground: Ground) -> None:
        again = {"type": tarfile.LNKTYPE, "linkname": "a/b"}
        ground.unpack(tar(("a/b", b"1"), ("c", again)), "x.tar")
        assert (ground.top / "c").read_bytes() == b"1"

    def test_the_later_of_two_files_counts(self, ground: Ground) -> None:
        ground.unpack(tar(("a", b"1"), ("a", b"2"), ("l", "a"), ("l", b"3")), "x.tar")
        assert ground.tree() == {"a": b"2", "l": b"3"}

    def test_zip(self, ground: Ground) -> None:
        run = zipfile.ZipInfo("run.sh")
        run.create_system, run.external_attr = 3, (stat.S_IFREG | 0o755) << 16
        data = zipped(("d/", b""), ("d/a", b"a" * 5000), (run, b"#!"), zip_link("d/l", "../run.sh"))
        ground.unpack(data, "x.zip")
        assert ground.tree() == {"d": None, "d/a": b"a" * 5000, "d/l": "-> ../run.sh", "run.sh": b"#!"}
        assert (ground.top / "run.sh").stat().st_mode & 0o111

    @pytest.mark.parametrize(("name", "pack"), [("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress)])
    def test_one_packed_file(self, ground: Ground, name: str, pack: Callable[[bytes], bytes]) -> None:
        ground.unpack(pack(b"1,2") + pack(b"\n3"), name)
        assert ground.tree() == {"a.csv": b"1,2\n3"}

    def test_an_archive_without_its_end(self, ground: Ground) -> None:
        ground.unpack(tar(("a", b"x" * 512))[:1024], "x.tar")
        assert ground.tree() == {"a": b"x" * 512}


HOSTILE: dict[str, tuple[str, bytes]] = {
    "up": ("x.tar", tar(("../outside/new", b"x"))),
    "up inside": ("x.tar", tar(("a/../../outside/new", b"x"))),
    "absolute": ("x.tar", tar(("/tmp/evil", b"x"))),
    "control": ("x.tar", tar(("a\nb", b"x"))),
    "through a link": ("x.tar", tar(("l", "sub"), ("sub", None), ("l/x", b"x"))),
    "link up": ("x.tar", tar(("l", "../outside"))),
    "link up and through": ("x.tar", tar(("l", "../outside"), ("l/new", b"x"))),
    "absolute link": ("x.tar", tar(("l", "/etc/passwd"))),
    "link by steps": ("x.tar", tar(("a/b/c", None), ("s", "a/b/c"), ("t", "s/../../../.."))),
    "link by steps, later": ("x.tar", tar(("t", "s/../x"), ("s", "."))),
    "write into a link": ("x.tar", tar(("p", "../outside/precious"), ("p", b"x"))),
    "hard link up": ("x.tar", tar(("h", {"type": tarfile.LNKTYPE, "linkname": "../outside/precious"}))),
    "hard link of a link": (
        "x.tar", tar(("a/l", "../x"), ("h", {"type": tarfile.LNKTYPE, "linkname": "a/l"})),
    ),
    "hard link of nothing": ("x.tar", tar(("h", {"type": tarfile.LNKTYPE, "linkname": "none"}))),
    "hard link of a folder": ("x.tar", tar(("a", None), ("h", {"type": tarfile.LNKTYPE, "linkname": "a"}))),
    "file in the way": ("x.tar", tar(("a", b"x"), ("a/b", b"y"))),
    "folder in the way": ("x.tar", tar(("a/b", b"y"), ("a", b"x"))),
    "top": ("x.tar", tar((".", b"x"))),
    "character device": ("x.tar", device(tarfile.CHRTYPE)),
    "block device": ("x.tar", device(tarfile.BLKTYPE)),
    "pipe": ("x.tar", device(tarfile.FIFOTYPE)),
    "unknown type": ("x.tar", device(b"Z")),
    "sparse": ("x.tar", sparse()),
    "old sparse": ("x.tar", header(type=tarfile.GNUTYPE_SPARSE, size=0) + bytes(1024)),
    "too deep": ("x.tar", tar(("/".join("d" * 65), b"x"))),
    "too long": ("x.tar", tar(("n" * 300, b"x"))),
    "long header": ("x.tar", header(type=tarfile.XHDTYPE, size=1 << 30) + bytes(5000)),
    "long name": ("x.tar", header(type=tarfile.GNUTYPE_LONGNAME, size=1 << 40) + bytes(5000)),
    "size of nothing": ("x.tar", header(size=1 << 40)),
    "negative size": ("x.tar", header(size=-5)),
    "cut": ("x.tar", tar(("a", b"x" * 5000))[:2000]),
    "pax without length": ("x.tar", pax(b"path=x\n")),
    "pax lies": ("x.tar", pax(b"999 path=x\n")),
    "pax short": ("x.tar", pax(b"3 path=x\n")),
    "pax zero": ("x.tar", pax(b"0 path=x\n")),
    "pax size": ("x.tar", pax(b"12 size=1e9\n")),
    "pax path": ("x.tar", pax(b"23 path=../outside/new\n")),
    "no tar": ("x.tar", b"hello" * 500),
    "nothing": ("x.tar", b""),
    "no gzip": ("x.tgz", tar(("a", b"x"))),
    "no zstd": ("x.tar.zst", gzip.compress(b"x")),
    "bad zstd": ("x.tar.zst", zstandard.compress(os.urandom(90000))[:20000]),

    "no bzip": ("x.tar.bz2", gzip.compress(b"x")),
    "cut gzip": ("x.tgz", gzip.compress(tar(("a", os.urandom(9000))))[:4000]),
    "bad gzip": ("x.gz", gzip.compress(os.urandom(9000))[:-8] + b"\0" * 8),
    "bad bzip": ("x.bz2", bz2.compress(os.urandom(9000))[:2000]),
    "no name left": (".gz", gzip.compress(b"x")),
    "unknown ending": ("x.rar", b"x"),
    "zip up": ("x.zip", zipped(("../outside/new", b"x"))),
    "zip absolute": ("x.zip", zipped(("/tmp/evil", b"x"))),
    "zip link up": ("x.zip", zipped(zip_link("l", "../outside"))),
    "zip long link": ("x.zip", zipped(zip_link("l", "a/" * 5000))),
    "zip method": ("x.zip", broken_zip(set_method)),
    "zip encrypted": ("x.zip", broken_zip(set_encrypted)),
    "zip bytes": ("x.zip", broken_zip(set_bytes)),
    "zip bzip": ("x.zip", zipped(("a", b"x"), method=zipfile.ZIP_BZIP2)),
    "no zip": ("x.zip", b"PK\x03\x04" + b"x" * 100),
    "cut zip": ("x.zip", zipped(("a", b"x" * 500))[:-10]),
}  # fmt: skip


ALMOST = (tar(("a/b", b"1" * 600), ("l", "a"), ("c" * 150, b"2")), zipped(("a/b", b"1")))


class TestHostile:
    @pytest.mark.parametrize("name", list(HOSTILE))
    def test_it_is_refused_and_nothing_else_is_touched(self, ground: Ground, name: str) -> None:
        called, data = HOSTILE[name]
        with pytest.raises(BadArchive) as refused:
            ground.unpack(data, called)
        ground.assert_untouched()
        assert str(ground.folder) not in str(refused.value)

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("x.tar", tar(("a", bytes(ROOM + 1)))),
            ("x.tgz", gzip.compress(tar(("a", bytes(8 << 20))))),
            ("x.gz", gzip.compress(bytes(8 << 20))),
            ("x.bz2", bz2.compress(bytes(8 << 20))),
            ("x.zip", zipped(("a", bytes(8 << 20)))),
            ("x.tar", b"".join(tar((f"f{n}", b""))[:512] for n in range(3000)) + bytes(1024)),
        ],
    )
    def test_it_takes_no_more_than_there_is(self, ground: Ground, name: str, data: bytes) -> None:
        with pytest.raises(TooLarge):
            ground.unpack(data, name)
        assert sum(path.stat().st_size for path in ground.top.rglob("*") if path.is_file()) <= ROOM

    @pytest.mark.parametrize("name", ["x.tar", "x.zip"])
    def test_too_many_entries(self, ground: Ground, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        for module in ("tars", "zips"):
            monkeypatch.setattr(f"{members_module.__package__}.{module}.MAX_MEMBERS", 10)
        entries = [(f"f{number}", b"") for number in range(11)]
        with pytest.raises(BadArchive, match="more than 10"):
            ground.unpack(tar(*entries) if name == "x.tar" else zipped(*entries), name)

    def test_a_list_of_members_that_is_too_long(
        self, ground: Ground, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{members_module.__package__}.zips.MAX_DIRECTORY", 1000)
        with pytest.raises(BadArchive):
            ground.unpack(zipped(*((f"f{number}", b"") for number in range(100))), "x.zip")

    def test_links_that_lead_in_circles(self, ground: Ground) -> None:
        ground.unpack(tar(("a", "b"), ("b", "a"), ("c", "c/c/c")), "x.tar")

    def test_links_that_take_for_ever(self, ground: Ground) -> None:
        doubling = [(f"l{number}", f"l{number + 1}/l{number + 1}") for number in range(60)]
        many = [(f"m{number}", "l0/" * 300) for number in range(300)]
        ground.unpack(tar(*doubling, *many, ("l60", ".")), "x.tar", room=1 << 30)

    def test_time_is_looked_at(self, ground: Ground) -> None:
        ground.unpack(tar(*((f"f{number}", b"x") for number in range(20))), "x.tar")
        assert ground.checks >= 20

    @settings(max_examples=60, deadline=None)
    @given(
        data=st.binary(max_size=2048),
        name=st.sampled_from(["x.tar", "x.tgz", "x.gz", "x.bz2", "x.tar.zst", "x.zip"]),
    )
    def test_any_bytes(self, tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
        self.tried(Ground(tmp_path_factory.mktemp("any")), data, name)

    @settings(max_examples=80, deadline=None)
    @given(
        which=st.sampled_from(
            [tar(("a/b", b"1" * 600), ("l", "a"), ("c" * 150, b"2")), zipped(("a/b", b"1"))]
        ),
        changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    )
    def test_almost_archives(
        self, tmp_path_factory: pytest.TempPathFactory, which: bytes, changes: list[tuple[int, int]]
    ) -> None:
        data = bytearray(which)
        for at, value in changes:
            data[at % len(data)] = value
        self.tried(
            Ground(tmp_path_factory.mktemp("almost")), bytes(data), "x.zip" if data[:1] == b"P" else "x.tar"
        )

    @staticmethod
    def tried(ground: Ground, data: bytes, name: str) -> None:
        with contextlib.suppress(BadArchive, TooLarge):
            ground.unpack(data, name)
        ground.assert_untouched()
