"""Who is let through, and that a nonce is used up exactly then. Source: contract sections 3, 4, 9."""

from typing import Any

import pytest

from libs.chain.errors import RpcUnavailable
from libs.signing.keys import PrivateKey
from libs.signing.personal import digests, sign_text
from services.provider.domain.callers import (
    AuthUnavailable,
    CredentialMissing,
    MalformedAddress,
    SignatureRefused,
    TokenRefused,
)
from services.provider.domain.nonces import MalformedNonce, NonceTooLow
from services.provider.ports import TokenHolder
from services.provider.usecases.authenticate import Authenticate
from tests.fakes.provider import CHAIN_ID, FakeChain, FakeChains, FakeTokens, MemoryLedger

pytestmark = pytest.mark.clause("ocean 3.1", "ocean 9")

ALICE = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")
MALLORY = PrivateKey("0x" + "11" * 32)
WALLET = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"


class World:
    def __init__(self) -> None:
        self.ledger, self.tokens, self.chain = MemoryLedger(), FakeTokens(), FakeChain()
        self.authenticate = Authenticate(self.ledger, self.tokens, FakeChains(self.chain))

    def caller(self, **changes: Any) -> str:
        asked: dict[str, Any] = {
            "address": ALICE.address,
            "messages": ["did:op:17"],
            "nonce": "7",
            "signature": sign_text("did:op:17", ALICE),
            "auth_token": None,
            "scope": "user",
            "chain_id": CHAIN_ID,
        }
        return self.authenticate.caller(**{**asked, **changes})


@pytest.fixture
def world() -> World:
    return World()


def test_signer_is_let_through_and_the_nonce_is_gone(world: World) -> None:
    assert world.caller(address=ALICE.address.lower()) == ALICE.address
    assert world.ledger.rows == {("user", ALICE.address): "7"}
    with pytest.raises(NonceTooLow) as refused:
        world.caller()
    assert (refused.value.stored, refused.value.sent) == ("7", "7")


def test_any_of_the_accepted_messages_will_do(world: World) -> None:
    assert world.caller(messages=["something else", "did:op:17"]) == ALICE.address


def test_stripped_hash_of_ethers_6_is_accepted(world: World) -> None:
    text = "did:op:0c184915b07b44c888d468be85a9b28253e80070e5294b1aaed81c2f264e499675"
    signature = (
        "0xfe443831fe7616eadf85ea81e852d644aedeff55e0ac37485013785504e033f9"
        "64f4b34185694c96323b10be50447f03d571a2710ee43bc6a59c97cd35a9e9c61c"
    )
    assert world.caller(messages=[text], nonce="75", signature=signature) == ALICE.address


@pytest.mark.parametrize(
    "signature", [sign_text("did:op:17", MALLORY), sign_text("did:op:18", ALICE), "0x", "x"]
)
def test_refused_signatures_use_no_nonce_up_and_are_not_carried_along(world: World, signature: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        world.caller(signature=signature)
    assert world.ledger.rows == {}
    assert signature not in str(vars(refused.value)) or len(signature) < 3


def test_no_message_means_no_proof(world: World) -> None:
    with pytest.raises(SignatureRefused):
        world.caller(messages=[])


@pytest.mark.parametrize("nonce", ["1e3", "", "nan", "-1"])
def test_malformed_nonces_are_refused_before_anything_else(world: World, nonce: str) -> None:
    with pytest.raises(MalformedNonce):
        world.caller(nonce=nonce)


def test_a_signature_needs_a_nonce(world: World) -> None:
    with pytest.raises(MalformedNonce):
        world.caller(nonce=None)


@pytest.mark.parametrize("address", ["", "me", ALICE.address[:-1], "0x" + "zz" * 20])
def test_malformed_addresses(world: World, address: str) -> None:
    with pytest.raises(MalformedAddress):
        world.caller(address=address)


@pytest.mark.parametrize("signature", [None, ""])
def test_nothing_offered(world: World, signature: str | None) -> None:
    with pytest.raises(CredentialMissing):
        world.caller(signature=signature)
    with pytest.raises(CredentialMissing):
        world.caller(signature=signature, auth_token="")


def test_contract_wallets_are_asked_on_their_chain_only(world: World) -> None:
    world.chain.contract_signatures.add((WALLET, digests("did:op:17")[0], b"\x01\x02"))
    assert world.caller(address=WALLET, signature="0x0102") == WALLET
    for chain_id in (None, 1):
        with pytest.raises(SignatureRefused):
            world.caller(address=WALLET, signature="0x0102", nonce="8", chain_id=chain_id)


def test_plain_accounts_cost_no_chain_call(world: World) -> None:
    world.chain.error = RpcUnavailable("down")
    assert world.caller() == ALICE.address


def test_a_contract_wallet_cannot_be_judged_while_its_chain_is_down(world: World) -> None:
    world.chain.error = RpcUnavailable("down")
    with pytest.raises(RpcUnavailable):
        world.caller(address=WALLET, signature="0x0102")
    assert world.ledger.rows == {}


def test_token_needs_no_nonce_and_with_one_uses_it_up(world: World) -> None:
    world.tokens.holders["token"] = TokenHolder(ALICE.address)
    assert world.caller(signature=None, auth_token="token", nonce=None) == ALICE.address
    assert world.ledger.rows == {}
    assert world.caller(signature=None, auth_token="token", nonce="9") == ALICE.address
    with pytest.raises(NonceTooLow):
        world.caller(signature=None, auth_token="token", nonce="9")


def test_a_wrong_signature_is_not_saved_by_a_good_token(world: World) -> None:
    world.tokens.holders["token"] = TokenHolder(ALICE.address)
    with pytest.raises(SignatureRefused):
        world.caller(signature="0x" + "11" * 65, auth_token="token")


def test_somebody_elses_token(world: World) -> None:
    world.tokens.holders["token"] = TokenHolder(MALLORY.address)
    with pytest.raises(TokenRefused):
        world.caller(signature=None, auth_token="token")
    assert world.ledger.rows == {}


@pytest.mark.parametrize(("bound_to", "fine"), [(None, True), (CHAIN_ID, True), (1, False)])
def test_a_contract_wallets_token_counts_on_its_chain_only(
    world: World, bound_to: int | None, fine: bool
) -> None:
    world.tokens.holders["token"] = TokenHolder(ALICE.address, bound_to)
    if fine:
        world.caller(signature=None, auth_token="token")
        return
    with pytest.raises(TokenRefused):
        world.caller(signature=None, auth_token="token")


def test_a_token_that_cannot_be_checked_is_not_accepted(world: World) -> None:
    world.tokens.error = AuthUnavailable()
    with pytest.raises(AuthUnavailable):
        world.caller(signature=None, auth_token="token")
    assert world.ledger.rows == {}


def test_scopes_do_not_share_nonces(world: World) -> None:
    world.caller(scope="decrypt")
    world.caller(scope="user")
    assert len(world.ledger.rows) == 2
