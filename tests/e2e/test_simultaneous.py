"""One signed request used fifty times at once through the gateway: exactly one use is accepted."""

import http.client
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken, Decrypt
from libs.signing.personal import sign_text
from scripts.chain.accounts import development_accounts
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.order import fee_of_quote, order
from scripts.chain.provider_client import ProviderClient
from scripts.chain.publish import Published, publish
from scripts.chain.wallet import Wallet, connect
from scripts.stack import up as stack_commands
from tests.fixtures_postgres import PostgresServer
from tests.stack import Stack, running

pytestmark = pytest.mark.clause("ocean 4", "ocean 12")

USES = 50


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    stack: Stack
    client: ProviderClient
    published: Published
    order_tx: str
    consumer: str  # key


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ordered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ordered]:
    """A published and ordered asset, on each database, with several worker processes per service."""
    changes: dict[str, object] = {"workers": 3}
    if request.param == "postgresql":
        changes["database_url"] = _databases(request.getfixturevalue("postgres_server"))
    with running(tmp_path_factory.mktemp(request.param), **changes) as stack:
        yield _ordered(stack)


def _databases(server: PostgresServer) -> str:
    """The server's URL, with an empty database for each service."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for name in ("provider", "auth", "catalogue", "filecatalogue", "compute"):
            connection.execute(f"CREATE DATABASE tidegate_{name}".encode())
    return server.url("").rstrip("/")


def _ordered(stack: Stack) -> Ordered:
    config = stack.config
    entries = json.loads(stack_commands.address_file(config).read_text())[config.network]
    client = ProviderClient(config.gateway_url)
    file = stack.publish_file("once.csv", b"only,once\n")
    service = ServiceSpec(files=[{"type": "url", "url": file["url"], "method": "GET"}], pricing="dispenser")
    publisher, consumer = development_accounts()[4:6]
    wallet = Wallet(connect(config.rpc_url), publisher.key)
    provider = Provider(config.gateway_url, client.provider_address(config.chain_id), client)
    published = publish(wallet, entries, provider, AssetSpec(services=[service]))
    client.wait_for_ddo(published.did, published.tx_hash)
    quote = client.initialize(published.did, service.id, consumer.address)
    buyer = Wallet(connect(config.rpc_url), consumer.key)
    tx = order(buyer, entries, published.datatokens[0], 0, fee_of_quote(quote))
    return Ordered(stack, client, published, tx, consumer.key)


def statuses_at_once(gateway: str, call: Call) -> list[int]:
    """Send the same request USES times from as many connections that are open before the first is sent."""
    address = urlsplit(gateway)
    connections = [
        http.client.HTTPConnection(address.hostname, address.port, timeout=60) for _ in range(USES)
    ]
    for connection in connections:
        connection.connect()
    barrier = threading.Barrier(USES)
    found: list[int] = []

    def use(connection: http.client.HTTPConnection) -> None:
        barrier.wait()
        connection.request(call.method, call.path, call.body, dict(call.headers or {}))
        reply = connection.getresponse()
        reply.read()
        found.append(reply.status)

    threads = [threading.Thread(target=use, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    return sorted(found)


def test_one_download_of_fifty(ordered: Ordered) -> None:
    params = ordered.client.download_params(
        ordered.consumer, ordered.published.did, "service-0", ordered.order_tx
    )
    call = Call("GET", f"/api/services/download?{urlencode(params)}")
    assert statuses_at_once(ordered.stack.gateway, call) == [200] + [400] * (USES - 1)


def test_one_decrypt_of_fifty(ordered: Ordered) -> None:
    key = PrivateKey(secrets.token_bytes(32))
    chain_id = ordered.stack.config.chain_id
    nonce = str(time.time_ns())
    message = Decrypt(ordered.published.tx_hash, key.address, str(chain_id), nonce)
    body = {
        "transactionId": ordered.published.tx_hash,
        "dataNftAddress": ordered.published.nft,
        "decrypterAddress": key.address,
        "chainId": chain_id,
        "nonce": nonce,
        "signature": sign_text(message.text(), key),
    }
    headers = {"Content-Type": "application/json"}
    call = Call("POST", "/api/services/decrypt", json.dumps(body).encode(), headers)
    assert statuses_at_once(ordered.stack.gateway, call) == [201] + [400] * (USES - 1)


def test_one_token_of_fifty(ordered: Ordered) -> None:
    key = PrivateKey(secrets.token_bytes(32))
    query = {
        "address": key.address,
        "nonce": "2",
        "expiration": str(int(time.time()) + 600),
        "signature": sign_text(AuthToken(key.address, "2").text(), key),
    }
    call = Call("GET", f"/api/services/createAuthToken?{urlencode(query)}")
    assert statuses_at_once(ordered.stack.gateway, call) == [200] + [400] * (USES - 1)
