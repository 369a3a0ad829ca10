"""The port Guesses. Counting and locking are one statement: simultaneous guesses are all counted."""

from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any, Final

from sqlalchemy import Connection, Executable, and_, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from libs.sql.engine import Database
from services.auth.adapters.store_sql.inserts import upsert
from services.auth.adapters.store_sql.people_tables import guesses
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.guesses import KNOWN_SECONDS, REST_SECONDS, lock_seconds
from services.auth.domain.people import TooManyGuesses
from services.auth.ports import Clock

_KEY_CHARS: Final = 160
_PURGE_ROWS: Final = 200
_C: Final = guesses.c
_LOCKED: Final = select(_C.locked_until).where(
    _C.key.in_(bindparam("keys", expanding=True)), _C.locked_until > bindparam("now")
)
_LOCK: Final = update(guesses).where(_C.key == bindparam("of")).values(locked_until=bindparam("until"))
_FORGET: Final = delete(guesses).where(_C.key.in_(bindparam("keys", expanding=True)))
_TAKE_BACK: Final = (
    update(guesses)
    .where(_C.key == bindparam("of"), _C.failures > 0)
    .values(failures=_C.failures - 1)
    .returning(_C.failures)
)
_KNOWN: Final = select(_C.key).where(_C.key == bindparam("of"), _C.first_at > bindparam("since"))
# A row that says where a user came from before lives longer than a count.
_OUTLIVED: Final = select(_C.key).where(
    _C.last_at < bindparam("rested"),
    or_(_C.key.not_like("known:%"), _C.first_at < bindparam("forgotten")),
)
_PURGE: Final = delete(guesses).where(
    _C.key.in_(_OUTLIVED.order_by(_C.last_at).limit(_PURGE_ROWS).scalar_subquery())
)


class SqlGuesses:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._count = _counting(database, only_unlocked=False)
        self._count_unlocked = _counting(database, only_unlocked=True)
        self._put = upsert(database, guesses)

    def check(self, *keys: str) -> None:
        now = moment(self._clock.now())
        values = {"keys": _fit(keys), "now": now}
        locks = read(self._database, lambda connection: connection.execute(_LOCKED, values).scalars().all())
        _refuse(locks, now)

    def failed(self, *keys: str) -> None:
        write(self._database, lambda connection: self._counted(connection, keys, self._count))

    def attempt(self, *keys: str) -> int:
        return write(self._database, lambda connection: self._counted(connection, keys, self._count_unlocked))

    def passed(self, *keys: str) -> None:
        write(self._database, lambda connection: connection.execute(_FORGET, {"keys": _fit(keys)}))

    def take_back(self, *keys: str) -> None:
        def work(connection: Connection) -> None:
            for key in _fit(keys):
                left = connection.execute(_TAKE_BACK, {"of": key}).scalar()
                if left is not None and lock_seconds(key, left) == 0:
                    connection.execute(_LOCK, {"of": key, "until": None})

        write(self._database, work)

    def remember(self, key: str) -> None:
        now = moment(self._clock.now())
        row = {"key": _fit((key,))[0], "failures": 0, "first_at": now, "last_at": now, "locked_until": None}
        write(self._database, lambda connection: connection.execute(self._put, row))

    def is_known(self, key: str) -> bool:
        values = {"of": _fit((key,))[0], "since": moment(self._clock.now() - KNOWN_SECONDS)}
        return read(self._database, lambda connection: connection.execute(_KNOWN, values).first()) is not None

    def _counted(self, connection: Connection, keys: tuple[str, ...], count: Executable) -> int:
        now = moment(self._clock.now())
        rested = now - timedelta(seconds=REST_SECONDS)
        row: dict[str, Any] = {"first_at": now, "last_at": now, "rested": rested, "failures": 1}
        longest = 0
        for key in _fit(keys):
            failures = connection.execute(count, {**row, "key": key}).scalar()
            if failures is None:
                locks = connection.execute(_LOCKED, {"keys": [key], "now": now}).scalars().all()
                _refuse(locks, now)
            elif wait := lock_seconds(key, failures):
                longest = max(longest, wait)
                connection.execute(_LOCK, {"of": key, "until": now + timedelta(seconds=wait)})
            elif failures == 1:
                # Rows only ever come from here, so this is where they go again.
                forgotten = now - timedelta(seconds=KNOWN_SECONDS)
                connection.execute(_PURGE, {"rested": rested, "forgotten": forgotten})
        return longest


def _counting(database: Database, *, only_unlocked: bool) -> Executable:
    """One guess more; no row comes back when the key is locked and that matters."""
    insert: Any = sqlite.insert(guesses) if database.is_sqlite else postgresql.insert(guesses)
    unlocked = or_(_C.locked_until.is_(None), _C.locked_until <= insert.excluded.last_at)
    return (  # type: ignore[no-any-return]
        insert.values({name: bindparam(name) for name in ("key", "failures", "first_at", "last_at")})
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "failures": case((_C.last_at < bindparam("rested"), 1), else_=_C.failures + 1),
                "last_at": insert.excluded.last_at,
                "locked_until": None,
            },
            where=unlocked if only_unlocked else and_(True),
        )
        .returning(_C.failures)
    )


def _refuse(locks: Any, now: datetime) -> None:
    if locks:
        raise TooManyGuesses(max(1, ceil((max(locks) - now).total_seconds())))


def _fit(keys: tuple[str, ...]) -> list[str]:
    """Keys as the column holds them, in one order: transactions wait for each other, they do not deadlock."""
    fitting = []
    for key in sorted(set(keys)):
        raw = key.encode(errors="replace")
        is_plain = len(key) <= _KEY_CHARS and key.isprintable()
        fitting.append(key if is_plain else f"{key.partition(':')[0][:16]}:{sha256(raw).hexdigest()}")
    return fitting
