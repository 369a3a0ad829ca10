"""A VO's fields and metasets: seen by its members, changed by those who manage its catalogue."""

from collections.abc import Mapping
from typing import Final

from services.catalogue.domain.files.entries import Actor
from services.catalogue.domain.files.errors import Conflict, NotPermitted, NotThere
from services.catalogue.domain.files.fields import Field
from services.catalogue.domain.files.metasets import Metasets, check_contents, expand, read_contents, written
from services.catalogue.domain.files.standard import STANDARD
from services.catalogue.domain.files.values import check_name
from services.catalogue.file_ports import FileMetadata
from services.catalogue.usecases.files.rights import Rights

MAX_FIELDS: Final = 1000  # of one VO
MAX_METASETS: Final = 1000


class Fields:
    def __init__(self, store: FileMetadata, rights: Rights) -> None:
        self._store = store
        self._rights = rights

    def all(self, actor: Actor) -> Mapping[str, Field]:
        """By name. Raises NotPermitted (no VO)."""
        return self._store.fields(self._rights.vo(actor))

    def declare(self, actor: Actor, field: Field) -> bool:
        """Whether it is new; parameters of its name become values. Raises NotPermitted, InvalidValue,
        Conflict.
        """
        vo = self._managed(actor)
        check_name(field.name)
        if field.name in STANDARD:
            raise Conflict(f"{field.name} is what every file has")
        known = self._store.fields(vo)
        if field.name not in known and len(known) >= MAX_FIELDS:
            raise Conflict(f"A VO has {MAX_FIELDS} fields at most")
        return self._store.declare(vo, field)

    def undeclare(self, actor: Actor, name: str) -> None:
        """With its values. Raises NotPermitted, NotThere."""
        self._store.undeclare(self._managed(actor), name)

    def metasets(self, actor: Actor, *, expand: bool = False) -> Mapping[str, Mapping[str, object]]:
        """As metaset, all of them."""
        vo = self._rights.vo(actor)
        known = self._store.metasets(vo)
        if not expand:
            return known
        fields = self._store.fields(vo)
        return {name: _expanded(name, fields, known) for name in known}

    def metaset(self, actor: Actor, name: str, *, expand: bool = False) -> Mapping[str, object]:
        """Its contents; `expand`: with those of the sets that it names. Raises NotThere, InvalidCondition
        (what it names is not there any more).
        """
        vo = self._rights.vo(actor)
        known = self._store.metasets(vo)
        if name not in known:
            raise NotThere(f"There is no metaset {name}")
        return _expanded(name, self._store.fields(vo), known) if expand else known[name]

    def put_metaset(self, actor: Actor, name: str, contents: Mapping[str, object]) -> bool:
        """Whether it is new. Raises NotPermitted, InvalidValue, InvalidCondition, Conflict (too many)."""
        vo = self._managed(actor)
        check_name(name)
        known = self._store.metasets(vo)
        if name not in known and len(known) >= MAX_METASETS:
            raise Conflict(f"A VO has {MAX_METASETS} metasets at most")
        check_contents(name, contents, self._store.fields(vo), known)
        return self._store.put_metaset(vo, name, contents, actor.name)

    def remove_metaset(self, actor: Actor, name: str) -> None:
        """Raises NotPermitted, NotThere."""
        self._store.remove_metaset(self._managed(actor), name)

    def _managed(self, actor: Actor) -> str:
        """The VO that the actor manages."""
        vo = self._rights.vo(actor)
        if not actor.is_manager:
            raise NotPermitted("Fields and metasets are declared by those who manage the file catalogue.")
        return vo


def _expanded(name: str, fields: Mapping[str, Field], metasets: Metasets) -> Mapping[str, object]:
    return written(expand(read_contents(metasets[name]), fields, metasets, (name,)))
