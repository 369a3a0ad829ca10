"""The port KeyChanges: rotation of signing keys. Whoever changes keys first takes the rows of all of them."""

import json
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from libs.signing.tokens import ALGORITHM
from libs.sql.engine import Database
from services.auth.adapters.store_sql.stamps import move_all_stamps
from services.auth.adapters.store_sql.tables import signing_keys
from services.auth.adapters.store_sql.work import moment, write
from services.auth.domain.signing_keys import KeyState, StoredKey
from services.auth.ports import Clock

_C: Final = signing_keys.c
_LOCK: Final = select(_C.kid).order_by(_C.kid).with_for_update()
_STATES: Final = select(_C.kid, _C.state)
_OUTLIVED: Final = select(_C.kid).where(
    _C.state == KeyState.RETIRED.value, _C.state_changed_at < bindparam("before")
)
_MOVE: Final = update(signing_keys).where(_C.kid == bindparam("of"))


class SqlKeyChanges:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add_upcoming(self, key: StoredKey) -> bool:
        def work(connection: Connection) -> bool:
            if KeyState.UPCOMING in _locked(connection).values():
                return False
            self._insert(connection, key, KeyState.UPCOMING)
            return True

        return write(self._database, work)

    def activate(self, kid: str) -> bool:
        def work(connection: Connection) -> bool:
            states = _locked(connection)
            if states.get(kid) is not KeyState.UPCOMING:
                return False
            for known, state in states.items():
                if state is KeyState.ACTIVE:
                    self._move(connection, known, KeyState.RETIRED)
            self._move(connection, kid, KeyState.ACTIVE)
            return True

        return write(self._database, work)

    def withdraw(self, kid: str, successor: StoredKey) -> bool:
        def work(connection: Connection) -> bool:
            states = _locked(connection)
            before = states.get(kid, KeyState.WITHDRAWN)
            if before is KeyState.WITHDRAWN:
                return False
            self._move(connection, kid, KeyState.WITHDRAWN)
            if before is KeyState.ACTIVE:
                upcoming = [known for known, state in states.items() if state is KeyState.UPCOMING]
                if upcoming:
                    self._move(connection, upcoming[0], KeyState.ACTIVE)
                else:
                    self._insert(connection, successor, KeyState.ACTIVE)
            move_all_stamps(connection)
            return True

        return write(self._database, work)

    def withdraw_outlived(self, retired_before: float) -> list[str]:
        def work(connection: Connection) -> list[str]:
            _locked(connection)
            before = {"before": moment(retired_before)}
            kids = list(connection.execute(_OUTLIVED, before).scalars())
            for kid in kids:
                self._move(connection, kid, KeyState.WITHDRAWN)
            return kids

        return write(self._database, work)

    def _move(self, connection: Connection, kid: str, state: KeyState) -> None:
        values = {"state": state.value, "state_changed_at": moment(self._clock.now())}
        connection.execute(_MOVE.values(values), {"of": kid})

    def _insert(self, connection: Connection, key: StoredKey, state: KeyState) -> None:
        now = moment(self._clock.now())
        row = {
            "kid": key.kid,
            "algorithm": ALGORITHM,
            "state": state.value,
            "public_jwk": json.dumps(dict(key.public_jwk)),
            "private_sealed": key.private_sealed,
            "created_at": now,
            "state_changed_at": now,
        }
        connection.execute(signing_keys.insert(), row)


def _locked(connection: Connection) -> dict[str, KeyState]:
    """All keys, which nobody else changes until this transaction ends.

    Read again after the lock: a key that was added while we waited for it is not in the first answer.
    """
    connection.execute(_LOCK).all()
    return {row[0]: KeyState(row[1]) for row in connection.execute(_STATES)}
