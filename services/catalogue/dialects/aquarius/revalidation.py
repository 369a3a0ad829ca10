"""Answers "is it still this document?" before Flask: the question that every provider asks on every request.

Only a 304 is given here; everything else, every error included, takes the usual way.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from libs.sql.errors import DatabaseUnavailable
from libs.web.edge import ROUTE, WHOLE
from services.catalogue.usecases.assets import AssetNotFound, Assets

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/aquarius/assets/ddo/"
_RULE = f"{PATH}<did>"


class Revalidation:
    """WSGI middleware between the edge and Flask."""

    def __init__(self, inner: "WSGIApplication", assets: Assets) -> None:
        self._inner = inner
        self._assets = assets

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        asked = environ.get("HTTP_IF_NONE_MATCH")
        if asked is not None:
            etag = self._unchanged(environ, asked)
            if etag is not None:
                environ[ROUTE], environ[WHOLE] = _RULE, True
                start_response("304 NOT MODIFIED", [("ETag", f'"{etag}"'), ("Cache-Control", "no-cache")])
                return ()
        return self._inner(environ, start_response)

    def _unchanged(self, environ: "WSGIEnvironment", asked: str) -> str | None:
        path: str = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] != "GET" or not path.startswith(PATH):
            return None
        try:
            etag = self._assets.etag(path[len(PATH) :])
        except (AssetNotFound, DatabaseUnavailable):
            return None
        return etag if names_tag(asked, etag) else None


def names_tag(header: str, etag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110 13.1.2)."""
    if header == f'"{etag}"':
        return True
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or f'"{etag}"' in tags
