"""Changing attributes and replicas of what is there."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from services.catalogue.adapters.files_sql.counting import Deltas
from services.catalogue.adapters.files_sql.finding import directory_at, file_at
from services.catalogue.adapters.files_sql.kinds import kinds_below
from services.catalogue.adapters.files_sql.naming import (
    number_of_group,
    number_of_owner,
    numbers_of_elements,
)
from services.catalogue.adapters.files_sql.removing import Held, SqlRemoving, hold_file
from services.catalogue.adapters.files_sql.rows import replica_of, select_replicas
from services.catalogue.adapters.files_sql.tables import directories, directory_tree, files, replicas
from services.catalogue.adapters.files_sql.work import moment
from services.catalogue.domain.files.entries import Directory, File, Replica, ReplicaType
from services.catalogue.domain.files.errors import Conflict, NotPermitted, NotThere
from services.catalogue.file_ports import Agree, NewAttributes

_D, _F, _T, _R = directories.c, files.c, directory_tree.c, replicas.c
_OF_FILE: Final = select_replicas().where(_R.file_id == bindparam("id"))
_PLACE: Final = (_R.file_id == bindparam("id"), _R.se_id == bindparam("se"))
_DELETE: Final = delete(replicas).where(*_PLACE)
_UPDATE: Final = update(replicas).where(*_PLACE)
_TOUCH: Final = update(files).where(_F.id == bindparam("id_")).values(modified_at=bindparam("now"))


class SqlChanging(SqlRemoving):
    def change_directory(
        self, path: str, change: NewAttributes, now: float, *, recursive: bool, agree: Agree
    ) -> Directory:
        def work(connection: Connection) -> Directory:
            self._hold_trees(connection, [path], alone=True)
            directory = directory_at(connection, path)
            if not agree(directory.attributes):
                raise NotPermitted(f"{path} is not yours to change.")
            values = _values(connection, change, now)
            if not recursive:
                connection.execute(update(directories).where(_D.id == directory.id).values(**values))
                return directory_at(connection, path)
            self._limit(directory)
            if not all(map(agree, kinds_below(connection, directory.id, with_files=True))):
                raise NotPermitted(f"Something below {path} is not yours to change.")
            below = select(_T.directory_id).where(_T.ancestor_id == directory.id)
            connection.execute(update(directories).where(_D.id.in_(below)).values(**values))
            connection.execute(update(files).where(_F.directory_id.in_(below)).values(**values))
            return directory_at(connection, path)

        return self._write(work)

    def change_file(self, lfn: str, change: NewAttributes, now: float) -> File:
        def work(connection: Connection) -> File:
            self._hold_trees(connection, [lfn], alone=False)
            values = _values(connection, change, now)
            held = hold_file(connection, lfn)
            connection.execute(update(files).where(_F.id == held.id).values(**values))
            return file_at(connection, lfn)

        return self._write(work)

    def set_replica(
        self, lfn: str, replica: Replica, *, moves_from: str | None, must_be_new: bool, now: float
    ) -> File:
        def work(connection: Connection) -> File:
            self._hold_trees(connection, [lfn], alone=False)
            elements = numbers_of_elements(connection, [replica.se])
            held = hold_file(connection, lfn)
            places = _Places(connection, held)
            places.put(replica, elements[replica.se], moves_from, must_be_new)
            if places.is_changed:
                connection.execute(_TOUCH, {"id_": held.id, "now": moment(now)})
                places.deltas.apply(connection)
            return file_at(connection, lfn, with_replicas=True)

        return self._write(work)

    def remove_replica(self, lfn: str, se: str, *, last_too: bool, now: float) -> None:
        def work(connection: Connection) -> None:
            self._hold_trees(connection, [lfn], alone=False)
            held = hold_file(connection, lfn)
            places = _Places(connection, held)
            places.clear(se, last_too)
            connection.execute(_TOUCH, {"id_": held.id, "now": moment(now)})
            places.deltas.apply(connection)

        self._write(work)


class _Places:
    """The replicas of a file that this transaction has for itself."""

    def __init__(self, connection: Connection, held: Held) -> None:
        self._connection, self._held = connection, held
        self._known = {row[1]: replica_of(*row[1:]) for row in connection.execute(_OF_FILE, {"id": held.id})}
        self.deltas = Deltas()
        self.is_changed = False

    def put(self, replica: Replica, element: int, moves_from: str | None, must_be_new: bool) -> None:
        """Raises NotThere, Conflict."""
        old = self._known.get(replica.se)
        if moves_from is not None and moves_from != replica.se:
            source = self._find(moves_from)
            if old is not None:
                raise Conflict(f"There is a replica at {replica.se} already")
            self._move(source, replica, element)
        elif old is None and moves_from is None:
            self._add(replica, element)
        elif old is None:
            raise _no_replica(replica.se)
        elif (old.pfn, old.status) == (replica.pfn, replica.status):
            return
        elif must_be_new:
            raise Conflict(f"There is another replica at {replica.se} already")
        else:
            values = {"pfn": replica.pfn, "status": replica.status.value}
            self._change(element, values)
        self.is_changed = True

    def clear(self, se: str, last_too: bool) -> None:
        """Raises NotThere, Conflict."""
        old = self._find(se)
        if len(self._known) == 1 and not last_too:
            raise Conflict("It is the file's last replica: force it.")
        element = self._number(se)
        self._connection.execute(_DELETE, {"id": self._held.id, "se": element})
        self._count(element, -1)
        rest = [each for each in sorted(self._known) if each != se]
        if old.type is ReplicaType.MASTER and rest:
            self._change(self._number(rest[0]), {"is_master": 1})

    def _add(self, replica: Replica, element: int) -> None:
        row: dict[str, Any] = {
            "file_id": self._held.id,
            "se_id": element,
            "pfn": replica.pfn,
            "status": replica.status.value,
            "is_master": int(not self._known),
        }
        self._connection.execute(insert(replicas), row)
        self._count(element, 1)

    def _move(self, source: Replica, replica: Replica, element: int) -> None:
        number = self._number(source.se)
        self._change(number, {"se_id": element, "pfn": replica.pfn, "status": replica.status.value})
        self._count(number, -1)
        self._count(element, 1)

    def _find(self, se: str) -> Replica:
        if se not in self._known:
            raise _no_replica(se)
        return self._known[se]

    def _number(self, se: str) -> int:
        return numbers_of_elements(self._connection, [se])[se]

    def _change(self, element: int, values: Mapping[str, Any]) -> None:
        self._connection.execute(_UPDATE.values(**values), {"id": self._held.id, "se": element})

    def _count(self, element: int, files_: int) -> None:
        self.deltas.use(self._held.directory, element, files=files_, size=files_ * self._held.size)


def _no_replica(se: str) -> NotThere:
    return NotThere(f"There is no replica at {se}")


def _values(connection: Connection, change: NewAttributes, now: float) -> dict[str, Any]:
    values: dict[str, Any] = {"modified_at": moment(now)}
    if change.mode is not None:
        values["mode"] = change.mode
    if change.owner is not None:
        values["owner_id"] = number_of_owner(connection, change.owner)
    if change.group is not None:
        values["group_id"] = number_of_group(connection, change.group)
    if change.status is not None:
        values["status"] = change.status.value
    return values
