"""Opening documents: retries, dead letters, lanes, hostile answers, asking again."""

import hashlib
import json
import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from services.catalogue.domain.errors import LeaseLost
from services.catalogue.domain.facts import EventKind, Lease, RetryEntry, RetryType, retry_id
from services.catalogue.domain.opening import (
    MAX_PLAIN_BYTES,
    DecryptionFailed,
    DecryptionRefused,
    DocumentRefused,
    decompress,
)
from services.catalogue.domain.sightings import ChainUnavailable
from services.catalogue.indexer.settings import RetrySettings
from tests.fakes.indexing import STRANGER_URL, T0, Emitted, Publication, Rig, digest, out_of_reach


def sealed(name: str = "alpha", url: str = "http://provider.test") -> Publication:
    return Publication(name, flags=2, decryptor_url=url)


def tx_of(rig: Rig, block: int) -> str:
    return rig.chain.blocks_[block].sightings[0].tx_hash


# -- trying again ------------------------------------------------------------------------------------


def test_a_failed_document_is_tried_again_with_growing_pauses(rig: Rig) -> None:
    asset = sealed()
    rig.decryptor.always = DecryptionFailed("The decryptor answered 500: no reason given.")
    rig.chain.mine(*asset.published())
    pauses = []
    for attempt in range(14):
        rig.settle()
        (entry,) = rig.queue()
        assert entry.attempts == attempt + 1
        pauses.append(entry.next_at - rig.clock.time)
        rig.clock.time = entry.next_at
    assert pauses == [min(2.0 * 2**n, 3600.0) for n in range(14)]
    assert rig.state(asset) == (False, "The decryptor answered 500: no reason given.")
    rig.decryptor.always = None
    rig.settle()
    assert rig.state(asset) == (True, None)
    assert rig.queue() == []


def test_jitter_spreads_retries(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.opener._tools = replace(rig.opener._tools, jitter=lambda: 0.0)
    rig.decryptor.always = DecryptionFailed("no")
    rig.chain.mine(*sealed().published())
    rig.settle()
    assert rig.queue()[0].next_at == T0 + 1.0
    rig.stop()


def test_our_own_provider_is_asked_often_while_it_is_away(rig: Rig) -> None:
    asset = sealed()
    rig.decryptor.always = out_of_reach()
    rig.chain.mine(*asset.published())
    for _ in range(12):
        rig.settle()
        (entry,) = rig.queue()
        assert entry.next_at - rig.clock.time <= 10.0
        rig.clock.time = entry.next_at


def test_a_document_that_nobody_opens_becomes_a_dead_letter_that_is_seen_and_replayed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, retry=RetrySettings(dead_after_seconds=100))
    asset = sealed()
    rig.decryptor.always = DecryptionFailed("The decryptor answered 500: no reason given.")
    rig.chain.mine(*asset.published())
    rig.settle()
    rig.clock.time += 200
    rig.settle()
    with rig.index.unit() as unit:
        assert unit.queue_sizes(rig.chain.chain_id) == (0, 1)
    rig.clock.time += 10**6
    asked = len(rig.decryptor.asked)
    rig.settle()
    assert len(rig.decryptor.asked) == asked, "a dead letter is left alone"
    assert rig.state(asset) == (False, "The decryptor answered 500: no reason given.")
    rig.decryptor.always = None
    trigger(rig, tx_of(rig, 1))
    rig.settle()
    assert rig.asset(asset) is not None
    with rig.index.unit() as unit:
        assert unit.queue_sizes(rig.chain.chain_id) == (0, 0)
    rig.stop()


def test_many_waiting_documents_are_all_worked_on(rig: Rig) -> None:
    assets = [sealed(f"asset {number}") for number in range(30)]
    rig.loop._page = 7
    rig.chain.mine(*(event for asset in assets for event in asset.published()))
    rig.settle()
    assert len(rig.served()) == 30


def test_a_stranger_who_is_away_does_not_hold_up_our_own_documents(rig: Rig) -> None:
    strangers = [sealed(f"stranger {number}", STRANGER_URL) for number in range(25)]
    real = rig.decryptor.open

    def only_ours(document: object) -> bytes:
        if document.decryptor_url == STRANGER_URL:  # type: ignore[attr-defined]
            rig.decryptor.asked.append(document)  # type: ignore[arg-type]
            raise out_of_reach()
        return real(document)  # type: ignore[arg-type]

    rig.decryptor.open = only_ours  # type: ignore[method-assign]
    rig.chain.mine(*(event for asset in strangers for event in asset.published()))
    own = sealed("own")
    rig.chain.mine(*own.published())
    rig.settle()
    assert rig.asset(own) is not None
    assert len(rig.queue()) == 25
    # One question was enough to learn that the stranger is away; the rest waited without being tried.
    assert len([document for document in rig.decryptor.asked if document.decryptor_url == STRANGER_URL]) == 1


def test_a_document_that_we_cannot_digest_does_not_stop_the_others(rig: Rig) -> None:
    bad, good = sealed("bad"), sealed("good")
    real = rig.rules.problems

    def problems(document: object, **where: object) -> object:
        if document["metadata"]["name"] == "bad v1":  # type: ignore[index]
            raise ZeroDivisionError
        return real(document, **where)  # type: ignore[arg-type]

    rig.rules.problems = problems  # type: ignore[method-assign, assignment]
    rig.chain.mine(*bad.published())
    rig.chain.mine(*good.published())
    rig.settle()
    assert set(rig.served()) == {good.did}
    assert [entry.did for entry in rig.queue()] == [bad.did]


def test_a_chain_that_is_away_while_tokens_are_identified_only_delays(rig: Rig) -> None:
    asset = sealed()
    rig.chain.mine(*asset.creation()[:2], asset.metadata())  # the datatoken is older than the index
    away = [True]

    def token_identity(datatoken: str) -> None:
        if away[0]:
            raise ChainUnavailable("no node answers")

    rig.chain.token_identity = token_identity  # type: ignore[method-assign, assignment]
    rig.settle()
    assert rig.asset(asset) is None
    assert len(rig.queue()) == 1
    away[0] = False
    rig.clock.time += 60
    rig.settle()
    assert rig.asset(asset) is not None


# -- asking again (triggerCaching) -------------------------------------------------------------------


def trigger(rig: Rig, tx_hash: str, log_index: int | None = None) -> None:
    entry = RetryEntry(
        id=retry_id(RetryType.TX, rig.chain.chain_id, tx_hash, log_index),
        type=RetryType.TX,
        chain_id=rig.chain.chain_id,
        next_at=rig.clock.time,
        created_at=rig.clock.time,
        tx_hash=tx_hash,
        log_index=log_index,
    )
    with rig.index.unit() as unit:
        unit.enqueue(entry)


def test_a_refusal_is_asked_for_again_when_somebody_asks(rig: Rig) -> None:
    asset = sealed()
    rig.decryptor.always = DecryptionRefused("The decryptor refused: Decrypter not authorized")
    rig.chain.mine(*asset.published())
    rig.settle()
    rig.decryptor.always = None
    rig.clock.time += 10**6
    rig.settle()
    assert rig.asset(asset) is None
    trigger(rig, tx_of(rig, 1))
    rig.settle()
    assert rig.asset(asset) is not None
    assert rig.queue() == []


def test_log_index_zero_is_not_ignored(rig: Rig) -> None:
    one, two = sealed("one"), sealed("two")
    rig.decryptor.always = DecryptionRefused("no")
    rig.chain.mine(*one.creation(), *two.creation())
    rig.chain.mine(one.metadata(), two.metadata())
    rig.settle()
    rig.decryptor.always = None
    trigger(rig, tx_of(rig, 2), log_index=0)
    rig.settle()
    assert set(rig.served()) == {one.did}


def test_an_event_that_a_node_swallowed_is_brought_in_by_asking(rig: Rig, alpha: Publication) -> None:
    block = rig.chain.mine(*alpha.published())
    rig.chain.hidden.add(block.number)
    rig.chain.mine_empty(20)
    rig.settle()
    assert rig.asset(alpha) is None
    trigger(rig, tx_of(rig, 1))
    rig.settle()
    assert rig.asset(alpha) is not None


def test_an_asset_that_is_served_stays_when_somebody_asks_again(rig: Rig) -> None:
    asset = sealed()
    rig.chain.mine(*asset.published())
    rig.settle()
    rig.decryptor.always = DecryptionRefused("no")
    trigger(rig, tx_of(rig, 1))
    rig.settle()
    assert rig.asset(asset) is not None


def test_made_up_transactions_are_forgotten_after_a_few_attempts(rig: Rig) -> None:
    rig.settle()
    trigger(rig, digest("nothing"))
    for _ in range(6):
        rig.settle()
        rig.clock.time += 600
    assert rig.queue() == []
    assert rig.chain.calls["receipt"] == 5


def test_a_transaction_above_the_checkpoint_waits_for_it(rig: Rig, alpha: Publication) -> None:
    rig.settle()
    block = rig.chain.mine(*alpha.published())
    rig.chain.lagging_end = block.number
    trigger(rig, tx_of(rig, 1))
    rig.loop._share_out()
    assert rig.asset(alpha) is None
    rig.chain.lagging_end = None
    rig.clock.time += 60
    rig.settle()
    assert rig.asset(alpha) is not None
    assert rig.queue() == []


# -- who may write -----------------------------------------------------------------------------------


def test_an_indexer_that_slept_through_its_lease_writes_nothing(rig: Rig, alpha: Publication) -> None:
    rig.settle()
    rig.chain.mine(*alpha.published())
    rig.clock.time += 3600
    assert rig.index.claim(rig.lease.name, "second", now=rig.clock.time, seconds=15)
    rig.clock.time -= 3600  # the first one's clock stood still
    with pytest.raises(LeaseLost):
        rig.loop.one_pass()
    assert rig.served() == {}


def test_an_indexer_that_lost_its_lease_goes_on_when_it_is_free_again(rig: Rig, alpha: Publication) -> None:
    rig.settle()
    assert rig.index.claim(rig.lease.name, "second", now=rig.clock.time + 3600, seconds=15)
    rig.chain.mine(*alpha.published())
    rig.loop.safe_pass()
    assert not rig.loop.leads
    rig.index.release(rig.lease.name, "second")
    rig.settle()
    assert rig.asset(alpha) is not None


def test_a_document_of_a_replaced_block_is_not_stored(rig: Rig) -> None:
    asset = sealed()
    rig.chain.mine(*asset.published())
    rig.loop._hold_lease()
    rig.follower.step()
    (entry,) = rig.queue()
    real = rig.decryptor.open

    def slow(document: object) -> bytes:
        body = real(document)  # type: ignore[arg-type]
        rig.chain.drop(1)
        rig.chain.mine()
        rig.follower.step()
        return body

    rig.decryptor.open = slow  # type: ignore[method-assign]
    rig.opener.work(entry)
    assert rig.served() == {}
    assert rig.queue() == []


def test_a_lease_is_for_one_chain(rig: Rig) -> None:
    rig.settle()
    with rig.index.unit(rig.lease), pytest.raises(LeaseLost):
        raise LeaseLost("inner")
    with pytest.raises(LeaseLost), rig.index.unit(Lease("index:1", "first")):
        pass


# -- hostile documents -------------------------------------------------------------------------------


def test_a_decryptor_that_answers_something_else_is_not_believed(rig: Rig) -> None:
    asset = sealed()
    rig.decryptor.wrong = True
    rig.chain.mine(*asset.published())
    rig.settle()
    assert rig.asset(asset) is None
    assert "hash" in str((rig.state(asset) or ("", ""))[1])
    assert len(rig.queue()) == 1


def raw(publication: Publication, data: bytes, plain: bytes, flags: int) -> list[Emitted]:
    event = publication.metadata()
    payload = {
        **event.payload,
        "flags": f"0x{flags:02x}",
        "data": "0x" + data.hex(),
        "metaDataHash": "0x" + hashlib.sha256(plain).hexdigest(),
    }
    return [*publication.creation(), replace(event, payload=payload)]


@pytest.mark.parametrize("form", [lzma.FORMAT_XZ, lzma.FORMAT_ALONE])
def test_compressed_plain_documents_are_opened_without_asking(
    rig: Rig, alpha: Publication, form: int
) -> None:
    body = alpha.body()
    rig.chain.mine(*raw(alpha, lzma.compress(body, format=form), body, 1))
    rig.settle()
    assert rig.asset(alpha) is not None
    assert rig.decryptor.asked == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "hash|read|decompress"),
        (b"not lzma", "decompress"),
        (lzma.compress(b"{}")[:-5], "decompress"),
        (lzma.compress(b"{}") + b"more", "decompress"),
        (lzma.compress(b" " * (MAX_PLAIN_BYTES + 1)), "larger"),
    ],
)
def test_what_cannot_be_decompressed_is_refused(
    rig: Rig, alpha: Publication, data: bytes, reason: str
) -> None:
    rig.chain.mine(*raw(alpha, data, b"{}", 1))
    rig.settle()
    valid, error = rig.state(alpha) or (True, "")
    assert not valid
    assert any(word in str(error) for word in reason.split("|"))
    assert rig.queue() == []


def test_a_compression_bomb_is_cut_short() -> None:
    bomb = lzma.compress(b"\0" * 50_000_000, preset=0)
    assert len(bomb) < 10_000
    with pytest.raises(DocumentRefused):
        decompress(bomb)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{",
        b'{"a":NaN}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"id":1,"id":2}',
    ],
)
def test_bytes_that_are_no_document_are_refused(rig: Rig, alpha: Publication, body: bytes) -> None:
    rig.chain.mine(*raw(alpha, body, body, 0))
    rig.settle()
    valid, error = rig.state(alpha) or (True, "")
    assert not valid
    assert error
    assert rig.served() == {}
    assert rig.queue() == []


def test_a_datatoken_that_is_no_address_breaks_nothing(rig: Rig) -> None:
    class Odd(Publication):
        def document(self) -> dict[str, object]:
            document = super().document()
            document["services"][0]["datatokenAddress"] = "x" * 500
            return document

    odd = Odd("alpha")
    rig.chain.mine(*odd.published())
    rig.settle()
    asset = rig.asset(odd)
    assert asset is not None
    assert asset["stats"]["orders"] == 0


@pytest.mark.parametrize("flags", ["0x", "0x00", "0x04", "0xfc", "0x0100"])
def test_other_bits_of_flags_are_ignored(rig: Rig, alpha: Publication, flags: str) -> None:
    event = alpha.metadata()
    rig.chain.mine(*alpha.creation(), replace(event, payload={**event.payload, "flags": flags}))
    rig.settle()
    assert rig.asset(alpha) is not None


def test_an_asset_of_another_chain_is_refused(rig: Rig, alpha: Publication) -> None:
    elsewhere = replace(alpha, chain_id=1)
    rig.chain.mine(*raw(alpha, elsewhere.body(), elsewhere.body(), 0))
    rig.settle()
    assert rig.served() == {}


def test_errors_in_the_did_state_are_bounded(rig: Rig, alpha: Publication) -> None:
    rig.rules.found["alpha v1"] = {f"path {number}": "x" * 1000 for number in range(1000)}
    rig.chain.mine(*alpha.published())
    rig.settle()
    assert len(json.dumps(rig.state(alpha))) < 2500


def test_unknown_kinds_are_not_watched_by_accident() -> None:
    assert {kind.value for kind in EventKind} == {
        "NFTCreated",
        "Transfer",
        "MetadataCreated",
        "MetadataUpdated",
        "MetadataState",
        "MetadataValidated",
        "TokenURIUpdate",
        "TokenCreated",
        "OrderStarted",
        "ExchangeCreated",
        "ExchangeRateChanged",
        "DispenserCreated",
    }
