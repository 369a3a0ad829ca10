"""Pages of a directory: subdirectories first, then files, each by name, while others write."""

import pytest

from services.catalogue.domain.files.entries import Listing, NewAttributes, Status
from services.catalogue.domain.files.errors import InvalidValue, NotThere
from services.catalogue.file_ports import FileTree
from tests.fakes.file_facts import ALICE, NOW, agreed, new_file


def _page(tree: FileTree, limit: int = 1000, start: str | None = None, **more: bool) -> Listing:
    flags = {"with_replicas": False, "all_statuses": False, **more}
    return tree.listing("/vo/d", limit=limit, start=start, **flags)


def _names(page: Listing) -> list[str]:
    return [each.path for each in page.subdirectories] + [each.lfn for each in page.files]


def _walk(tree: FileTree, limit: int) -> list[str]:
    page = _page(tree, limit)
    found = _names(page)
    while page.next is not None:
        page = _page(tree, limit, page.next)
        assert _names(page)
        found += _names(page)
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
def test_pages_of_any_size_show_all_in_order(tree: FileTree, limit: int) -> None:
    for name in ("b", "é", "B"):
        tree.make_directory(f"/vo/d/{name}", ALICE, 0o775, NOW)
    tree.add_files([new_file(f"/vo/d/{name}") for name in ("z", "a", "Z")], ALICE, NOW)
    tree.add_files([new_file("/vo/d/b/deeper"), new_file("/vo/beside")], ALICE, NOW)
    expected = ["/vo/d/B", "/vo/d/b", "/vo/d/é", "/vo/d/Z", "/vo/d/a", "/vo/d/z"]
    assert _walk(tree, limit) == expected
    assert _page(tree).directory.files == 4


def test_nothing_that_stays_is_missed_or_repeated(tree: FileTree) -> None:
    tree.make_directory("/vo/d/sub1", ALICE, 0o775, NOW)
    tree.make_directory("/vo/d/sub3", ALICE, 0o775, NOW)
    tree.add_files([new_file(f"/vo/d/f{number}") for number in range(4)], ALICE, NOW)
    first = _page(tree, 1)
    tree.make_directory("/vo/d/sub0", ALICE, 0o775, NOW)
    tree.remove_directories("/vo/d/sub1", recursive=True, agree=agreed)
    second = _page(tree, 2, first.next)
    assert _names(first) + _names(second) == ["/vo/d/sub1", "/vo/d/sub3", "/vo/d/f0"]
    tree.make_directory("/vo/d/sub9", ALICE, 0o775, NOW)
    tree.remove_files(["/vo/d/f0", "/vo/d/f1"])
    tree.add_files([new_file("/vo/d/e"), new_file("/vo/d/f25")], ALICE, NOW)
    third = _page(tree, 10, second.next)
    assert _names(third) == ["/vo/d/f2", "/vo/d/f25", "/vo/d/f3"]
    assert third.next is None


def test_a_page_that_ends_with_the_last_directory_goes_on_with_files(tree: FileTree) -> None:
    tree.make_directory("/vo/d/sub", ALICE, 0o775, NOW)
    tree.add_files([new_file("/vo/d/file")], ALICE, NOW)
    first = _page(tree, 1)
    assert _names(first) == ["/vo/d/sub"]
    assert _names(_page(tree, 1, first.next)) == ["/vo/d/file"]


def test_what_is_not_of_good_status_is_shown_to_who_asks(tree: FileTree) -> None:
    tree.make_directory("/vo/d/sub", ALICE, 0o775, NOW)
    tree.add_files([new_file("/vo/d/a"), new_file("/vo/d/b", status=Status.PROBING)], ALICE, NOW)
    tree.change_directory("/vo/d/sub", NewAttributes(status=Status.TRASH), NOW, recursive=False, agree=agreed)
    assert _names(_page(tree)) == ["/vo/d/a"]
    assert _names(_page(tree, all_statuses=True)) == ["/vo/d/sub", "/vo/d/a", "/vo/d/b"]


def test_replicas_come_when_asked_for(tree: FileTree) -> None:
    places = {"SE-B": "srm://b/1", "SE-A": "srm://a/1"}
    tree.add_files([new_file("/vo/d/1", replicas=places), new_file("/vo/d/2")], ALICE, NOW)
    one, two = _page(tree, with_replicas=True).files
    assert [(each.se, each.pfn, each.type.value) for each in one.replicas] == [
        ("SE-B", "srm://b/1", "Master"),
        ("SE-A", "srm://a/1", "Replica"),
    ]
    assert two.replicas == ()
    assert _page(tree).files[0].replicas == ()


@pytest.mark.parametrize("start", ["", "x", "ZA", "eA", "ZGEvYg", "ZgA", "é", "/w", "Z" * 500, "ZGE="])
def test_what_is_no_place_in_a_listing_is_refused(tree: FileTree, start: str) -> None:
    tree.make_directory("/vo/d", ALICE, 0o775, NOW)
    if start == "ZA":  # before everything: a place
        assert _page(tree, start=start).files == ()
        return
    with pytest.raises(InvalidValue):
        _page(tree, start=start)


def test_what_is_no_directory_has_no_listing(tree: FileTree) -> None:
    tree.add_files([new_file("/vo/d")], ALICE, NOW)
    with pytest.raises(NotThere):
        _page(tree)
