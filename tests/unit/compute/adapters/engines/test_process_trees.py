"""Folders that a job wrote in: counted, removed and made without following it anywhere."""

import os
import stat
from pathlib import Path

import pytest

from services.compute.adapters.engines.disk import MAX_DEPTH, Count, TooDeep
from services.compute.adapters.engines.process.trees import make_folder, remove_tree


def test_counting_sees_what_is_there_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"x" * 100_000)
    os.link(tmp_path / "in" / "file", tmp_path / "again")
    (tmp_path / "out").symlink_to("/usr")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert 100_000 <= counted(tmp_path) < 200_000


def test_counting_a_folder_that_is_closed_opens_it(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "closed").chmod(0)
    assert counted(tmp_path) >= 100_000


def test_folders_nested_too_deep_are_told(tmp_path: Path) -> None:
    deep(tmp_path, MAX_DEPTH + 2)
    with pytest.raises(TooDeep):
        counted(tmp_path)
    remove_tree(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def counted(path: Path) -> int:
    count = Count([str(path), str(path / "missing")], None)
    for _ in count.slices():
        pass
    return count.bytes


def deep(path: Path, levels: int) -> None:
    """Deeper than a path's name may be long, if wanted."""
    here = os.open(path, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_removing_what_a_job_left(tmp_path: Path) -> None:
    """Thousands of levels, closed folders, links to what is not ours."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"kept")
    tree = tmp_path / "tree"
    (tree / "closed" / "in").mkdir(parents=True)
    (tree / "closed" / "in" / "file").touch()
    (tree / "link").symlink_to(kept)
    os.mkfifo(tree / "pipe")
    deep(tree, 3000)
    (tree / "closed").chmod(0)
    remove_tree(tree)
    assert not tree.exists()
    assert (kept / "file").read_bytes() == b"kept"
    remove_tree(tree)


def test_removing_a_link_leaves_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "file").touch()
    remove_tree(tmp_path / "link")
    remove_tree(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_removing_a_folder_that_is_closed_itself(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").touch()
    (tmp_path / "closed").chmod(0)
    remove_tree(tmp_path / "closed")
    assert list(tmp_path.iterdir()) == []


def test_making_folders_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "top" / "link").symlink_to(tmp_path / "elsewhere")
    make_folder(tmp_path / "top", ("a", "b"), None)
    make_folder(tmp_path / "top", ("a", "b"), None)
    assert stat.S_ISDIR((tmp_path / "top" / "a" / "b").stat().st_mode)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        make_folder(tmp_path / "top", ("link", "c"), None)
    assert list((tmp_path / "elsewhere").iterdir()) == []
