"""What moves between accounts, within a transaction that somebody else began. Whoever changes an account
holds its row; entries are added and never changed.
"""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from services.compute.adapters.store_sql.slice_tables import accounts, ledger_entries
from services.compute.adapters.store_sql.work import insert_all, moment
from services.compute.domain.errors import AccountUnknown, FundsShort
from services.compute.domain.ledger import EXACT, NOTHING, Entry, amount, amount_text

_A = accounts.c
_LOCKED: Final = select(_A.owner, _A.balance, _A.revoked).where(
    _A.address == bindparam("account")
).with_for_update()  # fmt: skip
_SET: Final = update(accounts).where(_A.address == bindparam("account")).values(balance=bindparam("now_has"))


def locked_account(connection: Connection, address: str) -> Any:
    """Its row, which nobody else changes until the transaction ends; None when there is none."""
    return connection.execute(_LOCKED, {"account": address}).first()


def give(connection: Connection, address: str, value: Decimal) -> Decimal:
    """What it has then. Raises AccountUnknown."""
    row = locked_account(connection, address)
    if row is None:
        raise AccountUnknown
    return _set(connection, address, EXACT.add(Decimal(row.balance), value))


def take(connection: Connection, address: str, value: Decimal) -> None:
    """Raises AccountUnknown (revoked ones too), FundsShort; then nothing happened."""
    row = locked_account(connection, address)
    if row is None or row.revoked:
        raise AccountUnknown
    balance = Decimal(row.balance)
    if balance < value:
        raise FundsShort(value, balance)
    _set(connection, address, EXACT.subtract(balance, value))


def book(connection: Connection, entry: Entry) -> None:
    if entry.amount == NOTHING:
        return
    row = {
        "at": moment(entry.at),
        "debit": entry.debit,
        "credit": entry.credit,
        "amount": amount_text(entry.amount),
        "kind": entry.kind,
        "job": entry.job,
    }
    insert_all(connection, ledger_entries, [row])


def _set(connection: Connection, address: str, value: Decimal) -> Decimal:
    balance = amount(value)
    connection.execute(_SET, {"account": address, "now_has": amount_text(balance)})
    return balance
