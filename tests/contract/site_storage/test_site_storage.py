"""What every storage of a site promises: the one in memory, a folder of this machine, an fsspec system."""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.compute.adapters.site_local import PARTS, LocalSite
from services.compute.adapters.site_storage import open_site
from services.compute.ports.site_storage import SiteEntry, SitePathMissing, SitePathUnusable, SiteStorage
from tests.fakes.site_storage import MemorySite

pytestmark = pytest.mark.clause("openpai 7.4")

FAKE, FOLDER, FSSPEC = "fake", "folder", "fsspec"


@pytest.fixture(params=[FAKE, FOLDER, FSSPEC])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> SiteStorage:
    makers: dict[str, Callable[[], SiteStorage]] = {
        FAKE: MemorySite,
        FOLDER: lambda: open_site(f"file://{tmp_path}/storage"),
        FSSPEC: lambda: open_site(f"memory:///{uuid.uuid4().hex}"),
    }
    return makers[request.param]()


def content(site: SiteStorage, path: str) -> bytes:
    return b"".join(site.open(path))


def test_what_was_put_is_read(site: SiteStorage) -> None:
    site.put("Output/u/job/deep/er/model.bin", iter([b"\x00" * 70_000, b"end"]))
    assert content(site, "Output/u/job/deep/er/model.bin") == b"\x00" * 70_000 + b"end"


def test_a_second_put_takes_the_firsts_place(site: SiteStorage) -> None:
    for body in (b"a long first one", b"second", b"second"):
        site.put("code/train.py", [body])
    assert content(site, "code/train.py") == b"second"


def test_a_folder_has_all_that_lies_below_it(site: SiteStorage) -> None:
    for path in ("code/train.py", "code/lib/deep/a.py", "codes/other.py", "code/empty"):
        site.put(path, [b"x"] if path != "code/empty" else [])
    found = list(site.entries("code"))
    assert found[0] == SiteEntry((), is_folder=True)
    assert sorted(entry.parts for entry in found if not entry.is_folder) == [
        ("empty",),
        ("lib", "deep", "a.py"),
        ("train.py",),
    ]
    folders = [entry.parts for entry in found if entry.is_folder]
    assert folders == [(), ("lib",), ("lib", "deep")]
    assert found.index(SiteEntry(("lib",), is_folder=True)) < next(
        place for place, entry in enumerate(found) if entry.parts == ("lib", "deep", "a.py")
    )


def test_a_file_is_an_entry_of_its_own(site: SiteStorage) -> None:
    site.put("data/one.csv", [b"a,b"])
    assert list(site.entries("data/one.csv")) == [SiteEntry((), is_folder=False)]


@pytest.mark.parametrize("path", ["none", "none/below", "code/none", "code/train.py/below"])
def test_what_is_not_there(site: SiteStorage, path: str) -> None:
    site.put("code/train.py", [b"x"])
    with pytest.raises(SitePathMissing):
        list(site.entries(path))
    with pytest.raises(SitePathMissing):
        content(site, path)


@pytest.mark.parametrize("path", ["../up", "a/../../up", "/etc/passwd", "a//b", ".", "", "a/\x00"])
def test_paths_that_are_none(site: SiteStorage, path: str) -> None:
    with pytest.raises(SitePathMissing):
        list(site.entries(path))
    with pytest.raises(SitePathMissing):
        content(site, path)


def test_a_folder_that_was_made_is_empty_and_made_once(site: SiteStorage) -> None:
    site.make_folder("Output/u/job")
    site.put("Output/u/job/a", [b"kept"])
    site.make_folder("Output/u/job")
    assert content(site, "Output/u/job/a") == b"kept"
    site.make_folder("Output/u/other")
    assert list(site.entries("Output/u/other")) == [SiteEntry((), is_folder=True)]


def test_a_file_and_a_folder_do_not_take_each_others_place(site: SiteStorage) -> None:
    site.put("a/file", [b"x"])
    with pytest.raises(SitePathUnusable):
        site.put("a", [b"y"])
    with pytest.raises(SitePathUnusable):
        site.make_folder("a/file")
    assert content(site, "a/file") == b"x"


def test_what_breaks_half_way_leaves_nothing(site: SiteStorage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("the reader's own trouble")

    site.put("a/file", [b"before"])
    with pytest.raises(RuntimeError, match="own trouble"):
        site.put("a/file", broken())
    with pytest.raises(RuntimeError, match="own trouble"):
        site.put("a/new", broken())
    assert content(site, "a/file") == b"before"
    assert [entry.parts for entry in site.entries("a")] == [(), ("file",)]


def test_many_write_one_file_at_once_and_it_is_whole(site: SiteStorage) -> None:
    bodies = [bytes([number]) * 50_000 for number in range(8)]
    threads = [threading.Thread(target=site.put, args=("a/same", iter([body]))) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(site, "a/same") in bodies


class TestFolder:
    """Of the folder of this machine alone: others may have put there what is no plain file."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return tmp_path / "storage"

    @pytest.fixture
    def local(self, root: Path) -> LocalSite:
        return LocalSite(root)

    def test_links_are_followed_nowhere(self, local: LocalSite, root: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "key").write_bytes(b"canary")
        local.put("code/train.py", [b"x"])
        (root / "code" / "out").symlink_to(tmp_path / "secret", target_is_directory=True)
        (root / "code" / "key").symlink_to(tmp_path / "secret" / "key")
        (root / "linked").symlink_to(tmp_path / "secret", target_is_directory=True)
        for path in ("code", "linked", "code/key", "code/out"):
            with pytest.raises((SitePathUnusable, SitePathMissing)):
                list(local.entries(path))
        for path in ("linked/key", "code/key", "code/out/key"):
            with pytest.raises((SitePathUnusable, SitePathMissing)):
                content(local, path)
        with pytest.raises(SitePathUnusable):
            local.put("linked/new", [b"y"])
        local.put("code/key", [b"mine"])  # in the place of the link, not through it
        assert (tmp_path / "secret" / "key").read_bytes() == b"canary"
        assert sorted(path.name for path in (tmp_path / "secret").iterdir()) == ["key"]

    def test_what_may_be_run_is_told(self, local: LocalSite, root: Path) -> None:
        local.put("code/run.sh", [b"#!/bin/sh"])
        (root / "code" / "run.sh").chmod(0o755)
        assert [entry.executable for entry in local.entries("code") if entry.parts] == [True]

    def test_its_own_folder_is_nobodys(self, local: LocalSite) -> None:
        local.put("a", [b"x"])
        with pytest.raises(SitePathMissing):
            list(local.entries(PARTS))
        with pytest.raises(SitePathMissing):
            local.put(f"{PARTS}/a", [b"x"])

    def test_nothing_is_left_aside(self, local: LocalSite, root: Path) -> None:
        local.put("a/b", [b"x"])
        with pytest.raises(SitePathUnusable):
            local.put("a", [b"x"])
        assert list((root / PARTS).iterdir()) == []
