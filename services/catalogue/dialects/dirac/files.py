"""Files: registered, told about, changed, removed; where they come from (contract 3.3, 3.6)."""

from flask import Blueprint, Response

from libs.web.gate import needs
from services.catalogue.dialects.dirac.asking import Query, actor, sent_object
from services.catalogue.dialects.dirac.directories import READ, WRITE
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.dialects.dirac.views import FILE_MEMBERS, choosing, file_attributes
from services.catalogue.domain.files.errors import NotThere
from services.catalogue.domain.files.registering import read_attributes, read_new_file
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.provenance import Provenance

MAX_GENERATIONS = 1000


def add(room: Blueprint, files: Files, provenance: Provenance) -> None:
    @needs(READ)
    def attributes(file: str) -> Response:
        query = Query()
        choose = choosing(query.words("fields"), FILE_MEMBERS)
        found = files.attributes(actor(), decoded(file), all_statuses=query.flag("allStatus"))
        return answer(choose(file_attributes(found)))

    @needs(WRITE)
    def register(file: str) -> Response:
        found, is_new = files.register(actor(), read_new_file(decoded(file), sent_object()))
        return answer({**file_attributes(found), "created": is_new})

    @needs(WRITE)
    def remove(file: str) -> Response:
        lfn, missing_ok = decoded(file), Query().flag("missing_ok")
        try:
            files.remove(actor(), lfn)
        except NotThere:
            if not missing_ok:
                raise
        return answer({lfn: True})

    @needs(WRITE)
    def change(file: str) -> Response:
        changed = files.change(actor(), decoded(file), read_attributes(sent_object()))
        return answer(file_attributes(changed))

    room.add_url_rule("/file/<file>", "register", register, methods=["PUT"])
    room.add_url_rule("/file/<file>", "remove_file", remove, methods=["DELETE"])
    room.add_url_rule("/file/<file>/attributes", "file_attributes", attributes)
    room.add_url_rule("/file/<file>/attributes", "change_file", change, methods=["PATCH"])
    _add_provenance(room, files, provenance)


def _add_provenance(room: Blueprint, files: Files, provenance: Provenance) -> None:
    @needs(READ)
    def ancestors(file: str) -> Response:
        return answer(provenance.ancestors(actor(), decoded(file), _depth()))

    @needs(READ)
    def descendants(file: str) -> Response:
        return answer(provenance.descendants(actor(), decoded(file), _depth()))

    @needs(READ)
    def by_guid(guid: str) -> Response:
        return answer({"lfn": files.by_guid(actor(), guid)})

    room.add_url_rule("/file/<file>/ancestors", "ancestors", ancestors)
    room.add_url_rule("/file/<file>/descendants", "descendants", descendants)
    room.add_url_rule("/guid/<guid>", "guid", by_guid)


def _depth() -> int:
    """How many generations: one unless the caller says more."""
    return Query().number("depth", 1, least=1, most=MAX_GENERATIONS)
