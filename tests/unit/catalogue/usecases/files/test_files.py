"""Registering, statuses, replicas of our own, shares."""

from itertools import product

import pytest

from services.catalogue.domain.files.entries import NewAttributes, NewFile, Status
from services.catalogue.domain.files.errors import Conflict, InvalidPath, InvalidValue, NotPermitted, NotThere
from tests.fakes.file_cases import ALICE, EVE, MANAGER, OWN_SE, Cases

PLACE = {OWN_SE: "tidegate:catalogue:files/aa/1"}


def test_registering_twice_is_once(cases: Cases) -> None:
    new = NewFile(lfn="/vo/d/f", size=1, replicas={"SE": ""})
    file, is_new = cases.files.register(ALICE, new)
    again, is_new_again = cases.files.register(ALICE, new)
    assert (is_new, is_new_again) == (True, False)
    assert again == file
    assert file.replicas[0].pfn == "/vo/d/f"
    with pytest.raises(Conflict):
        cases.files.register(ALICE, NewFile(lfn="/vo/d/f", size=2))


def test_what_we_keep_is_ours_to_register(cases: Cases) -> None:
    for who, replicas in product((ALICE, MANAGER), (PLACE, {OWN_SE: "x"}, {"SE": PLACE[OWN_SE]})):
        with pytest.raises(NotPermitted):
            cases.files.register(who, NewFile(lfn="/vo/f", size=1, replicas=replicas))
    file, _ = cases.files.register(ALICE, NewFile(lfn="/vo/f", size=1, replicas=PLACE), by_service=True)
    assert file.replicas[0].pfn == PLACE[OWN_SE]
    for se, source in ((OWN_SE, None), ("SE", OWN_SE), (OWN_SE, OWN_SE)):
        with pytest.raises(NotPermitted):
            cases.replicas.set(ALICE, "/vo/f", se, pfn="x", moves_from=source)
    with pytest.raises(NotPermitted):
        cases.replicas.set(ALICE, "/vo/f", "SE", pfn=PLACE[OWN_SE])
    _, failed = cases.bulk(ALICE, "addReplica", {"/vo/f": {"SE": OWN_SE, "PFN": PLACE[OWN_SE]}})
    assert list(failed) == ["/vo/f"]
    assert cases.replicas.of(ALICE, "/vo/f").replicas == file.replicas


def test_a_vos_elements_are_listed_and_our_own(cases: Cases) -> None:
    assert [each.name for each in cases.replicas.storage_elements(ALICE)] == [OWN_SE]
    cases.files.register(EVE, NewFile(lfn="/other/f", size=1, replicas={"ELSE": "x"}))
    cases.files.register(ALICE, NewFile(lfn="/vo/f", size=1, replicas={"SE": "x", "A": "x"}))
    listed = [(each.name, each.is_own) for each in cases.replicas.storage_elements(ALICE)]
    assert listed == [("A", False), ("SE", False), (OWN_SE, True)]


def test_what_is_not_of_good_status_is_hidden(cases: Cases) -> None:
    new = NewFile(lfn="/vo/f", size=1, replicas={"SE1": "x", "SE2": "y"})
    cases.files.register(ALICE, new)
    cases.replicas.set_status(ALICE, "/vo/f", "SE1", Status.PROBING)
    assert [each.se for each in cases.replicas.of(ALICE, "/vo/f").replicas] == ["SE2"]
    assert len(cases.replicas.of(ALICE, "/vo/f", all_statuses=True).replicas) == 2
    (listed,) = cases.directories.list(ALICE, "/vo", with_replicas=True).files
    assert [each.se for each in listed.replicas] == ["SE2"]
    guid = listed.guid
    assert cases.files.by_guid(ALICE, guid.upper()) == "/vo/f"
    cases.files.change(ALICE, "/vo/f", NewAttributes(status=Status.TRASH))
    with pytest.raises(NotThere):
        cases.files.attributes(ALICE, "/vo/f")
    with pytest.raises(NotThere):
        cases.files.by_guid(ALICE, guid)
    assert cases.files.attributes(ALICE, "/vo/f", all_statuses=True).attributes.status is Status.TRASH
    with pytest.raises(NotThere):
        cases.replicas.set_status(ALICE, "/vo/f", "SE3", Status.GOOD)


def test_metadata_are_typed_before_anything_is_stored(cases: Cases) -> None:
    with pytest.raises(InvalidValue):
        cases.files.register(ALICE, NewFile(lfn="/vo/f", size=1, metadata={"run": "x"}))
    assert cases.files.register(ALICE, NewFile(lfn="/vo/f", size=1, metadata={"run": 7}))[1]


def test_many_are_registered_each_by_itself(cases: Cases) -> None:
    cases.put(ALICE, "/vo/there")
    cases.directories.make(ALICE, "/vo/closed", 0o500)
    new = [
        NewFile(lfn="/vo/there", size=1),
        NewFile(lfn="/vo/new", size=1),
        NewFile(lfn="/vo/new/", size=1),
        NewFile(lfn="/vo/bad", size=-1),
        NewFile(lfn="\ud800", size=1),
        NewFile(lfn="/vo/own", size=1, replicas=PLACE),
        NewFile(lfn="/other/f", size=1),
        NewFile(lfn="/vo/closed/f", size=1),
        NewFile(lfn="/vo/line", size=1, ancestors=("/other/f",)),
        NewFile(lfn="/vo/typed", size=1, metadata={"run": "x"}),
    ]
    found = cases.files.register_all(ALICE, new)
    assert [each for each, _ in found] == new
    told = [type(each.error).__name__ if each.error else each.is_new for _, each in found]
    assert told == [
        False, True, "Conflict", "InvalidValue", "InvalidPath", "NotPermitted", "NotThere", "NotPermitted",
        "NotThere", "InvalidValue",
    ]  # fmt: skip


def test_many_are_removed_each_by_itself(cases: Cases) -> None:
    cases.put(ALICE, "/vo/a", "/vo/b", "/vo/closed/f")
    cases.put(EVE, "/other/f")
    cases.directories.change(ALICE, "/vo/closed", NewAttributes(mode=0o500))
    lfns = ["/vo/a/", "/vo/none", "nonsense", "/other/f", "/vo/closed/f", "/vo/b"]
    removed = cases.files.remove_all(ALICE, lfns)
    told = [type(removed[lfn].error).__name__ for lfn in lfns]
    assert told == ["NoneType", "NotThere", "InvalidPath", "NotThere", "NotPermitted", "NoneType"]
    assert cases.tree.directory("/").files == 2
    with pytest.raises(InvalidPath):
        cases.files.remove(ALICE, "nonsense")


def test_a_share_is_for_whoever_shows_the_token(cases: Cases) -> None:
    cases.files.register(ALICE, NewFile(lfn="/vo/f", size=1, replicas={"SE": "x"}))
    one, two = cases.shares.share(ALICE, "/vo/f"), cases.shares.share(ALICE, "/vo/f")
    assert one != two
    assert len(one) >= 43
    assert cases.shares.shared(one).replicas[0].se == "SE"
    for token in ("", "x", one[:-1], one + "x", "\ud800"):
        with pytest.raises(NotThere):
            cases.shares.shared(token)
    cases.files.change(ALICE, "/vo/f", NewAttributes(status=Status.TRASH))
    with pytest.raises(NotThere):
        cases.shares.shared(one)
    with pytest.raises(NotThere):
        cases.shares.share(ALICE, "/vo/f")
    assert cases.shares.end(ALICE, "/vo/f") == 2


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_size(cases: Cases, limit: int) -> None:
    cases.put(ALICE, "/vo/f")
    with pytest.raises(InvalidValue):
        cases.directories.list(ALICE, "/vo", limit=limit)
    with pytest.raises(InvalidValue):
        cases.directories.list(ALICE, "/", start="ZA")


@pytest.mark.parametrize("depth", [0, -1, 10**9])
def test_a_line_has_a_depth(cases: Cases, depth: int) -> None:
    cases.put(ALICE, "/vo/f")
    with pytest.raises(InvalidValue):
        cases.provenance.ancestors(ALICE, "/vo/f", depth)
    with pytest.raises(InvalidValue):
        cases.provenance.add(ALICE, "/vo/f", [])


@pytest.mark.parametrize(
    "path", ["", "vo", "/vo/../other", "/vo//f", "/vo/\n", "/" + "a/" * 70, "/vo/\ud800"]
)
def test_no_path_is_no_path_anywhere(cases: Cases, path: str) -> None:
    deeds = (
        lambda: cases.directories.list(ALICE, path),
        lambda: cases.directories.make(ALICE, path),
        lambda: cases.directories.remove(ALICE, path),
        lambda: cases.directories.attributes(ALICE, path),
        lambda: cases.files.attributes(ALICE, path),
        lambda: cases.files.register(ALICE, NewFile(lfn=path, size=1)),
        lambda: cases.replicas.set(ALICE, path, "SE", pfn="x"),
        lambda: cases.provenance.ancestors(ALICE, path),
        lambda: cases.shares.share(ALICE, path),
    )
    for deed in deeds:
        with pytest.raises(InvalidPath):
            deed()
