"""GET /filecatalogue/directory/<d>: a directory, whole or page by page (contract 3.4).

Without `page` and `page_size` it comes whole, however large: it is read and written in pieces.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request

from libs.web.params import BadParams
from services.catalogue.dialects.dirac.asking import Query
from services.catalogue.dialects.dirac.errors import NO_STORE, Busy, answer
from services.catalogue.dialects.dirac.views import (
    DIRECTORY_MEMBERS,
    FILE_MEMBERS,
    Choose,
    choosing,
    detailed,
    directory_attributes,
)
from services.catalogue.domain.files.entries import Actor, File, FileType, Listing
from services.catalogue.domain.files.lfn import name_of
from services.catalogue.usecases.files.directories import Directories

PIECE: Final = 2000  # entries that are read at a time
MAX_PAGE: Final = 10_000
DEFAULT_PAGE: Final = 1000
MOST_SKIPPED: Final = 100_000
WHOLE_AT_ONCE: Final = 3  # of a worker's eight threads
_MEMBERS: Final = tuple(dict.fromkeys((*FILE_MEMBERS, *DIRECTORY_MEMBERS)))


@dataclass(frozen=True, slots=True)
class Asked:
    actor: Actor
    path: str
    is_verbose: bool
    all_statuses: bool
    choose: Choose


class Listings:
    """`at_once`: how many large directories may go out whole at the same time. Each holds a thread for as
    long as its reader takes.
    """

    def __init__(self, directories: Directories, at_once: int = WHOLE_AT_ONCE) -> None:
        self._directories = directories
        self._places = threading.BoundedSemaphore(at_once)

    def __call__(self, actor: Actor, path: str) -> Response:
        """Raises NotThere, NotPermitted, BadParams, Busy."""
        query = Query()
        asked = Asked(
            actor,
            path,
            query.flag("verbose", "extra"),
            query.flag("allStatus"),
            choosing(query.words("fields"), _MEMBERS),
        )
        if any(query.text(name) is not None for name in ("page", "page_size", "start")):
            return _page(self._directories, asked, query)
        first = _piece(self._directories, asked, PIECE, None)
        return answer(_shown(first, asked)) if first.next is None else self._whole(asked, first)

    def _whole(self, asked: Asked, first: Listing) -> Response:
        if not self._places.acquire(blocking=False):
            raise Busy("Too many large directories are read whole right now: ask for pages (page_size).")
        pieces = _written(_pieces(self._directories, asked, first), asked)
        response = Response(pieces, mimetype="application/json")
        response.call_on_close(self._places.release)
        response.headers["Cache-Control"] = NO_STORE
        return response


def _page(directories: Directories, asked: Asked, query: Query) -> Response:
    size = query.number("page_size", DEFAULT_PAGE, least=1, most=MAX_PAGE)
    number, start = query.number("page", 1, least=1, most=10**9), query.text("start") or None
    if start is None and number > 1:
        start = _skipped(directories, asked, (number - 1) * size)
        if start is None:  # past the end
            directories.attributes(asked.actor, asked.path)
            return answer(_document({}, {}, {}))
    found = _piece(directories, asked, size, start)
    response = answer(_shown(found, asked))
    if found.next is not None:
        following = query.again(page=str(number + 1), page_size=str(size), start=found.next)
        response.headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return response


def _skipped(directories: Directories, asked: Asked, entries: int) -> str | None:
    """Where the entry after so many begins; None: nowhere. Raises BadParams."""
    if entries > MOST_SKIPPED:
        raise BadParams("page", f"Beyond {MOST_SKIPPED} entries follow the Link header, page by page.")
    bare = Asked(asked.actor, asked.path, False, asked.all_statuses, asked.choose)
    start: str | None = None
    while entries > 0:
        found = _piece(directories, bare, min(entries, PIECE), start)
        start, entries = found.next, entries - PIECE
        if start is None:
            return None
    return start


def _piece(directories: Directories, asked: Asked, limit: int, start: str | None) -> Listing:
    return directories.list(
        asked.actor,
        asked.path,
        with_replicas=asked.is_verbose,
        all_statuses=asked.all_statuses,
        limit=limit,
        start=start,
    )


def _pieces(directories: Directories, asked: Asked, first: Listing) -> Iterator[Listing]:
    yield first
    while first.next is not None:
        first = _piece(directories, asked, PIECE, first.next)
        yield first


def _shown(listing: Listing, asked: Asked) -> dict[str, Any]:
    links, files = _links_and_files(listing, asked)
    return _document(files, _subdirectories(listing, asked), links)


def _document(
    files: Mapping[str, Any], subdirectories: Mapping[str, Any], links: Mapping[str, Any]
) -> dict[str, Any]:
    return {"Files": files, "SubDirs": subdirectories, "Links": links, "Datasets": {}}


def _subdirectories(listing: Listing, asked: Asked) -> dict[str, Any]:
    if not asked.is_verbose:
        return {name_of(found.path): True for found in listing.subdirectories}
    return {
        name_of(found.path): asked.choose(directory_attributes(found)) for found in listing.subdirectories
    }


def _links_and_files(listing: Listing, asked: Asked) -> tuple[dict[str, Any], dict[str, Any]]:
    files: dict[str, Any] = {}
    links: dict[str, Any] = {}
    for file in listing.files:
        kind = links if file.type is FileType.LINK else files
        kind[name_of(file.lfn)] = _file(file, asked)
    return links, files


def _file(file: File, asked: Asked) -> dict[str, Any]:
    return detailed(file, asked.choose, with_replicas=asked.is_verbose)


def _written(pieces: Iterator[Listing], asked: Asked) -> Iterator[bytes]:
    """The same document as `_document`, subdirectories first: each piece as it is read."""
    yield b'{"SubDirs":{'
    links: dict[str, Any] = {}
    among_files, comma = False, b""
    for listing in pieces:
        if subdirectories := _subdirectories(listing, asked):
            yield comma + _members(subdirectories)
            comma = b","
        more_links, files = _links_and_files(listing, asked)
        links.update(more_links)
        if files:
            if not among_files:
                yield b'},"Files":{'
                among_files, comma = True, b""
            yield comma + _members(files)
            comma = b","
    if not among_files:
        yield b'},"Files":{'
    yield b'},"Links":{' + _members(links) + b'},"Datasets":{}}'


def _members(found: Mapping[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))[1:-1].encode("utf-8", "replace")
