"""Making, finding, changing and removing directories."""

import pytest

from services.catalogue.domain.files.entries import Attributes, NewAttributes, Status
from services.catalogue.domain.files.errors import Conflict, NotEmpty, NotPermitted, NotThere
from services.catalogue.file_ports import FileTree
from tests.fakes.file_facts import ALICE, BOB, LATER, NOW, agreed, new_file


def test_a_directory_is_made_once_with_all_above_it(tree: FileTree) -> None:
    assert tree.make_directory("/vo/a/b", ALICE, 0o700, NOW)
    assert not tree.make_directory("/vo/a/b", BOB, 0o777, LATER)
    made = tree.directory("/vo/a/b")
    assert (made.attributes.owner, made.attributes.group, made.attributes.mode) == ("alice", "user", 0o700)
    assert (made.attributes.created_at, made.attributes.status) == (NOW, Status.GOOD)
    assert tree.directory("/vo/a").attributes.mode == 0o775
    assert tree.directory("/vo").directories == 2
    assert tree.directory("/").directories == 3


def test_numbers_of_owners_stay_the_same(tree: FileTree) -> None:
    tree.make_directory("/vo/a", ALICE, 0o775, NOW)
    tree.make_directory("/vo/b", BOB, 0o775, NOW)
    tree.make_directory("/vo/c", ALICE, 0o775, NOW)
    a, b, c = (tree.directory(f"/vo/{name}").attributes for name in "abc")
    assert (a.uid, a.gid) == (c.uid, c.gid)
    assert a.uid != b.uid
    assert a.gid != b.gid


def test_what_is_not_there_is_told_from_the_closest_directory_above(tree: FileTree) -> None:
    tree.make_directory("/vo/a", ALICE, 0o775, NOW)
    tree.add_files([new_file("/vo/a/file")], ALICE, NOW)
    found = tree.nearest(["/vo/a", "/vo/a/b/c", "/vo/a/file", "/other", "/"])
    told = {path: (each.directory.path, each.is_itself) for path, each in found.items()}
    assert told == {
        "/vo/a": ("/vo/a", True),
        "/vo/a/b/c": ("/vo/a", False),
        "/vo/a/file": ("/vo/a", False),
        "/other": ("/", False),
        "/": ("/", True),
    }


@pytest.mark.parametrize("path", ["/vo/a/file", "/vo/a/file/b", "/vo/a/file/b/c"])
def test_no_directory_is_made_where_a_file_is(tree: FileTree, path: str) -> None:
    tree.add_files([new_file("/vo/a/file")], ALICE, NOW)
    with pytest.raises(Conflict):
        tree.make_directory(path, ALICE, 0o775, NOW)
    assert tree.directory("/vo/a").directories == 0


def test_an_empty_directory_is_removed(tree: FileTree) -> None:
    tree.make_directory("/vo/a/b", ALICE, 0o775, NOW)
    assert tree.remove_directories("/vo/a/b", recursive=False, agree=agreed) == 1
    with pytest.raises(NotThere):
        tree.directory("/vo/a/b")
    assert tree.directory("/vo").directories == 1
    with pytest.raises(NotThere):
        tree.remove_directories("/vo/a/b", recursive=False, agree=agreed)


@pytest.mark.parametrize("content", ["/vo/a/file", "/vo/a/sub/file"])
def test_a_directory_with_content_stays(tree: FileTree, content: str) -> None:
    tree.add_files([new_file(content)], ALICE, NOW)
    with pytest.raises(NotEmpty):
        tree.remove_directories("/vo/a", recursive=False, agree=agreed)
    assert tree.file(content)
    assert tree.directory("/vo").files == 1


def test_recursively_everything_below_goes_and_nothing_beside(tree: FileTree) -> None:
    tree.add_files([new_file("/vo/a/x/1"), new_file("/vo/a/2"), new_file("/vo/ab/3")], ALICE, NOW)
    assert tree.remove_directories("/vo/a", recursive=True, agree=agreed) == 2
    assert set(tree.files(["/vo/a/x/1", "/vo/a/2", "/vo/ab/3"])) == {"/vo/ab/3"}
    vo = tree.directory("/vo")
    assert (vo.files, vo.bytes, vo.directories) == (1, 12, 1)
    assert tree.make_directory("/vo/a/x", BOB, 0o775, LATER)


def test_who_may_not_remove_all_removes_nothing(tree: FileTree) -> None:
    tree.make_directory("/vo/a/b", ALICE, 0o775, NOW)
    tree.make_directory("/vo/a/b/c", BOB, 0o700, NOW)
    asked: list[tuple[str, int]] = []

    def agree(attributes: Attributes) -> bool:
        asked.append((attributes.owner, attributes.mode))
        return attributes.owner == "alice"

    with pytest.raises(NotPermitted):
        tree.remove_directories("/vo/a", recursive=True, agree=agree)
    assert ("bob", 0o700) in asked
    assert tree.directory("/vo/a").directories == 2


def test_the_root_stays(tree: FileTree) -> None:
    with pytest.raises(NotPermitted):
        tree.remove_directories("/", recursive=True, agree=agreed)
    assert tree.directory("/").path == "/"


def test_attributes_change_one_by_one(tree: FileTree) -> None:
    tree.make_directory("/vo/a", ALICE, 0o775, NOW)
    changed = tree.change_directory("/vo/a", NewAttributes(mode=0o700), LATER, recursive=False, agree=agreed)
    assert (changed.attributes.mode, changed.attributes.owner) == (0o700, "alice")
    assert (changed.attributes.created_at, changed.attributes.modified_at) == (NOW, LATER)
    change = NewAttributes(owner="bob", group="prod", status=Status.TRASH)
    changed = tree.change_directory("/vo/a", change, LATER, recursive=False, agree=agreed)
    assert (changed.attributes.owner, changed.attributes.group) == ("bob", "prod")
    assert (changed.attributes.mode, changed.attributes.status) == (0o700, Status.TRASH)
    assert tree.directory("/vo").attributes.owner == "alice"


def test_recursively_files_change_too(tree: FileTree) -> None:
    tree.add_files([new_file("/vo/a/b/1"), new_file("/vo/2")], ALICE, NOW)
    tree.change_directory("/vo/a", NewAttributes(owner="bob"), LATER, recursive=True, agree=agreed)
    assert tree.directory("/vo/a/b").attributes.owner == "bob"
    assert tree.file("/vo/a/b/1").attributes.owner == "bob"
    assert tree.file("/vo/2").attributes.owner == "alice"
    assert tree.directory("/vo").attributes.owner == "alice"


def test_who_may_not_change_all_changes_nothing(tree: FileTree) -> None:
    tree.make_directory("/vo/a", ALICE, 0o775, NOW)
    tree.add_files([new_file("/vo/a/1")], BOB, NOW)
    change = NewAttributes(mode=0o777)
    with pytest.raises(NotPermitted):
        tree.change_directory("/vo/a", change, LATER, recursive=True, agree=lambda it: it.owner == "alice")
    assert tree.directory("/vo/a").attributes.mode == 0o775
    with pytest.raises(NotThere):
        tree.change_directory("/vo/b", change, LATER, recursive=True, agree=agreed)
