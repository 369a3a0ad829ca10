"""Registering, reading, changing and removing files."""

from typing import Any

import pytest

from services.catalogue.domain.files.entries import (
    ChecksumType,
    NewAttributes,
    NewFile,
    ReplicaType,
    Status,
    Usage,
)
from services.catalogue.domain.files.errors import NotThere, TooMuch
from services.catalogue.file_ports import MAX_SHARES, FileTree
from tests.fakes.file_facts import ALICE, BOB, LATER, NOW, new_file

GUID = "0f4b2a6e-0000-4000-8000-000000000001"
OTHER_GUID = "0f4b2a6e-0000-4000-8000-000000000002"


def _add(tree: FileTree, *new: NewFile) -> dict[str, object]:
    outcomes = tree.add_files(new, ALICE, NOW)
    return {
        lfn: type(each.error).__name__ if each.error is not None else each.is_new
        for lfn, each in outcomes.items()
    }


def test_a_file_is_read_as_it_was_registered(tree: FileTree) -> None:
    new = new_file("/vo/a/b/file", 7, guid=GUID, mode=0o640, replicas={"SE": "srm://x/file"})
    assert _add(tree, new) == {"/vo/a/b/file": True}
    file = tree.file("/vo/a/b/file", with_replicas=True)
    assert (file.lfn, file.size, file.checksum, file.guid) == ("/vo/a/b/file", 7, "cc500ba0", GUID)
    assert file.checksum_type is ChecksumType.ADLER32
    told = file.attributes
    assert (told.owner, told.group, told.mode, told.created_at) == ("alice", "user", 0o640, NOW)
    assert [(each.se, each.pfn, each.type) for each in file.replicas] == [
        ("SE", "srm://x/file", ReplicaType.MASTER)
    ]
    assert tree.directory("/vo/a").attributes.owner == "alice"
    assert [element.name for element in tree.storage_elements()] == ["SE"]
    assert [each.lfn for each in tree.by_guid(GUID)] == ["/vo/a/b/file"]
    assert tree.by_guid(OTHER_GUID) == []


def test_every_file_has_a_guid_of_its_own(tree: FileTree) -> None:
    _add(tree, new_file("/vo/1"), new_file("/vo/2"))
    found = tree.files(["/vo/1", "/vo/2", "/vo/3", "/other/4"])
    assert sorted(found) == ["/vo/1", "/vo/2"]
    assert len({file.guid for file in found.values()}) == 2


def test_registered_again_it_is_the_same(tree: FileTree) -> None:
    new = new_file("/vo/f", guid=GUID, replicas={"SE1": "a", "SE2": "b"})
    _add(tree, new)
    assert _add(tree, new) == {"/vo/f": False}
    assert _add(tree, new_file("/vo/f")) == {"/vo/f": False}
    assert _add(tree, new_file("/vo/f", replicas={"SE2": "b"})) == {"/vo/f": False}
    assert tree.directory("/vo").files == 1
    assert tree.usage("/vo") == {"SE1": Usage(files=1, bytes=12), "SE2": Usage(files=1, bytes=12)}


@pytest.mark.parametrize(
    "other",
    [
        {"guid": OTHER_GUID},
        {"size": 13},
        {"checksum": "cc500ba1"},
        {"checksum": ""},
        {"checksum": "0" * 32, "checksum_type": ChecksumType.MD5},
        {"replicas": {"SE1": "elsewhere"}},
        {"replicas": {"SE3": "a"}},
    ],
    ids=str,
)
def test_registered_otherwise_it_is_a_conflict(tree: FileTree, other: dict[str, Any]) -> None:
    values: dict[str, Any] = {"lfn": "/vo/f", "size": 12, "checksum": "cc500ba0", "guid": GUID}
    _add(tree, NewFile(**{**values, "replicas": {"SE1": "a"}}))
    assert _add(tree, NewFile(**{**values, **other}), new_file("/vo/g")) == {
        "/vo/f": "Conflict",
        "/vo/g": True,
    }
    assert tree.file("/vo/f").size == 12
    assert tree.directory("/vo").bytes == 24


def test_names_are_of_one_kind(tree: FileTree) -> None:
    tree.make_directory("/vo/dir", ALICE, 0o775, NOW)
    _add(tree, new_file("/vo/file"))
    outcomes = _add(
        tree,
        new_file("/vo/dir"),
        new_file("/vo/file/below/x"),
        new_file("/vo/one"),
        new_file("/vo/one/two"),
        new_file("/vo/fine"),
    )
    assert outcomes == {
        "/vo/dir": "Conflict",
        "/vo/file/below/x": "Conflict",
        "/vo/one": "Conflict",
        "/vo/one/two": True,
        "/vo/fine": True,
    }
    assert tree.directory("/vo").files == 3


def test_a_thousand_at_once_in_many_directories(tree: FileTree) -> None:
    many = [
        new_file(f"/vo/{number % 7}/{number % 3}/f{number:04}", number, replicas={f"SE{number % 2}": "x"})
        for number in range(2100)
    ]
    assert set(_add(tree, *many).values()) == {True}
    vo = tree.directory("/vo")
    assert (vo.files, vo.bytes, vo.directories) == (2100, 2099 * 2100 // 2, 28)
    assert tree.usage("/vo")["SE0"].files == 1050
    assert tree.directory("/vo/3").files == 300
    assert set(_add(tree, *many).values()) == {False}
    gone = tree.remove_files([each.lfn for each in many[:1500]])
    assert all(each.error is None for each in gone.values())
    assert tree.directory("/").files == 600


def test_what_is_removed_takes_its_sums_along(tree: FileTree) -> None:
    _add(tree, new_file("/vo/a/1", replicas={"SE": "x"}), new_file("/vo/a/2", 30, replicas={"SE": "y"}))
    outcomes = tree.remove_files(["/vo/a/1", "/vo/a/none", "/vo/none/1"])
    assert outcomes["/vo/a/1"].error is None
    assert isinstance(outcomes["/vo/a/none"].error, NotThere)
    assert isinstance(outcomes["/vo/none/1"].error, NotThere)
    assert (tree.directory("/vo").files, tree.directory("/vo").bytes) == (1, 30)
    assert tree.usage("/vo/a") == {"SE": Usage(files=1, bytes=30)}
    with pytest.raises(NotThere):
        tree.file("/vo/a/1")


def test_attributes_of_a_file_change(tree: FileTree) -> None:
    _add(tree, new_file("/vo/f"))
    change = NewAttributes(owner="bob", mode=0o600, status=Status.TRASH)
    file = tree.change_file("/vo/f", change, LATER)
    assert (file.attributes.owner, file.attributes.group, file.attributes.mode) == ("bob", "user", 0o600)
    assert (file.attributes.status, file.attributes.modified_at) == (Status.TRASH, LATER)
    assert tree.file("/vo/f").attributes == file.attributes
    with pytest.raises(NotThere):
        tree.change_file("/vo/none", change, LATER)


def test_a_share_is_found_by_its_hash_until_it_ends(tree: FileTree) -> None:
    _add(tree, new_file("/vo/f", replicas={"SE": "x"}), new_file("/vo/g"))
    tree.share("/vo/f", "1" * 64, "alice", NOW)
    tree.share("/vo/f", "2" * 64, "alice", NOW)
    tree.share("/vo/g", "3" * 64, "alice", NOW)
    assert [each.pfn for each in tree.shared("1" * 64).replicas] == ["x"]
    assert tree.shared("3" * 64).lfn == "/vo/g"
    assert tree.end_shares("/vo/f") == 2
    for token in ("1" * 64, "2" * 64, "4" * 64):
        with pytest.raises(NotThere):
            tree.shared(token)
    tree.remove_files(["/vo/g"])
    with pytest.raises(NotThere):
        tree.shared("3" * 64)
    with pytest.raises(NotThere):
        tree.share("/vo/g", "5" * 64, "alice", NOW)


def test_a_file_has_so_many_shares_and_no_more(tree: FileTree) -> None:
    _add(tree, new_file("/vo/f"), new_file("/vo/g"))
    for number in range(MAX_SHARES):
        tree.share("/vo/f", f"{number:064x}", "alice", NOW)
    with pytest.raises(TooMuch):
        tree.share("/vo/f", "f" * 64, "alice", NOW)
    tree.share("/vo/g", "f" * 64, "alice", NOW)
    assert tree.end_shares("/vo/f") == MAX_SHARES
    tree.share("/vo/f", "e" * 64, "alice", NOW)


def test_odd_names_are_kept_as_they_are(tree: FileTree) -> None:
    lfns = [
        f"/vo/d/{name}"
        for name in ("a%b_c", "'; DROP TABLE files; --", "日本語", "a b", "\\", "é", "e\u0301")
    ]
    assert set(_add(tree, *map(new_file, lfns)).values()) == {True}
    assert sorted(tree.files(lfns)) == sorted(lfns)
    assert BOB.name not in {file.attributes.owner for file in tree.files(lfns).values()}


def test_nothing_at_all_is_nothing(tree: FileTree) -> None:
    assert tree.add_files([], ALICE, NOW) == {}
    assert tree.remove_files([]) == {}
    assert tree.files([]) == {}
    assert tree.nearest([]) == {}
