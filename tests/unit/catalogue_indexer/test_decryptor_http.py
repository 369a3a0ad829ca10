"""What is asked of decryptors, whom, and what their answers mean. No sockets: transports are scripted."""

import json
from threading import Thread

import pytest

from libs.signing.keys import PrivateKey
from libs.signing.messages import Decrypt
from libs.signing.personal import is_signed_by
from services.catalogue.adapters.decryptor_http import Answer, HttpDecryptor, Nonces
from services.catalogue.chain_ports import SealedDocument
from services.catalogue.domain.opening import DecryptionFailed, DecryptionRefused
from tests.fakes.indexing import CHAIN_ID, address, digest

KEY = PrivateKey("0x" + "7" * 64)
PROVIDER, PUBLIC = "http://127.0.0.1:8041", "https://data.example.org"


class Transport:
    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.is_closed = False

    def post(self, url: str, body: bytes) -> Answer:
        self.asked.append((url, json.loads(body)))
        return self.answers.pop(0) if self.answers else Answer(201, b"document")

    def close(self) -> None:
        self.is_closed = True


def sealed(url: str = PUBLIC, *, alone: bool = True) -> SealedDocument:
    return SealedDocument(
        decryptor_url=url,
        chain_id=CHAIN_ID,
        nft_address=address("nft"),
        tx_hash=digest("tx"),
        alone=alone,
        flags=2,
        data="0x1234",
        document_hash=digest("document"),
    )


def decryptor(direct: Transport, guarded: Transport) -> HttpDecryptor:
    return HttpDecryptor(
        key=KEY, provider_url=PROVIDER + "/", public_urls=(PUBLIC + "/",), direct=direct, guarded=guarded
    )


@pytest.mark.parametrize(
    "url", [PUBLIC, PUBLIC + "/", "HTTPS://DATA.example.org:443", PROVIDER, "http://localhost:8041/"]
)
def test_our_own_urls_lead_straight_to_our_provider(url: str) -> None:
    direct, guarded = Transport(), Transport()
    asking = decryptor(direct, guarded)
    assert asking.lane(url) is None
    assert asking.open(sealed(url)) == b"document"
    assert direct.asked[0][0] == PROVIDER + "/api/services/decrypt"
    assert guarded.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.org",
        "https://data.example.org:444",
        "http://data.example.org",
        "https://data.example.org/elsewhere",
        "https://user@data.example.org",
        "https://data.example.org.evil.test",
    ],
)
def test_every_other_url_goes_through_the_guard(url: str) -> None:
    direct, guarded = Transport(), Transport()
    asking = decryptor(direct, guarded)
    assert asking.lane(url) is not None
    asking.open(sealed(url + "/"))
    assert guarded.asked[0][0] == url + "/api/services/decrypt"
    assert direct.asked == []


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "data.example.org", "file:///etc/passwd", "http:", "://", "x" * 99]
)
def test_what_is_no_http_url_is_refused_for_good(url: str) -> None:
    direct, guarded = Transport(), Transport()
    asking = decryptor(direct, guarded)
    asking.lane(url)
    with pytest.raises(DecryptionRefused):
        asking.open(sealed(url))
    assert direct.asked == guarded.asked == []


@pytest.mark.parametrize("alone", [True, False])
def test_the_request_is_signed_as_the_contract_says(alone: bool) -> None:
    direct = Transport()
    decryptor(direct, Transport()).open(sealed(alone=alone))
    _, body = direct.asked[0]
    reference = digest("tx") if alone else address("nft")
    text = Decrypt(reference, KEY.address, str(CHAIN_ID), str(body["nonce"])).text()
    assert is_signed_by(text, str(body["signature"]), KEY.address)
    assert body["chainId"] == CHAIN_ID
    assert body["decrypterAddress"] == KEY.address
    assert body["dataNftAddress"] == address("nft")
    if alone:
        assert body["transactionId"] == digest("tx")
        assert "encryptedDocument" not in body
    else:
        assert "transactionId" not in body
        assert (body["encryptedDocument"], body["flags"]) == ("0x1234", 2)
        assert body["documentHash"] == digest("document")


def test_nonces_rise_strictly_even_when_the_clock_stands_or_goes_back() -> None:
    ticks = iter([100, 100, 99, 50, 200])
    nonces = Nonces(lambda: next(ticks))
    assert [int(nonces.next()) for _ in range(5)] == [100, 101, 102, 103, 200]


def test_nonces_of_many_threads_are_all_different() -> None:
    nonces = Nonces(lambda: 1)
    found: list[str] = []

    def take() -> None:
        found.extend(nonces.next() for _ in range(200))

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 800


def test_a_nonce_that_another_indexer_overtook_is_replaced() -> None:
    late = Answer(
        400, b'{"errors":{"signature":"Invalid signature expected nonce (9) > current nonce (8)."}}'
    )
    direct = Transport(late, late)
    assert decryptor(direct, Transport()).open(sealed()) == b"document"
    sent = [int(str(body["nonce"])) for _, body in direct.asked]
    assert sent == sorted(set(sent))
    assert len(sent) == 3


def test_nonces_are_not_fought_over_for_ever() -> None:
    late = Answer(400, b'{"error":"nonce too low"}')
    direct = Transport(*[late] * 10)
    with pytest.raises(DecryptionFailed):
        decryptor(direct, Transport()).open(sealed())
    assert len(direct.asked) == 3


def test_403_is_a_refusal_for_good_and_names_the_reason() -> None:
    direct = Transport(Answer(403, b'{"error":"Asset revoked"}'))
    with pytest.raises(DecryptionRefused) as refused:
        decryptor(direct, Transport()).open(sealed())
    assert refused.value.reason == "The decryptor refused: Asset revoked"


@pytest.mark.parametrize("status", [204, 301, 302, 400, 401, 404, 429, 500, 502, 503])
def test_other_answers_are_tried_again(status: int) -> None:
    direct = Transport(Answer(status, b"x"))
    with pytest.raises(DecryptionFailed) as failed:
        decryptor(direct, Transport()).open(sealed())
    assert failed.value.reachable


def test_a_document_that_is_too_long_or_too_slow_is_tried_again() -> None:
    direct = Transport(Answer(201, None))
    with pytest.raises(DecryptionFailed):
        decryptor(direct, Transport()).open(sealed())


@pytest.mark.parametrize(
    "body",
    [
        b"<html>secret</html>",
        b'{"error":"see https://internal.host/secret"}',
        b'{"error":"' + b"secret" * 100 + b'"}',
        b'{"error":{"secret":1}}',
        b'{"error":"secret\\u0000"}',
        b"[" * 100_000,
    ],
)
def test_strange_reasons_are_not_passed_on(body: bytes) -> None:
    direct = Transport(Answer(403, body))
    with pytest.raises(DecryptionRefused) as refused:
        decryptor(direct, Transport()).open(sealed())
    assert "secret" not in refused.value.reason


def test_a_public_url_that_is_none_opens_no_door() -> None:
    direct, guarded = Transport(), Transport()
    asking = HttpDecryptor(key=KEY, provider_url=PROVIDER, public_urls=("/",), direct=direct, guarded=guarded)
    assert asking.lane("not a url") is not None
    with pytest.raises(DecryptionRefused):
        asking.open(sealed("not a url"))
    assert direct.asked == []


def test_closing_hangs_up() -> None:
    direct, guarded = Transport(), Transport()
    decryptor(direct, guarded).close()
    assert direct.is_closed
    assert guarded.is_closed
