"""Cross-origin headers for APIs that any dApp in any browser may call (Ocean Provider contract 0.5).

No credentials are ever allowed: callers identify themselves by signature or token, never by cookie.
"""

import re
from collections.abc import Mapping

METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
ALLOWED = (
    *("Content-Type", "AuthToken", "Range", "Authorization"),
    *("Idempotency-Key", "Last-Event-ID", "If-None-Match", "If-Range"),
)
EXPOSED = (
    "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, X-Request-Id, "
    "X-Next-Offset, X-Complete, Location, Retry-After, Idempotency-Replayed"
)
MAX_AGE_SECONDS = 600

# What every answer carries; the origin is not looked at, so caches need no Vary.
SIMPLE: tuple[tuple[str, str], ...] = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", EXPOSED),
)

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]{0,20}://[A-Za-z0-9._~:\[\]-]{1,255}|null")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")


def preflight(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Headers that answer an OPTIONS request, for any path: origin and asked-for headers are echoed."""
    origin = environ.get("HTTP_ORIGIN", "")
    asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")[:2000]
    return [
        ("Access-Control-Allow-Origin", origin if _ORIGIN.fullmatch(origin) else "*"),
        ("Vary", "Origin, Access-Control-Request-Headers"),
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", ", ".join(_headers(asked))),
        ("Access-Control-Max-Age", str(MAX_AGE_SECONDS)),
        ("Access-Control-Expose-Headers", EXPOSED),
        ("Allow", METHODS),
        ("Content-Length", "0"),
    ]


def _headers(asked: str) -> list[str]:
    known = {name.lower() for name in ALLOWED}
    extra = [name for name in map(str.strip, asked.split(",")) if _HEADER_NAME.fullmatch(name)]
    return [*ALLOWED, *(name for name in extra if name.lower() not in known)]
