"""Pages and redirects with the headers that keep them ours."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Response, render_template

from services.auth.dialects.pages.site import Address, origin_of


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one page may do besides showing itself."""

    form_targets: tuple[str, ...] = ()  # where a form may lead besides us: redirects count (CSP form-action)
    has_script: bool = False


PLAIN = Permissions()
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class Responses:
    def __init__(self, address: Address) -> None:
        self._address = address
        self._headers = {
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",  # nothing to others; our own forms keep their Origin header
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            # Every other route may be read from anywhere; these by nobody else.
            "Access-Control-Allow-Origin": address.origin,
        }

    def page(
        self, template: str, status: int = 200, permissions: Permissions = PLAIN, **values: Any
    ) -> Response:
        html = render_template(f"pages/{template}", **values)
        response = Response(html, status, mimetype="text/html")
        response.headers.extend(self._headers)
        response.headers["Content-Security-Policy"] = _policy(permissions)
        return response

    def redirect(self, target: str) -> Response:
        """303: a browser then asks with GET. `target` is ours to choose, never a caller's."""
        response = Response("", 303, mimetype="text/plain")
        response.headers.extend(self._headers)
        response.headers["Content-Security-Policy"] = _policy(PLAIN)
        response.headers["Location"] = target
        response.autocorrect_location_header = False
        return response


def _policy(permissions: Permissions) -> str:
    parts = {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "form-action": ["'self'", *permissions.form_targets],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
    if permissions.has_script:
        parts |= {"script-src": ["'self'"], "connect-src": ["'self'"]}
    return "; ".join(" ".join([name, *values]) for name, values in parts.items())


def form_targets(uris: Iterable[str]) -> tuple[str, ...]:
    """CSP sources for redirect URIs; a scheme alone where CSP cannot spell the rest (`[::1]`, apps)."""
    found = []
    for uri in uris:
        parts = urlsplit(uri)
        is_plain_host = parts.scheme in ("http", "https") and _PLAIN_HOST.fullmatch(parts.netloc)
        found.append(origin_of(uri) if is_plain_host else f"{parts.scheme}:")
    return tuple(dict.fromkeys(found))
