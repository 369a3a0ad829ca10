"""Sliced jobs for tests, and what workers do with them."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from services.compute.domain.job import Job, NewJob
from services.compute.domain.ledger import Account
from services.compute.domain.quotas import Quotas
from services.compute.domain.slices import (
    Block,
    Form,
    NewSlices,
    Piece,
    SliceCounts,
    SliceResult,
    SliceState,
)
from services.compute.domain.spec import Slices
from services.compute.domain.states import State
from services.compute.ports.ledger import Ledger
from services.compute.ports.slices import SliceStore
from services.compute.ports.store import Change, JobStore, Lease
from tests.fakes.compute_jobs import ALICE, NOW, SPACE, new_job, spec

ACCOUNT = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"


class SlicedStore(JobStore, Protocol):
    """A JobStore with the ports that go with it."""

    @property
    def slices(self) -> SliceStore: ...

    @property
    def ledger(self) -> Ledger: ...


def items(*values: Any) -> Block:
    return Block(Form.ITEMS, len(values), json.dumps(values))


def numbers(count: int, first: int = 1) -> Block:
    """first, first + 1, ..."""
    return Block(Form.RANGE, count, json.dumps({"start": first, "step": 1}))


def sliced(*blocks: Block, offer: str = "0", account: str | None = ACCOUNT, **changes: Any) -> NewJob:
    slices = NewSlices(blocks=blocks, account=account, offer=Decimal(offer))
    return new_job(
        **{"dialect": "dcp", "spec": spec(slices=Slices(folder="/x")), "slices": slices, **changes}
    )


def submitted(store: SlicedStore, *blocks: Block, **changes: Any) -> Job:
    return store.submit(sliced(*blocks, **changes), Quotas(), NOW).job


def rich(store: SlicedStore, balance: str = "100", address: str = ACCOUNT, owner: str = ALICE) -> Account:
    account = Account(address=address, owner=owner, name="default", balance=Decimal(balance))
    return store.ledger.open(account, NOW)


def running(store: SlicedStore, worker: str = "w", now: float = NOW) -> Lease:
    """Of the one job that is due, under way as its worker brings it there."""
    (claimed,) = store.claim(worker, {SPACE: 9}, now, 30)
    for to in (State.STAGING, State.PULLING, State.RUNNING):
        store.change(claimed.lease, Change(to=to, attempt_begins=to is State.STAGING), now)
    return claimed.lease


def waiting(store: SlicedStore, lease: Lease, now: float = NOW) -> Job:
    """What becomes of a job whose worker found no slices any more."""
    store.change(lease, Change(to=State.PUBLISHING), now)
    return store.change(lease, Change(to=State.HELD, release=True), now)


def handed(store: SlicedStore, lease: Lease, most: int = 1000, lane: int = 0) -> list[Piece]:
    given = store.slices.hand_out(lease, lane, most, NOW)
    return [] if given is None else list(given[1])


def done(pieces: Iterable[Piece | int], **changes: Any) -> list[SliceResult]:
    """Their own numbers as values."""
    found = [piece if isinstance(piece, int) else piece.number for piece in pieces]
    return [result(number, **changes) for number in found]


def result(number: int, state: SliceState = SliceState.DONE, **changes: Any) -> SliceResult:
    return SliceResult(number=number, state=state, **{"body": str(number), **changes})


def work_off(store: SlicedStore, lease: Lease, most: int = 1000) -> int:
    """How many slices there were."""
    count = 0
    while pieces := handed(store, lease, most):
        count += store.slices.take_in(lease, done(pieces), (), NOW)
    return count


def counts(store: SlicedStore, job: Job) -> SliceCounts:
    return store.slices.counts([job.id])[job.id]


def money(store: SlicedStore, owners: Sequence[str] = (ALICE,)) -> dict[str, Decimal]:
    """Balances and escrows of these owners, what was paid, and what came from the mint (below zero): nothing
    is left of them all together.
    """
    accounts = store.ledger.accounts(owners)
    booked = {name: Decimal(0) for name in ("fees", "mint")}
    for name in booked:
        for _, entry in store.ledger.entries(name, 0, 10**6):
            booked[name] += entry.amount if entry.credit == name else -entry.amount
    balance = sum((account.balance for account in accounts), Decimal(0))
    reserved = sum((account.reserved for account in accounts), Decimal(0))
    found = {"balance": balance, "reserved": reserved, **booked}
    assert sum(found.values()) == 0, found
    return found
