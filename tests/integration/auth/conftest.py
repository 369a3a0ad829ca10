"""Auth and provider side by side, on each database, before a real chain."""

import json
import secrets
from collections.abc import Iterator

import pytest

from libs.signing.keys import PrivateKey
from tests.auth_server import AuthPair, auth_pair
from tests.fixtures_chain import CHAIN_ID, DevChain
from tests.fixtures_postgres import PostgresServer


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dev_chain: DevChain
) -> Iterator[AuthPair]:
    """Once over each database; every test signs with a wallet of its own."""
    tmp_path = tmp_path_factory.mktemp("auth")
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("auth", "provider")]
    if request.param == "postgres":
        database: PostgresServer = request.getfixturevalue("postgres_server")
        urls = [database.new_database() for _ in urls]
    chain = {
        "NETWORK_URL": json.dumps({str(CHAIN_ID): dev_chain.rpc_url}),
        "ADDRESS_FILE": str(dev_chain.address_file),
    }
    with auth_pair(tmp_path, *urls, workers=2, **chain) as running:
        yield running


@pytest.fixture
def wallet() -> PrivateKey:
    return PrivateKey(secrets.token_bytes(32))
