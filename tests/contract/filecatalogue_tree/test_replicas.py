"""Replicas of a file: one for each storage element, the first is the master."""

import pytest

from services.catalogue.domain.files.entries import File, Replica, ReplicaType, Status, Usage
from services.catalogue.domain.files.errors import Conflict, NotThere
from services.catalogue.file_ports import FileTree
from tests.fakes.file_facts import ALICE, LATER, NOW, new_file

pytestmark = pytest.mark.clause("dirac 3.5", "dirac 3.6")

LFN = "/vo/d/f"


def _set(
    tree: FileTree,
    se: str,
    pfn: str,
    status: Status = Status.GOOD,
    *,
    new: bool = False,
    source: str | None = None,
) -> File:
    replica = Replica(se=se, pfn=pfn, status=status, type=ReplicaType.REPLICA)
    return tree.set_replica(LFN, replica, moves_from=source, must_be_new=new, now=LATER)


def _told(tree: FileTree) -> list[tuple[str, str, str]]:
    return [(each.se, each.pfn, each.type.value) for each in tree.file(LFN, with_replicas=True).replicas]


@pytest.fixture(autouse=True)
def _file(tree: FileTree) -> None:
    tree.add_files([new_file(LFN)], ALICE, NOW)


def test_the_first_is_the_master(tree: FileTree) -> None:
    assert tree.usage("/vo") == {}
    _set(tree, "SE2", "x")
    file = _set(tree, "SE1", "y", Status.PROBING)
    assert _told(tree) == [("SE2", "x", "Master"), ("SE1", "y", "Replica")]
    assert file.replicas[1].status is Status.PROBING
    assert file.attributes.modified_at == LATER
    assert tree.usage("/vo") == {"SE1": Usage(files=1, bytes=12), "SE2": Usage(files=1, bytes=12)}


def test_one_takes_the_place_of_another(tree: FileTree) -> None:
    _set(tree, "SE", "x")
    _set(tree, "SE", "y", Status.TRASH)
    assert _told(tree) == [("SE", "y", "Master")]
    assert tree.usage("/vo") == {"SE": Usage(files=1, bytes=12)}


def test_a_new_one_takes_no_place(tree: FileTree) -> None:
    _set(tree, "SE", "x", new=True)
    _set(tree, "SE", "x", new=True)
    with pytest.raises(Conflict):
        _set(tree, "SE", "y", new=True)
    assert _told(tree) == [("SE", "x", "Master")]


def test_one_moves_to_another_element(tree: FileTree) -> None:
    _set(tree, "SE1", "x")
    _set(tree, "SE2", "y")
    _set(tree, "SE3", "z", source="SE1")
    assert _told(tree) == [("SE3", "z", "Master"), ("SE2", "y", "Replica")]
    assert sorted(tree.usage("/vo")) == ["SE2", "SE3"]
    with pytest.raises(Conflict):
        _set(tree, "SE2", "z", source="SE3")
    with pytest.raises(NotThere):
        _set(tree, "SE4", "z", source="SE1")
    with pytest.raises(NotThere):
        _set(tree, "SE4", "z", source="SE4")
    _set(tree, "SE2", "new", source="SE2")
    assert _told(tree)[1] == ("SE2", "new", "Replica")


def test_the_last_one_goes_by_force_only(tree: FileTree) -> None:
    for se in ("SE1", "SE3", "SE2"):
        _set(tree, se, "x")
    tree.remove_replica(LFN, "SE1", last_too=False, now=LATER)
    assert _told(tree) == [("SE2", "x", "Master"), ("SE3", "x", "Replica")]
    tree.remove_replica(LFN, "SE3", last_too=False, now=LATER)
    with pytest.raises(Conflict):
        tree.remove_replica(LFN, "SE2", last_too=False, now=LATER)
    with pytest.raises(NotThere):
        tree.remove_replica(LFN, "SE3", last_too=True, now=LATER)
    tree.remove_replica(LFN, "SE2", last_too=True, now=LATER)
    assert _told(tree) == []
    assert tree.usage("/") == {}
    assert [element.name for element in tree.storage_elements()] == ["SE1", "SE2", "SE3"]


def test_only_files_have_replicas(tree: FileTree) -> None:
    replica = Replica(se="SE", pfn="x", status=Status.GOOD, type=ReplicaType.REPLICA)
    for lfn in ("/vo/d", "/vo/d/none", "/none/x"):
        with pytest.raises(NotThere):
            tree.set_replica(lfn, replica, moves_from=None, must_be_new=False, now=LATER)
        with pytest.raises(NotThere):
            tree.remove_replica(lfn, "SE", last_too=True, now=LATER)
