"""What is known of files and directories, in memory: every question goes through everything that there is."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.catalogue.domain.files.conditions import by_field
from services.catalogue.domain.files.entries import Directory, File, Status
from services.catalogue.domain.files.errors import Conflict, InvalidValue, NotThere
from services.catalogue.domain.files.fields import (
    Condition,
    Field,
    Known,
    Level,
    Match,
    Operator,
    Origin,
    Value,
)
from services.catalogue.domain.files.lfn import ROOT, above, is_below, name_of, parent_of, vo_of
from services.catalogue.domain.files.standard import STANDARD
from services.catalogue.domain.files.values import fitting, free
from tests.fakes.filecatalogue import MemoryTree

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda value, other: value == other,
    Operator.NE: lambda value, other: value != other,
    Operator.LT: lambda value, other: value < other,
    Operator.GT: lambda value, other: value > other,
    Operator.LE: lambda value, other: value <= other,
    Operator.GE: lambda value, other: value >= other,
}


def holds(condition: Condition, value: Any) -> bool:
    """Of a value, or None where there is none."""
    operator, values = condition.operator, condition.values
    if operator is Operator.MISSING or value is None:
        return operator is Operator.MISSING and value is None
    if operator is Operator.EXISTS:
        return True
    if operator in (Operator.IN, Operator.NOT_IN):
        return (value in values) == (operator is Operator.IN)
    if operator is Operator.LIKE:
        parts = {"*": ".*", "?": "."}
        pattern = "".join(parts.get(letter, re.escape(letter)) for letter in str(values[0]))
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    return _COMPARE[operator](value, values[0])


class MemoryMetadata:
    """The port FileMetadata, over the directories and files of a tree."""

    def __init__(self, tree: MemoryTree) -> None:
        self._tree = tree
        self._fields: dict[str, dict[str, Field]] = {}
        self._metasets: dict[tuple[str, str], Mapping[str, object]] = {}
        self._values: dict[str, dict[str, Value]] = {}  # by path; declared or not

    def fields(self, vo: str) -> Mapping[str, Field]:
        return dict(sorted(self._fields.get(vo, {}).items()))

    def declare(self, vo: str, field: Field) -> bool:
        known = self._fields.setdefault(vo, {})
        if field.name in known:
            if known[field.name] != field:
                raise Conflict(f"{field.name} is a field of type {known[field.name].type}")
            return False
        typed: dict[str, Value] = {}
        for path, value in self._of(field.name, vo):
            if self._level(path) is not field.level:
                raise Conflict(f"{field.name} is known of {path}")
            try:
                typed[path] = fitting(field, value)
            except InvalidValue as error:
                raise Conflict(str(error)) from None
        if field.level is Level.DIRECTORY and any(way in typed for path in typed for way in above(path)):
            raise Conflict(f"{field.name} is known twice")
        for path, value in typed.items():
            self._values[path][field.name] = value
        known[field.name] = field
        return True

    def undeclare(self, vo: str, name: str) -> None:
        if name not in self._fields.get(vo, {}):
            raise NotThere(name)
        for path, _ in self._of(name, vo):
            del self._values[path][name]
        del self._fields[vo][name]

    def metasets(self, vo: str) -> Mapping[str, Mapping[str, object]]:
        return {name: contents for (of, name), contents in sorted(self._metasets.items()) if of == vo}

    def put_metaset(self, vo: str, name: str, contents: Mapping[str, object], by: str) -> bool:
        is_new = (vo, name) not in self._metasets
        self._metasets[vo, name] = contents
        return is_new

    def remove_metaset(self, vo: str, name: str) -> None:
        if (vo, name) not in self._metasets:
            raise NotThere(name)
        del self._metasets[vo, name]

    def directory_metadata(self, path: str, *, inherited: bool) -> Known:
        self._tree.directory(path)
        return self._known(path, above(path) if inherited else ())

    def file_metadata(self, lfn: str, *, inherited: bool) -> Known:
        self._tree.file(lfn)
        return self._known(lfn, above(lfn) if inherited else ())

    def set_directory(self, path: str, values: Mapping[str, object], now: float) -> None:
        self._tree.directory(path)
        typed = self._typed(path, Level.DIRECTORY, values)
        declared = self.fields(vo_of(path) or "")
        for name in declared.keys() & typed.keys():
            for other in self._known_paths(name, vo_of(path)):
                if other != path and (is_below(other, path) or is_below(path, other)):
                    raise Conflict(f"{name} has a value at {other}")
        self._values.setdefault(path, {}).update(typed)
        _touch(self._tree._directories[path], now)

    def set_file(self, lfn: str, values: Mapping[str, object], now: float) -> None:
        self._tree.file(lfn)
        self._values.setdefault(lfn, {}).update(self._typed(lfn, Level.FILE, values))
        _touch(self._tree._files[lfn], now)

    def unset_directory(self, path: str, names: Sequence[str], now: float) -> None:
        self._tree.directory(path)
        self._unset(path, names)
        _touch(self._tree._directories[path], now)

    def unset_file(self, lfn: str, names: Sequence[str], now: float) -> None:
        self._tree.file(lfn)
        self._unset(lfn, names)
        _touch(self._tree._files[lfn], now)

    def matching(
        self, path: str, conditions: Sequence[Condition], limit: int
    ) -> tuple[Sequence[Match], bool, Directory]:
        directory = self._tree.directory(path)
        found = [
            Match(each.path, each.files, each.bytes)
            for each in self._directories(path)
            if each.attributes.status is Status.GOOD and self._fits(each.path, conditions)
        ]
        return found[:limit], len(found) > limit, directory

    def compatible(
        self, path: str, conditions: Sequence[Condition], *, with_files: bool
    ) -> Mapping[str, Sequence[Value]]:
        self._tree.directory(path)
        vo = vo_of(path) or ""
        every = [each.path for each in self._directories(f"/{vo}")]
        chosen = {each for each in every if is_below(each, path) or is_below(path, each)}
        for group in by_field(conditions).values():
            fitting_ones = [each for each in every if self._fits(each, group)]
            chosen &= {each for each in every if any(is_below(one, each) for one in fitting_ones)}
        found: dict[str, set[Any]] = {}
        for name, field in self.fields(vo).items():
            for place in self._known_paths(name, vo):
                home = place if field.level is Level.DIRECTORY else parent_of(place)
                if home in chosen and (with_files or field.level is Level.DIRECTORY):
                    found.setdefault(name, set()).add(self._values[place][name])
        return {name: sorted(values) for name, values in found.items()}

    def find_files(
        self, path: str, conditions: Sequence[Condition], *, all_statuses: bool, limit: int, start: int
    ) -> tuple[int, Sequence[File]]:
        self._tree.directory(path)
        fields = self.fields(vo_of(path) or "")
        own = [
            each for each in conditions if each.field in STANDARD or fields[each.field].level is Level.FILE
        ]
        of_directories = [each for each in conditions if each not in own]
        found = [
            file
            for lfn in self._lfns(path)
            for file in [self._tree.file(lfn, with_replicas=True)]
            if (all_statuses or file.attributes.status is Status.GOOD)
            and self._fits(parent_of(lfn), of_directories)
            and all(self._file_fits(file, each) for each in own)
        ]
        found.sort(key=lambda file: (parent_of(file.lfn), name_of(file.lfn)))
        return len(found), [self._tree.file(file.lfn) for file in found[start : start + limit]]

    def _fits(self, path: str, conditions: Sequence[Condition]) -> bool:
        known = {
            name: self._values[way][name]
            for way in (*above(path), path)
            for name in self._values.get(way, ())
        }
        return all(holds(each, known.get(each.field)) for each in conditions)

    def _file_fits(self, file: File, condition: Condition) -> bool:
        if condition.field not in STANDARD:
            return holds(condition, self._values.get(file.lfn, {}).get(condition.field))
        if condition.field == "SE":
            return _elements_fit([replica.se for replica in file.replicas], condition)
        return holds(condition, _standard(file)[condition.field])

    def _directories(self, path: str) -> list[Directory]:
        """By path."""
        return [
            self._tree.directory(each) for each in sorted(self._tree._directories) if is_below(each, path)
        ]

    def _lfns(self, path: str) -> list[str]:
        return [lfn for lfn in self._tree._files if is_below(lfn, path)]

    def _level(self, path: str) -> Level:
        return Level.DIRECTORY if path in self._tree._directories else Level.FILE

    def _of(self, name: str, vo: str) -> list[tuple[str, Value]]:
        """Where it is known."""
        self.forget()
        return [
            (path, values[name])
            for path, values in self._values.items()
            if name in values and vo_of(path) == vo
        ]

    def _known_paths(self, name: str, vo: str | None) -> list[str]:
        return [path for path, _ in self._of(name, vo or "")]

    def forget(self) -> None:
        """What is known of entries that went; before others come to the same places."""
        there = {*self._tree._directories, *self._tree._files}
        self._values = {path: values for path, values in self._values.items() if path in there}

    def _known(self, path: str, ways: Sequence[str]) -> Known:
        self.forget()
        declared = self.fields(vo_of(path) or "")
        found: dict[str, tuple[Value, Origin]] = {}
        for way in (*ways, path):
            for name, value in self._values.get(way, {}).items():
                if way != path and name in declared:
                    found[name] = (value, Origin.PARENT)
                elif way == path:
                    found[name] = (value, Origin.OWN if name in declared else Origin.PARAMETER)
        return Known(
            {name: found[name][0] for name in sorted(found)}, {name: found[name][1] for name in sorted(found)}
        )

    def _typed(self, path: str, level: Level, values: Mapping[str, object]) -> dict[str, Value]:
        if path == ROOT:
            raise NotThere("Metadata begins below /")
        self.forget()
        declared = self.fields(vo_of(path) or "")
        typed: dict[str, Value] = {}
        for name, raw in values.items():
            if name not in declared:
                typed[name] = free(name, raw)
                continue
            typed[name] = fitting(declared[name], raw)
            if declared[name].level is not level:
                raise Conflict(f"{name} is a field of the other level")
        return typed

    def _unset(self, path: str, names: Sequence[str]) -> None:
        self.forget()
        known = dict(self._values.get(path, {}))
        for name in dict.fromkeys(names):
            if name not in known:
                raise NotThere(f"{path} has no {name} of its own")
            del known[name]
        self._values[path] = known


def _touch(entry: Any, now: float) -> None:
    entry.attributes = replace(entry.attributes, modified_at=now)


def _elements_fit(elements: Sequence[str], condition: Condition) -> bool:
    opposite = {Operator.NE: Operator.EQ, Operator.NOT_IN: Operator.IN}.get(condition.operator)
    if opposite is not None:
        return not any(holds(Condition("SE", opposite, condition.values), each) for each in elements)
    if condition.operator is Operator.MISSING:
        return not elements
    return any(holds(condition, each) for each in elements)


def _standard(file: File) -> Mapping[str, Value]:
    attributes = file.attributes
    changed = _date(attributes.modified_at)
    return {
        "Size": file.size, "User": attributes.owner, "Group": attributes.group, "Name": name_of(file.lfn),
        "FileName": name_of(file.lfn), "Path": parent_of(file.lfn), "GUID": file.guid,
        "CheckSum": file.checksum, "CreationDate": _date(attributes.created_at), "ModificationDate": changed,
        "LastAccessDate": changed, "UID": attributes.uid, "GID": attributes.gid,
        "Status": attributes.status.value,
    }  # fmt: skip


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S")
