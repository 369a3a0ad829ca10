"""One gateway before two chains, each with its own provider key (keystore files), and smart accounts."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from eth_keyfile.keyfile import create_keyfile_json

from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken, Download
from libs.signing.personal import sign_text
from scripts.chain import anvil, deploy
from scripts.chain.accounts import development_accounts
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.order import fee_of_quote, order
from scripts.chain.provider_client import ProviderClient
from scripts.chain.publish import Published, publish
from scripts.chain.wallet import Wallet, connect
from scripts.stack.config import MNEMONIC
from scripts.stack.free_ports import free_ports
from tests import assembly
from tests.fixtures_chain import free_port
from tests.stack import Stack, running
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.clause("ocean 5.2")

FIRST, SECOND, UNKNOWN = 8996, 8997, 31337
PASSWORD = "not a secret"
KEYS = {FIRST: PrivateKey("0x" + "17" * 32), SECOND: PrivateKey("0x" + "29" * 32)}
UNIVERSAL = "0x" + "31" * 32
DATA = b"chain,bytes\n"


@dataclass(frozen=True, slots=True)
class World:
    """The stack, and what stands on each chain: RPC URL, contracts, one published asset."""

    stack: Stack
    client: ProviderClient
    rpc: Mapping[int, str]
    entries: Mapping[int, dict[str, object]]
    published: Mapping[int, Published]

    def wallet(self, chain_id: int, index: int) -> Wallet:
        return Wallet(connect(self.rpc[chain_id]), development_accounts()[index].key)

    def order(self, chain_id: int, index: int, consumer: str | None = None) -> str:
        wallet, published = self.wallet(chain_id, index), self.published[chain_id]
        quote = self.client.initialize(published.did, "service-0", consumer or wallet.address)
        fee = fee_of_quote(quote)
        return order(wallet, self.entries[chain_id], published.datatokens[0], 0, fee, consumer)

    def nonce(self, address: str) -> str:
        return self.client.nonce(address)

    def get(self, path: str, query: Mapping[str, object], **more: object) -> requests.Response:
        url = f"{self.stack.gateway}/api/services/{path}"
        return requests.get(url, params=dict(query), timeout=30, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("chains")
    ports, second_port = free_ports(), free_port()
    rpc = {FIRST: f"http://127.0.0.1:{ports.chain}", SECOND: f"http://127.0.0.1:{second_port}"}
    command = anvil.node_command(port=second_port, chain_id=SECOND, mnemonic=MNEMONIC)
    second = subprocess.Popen(command)
    try:
        anvil.wait_until_answers(rpc[SECOND], SECOND, second)
        addresses = folder / "address.json"
        deploy.ensure_contracts(rpc_url=rpc[SECOND], network="second", address_file=addresses)
        environment = {
            "ADDRESS_FILE": str(addresses),
            "NETWORK_URL": json.dumps({str(chain_id): url for chain_id, url in rpc.items()}),
            "PROVIDER_KEYSTORE_FILE": json.dumps(_keystores(folder)),
            "PROVIDER_KEYSTORE_PASSWORD": PASSWORD,
            "UNIVERSAL_PRIVATE_KEY": UNIVERSAL,
            "ALLOW_UNBOUND_FILES": "1",
        }
        with running(folder / "run", environment, ports=ports) as stack:
            networks = json.loads(addresses.read_text())
            entries = {section["chainId"]: section for section in networks.values()}
            client = ProviderClient(stack.gateway)
            made = World(stack, client, rpc, entries, {})
            yield World(stack, client, rpc, entries, {chain: _publish(made, chain) for chain in rpc})
    finally:
        second.kill()
        second.wait(PATIENCE_SECONDS)


def _keystores(folder: Path) -> dict[str, str]:
    paths = {}
    for chain_id, key in KEYS.items():
        sealed = create_keyfile_json(key.secret, PASSWORD.encode(), kdf="pbkdf2", iterations=1000)
        path = folder / f"keystore-{chain_id}.json"
        path.write_text(json.dumps(sealed))
        paths[str(chain_id)] = str(path)
    return paths


def _publish(world: World, chain_id: int) -> Published:
    file = world.stack.publish_file(f"{chain_id}.csv", DATA + str(chain_id).encode())
    service = ServiceSpec(files=[{"type": "url", "url": file["url"]}], pricing="dispenser")
    provider = Provider(world.stack.gateway, KEYS[chain_id].address, world.client)
    wallet = world.wallet(chain_id, 4)
    published = publish(wallet, world.entries[chain_id], provider, AssetSpec(services=[service]))
    world.client.wait_for_ddo(published.did, published.tx_hash)
    return published


def test_each_chain_is_told_with_its_own_address(world: World) -> None:
    document = requests.get(world.stack.gateway, timeout=10).json()
    assert document["chainIds"] == [FIRST, SECOND]
    assert document["providerAddresses"] == {str(chain): key.address for chain, key in KEYS.items()}
    assert "providerAddress" not in document  # it would mislead ocean.py on one of them
    assert "chainId" not in document


def test_the_same_nft_address_on_two_chains_is_two_assets(world: World) -> None:
    """Same deployer, same contracts: addresses repeat, so nothing may be keyed by address alone."""
    first, second = world.published[FIRST], world.published[SECOND]
    assert (first.nft, first.datatokens) == (second.nft, second.datatokens)
    assert first.did != second.did


@pytest.mark.parametrize("chain_id", [FIRST, SECOND])
def test_an_asset_is_ordered_and_downloaded_on_its_chain(world: World, chain_id: int) -> None:
    tx = world.order(chain_id, 5)
    buyer, published = world.wallet(chain_id, 5), world.published[chain_id]
    params = world.client.download_params(buyer.key, published.did, "service-0", tx)
    assert world.client.download(params).content == DATA + str(chain_id).encode()


def test_an_order_of_another_chain_opens_nothing(world: World) -> None:
    """The datatoken has the same address there, so only the chain tells the orders apart."""
    tx = world.order(FIRST, 6)
    buyer = world.wallet(FIRST, 6)
    params = world.client.download_params(buyer.key, world.published[SECOND].did, "service-0", tx)
    reply = world.client.download(params)
    assert (reply.status_code, reply.json()["reason"]) == (400, "RECEIPT_MISSING")


def test_a_fee_quoted_on_another_chain_opens_nothing(world: World) -> None:
    """A fee's hash holds no chain id; the keys differ, so the other chain's quote is not ours here."""
    buyer = world.wallet(SECOND, 7)
    quote = world.client.initialize(world.published[FIRST].did, "service-0", buyer.address)
    token = world.published[SECOND].datatokens[0]
    tx = order(buyer, world.entries[SECOND], token, 0, fee_of_quote(quote))
    params = world.client.download_params(buyer.key, world.published[SECOND].did, "service-0", tx)
    reply = world.client.download(params)
    assert (reply.status_code, reply.json()["reason"]) == (400, "FEE_NOT_OURS")


def test_an_unknown_chain_is_refused_in_each_endpoints_words(world: World) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    url = f"{world.stack.gateway}/api/services"
    encrypt = requests.post(f"{url}/encrypt?chainId={UNKNOWN}", data=b"x", headers=octets, timeout=10)
    assert (encrypt.status_code, encrypt.json()) == (400, {"error": "Failed to encrypt."})
    key = PrivateKey(development_accounts()[7].key)
    body = {
        "decrypterAddress": key.address,
        "chainId": UNKNOWN,
        "dataNftAddress": world.published[FIRST].nft,
        "transactionId": world.published[FIRST].tx_hash,
        "nonce": str(time.time_ns()),
    }
    text = f"{body['transactionId']}{key.address}{UNKNOWN}{body['nonce']}"
    decrypt = requests.post(f"{url}/decrypt", json=body | {"signature": sign_text(text, key)}, timeout=10)
    assert (decrypt.status_code, decrypt.json()) == (400, {"error": f"Unsupported chain ID {UNKNOWN}"})


class _Bare:
    """Encrypts files as publishers of version 4.0.0 did: the list alone."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    def encrypt(self, data: bytes, chain_id: int) -> str:
        files = json.loads(data).get("files")
        return self._client.encrypt(json.dumps(files).encode() if files else data, chain_id)


def test_files_of_the_first_version_are_served_if_the_operator_says_so(world: World) -> None:
    file = world.stack.publish_file("old.csv", DATA)
    service = ServiceSpec(files=[{"type": "url", "url": file["url"]}])
    provider = Provider(world.stack.gateway, KEYS[FIRST].address, _Bare(world.client))
    spec = AssetSpec(services=[service], version="4.0.0")
    published = publish(world.wallet(FIRST, 4), world.entries[FIRST], provider, spec)
    world.client.wait_for_ddo(published.did, published.tx_hash)
    seen = world.client.fileinfo({"did": published.did, "serviceId": "service-0"})
    assert [info["valid"] for info in seen] == [True]


# -- smart accounts (EIP-1271) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SmartAccount:
    """A contract on one chain only, and the key of its owner."""

    address: str
    owner: PrivateKey
    order_tx: str


@pytest.fixture(scope="module")
def account(world: World) -> SmartAccount:
    owner = world.wallet(SECOND, 8)
    address = owner.deploy_code(assembly.smart_account(owner.address))
    # On the second chain only: its owner deploys nothing on the first.
    assert anvil.rpc(world.rpc[FIRST], "eth_getCode", [address, "latest"]) == "0x"
    return SmartAccount(address, PrivateKey(owner.key), world.order(SECOND, 8, consumer=address))


def _download(world: World, account: SmartAccount, chain_id: int, **changes: str) -> requests.Response:
    did, nonce = world.published[chain_id].did, world.nonce(account.address)
    query = {
        "documentId": did,
        "serviceId": "service-0",
        "consumerAddress": account.address,
        "transferTxId": account.order_tx,
        "fileIndex": "0",
        "nonce": nonce,
        "signature": sign_text(Download(did, nonce).text(), account.owner),
    }
    headers = {"AuthToken": changes.pop("token")} if "token" in changes else {}
    if headers:
        query = {name: value for name, value in query.items() if name not in ("nonce", "signature")}
    return world.get("download", query | changes, headers=headers)


def _token(world: World, account: SmartAccount, chain_id: int | None) -> requests.Response:
    nonce = world.nonce(account.address)
    query: dict[str, object] = {
        "address": account.address,
        "expiration": int(time.time()) + 600,
        "nonce": nonce,
        "signature": sign_text(AuthToken(account.address, nonce).text(), account.owner),
    }
    return world.get("createAuthToken", query if chain_id is None else query | {"chainId": chain_id})


def test_a_smart_accounts_owner_downloads_what_it_ordered(world: World, account: SmartAccount) -> None:
    reply = _download(world, account, SECOND)
    assert (reply.status_code, reply.content) == (200, DATA + str(SECOND).encode())


def test_a_strangers_signature_is_not_the_smart_accounts(world: World, account: SmartAccount) -> None:
    nonce = world.nonce(account.address)
    text = Download(world.published[SECOND].did, nonce).text()
    forged = sign_text(text, PrivateKey(development_accounts()[9].key))
    reply = _download(world, account, SECOND, nonce=nonce, signature=forged)
    assert reply.status_code == 400
    assert reply.json()["errors"]["signature"].startswith("Invalid signature")


def test_a_smart_accounts_signature_is_not_one_on_another_chain(world: World, account: SmartAccount) -> None:
    """There is no code at that address there, so nobody speaks for it."""
    reply = _download(world, account, FIRST)
    assert reply.status_code == 400
    assert "signature" in reply.json()["errors"]


def test_a_smart_accounts_token_opens_what_it_ordered_on_its_chain_only(
    world: World, account: SmartAccount
) -> None:
    token = _token(world, account, SECOND).json()["token"]
    reply = _download(world, account, SECOND, token=token)
    assert (reply.status_code, reply.content) == (200, DATA + str(SECOND).encode())
    other = _download(world, account, FIRST, token=token)
    assert (other.status_code, list(other.json()["errors"])) == (400, ["signature"])


def test_a_smart_account_gets_no_token_for_a_chain_it_is_not_on(world: World, account: SmartAccount) -> None:
    assert _token(world, account, FIRST).status_code == 400
    assert _token(world, account, None).status_code == 400  # the first chain, when none is named
    unknown = _token(world, account, UNKNOWN)
    assert (unknown.status_code, list(unknown.json()["errors"])) == (400, ["chainId"])
