"""What is known of a directory or a file: read by who sees it, changed by who may write there."""

from collections.abc import Callable, Mapping, Sequence

from services.catalogue.domain.files.entries import Actor
from services.catalogue.domain.files.errors import Conflict
from services.catalogue.domain.files.fields import Field, Known, Level, Value
from services.catalogue.domain.files.lfn import ROOT, parent_of, parse_lfn
from services.catalogue.domain.files.values import check_names, fitting, free
from services.catalogue.file_ports import FileMetadata
from services.catalogue.ports import Clock
from services.catalogue.usecases.files.rights import Rights

_NOTHING = Known({}, {})


class Metadata:
    def __init__(self, store: FileMetadata, rights: Rights, clock: Clock) -> None:
        self._store = store
        self._rights = rights
        self._clock = clock

    def of_directory(self, actor: Actor, path: str, *, inherited: bool = False) -> Known:
        """Its own, with `inherited` also that of all above it. Raises NotThere, NotPermitted, InvalidPath."""
        path = parse_lfn(path)
        self._rights.read(actor, path)
        return _NOTHING if path == ROOT else self._store.directory_metadata(path, inherited=inherited)

    def of_file(self, actor: Actor, lfn: str, *, inherited: bool = False) -> Known:
        """As of_directory."""
        lfn = parse_lfn(lfn)
        self._rights.read(actor, lfn)
        return self._store.file_metadata(lfn, inherited=inherited)

    def set_directory(self, actor: Actor, path: str, values: Mapping[str, object]) -> Known:
        """All or nothing; its own afterwards. Raises NotThere, NotPermitted, InvalidPath, InvalidValue,
        Conflict.
        """
        path = parse_lfn(path)
        self._rights.write(actor, path)
        check_names(values)
        self._store.set_directory(path, values, self._clock.now())
        return self._store.directory_metadata(path, inherited=False)

    def set_file(self, actor: Actor, lfn: str, values: Mapping[str, object]) -> Known:
        """As set_directory."""
        lfn = parse_lfn(lfn)
        self._rights.write(actor, parent_of(lfn))
        check_names(values)
        self._store.set_file(lfn, values, self._clock.now())
        return self._store.file_metadata(lfn, inherited=False)

    def unset_directory(self, actor: Actor, path: str, names: Sequence[str]) -> Known:
        """All or nothing; what it has afterwards. Raises NotThere (also for a name that it does not have
        itself), NotPermitted, InvalidPath, InvalidValue.
        """
        path = parse_lfn(path)
        self._rights.write(actor, path)
        check_names(dict.fromkeys(names))
        self._store.unset_directory(path, names, self._clock.now())
        return self._store.directory_metadata(path, inherited=False)

    def unset_file(self, actor: Actor, lfn: str, names: Sequence[str]) -> Known:
        """As unset_directory."""
        lfn = parse_lfn(lfn)
        self._rights.write(actor, parent_of(lfn))
        check_names(dict.fromkeys(names))
        self._store.unset_file(lfn, names, self._clock.now())
        return self._store.file_metadata(lfn, inherited=False)

    def checker(self, actor: Actor) -> Callable[[Mapping[str, object]], Mapping[str, Value]]:
        """What types the metadata of new files, many times over; it raises InvalidValue, Conflict."""
        fields = self._store.fields(self._rights.vo(actor))

        def check(values: Mapping[str, object]) -> Mapping[str, Value]:
            check_names(values)
            return {name: _typed(fields, name, raw) for name, raw in values.items()}

        return check


def _typed(fields: Mapping[str, Field], name: str, raw: object) -> Value:
    field = fields.get(name)
    if field is None:
        return free(name, raw)
    if field.level is not Level.FILE:
        raise Conflict(f"{name} is a field of directories")
    return fitting(field, raw)
