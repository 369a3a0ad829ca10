"""One operation on many paths: each succeeds or fails by itself."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.catalogue.domain.files.entries import NewAttributes, Status
from services.catalogue.domain.files.errors import CatalogueUnavailable, InvalidValue, NotPermitted, TooMuch
from services.catalogue.usecases.files.bulk import MAX_ITEMS, MAX_SINGLE_ITEMS
from tests.fakes.file_cases import ALICE, BOB, NOBODY, Cases


def _run(cases: Cases, op: str, items: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    successful, failed = cases.bulk(ALICE, op, items)
    assert list(successful.values()) == [True] * len(successful)
    assert all(isinstance(reason, str) and reason for reason in failed.values())
    return list(successful), list(failed)


def test_files_are_added_and_removed(cases: Cases) -> None:
    items: dict[str, dict[str, Any]] = {
        "/vo/d/a": {"Size": 5, "SE": "SE", "PFN": "srm://a", "Checksum": "cc500ba0"},
        "/vo/d/b/": {"Size": 6, "Ancestors": ["/vo/d/a"], "metadata": {"run": 1}},
        "/vo/d/c": {},
        "/other/d": {"Size": 1},
        "nonsense": {"Size": 1},
    }
    expected = (["/vo/d/a", "/vo/d/b/"], ["/vo/d/c", "/other/d", "nonsense"])
    assert _run(cases, "addFile", items) == expected
    assert _run(cases, "addFile", items) == expected
    assert cases.provenance.ancestors(ALICE, "/vo/d/b") == {"/vo/d/a": 1}
    gone = {"/vo/d/a": {}, "/vo/d/b/": {}, "/vo/d/c": {}}
    assert _run(cases, "removeFile", gone) == (["/vo/d/a", "/vo/d/b/"], ["/vo/d/c"])


def test_replicas_come_change_and_go(cases: Cases) -> None:
    cases.put(ALICE, "/vo/a", "/vo/b")
    place = {"SE": "SE1", "PFN": "x"}
    assert _run(cases, "addReplica", {"/vo/a": place, "/vo/b": {}, "/vo/c": place}) == (
        ["/vo/a"],
        ["/vo/b", "/vo/c"],
    )
    assert _run(cases, "addReplica", {"/vo/a": place}) == (["/vo/a"], [])
    assert _run(cases, "addReplica", {"/vo/a": {**place, "PFN": "y"}}) == ([], ["/vo/a"])
    status = {"SE": "SE1", "Status": "Probing"}
    assert _run(cases, "setReplicaStatus", {"/vo/a": status, "/vo/b": status}) == (["/vo/a"], ["/vo/b"])
    (replica,) = cases.replicas.of(ALICE, "/vo/a", all_statuses=True).replicas
    assert (replica.pfn, replica.status) == ("x", Status.PROBING)
    assert _run(cases, "removeReplica", {"/vo/a": {"SE": "SE1"}}) == ([], ["/vo/a"])
    assert _run(cases, "removeReplica", {"/vo/a": {"SE": "SE1", "force": True}}) == (["/vo/a"], [])


def test_directories_come_change_and_go(cases: Cases) -> None:
    items = {"/vo/d": {"Mode": "0700"}, "/vo/e/f": {}, "/other": {}, "/vo/g": {"Mode": "x"}}
    assert _run(cases, "createDirectory", items) == (["/vo/d", "/vo/e/f"], ["/other", "/vo/g"])
    assert cases.directories.attributes(ALICE, "/vo/d").attributes.mode == 0o700
    cases.put(ALICE, "/vo/e/file")
    change = {"Mode": "0750", "recursive": True}
    assert _run(cases, "setAttributes", {"/vo/e": change, "/vo/e/none": {"Mode": 0}}) == (
        ["/vo/e"],
        ["/vo/e/none"],
    )
    assert cases.files.attributes(ALICE, "/vo/e/file").attributes.mode == 0o750
    assert _run(cases, "setStatus", {"/vo/e/file": {"Status": "Trash"}, "/vo/d": {}}) == (
        ["/vo/e/file"],
        ["/vo/d"],
    )
    assert _run(cases, "removeDirectory", {"/vo/d": {}, "/vo/e": {}}) == (["/vo/d"], ["/vo/e"])
    assert _run(cases, "removeDirectory", {"/vo/e": {"recursive": True}}) == (["/vo/e"], [])


def test_metadata_and_ancestors(cases: Cases) -> None:
    cases.put(ALICE, "/vo/d/a", "/vo/d/b")
    assert _run(cases, "setMetadata", {"/vo/d": {"run": 1}, "/vo/d/a": {"run": 2}})[1] == []
    assert _run(cases, "removeMetadata", {"/vo/d": {"keys": ["run"]}, "/vo/d/a": {"keys": "run"}}) == (
        ["/vo/d"],
        ["/vo/d/a"],
    )
    assert cases.values.done == [
        ("set_directory", "/vo/d", {"run": 1}),
        ("set_file", "/vo/d/a", {"run": 2}),
        ("unset_directory", "/vo/d", ("run",)),
    ]
    line = {"/vo/d/a": {"Ancestors": ["/vo/d/b"]}, "/vo/d/b": {"Ancestors": ["/vo/d/a"]}}
    assert _run(cases, "addFileAncestors", line) == (["/vo/d/a"], ["/vo/d/b"])


def test_rights_are_asked_of_each(cases: Cases) -> None:
    cases.put(ALICE, "/vo/d/a")
    cases.directories.change(ALICE, "/vo/d", NewAttributes(mode=0o700))
    for op, item in (("addReplica", {"SE": "SE"}), ("removeFile", {}), ("setStatus", {"Status": "Trash"})):
        successful, failed = cases.bulk(BOB, op, {"/vo/d/a": item})
        assert (list(successful), list(failed)) == ([], ["/vo/d/a"])
    for op in ("addFile", "removeFile"):
        with pytest.raises(NotPermitted):
            cases.bulk(NOBODY, op, {"/vo/d/a": {"Size": 1}})


def test_what_nobody_knows_is_refused(cases: Cases) -> None:
    with pytest.raises(InvalidValue, match="addFile"):
        cases.bulk(ALICE, "dropTables", {})
    for op in cases.bulk.operations:
        assert cases.bulk(ALICE, op, {}) == ({}, {})
        most = MAX_ITEMS if op in ("addFile", "removeFile") else MAX_SINGLE_ITEMS
        with pytest.raises(TooMuch):
            cases.bulk(ALICE, op, {f"/vo/{number}": {} for number in range(most + 1)})


def test_without_a_database_nothing_is_said_of_single_paths(cases: Cases) -> None:
    def unavailable(*_: object, **__: object) -> object:
        raise CatalogueUnavailable("gone")

    cases.tree.nearest = unavailable  # type: ignore[method-assign,assignment]
    for op in ("createDirectory", "addFile", "setMetadata"):
        with pytest.raises(CatalogueUnavailable):
            cases.bulk(ALICE, op, {"/vo/d/a": {"Size": 1}})
