"""Payment accounts, and what sliced jobs move between them. Nothing is ever lost or made."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from services.compute.domain.errors import AccountTaken, AccountUnknown, FundsShort
from services.compute.domain.job import Job, Wish
from services.compute.domain.ledger import FEES, MINT, Account, Entry
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.slices import NewSlices, SliceState
from services.compute.domain.states import State
from services.compute.ports.store import Change, Filter, Lease
from tests.fakes.at_once import at_once, kinds
from tests.fakes.compute_jobs import ALICE, BOB, NOW, SPACE, new_job
from tests.fakes.compute_sliced import (
    ACCOUNT,
    SlicedStore,
    counts,
    done,
    handed,
    items,
    money,
    numbers,
    result,
    rich,
    running,
    sliced,
    submitted,
    waiting,
    work_off,
)

pytestmark = pytest.mark.clause("dcp 6")

STOP = Reason("cancelled", "It was stopped.")
OTHER = "0x0000000000000000000000000000000000000002"


@pytest.fixture(name="store")
def _store(store: SlicedStore) -> SlicedStore:
    return store


def moved(store: SlicedStore, address: str) -> list[tuple[str, str, str, str, str]]:
    """kind, debit, credit, amount, job"""
    return [
        (entry.kind, entry.debit, entry.credit, f"{entry.amount.normalize():f}", entry.job)
        for _, entry in store.ledger.entries(address)
    ]


# -- accounts ---------------------------------------------------------------------------------------
def test_an_account_is_opened_once(store: SlicedStore) -> None:
    account = rich(store, "100.5")
    assert account == Account(
        address=ACCOUNT, owner=ALICE, name="default", balance=Decimal("100.5"), reserved=Decimal(0)
    )
    again = replace(account, name="again", balance=Decimal(7))
    assert store.ledger.open(again, NOW + 1) == account
    assert moved(store, ACCOUNT) == [("opening", MINT, ACCOUNT, "100.5", "")]
    with pytest.raises(AccountTaken):
        store.ledger.open(replace(account, owner=BOB), NOW)
    assert store.ledger.accounts([BOB]) == []


def test_an_empty_account_has_no_entry(store: SlicedStore) -> None:
    rich(store, "0")
    assert store.ledger.entries(ACCOUNT) == []
    assert money(store)["balance"] == 0


def test_accounts_are_listed_oldest_first(store: SlicedStore) -> None:
    opened = []
    for number, owner in enumerate((ALICE, BOB, ALICE)):
        account = Account(
            address=f"0x{9 - number}", owner=owner, name="n", balance=Decimal(1), keystore=f"{number}"
        )
        opened.append(store.ledger.open(account, NOW + number))
    assert store.ledger.accounts([ALICE]) == [opened[0], opened[2]]
    assert store.ledger.accounts([BOB, ALICE]) == opened
    assert store.ledger.accounts([]) == []


def test_a_grant_comes_from_the_mint(store: SlicedStore) -> None:
    rich(store, "1")
    assert store.ledger.grant(ACCOUNT, Decimal("0.000000000000000001"), NOW + 2).balance == Decimal(
        "1.000000000000000001"
    )
    (_, (number, entry)) = store.ledger.entries(ACCOUNT)
    assert entry == Entry(at=NOW + 2, debit=MINT, credit=ACCOUNT, amount=Decimal("1e-18"), kind="grant")
    assert store.ledger.entries(ACCOUNT, number) == []
    assert len(store.ledger.entries(ACCOUNT, 0, 1)) == 1
    with pytest.raises(AccountUnknown):
        store.ledger.grant(OTHER, Decimal(1), NOW)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1e-19", "1e41"])
def test_what_is_no_amount_is_not_granted(store: SlicedStore, amount: str) -> None:
    rich(store, "1")
    with pytest.raises(ValueError, match="amount"):
        store.ledger.grant(ACCOUNT, Decimal(amount), NOW)
    assert money(store)["balance"] == 1


def test_large_amounts_stay_exact(store: SlicedStore) -> None:
    many = Decimal("123456789012345678901234567890.123456789012345678")
    rich(store, str(many))
    store.ledger.grant(ACCOUNT, Decimal("0.000000000000000001"), NOW)
    submitted(store, numbers(3), offer="0.333333333333333333")
    (account,) = store.ledger.accounts([ALICE])
    assert account.reserved == Decimal("0.999999999999999999")
    assert account.balance == Decimal("123456789012345678901234567889.12345678901234568")


def test_a_revoked_account_is_not_listed_and_pays_for_nothing_new(store: SlicedStore) -> None:
    rich(store)
    job = submitted(store, items(1), offer="1")
    for owner, address in ((BOB, ACCOUNT), (ALICE, OTHER)):
        with pytest.raises(AccountUnknown):
            store.ledger.revoke(address, owner)
    store.ledger.revoke(ACCOUNT, ALICE)
    store.ledger.revoke(ACCOUNT, ALICE)
    assert store.ledger.accounts([ALICE]) == []
    with pytest.raises(AccountUnknown):
        submitted(store, items(1), offer="1")
    with pytest.raises(FundsShort) as short:
        store.slices.add(job.uid, [items(1, 2)], ALICE, NOW)
    assert (short.value.required, short.value.available) == (2, 0)
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)  # what it had reserved still comes back
    assert moved(store, ACCOUNT)[-1] == ("refund", job.uid, ACCOUNT, "1", job.uid)
    assert (
        store.ledger.open(Account(address=ACCOUNT, owner=ALICE, name="", balance=Decimal(5)), NOW).balance
        == 100
    )
    assert store.ledger.accounts([ALICE]) == []


# -- what jobs cost ---------------------------------------------------------------------------------
def test_a_job_is_paid_from_its_escrow(store: SlicedStore) -> None:
    rich(store)
    job = submitted(store, items(1, 2, 3), offer="2.5")
    assert money(store) == {"balance": Decimal("92.5"), "reserved": Decimal("7.5"), "fees": 0, "mint": -100}
    store.slices.add(job.uid, [items(4)], ALICE, NOW)
    assert money(store)["reserved"] == 10
    lease = running(store)
    handed(store, lease)
    came = [*done([1, 2]), result(3, SliceState.FAILED)]
    store.slices.take_in(lease, came, (), NOW)
    store.slices.take_in(lease, came, (), NOW)
    assert money(store) == {"balance": 90, "reserved": 5, "fees": 5, "mint": -100}
    store.slices.take_in(lease, done([4]), (), NOW)
    store.slices.close(job.uid, ALICE, NOW)
    assert waiting(store, lease).state is State.SUCCEEDED
    assert money(store) == {"balance": Decimal("92.5"), "reserved": 0, "fees": Decimal("7.5"), "mint": -100}
    uid = job.uid
    assert moved(store, uid) == [
        ("escrow", ACCOUNT, uid, "7.5", uid),
        ("escrow", ACCOUNT, uid, "2.5", uid),
        ("payment", uid, FEES, "5", uid),
        ("payment", uid, FEES, "2.5", uid),
        ("refund", uid, ACCOUNT, "2.5", uid),
    ]
    assert [kind for kind, *_ in moved(store, ACCOUNT)] == ["opening", "escrow", "escrow", "refund"]


@pytest.mark.parametrize("account", [ACCOUNT, OTHER, None], ids=["there", "unknown", "none"])
def test_what_costs_nothing_is_not_booked(store: SlicedStore, account: str | None) -> None:
    rich(store, "0")
    job = submitted(store, items(1), account=account)
    store.slices.add(job.uid, [items(2)], ALICE, NOW)
    lease = running(store)
    assert work_off(store, lease) == 2
    store.change(lease, Change(to=State.FAILED), NOW)
    assert store.ledger.entries(job.uid) == store.ledger.entries(ACCOUNT) == []


def test_too_little_money_leaves_no_trace(store: SlicedStore) -> None:
    rich(store, "9.99")
    with pytest.raises(FundsShort) as short:
        submitted(store, items(1, 2), offer="5")
    assert (short.value.required, short.value.available) == (10, Decimal("9.99"))
    with pytest.raises(AccountUnknown):
        submitted(store, items(1, 2), offer="5", account=OTHER)
    with pytest.raises(AccountUnknown):
        submitted(store, items(1, 2), offer="5", account=None)
    assert store.count(Filter(owners=None)) == 0
    assert money(store)["balance"] == Decimal("9.99")
    job = submitted(store, items(1), offer="5")
    with pytest.raises(FundsShort) as short:
        store.slices.add(job.uid, [items(2)], ALICE, NOW)
    assert (short.value.required, short.value.available) == (5, Decimal("4.99"))
    assert counts(store, job).total == 1
    assert money(store)["reserved"] == 5


def test_a_price_beyond_all_money_is_short_of_it(store: SlicedStore) -> None:
    rich(store)
    with pytest.raises(FundsShort):
        submitted(
            store, numbers(999_999), offer="9999999999999999999999999999999999999999.999999999999999999"
        )


def _cancelled(store: SlicedStore, job: Job, lease: Lease) -> None:
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    store.change(lease, Change(to=State.CANCELLED), NOW)


def _deleted_in_the_queue(store: SlicedStore, job: Job, lease: Lease) -> None:
    store.change(lease, Change(to=State.QUEUED, release=True), NOW)
    store.delete(job.uid, ALICE, NOW)


@pytest.mark.parametrize(
    "end",
    [
        lambda store, job, lease: store.change(lease, Change(to=State.FAILED), NOW),
        _cancelled,
        _deleted_in_the_queue,
    ],
    ids=["failed", "cancelled", "deleted"],
)
def test_whatever_ends_a_job_gives_the_rest_back_once(
    store: SlicedStore, end: Callable[[SlicedStore, Job, Lease], object]
) -> None:
    rich(store)
    job = submitted(store, numbers(10), offer="1")
    lease = running(store)
    handed(store, lease, 4)
    store.slices.take_in(lease, done([1, 3]), (), NOW)
    end(store, job, lease)
    assert store.find(job.uid, None).is_final
    store.delete(job.uid, ALICE, NOW)
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert money(store) == {"balance": 98, "reserved": 0, "fees": 2, "mint": -100}
    store.purge(job.uid)
    assert money(store) == {"balance": 98, "reserved": 0, "fees": 2, "mint": -100}
    assert [kind for kind, *_ in moved(store, job.uid)] == ["escrow", "payment", "refund"]


def test_a_job_that_begins_again_is_paid_for_again(store: SlicedStore) -> None:
    rich(store, "10")
    job = submitted(store, items(1, 2, 3), offer="2")
    lease = running(store)
    store.slices.take_in(lease, done(handed(store, lease, 2)), (), NOW)
    store.change(lease, Change(to=State.FAILED), NOW)
    assert money(store)["balance"] == 6
    again = store.retry(job.uid, ALICE, NOW).job
    assert money(store) == {"balance": 0, "reserved": 6, "fees": 4, "mint": -10}
    store.wish(again.uid, Wish.CANCEL, ALICE, STOP, NOW)
    third = store.submit(sliced(items(1), offer="1"), Quotas(), NOW).job
    assert third.state is State.QUEUED
    with pytest.raises(FundsShort):
        store.retry(again.uid, ALICE, NOW)
    assert money(store) == {"balance": 5, "reserved": 1, "fees": 4, "mint": -10}


def test_jobs_that_are_not_sliced_cost_nothing(store: SlicedStore) -> None:
    rich(store)
    job = store.submit(new_job(), Quotas(), NOW).job
    store.wish(job.uid, Wish.CANCEL, ALICE, STOP, NOW)
    assert moved(store, job.uid) == []


def test_money_is_spent_once_by_whoever_is_first(store: SlicedStore) -> None:
    rich(store, "10")
    jobs = [submitted(store, offer="3", owner=f"person:{n}") for n in range(4)]
    results = at_once(8, lambda n: store.slices.add(jobs[n % 4].uid, [items(n)], ALICE, NOW))
    assert kinds(results) == {"Added": 3, "FundsShort": 5}
    assert money(store) == {"balance": 1, "reserved": 9, "fees": 0, "mint": -10}


def test_one_account_at_once_is_opened_once(store: SlicedStore) -> None:
    results = at_once(8, lambda n: rich(store, str(n + 1), owner=f"person:{n % 2}"))
    assert kinds(results) == {"Account": 4, "AccountTaken": 4}
    (account,) = store.ledger.accounts(["person:0", "person:1"])
    assert moved(store, ACCOUNT) == [("opening", MINT, ACCOUNT, f"{account.balance.normalize():f}", "")]


def test_grants_and_jobs_at_once_add_up(store: SlicedStore) -> None:
    rich(store, "100")

    def work(number: int) -> object:
        if number % 2:
            return store.ledger.grant(ACCOUNT, Decimal("0.1"), NOW)
        return store.submit(sliced(items(1), offer="0.7", owner=f"person:{number}"), Quotas(), NOW)

    at_once(16, work)
    assert money(store) == {
        "balance": Decimal("95.2"), "reserved": Decimal("5.6"), "fees": 0, "mint": Decimal("-100.8"),
    }  # fmt: skip


def test_the_offer_is_the_jobs_own(store: SlicedStore) -> None:
    rich(store)
    new = sliced(slices=NewSlices(account=ACCOUNT, offer=Decimal("1.5")))
    job = store.submit(new, Quotas(), NOW).job
    assert money(store)["reserved"] == 0
    store.slices.add(job.uid, [items(1)], BOB, NOW)
    assert money(store)["reserved"] == Decimal("1.5")
    assert store.claim("w", {SPACE: 1}, NOW, 30)
