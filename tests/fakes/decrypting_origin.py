"""A provider that can do one thing, decrypt, the way contract 2.3 says; and can be told to fail.

with StubDecryptor(rpc_url) as decryptor:
    publish(wallet, entries, decryptor.provider, spec)
"""

import json
import lzma
from threading import Lock
from types import TracebackType
from typing import Self

from libs.chain.events import metadata_created, metadata_updated
from libs.chain.parse import parse_receipt
from libs.signing import ecies
from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import is_signed_by
from scripts.chain import anvil
from scripts.chain.assets import Provider
from tests.fakes.origin import Exchange, Origin

PATH = "/api/services/decrypt"
KEY = "0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215"


class StubDecryptor:
    def __init__(self, rpc_url: str) -> None:
        self.rpc_url = rpc_url
        self.key = PrivateKey(KEY)
        self.failures: list[int] = []  # statuses of the next answers
        self.asked = 0
        self.problems: list[str] = []  # what was wrong with requests
        self._origin = Origin()
        self._origin.route(PATH, self._answer)
        self._nonces: dict[str, int] = {}
        self._lock = Lock()

    def __enter__(self) -> Self:
        self._origin.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._origin.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        return self._origin.url("").rstrip("/")

    @property
    def provider(self) -> Provider:
        return Provider(self.url, self.key.address, self)

    def encrypt(self, data: bytes, chain_id: int) -> str:
        return "0x" + ecies.encrypt(self.key.public_key64, data).hex()

    def _answer(self, exchange: Exchange) -> None:
        with self._lock:
            self.asked += 1
            status = self.failures.pop(0) if self.failures else 0
        if status:
            exchange.respond(status, {"Content-Type": "application/json"}, b'{"error":"told to fail"}')
            return
        body = json.loads(exchange.request.body)
        problem = self._problem(body)
        if problem:
            self.problems.append(problem)
            exchange.respond(
                400, {"Content-Type": "application/json"}, json.dumps({"error": problem}).encode()
            )
            return
        exchange.respond(201, {"Content-Type": "text/plain"}, self._open(body))

    def _problem(self, body: dict[str, str]) -> str | None:
        reference = body.get("transactionId") or body["dataNftAddress"]
        address = body["decrypterAddress"]
        text = Decrypt(reference, address, str(body["chainId"]), body["nonce"]).text()
        if not is_signed_by(text, body["signature"], address):
            return "signature does not fit"
        with self._lock:
            last = self._nonces.get(address, 0)
            if int(body["nonce"]) <= last:
                return f"expected nonce ({last}) > current nonce ({body['nonce']})"
            self._nonces[address] = int(body["nonce"])
        return None

    def _open(self, body: dict[str, str]) -> bytes:
        if "transactionId" in body:
            answer = anvil.rpc(self.rpc_url, "eth_getTransactionReceipt", [body["transactionId"]])
            logs = parse_receipt(answer).logs
            nft = body["dataNftAddress"]
            event = (metadata_created(logs, nft) or metadata_updated(logs, nft))[0]
            flags, data = event.flags[0], event.data
        else:
            flags, data = int(body["flags"]), bytes.fromhex(body["encryptedDocument"][2:])
        if flags & 2:
            data = ecies.decrypt(self.key, data)
        return lzma.decompress(data) if flags & 1 else data
