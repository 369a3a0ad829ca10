"""Many writers at the same moment: one of them does it, nobody fails, and the sums hold."""

import random

import pytest
from sqlalchemy import text

from libs.sql.engine import Database
from services.catalogue.adapters.files_sql.store import SqlFiles, new_files_store
from services.catalogue.domain.files.entries import Replica, ReplicaType, Status
from tests.fakes.file_facts import ALICE, BOB, NOW, agreed, at_once, check_sums, kinds, new_file
from tests.fakes.file_work import outcome, random_work

CALLERS = 8


def _replica(se: str, pfn: str = "x") -> Replica:
    return Replica(se=se, pfn=pfn, status=Status.GOOD, type=ReplicaType.REPLICA)


def test_one_of_many_makes_a_directory(store: SqlFiles) -> None:
    results = at_once(CALLERS, lambda _: store.make_directory("/vo/a/b/c", ALICE, 0o775, NOW))
    assert kinds(results) == {"True": 1, "False": CALLERS - 1}
    check_sums(store)


def test_one_of_many_processes_makes_it(store: SqlFiles) -> None:
    """Another process has another Database: nothing in memory keeps the two apart."""
    url = store._database.engine.url.render_as_string(hide_password=False)
    other = new_files_store(Database.open(url))

    def run(number: int) -> object:
        here = (store, other)[number % 2]
        is_new = here.make_directory("/vo/a/b", ALICE, 0o775, NOW)
        outcome = here.add_files([new_file("/vo/c/f")], ALICE, NOW)["/vo/c/f"]
        return outcome.error or (is_new, outcome.is_new)

    results = at_once(CALLERS, run)
    other.close()
    made = [result for result in results if isinstance(result, tuple)]
    assert len(made) == CALLERS
    assert [sum(column) for column in zip(*made, strict=True)] == [1, 1]
    check_sums(store)


def test_directories_below_each_other_are_all_made(store: SqlFiles) -> None:
    paths = ["/vo/a", "/vo/a/b", "/vo/a/b/c", "/vo/a/b/d", "/vo/z", "/other/a", "/other/a/b", "/third"]
    results = at_once(len(paths), lambda index: store.make_directory(paths[index], ALICE, 0o775, NOW))
    assert set(kinds(results)) <= {"True", "False"}
    assert all(each.is_itself for each in store.nearest(paths).values())
    check_sums(store)


def test_one_of_many_registers_a_file(store: SqlFiles) -> None:
    store.make_directory("/vo/d", ALICE, 0o775, NOW)
    new = new_file("/vo/d/f", replicas={"SE": "x"})
    results = at_once(CALLERS, lambda _: store.add_files([new], ALICE, NOW)["/vo/d/f"].is_new)
    assert kinds(results) == {"True": 1, "False": CALLERS - 1}
    check_sums(store)


def test_one_of_many_different_files_gets_the_name(store: SqlFiles) -> None:
    results = at_once(
        CALLERS, lambda number: store.add_files([new_file("/vo/d/f", number)], ALICE, NOW)["/vo/d/f"].error
    )
    assert kinds(results) == {"None": 1, "Conflict": CALLERS - 1}
    check_sums(store)


def test_batches_that_overlap_do_not_wait_for_each_other_in_a_circle(store: SqlFiles) -> None:
    store.make_directory("/vo/d0", ALICE, 0o775, NOW)
    lfns = [f"/vo/d{number % 5}/f{number}" for number in range(60)]

    def register(number: int) -> object:
        mixed = random.Random(number).sample(lfns, 40)
        owner = (ALICE, BOB)[number % 2]
        new = [new_file(lfn, replicas={f"SE{number % 3}": lfn}) for lfn in mixed]
        return {type(each.error).__name__ for each in store.add_files(new, owner, NOW).values()} <= {
            "NoneType",
            "Conflict",  # another one's replica
        }

    assert kinds(at_once(CALLERS, register)) == {"True": CALLERS}
    check_sums(store)


def test_a_name_is_a_files_or_a_directorys(store: SqlFiles) -> None:
    store.make_directory("/vo/d", ALICE, 0o775, NOW)

    def make(number: int) -> object:
        if number % 2:
            return store.make_directory("/vo/d/x/deep", ALICE, 0o775, NOW)
        return store.add_files([new_file("/vo/d/x")], ALICE, NOW)["/vo/d/x"].error is None

    at_once(CALLERS, make)
    is_directory = store.nearest(["/vo/d/x"])["/vo/d/x"].is_itself
    assert is_directory is not ("/vo/d/x" in store.files(["/vo/d/x"]))
    check_sums(store)


@pytest.mark.parametrize("recursive", [False, True])
def test_what_is_added_at_the_moment_of_removal_is_there_or_gone_whole(
    store: SqlFiles, recursive: bool
) -> None:
    def run(number: int) -> object:
        lfn = f"/vo/d/e/f{number}"
        if number % 2:
            return store.remove_directories("/vo/d", recursive=recursive, agree=agreed) and "removed"
        return store.add_files([new_file(lfn, replicas={"SE": "x"})], ALICE, NOW)[lfn].error

    for _ in range(4):
        results = at_once(CALLERS, run)
        assert set(kinds(results)) <= {"None", "removed", "NotThere", "NotEmpty"}
        assert kinds(results)["None"] == CALLERS // 2
        check_sums(store)


def test_an_empty_directory_goes_or_keeps_the_file_that_came(store: SqlFiles) -> None:
    for attempt in range(6):
        path = f"/vo/d{attempt}"
        store.make_directory(path, ALICE, 0o775, NOW)

        def run(number: int, path: str = path) -> object:
            if number:
                return store.remove_directories(path, recursive=False, agree=agreed)
            return store.add_files([new_file(f"{path}/f")], ALICE, NOW)[f"{path}/f"].error

        added, removed = at_once(2, run)
        assert added is None
        assert f"{path}/f" in store.files([f"{path}/f"])
        assert removed == 1 or kinds([removed]) == {"NotEmpty": 1}
    check_sums(store)


def test_one_of_many_removes_a_file(store: SqlFiles) -> None:
    lfns = [f"/vo/{number % 3}/f{number}" for number in range(30)]
    store.add_files([new_file(lfn, replicas={"SE": "x"}) for lfn in lfns], ALICE, NOW)

    def remove(number: int) -> object:
        mixed = random.Random(number).sample(lfns, len(lfns))
        return sum(each.error is None for each in store.remove_files(mixed).values())

    removed = at_once(CALLERS, remove)
    assert sum(each for each in removed if isinstance(each, int)) == len(lfns), removed
    assert store.directory("/vo").files == 0
    check_sums(store)


def test_replicas_of_one_file_are_set_at_once(store: SqlFiles) -> None:
    store.add_files([new_file("/vo/f")], ALICE, NOW)

    def put(number: int) -> object:
        place = _replica(f"SE{number % 3}", f"pfn{number}")
        return (
            len(store.set_replica("/vo/f", place, moves_from=None, must_be_new=False, now=NOW).replicas) > 0
        )

    assert kinds(at_once(CALLERS, put)) == {"True": CALLERS}
    known = store.file("/vo/f", with_replicas=True).replicas
    assert [each.type for each in known].count(ReplicaType.MASTER) == 1
    assert {each.se for each in known} == {"SE0", "SE1", "SE2"}
    check_sums(store)


def test_two_halves_of_a_circle_do_not_meet(store: SqlFiles) -> None:
    for attempt in range(4):
        a, b = f"/vo/a{attempt}", f"/vo/b{attempt}"
        store.add_files([new_file(a), new_file(b)], ALICE, NOW)
        ways = [(a, b), (b, a)]
        results = at_once(
            2, lambda number, ways=ways: store.add_ancestors(ways[number][0], [ways[number][1]])
        )
        assert kinds(results) == {"None": 1, "Conflict": 1}


def test_reading_goes_on_while_directories_go_away(store: SqlFiles) -> None:
    store.add_files([new_file(f"/vo/d/{number}/f") for number in range(20)], ALICE, NOW)

    def run(number: int) -> object:
        if number == 0:
            return [
                store.remove_directories(f"/vo/d/{each}", recursive=True, agree=agreed) for each in range(20)
            ] and None
        start, seen = None, 0
        while True:
            page = store.listing("/vo/d", with_replicas=True, all_statuses=True, limit=3, start=start)
            seen += len(page.subdirectories)
            start = page.next
            if start is None:
                return None if seen <= 20 else seen

    assert kinds(at_once(4, run)) == {"None": 4}
    check_sums(store)


def test_sums_hold_whatever_many_do_at_once(store: SqlFiles) -> None:
    def run(number: int) -> object:
        for step in range(25):
            result = outcome(random_work(store, number * 1000 + step))
            if result == "CatalogueUnavailable":
                return result
        return None

    assert kinds(at_once(CALLERS, run)) == {"None": CALLERS}
    check_sums(store)
    assert _deadlocks(store) == 0


def _deadlocks(store: SqlFiles) -> int:
    """That PostgreSQL had to break since its tables were made; SQLite has one writer at a time."""
    if store._database.is_sqlite:
        return 0
    with store._database.read() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.execute(text(query)).scalar_one())
