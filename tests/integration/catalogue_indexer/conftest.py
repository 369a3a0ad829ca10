"""An indexer over a real node, in this process or as one of its own."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from libs.sql.engine import Database
from services.catalogue.indexer.assembly import Indexer, build
from services.catalogue.indexer.rules import DdoRules
from services.catalogue.indexer_settings import load_indexer_settings
from tests.fakes.decrypting_origin import StubDecryptor
from tests.fakes.indexing import served
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.nursery import REPO, fork
from tests.waiting import PATIENCE_SECONDS

KEY = "0x" + "7" * 64
Served = dict[str, dict[str, Any]]


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
    return found


def environment(chain: DevChain, decryptor: StubDecryptor, database: Path, **changes: str) -> dict[str, str]:
    return {
        "CATALOGUE_DATABASE_URL": f"sqlite:///{database}",
        "CATALOGUE_PRIVATE_KEY": KEY,
        "NETWORK_URL": f'{{"{CHAIN_ID}": "{chain.rpc_url}"}}',
        "ADDRESS_FILE": str(chain.address_file),
        "PROVIDER_URL": decryptor.url,
        "INDEXER_POLL_SECONDS": "0.1",
        "INDEXER_HEALTH_PORT": "0",
        "INDEXER_REWIND_GRACE_SECONDS": "0.3",
        "INDEXER_LEASE_SECONDS": "2",
        **changes,
    }


@dataclass
class Running:
    indexer: Indexer

    @property
    def database(self) -> Database:
        return self.indexer.database

    def served(self) -> Served:
        return served(self.database)

    def wait_for(
        self, condition: Callable[[Served], Any], what: str, seconds: float = PATIENCE_SECONDS
    ) -> Any:
        return wait_until(lambda: condition(self.served()), what, seconds)


@contextmanager
def running(variables: dict[str, str]) -> Iterator[Running]:
    """All loops in threads of this process until the end of the block."""
    indexer = build(load_indexer_settings(variables), DdoRules(), "test")
    stopping = Event()
    threads = [Thread(target=loop.run, args=(stopping.is_set,)) for loop in indexer.loops]
    for thread in threads:
        thread.start()
    try:
        yield Running(indexer)
    finally:
        stopping.set()
        for wake in indexer.wakes:
            wake.set()
        for thread in threads:
            thread.join()
        indexer.close()


def fresh_index(variables: dict[str, str], folder: Path, complete: Callable[[Served], bool]) -> Served:
    """What an index made from scratch serves once it is complete."""
    variables = variables | {"CATALOGUE_DATABASE_URL": f"sqlite:///{folder / 'fresh.db'}"}
    with running(variables) as scratch:
        scratch.wait_for(complete, "the fresh index is complete", 60)
        return scratch.served()


class IndexerProcess:
    """`python -m services.catalogue.indexer`, to be killed."""

    def __init__(self, variables: dict[str, str], log: Path) -> None:
        passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environ = {**passed, "PYTHONPATH": str(REPO), **variables}
        self.process = fork("services.catalogue.indexer", (), environ, log)
        self.log = log

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds: float = PATIENCE_SECONDS) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], IndexerProcess]]:
    started: list[IndexerProcess] = []

    def start(variables: dict[str, str]) -> IndexerProcess:
        started.append(IndexerProcess(variables, tmp_path / "indexer.log"))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture
def node(new_chain: Callable[[], DevChain]) -> DevChain:
    return new_chain()


@pytest.fixture
def decryptor(node: DevChain) -> Iterator[StubDecryptor]:
    with StubDecryptor(node.rpc_url) as stub:
        yield stub
        assert stub.problems == []


@pytest.fixture
def variables(node: DevChain, decryptor: StubDecryptor, tmp_path: Path) -> dict[str, str]:
    return environment(node, decryptor, tmp_path / "catalogue.db")
