"""The tables themselves: migrations, constraints, and a database that goes away."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Table, insert, text
from sqlalchemy.exc import IntegrityError

from services.compute.adapters.store_sql import side_tables, workflow_tables
from services.compute.adapters.store_sql.store import MIGRATIONS, SqlJobStore, open_store
from services.compute.adapters.store_sql.tables import ACTIVE, UNFINISHED, job_events, jobs, metadata
from services.compute.adapters.store_sql.tables import QUEUED as QUEUED_SQL
from services.compute.domain import states
from services.compute.domain.errands import ErrandKind
from services.compute.domain.errors import StoreUnavailable
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import Handle, Stored, Wish
from services.compute.domain.notices import Means, Notice
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.sheets import Sheet
from services.compute.domain.slices import SliceLine
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter, Key, Lease
from tests.fakes.compute_flows import new_workflow, run_through, step, swept
from tests.fakes.compute_jobs import ALICE, NOW, SPACE, kept, new_job, run_of
from tests.fakes.compute_sliced import done, numbers, sliced
from tests.fixtures_postgres import PostgresServer
from tests.migrations_kit import check_migrations

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def _rows(connection: Connection) -> None:
    """One row in each table, as revision 0001 has them."""
    columns = {
        "uid": "a" * 32, "owner": ALICE, "dialect": "native", "name": "n", "environment": SPACE,
        "state": "queued", "state_since": MOMENT, "wish": "run", "precedence": 0, "attempt": 0, "cpus": 1.0,
        "memory_bytes": 1, "storage_bytes": 0, "submitted_at": MOMENT, "fence": 0, "strikes": 0,
        "last_event": 1, "revision": 1,
    }  # fmt: skip
    connection.execute(insert(jobs), [columns])
    event = {"job_id": 1, "seq": 1, "at": MOMENT, "state_to": "queued", "by": ALICE, "attempt": 0}
    connection.execute(insert(job_events), [event])
    for row in (
        "job_documents VALUES (1, '{}', '{}', '{}')",
        "job_terms VALUES ('t', 1)",
        "job_groups VALUES ('g', 1)",
        "job_runs VALUES ('tag', 1, 1, 'main', 0, 0, 'intended', "
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "job_files VALUES (1, 'output', 'h', 'p', 1, 'text/plain', 's')",
        "idempotency_keys VALUES ('person:alice', 'native', 'k', 'f', 1)",
        "turns VALUES ('e', 'person:alice', 1)",
    ):
        connection.execute(text(f"INSERT INTO {row}"))


def _rows_of_slices(connection: Connection) -> None:
    """One row in each table that revision 0007 brought."""
    for row in (
        "job_handles VALUES ('openpai', '', 'first', 1)",
        "sliced_jobs VALUES (1, 3, 3, 0, 1, 1, 0, 0.5, NULL, 1, 1, '0xa', '0.5', '1')",
        "slice_blocks VALUES (1, 1, 3, 'items', '[1,2,3]')",
        "slice_batches VALUES (1, 1, 1, 0, '[[2,2]]')",
        "slice_tries VALUES (1, 2, 1, 0)",
        "slice_results VALUES (1, 1, 'done', '1', '', 0.5, 1)",
        "slice_lines VALUES (1, 1, 1, 'log', 'x', '2024-01-01 00:00:00')",
        "accounts VALUES ('0xa', 'person:alice', 'default', '98.5', NULL, '2024-01-01 00:00:00', 0)",
        "ledger_entries VALUES (1, '2024-01-01 00:00:00', 'mint', '0xa', '100', 'opening', '')",
    ):
        connection.execute(text(f"INSERT INTO {row}"))
    connection.execute(text("UPDATE job_runs SET address = '10.0.0.2'"))


def test_migrations_build_what_the_tables_say_and_keep_rows(database_url: str) -> None:
    assert {workflow_tables.workflows.name, side_tables.usage.name} <= set(metadata.tables)
    check_migrations(database_url, MIGRATIONS, metadata, {"0001": _rows, "0007": _rows_of_slices})


def test_the_tables_know_the_states_of_the_domain(store_url: str) -> None:
    """The words in the partial indexes, and the CHECK, are the domain's own."""

    def said(states_of: frozenset[State]) -> set[str]:
        return {state.value for state in states_of}

    assert all(f"'{state}'" in ACTIVE for state in said(states.ACTIVE))
    assert ACTIVE.count("'") == 2 * len(states.ACTIVE)
    assert all(f"'{state}'" in UNFINISHED for state in said(states.FINAL))
    assert UNFINISHED.count("'") == 2 * len(states.FINAL)
    assert f"'{State.QUEUED}'" in QUEUED_SQL
    store = open_store(store_url)
    uid = store.submit(new_job(), Quotas(), NOW).job.uid
    for column, words in (("state", State), ("wish", Wish)):
        for word in words:
            with store._database.write() as connection:
                connection.execute(text(f"UPDATE jobs SET {column} = :word"), {"word": word.value})
        with pytest.raises(IntegrityError), store._database.write() as connection:
            connection.execute(text(f"UPDATE jobs SET {column} = 'other'"))
    store.purge(uid)
    store.close()


def test_the_database_itself_refuses_a_second_unfinished_job_of_a_payment(store_url: str) -> None:
    store = open_store(store_url)
    first = store.submit(new_job(natural_key="paid"), Quotas(), NOW).job
    store.wish(first.uid, Wish.CANCEL, ALICE, Reason("cancelled", "Stopped."), NOW)
    store.submit(new_job(natural_key="paid"), Quotas(), NOW)
    with pytest.raises(IntegrityError), store._database.write() as connection:
        connection.execute(text("UPDATE jobs SET state = 'queued'"))
    store.close()


def test_with_a_job_goes_everything_that_hangs_on_it(store_url: str) -> None:
    store = open_store(store_url)
    key = Key(owner=ALICE, dialect="native", key="k", fingerprint="f" * 64)
    told = Notice(means=Means.WEBHOOK, url="https://hooks.example/")
    filed = Sheet(owner_name="alice", owner_group="g", realm="vo")
    new = sliced(numbers(9), name="n", labels={"a": "b"}, facts={"c": "d"}, groups=("g",), notices=(told,))
    new = replace(new, sheet=filed)
    pair = [replace(new, handle=Handle("openpai", "", name)) for name in "ab"]
    uid, other = (each.job.uid for each in store.submit_all(pair, Quotas(), NOW, key))
    store.errands.ask(uid, ErrandKind.EXEC, "ls", ALICE, NOW, NOW + 9)
    (claimed,) = store.claim("w", {SPACE: 1}, NOW, 30)
    store.intend(claimed.lease, run_of(uid))
    store.change(claimed.lease, Change(to=None, files=[kept("a"), kept("staging", kind=Stored.LOG)]), NOW)
    _work_on_slices(store, claimed.lease)
    tables = [table.name for table in metadata.sorted_tables if table is jobs or _hangs_on(table, jobs)]
    assert _filled(store, tables) == tables
    store.purge(uid)
    assert store.find(other, None).name == "n"
    store.purge(other)
    assert _filled(store, tables) == []
    store.close()


def _work_on_slices(store: SqlJobStore, lease: Lease) -> None:
    """So that there is something of everything."""
    for at_work in (1, None):
        given = store.slices.hand_out(lease, 0, 3, NOW)
        assert given is not None
        if at_work is not None:
            store.slices.give_back(lease, given[0], at_work, NOW)
    line = SliceLine(number=2, level="log", text="x", at=NOW)
    store.slices.take_in(lease, done([2]), [line], NOW)


def test_with_a_workflow_goes_everything_that_hangs_on_it(store_url: str) -> None:
    store = open_store(store_url)
    key = Key(owner=ALICE, dialect="native", key="k", fingerprint="f" * 64)
    told = Notice(means=Means.WEBHOOK, url="https://hooks.example/")
    new = new_workflow(swept("s", 2), step("end", "s"), labels={"a": "b"}, notices=(told,))
    first = store.submit_workflow(new, Quotas(), NOW).workflow
    run_through(store, first, lambda job: State.FAILED if job.name == "wf/s/1" else State.SUCCEEDED)
    again = store.rerun_workflow(first.uid, (), Quotas(), NOW, key).workflow
    run_through(store, again)
    workflows = workflow_tables.workflows
    theirs = [workflows, *(table for table in metadata.sorted_tables if _hangs_on(table, workflows))]
    tables = [table.name for table in theirs]
    assert _filled(store, tables) == tables
    for uid in store.expired(NOW + 1e9, 99):
        store.purge(uid)
    for uid in store.expired_workflows(NOW + 1e9, 99):
        store.purge_workflow(uid)
    assert _filled(store, tables) == []
    store.close()


def _hangs_on(table: Table, other: Table) -> bool:
    return any(key.column.table is other for key in table.foreign_keys)


def _filled(store: SqlJobStore, tables: list[str]) -> list[str]:
    with store._database.read() as connection:
        return [
            name for name in tables if connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
        ]


def test_a_lost_database_is_unavailable_and_never_an_answer(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    store = open_store(postgres_url)
    uid = store.submit(new_job(), Quotas(), NOW).job.uid
    lease = Lease(JobUid(uid), "w", 1, NOW + 30)
    postgres_server.stop()
    try:
        for work in (
            lambda: store.submit(new_job(), Quotas(), NOW),
            lambda: store.find(uid, None),
            lambda: store.page(Filter(owners=None), 9),
            lambda: store.claim("w", {SPACE: 1}, NOW, 30),
            lambda: store.renew([lease], NOW, 30),
            lambda: store.read(lease),
            lambda: store.change(lease, Change(to=None), NOW),
            lambda: store.wishes([uid]),
            lambda: store.purge(new_uid()),
            store.ping,
        ):
            with pytest.raises(StoreUnavailable):
                work()
    finally:
        postgres_server.start()
    store.ping()
    store.close()
