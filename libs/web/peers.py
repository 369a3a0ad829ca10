"""Where a request came from, as the gateway says (gateway/snippets/proxy_headers.conf)."""

from ipaddress import ip_address

from flask import has_request_context, request

HEADER = "X-Real-IP"


def current() -> str:
    """The address of the client whose request is being served; empty when the gateway named none.

    A caller's own header does not get here: the gateway overwrites it.
    """
    if not has_request_context():
        return ""
    try:
        return str(ip_address(request.headers.get(HEADER, "").strip()))
    except ValueError:
        return ""
