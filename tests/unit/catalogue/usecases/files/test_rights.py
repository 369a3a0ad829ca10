"""Who may do what: a VO's tree is its members', and in it modes decide."""

from collections.abc import Callable

import pytest

from services.catalogue.domain.files.entries import NewAttributes, NewFile, Status
from services.catalogue.domain.files.errors import CatalogueError, Conflict, NotPermitted, NotThere
from tests.fakes.file_cases import ALICE, BOB, EVE, MANAGER, MATE, NOBODY, Actor, Cases

Deed = Callable[[Cases, Actor], object]
READING: dict[str, Deed] = {
    "list": lambda cases, who: cases.directories.list(who, "/vo/d"),
    "directory": lambda cases, who: cases.directories.attributes(who, "/vo/d"),
    "size": lambda cases, who: cases.directories.size(who, "/vo/d"),
    "file": lambda cases, who: cases.files.attributes(who, "/vo/d/f"),
    "replicas": lambda cases, who: cases.replicas.of(who, "/vo/d/f"),
    "ancestors": lambda cases, who: cases.provenance.ancestors(who, "/vo/d/f"),
    "descendants": lambda cases, who: cases.provenance.descendants(who, "/vo/d/f"),
    "guid": lambda cases, who: cases.files.by_guid(who, cases.tree.file("/vo/d/f").guid),
}
WRITING: dict[str, Deed] = {
    "make": lambda cases, who: cases.directories.make(who, "/vo/d/new/deep"),
    "remove directory": lambda cases, who: cases.directories.remove(who, "/vo/d/sub"),
    "register": lambda cases, who: cases.files.register(who, NewFile(lfn="/vo/d/g", size=1)),
    "register deep": lambda cases, who: cases.files.register(who, NewFile(lfn="/vo/d/x/y/g", size=1)),
    "remove": lambda cases, who: cases.files.remove(who, "/vo/d/f"),
    "status": lambda cases, who: cases.files.change(who, "/vo/d/f", NewAttributes(status=Status.TRASH)),
    "set replica": lambda cases, who: cases.replicas.set(who, "/vo/d/f", "SE", pfn="x"),
    "remove replica": lambda cases, who: cases.replicas.remove(who, "/vo/d/f", "SE0", force=True),
    "ancestors": lambda cases, who: cases.provenance.add(who, "/vo/d/f", ["/vo/e/f"]),
    "share": lambda cases, who: cases.shares.share(who, "/vo/d/f"),
    "end shares": lambda cases, who: cases.shares.end(who, "/vo/d/f"),
}
OWNING: dict[str, Deed] = {
    "mode": lambda cases, who: cases.directories.change(who, "/vo/d", NewAttributes(mode=0)),
    "group": lambda cases, who: cases.directories.change(who, "/vo/d", NewAttributes(group=who.group)),
    "file's mode": lambda cases, who: cases.files.change(who, "/vo/d/f", NewAttributes(mode=0)),
    "mode of all": lambda cases, who: cases.directories.change(
        who, "/vo/d", NewAttributes(mode=0), recursive=True
    ),
}


def _fill(cases: Cases) -> Cases:
    """Everything is Alice's: /vo/d of mode 0775, /vo/e of mode 0700."""
    cases.put(ALICE, "/vo/d/f", "/vo/e/f")
    cases.directories.make(ALICE, "/vo/d/sub")
    cases.directories.change(ALICE, "/vo/e", NewAttributes(mode=0o700))
    cases.replicas.set(ALICE, "/vo/d/f", "SE0", pfn="x")
    return cases


def _result(deed: Deed, cases: Cases, who: Actor) -> type[CatalogueError] | None:
    try:
        deed(cases, who)
    except CatalogueError as error:
        return type(error)
    return None


@pytest.mark.parametrize("name", READING)
def test_all_of_a_vo_read_all_of_its_tree(cases: Cases, name: str) -> None:
    _fill(cases)
    cases.directories.change(ALICE, "/vo/d", NewAttributes(mode=0))
    for who in (ALICE, MATE, BOB, MANAGER):
        assert _result(READING[name], cases, who) is None
    assert _result(READING[name], cases, EVE) is NotThere
    assert _result(READING[name], cases, NOBODY) is NotPermitted


@pytest.mark.parametrize("name", READING)
def test_where_reading_is_closed_modes_decide(closed: Cases, name: str) -> None:
    _fill(closed)
    closed.directories.change(ALICE, "/vo/d", NewAttributes(mode=0o740))
    results = [_result(READING[name], closed, who) for who in (ALICE, MATE, BOB, MANAGER, EVE)]
    assert results == [None, None, NotPermitted, None, NotThere]


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (ALICE, None),
        (MATE, None),
        (BOB, NotPermitted),
        (MANAGER, None),
        (EVE, NotThere),
        (NOBODY, NotPermitted),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_writing_goes_by_the_directorys_mode(
    cases: Cases, name: str, who: Actor, expected: type[CatalogueError] | None
) -> None:
    assert _result(WRITING[name], _fill(cases), who) is expected


@pytest.mark.parametrize("name", WRITING)
def test_without_the_bit_the_owner_may_not_either(cases: Cases, name: str) -> None:
    _fill(cases).directories.change(ALICE, "/vo/d", NewAttributes(mode=0o577))
    expected = None if name == "status" else NotPermitted  # the file is hers
    assert _result(WRITING[name], cases, ALICE) is expected


@pytest.mark.parametrize("name", OWNING)
@pytest.mark.parametrize(
    ("who", "expected"),
    [(ALICE, None), (MATE, NotPermitted), (BOB, NotPermitted), (MANAGER, None), (EVE, NotThere)],
    ids=lambda value: getattr(value, "name", None),
)
def test_modes_and_groups_are_the_owners(
    cases: Cases, name: str, who: Actor, expected: type[CatalogueError] | None
) -> None:
    assert _result(OWNING[name], _fill(cases), who) is expected


def test_only_managers_give_things_away(cases: Cases) -> None:
    _fill(cases)
    change = NewAttributes(owner="bob")
    for who in (ALICE, BOB):
        with pytest.raises(NotPermitted):
            cases.directories.change(who, "/vo/d", change)
        with pytest.raises(NotPermitted):
            cases.files.change(who, "/vo/d/f", change)
    assert cases.directories.change(MANAGER, "/vo/d", change).attributes.owner == "bob"


def test_to_a_group_of_ones_own_only(cases: Cases) -> None:
    _fill(cases)
    with pytest.raises(NotPermitted):
        cases.directories.change(ALICE, "/vo/d", NewAttributes(group="prod"))
    assert cases.directories.change(MANAGER, "/vo/d", NewAttributes(group="prod")).attributes.group == "prod"


def test_what_is_others_below_stays_when_all_is_removed(cases: Cases) -> None:
    _fill(cases)
    cases.directories.make(ALICE, "/vo/d/open", 0o777)
    cases.directories.make(BOB, "/vo/d/open/bob", 0o755)
    with pytest.raises(NotPermitted):
        cases.directories.remove(ALICE, "/vo/d", recursive=True)
    assert cases.directories.size(ALICE, "/vo/d")[0].files == 1
    assert cases.directories.remove(MANAGER, "/vo/d", recursive=True) == 4


def test_a_member_makes_the_vos_own_directory(cases: Cases) -> None:
    assert cases.directories.make(BOB, "/vo")
    assert cases.directories.attributes(BOB, "/vo").attributes.owner == "bob"
    with pytest.raises(NotPermitted):
        cases.files.register(ALICE, NewFile(lfn="/vo/f", size=1))
    for path in ("/other", "/vo2", "/v"):
        with pytest.raises(NotThere):
            cases.directories.make(BOB, path)


@pytest.mark.parametrize("who", [ALICE, MANAGER, EVE], ids=lambda who: who.name)
def test_the_root_is_nobodys_to_write(cases: Cases, who: Actor) -> None:
    with pytest.raises(NotPermitted):
        cases.directories.remove(who, "/", recursive=True)
    with pytest.raises(NotPermitted):
        cases.directories.change(who, "/", NewAttributes(mode=0o777), recursive=True)
    assert cases.rights.refusals(who, ["/"])


@pytest.mark.parametrize("vo", ["", ".", "..", "a/b", "/"])
def test_a_vo_that_is_no_name_has_no_tree(cases: Cases, vo: str) -> None:
    odd = Actor(name="odd", group="user", groups=("user",), vo=vo, is_manager=True)
    with pytest.raises(NotPermitted):
        cases.directories.make(odd, "/vo/a")


def test_the_root_shows_ones_own_vo_and_counts_it_only(cases: Cases) -> None:
    assert cases.directories.list(ALICE, "/").subdirectories == ()
    assert cases.directories.size(ALICE, "/")[0].directories == 0
    cases.put(ALICE, "/vo/d/f", "/vo/g")
    cases.put(EVE, "/other/d/f")
    cases.replicas.set(EVE, "/other/d/f", "SE", pfn="x")
    listed = cases.directories.list(ALICE, "/")
    assert [each.path for each in listed.subdirectories] == ["/vo"]
    size, usage = cases.directories.size(ALICE, "/")
    assert (size.files, size.bytes, size.directories, usage) == (2, 2, 2, {})
    assert cases.directories.attributes(EVE, "/").files == 1
    assert list(cases.directories.size(EVE, "/")[1]) == ["SE"]


def test_another_vos_file_is_no_ancestor_and_has_no_guid(cases: Cases) -> None:
    cases.put(ALICE, "/vo/f")
    cases.put(EVE, "/other/f")
    with pytest.raises(NotThere):
        cases.files.register(EVE, NewFile(lfn="/other/g", size=1, ancestors=("/vo/f",)))
    with pytest.raises(NotThere):
        cases.provenance.add(EVE, "/other/f", ["/vo/f"])
    with pytest.raises(NotThere):
        cases.files.by_guid(EVE, cases.tree.file("/vo/f").guid)


def test_what_is_there_already_is_made_by_anyone(cases: Cases) -> None:
    _fill(cases)
    assert not cases.directories.make(BOB, "/vo/e")
    with pytest.raises(Conflict):
        cases.directories.make(ALICE, "/vo/d/f")
