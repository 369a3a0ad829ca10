"""Names of stored objects, and uploads on their way (the port ObjectBook)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from libs.sql.types import UtcDateTime
from services.compute.adapters.store_sql.side_tables import object_uploads, object_waste, objects
from services.compute.adapters.store_sql.work import SqlPart, digest, moment
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.objects import Address, Scope, StoredObject, read_address
from services.compute.ports.objects import Upload

LAST_CHARACTER: Final = "\U0010ffff"
DOOMED: Final = datetime(2000, 1, 1, tzinfo=UTC)
_O, _U, _W = objects.c, object_uploads.c, object_waste.c
_IT: Final = (_O.scope == bindparam("scope_is"), _O.name_hash == bindparam("name_is"))
_FIND: Final = select(_O.name, _O.blob, _O.size, _O.sha256, _O.modified_at).where(*_IT)
_REMOVE: Final = delete(objects).where(*_IT).returning(_O.blob)
_TOUCH: Final = (
    update(objects)
    .where(*_IT, _O.blob == bindparam("blob_is"))
    .values(modified_at=bindparam("now", type_=UtcDateTime))
    .returning(_O.blob)
)
_REMOVE_OLD: Final = (
    delete(objects).where(*_IT, _O.modified_at < bindparam("before", type_=UtcDateTime)).returning(_O.blob)
)
_BYTES: Final = select(func.coalesce(func.sum(_O.size), 0)).where(_O.scope == bindparam("scope_is"))
_UPLOAD: Final = select(_U.address, _U.asked_by, _U.sha256, _U.expires_at).where(
    _U.token_hash == bindparam("token_is"), _U.expires_at > bindparam("now", type_=UtcDateTime)
)
_USED: Final = delete(object_uploads).where(_U.token_hash == bindparam("token_is")).returning(_U.token_hash)
_LATE: Final = (
    delete(object_uploads)
    .where(_U.expires_at <= bindparam("now", type_=UtcDateTime))
    .returning(_U.token_hash)
)
_WASTE: Final = (
    select(_W.blob)
    .where(_W.since <= bindparam("before", type_=UtcDateTime))
    .order_by(_W.since, _W.blob)
    .limit(bindparam("most"))
)
_KEEP: Final = delete(object_waste).where(_W.blob == bindparam("kept"))


class SqlObjectBook(SqlPart):
    def begin(self, upload: Upload) -> None:
        row = {
            "token_hash": upload.token_hash,
            "address": str(upload.address),
            "asked_by": upload.by,
            "sha256": upload.sha256,
            "expires_at": moment(upload.expires_at),
        }
        self._write(lambda connection: connection.execute(insert(object_uploads), [row]))

    def upload(self, token_hash: str, now: float) -> Upload:
        values = {"token_is": token_hash, "now": moment(now)}
        row = self._read(lambda connection: connection.execute(_UPLOAD, values).first())
        if row is None:
            raise OutputNotFound("upload")
        return Upload(
            token_hash=token_hash,
            address=read_address(row.address),
            by=row.asked_by,
            sha256=row.sha256,
            expires_at=row.expires_at.timestamp(),
        )

    def reserve(self, blob: str, now: float) -> None:
        row = {"blob": blob, "since": moment(now)}
        self._write(lambda connection: connection.execute(insert(object_waste), [row]))

    def put(self, stored: StoredObject, by: str, token_hash: str | None = None) -> str | None:
        key = _key(stored.address)

        def work(connection: Connection) -> str | None:
            # One writer of a name at a time, so that each replaced blob is handed out once.
            self._lock(connection, f"object {key['scope_is']} {key['name_is']}")
            is_promised = token_hash is not None
            if is_promised and connection.execute(_USED, {"token_is": token_hash}).first() is None:
                raise OutputNotFound("upload")
            before = connection.execute(_FIND, key).first()
            self._upsert(connection, objects, [_row(stored, by)])
            connection.execute(_KEEP, {"kept": stored.blob})
            if before is None:
                return None
            _doom(connection, before.blob)
            return str(before.blob)

        return self._write(work)

    def find(self, address: Address) -> StoredObject:
        row = self._read(lambda connection: connection.execute(_FIND, _key(address)).first())
        if row is None:
            raise OutputNotFound(address.name[:200])
        return _stored(address.scope, row)

    def list(self, scope: Scope, prefix: str, limit: int) -> Sequence[StoredObject]:
        conditions = [_O.scope == digest(scope.key)]
        if prefix:
            conditions += [_O.name >= prefix + "/", _O.name < prefix + "/" + LAST_CHARACTER]
        columns = (_O.name, _O.blob, _O.size, _O.sha256, _O.modified_at)
        statement = select(*columns).where(*conditions).order_by(_O.name).limit(limit)
        return self._read(lambda connection: [_stored(scope, row) for row in connection.execute(statement)])

    def bytes_of(self, scope: Scope) -> int:
        values = {"scope_is": digest(scope.key)}
        return int(self._read(lambda connection: connection.execute(_BYTES, values).scalar_one()))

    def touch(self, stored: StoredObject, now: float) -> bool:
        values = {**_key(stored.address), "blob_is": stored.blob, "now": moment(now)}
        return self._write(lambda connection: connection.execute(_TOUCH, values).first() is not None)

    def remove(self, address: Address) -> str:
        def work(connection: Connection) -> str:
            blob = connection.execute(_REMOVE, _key(address)).scalar()
            if blob is None:
                raise OutputNotFound(address.name[:200])
            _doom(connection, blob)
            return str(blob)

        return self._write(work)

    def remove_old(self, address: Address, before: float) -> bool:
        values = {**_key(address), "before": moment(before)}

        def work(connection: Connection) -> bool:
            blob = connection.execute(_REMOVE_OLD, values).scalar()
            if blob is not None:
                _doom(connection, blob)
            return blob is not None

        return self._write(work)

    def waste(self, before: float, limit: int) -> Sequence[str]:
        values = {"before": moment(before), "most": limit}
        return self._read(lambda connection: list(connection.execute(_WASTE, values).scalars()))

    def forget(self, blob: str) -> None:
        self._write(lambda connection: connection.execute(_KEEP, {"kept": blob}))

    def purge_uploads(self, now: float) -> int:
        return self._write(lambda connection: len(connection.execute(_LATE, {"now": moment(now)}).all()))


def _doom(connection: Connection, blob: str) -> None:
    connection.execute(insert(object_waste), [{"blob": blob, "since": DOOMED}])


def _key(address: Address) -> dict[str, str]:
    return {"scope_is": digest(address.scope.key), "name_is": digest(address.name)}


def _row(stored: StoredObject, by: str) -> dict[str, Any]:
    return {
        "scope": digest(stored.address.scope.key),
        "name_hash": digest(stored.address.name),
        "name": stored.address.name,
        "blob": stored.blob,
        "size": stored.size,
        "sha256": stored.sha256,
        "modified_at": moment(stored.modified_at),
        "modified_by": by,
    }


def _stored(scope: Scope, row: Any) -> StoredObject:
    modified_at: datetime = row.modified_at
    return StoredObject(
        address=Address(scope, row.name),
        blob=row.blob,
        size=row.size,
        sha256=row.sha256,
        modified_at=modified_at.timestamp(),
    )
