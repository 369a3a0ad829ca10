"""Waiting for receipts: pending transactions are worth it, made-up hashes are not."""

from collections.abc import Callable

from libs.chain.types import Receipt, Transaction
from libs.chain.waiting import ReceiptWaiter
from tests.fakes.chain import fake_hash

TX = fake_hash("tx")
RECEIPT = Receipt(TX, 1, 1, fake_hash("block"), ())
PENDING = Transaction(TX, "", None, 0, None)


class World:
    """A clock that moves only when somebody sleeps, and what the node knows at each moment."""

    def __init__(self, *, pending: bool = False, mined_at: float | None = None) -> None:
        self.now = 0.0
        self.pending = pending
        self.mined_at = mined_at
        self.looked = 0
        self.while_sleeping: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_sleeping()

    def receipt(self, _tx: str) -> Receipt | None:
        self.looked += 1
        return RECEIPT if self.mined_at is not None and self.now >= self.mined_at else None

    def transaction(self, _tx: str) -> Transaction | None:
        return PENDING if self.pending else None

    def waiter(self) -> ReceiptWaiter:
        return ReceiptWaiter(self.receipt, self.transaction, sleep=self.sleep, clock=lambda: self.now)


def test_a_pending_transaction_is_waited_for() -> None:
    world = World(pending=True, mined_at=6.0)
    assert world.waiter().wait(TX, 10) is RECEIPT
    assert 6.0 <= world.now < 7.5


def test_a_pending_transaction_is_not_waited_for_longer_than_asked_nor_than_ten_seconds() -> None:
    world = World(pending=True)
    assert world.waiter().wait(TX, 3) is None
    assert world.now == 3.0
    world = World(pending=True)
    assert world.waiter().wait(TX, 600) is None
    assert world.now == 10.0


def test_a_made_up_hash_gets_two_seconds_and_is_remembered() -> None:
    world = World()
    waiter = world.waiter()
    assert waiter.wait(TX, 10) is None
    assert world.now == 2.0
    assert waiter.wait(TX, 10) is None
    assert world.now == 2.0
    world.now = 40.0
    world.mined_at = 40.5
    assert waiter.wait(TX, 10) is RECEIPT


def test_a_transaction_our_node_hears_of_a_moment_later_is_found() -> None:
    world = World(mined_at=1.0)
    assert world.waiter().wait(TX, 10) is RECEIPT


def test_a_pending_transaction_is_not_remembered_as_made_up() -> None:
    world = World(pending=True)
    waiter = world.waiter()
    assert waiter.wait(TX, 1) is None
    world.mined_at = world.now + 0.5
    assert waiter.wait(TX, 5) is RECEIPT


def test_made_up_hashes_hold_a_bounded_number_of_threads() -> None:
    """Eight wait; the ninth is told at once that there is nothing."""
    world = World()
    waiter = world.waiter()
    depth = 0
    refused: list[int] = []

    def another() -> None:
        nonlocal depth
        depth += 1
        before = world.now
        if depth < 20 and waiter.wait(fake_hash(depth), 0.01) is None and world.now == before:
            refused.append(depth)

    world.while_sleeping = another
    waiter.wait(TX, 0.01)
    assert 8 in refused
    assert min(refused) == 8
