"""Where a request came from, as the gateway says (gateway/snippets/proxy_headers.conf)."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from flask import has_request_context, request

HEADER = "X-Real-IP"
_KEY = "HTTP_X_REAL_IP"


def current() -> str:
    """The address of the client whose request is being served; empty when the gateway named none.

    A caller's own header does not get here: the gateway overwrites it.
    """
    return of(request.environ) if has_request_context() else ""


def of(environ: Mapping[str, Any]) -> str:
    """The same of a request at hand."""
    try:
        return str(ip_address(environ.get(_KEY, "").strip()))
    except ValueError:
        return ""
