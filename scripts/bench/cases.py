"""The prepared requests of each benchmark; every signed one is signed before the clock starts."""

import itertools
import json
import secrets
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken, Decrypt, Download
from libs.signing.personal import sign_text
from scripts.bench.measure import CONNECTIONS, MIB, Request
from services.auth.domain.clients import ClientOrigin
from services.auth.settings import load_settings
from services.auth.usecases.registrations import Registrant
from services.auth.wiring import build


@dataclass(frozen=True, slots=True)
class Sample:
    """What was published and ordered for the benchmark."""

    did: str
    nft: str
    service_id: str
    chain_id: int
    publish_tx: str
    orders: tuple[tuple[PrivateKey, str], ...]  # one consumer and order transaction per connection
    file_url: str
    gateway: str
    auth_environment: Mapping[str, str]


def discovery(_: Sample, __: Path) -> Iterator[list[Request]]:
    return (([Request("/")]) for _ in range(CONNECTIONS))


def nonce(sample: Sample, _: Path) -> Iterator[list[Request]]:
    for key, _tx in sample.orders:
        yield [Request(f"/api/services/nonce?userAddress={key.address}")]


def encrypt(size: int, sample: Sample, folder: Path) -> Iterator[list[Request]]:
    body = folder / f"plain-{size}"
    body.write_bytes(secrets.token_bytes(size))
    path = f"/api/services/encrypt?chainId={sample.chain_id}"
    return ([Request(path, "POST", "application/octet-stream", f"@{body}")] for _ in range(CONNECTIONS))


def encrypt_small(sample: Sample, folder: Path) -> Iterator[list[Request]]:
    return encrypt(1024, sample, folder)


def encrypt_large(sample: Sample, folder: Path) -> Iterator[list[Request]]:
    return encrypt(MIB, sample, folder)


def fileinfo_asset(sample: Sample, _: Path) -> Iterator[list[Request]]:
    body = json.dumps({"did": sample.did, "serviceId": sample.service_id})
    return ([Request("/api/services/fileinfo", "POST", "application/json", body)] for _ in range(CONNECTIONS))


def fileinfo_url(sample: Sample, _: Path) -> Iterator[list[Request]]:
    body = json.dumps({"type": "url", "url": sample.file_url, "method": "GET"})
    return ([Request("/api/services/fileinfo", "POST", "application/json", body)] for _ in range(CONNECTIONS))


def initialize(sample: Sample, _: Path) -> Iterator[list[Request]]:
    for key, _tx in sample.orders:
        query = {"documentId": sample.did, "serviceId": sample.service_id, "consumerAddress": key.address}
        yield [Request(f"/api/services/initialize?{urlencode(query)}")]


def decrypt(sample: Sample, _: Path, each: int = 600) -> Iterator[list[Request]]:
    for _lane in range(CONNECTIONS):
        key = PrivateKey(secrets.token_bytes(32))
        yield [_decrypt(sample, key, str(time.time_ns() + number)) for number in range(each)]


def _decrypt(sample: Sample, key: PrivateKey, nonce_text: str) -> Request:
    message = Decrypt(sample.publish_tx, key.address, str(sample.chain_id), nonce_text)
    body = {
        "transactionId": sample.publish_tx,
        "chainId": sample.chain_id,
        "dataNftAddress": sample.nft,
        "decrypterAddress": key.address,
        "nonce": nonce_text,
        "signature": sign_text(message.text(), key),
    }
    return Request("/api/services/decrypt", "POST", "application/json", json.dumps(body))


def create_token(_: Sample, __: Path, each: int = 1500) -> Iterator[list[Request]]:
    expiration = str(int(time.time()) + 3600)
    for _lane in range(CONNECTIONS):
        key = PrivateKey(secrets.token_bytes(32))
        yield [_create_token(key, str(number), expiration) for number in range(2, each + 2)]


def _create_token(key: PrivateKey, nonce_text: str, expiration: str) -> Request:
    query = {
        "address": key.address,
        "nonce": nonce_text,
        "expiration": expiration,
        "signature": sign_text(AuthToken(key.address, nonce_text).text(), key),
    }
    return Request(f"/api/services/createAuthToken?{urlencode(query)}")


def whoami(sample: Sample, _: Path) -> Iterator[list[Request]]:
    """One route that does nothing but know its caller; a token for each connection."""
    for _lane in range(CONNECTIONS):
        yield [Request("/tidegate/v1/whoami", authorization=f"Bearer {wallet_token(sample)}")]


def client_credentials(sample: Sample, _: Path) -> Iterator[list[Request]]:
    """Access tokens; a client of its own for each connection (RFC 6749 section 4.4)."""
    metadata = {
        "client_name": "bench",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "job:read job:write",
    }
    body = urlencode({"grant_type": "client_credentials", "scope": "job:read"})
    registrations = build(load_settings(sample.auth_environment)).oauth.registrations
    for _lane in range(CONNECTIONS):
        made = registrations.register(metadata, Registrant(origin=ClientOrigin.ADMIN))
        basic = b64encode(f"{made.client.client_id}:{made.secret}".encode()).decode()
        form = "application/x-www-form-urlencoded"
        yield [Request("/oauth2/token", "POST", form, body, f"Basic {basic}")]


def wallet_token(sample: Sample) -> str:
    request = _create_token(PrivateKey(secrets.token_bytes(32)), "1", str(int(time.time()) + 3600))
    with urllib.request.urlopen(sample.gateway + request.path, timeout=30) as reply:
        token: str = json.load(reply)["token"]
    return token


def download(sample: Sample, _: Path, each: int = 800) -> Iterator[list[Request]]:
    for key, tx in sample.orders:
        numbers = itertools.islice(_nonces(), each)
        yield [Request(signed_download(sample, key, tx, str(number))) for number in numbers]


_counter = itertools.count(1000)


def _nonces() -> Iterator[int]:
    """Rising for ever within this process, so that later cases go on where earlier ones stopped."""
    return _counter


def signed_download(sample: Sample, key: PrivateKey, tx: str, nonce_text: str) -> str:
    query = {
        "documentId": sample.did,
        "serviceId": sample.service_id,
        "consumerAddress": key.address,
        "transferTxId": tx,
        "fileIndex": "0",
        "nonce": nonce_text,
        "signature": sign_text(Download(sample.did, nonce_text).text(), key),
    }
    return f"/api/services/download?{urlencode(query)}"


def next_nonce() -> str:
    return str(next(_counter))
