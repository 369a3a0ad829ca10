"""Where clients reach us, for the links that answers hold."""

from flask import request


def own_url(configured: str) -> str:
    """As the operator says; else as this request came in, host and scheme as the gateway tells of them."""
    if configured:
        return configured.rstrip("/")
    scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else request.scheme
    return f"{scheme}://{request.host}"
