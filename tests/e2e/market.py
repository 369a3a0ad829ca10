"""A publisher and a buyer on a running stack, and requests at the level of bytes."""

import http.client
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from libs.signing.keys import PrivateKey
from scripts.chain.accounts import development_accounts
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.order import fee_of_quote, order
from scripts.chain.provider_client import ProviderClient
from scripts.chain.publish import Published, publish
from scripts.chain.wallet import Wallet, connect
from scripts.stack import up as stack_commands
from tests.stack import Stack

SERVICE = "service-0"


@dataclass(frozen=True, slots=True)
class Bought:
    """A published asset of one service and an order of it."""

    published: Published
    order_tx: str

    @property
    def did(self) -> str:
        return self.published.did


class Market:
    """Publishes and orders through the gateway; the buyer holds account 6, the publisher account 7."""

    def __init__(self, stack: Stack) -> None:
        config = stack.config
        publisher, buyer = development_accounts()[7], development_accounts()[6]
        self.stack = stack
        self.client = ProviderClient(config.gateway_url)
        self.entries = json.loads(stack_commands.address_file(config).read_text())[config.network]
        self.publisher = Wallet(connect(config.rpc_url), publisher.key)
        self.wallet = Wallet(connect(config.rpc_url), buyer.key)
        self.buyer = PrivateKey(buyer.key)
        address = self.client.provider_address(config.chain_id)
        self.provider = Provider(config.gateway_url, address, self.client)

    def publish(self, files: Sequence[Mapping[str, Any]], **service: Any) -> Published:
        """Published and served by the catalogue."""
        spec = ServiceSpec(files=files, pricing="dispenser", **service)
        published = publish(self.publisher, self.entries, self.provider, AssetSpec(services=[spec]))
        self.client.wait_for_ddo(published.did, published.tx_hash)
        return published

    def buy(self, *urls: str) -> Bought:
        """Publish files at `urls` and order them."""
        published = self.publish([{"type": "url", "url": url, "method": "GET"} for url in urls])
        quote = self.client.initialize(published.did, SERVICE, self.buyer.address)
        tx = order(self.wallet, self.entries, published.datatokens[0], 0, fee_of_quote(quote))
        return Bought(published, tx)

    def params(self, bought: Bought, file_index: int = 0, **changes: Any) -> dict[str, Any]:
        """Signed parameters of a download that would be served, with `changes`."""
        key = "0x" + self.buyer.secret.hex()
        signed = self.client.download_params(key, bought.did, SERVICE, bought.order_tx, file_index)
        return {**signed, **changes}

    def download(self, bought: Bought, file_index: int = 0, **changes: Any) -> requests.Response:
        return self.client.download(self.params(bought, file_index, **changes))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def send_raw(url: str, data: bytes, seconds: float = 10) -> list[Answer]:
    """Send `data` over a new connection; every answer until the other side closes or falls silent."""
    address = urlsplit(url)
    method = data.partition(b" ")[0].decode("latin-1")
    answers = []
    with socket.create_connection((address.hostname, address.port), timeout=seconds) as sock:
        sock.sendall(data)
        stream = sock.makefile("rb")
        while (answer := _read_answer(stream, method)) is not None:
            answers.append(answer)
            if answer.headers.get("connection") == "close":
                break
    return answers


class _Buffered:
    """What http.client needs of a socket, over a stream that stays open for the next answer."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> Any:
        return _Kept(self._stream)


class _Kept:
    def __init__(self, stream: Any) -> None:
        self.read = stream.read
        self.readline = stream.readline
        self.readinto = stream.readinto
        self.flush = stream.flush
        self.peek = stream.peek

    def close(self) -> None:
        """Left open."""


def _read_answer(stream: Any, method: str) -> Answer | None:
    if not stream.peek(1):
        return None
    reply = http.client.HTTPResponse(_Buffered(stream), method=method)  # type: ignore[arg-type]
    reply.begin()
    headers = {name.lower(): value for name, value in reply.getheaders()}
    length = reply.length
    body = stream.read() if reply.will_close and length is None else reply.read()
    return Answer(reply.status, headers, body)


def request(method: str, path: str, *lines: str, body: bytes = b"", close: bool = True) -> bytes:
    """A request as bytes, path and header lines exactly as given."""
    ending = ["Connection: close"] if close else []
    head = [f"{method} {path} HTTP/1.1", "Host: gateway", *lines, *ending]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def one(url: str, data: bytes, seconds: float = 10) -> Answer:
    (answer,) = send_raw(url, data, seconds)
    return answer


def assert_json_error(answer: Answer, status: int) -> None:
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/json"), answer
    assert answer.headers["access-control-allow-origin"] == "*", answer
    assert answer.headers["x-request-id"], answer
    if answer.body:
        assert next(iter(answer.json())) == "error"


def as_answer(reply: requests.Response) -> Answer:
    return Answer(reply.status_code, {n.lower(): v for n, v in reply.headers.items()}, reply.content)
