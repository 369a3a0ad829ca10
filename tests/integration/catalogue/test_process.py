"""The real server process: starts from its environment, several workers on one database, stops when told."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql.index import SqlIndex
from tests.fakes.catalogue_assets import raw_ddo, served
from tests.granian import starting

STOP_SECONDS = 60


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a server with two workers, ready."""
    environ = {
        "CATALOGUE_DATABASE_URL": database_url,
        "CATALOGUE_PRIVATE_KEY": "0x" + "42" * 32,
        "PUBLIC_URL": "http://catalogue.test",
    }
    options = ("--workers", "2", "--blocking-threads", "4")
    with starting("services.catalogue.wsgi:app", tmp_path, *options, environ=environ) as running:
        running.wait_until_live("/health/ready")
        yield running.url
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(STOP_SECONDS) == 0


def test_every_worker_sees_what_the_indexer_writes_at_once(server: str, database_url: str) -> None:
    database = Database.open(database_url)
    index = SqlIndex(database)
    path = f"{server}/api/aquarius/assets/ddo/{raw_ddo(1)['id']}"
    query = f"{server}/api/aquarius/assets/query"
    tag = None
    try:
        for orders in range(4):
            with index.unit() as unit:
                unit.put_asset(served(raw_ddo(1), 1, orders=orders))
            for _ in range(4):  # fresh connections land on either worker
                with urllib3.PoolManager() as pool:
                    headers = {"If-None-Match": tag} if tag else {}
                    changed = pool.request("GET", path, headers=headers)
                    assert (changed.status, changed.json()["stats"]["orders"]) == (200, orders)
                    found = pool.request("POST", query, body=b"{}").json()
                    assert found["hits"]["hits"][0]["_source"]["stats"]["orders"] == orders
                    same = pool.request("GET", path, headers={"If-None-Match": changed.headers["ETag"]})
                    assert (same.status, same.data) == (304, b"")
            tag = changed.headers["ETag"]
    finally:
        database.dispose()
