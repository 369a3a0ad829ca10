"""Payment accounts (the port Ledger). What jobs cost is booked where they begin and end (slice_steps.py)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, select, text, update

from services.compute.adapters.store_sql.booking import book, give, locked_account
from services.compute.adapters.store_sql.slice_tables import (
    IN_ESCROW,
    accounts,
    ledger_entries,
    sliced_jobs,
)
from services.compute.adapters.store_sql.work import SqlPart, insert_all, moment, storable
from services.compute.domain.errors import AccountTaken, AccountUnknown
from services.compute.domain.ledger import EXACT, MINT, NOTHING, Account, Entry, amount, amount_text, positive

_A, _E = accounts.c, ledger_entries.c
# One statement, so that what moves between a balance and an escrow is seen once.
_ACCOUNTS: Final = select(
    _A.address, _A.owner, _A.name, _A.balance, _A.keystore, sliced_jobs.c.escrow
).outerjoin_from(accounts, sliced_jobs, and_(sliced_jobs.c.account == _A.address, text(IN_ESCROW)))
_OF_OWNERS: Final = _ACCOUNTS.where(
    _A.owner.in_(bindparam("owners", expanding=True)), _A.revoked == 0
).order_by(_A.opened_at, _A.address)
_ONE: Final = _ACCOUNTS.where(_A.address == bindparam("account"))
_REVOKE: Final = update(accounts).where(_A.address == bindparam("account")).values(revoked=1)
_ENTRIES: Final = {
    side: select(_E.id, _E.at, _E.debit, _E.credit, _E.amount, _E.kind, _E.job)
    .where(_E[side] == bindparam("account"), _E.id > bindparam("after"))
    .order_by(_E.id)
    .limit(bindparam("most"))
    for side in ("debit", "credit")
}


class SqlLedger(SqlPart):
    def accounts(self, owners: Sequence[str]) -> Sequence[Account]:
        values = {"owners": list(owners)}
        return (
            self._read(lambda connection: _accounts(connection.execute(_OF_OWNERS, values))) if owners else []
        )

    def open(self, account: Account, now: float) -> Account:
        balance = amount(account.balance)
        row = {
            "address": account.address,
            "owner": account.owner,
            "name": storable(account.name),
            "balance": amount_text(balance),
            "keystore": account.keystore,
            "opened_at": moment(now),
            "revoked": 0,
        }

        opening = Entry(at=now, debit=MINT, credit=account.address, amount=balance, kind="opening")

        def work(connection: Connection) -> Account:
            self._lock(connection, f"account {account.address}")
            known = locked_account(connection, account.address)
            if known is None:
                insert_all(connection, accounts, [row])
                book(connection, opening)
            elif known.owner != account.owner:
                raise AccountTaken
            return _one(connection, account.address)

        return self._write(work)

    def grant(self, address: str, amount: Decimal, now: float) -> Account:
        entry = Entry(at=now, debit=MINT, credit=address, amount=positive(amount), kind="grant")

        def work(connection: Connection) -> Account:
            give(connection, address, entry.amount)
            book(connection, entry)
            return _one(connection, address)

        return self._write(work)

    def revoke(self, address: str, owner: str) -> None:
        def work(connection: Connection) -> None:
            row = locked_account(connection, address)
            if row is None or row.owner != owner:
                raise AccountUnknown
            connection.execute(_REVOKE, {"account": address})

        self._write(work)

    def entries(self, address: str, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, Entry]]:
        values = {"account": address, "after": after, "most": limit}

        def work(connection: Connection) -> list[Any]:
            return [row for side in _ENTRIES.values() for row in connection.execute(side, values)]

        rows = sorted(self._read(work), key=lambda row: int(row.id))
        return [(int(row.id), _entry(row)) for row in rows[:limit]]


def _one(connection: Connection, address: str) -> Account:
    return _accounts(connection.execute(_ONE, {"account": address}))[0]


def _accounts(rows: Iterable[Any]) -> list[Account]:
    """A row for each escrow of an account, one at least."""
    reserved: dict[str, Decimal] = {}
    known: dict[str, Any] = {}
    for row in rows:
        known[row.address] = row
        escrow = Decimal(row.escrow or 0)
        reserved[row.address] = EXACT.add(reserved.get(row.address, NOTHING), escrow)
    return [
        Account(
            address=address,
            owner=row.owner,
            name=row.name,
            balance=Decimal(row.balance),
            reserved=reserved[address],
            keystore=row.keystore,
        )
        for address, row in known.items()
    ]


def _entry(row: Any) -> Entry:
    return Entry(
        at=row.at.timestamp(),
        debit=row.debit,
        credit=row.credit,
        amount=Decimal(row.amount),
        kind=row.kind,
        job=row.job,
    )
