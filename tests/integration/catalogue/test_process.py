"""The real server process: starts from its environment, several workers on one database, stops when told."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from libs.sql.engine import Database
from services.catalogue.adapters.store_sql.index import SqlIndex
from tests.fakes.catalogue_assets import raw_ddo, served

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a server with two workers, ready."""
    port = free_port()
    environment = os.environ | {
        "CATALOGUE_DATABASE_URL": database_url,
        "CATALOGUE_PRIVATE_KEY": "0x" + "42" * 32,
        "PUBLIC_URL": "http://catalogue.test",
    }
    command = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--workers", "2",
        "--blocking-threads", "4", "--host", "127.0.0.1", "--port", str(port),
        "--no-access-log", "services.catalogue.wsgi:app",
    ]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process, tmp_path / "log")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if urllib3.request("GET", f"{url}/health/ready", retries=False, timeout=5).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.05)
    pytest.fail(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


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
