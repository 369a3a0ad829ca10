"""Queries that HTTP servers refuse: `energy=>=|100`, as DIRAC's page prints it, is no URI (RFC 3986 3.4).

The gateway sends such a query in a header, and the request line without one. The header is nobody's right to
anything: a caller may as well send the query.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER: Final = "X-Tidegate-Query"
_VARIABLE: Final = "HTTP_X_TIDEGATE_QUERY"


class RawQuery:
    """WSGI middleware: puts the query back where everybody looks for it."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        query = environ.get(_VARIABLE)
        if query:
            environ["QUERY_STRING"] = query
        return self._inner(environ, start_response)
