"""Payment accounts: whose identity has which address, and what opening keystores may cost."""

import json
import threading
from decimal import Decimal

import pytest

from libs.web.principal import Principal
from services.compute.usecases import payment_accounts
from services.compute.usecases.payment_accounts import (
    BankKeystoreRefused,
    InvalidAddress,
    Named,
    PaymentAccounts,
    TooManyKeystores,
    address_of,
    identity_of,
)
from tests.dcp_vectors import VECTORS, A, KeystoreVector
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_dcp import wallet
from tests.fakes.compute_room import person
from tests.fakes.compute_store import MemoryJobStore

pytestmark = pytest.mark.clause("dcp 3.2", "dcp 6")

SEED = "94E619279C5780fF20ECe07fAA719e3D66111A88"
OWNER = wallet(A.address)


@pytest.fixture
def accounts() -> PaymentAccounts:
    return PaymentAccounts(MemoryJobStore().ledger, PlannedClock(), Decimal(100))


@pytest.mark.parametrize(
    "text", [SEED, "0x" + SEED, SEED.lower(), "0x" + SEED.lower(), SEED.upper(), "0X" + SEED.upper()]
)
def test_an_address_counts_in_one_case_or_with_its_checksum(text: str) -> None:
    assert address_of(text) == "0x" + SEED


@pytest.mark.parametrize(
    "text", ["", "0x", SEED[:-1], SEED + "0", SEED[:-1] + "g", SEED.swapcase(), " " + SEED, "0x0x" + SEED[4:]]
)
def test_other_texts_are_no_address(text: str) -> None:
    with pytest.raises(InvalidAddress):
        address_of(text)


@pytest.mark.parametrize(
    ("principal", "address"),
    [(OWNER, A.address), (person("b", wallets=(A.address,)), A.address)],
    ids=["wallet", "person with a wallet"],
)
def test_an_identity_has_its_wallets_address(principal: Principal, address: str) -> None:
    assert identity_of(principal) == address


def test_a_person_without_a_wallet_has_an_address_that_is_always_the_same() -> None:
    first = identity_of(person("b"))
    assert first == identity_of(person("b")) != identity_of(person("c"))
    assert address_of(first) == first


def test_an_address_that_is_somebody_elses_account_leaves_nobody_without_one() -> None:
    ledger = MemoryJobStore().ledger
    thief = PaymentAccounts(ledger, PlannedClock(), Decimal(100), takes_any=True)
    thief.choose(person("b"), Named(address=A.address))
    (own,) = thief.of(OWNER)
    assert (own.name, own.balance) == ("default", 100)
    assert own.address != A.address


@pytest.mark.parametrize("vector", VECTORS[:3], ids=lambda vector: vector.name)
def test_a_bank_keystore_opens_the_account_of_its_key(
    accounts: PaymentAccounts, vector: KeystoreVector
) -> None:
    named = Named(keystore=f" {vector.keystore}\n", password=vector.password.decode())
    assert accounts.choose(OWNER, named).account.address == vector.address


@pytest.mark.parametrize(
    ("text", "password"),
    [
        (A.keystore, "nope"),
        (A.keystore, "\ud800"),
        (A.keystore + "x", A.password.decode()),
        (A.keystore.replace('"n":1024', '"n":1048576'), A.password.decode()),
        (A.keystore.replace(A.address[2:].lower(), "0" * 40), A.password.decode()),
        ("", ""),
        ("[]", ""),
        ("{" * 5000, ""),
    ],
    ids=["password", "half a character", "more", "costly", "forged", "empty", "list", "deep"],
)
def test_other_keystores_open_nothing_and_are_never_quoted(
    accounts: PaymentAccounts, text: str, password: str
) -> None:
    with pytest.raises(BankKeystoreRefused) as refused:
        accounts.choose(OWNER, Named(keystore=text, password=password))
    assert "acd08938" not in str(refused.value)
    assert accounts.of(OWNER)[0].address == A.address


def test_expensive_keystores_are_opened_a_few_at_a_time(
    accounts: PaymentAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_accounts, "WAIT_SECONDS", 0.01)
    expensive = json.loads(A.keystore)
    expensive["crypto"]["kdfparams"]["n"] = 1 << 15
    named = Named(keystore=json.dumps(expensive), password="x")
    entered, leave = threading.Barrier(3), threading.Event()

    def hold() -> str:
        entered.wait(30)
        leave.wait(30)
        return A.address

    threads = [threading.Thread(target=lambda: accounts._one_of_few(hold)) for _ in range(2)]
    for thread in threads:
        thread.start()
    entered.wait(30)
    with pytest.raises(TooManyKeystores):
        accounts.choose(OWNER, named)
    leave.set()
    for thread in threads:
        thread.join()
    with pytest.raises(BankKeystoreRefused):
        accounts.choose(OWNER, named)
