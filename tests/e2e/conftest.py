"""One running stack for the tests of this folder, and one scriptable origin it may fetch from."""

from collections.abc import Iterator

import pytest

from tests.e2e.market import Market
from tests.fakes.origin import Origin
from tests.stack import Stack, running


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    with Origin() as started:
        yield started


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[Stack]:
    allowed = {"FETCH_ALLOW": f"127.0.0.1:{origin.port}", "REQUEST_TIMEOUT": "3"}
    with running(tmp_path_factory.mktemp("stack"), allowed) as started:
        yield started
        started.assert_all_was_known()


@pytest.fixture(scope="session")
def market(stack: Stack) -> Market:
    return Market(stack)
