"""The port Sessions: rows of `login_sessions`."""

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from libs.sql.engine import Database
from services.auth.adapters.store_sql.oauth_tables import login_sessions
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.sessions import Session

_C = login_sessions.c


class SqlSessions:
    def __init__(self, database: Database) -> None:
        self._database = database
        live = _C.ended_at.is_(None)
        self._insert = insert(login_sessions)
        self._select = select(
            _C.subject, _C.amr, _C.person_version, _C.authenticated_at, _C.expires_at
        ).where(_C.session_hash == bindparam("hash"), live)
        # Only forward: two pages that load at once must not shorten the session.
        self._extend = (
            update(login_sessions)
            .where(_C.session_hash == bindparam("hash"), live, _C.expires_at < bindparam("deadline"))
            .values(expires_at=bindparam("deadline"))
        )
        ended = update(login_sessions).where(live).values(ended_at=bindparam("moment"))
        self._end = ended.where(_C.session_hash == bindparam("hash"))
        self._end_all = ended.where(_C.subject == bindparam("whose"))
        outlived = select(_C.session_hash).where(_C.expires_at < bindparam("before")).limit(bindparam("most"))
        self._purge = delete(login_sessions).where(_C.session_hash.in_(outlived.scalar_subquery()))

    def add(self, session_hash: str, session: Session) -> None:
        row = {
            "session_hash": session_hash,
            "subject": session.subject,
            "amr": session.amr,
            "person_version": session.person_version,
            "authenticated_at": moment(session.authenticated_at),
            "expires_at": moment(session.expires_at),
        }
        write(self._database, lambda connection: connection.execute(self._insert, row))

    def get(self, session_hash: str) -> Session | None:
        def work(connection: Connection) -> Session | None:
            row = connection.execute(self._select, {"hash": session_hash}).first()
            if row is None:
                return None
            return Session(
                subject=row[0],
                amr=row[1],
                person_version=row[2],
                authenticated_at=row[3].timestamp(),
                expires_at=row[4].timestamp(),
            )

        return read(self._database, work)

    def extend(self, session_hash: str, expires_at: float) -> None:
        values = {"hash": session_hash, "deadline": moment(expires_at)}
        write(self._database, lambda connection: connection.execute(self._extend, values))

    def end(self, session_hash: str, now: float) -> bool:
        values = {"hash": session_hash, "moment": moment(now)}
        return write(self._database, lambda c: c.execute(self._end, values).rowcount) == 1

    def end_all(self, subject: str, now: float) -> int:
        values = {"whose": subject, "moment": moment(now)}
        return write(self._database, lambda connection: connection.execute(self._end_all, values).rowcount)

    def purge(self, expired_before: float, most: int) -> int:
        values = {"before": moment(expired_before), "most": most}
        return write(self._database, lambda connection: connection.execute(self._purge, values).rowcount)
