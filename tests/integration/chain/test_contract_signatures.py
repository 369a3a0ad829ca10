"""EIP-1271 against real contracts, hostile ones included."""

import time

import pytest

from libs.chain.chain import Chain
from libs.signing.errors import SignatureMismatch
from libs.signing.keys import PrivateKey
from libs.signing.personal import digests, is_signed_by, sign_text, verify
from scripts.chain.wallet import Wallet
from tests import assembly
from tests.fixtures_chain import DevChain

pytestmark = pytest.mark.clause("ocean 3.1")

TEXT = "did:op:0c184915b07b44c888d468be85a9b28253e80070e5294b1aaed81c2f264e49961644317370"


@pytest.fixture(scope="module")
def deployer(dev_chain: DevChain) -> Wallet:
    return dev_chain.wallet(6)


@pytest.fixture
def chain(dev_chain: DevChain) -> Chain:
    return dev_chain.chain()


def test_a_smart_accounts_signature_is_its_owners(
    chain: Chain, deployer: Wallet, dev_chain: DevChain
) -> None:
    account = deployer.deploy_code(assembly.smart_account(deployer.address))
    signature = sign_text(TEXT, PrivateKey(deployer.key))
    verify(TEXT, signature, account, chain.is_valid_contract_signature)
    assert not is_signed_by(TEXT, signature, account)
    stranger = sign_text(TEXT, PrivateKey(dev_chain.accounts[7].key))
    with pytest.raises(SignatureMismatch):
        verify(TEXT, stranger, account, chain.is_valid_contract_signature)
    with pytest.raises(SignatureMismatch):
        verify(TEXT + "1", signature, account, chain.is_valid_contract_signature)


@pytest.mark.parametrize(
    "code",
    [
        assembly.reverting(),
        assembly.endless(),
        assembly.answering(b"\xff" * 32),
        assembly.answering(b"\0" * 32),
    ],
    ids=["reverts", "loops", "ones", "zeros"],
)
def test_a_contract_that_does_not_say_the_magic_word_signs_nothing(
    chain: Chain, deployer: Wallet, code: bytes
) -> None:
    contract = deployer.deploy_code(code)
    start = time.monotonic()
    assert not chain.is_valid_contract_signature(contract, digests(TEXT)[0], b"\1" * 65)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("number", range(1, 10))
def test_precompiles_sign_nothing(chain: Chain, number: int) -> None:
    """Number 4 echoes the call data, and so an answer that begins with the magic word."""
    address = "0x" + f"{number:040x}"
    assert not chain.is_valid_contract_signature(address, digests(TEXT)[0], b"\1" * 65)


def test_an_account_without_code_signs_nothing_this_way(chain: Chain, deployer: Wallet) -> None:
    assert not chain.is_valid_contract_signature(deployer.address, digests(TEXT)[0], b"\1" * 65)
