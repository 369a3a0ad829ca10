"""The port Ledger in memory, and what MemoryJobStore books of its sliced jobs."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from services.compute.domain.errors import AccountTaken, AccountUnknown, FundsShort
from services.compute.domain.ledger import EXACT, FEES, MINT, Account, Entry, positive


class MemoryBank:
    def __init__(self) -> None:
        self.rows: dict[str, Account] = {}  # by address, oldest first
        self.revoked: set[str] = set()
        self.escrows: dict[str, tuple[str, Decimal]] = {}  # by uid: whose, what is left
        self.book: list[Entry] = []

    def accounts(self, owners: Sequence[str]) -> Sequence[Account]:
        return [
            self._seen(address)
            for address, account in self.rows.items()
            if account.owner in owners and address not in self.revoked
        ]

    def open(self, account: Account, now: float) -> Account:
        known = self.rows.setdefault(account.address, replace(account, reserved=Decimal(0)))
        if known.owner != account.owner:
            raise AccountTaken
        if not any(entry.credit == account.address for entry in self.book) and known.balance:
            self._book(now, MINT, account.address, account.balance, "opening")
        return self._seen(account.address)

    def grant(self, address: str, amount: Decimal, now: float) -> Account:
        self._change(address, positive(amount))
        self._book(now, MINT, address, amount, "grant")
        return self._seen(address)

    def revoke(self, address: str, owner: str) -> None:
        if address not in self.rows or self.rows[address].owner != owner:
            raise AccountUnknown
        self.revoked.add(address)

    def entries(self, address: str, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, Entry]]:
        found = [
            (number, entry)
            for number, entry in enumerate(self.book, 1)
            if number > after and address in (entry.debit, entry.credit)
        ]
        return found[:limit]

    # -- for the store ------------------------------------------------------------------------------
    def reserve(self, uid: str, address: str | None, price: Decimal, now: float) -> None:
        if not price:
            return
        if address is None or address not in self.rows or address in self.revoked:
            raise AccountUnknown
        if self.rows[address].balance < price:
            raise FundsShort(price, self.rows[address].balance)
        self._change(address, price.copy_negate())
        left = self.escrows.get(uid, (address, Decimal(0)))[1]
        self.escrows[uid] = (address, EXACT.add(left, price))
        self._book(now, address, uid, price, "escrow", uid)

    def pay(self, uid: str, price: Decimal, now: float) -> None:
        if price:
            address, left = self.escrows[uid]
            self.escrows[uid] = (address, EXACT.subtract(left, price))
            self._book(now, uid, FEES, price, "payment", uid)

    def refund(self, uid: str, now: float) -> None:
        address, left = self.escrows.pop(uid, ("", Decimal(0)))
        if left:
            self._change(address, left)
            self._book(now, uid, address, left, "refund", uid)

    def _change(self, address: str, more: Decimal) -> None:
        if address not in self.rows:
            raise AccountUnknown
        account = self.rows[address]
        self.rows[address] = replace(account, balance=EXACT.add(account.balance, more))

    def _seen(self, address: str) -> Account:
        left = sum((left for whose, left in self.escrows.values() if whose == address), Decimal(0))
        return replace(self.rows[address], reserved=left)

    def _book(self, at: float, debit: str, credit: str, amount: Decimal, kind: str, job: str = "") -> None:
        entry = Entry(at=at, debit=debit, credit=credit, amount=amount, kind=kind, job=job)
        self.book.append(entry)
