"""Searches by metadata: compatible values, directories, files (contract 3.3, 3.4)."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from libs.web.gate import needs
from services.catalogue.dialects.dirac.asking import Query, actor
from services.catalogue.dialects.dirac.directories import READ, add_reading
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.dialects.dirac.fields import described
from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.dialects.dirac.trees import flat, tree
from services.catalogue.dialects.dirac.views import FILE_MEMBERS, choosing, file_attributes
from services.catalogue.domain.files.fields import Level
from services.catalogue.domain.files.lfn import ROOT
from services.catalogue.usecases.files.fields import Fields
from services.catalogue.usecases.files.searching import Searching

MAX_DIRECTORIES: Final = 100_000
DEFAULT_DIRECTORIES: Final = 10_000
MAX_FILES: Final = 10_000
DEFAULT_FILES: Final = 1000
_FAR: Final = 10**12
_SCOPES: Final[Mapping[str, frozenset[Level]]] = {
    "directory": frozenset({Level.DIRECTORY}),
    "file": frozenset({Level.FILE}),
    "all": frozenset(Level),
}


def add(room: Blueprint, searching: Searching, fields: Fields) -> None:
    @needs(READ)
    def everywhere() -> Response:
        return answer(_described(searching, fields))

    def compatible(directory: str) -> Response:
        query = Query(has_conditions=True)
        found = searching.compatible(
            actor(), decoded(directory), query.conditions(), lenient=query.flag("lenient")
        )
        return answer({name: list(values) for name, values in found.items()})

    room.add_url_rule("/metadata", "metadata", everywhere)
    add_reading(room, "compatible", "/metadata", compatible)
    add_reading(room, "search", "/search", lambda directory: _search(searching, decoded(directory)))
    add_reading(room, "find_files", "/files", lambda directory: _find_files(searching, decoded(directory)))


def _described(searching: Searching, fields: Fields) -> dict[str, Any]:
    """Fields with at least one value that is compatible, of the levels that are asked for."""
    query, who = Query(has_conditions=True), actor()
    levels = _SCOPES[query.choice("scope", tuple(_SCOPES))]
    found = searching.compatible(
        who, ROOT, query.conditions(), lenient=query.flag("lenient"), with_files=Level.FILE in levels
    )
    declared = fields.all(who)
    return {
        name: {**described(declared[name]), "values": list(values)}
        for name, values in found.items()
        if name in declared and declared[name].level in levels
    }


def _search(searching: Searching, path: str) -> Response:
    query = Query(has_conditions=True)
    limit = query.number("limit", DEFAULT_DIRECTORIES, least=1, most=MAX_DIRECTORIES)
    matches, is_cut = searching.directories(
        actor(), path, query.conditions(), lenient=query.flag("lenient"), limit=limit
    )
    found: dict[str, Any] = {"dirs": flat(matches)} if query.flag("flat") else tree(path, matches)
    return answer({**found, "truncated": True} if is_cut else found)


def _find_files(searching: Searching, path: str) -> Response:
    query = Query(has_conditions=True)
    start = query.number("start", 0, most=_FAR)
    limit = query.number("max", DEFAULT_FILES, least=0, most=MAX_FILES)
    choose, is_verbose = choosing(query.words("fields"), FILE_MEMBERS), query.flag("verbose", "extra")
    total, found = searching.files(
        actor(),
        path,
        query.conditions(),
        lenient=query.flag("lenient"),
        all_statuses=query.flag("allStatus"),
        limit=limit,
        start=start,
    )
    shown: list[Any] = [
        {"LFN": file.lfn, **choose(file_attributes(file))} if is_verbose else file.lfn for file in found
    ]
    response = answer({"total": total, "files": shown})
    if found and start + len(found) < total:
        following = query.again(start=str(start + len(found)), max=str(limit))
        response.headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return response
