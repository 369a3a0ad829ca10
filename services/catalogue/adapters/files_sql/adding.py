"""Registering files, many in one transaction: each has its own fate, decided before anything is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from services.catalogue.adapters.files_sql.bulk_rows import Places, insert_rows
from services.catalogue.adapters.files_sql.counting import Deltas
from services.catalogue.adapters.files_sql.finding import files_at, parents_of, places_of
from services.catalogue.adapters.files_sql.growing import Ground, Making, SqlGrowing, make
from services.catalogue.adapters.files_sql.lineage import Lineage, closure_of, link_new
from services.catalogue.adapters.files_sql.metadata_rows import metadata_lock, write_new_file_values
from services.catalogue.adapters.files_sql.naming import (
    number_of_group,
    number_of_owner,
    numbers_of_elements,
)
from services.catalogue.adapters.files_sql.tables import directories, files, replicas
from services.catalogue.adapters.files_sql.work import Overtaken, moment
from services.catalogue.domain.files.entries import Actor, NewFile, Status
from services.catalogue.domain.files.errors import CatalogueError, Conflict
from services.catalogue.domain.files.lfn import name_of, parent_of, vo_of
from services.catalogue.domain.files.registering import difference, new_guid
from services.catalogue.file_ports import Outcome

_D: Final = directories.c
_DIRECTORIES: Final = Places(select(_D.path), _D.parent_id, _D.name)
IS_THERE: Final = Outcome()
IS_NEW: Final = Outcome(is_new=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of each, and the new ones among them."""

    outcomes: dict[str, Outcome]
    new: dict[str, NewFile]

    def fail(self, lfn: str, error: CatalogueError) -> None:
        self.outcomes[lfn] = Outcome(error)
        self.new.pop(lfn, None)


class SqlAdding(SqlGrowing):
    def add_files(self, new: Sequence[NewFile], maker: Actor, now: float) -> Mapping[str, Outcome]:
        by_lfn = {each.lfn: each for each in new}
        parents = parents_of(by_lfn)

        def work(connection: Connection, ground: Ground) -> dict[str, Outcome]:
            plan = _plan(connection, ground, by_lfn)
            lineage = self._lineage(connection, plan)
            for vo in sorted({vo_of(lfn) or "" for lfn, each in plan.new.items() if each.metadata}):
                self._share(connection, metadata_lock(vo))
            deltas = Deltas()
            making = Making(maker, now)
            make(connection, ground, {parent_of(lfn) for lfn in plan.new}, making, deltas)
            ids = _insert(connection, ground, plan.new.values(), making)
            _insert_replicas(connection, ground, plan.new.values(), ids, deltas)
            if lineage is not None:
                link_new(connection, lineage.rows(ids))
            described = [(ids[lfn], lfn, each.metadata) for lfn, each in plan.new.items() if each.metadata]
            if described:
                write_new_file_values(connection, described)
            for each in plan.new.values():
                deltas.count(ground.ids[parent_of(each.lfn)], files=1, size=each.size)
            deltas.apply(connection)
            return plan.outcomes

        return self._write_on(parents, work) if by_lfn else {}

    def _lineage(self, connection: Connection, plan: Plan) -> Lineage | None:
        """None when nothing comes from anything."""
        wanted = {ancestor for each in plan.new.values() for ancestor in each.ancestors}
        if not wanted:
            return None
        for vo in sorted({vo_of(lfn) or "" for lfn in plan.new}):
            self._own(connection, f"lineage {vo}")
        known = {lfn: file.id for lfn, file in files_at(connection, sorted(wanted)).items()}
        lineage = Lineage(plan.new, known, closure_of(connection, sorted(known.values())))
        for lfn, error in lineage.failed.items():
            plan.fail(lfn, error)
        return lineage


def _plan(connection: Connection, ground: Ground, wanted: Mapping[str, NewFile]) -> Plan:
    plan = Plan({lfn: IS_NEW for lfn in wanted}, dict(wanted))
    there = files_at(connection, list(wanted), with_replicas=True)
    for lfn, file in there.items():
        del plan.new[lfn]
        odd = difference(wanted[lfn], file)
        plan.outcomes[lfn] = IS_THERE if odd is None else Outcome(Conflict(f"{lfn} is registered with {odd}"))
    for row in _DIRECTORIES.find(connection, places_of(ground.ids, plan.new)):
        plan.fail(row.path, Conflict(f"{row.path} is a directory"))
    if ground.in_the_way:
        for lfn in list(plan.new):
            if (obstacle := ground.obstacle(parent_of(lfn))) is not None:
                plan.fail(lfn, Conflict(f"{obstacle} is a file"))
    _refuse_each_other(plan)
    return plan


def _refuse_each_other(plan: Plan) -> None:
    """A new file may be where another one needs a directory."""
    for directory in {parent_of(lfn) for lfn in plan.new}:
        while directory != "/":
            if directory in plan.new:
                plan.fail(directory, Conflict(f"{directory} is a directory of files beside it"))
            directory = parent_of(directory)


def _insert(
    connection: Connection, ground: Ground, new: Collection[NewFile], making: Making
) -> dict[str, int]:
    """Their ids. Raises Overtaken when somebody registers one of them at this moment."""
    if not new:
        return {}
    now = moment(making.now)
    common = {
        "owner_id": number_of_owner(connection, making.maker.name),
        "group_id": number_of_group(connection, making.maker.group),
        "created_at": now,
        "modified_at": now,
    }
    rows = [
        {
            "directory_id": ground.ids[parent_of(each.lfn)],
            "name": name_of(each.lfn),
            "size": each.size,
            "checksum": each.checksum,
            "checksum_type": each.checksum_type.value,
            "guid": each.guid or new_guid(),
            "type": each.type.value,
            "mode": each.mode,
            "status": each.status.value,
        }
        for each in new
    ]
    rows.sort(key=lambda row: (row["directory_id"], row["name"]))
    returned = insert_rows(connection, files, rows, common, ("id", "directory_id", "name"))
    if len(returned) != len(rows):
        raise Overtaken("a file was registered by somebody else")
    numbers = {(directory, name): number for number, directory, name in returned}
    return {each.lfn: numbers[ground.ids[parent_of(each.lfn)], name_of(each.lfn)] for each in new}


def _insert_replicas(
    connection: Connection, ground: Ground, new: Collection[NewFile], ids: Mapping[str, int], deltas: Deltas
) -> None:
    elements = numbers_of_elements(connection, {se for each in new for se in each.replicas})
    rows: list[dict[str, Any]] = []
    for each in new:
        directory = ground.ids[parent_of(each.lfn)]
        for place, (se, pfn) in enumerate(each.replicas.items()):
            row = {"file_id": ids[each.lfn], "se_id": elements[se], "pfn": pfn, "is_master": int(place == 0)}
            rows.append(row)
            deltas.use(directory, elements[se], files=1, size=each.size)
    insert_rows(connection, replicas, rows, {"status": Status.GOOD.value}, ("file_id",))
