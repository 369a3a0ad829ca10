"""Which files come from which, as a transitive closure without circles."""

import pytest

from services.catalogue.domain.files.errors import Conflict, NotThere
from services.catalogue.file_ports import FileTree
from tests.fakes.file_facts import ALICE, NOW, new_file

pytestmark = pytest.mark.clause("dirac 3.5")


def _register(tree: FileTree, **ancestors: str) -> dict[str, str | None]:
    """By name: the names it comes from."""
    new = [
        new_file(f"/vo/{name}", ancestors=tuple(f"/vo/{each}" for each in known.split()))
        for name, known in ancestors.items()
    ]
    outcomes = tree.add_files(new, ALICE, NOW)
    return {lfn[4:]: each.error and type(each.error).__name__ for lfn, each in outcomes.items()}


def _from(tree: FileTree, name: str, depth: int = 99) -> dict[str, int]:
    return {lfn[4:]: steps for lfn, steps in tree.ancestors(f"/vo/{name}", depth).items()}


def test_all_ancestors_are_known_with_the_fewest_steps(tree: FileTree) -> None:
    _register(tree, raw="")
    _register(tree, reco="raw")
    _register(tree, ana="reco", plot="reco raw")
    assert _from(tree, "ana") == {"reco": 1, "raw": 2}
    assert _from(tree, "plot") == {"reco": 1, "raw": 1}
    assert _from(tree, "ana", 1) == {"reco": 1}
    assert tree.descendants("/vo/raw", 99) == {"/vo/reco": 1, "/vo/ana": 2, "/vo/plot": 1}
    assert tree.descendants("/vo/raw", 1) == {"/vo/reco": 1, "/vo/plot": 1}
    assert tree.descendants("/vo/ana", 99) == {}


def test_ancestors_come_in_any_order_of_one_batch(tree: FileTree) -> None:
    outcomes = _register(tree, d="c", c="a b", b="a", a="")
    assert outcomes == dict.fromkeys("dcba")
    assert _from(tree, "d") == {"c": 1, "a": 2, "b": 2}


def test_circles_and_the_unknown_are_refused_each_by_itself(tree: FileTree) -> None:
    outcomes = _register(tree, a="b", b="c", c="a", me="me", lost="none", below="lost", fine="")
    assert outcomes == {
        "a": "Conflict", "b": "Conflict", "c": "Conflict", "me": "Conflict",
        "lost": "NotThere", "below": "NotThere", "fine": None,
    }  # fmt: skip
    assert tree.directory("/vo").files == 1


def test_more_ancestors_reach_what_comes_from_the_file(tree: FileTree) -> None:
    _register(tree, raw="", a="", b="a", c="b")
    tree.add_ancestors("/vo/a", ["/vo/raw"])
    assert _from(tree, "c") == {"b": 1, "a": 2, "raw": 3}
    tree.add_ancestors("/vo/c", ["/vo/raw", "/vo/b"])
    assert _from(tree, "c") == {"b": 1, "a": 2, "raw": 1}
    assert tree.descendants("/vo/raw", 99) == {"/vo/a": 1, "/vo/b": 2, "/vo/c": 1}


@pytest.mark.parametrize("ancestor", ["a", "b", "c"])
def test_no_file_comes_from_itself(tree: FileTree, ancestor: str) -> None:
    _register(tree, a="", b="a", c="b")
    with pytest.raises(Conflict):
        tree.add_ancestors("/vo/a", [f"/vo/{ancestor}"])
    assert _from(tree, "a") == {}


def test_what_is_removed_leaves_the_rest_of_the_line(tree: FileTree) -> None:
    _register(tree, raw="", reco="raw", ana="reco")
    tree.remove_files(["/vo/reco"])
    assert _from(tree, "ana") == {"raw": 2}
    assert tree.descendants("/vo/raw", 99) == {"/vo/ana": 2}


def test_only_files_that_are_there_have_a_line(tree: FileTree) -> None:
    _register(tree, a="")
    with pytest.raises(NotThere):
        tree.ancestors("/vo/none", 1)
    with pytest.raises(NotThere):
        tree.descendants("/vo", 1)
    with pytest.raises(NotThere):
        tree.add_ancestors("/vo/none", ["/vo/a"])
    with pytest.raises(NotThere):
        tree.add_ancestors("/vo/a", ["/vo/none"])
