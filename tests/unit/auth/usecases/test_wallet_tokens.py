import threading
from dataclasses import replace
from typing import Any

import pytest

from libs.signing import tokens
from libs.signing.errors import MalformedAddress
from libs.signing.keys import CURVE_ORDER
from libs.signing.personal import sign_text
from services.auth.domain.errors import LedgerUnavailable, StoreUnavailable
from services.auth.domain.tokens import ExpirationPassed, TokenInvalid, TokenOutlived, TokenRevoked
from services.auth.domain.wallets import (
    MalformedNonce,
    NonceTooLow,
    SignatureRefused,
    SignedRequest,
    UnsupportedChain,
)
from services.auth.usecases.wallet_tokens import PURGE_AFTER_SECONDS
from tests.fakes.auth_world import DAY, ISSUER, OTHER_WALLET, WALLET, World, signed

A = WALLET.address
CONTRACT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"


@pytest.fixture
def world() -> World:
    return World()


def claims(world: World, token: str) -> dict[str, Any]:
    return tokens.verify(token, world.keyring.current().verifying)


def test_create_gives_a_token_of_the_signer(world: World) -> None:
    found = claims(world, world.tokens.create(signed("7"), world.soon))
    assert found["address"] == A
    assert found["sub"] == "eip155:" + A
    assert found["iss"] == ISSUER
    assert found["exp"] == int(world.soon)
    assert found["iat"] == int(world.clock.now())
    assert "chain_id" not in found
    assert world.ledger.stored == {A: "7"}


def test_address_claim_is_the_text_that_was_sent(world: World) -> None:
    token = world.tokens.create(signed("7", address=A.lower()), world.soon)
    assert claims(world, token)["address"] == A.lower()
    assert claims(world, token)["sub"] == "eip155:" + A
    assert world.tokens.introspect(token).belongs_to(A)


def test_same_request_data_gives_different_tokens(world: World) -> None:
    first, second = (world.tokens.create(signed(n), world.soon) for n in "12")
    assert claims(world, first)["jti"] != claims(world, second)["jti"]


def test_lifetime_is_capped_by_the_setting(world: World) -> None:
    token = world.tokens.create(signed("7"), str(10**17))
    assert claims(world, token)["exp"] == int(world.clock.now()) + 30 * DAY


def test_expiration_in_the_past_uses_up_no_nonce(world: World) -> None:
    for expiration in ("0", "-1", str(int(world.clock.now()))):
        with pytest.raises(ExpirationPassed):
            world.tokens.create(signed("7"), expiration)
    assert world.ledger.asked == []


def test_captured_request_cannot_be_used_again(world: World) -> None:
    """Contract 12 row 4: one captured URL minted tokens of any lifetime."""
    request = signed("7")
    world.tokens.create(request, world.soon)
    for expiration in (world.soon, str(int(world.soon) + DAY)):
        with pytest.raises(NonceTooLow) as caught:
            world.tokens.create(request, expiration)
        assert (caught.value.stored, caught.value.sent) == ("7", "7")


def test_captured_create_request_cannot_delete_a_token(world: World) -> None:
    request = signed("7")
    token = world.tokens.create(request, world.soon)
    with pytest.raises(NonceTooLow):
        world.tokens.delete(request, token)
    assert world.tokens.introspect(token)


def test_other_spelling_of_the_address_opens_no_fresh_counter(world: World) -> None:
    """Contract 12 row 5."""
    world.tokens.create(signed("7"), world.soon)
    with pytest.raises(NonceTooLow):
        world.tokens.create(signed("7", address=A.lower()), world.soon)


@pytest.mark.parametrize("nonce", ["6", "7", "7.0", "07", "6.999"])
def test_equal_or_lower_nonce_is_refused(world: World, nonce: str) -> None:
    world.tokens.create(signed("7"), world.soon)
    with pytest.raises(NonceTooLow):
        world.tokens.create(signed(nonce), world.soon)


@pytest.mark.parametrize("nonce", ["", "x", "1e5", "nan", "-1", " 7"])
def test_malformed_nonce_is_refused_before_anything_is_asked(world: World, nonce: str) -> None:
    with pytest.raises(MalformedNonce):
        world.tokens.create(signed(nonce), world.soon)
    assert world.ledger.asked == []
    assert world.contracts.asked == []


@pytest.mark.parametrize("address", ["", "0x12", A + "0", A[2:], "0x" + "g" * 40])
def test_malformed_address_is_refused(world: World, address: str) -> None:
    with pytest.raises(MalformedAddress):
        world.tokens.create(signed("7", address=address), world.soon)
    assert world.ledger.asked == []


def _tampered() -> dict[str, SignedRequest]:
    good = signed("7")
    raw = good.signature
    high_s = CURVE_ORDER - int(raw[66:130], 16)
    return {
        "other nonce": replace(good, nonce="8"),
        "other address": replace(good, address=OTHER_WALLET.address),
        "other signer": replace(good, signature=sign_text(A + "7", OTHER_WALLET)),
        "cut": replace(good, signature=raw[:-1]),
        "empty": replace(good, signature=""),
        "flipped": replace(good, signature=raw[:10] + ("0" if raw[10] != "0" else "1") + raw[11:]),
        "high s": replace(good, signature=f"{raw[:66]}{high_s:064x}{'1b' if raw[-2:] == '1c' else '1c'}"),
        "download message": replace(good, signature=sign_text("did:op:" + "0" * 64 + "7", WALLET)),
        "no nonce in it": replace(good, signature=sign_text(A, WALLET)),
        "nonce first": replace(good, signature=sign_text("7" + A, WALLET)),
        "other spelling signed": replace(good, signature=sign_text(A.lower() + "7", WALLET)),
    }


@pytest.mark.parametrize("name", _tampered())
def test_forged_request_gets_nothing_and_uses_up_no_nonce(world: World, name: str) -> None:
    request = _tampered()[name]
    token = world.tokens.create(signed("1"), world.soon)
    with pytest.raises(SignatureRefused) as caught:
        world.tokens.create(request, world.soon)
    assert request.signature == "" or request.signature not in str(caught.value)
    with pytest.raises(SignatureRefused):
        world.tokens.delete(request, token)
    assert world.ledger.asked == [(A, "1")]


def test_bound_lifetime_is_accepted(world: World) -> None:
    token = world.tokens.create(signed("7", bind=world.soon), world.soon)
    assert claims(world, token)["exp"] == int(world.soon)
    assert world.ledger.stored == {A: "7"}


def test_bound_lifetime_cannot_be_changed(world: World) -> None:
    request = signed("7", bind=world.soon)
    with pytest.raises(SignatureRefused):
        world.tokens.create(request, str(int(world.soon) + DAY))
    assert world.ledger.asked == []


def test_bound_request_cannot_be_used_again(world: World) -> None:
    request = signed("7", bind=world.soon)
    world.tokens.create(request, world.soon)
    with pytest.raises(NonceTooLow):
        world.tokens.create(request, world.soon)


def test_bound_request_read_as_a_longer_nonce_mints_no_second_token(world: World) -> None:
    """No separators: A + 1700003600 + 7 is also A + 17000036007, whose nonce is far above the stored 7."""
    request = signed("7", bind=world.soon)
    world.tokens.create(request, world.soon)
    reread = replace(request, nonce=world.soon + "7")
    for expiration in (world.soon, str(int(world.soon) + DAY)):
        with pytest.raises(SignatureRefused):
            world.tokens.create(reread, expiration)
    with pytest.raises(SignatureRefused):
        world.tokens.delete(reread, "any")
    assert world.ledger.stored == {A: "7"}, "a replayed text must not lift the counter either"
    world.clock.time += 2 * 3600
    with pytest.raises(SignatureRefused):
        world.tokens.create(reread, world.soon)


def test_bound_request_cannot_be_split_elsewhere(world: World) -> None:
    request = signed("75", bind=world.soon)
    world.tokens.create(request, world.soon)
    with pytest.raises(NonceTooLow):
        world.tokens.create(replace(request, nonce="5"), world.soon + "7")


def test_bound_text_is_spent_once_even_where_the_ledger_forgot(world: World) -> None:
    request = signed("7", bind=world.soon)
    world.tokens.create(request, world.soon)
    world.ledger.stored.clear()
    with pytest.raises(SignatureRefused):
        world.tokens.create(request, world.soon)


def test_long_clock_nonces_still_work(world: World) -> None:
    for nonce in ("1700000000250", "1700000000250.5", "1700000000250000000"):
        assert world.tokens.create(signed(nonce), world.soon)


def test_bound_message_is_no_delete_signature(world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    with pytest.raises(SignatureRefused):
        world.tokens.delete(signed("7", bind=world.soon), token)


def test_fifty_simultaneous_uses_make_one_token() -> None:
    for bind in (False, True):
        world = World()
        request = signed("7", bind=world.soon if bind else "")
        made: list[str] = []
        refused: list[Exception] = []
        barrier = threading.Barrier(50)

        def use(
            world: World = world,
            request: SignedRequest = request,
            made: list[str] = made,
            refused: list[Exception] = refused,
            barrier: threading.Barrier = barrier,
        ) -> None:
            barrier.wait()
            try:
                made.append(world.tokens.create(request, world.soon))
            except (NonceTooLow, SignatureRefused) as error:
                refused.append(error)

        threads = [threading.Thread(target=use) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1
        assert len(refused) == 49


def test_ledger_that_cannot_be_asked_means_no_token(world: World) -> None:
    world.ledger.is_down = True
    with pytest.raises(LedgerUnavailable):
        world.tokens.create(signed("7"), world.soon)


def test_contract_wallet_gets_a_token_bound_to_its_chain(world: World) -> None:
    world.contracts.accepts[CONTRACT.lower()] = {(CONTRACT + "7", "0x0102")}
    token = world.tokens.create(SignedRequest(CONTRACT, "7", "0x0102", 8996), world.soon)
    assert claims(world, token)["chain_id"] == 8996
    assert world.tokens.introspect(token).chain_id == 8996
    assert world.ledger.stored == {CONTRACT: "7"}


def test_contract_wallet_may_bind_the_lifetime(world: World) -> None:
    world.contracts.accepts[CONTRACT.lower()] = {(CONTRACT + world.soon + "7", "0x0102")}
    request = SignedRequest(CONTRACT, "7", "0x0102")
    assert claims(world, world.tokens.create(request, world.soon))["chain_id"] == 8996
    with pytest.raises(SignatureRefused):
        world.tokens.create(replace(request, nonce="8"), world.soon)


def test_contract_wallet_on_an_unknown_chain_is_refused(world: World) -> None:
    with pytest.raises(UnsupportedChain):
        world.tokens.create(SignedRequest(CONTRACT, "7", "0x0102", 1), world.soon)
    assert world.ledger.asked == []


def test_plain_accounts_never_cost_a_question_to_the_chain(world: World) -> None:
    world.contracts.is_down = True
    assert world.tokens.create(signed("7"), world.soon)
    assert world.contracts.asked == []


def test_deleted_token_no_longer_counts(world: World) -> None:
    token, kept = (world.tokens.create(signed(n), world.soon) for n in "12")
    assert world.tokens.introspect(token).address == A
    world.tokens.delete(signed("3"), token)
    with pytest.raises(TokenRevoked):
        world.tokens.introspect(token)
    assert world.tokens.introspect(kept)


def test_token_is_deleted_once(world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.tokens.delete(signed("2"), token)
    with pytest.raises(TokenRevoked):
        world.tokens.delete(signed("3"), token)


def test_creating_again_does_not_revive_a_deleted_token(world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.tokens.delete(signed("2"), token)
    fresh = world.tokens.create(signed("3"), world.soon)
    assert world.tokens.introspect(fresh)
    with pytest.raises(TokenRevoked):
        world.tokens.introspect(token)


def test_somebody_elses_token_cannot_be_deleted(world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    with pytest.raises(TokenInvalid):
        world.tokens.delete(signed("1", OTHER_WALLET), token)
    assert world.tokens.introspect(token)


def test_expired_token_is_told_apart(world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.clock.time += 3600
    with pytest.raises(TokenOutlived):
        world.tokens.introspect(token)
    with pytest.raises(TokenOutlived):
        world.tokens.delete(signed("2"), token)
    with pytest.raises(TokenInvalid):
        world.tokens.delete(signed("2", OTHER_WALLET), token)


def test_other_spelling_of_a_token_is_no_token(world: World) -> None:
    """Contract 12.1 row 33: neither before nor after its deletion."""
    token = world.tokens.create(signed("1"), world.soon)
    nonce = 2
    for deleted in (False, True):
        for spelling in (token + "=", token + "\n", " " + token, token.replace(".", ".\n", 1), token + "."):
            with pytest.raises(TokenInvalid):
                world.tokens.introspect(spelling)
            with pytest.raises(TokenInvalid):
                world.tokens.delete(signed(str(nonce)), spelling)
            nonce += 1
        if not deleted:
            world.tokens.delete(signed(str(nonce)), token)
            nonce += 1


def test_service_token_is_no_auth_token(world: World) -> None:
    service = world.service_tokens.mint("provider")
    with pytest.raises(TokenInvalid):
        world.tokens.introspect(service)
    with pytest.raises(TokenInvalid):
        world.tokens.delete(signed("1"), service)


def test_token_of_a_foreign_key_is_invalid(world: World) -> None:
    real = claims(world, world.tokens.create(signed("1"), world.soon))
    with pytest.raises(TokenInvalid):
        world.tokens.introspect(tokens.issue(real, tokens.new_key(), {}))


@pytest.mark.parametrize(
    "issued", [{"iat": 1_800_000_000}, {"nbf": 1_800_000_000}, {"exp": None}, {"exp": "9"}]
)
def test_token_with_odd_times_is_invalid(world: World, issued: dict[str, Any]) -> None:
    real = claims(world, world.tokens.create(signed("1"), world.soon))
    odd = tokens.issue({**real, **issued}, world.keyring.current().signing, {})
    with pytest.raises(TokenInvalid):
        world.tokens.introspect(odd)


def test_revocation_that_cannot_be_checked_is_never_a_yes(world: World) -> None:
    token = world.tokens.create(signed("1"), world.soon)
    world.store.is_down = True
    with pytest.raises(StoreUnavailable):
        world.tokens.introspect(token)
    with pytest.raises(StoreUnavailable):
        world.tokens.delete(signed("2"), token)


def test_deleting_forgets_what_has_long_expired(world: World) -> None:
    old = world.tokens.create(signed("1"), world.soon)
    world.tokens.delete(signed("2"), old)
    world.clock.time += 3600 + PURGE_AFTER_SECONDS + 1
    token = world.tokens.create(signed("3"), world.soon)
    world.tokens.delete(signed("4"), token)
    assert list(world.store.revoked) == [claims(world, token)["jti"]]
    with pytest.raises(TokenOutlived):
        world.tokens.introspect(old)
