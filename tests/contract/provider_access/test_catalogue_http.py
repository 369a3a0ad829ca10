"""The catalogue adapter against a scripted catalogue: fresh, cheap when nothing changed, bounded."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from libs.web.internal_client import InternalClient
from services.provider.adapters.catalogue_http import DDO_PATH, MAX_DOCUMENT_BYTES, CatalogueHttp
from services.provider.domain.asset import CatalogueUnavailable, MalformedAsset
from tests.fakes.ddos import DID, ddo
from tests.fakes.origin import Exchange, Origin, endless, lying_length, raw, reply, silent

pytestmark = pytest.mark.clause("ocean 7.1")

PATH = DDO_PATH + DID


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def catalogue(origin: Origin, **settings: Any) -> CatalogueHttp:
    return CatalogueHttp(InternalClient(origin.url("/"), "catalogue", None, 2.0), **settings)


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def revisions(origin: Origin, *documents: dict[str, Any]) -> list[int]:
    """Serve the documents one after the other, each with an ETag; returns the statuses as they are sent."""
    sent: list[int] = []
    current = {"at": 0}

    def script(exchange: Exchange) -> None:
        document = documents[min(current["at"], len(documents) - 1)]
        etag = f'"{current["at"]}"'
        same = exchange.request.headers.get("if-none-match") == etag
        sent.append(304 if same else 200)
        exchange.respond(sent[-1], {"ETag": etag}, b"" if same else body(document))
        if same:
            current["at"] += 1

    origin.route(PATH, script)
    return sent


def test_an_unchanged_asset_is_asked_about_and_not_parsed_again(origin: Origin) -> None:
    sent = revisions(origin, ddo())
    source = catalogue(origin)
    first, second = source.find(DID), source.find(DID)
    assert sent == [200, 304]
    assert second is first


def test_a_document_changed_while_others_ask_is_seen_by_who_asks_then(origin: Origin) -> None:
    begun, gate, current = threading.Semaphore(0), threading.Event(), ["Old"]

    def script(exchange: Exchange) -> None:
        document = ddo(metadata={"name": current[0]})
        begun.release()
        assert gate.wait(10)
        exchange.respond(200, {"ETag": f'"{current[0]}"'}, body(document))

    origin.route(PATH, script)
    source, told = catalogue(origin), []

    def ask() -> None:
        asset = source.find(DID)
        assert asset is not None
        told.append(asset.metadata["name"])

    first = threading.Thread(target=ask)
    first.start()
    assert begun.acquire(timeout=10)
    current[0] = "New"
    later = [threading.Thread(target=ask) for _ in range(4)]
    for thread in later:
        thread.start()
    gate.set()
    for thread in (first, *later):
        thread.join(10)
    assert sorted(told) == ["New", "New", "New", "New", "Old"]


def test_a_changed_document_is_seen_with_the_next_question(origin: Origin) -> None:
    revisions(origin, ddo(), ddo(metadata={"name": "Renamed"}))
    source = catalogue(origin)
    names = [asset.metadata["name"] for _ in range(3) if (asset := source.find(DID)) is not None]
    assert names == ["Sample", "Sample", "Renamed"]


def test_without_an_etag_nothing_is_kept(origin: Origin) -> None:
    origin.route(PATH, reply(200, {}, body(ddo())))
    source = catalogue(origin)
    assert source.find(DID) is not source.find(DID)


def test_what_is_kept_is_bounded(origin: Origin) -> None:
    sent = revisions(origin, ddo())
    source = catalogue(origin, cached_bytes=10)
    source.find(DID)
    source.find(DID)
    assert sent == [200, 200]


@pytest.mark.parametrize("status", [400, 404, 410])
def test_no_such_asset(origin: Origin, status: int) -> None:
    origin.route(PATH, reply(status, {}, b'{"error":"no"}'))
    assert catalogue(origin).find(DID) is None


@pytest.mark.parametrize(
    "did", ["", "did:op:1", "did:op:" + "0" * 63 + "/", "../../admin", "did:op:" + "A" * 64]
)
def test_what_is_no_did_is_not_asked_about(origin: Origin, did: str) -> None:
    assert catalogue(origin).find(did) is None
    assert origin.requests == []


@pytest.mark.parametrize("status", [204, 301, 401, 429, 500, 503])
def test_other_answers_say_nothing_about_the_asset(origin: Origin, status: int) -> None:
    origin.route(PATH, reply(status, {"Location": "http://127.0.0.1:1/"}, b""))
    with pytest.raises(CatalogueUnavailable) as trouble:
        catalogue(origin).find(DID)
    assert not trouble.value.timed_out


@pytest.mark.parametrize("text", [b"", b"{", b"<html>", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json_says_nothing_about_the_asset(origin: Origin, text: bytes) -> None:
    origin.route(PATH, reply(200, {}, text))
    with pytest.raises(CatalogueUnavailable):
        catalogue(origin).find(DID)


@pytest.mark.parametrize("document", [[], None, "x", {}, ddo(chainId=1)])
def test_json_that_is_no_such_asset_is_malformed(origin: Origin, document: object) -> None:
    origin.route(PATH, reply(200, {}, body(document)))
    with pytest.raises(MalformedAsset):
        catalogue(origin).find(DID)


def test_a_huge_document_is_refused(origin: Origin) -> None:
    origin.route(PATH, reply(200, {}, b" " * (MAX_DOCUMENT_BYTES + 1)))
    with pytest.raises(MalformedAsset, match="too large"):
        catalogue(origin).find(DID)


def test_half_a_document_is_no_answer(origin: Origin) -> None:
    whole = body(ddo())
    origin.route(PATH, lying_length(whole, len(whole) + 10))
    with pytest.raises(CatalogueUnavailable):
        catalogue(origin).find(DID)


def test_an_endless_document_ends(origin: Origin) -> None:
    origin.route(PATH, endless())
    with pytest.raises(CatalogueUnavailable):
        catalogue(origin).find(DID)


def test_a_silent_catalogue_is_a_time_out(origin: Origin) -> None:
    origin.route(PATH, silent())
    source = CatalogueHttp(InternalClient(origin.url("/"), "catalogue", None, 0.2))
    with pytest.raises(CatalogueUnavailable) as trouble:
        source.find(DID)
    assert trouble.value.timed_out


def test_garbage_and_a_closed_port_are_no_answer(origin: Origin) -> None:
    origin.route(PATH, raw(b"SSH-2.0-x\r\n\r\n"))
    with pytest.raises(CatalogueUnavailable):
        catalogue(origin).find(DID)
    closed = CatalogueHttp(InternalClient("http://127.0.0.1:1", "catalogue", None, 0.5))
    with pytest.raises(CatalogueUnavailable):
        closed.find(DID)
