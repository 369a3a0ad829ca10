"""What a signed EIP-4361 text proves, once; and everything that it does not."""

import threading
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from libs.signing.date_times import date_time_of
from libs.signing.keys import PrivateKey
from libs.signing.siwe import parse_siwe
from services.auth.domain.errors import LedgerUnavailable
from services.auth.domain.people import Person, PersonState
from services.auth.domain.sign_in import (
    ForeignSignIn,
    MalformedChallenge,
    MalformedSignIn,
    NonceRefused,
    ProvenWallet,
    SignatureWrong,
    SignInEarly,
    SignInOutlived,
    SignInRefused,
    site_of,
)
from services.auth.domain.wallets import UnsupportedChain
from tests.fakes.auth_siwe import ISSUER, SignInWorld, changed, other_spelling, signed

KEY = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")
OTHER = PrivateKey("0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215")
A = KEY.address
CONTRACT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
ALICE = Person(
    id="a" * 32,
    username="alice",
    display_name="Alice",
    email=None,
    state=PersonState.ACTIVE,
    is_admin=False,
    version=1,
    created_at=0.0,
)


@pytest.fixture
def world() -> SignInWorld:
    return SignInWorld()


def prove(world: SignInWorld, text: str, key: PrivateKey = KEY, **options: Any) -> ProvenWallet:
    return world.sign_in.wallet(text, signed(text, key), **options)


def test_the_challenge_says_who_where_and_until_when(world: SignInWorld) -> None:
    challenge = world.sign_in.challenge(A.lower())
    assert challenge.text == (
        "gateway.test:8030 wants you to sign in with your Ethereum account:\n"
        f"{A}\n\n"
        "Sign in to Tidegate.\n\n"
        f"URI: {ISSUER}\n"
        "Version: 1\n"
        "Chain ID: 8996\n"
        f"Nonce: {challenge.nonce}\n"
        "Issued At: 2023-11-14T22:13:20Z\n"
        "Expiration Time: 2023-11-14T22:18:20Z"
    )
    assert (challenge.address, challenge.chain_id, challenge.expires_at) == (A, 8996, 1_700_000_300)
    assert len(challenge.nonce) == 32
    assert world.sign_in.challenge(A).nonce != challenge.nonce
    assert parse_siwe(world.sign_in.challenge(A, 1).text).chain_id == 1
    assert parse_siwe(world.sign_in.challenge(A, domain="dapp.example").text).domain == "dapp.example"


def test_challenges_that_cannot_be(world: SignInWorld) -> None:
    for address in ("", "me", A[:-1], A + "0", A + "\n"):
        with pytest.raises(MalformedChallenge) as caught:
            world.sign_in.challenge(address)
        assert caught.value.field == "address"
    with pytest.raises(MalformedChallenge) as caught:
        world.sign_in.challenge(A, domain="evil.example")
    assert caught.value.field == "domain"
    with pytest.raises(UnsupportedChain):
        world.sign_in.challenge(A, 5)
    world.chains.is_down = True
    with pytest.raises(LedgerUnavailable):
        world.sign_in.challenge(A)
    assert world.nonces.rows == {}


def test_a_signed_challenge_proves_its_wallet_once(world: SignInWorld) -> None:
    text = world.sign_in.challenge(A).text
    assert prove(world, text) == ProvenWallet(address=A, chain_id=8996, is_contract=False)
    with pytest.raises(NonceRefused):
        prove(world, text)
    assert world.contracts.asked_texts == []


def test_of_simultaneous_uses_one_is_a_proof(world: SignInWorld) -> None:
    text = world.sign_in.challenge(A).text
    results: list[str] = []
    barrier = threading.Barrier(20)

    def use() -> None:
        barrier.wait()
        try:
            prove(world, text)
            results.append("proof")
        except NonceRefused:
            results.append("refused")

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(results) == {"proof": 1, "refused": 19}


def test_a_text_that_a_dapp_wrote_around_our_nonce_will_do(world: SignInWorld) -> None:
    nonce = world.sign_in.challenge(A).nonce
    text = (
        f"dapp.example wants you to sign in with your Ethereum account:\n{A}\n\n\n"
        f"URI: {ISSUER}/\nVersion: 1\nChain ID: 1\nNonce: {nonce}\n"
        f"Issued At: {date_time_of(world.clock.now())}\nRequest ID: 7\nResources:\n- did:op:1"
    )
    with pytest.raises(ForeignSignIn):
        prove(world, text)
    found = prove(world, text, own_pages_only=False)
    assert found == ProvenWallet(address=A, chain_id=1, is_contract=False)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"domain": "evil.example"}, ForeignSignIn),
        ({"domain": "gateway.test"}, ForeignSignIn),
        ({"domain": "user@gateway.test:8030"}, ForeignSignIn),
        ({"domain": "gateway.test.evil.example"}, ForeignSignIn),
        ({"domain": "GATEWAY.test:8030"}, ForeignSignIn),
        ({"domain": "dapp.example"}, ForeignSignIn),
        ({"scheme": "https"}, ForeignSignIn),
        ({"scheme": "HTTP"}, ForeignSignIn),
        ({"uri": "https://evil.example/"}, ForeignSignIn),
        ({"uri": "http://gateway.test"}, ForeignSignIn),
        ({"uri": ISSUER + "0/"}, ForeignSignIn),
        ({"uri": ISSUER.replace("http", "https")}, ForeignSignIn),
        ({"uri": ISSUER + "@evil.example/"}, ForeignSignIn),
        ({"uri": ISSUER + "/tidegate/v1/me/wallets"}, ForeignSignIn),
        ({"chain_id": 5}, UnsupportedChain),
        ({"chain_id": 0}, UnsupportedChain),
        ({"nonce": "0" * 32}, NonceRefused),
        ({"expiration_time": "2023-11-14T22:13:20Z"}, SignInOutlived),
        ({"expiration_time": "1970-01-01T00:00:00Z"}, SignInOutlived),
        ({"issued_at": "2023-11-14T22:07:19Z"}, SignInOutlived),
        ({"issued_at": "2023-11-14T22:14:21Z"}, SignInEarly),
        ({"issued_at": "2026-11-14T22:14:21Z", "expiration_time": None}, SignInEarly),
        ({"not_before": "2023-11-14T22:13:21Z"}, SignInEarly),
    ],
)
def test_what_was_signed_for_something_else_proves_nothing(
    world: SignInWorld, fields: dict[str, Any], error: type[Exception]
) -> None:
    text = world.sign_in.challenge(A).text
    with pytest.raises(error):
        prove(world, changed(text, **fields))
    assert prove(world, text).address == A, "the honest text is still good"


@pytest.mark.parametrize(
    "fields",
    [
        {"scheme": "http"},
        {"uri": ISSUER + "/"},
        {"uri": ISSUER + "/login?next=a#b"},
        {"statement": None},
        {"statement": "Something else."},
        {"expiration_time": None},
        {"issued_at": "2023-11-14T22:07:21Z"},
        {"issued_at": "2023-11-14T22:14:20Z"},
        {"not_before": "2023-11-14T22:13:20Z"},
    ],
)
def test_what_a_wallet_or_page_may_write_otherwise(world: SignInWorld, fields: dict[str, Any]) -> None:
    assert prove(world, changed(world.sign_in.challenge(A).text, **fields)).address == A


def test_a_challenge_ends_after_five_minutes(world: SignInWorld) -> None:
    text = world.sign_in.challenge(A).text
    without_end = changed(text, expiration_time=None)
    world.clock.time += 299
    fresh = world.sign_in.challenge(A).text
    world.clock.time += 1.5
    with pytest.raises(SignInOutlived):
        prove(world, text)
    with pytest.raises(NonceRefused):
        prove(world, without_end)
    assert prove(world, fresh).address == A


def test_signatures_of_others_prove_nothing_and_cost_nothing(world: SignInWorld) -> None:
    text = world.sign_in.challenge(A, 1).text
    good = signed(text, KEY)
    for signature in (
        signed(text, OTHER),
        signed(text + " ", KEY),
        other_spelling(good),
        good[:-2],
        good + "00",
        "0x",
        "",
        "\ud800",
        "0x" + "0" * 130,
    ):
        with pytest.raises(SignatureWrong) as caught:
            world.sign_in.wallet(text, signature)
        assert caught.value.chain_id == 8996
    assert world.sign_in.wallet(text, good).address == A
    assert world.contracts.asked_texts == []


def test_smart_accounts_are_asked_on_the_first_chain_once_for_each_nonce(world: SignInWorld) -> None:
    text = world.sign_in.challenge(CONTRACT).text
    world.contracts.accepts_texts[CONTRACT.lower()] = {(text, "0x01")}
    found = world.sign_in.wallet(text, "0x01")
    assert found == ProvenWallet(address=CONTRACT, chain_id=8996, is_contract=True)
    with pytest.raises(NonceRefused):
        world.sign_in.wallet(text, "0x01")
    with pytest.raises(NonceRefused):
        world.sign_in.wallet(changed(text, nonce="0" * 32), "0x01")
    refused = world.sign_in.challenge(CONTRACT).text
    with pytest.raises(SignatureWrong):
        world.sign_in.wallet(refused, "0x02")
    with pytest.raises(NonceRefused):
        world.sign_in.wallet(refused, "0x02")
    assert world.contracts.asked_texts == [(CONTRACT, 8996)] * 2


def test_a_smart_account_of_another_chain_is_somebody_else(world: SignInWorld) -> None:
    text = world.sign_in.challenge(CONTRACT, 1).text
    world.contracts.accepts_texts[CONTRACT.lower()] = {(text, "0x01")}
    world.contracts.chain_id = 1
    with pytest.raises(SignatureWrong):
        world.sign_in.wallet(text, "0x01")
    assert world.contracts.asked_texts == []


def test_what_cannot_be_asked_is_no_proof(world: SignInWorld) -> None:
    text = world.sign_in.challenge(CONTRACT).text
    world.contracts.is_down = True
    with pytest.raises(LedgerUnavailable):
        world.sign_in.wallet(text, "0x01")


@pytest.mark.parametrize("text", ["", "hello", "\0", "\ud800", "x" * 100_000, "\n" * 20])
def test_texts_of_no_shape(world: SignInWorld, text: str) -> None:
    with pytest.raises(MalformedSignIn):
        world.sign_in.wallet(text, "0x01")
    with pytest.raises(MalformedSignIn):
        world.sign_in.wallet_to_link(ALICE, text, "0x01")


def test_linking_is_signed_for_one_person_and_one_text(world: SignInWorld) -> None:
    text = world.sign_in.link_challenge(ALICE, A).text
    message = parse_siwe(text)
    assert message.statement == (
        "Link this wallet to the Tidegate account alice: what the wallet owns there becomes its own."
    )
    assert message.uri == ISSUER + "/tidegate/v1/me/wallets"
    bob = replace(ALICE, id="b" * 32, username="bob")
    for person, changes in (
        (bob, {}),
        (ALICE, {"statement": "Sign in to Tidegate."}),
        (ALICE, {"address": OTHER.address}),
        (ALICE, {"chain_id": 1}),
        (ALICE, {"scheme": "http"}),
        (replace(ALICE, id="c" * 32), {}),
    ):
        other = changed(text, **changes)
        with pytest.raises(NonceRefused):
            world.sign_in.wallet_to_link(person, other, signed(other, OTHER if "address" in changes else KEY))
    assert world.sign_in.wallet_to_link(ALICE, text, signed(text, KEY)).address == A
    with pytest.raises(NonceRefused):
        world.sign_in.wallet_to_link(ALICE, text, signed(text, KEY))


def test_a_text_for_linking_signs_nobody_in_and_the_other_way_round(world: SignInWorld) -> None:
    link = world.sign_in.link_challenge(ALICE, A).text
    login = world.sign_in.challenge(A).text
    dressed = changed(link, uri=ISSUER, statement="Sign in to Tidegate.")
    as_link = changed(login, uri=ISSUER + "/tidegate/v1/me/wallets", statement=parse_siwe(link).statement)
    for text, own_pages_only in ((link, True), (link, False), (dressed, True), (as_link, True)):
        with pytest.raises(SignInRefused):
            prove(world, text, own_pages_only=own_pages_only)
    for text in (login, dressed, as_link):
        with pytest.raises(SignInRefused):
            world.sign_in.wallet_to_link(ALICE, text, signed(text, KEY))
    assert prove(world, login).address == A
    assert world.sign_in.wallet_to_link(ALICE, link, signed(link, KEY)).address == A


def test_sites() -> None:
    site = site_of("https://Gateway.test/base", ["http://localhost:3000"])
    assert site.pages == {"gateway.test": "https", "localhost:3000": "http"}
    assert site.domain == "gateway.test"
