"""What is answered before Flask is answered alike there: status, headers, bytes, and what is used up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from libs.chain.errors import RpcTimeout
from services.provider.domain.asset import CatalogueUnavailable
from services.provider.domain.origins import OriginUnavailable
from tests.fakes.access import URL, AccessWorld, files_blob
from tests.fakes.ddos import DID, ddo, service
from tests.fakes.documents import INDEXER, NFT, TX, Publication, by_arguments, by_transaction, receipt
from tests.fakes.provider_app import Provider
from tests.fakes.receipts import CONSUMER

pytestmark = pytest.mark.clause("ocean 2.2", "ocean 2.4", "ocean 2.7")

Change = Callable[["Room"], object]
OF_ASSET = {"did": DID, "serviceId": "svc-0"}
OF_URL = {"type": "url", "url": URL, "method": "GET"}
QUOTE = {"documentId": DID, "serviceId": "svc-0", "consumerAddress": CONSUMER}


@dataclass
class Room:
    """A provider with one asset, and a published document; counts what comes as far as Flask."""

    world: AccessWorld = field(default_factory=AccessWorld)
    seen_by_flask: int = 0

    def __post_init__(self) -> None:
        self.world.assets.documents[DID] = ddo(services=[service(files=files_blob(OF_URL))])
        self.provider = Provider(
            world=self.world, ledger=self.world.ledger, tokens=self.world.tokens, chain=self.world.chain
        )
        self.world.chain.factory_nfts.add(NFT)
        self.world.chain.receipts[TX] = receipt(Publication().log())
        dispatch = self.provider.app.full_dispatch_request

        def counted() -> Any:
            self.seen_by_flask += 1
            return dispatch()

        self.provider.app.full_dispatch_request = counted  # type: ignore[method-assign]

    def post(self, path: str, body: dict[str, Any], *, plain: bool, **more: Any) -> Any:
        """The media type is the same in any case; only its plain spelling is looked for before Flask."""
        kind = "application/json" if plain else "Application/JSON"
        body = {name: value for name, value in body.items() if value is not None}
        return self.provider.client().post(path, json=body, content_type=kind, **more)

    def get(self, path: str, query: dict[str, Any], *, plain: bool) -> Any:
        """An empty JSON body changes nothing, and is seldom."""
        query = {name: value for name, value in query.items() if value is not None}
        body = {} if plain else {"data": b"{}", "content_type": "application/json"}
        return self.provider.client().get(path, query_string=query, **body)


def shown(response: Any, room: Room) -> tuple[object, ...]:
    headers = {name: value for name, value in response.headers if name != "X-Request-Id"}
    return response.status_code, headers, response.data, dict(room.world.ledger.rows)


def both(change: Change, ask: Callable[[Room, bool], Any], status: int) -> None:
    seen = []
    for plain in (True, False):
        room = Room()
        change(room)
        response = ask(room, plain)
        seen.append(shown(response, room))
        assert (response.status_code, room.seen_by_flask) == (status, int(not plain or status >= 400))
    assert seen[0] == seen[1]


def as_it_is(_: Room) -> None:
    """Only the request is at fault, if anything is."""


def no_node(room: Room) -> None:
    room.world.chain.error = RpcTimeout("late")


def no_catalogue(room: Room) -> None:
    room.world.assets.error = CatalogueUnavailable()


def broken(room: Room) -> None:
    room.world.chain.error = ZeroDivisionError("a bug of ours")


def no_origin(room: Room) -> None:
    room.world.origins.error = OriginUnavailable("away")


def no_asset(room: Room) -> None:
    room.world.assets.documents.clear()


def retired(room: Room) -> None:
    room.world.chain.states[NFT] = 3


def used_up(room: Room) -> None:
    room.post("/api/services/decrypt", by_transaction("7"), plain=True)
    room.seen_by_flask = 0


@pytest.mark.parametrize(
    ("change", "changes", "status"),
    [
        (as_it_is, {}, 201),
        (as_it_is, {"chainId": "8996"}, 201),
        (as_it_is, {"signature": "0x" + "11" * 65}, 400),
        (as_it_is, {"signature": None}, 400),
        (as_it_is, {"nonce": "six"}, 400),
        (as_it_is, {"nonce": None}, 400),
        (as_it_is, {"decrypterAddress": ["0x"]}, 400),
        (as_it_is, {"chainId": 5}, 400),
        (as_it_is, {"transactionId": None}, 400),
        (used_up, {}, 400),
        (retired, {}, 403),
        (lambda room: room.world.chain.receipts.clear(), {}, 400),
        (no_node, {}, 504),
        (broken, {}, 500),
    ],
)
def test_decrypt(change: Change, changes: dict[str, Any], status: int) -> None:
    body = {**by_transaction("7"), **changes}
    both(change, lambda room, plain: room.post("/api/services/decrypt", body, plain=plain), status)


def test_a_document_sent_along_is_decrypted_alike() -> None:
    body = by_arguments(Publication())
    both(as_it_is, lambda room, plain: room.post("/api/services/decrypt", body, plain=plain), 201)


def test_a_nonce_opens_a_document_once() -> None:
    room = Room()
    body = by_transaction("7")
    answers = [room.post("/api/services/decrypt", body, plain=True) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 400]
    assert "expected nonce (7) > current nonce (7)" in answers[1].json["errors"]["signature"]
    assert room.world.ledger.last("decrypt", INDEXER.address) == "7"


@pytest.mark.parametrize("name", ["AuthToken", "Authorization"])
def test_a_request_with_a_token_is_left_to_flask(name: str) -> None:
    room = Room()
    answer = room.post("/api/services/decrypt", by_transaction(), plain=True, headers={name: "a.b.c"})
    assert (answer.status_code, room.seen_by_flask) == (201, 1)


@pytest.mark.parametrize(
    ("change", "body", "status"),
    [
        (as_it_is, OF_ASSET, 200),
        (as_it_is, {**OF_ASSET, "checksum": True}, 200),
        (as_it_is, OF_URL, 200),
        (as_it_is, {**OF_URL, "url": "https://nowhere.test/"}, 200),
        (as_it_is, {}, 400),
        (as_it_is, {"did": "did:elsewhere", "serviceId": "svc-0"}, 400),
        (as_it_is, {**OF_ASSET, "serviceId": "another"}, 400),
        (as_it_is, {**OF_ASSET, "userdata": "{"}, 400),
        (as_it_is, {**OF_URL, "method": "PUT"}, 400),
        (no_asset, OF_ASSET, 400),
        (no_catalogue, OF_ASSET, 502),
    ],
)
def test_fileinfo(change: Change, body: dict[str, Any], status: int) -> None:
    both(change, lambda room, plain: room.post("/api/services/fileinfo", body, plain=plain), status)


@pytest.mark.parametrize(
    ("change", "changes", "status"),
    [
        (as_it_is, {}, 200),
        (as_it_is, {"fileIndex": "0"}, 200),
        (as_it_is, {"transferTxId": "0x" + "77" * 32}, 200),
        (as_it_is, {"transferTxId": "no hash"}, 200),
        (as_it_is, {"consumerAddress": "0x12"}, 400),
        (as_it_is, {"documentId": None}, 400),
        (as_it_is, {"serviceId": "another"}, 400),
        (as_it_is, {"fileIndex": "9"}, 400),
        (no_origin, {"fileIndex": "0"}, 400),
        (no_asset, {}, 400),
        (no_node, {}, 504),
        (no_catalogue, {}, 502),
        (broken, {}, 500),
    ],
)
def test_initialize(change: Change, changes: dict[str, Any], status: int) -> None:
    query = {**QUOTE, **changes}
    both(change, lambda room, plain: room.get("/api/services/initialize", query, plain=plain), status)


@pytest.mark.parametrize(("address", "status"), [(CONSUMER, 200), ("0x12", 400)])
def test_nonce(address: str, status: int) -> None:
    query = {"userAddress": address}
    both(as_it_is, lambda room, plain: room.get("/api/services/nonce", query, plain=plain), status)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"did":1,"did":2}', b'{"a":' * 5000, b"NaN", b""])
def test_a_body_that_is_no_object_is_refused_as_ever(body: bytes) -> None:
    for path in ("/api/services/fileinfo", "/api/services/decrypt"):
        seen = []
        for kind in ("application/json", "Application/JSON"):
            room = Room()
            seen.append(shown(room.provider.client().post(path, data=body, content_type=kind), room))
        assert seen[0] == seen[1]
        assert seen[0][0] == 400


def test_parameters_in_the_query_win_as_ever() -> None:
    room = Room()
    answer = room.post(
        "/api/services/fileinfo?serviceId=svc-0", {"did": DID, "serviceId": "other"}, plain=True
    )
    assert (answer.status_code, room.seen_by_flask) == (200, 1)
